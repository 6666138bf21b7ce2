"""The built program, driven as its users drive it. $PORTREEVE names it, or build/portreeve."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TOP), str(TOP / "tests")]
import forms
from lab.wait import GIVE_UP_S, wait_until
from ports import free_port
from processes import roles_of

BINARY = Path(os.environ.get("PORTREEVE", TOP / "build" / "portreeve"))
DOCUMENTATION = '"192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32"'


class Box:
    """A state directory and a configuration of its own."""

    def __init__(self, directory):
        self.directory = directory
        self.state = directory / "state"
        self.config = directory / "portreeve.conf"
        self.smtp, self.dns = free_port(), free_port()
        self.configure()

    def configure(self, general="", tester="", collector="", dnsbl="", special=DOCUMENTATION):
        self.config.write_text(f"""
{general}
tester {{
  ports = {{25, 587}}
  collector = "127.0.0.1:{self.smtp}"
  {tester}
}}
collector {{
  listen = {{"127.0.0.1:{self.smtp}"}}
  {collector}
}}
dnsbl {{
  listen = {{"127.0.0.1:{self.dns}"}}
  {dnsbl}
}}
list {{
  allow_special = {{{special}}}
}}
""")

    def run(self, *arguments, code=0, text=None):
        """Runs a command with this configuration and state; its exit code must be `code`."""
        command, *rest = arguments
        done = subprocess.run(
            [BINARY, command, "-c", self.config, "--state", self.state, *rest], check=False,
            input=text, capture_output=True, text=True, timeout=120, cwd=self.directory)
        if code is not None:
            assert done.returncode == code, (arguments, done.stdout, done.stderr)
        return done

    def objects(self, *arguments, code=0):
        """The JSON objects a command prints, one a line."""
        command, *rest = arguments
        found = [json.loads(line) for line in
                 self.run(command, "--json", *rest, code=code).stdout.splitlines()]
        forms.check(arguments, found)
        return found

    def age(self, address):
        """Two tests of the address, ended long ago, and a message that came back."""
        self.permit(address)
        self.run("nominate", address, "--reason", "to be tested")
        list_, returns = (sqlite3.connect(self.state / name)
                          for name in ("portreeve.db", "returns/returns.db"))
        with list_, returns:
            list_.execute("UPDATE tests SET state = 3, verdict = 2, created_s = 1, finished_s = 1")
            columns = [row[1] for row in list_.execute("PRAGMA table_info(tests)")][2:]
            names = ", ".join(columns)
            list_.execute(f"INSERT INTO tests (id, {names}) SELECT id || '2', {names} FROM tests")
            list_.execute("INSERT OR REPLACE INTO cursors VALUES ('returns', 1)")
            returns.execute("INSERT INTO returns VALUES (1, 'x', 'E01', 0, 0, 1, NULL, 0, 1, '', '',"
                            " '', '', x'')")
        for one in (list_, returns):
            one.close()
        self.own()

    def own(self):
        """What was written past the program belongs to the state directory's owner again."""
        owner = self.state.stat()
        for path in self.state.rglob("*.db*"):
            os.chown(path, owner.st_uid, owner.st_gid)

    def permit(self, range_, ground="range"):
        self.run("permit", "add", range_, "--consent", ground, "--by", "the tests")


@pytest.fixture
def box():
    # Root's commands become the state directory's owner: it must be able to get there.
    directory = Path(tempfile.mkdtemp(prefix="portreeve-cli-"))
    directory.chmod(0o755)
    yield Box(directory)
    shutil.rmtree(directory)


class Supervisor:
    """`portreeve run` and its roles."""

    def __init__(self, box, environment=None, arguments=None):
        self.box = box
        arguments = ["--state", box.state] if arguments is None else arguments
        self.log_path = box.directory / "run.log"
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(
                [BINARY, "run", "-c", box.config, *arguments], stderr=log,
                env={**os.environ, **(environment or {})}, cwd=box.directory)

    def log(self):
        return self.log_path.read_text()

    def wait_log(self, text, times=1):
        def found():
            assert self.process.poll() is None or text in self.log(), self.log()
            return self.log().count(text) >= times
        wait_until(found, lambda: f"{text!r} in the log:\n{self.log()}")

    def roles(self):
        return roles_of(self.process.pid)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(GIVE_UP_S)


@pytest.fixture
def supervisor(box):
    started = []

    def start(environment=None, arguments=None):
        started.append(Supervisor(box, environment, arguments))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.stop()
