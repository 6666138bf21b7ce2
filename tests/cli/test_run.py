"""The supervisor: starts, restarts, reloads, stops."""

import os
import re
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import dns.message
import dns.query
import pytest
from conftest import BINARY, wait_until

ROLES = {"tester", "collector", "dnsbl"}
CAP_NET_BIND_SERVICE = 10


def smtp_banner(box, source="127.0.0.1"):
    with socket.create_connection(("127.0.0.1", box.smtp), timeout=10,
                                  source_address=(source, 0)) as connection:
        return connection.makefile("rb").readline()


def listed(box, name="2.0.0.127.relays.portreeve.test"):
    """The A records; None while nobody answers."""
    query = dns.message.make_query(name, "A")
    try:
        answer, _ = dns.query.udp_with_fallback(query, "127.0.0.1", port=box.dns, timeout=2)
    except (dns.exception.Timeout, OSError):
        return None
    return [item.to_text() for rrset in answer.answer for item in rrset]


def alive(pid):
    """Neither gone nor a corpse that nobody has collected."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def test_starts_serves_and_stops(box, supervisor):
    run = supervisor()
    run.wait_log("supervisor ready")
    roles = run.roles()
    assert set(roles) == ROLES
    assert smtp_banner(box).startswith(b"220 ")
    assert listed(box) == ["127.0.0.2"]
    box.run("list", "add", "192.0.2.1", "--why", "seen by hand")
    name = "1.2.0.192.relays.portreeve.test"
    wait_until(lambda: listed(box, name) == ["127.0.0.4"], "the listing by word")
    began = time.monotonic()
    assert run.stop() == 0
    assert time.monotonic() - began < 15
    assert not any(alive(pid) for pid in roles.values())
    assert "error" not in run.log(), run.log()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give root up")
def test_roles_are_unprivileged(box, supervisor):
    run = supervisor()
    run.wait_log("supervisor ready")
    for role, pid in run.roles().items():
        status = dict(line.split(":\t", 1) for line in
                      Path(f"/proc/{pid}/status").read_text().splitlines())
        assert "0" not in status["Uid"].split()
        assert "0" not in status["Gid"].split()
        assert status["Groups"].strip() in ("", status["Gid"].split()[0])
        # The tester has the right to speak from port 25.
        held = 1 << CAP_NET_BIND_SERVICE if role == "tester" else 0
        assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == held
        assert status["NoNewPrivs"] == "1"
        assert status["Seccomp"] == "2"


def test_roles_remove_what_is_old(box, supervisor):
    box.age("192.0.2.1")
    run = supervisor()
    run.wait_log("expired tests=2 evidence=0 returns=0")
    run.wait_log("expired tests=0 evidence=0 returns=1")
    assert run.stop() == 0
    assert len(box.objects("list", "tests")) == 2 and box.objects("list", "returns") == []


@pytest.mark.parametrize("role", sorted(ROLES))
def test_killed_role_is_restarted(box, supervisor, role):
    run = supervisor()
    run.wait_log("supervisor ready")
    before = run.roles()
    os.kill(before[role], signal.SIGKILL)
    run.wait_log(f"role-ready role={role}", times=2)
    after = run.roles()
    assert after[role] != before[role]
    assert {name: after[name] for name in ROLES - {role}} == {
        name: before[name] for name in ROLES - {role}}
    assert f"role-died role={role} signal=9" in run.log()
    assert smtp_banner(box).startswith(b"220 ")
    assert listed(box) == ["127.0.0.2"]
    assert run.stop() == 0


def test_back_off_grows(box, supervisor):
    run = supervisor()
    run.wait_log("supervisor ready")
    for times in (1, 2, 3):
        os.kill(run.roles()["dnsbl"], signal.SIGKILL)
        run.wait_log("role-ready role=dnsbl", times=times + 1)
    waits = [int(line.rsplit("restart-ms=", 1)[1]) for line in run.log().splitlines()
             if "role-died" in line]
    assert waits == [500, 1000, 2000]


def test_roles_die_with_the_supervisor(box, supervisor):
    run = supervisor()
    run.wait_log("supervisor ready")
    roles = run.roles()
    run.process.kill()
    run.process.wait()
    wait_until(lambda: not any(alive(pid) for pid in roles.values()), "the roles to end")


def test_reload(box, supervisor):
    run = supervisor()
    run.wait_log("supervisor ready")
    roles = run.roles()
    assert listed(box, "2.0.0.127.other.test") == []
    box.configure(dnsbl='zone = "other.test"')
    run.process.send_signal(signal.SIGHUP)
    run.wait_log("reloaded")
    wait_until(lambda: listed(box, "2.0.0.127.other.test") == ["127.0.0.2"], "the new zone")
    assert run.roles() == roles
    assert smtp_banner(box).startswith(b"220 ")
    # A mistake changes nothing and is told.
    box.config.write_text("tester { rate = fast }")
    run.process.send_signal(signal.SIGHUP)
    run.wait_log("settings-kept")
    assert 'tester.rate: expected a number' in run.log()
    assert run.roles() == roles
    assert listed(box, "2.0.0.127.other.test") == ["127.0.0.2"]
    assert run.stop() == 0


def test_reload_that_needs_a_restart(box, supervisor):
    run = supervisor()
    run.wait_log("supervisor ready")
    box.smtp += 1
    box.configure(general='roles = {"collector", "dnsbl"}')
    run.process.send_signal(signal.SIGHUP)
    run.wait_log("reloaded")
    assert "restart-needed role=collector for=listen" in run.log()
    assert "restart-needed for=roles" in run.log()
    assert len(re.findall("restart-needed", run.log())) == 2


def test_reload_of_what_a_role_cannot_take_over(box, supervisor):
    """Each is named; a role that is started again keeps its place."""
    box.configure(general=f'state_directory = "{box.state}"')
    run = supervisor(arguments=[])
    run.wait_log("supervisor ready")
    run.process.send_signal(signal.SIGHUP)
    run.wait_log("reloaded")
    assert "restart-needed" not in run.log()
    box.configure(general="""
hostname = "new.portreeve.test"
contact = "new@portreeve.test"
operator = "New"
objection_url = "https://new.portreeve.test/"
resolver = {"127.0.0.1:53"}
user = "daemon"
state_directory = "/nowhere"
""")
    run.process.send_signal(signal.SIGHUP)
    for parameter in ("hostname", "contact", "operator", "objection_url", "resolver"):
        run.wait_log(f"restart-needed role=tester for={parameter}")
    run.wait_log("restart-needed for=user")
    run.wait_log("restart-needed for=state_directory")
    # What is prepared once waits on; what a role takes over at its start does not.
    told = len(re.findall("restart-needed", run.log()))
    run.process.send_signal(signal.SIGHUP)
    run.wait_log("reloaded", times=3)
    assert len(re.findall("restart-needed", run.log())) == told + 2
    old = run.roles()
    os.kill(old["tester"], signal.SIGKILL)
    wait_until(lambda: run.roles().get("tester", old["tester"]) != old["tester"], "a new tester")
    run.wait_log("role-ready role=tester", times=2)
    assert run.stop() == 0


def test_only_the_roles_asked_for(box, supervisor):
    box.configure(general='roles = {"dnsbl"}')
    run = supervisor()
    run.wait_log("supervisor ready")
    assert set(run.roles()) == {"dnsbl"}
    with pytest.raises(OSError):
        smtp_banner(box)


def test_service_manager_is_told(box, supervisor):
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "notify"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(str(path))
            manager.settimeout(30)
            run = supervisor({"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": "200000"})

            def next_state(*but):
                while (message := manager.recv(4096)).startswith(but or (b"WATCHDOG=", b"STATUS=")):
                    pass
                return message

            assert next_state(b"STATUS=") == b"WATCHDOG=1"
            assert next_state() == b"READY=1"
            run.process.send_signal(signal.SIGHUP)
            assert next_state().startswith(b"RELOADING=1\nMONOTONIC_USEC=")
            assert next_state() == b"READY=1"
            run.process.send_signal(signal.SIGTERM)
            assert next_state() == b"STOPPING=1"
            assert run.process.wait(30) == 0


@pytest.mark.parametrize("kind", ["TCP", "UDP"])
def test_port_in_use(box, kind):
    type_ = socket.SOCK_STREAM if kind == "TCP" else socket.SOCK_DGRAM
    port = box.smtp if kind == "TCP" else box.dns
    with socket.socket(socket.AF_INET, type_) as taken:
        taken.bind(("127.0.0.1", port))
        if kind == "TCP":
            taken.listen()
        done = box.run("run", code=69)
    assert len([line for line in done.stderr.splitlines() if line.startswith("portreeve:")]) == 1
    assert f"{kind} 127.0.0.1:{port}: expected a free port, found one in use" in done.stderr


def test_what_a_role_would_refuse(box):
    """It is found before any process is started; tests/cli/test_reload.py has the rest."""
    box.configure(dnsbl='code = {"192.0.2.1"}')
    done = box.run("run", code=78)
    assert done.stderr.startswith(f"portreeve: run: {box.config}: dnsbl.code: expected ")
    assert len(done.stderr.splitlines()) == 1
    assert not box.state.exists()


def test_arguments(box):
    for arguments in (["--fast"], ["-c"], ["--state"], ["now"]):
        done = subprocess.run([BINARY, "run", *arguments], capture_output=True, text=True,
                              check=False)
        assert done.returncode == 64
        assert "expected -c FILE or --state DIR" in done.stderr
