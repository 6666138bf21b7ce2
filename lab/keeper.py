#!/usr/bin/python3
"""The first process of one host of the lab.

It starts in fresh mount, network and host-name namespaces and makes the files
that the host sees:

    /usr, /etc         the machine's own, with unpacked packages and the host's
                       own files laid over them (overlayfs, writes go to memory)
    /var, /run, /tmp   the host's own, in memory
    /var/log           a directory that is seen from outside too
    /dev               the few harmless devices
    all else           the machine's own, read-only

Then it stays as the host's system log (/dev/log to /var/log/syslog).  The
namespaces live as long as it does.

One argument, JSON: {"hostname", "layers": [tree, …], "log": directory,
"tools": the directory of the lab's own programs}.
"""

import json
import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

DEVICES = {"null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8),
           "urandom": (1, 9), "tty": (5, 0)}
TOOLS = Path("/usr/local/lab")


def mount(*arguments, **keywords):
    subprocess.run(["mount", *arguments], check=True, **keywords)


def bind(opened, target):
    """Bind an opened directory; its path may be hidden by now."""
    mount("--no-canonicalize", "--bind", f"/proc/self/fd/{opened}", target, pass_fds=(opened,))
    os.close(opened)


def memory(path, mode="0755"):
    mount("-t", "tmpfs", "-o", f"mode={mode}", "lab", path)


def overlay(path, lowers, scratch):
    upper, work = scratch / "upper", scratch / "work"
    upper.mkdir(parents=True)
    work.mkdir()
    lower = ":".join(str(directory) for directory in lowers)
    mount("-t", "overlay", "-o", f"lowerdir={lower},upperdir={upper},workdir={work}", "lab", path)


def make_devices():
    memory("/dev")
    for name, (major, minor) in DEVICES.items():
        path = f"/dev/{name}"
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(major, minor))
        os.chmod(path, 0o666)
    os.symlink("/proc/self/fd", "/dev/fd")
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        os.symlink(f"/proc/self/fd/{number}", f"/dev/{name}")
    os.mkdir("/dev/shm")
    os.chmod("/dev/shm", 0o1777)


def make_files(spec):
    layers = [Path(layer) for layer in spec["layers"]]
    # What the mounts below could hide is opened first.
    log = os.open(spec["log"], os.O_PATH)
    tools = os.open(spec["tools"], os.O_PATH)

    memory("/run")
    scratch = Path("/run/.lab")
    scratch.mkdir()
    for top in ("/usr", "/etc"):
        lowers = [layer / top[1:] for layer in layers] + [Path(top)]
        overlay(top, lowers, scratch / top[1:])
    memory("/var")
    for name in ("lib", "spool", "cache", "log", "home"):
        os.mkdir(f"/var/{name}")
    os.mkdir("/var/tmp")
    os.chmod("/var/tmp", 0o1777)
    os.mkdir("/var/root", 0o700)
    os.mkdir("/var/mail")
    os.chmod("/var/mail", 0o1777)
    os.symlink("/run", "/var/run")
    memory("/tmp", mode="1777")
    make_devices()

    TOOLS.mkdir(parents=True)
    bind(log, "/var/log")
    bind(tools, TOOLS)
    mount("-o", "remount,bind,ro", "/")


def keep_log():
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door, \
            open("/var/log/syslog", "a", encoding="utf-8") as log:
        door.bind("/dev/log")
        os.chmod("/dev/log", 0o666)
        print("ready", flush=True)
        while True:
            line = door.recv(65536).decode(errors="replace").rstrip("\0\n")
            text = line.partition(">")[2] or line  # without the <priority>
            # The client's library wrote the time, "Nov 28 11:58:36 "; the host is the daemon's.
            print(text[:15], socket.gethostname().partition(".")[0], text[16:], file=log,
                  flush=True)


def main():
    spec = json.loads(sys.argv[1])
    socket.sethostname(spec["hostname"])
    make_files(spec)
    keep_log()


if __name__ == "__main__":
    main()
