"""Bringing a lab up and down: the outer namespaces and all hosts in them."""

import os
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import debs, dns
from .net import INIT, Space

TOP = Path(__file__).resolve().parent.parent
CACHE = TOP / "build" / "lab"


class Running(Exception):
    """A lab of that name runs already."""


class Lab:
    """A lab in a directory of its own under build/lab, for logs and notes.

    open() and close() it, or use it as a context manager.
    """

    resolver = dns.RESOLVER_ADDRESS

    def __init__(self, name, hosts, delegations=None):
        self.name = name
        self.directory = CACHE / name
        self.names = dns.Names(delegations or {})
        self.hosts = [self.names, *hosts]
        self.trees = {}  # package: where it is unpacked
        self.space = None

    def fetch(self):
        """Download and unpack what the hosts need and the cache lacks."""
        wanted = {package for host in self.hosts for package in host.packages}
        unnamed = wanted.difference(debs.names())
        if unnamed:
            raise debs.Unavailable(f"not named in lab/packages: {', '.join(sorted(unnamed))}")
        self.trees = debs.Store(CACHE).fetch(sorted(wanted))

    def open(self):
        self._refuse_to_run_twice()
        if not self.trees:
            self.fetch()
        shutil.rmtree(self.directory, ignore_errors=True)
        self.directory.mkdir(parents=True)
        self.space = Space(self.directory / "init.log")
        try:
            (self.directory / "init.pid").write_text(f"{self.space.pid}\n")
            self.names.boot(self)  # first: a mail server looks its own name up
            with ThreadPoolExecutor(2 * os.cpu_count()) as pool:
                list(pool.map(lambda host: host.boot(self), self.hosts[1:]))
        except BaseException:
            self.close()
            raise

    def close(self):
        """End all that runs in the lab.  The logs stay until the next run."""
        if self.space:
            self.space.close()
            self.space = None

    def keep(self):
        """Let the lab outlive this program."""
        self.space.keep()

    def __enter__(self):
        self.open()
        return self

    def __exit__(self, *_):
        self.close()

    def _refuse_to_run_twice(self):
        try:
            pid = int((self.directory / "init.pid").read_text())
            words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
        except (FileNotFoundError, ValueError):
            return
        if str(INIT) in words:
            raise Running(f"the lab {self.name} runs already; `kill {pid}` stops it")

    # -- for the reader ----------------------------------------------------

    def directions(self):
        """Where to look while the lab runs, and how to stop it."""
        enter = Path(__file__).with_name("enter.py").relative_to(TOP)
        return (f"The lab is still running.\n"
                f"  a shell on a host   sudo {enter} HOST\n"
                f"  one command there   sudo {enter} HOST COMMAND …\n"
                f"  hosts               {' '.join(host.name for host in self.hosts)}\n"
                f"  logs                {self.directory.relative_to(TOP)}/HOST/log/\n"
                f"  stop it             sudo kill {self.space.pid}")

    def last_words(self, lines=6):
        """The end of every log, for when something went wrong."""
        parts = []
        for log in sorted(self.directory.glob("*/log/*")):
            text = log.read_text(errors="replace").splitlines() if log.is_file() else []
            if text:
                parts += [f"--- {log.relative_to(TOP)}", *text[-lines:]]
        return "\n".join(parts)


def as_root():
    """Namespaces need root: start this program anew under sudo where we are not."""
    if os.geteuid():
        os.execvp("sudo", ["sudo", "--preserve-env=KEEP,PORTREEVE,ASAN_OPTIONS,UBSAN_OPTIONS",
                           sys.executable, *sys.argv])
