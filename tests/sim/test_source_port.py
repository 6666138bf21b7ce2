# SPDX-License-Identifier: ISC
"""A host that relays for whoever speaks from port 25 (form S06): the tester gives root up and can
still speak from there, and can do nothing else with that right."""

import contextlib
import json
import signal
import subprocess

import pytest

from conftest import GIVE_UP_S, USUAL_PORT, Host, Place, wait_until
from processes import roles_of

HERE, THERE = "192.0.2.1", "192.0.2.2"
CAP_NET_BIND_SERVICE = 10
WITHOUT_LOW_PORTS = ["setpriv", "--bounding-set", "-net_bind_service"]


def network(stack):
    """A network namespace: how a program is started in it, and the process that keeps it."""
    keeper = subprocess.Popen(["unshare", "-n", "sleep", "infinity"])
    stack.callback(lambda: (keeper.kill(), keeper.wait()))
    own = f"/proc/{keeper.pid}/ns/net"
    before = subprocess.run(["readlink", "/proc/self/ns/net"], check=True, capture_output=True)
    wait_until(lambda: subprocess.run(["readlink", own], check=False, capture_output=True).stdout
               not in (b"", before.stdout), "the namespace")
    return ["nsenter", f"--net={own}"], keeper.pid


@pytest.fixture(scope="module")
def place(isolated):
    """Two networks with a cable between them: on loopback a port would be free again at once."""
    if not isolated:
        pytest.skip("needs network namespaces")
    with contextlib.ExitStack() as stack:
        here, here_pid = network(stack)
        there, there_pid = network(stack)
        subprocess.run(["ip", "link", "add", "name", "near", "netns", str(here_pid), "type", "veth",
                        "peer", "name", "far", "netns", str(there_pid)], check=True)
        for start, device, address in ((here, "near", HERE), (there, "far", THERE)):
            for words in (["link", "set", "lo", "up"], ["link", "set", device, "up"],
                          ["addr", "add", f"{address}/24", "dev", device]):
                subprocess.run([*start, "ip", *words], check=True)
        yield Place(HERE, THERE, here, there)


@pytest.fixture
def field(make_field, place):
    one = make_field([Host(THERE, USUAL_PORT, "source-port")], place)
    yield one
    one.stop()


def s06(result):
    return next(case for case in result["cases"] if case["id"] == "S06")


def test_the_command_speaks_from_port_25(field):
    done = field.run("test", THERE, "--json", codes=(1,))
    result = json.loads(done.stdout)
    assert result["verdict"] == "open" and s06(result)["returned"]


def test_without_the_right_the_form_is_skipped(field):
    command = [*field.command("test", THERE, "--json")]
    start = len(field.place.start_here)
    done = subprocess.run([*command[:start], *WITHOUT_LOW_PORTS, *command[start:]], check=False,
                          capture_output=True, text=True, timeout=GIVE_UP_S)
    result = json.loads(done.stdout)
    assert result["verdict"] == "closed" and s06(result)["stage"] == "skipped"
    assert "source" in s06(result)["text"]


def capabilities(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        lines = dict(line.split(":\t", 1) for line in status if line.startswith("Cap"))
    return {name: int(value, 16) for name, value in lines.items()}


def test_the_role_speaks_from_port_25(field):
    log = (field.directory / "run.log").open("w")
    with log, subprocess.Popen(field.command("run"), stderr=log) as supervisor:
        try:
            field.run("nominate", THERE, "--by", "the tests", "--reason", "to be tested")
            wait_until(lambda: field.stored_verdicts() or supervisor.poll() is not None,
                       "a verdict")
            assert field.stored_verdicts() == {THERE: "open"}
            pid = roles_of(supervisor.pid)
            held = capabilities(pid["tester"])
            assert held["CapEff"] == held["CapPrm"] == 1 << CAP_NET_BIND_SERVICE
            assert capabilities(pid["collector"])["CapPrm"] == 0
        finally:
            supervisor.send_signal(signal.SIGTERM)
            supervisor.wait(GIVE_UP_S)
