"""`portreeve status`: before anything ran, while it runs, when something is wrong, after the end."""

import json
import os
import signal
import sqlite3
import subprocess
from pathlib import Path

import pytest
from conftest import wait_until

WELL, WRONG, STOPPED = 0, 1, 3
ROLES = ["tester", "collector", "dnsbl"]


def state(box, code=None):
    """The form; its exit code goes with its state."""
    done = box.run("status", "--json", code=code)
    form = json.loads(done.stdout)
    assert done.returncode == {"well": 0, "wrong": 1, "stopped": 3}[form["state"]], form
    assert done.stderr == ""
    return form


def wait_state(box, wanted, what="it"):
    def found():
        form = state(box)
        return form if wanted(form) else None
    return wait_until(found, what)


def is_well(form):
    return form["state"] == "well" and "dns" in form and len(form["roles"]) == 3


def test_nothing_ever_ran(box):
    assert box.run("status", code=STOPPED).stdout.startswith("not running\n\ndatabase     there is")
    (form,) = box.objects("status", code=STOPPED)
    assert form == {"state": "stopped", "warnings": []}
    assert not box.state.exists()
    # A list without roles.
    box.run("list", "add", "192.0.2.1", "--why", "by hand")
    (form,) = box.objects("status", code=STOPPED)
    assert form["list"]["listed"] == form["list"]["by_operator"] == 1
    assert "roles" not in form and form["clock"]["state"] == "steady" and form["disk"]["free"] > 0


def test_while_it_runs(box, supervisor):
    run = supervisor()
    run.wait_log("supervisor ready")
    box.run("list", "add", "192.0.2.1", "--why", "by hand")
    wait_state(box, lambda form: is_well(form) and form["dns"] == {"listed": 1, "serial": 1})
    (form,) = box.objects("status", code=WELL)
    assert form["supervisor"]["pid"] == run.process.pid and not form["warnings"]
    assert [role["role"] for role in form["roles"]] == ROLES
    assert {role["role"]: role["pid"] for role in form["roles"]} == run.roles()
    assert all(role["state"] == "ready" and role["restarts"] == 0 for role in form["roles"])
    text = box.run("status", code=WELL).stdout
    assert text.startswith("all is well\n\nsupervisor   pid ")
    assert "DNS          serves 1 listed, serial 1\n" in text
    # What waits to be tested, and what is not published.
    box.permit("192.0.2.0/24")
    box.run("nominate", "192.0.2.7", "--reason", "spam")
    form = wait_state(box, lambda form: form["tests"]["queued"] + form["tests"]["running"] == 2)
    box.configure(special="")
    assert state(box)["list"]["withheld"] == 1
    assert run.stop() == 0
    text = box.run("status", code=STOPPED).stdout
    assert text.startswith("not running: it was stopped; it had run since ") and "  ! " not in text


def test_a_role_dies(box, supervisor):
    run = supervisor()
    run.wait_log("supervisor ready")
    wait_state(box, is_well)
    for times in (1, 2, 3):
        os.kill(run.roles()["dnsbl"], signal.SIGKILL)
        form = wait_state(box, lambda form: form["state"] == "wrong", "the role to be missed")
        assert "role dnsbl is " in form["warnings"][0]
        if times < 3:
            form = wait_state(box, is_well, "the role to be back")
            assert form["roles"][2]["restarts"] == times
            assert form["roles"][2]["last_end"] == "signal 9" and form["roles"][2]["ended"]
    text = box.run("status", code=WRONG).stdout
    assert text.startswith("something is wrong\n  ! role dnsbl is ")
    assert run.stop() == 0


def test_the_supervisor_is_killed(box, supervisor):
    """The file is still there and says that all is well: it is not believed."""
    run = supervisor()
    run.wait_log("supervisor ready")
    wait_state(box, is_well)
    run.process.kill()
    run.process.wait()
    assert json.loads((box.state / "status.json").read_text())["roles"]
    (form,) = box.objects("status", code=STOPPED)
    assert "ended without stopping" in form["warnings"][0] and "roles" not in form
    # Nor is it when its number is another process's now.
    text = (box.state / "status.json").read_text()
    (box.state / "status.json").write_text(
        text.replace(f'"pid":{run.process.pid},', f'"pid":{os.getpid()},', 1))
    assert state(box)["state"] == "stopped"


def test_settings_that_were_refused(box, supervisor):
    run = supervisor()
    run.wait_log("supervisor ready")
    good = box.config.read_text()
    box.config.write_text("tester { rate = fast }")
    run.process.send_signal(signal.SIGHUP)
    run.wait_log("settings-kept")
    box.config.write_text(good)
    form = wait_state(box, lambda form: form["warnings"], "the warning")
    assert "new settings were refused" in form["warnings"][0]
    assert "tester.rate" in form["supervisor"]["settings_kept"]
    run.process.send_signal(signal.SIGHUP)
    wait_state(box, is_well)
    assert run.stop() == 0


def certificate(box, days):
    for name in ("c.pem", "c.key"):
        (box.directory / name).unlink(missing_ok=True)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-keyout", box.directory / "c.key",
                    "-out", box.directory / "c.pem", "-days", str(days), "-subj", "/CN=a.test"],
                   check=True, capture_output=True)
    box.configure(collector=f'certificate = "{box.directory}/c.pem"\nkey = "{box.directory}/c.key"')


@pytest.mark.parametrize("days, warned", [(30, False), (5, True)])
def test_certificate(box, days, warned):
    certificate(box, days)
    form = state(box, code=STOPPED)
    assert form["certificate"]["ends"]
    assert ("certificate expires in " in " ".join(form["warnings"])) == warned


@pytest.mark.parametrize("what", ["nothing", "text", "fifo", "directory"])
def test_certificate_that_is_none(box, what):
    path = box.directory / "c.pem"
    certificate(box, 30)
    path.unlink()
    {"nothing": lambda: None, "text": lambda: path.write_text("none"),
     "fifo": lambda: os.mkfifo(path), "directory": path.mkdir}[what]()
    form = state(box, code=STOPPED)
    assert "certificate cannot be read: " in form["warnings"][0] and "certificate" not in form


def test_database_that_is_none(box, supervisor):
    run = supervisor()
    run.wait_log("supervisor ready")
    wait_state(box, is_well)
    assert run.stop() == 0
    for path in box.state.glob("portreeve.db*"):
        path.unlink()
    (box.state / "portreeve.db").write_text("no database")
    box.own()
    form = state(box, code=STOPPED)
    assert "the database cannot be read: " in form["warnings"][0] and "list" not in form


@pytest.mark.parametrize("text", ["", "none", "{}", "[" * 5000, "x" * 100000])
def test_file_that_is_none(box, text):
    box.run("list", "add", "192.0.2.1", "--why", "by hand")
    (box.state / "status.json").write_text(text)
    (form,) = box.objects("status", code=WRONG)
    assert form["warnings"][0].startswith("status.json cannot be read")
    assert form["list"]["listed"] == 1


def test_clock(box):
    box.run("list", "add", "192.0.2.1", "--why", "by hand")
    with sqlite3.connect(box.state / "portreeve.db") as database:
        database.execute("UPDATE heartbeat SET time_s = 4000000000")
    box.own()
    form = state(box, code=STOPPED)
    assert form["clock"]["state"] == "behind"
    assert form["warnings"][0].startswith("the clock is behind")


def test_another_may_not_look(box):
    if os.geteuid() != 0:
        pytest.skip("only root can be another")
    box.run("list", "add", "192.0.2.1", "--why", "by hand")
    done = subprocess.run(
        ["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups",
         os.environ.get("PORTREEVE", str(Path("build/portreeve").resolve())), "status", "-c",
         box.config, "--state", box.state], capture_output=True, text=True, check=False)
    assert done.returncode == 77 and "expected to be called by root or by its owner" in done.stderr
