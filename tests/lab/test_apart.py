"""The lab is shut in: what runs there reaches neither the machine nor the world."""

import subprocess
from pathlib import Path

from lab.net import BRIDGE


def test_no_wire_leads_out(lab):
    """The outer namespace holds the bridge and the hosts' wires, and no other link."""
    out = subprocess.run(["nsenter", "--target", str(lab.space.pid), "--net", "ip", "-brief", "link"],
                         stdout=subprocess.PIPE, text=True, check=True).stdout
    links = {line.split()[0].partition("@")[0] for line in out.splitlines()}
    assert links == {"lo", BRIDGE} | {f"host{number}" for number in range(len(lab.hosts))}


def test_files_stay_inside(lab):
    for inside in ("/etc/lab-was-here", "/usr/bin/lab-was-here", "/var/mail/lab-was-here",
                   "/run/lab-was-here", "/tmp/lab-was-here"):
        lab.witness.run("touch", inside)
        assert lab.witness.path(inside).exists()
        assert not Path(inside).exists()


def test_the_rest_of_the_machine_is_read_only(lab):
    for inside in ("/lab-was-here", "/root/lab-was-here", "/home/lab-was-here"):
        assert lab.witness.run("touch", inside, check=False).returncode != 0


def test_hosts_see_only_the_processes_of_the_lab(lab):
    first = lab.witness.run("cat", "/proc/1/cmdline").stdout
    assert "init.py" in first
