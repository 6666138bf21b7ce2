# SPDX-License-Identifier: ISC
"""A scan that is stopped says how far it came and how to go on; one that was killed leaves tests
that the next takes up at once."""

import contextlib
import os
import signal
import sqlite3
import subprocess

import pytest

from conftest import BINARY, wait_until
from test_reach import HOST, Relay


@pytest.fixture
def host():
    one = Relay()
    one.greets.clear()
    yield one
    one.greets.set()
    one.close()


def rows(box, sql):
    with contextlib.closing(sqlite3.connect(f"file:{box.state}/portreeve.db?mode=ro",
                                            uri=True)) as database:
        return database.execute(sql).fetchall()


def configure_patient(box):
    box.configure(special='"127.0.0.0/8"', tester="""
  wait = 1
  proof_wait = 1
  rate = 100
  retries = 3""")
    box.permit(f"{HOST}/32")


def begin(box, host, environment=None):
    """A scan that waits for a greeting, and says so in the database."""
    configure_patient(box)
    scan = subprocess.Popen([BINARY, "scan", "-c", box.config, "--state", box.state, HOST,
                             "--port", str(host.port)],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            env={**os.environ, **(environment or {})})
    wait_until(lambda: scan.poll() is not None or
               rows(box, "SELECT 1 FROM tests WHERE state = 1"), "a test that runs")
    assert scan.poll() is None, scan.communicate()
    return scan


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_stopped(box, host, signum):
    scan = begin(box, host, {"SUDO_USER": "jane"})
    scan.send_signal(signum)
    _, errors = scan.communicate(timeout=30)
    assert scan.returncode == 128 + signum
    assert "stopped: 0 of 1 targets done, 1 left, 1 of these under way" in errors
    assert "the same command goes on with what is left" in errors
    assert rows(box, "SELECT state, lease_until_s, who FROM tests") == [(0, 0, "jane")]


def test_killed(box, host):
    scan = begin(box, host)
    scan.kill()
    scan.communicate(timeout=30)
    ((lease_s,),) = rows(box, "SELECT lease_until_s - unixepoch() FROM tests WHERE holder <> ''")
    assert lease_s > 10
    host.greets.set()
    host.collector = ("127.0.0.1", box.smtp)
    done = box.run("scan", HOST, "--port", str(host.port), code=1)
    assert "under way elsewhere" not in done.stderr and "1 open" in done.stderr
    assert "portreeve nominate" in done.stderr
    # Nothing is left for others to do.
    assert rows(box, "SELECT count(*) FROM tests WHERE state <> 3") == [(0,)]


def test_a_living_one_is_left_alone(box, host):
    scan = begin(box, host)
    other = box.run("test", HOST, "--port", str(host.port), code=75)
    assert "under way" in other.stderr
    scan.send_signal(signal.SIGINT)
    scan.communicate(timeout=30)


@pytest.mark.parametrize("options, queued", [([], 0), (["--retries", "2"], 1)])
def test_retries(box, host, options, queued):
    configure_patient(box)
    port = host.port
    host.close()
    box.run("scan", HOST, "--port", str(port), *options, code=2)
    assert rows(box, "SELECT count(*) FROM tests WHERE state <> 3") == [(queued,)]
