"""The lab's namespaces and wires.

A `Space` is the outer set of namespaces: mounts, processes and a network with
nothing in it but one bridge.  It has no link to the machine's own network, so
no packet can leave.  Each host of the lab has a network namespace of its own,
joined to the bridge by one pair of virtual interfaces.

A host's address has no subnet (/32 and /128) and every other address is "on
the link".  So the lab needs no router, and a mail server that trusts "its own
network" trusts nobody but itself.
"""

import subprocess
import sys
from pathlib import Path

INIT = Path(__file__).with_name("init.py")
BRIDGE = "lab"


def child_of(pid):
    """The process id of the one child of process `pid`, or None."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        if int(fields[1]) == pid:
            return int(stat.parent.name)
    return None


def announced(process, log):
    """Wait for the line `ready` of a new process behind nsenter or unshare.

    Gives the id of the process itself, as seen from outside.
    """
    if process.stdout.readline().strip() != b"ready":
        process.wait()
        raise RuntimeError(f"{process.args[-1]} did not start: {Path(log).read_text().strip()}")
    return child_of(process.pid)


def _ip(pid, lines):
    """Run a batch of `ip` commands in the network namespace of process `pid`."""
    subprocess.run(["nsenter", "--target", str(pid), "--net", "ip", "-batch", "-"],
                   input="\n".join(lines) + "\n", text=True, check=True)


class Space:
    """The outer namespaces.  They last until close(), or until this program ends."""

    def __init__(self, log):
        with open(log, "wb") as errors:
            self._process = subprocess.Popen(
                ["unshare", "--mount", "--net", "--uts", "--pid", "--fork", "--mount-proc",
                 "--propagation", "private", sys.executable, INIT],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
                cwd="/", start_new_session=True)
        self.pid = announced(self._process, log)
        # No spanning tree and no learning delay: the wires are ours.
        _ip(self.pid, ["link set lo up",
                       f"link add {BRIDGE} type bridge stp_state 0 forward_delay 0 mcast_snooping 0",
                       f"link set {BRIDGE} up"])

    def wire(self, name, pid, addresses):
        """Join the network namespace of process `pid` to the bridge, with these addresses."""
        _ip(self.pid, [f"link add {name} type veth peer name eth0 netns {pid}",
                       f"link set {name} master {BRIDGE} up"])
        lines = ["link set lo up", "link set eth0 up"]
        for address in addresses:
            # nodad: usable at once, without asking whether another has it
            lines.append(f"addr add {address}/128 dev eth0 nodad" if ":" in address
                         else f"addr add {address}/32 dev eth0")
        lines += ["route add default dev eth0", "route add ::/0 dev eth0"]
        _ip(pid, lines)

    def close(self):
        """End every process of the lab, and with them its mounts and networks."""
        self._process.stdin.close()
        self._process.wait()

    def keep(self):
        """Let the lab outlive this program."""
        self._process.stdin.write(b"keep\n")
        self._process.stdin.flush()
