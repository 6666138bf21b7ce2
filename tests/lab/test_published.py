"""A mail server in a container, behind a port that the machine publishes.

The container is another host of the lab with a process namespace of its own, on a bridge of the machine; a real
TCP proxy by the name of Docker's leads to it.  The machine has a Postfix of its own, which is closed.
"""

import json
import os
import signal
import subprocess
import time

import pytest
from conftest import BINARY

from lab.lab import Lab
from lab.mta.postfix import Postfix
from lab.net import child_of
from lab.wait import wait_until

PROGRAM_INSIDE = "/usr/local/bin/portreeve"
CLOSED, WORLD, UNKNOWN = 0, 1, 3
LOOPBACK = "127.0.0.0/8 [::1]/128"
PORT = 587
ODD_PORT = 10026    # that nobody thinks of when it comes to mail


def command(port):
    return f"docker-proxy -proto tcp -host-ip :: -host-port {port} -container-ip 172.18.0.2 -container-port 25"


PROXY = """\
#!/usr/bin/python3
import sys
sys.path.insert(0, "/usr/local/lab")
import proxy
port = sys.argv[sys.argv.index("-host-port") + 1]
sys.argv = ["proxy", port, "172.18.0.2"]
proxy.Proxy(("::", int(port)), proxy.Session).serve_forever()
"""


class Machine(Postfix):
    """Its container runtime has a bridge."""

    packages = (*Postfix.packages, "nftables")

    def configure(self):
        super().configure()
        self.copy(BINARY, PROGRAM_INSIDE)
        self.run("sh", "-ec", "ip link add br0 type bridge; ip addr add 172.18.0.1/16 dev br0; ip link set br0 up")
        self.write("/usr/local/bin/docker-proxy", PROXY, mode=0o755)

    def publish(self, port):
        self.proxy = self.start(*f"/usr/local/bin/{command(port)}".split())
        self.wait_port(port)

    def withdraw(self, port):
        self.stop(self.proxy, port)

    def audit(self, *options):
        began = time.monotonic()
        done = self.run(PROGRAM_INSIDE, "audit", "--json", *options, check=False)
        reports = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        assert time.monotonic() - began < 60
        return done.returncode, reports, done.stdout


class Container(Postfix):
    """Alone on the machine's bridge; its server is process 1 of a namespace."""

    def start_services(self):
        """When the machine's bridge is there."""

    def join(self, machine):
        self.run("ip", "link", "del", "eth0")
        machine.run("sh", "-ec", "ip link add port0 type veth peer name eth0 netns "
                    f"{self.inner_pid()}; ip link set port0 master br0 up")
        self.run("sh", "-ec", "ip addr add 172.18.0.2/16 dev eth0; ip link set eth0 up; "
                 "ip route add default via 172.18.0.1")

    def inner_pid(self):
        """Of its keeper, as the lab sees it."""
        return next(int(line.split()[2]) for line in open(f"/proc/{self.pid}/status") if line.startswith("NSpid"))

    def serve(self, networks):
        self.write("/etc/postfix/main.cf", "".join(
            f"{name} = {value}\n" for name, value in (self.settings | {"mynetworks": networks}).items()))
        self.server = self.start("unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "postfix", "start-fg")
        self.wait_port(25)

    def stop_serving(self):
        """The first process of its namespace, behind nsenter and unshare; the others end with it."""
        os.kill(child_of(child_of(self.server.pid)), signal.SIGKILL)
        self.server.wait(20)
        wait_until(lambda: not self.listens(25), "the container's port to be free")

    def state(self):
        return (self.run("cat", "/proc/self/mountinfo").stdout, self.run("ip", "-o", "addr").stdout,
                self.run("find", "/etc", "/var/mail", "/tmp", "/run", "-printf", "%p %m %u %T@\n").stdout)


def host(kind, name, number):
    return kind(name, f"mail.{name}.example", f"198.51.100.{number}", f"2001:db8:100::{number}",
                domains=[f"{name}.example"], users=["bob"])


MACHINE, CONTAINER = host(Machine, "machine", 101), host(Container, "box", 102)


@pytest.fixture(scope="module")
def lab():
    if os.geteuid():
        pytest.skip("the lab needs root")
    with Lab("published", [MACHINE, CONTAINER]) as made:
        CONTAINER.join(MACHINE)
        MACHINE.publish(PORT)
        yield made


@pytest.fixture
def served(lab, request):
    CONTAINER.serve(request.param)
    yield
    CONTAINER.stop_serving()


@pytest.mark.parametrize("served", [f"{LOOPBACK} 172.18.0.0/16"], indirect=True, ids=["trusts-the-bridge"])
def test_open_by_the_proxy(served):
    code, reports, printed = MACHINE.audit()
    assert [(report["verdict"], "container" in report) for report in reports] == [
        ("closed", False), ("world", True)], printed
    assert code == WORLD
    report = reports[1]
    assert {finding["cause"] for finding in report["findings"] if finding["severity"] == "open"} <= {"C1", "C2"}
    assert "172.18.0.1/32" in {row["network"] for row in report["who"] if row["strangers"]}, printed
    assert any("172.18.0.0/16" in line["text"] for row in report["who"] for line in row["by"])
    assert f"behind port {PORT}" in report["summary"] and "docker-proxy" in report["summary"]
    assert "box.example" in report["host"] and "process" in report["container"]


@pytest.mark.parametrize("served", [LOOPBACK], indirect=True, ids=["trusts-itself"])
def test_sound(served):
    before = CONTAINER.state()
    code, reports, printed = MACHINE.audit()
    assert [report["verdict"] for report in reports] == ["closed", "closed"], printed
    assert code == CLOSED
    assert CONTAINER.state() == before


def test_nobody_behind_it(lab):
    """Where it leads to nobody who could be asked, the machine's own answer is not enough."""
    code, reports, printed = MACHINE.audit("--mta", "postfix")
    assert code == UNKNOWN, printed
    (report,) = reports
    (row,) = [row for row in report["unasked"] if row["what"] == f"port {PORT} of this machine"]
    assert command(PORT) in row["why"] and "172.18.0.2:25" in row["why"] and "docker-proxy (process " in row["why"]
    assert row["why"] in report["summary"]


@pytest.fixture
def withdrawn(lab):
    """The machine does not publish the container where mail is looked for."""
    MACHINE.withdraw(PORT)
    yield
    MACHINE.publish(PORT)


OPEN = pytest.mark.parametrize("served", [f"{LOOPBACK} 172.18.0.0/16"], indirect=True, ids=["trusts-the-bridge"])


@OPEN
def test_open_by_a_proxy_at_another_port(withdrawn, served):
    MACHINE.publish(ODD_PORT)
    try:
        code, reports, printed = MACHINE.audit()
    finally:
        MACHINE.withdraw(ODD_PORT)
    assert [report["verdict"] for report in reports] == ["closed", "world"], printed
    assert f"behind port {ODD_PORT}" in reports[1]["summary"], printed
    assert code == WORLD


def nft(*rules):
    MACHINE.run("nft", "-f", "-", text="\n".join(rules))


@OPEN
def test_open_by_a_rule_at_another_port(withdrawn, served):
    """The port stands in a chain before the one that leads on, and the machine masquerades."""
    nft("table ip published {", "chain pre { type nat hook prerouting priority -100;",
        f"tcp dport {ODD_PORT} jump lead", "}", "chain lead {", "ip protocol tcp dnat to 172.18.0.2:25", "}",
        "chain post { type nat hook postrouting priority 100;", "masquerade", "}", "}")
    try:
        code, reports, printed = MACHINE.audit()
    finally:
        nft("delete table ip published")
    assert [report["verdict"] for report in reports] == ["closed", "world"], printed
    assert f"behind port {ODD_PORT}" in reports[1]["summary"], printed
    assert code == WORLD


def test_handed_to_a_socket(withdrawn):
    """TPROXY leaves addresses as they are, and no socket is at the port."""
    program = MACHINE.start("python3", "-c", "import socket, time\n"
                            "there = socket.create_server(('127.0.0.1', 2600))\ntime.sleep(600)")
    MACHINE.wait_port(2600)
    nft("table inet handed {", "chain pre { type filter hook prerouting priority -150;",
        f"tcp dport {PORT} tproxy ip to 127.0.0.1:2600 meta mark set 1 accept", "}", "}")
    try:
        code, reports, printed = MACHINE.audit()
    finally:
        nft("delete table inet handed")
        MACHINE.stop(program, 2600)
    assert code == UNKNOWN, printed
    (row,) = [row for row in reports[0]["unasked"] if row["what"] == f"port {PORT} of this machine"]
    assert "tproxy to 127.0.0.1:2600" in row["why"] and "python3 (process" in row["why"], printed


@pytest.mark.parametrize("served", [LOOPBACK], indirect=True, ids=["hostile"])
def test_hostile_files(served):
    """Its files lead nowhere but into it, and a FIFO is not waited for."""
    try:
        CONTAINER.run("sh", "-ec", "cp -a /etc/hosts /etc/passwd /etc/postfix/main.cf /var/mail; cd /etc/postfix; "
                      "rm main.cf; mkfifo main.cf; rm /etc/hosts; "
                      "mkfifo /etc/hosts; ln -sf /proc/1/root/etc/shadow /etc/passwd")
        code, reports, printed = MACHINE.audit()
        assert code == UNKNOWN and len(reports) == 1, printed
        assert "its configuration cannot be read" in reports[0]["summary"], printed
    finally:
        CONTAINER.run("sh", "-c", "cd /var/mail; rm /etc/hosts /etc/passwd /etc/postfix/main.cf; "
                      "mv hosts passwd /etc; mv main.cf /etc/postfix", check=False)


TWIN = """
import socket
with socket.create_server(("172.18.0.2", 25)) as server:
    print("listening", flush=True)
    server.accept()
"""


@pytest.mark.parametrize("served", [LOOPBACK], indirect=True, ids=["two-have-the-address"])
def test_of_two_none_is_guessed(served):
    """Another network has the same address, and somebody listens there, too."""
    twin = subprocess.Popen(MACHINE._inside([
        "unshare", "-n", "sh", "-ec", "ip link set lo up; ip addr add 172.18.0.2/16 dev lo; exec python3 -c \"$0\"", TWIN]),
        stdout=subprocess.PIPE, start_new_session=True)
    try:
        assert twin.stdout.readline() == b"listening\n"
        code, reports, printed = MACHINE.audit()
        assert code == UNKNOWN, printed
        assert "another one who listens there is no mail server that is known" in printed, printed
    finally:
        os.killpg(twin.pid, signal.SIGKILL)
        twin.wait()


@pytest.mark.parametrize("served", [LOOPBACK], indirect=True, ids=["by-rootlessport"])
def test_where_a_program_does_not_say(served):
    """As the one that publishes for containers without root: it may be any of them, and they are named."""
    port, path = 2525, "/usr/local/bin/rootlessport"
    MACHINE.write(path, PROXY, mode=0o755)
    MACHINE.start(path, "-host-port", port)
    try:
        MACHINE.wait_port(port)
        code, reports, printed = MACHINE.audit()
        assert code == UNKNOWN, printed
        (row,) = [row for row in reports[0]["unasked"] if row["what"] == f"port {port} of this machine"]
        assert "rootlessport" in row["why"] and "it may be Postfix in a container (process " in row["why"], printed
    finally:
        MACHINE.run("pkill", "-f", path, check=False)
        MACHINE.run("rm", path)


# A file system in user space, whose process answers nothing.
HANGING = """
import ctypes, os, stat, sys
os.path.exists("/dev/fuse") or os.mknod("/dev/fuse", stat.S_IFCHR | 0o600, os.makedev(10, 229))
disk = os.open("/dev/fuse", os.O_RDWR)
options = f"fd={disk},rootmode=40755,user_id=0,group_id=0".encode()
assert ctypes.CDLL(None).mount(b"hanging", sys.argv[1].encode(), b"fuse", 0, options) == 0
print("mounted", flush=True)
while True:
    os.read(disk, 1 << 20)
"""


@pytest.mark.skipif(not os.path.exists("/dev/fuse"), reason="this machine has no file systems in user space")
@pytest.mark.parametrize("served", [LOOPBACK], indirect=True, ids=["hangs"])
@pytest.mark.parametrize("at, named", [
    ("/etc/postfix", ["/etc/postfix/main.cf: timed out", "its configuration cannot be read"]),
    ("/etc", ["/etc/postfix/main.cf: timed out", "its configuration cannot be read"]),
    ("/usr/sbin", ["/usr/sbin/postfix in it cannot be read in time"])])
def test_a_disk_that_hangs(served, at, named):
    """In bounded time it is not known, and it is said what could not be read."""
    first = child_of(child_of(CONTAINER.server.pid))     # of its namespaces
    disk = subprocess.Popen(["nsenter", "-t", str(first), "-m", "--", "python3", "-c", HANGING, at],
                            stdout=subprocess.PIPE, start_new_session=True)
    try:
        assert disk.stdout.readline() == b"mounted\n"
        code, reports, printed = MACHINE.audit()
        assert code == UNKNOWN and reports[0]["verdict"] == "unknown", printed
        assert all(word in printed for word in named), printed
    finally:
        os.killpg(disk.pid, signal.SIGKILL)
        disk.wait()
