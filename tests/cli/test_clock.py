# SPDX-License-Identifier: ISC
"""A wrong clock, met by the whole program. The clock of the machine stays; the time that the
store last knew is moved instead, which is the same to it."""

import os
import shutil
import sqlite3
import struct
import subprocess
import time

import pytest
from conftest import BINARY, wait_until

YEAR = 366 * 86400
CHANGES = [
    ["list", "add", "192.0.2.8", "--why", "x"], ["delist", "192.0.2.9", "--why", "x"],
    ["retest", "192.0.2.9"], ["nominate", "192.0.2.9", "--reason", "x"],
    ["permit", "add", "192.0.2.9", "--consent", "owner", "--by", "x"],
    ["permit", "remove", "192.0.2.0/24"], ["exclude", "add", "192.0.2.9", "--why", "x"],
    ["test", "192.0.2.9", "--port", "9"], ["scan", "192.0.2.9", "--port", "9"],
    ["expire"], ["keys", "rotate"],
]


def change(box, file, *statements):
    with sqlite3.connect(box.state / file) as db:
        for one in statements:
            db.execute(one)
    db.close()
    box.own()


def known(box, seconds_from_now):
    change(box, "portreeve.db", f"UPDATE heartbeat SET time_s = {int(time.time()) + seconds_from_now}")


def rows(box):
    counts = {}
    for file, tables in (("portreeve.db", ("tests", "evidence", "journal", "listings", "permits")),
                         ("returns/returns.db", ("returns", "requests"))):
        db = sqlite3.connect(box.state / file)
        for table in tables:
            counts[table] = db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        db.close()
    return counts


def furnish(box):
    box.age("192.0.2.9")
    box.run("permit", "add", "192.0.2.0/24", "--consent", "range", "--by", "x")
    box.run("list", "add", "192.0.2.9", "--why", "x")
    box.run("list", "add", "192.0.2.10", "--why", "x")
    box.run("delist", "192.0.2.10", "--why", "x")


def refuses(box):
    before = rows(box)
    for words in CHANGES:
        done = box.run(*words, code=75)
        assert 'run "portreeve clock accept"' in done.stderr, (words, done.stderr)
        assert len(done.stderr.splitlines()) == 1, (words, done.stderr)
    assert rows(box) == before
    for words in (["list"], ["list", "journal"], ["permit", "list"], ["list", "tests"]):
        box.run(*words)


def test_two_years_ahead(box):
    furnish(box)
    known(box, -2 * YEAR)
    [found] = box.objects("clock", code=1)
    assert found["state"] == "ahead" and found["recorded"]
    refuses(box)
    assert "accepted" in box.run("clock", "accept").stdout
    assert box.objects("clock")[0]["state"] == "steady"
    box.run("expire")
    box.run("list", "add", "192.0.2.8", "--why", "x")


def test_a_year_back(box):
    furnish(box)
    known(box, YEAR)
    assert box.objects("clock", code=1)[0]["state"] == "behind"
    refuses(box)
    box.run("clock", "accept")
    box.run("list", "add", "192.0.2.8", "--why", "x")


def test_a_database_without_a_heartbeat(box):
    furnish(box)
    change(box, "portreeve.db", "DELETE FROM heartbeat",
           f"UPDATE journal SET time_s = time_s - {2 * YEAR}",
           f"UPDATE tests SET created_s = {int(time.time()) - 2 * YEAR}")
    [found] = box.objects("clock", code=1)
    assert found["state"] == "ahead" and not found["recorded"]
    refuses(box)


def test_how_far_is_the_operators(box):
    furnish(box)
    known(box, -8 * 86400)
    assert box.objects("clock", code=1)[0]["jump_max"] == 7 * 86400
    with box.config.open("a") as config:
        config.write('store { clock_jump_max = "30d" }\n')
    assert box.objects("clock")[0]["state"] == "steady"
    box.run("list", "add", "192.0.2.8", "--why", "x")
    assert time.time() - 60 < sqlite3.connect(box.state / "portreeve.db").execute(
        "SELECT time_s FROM heartbeat").fetchone()[0]


def test_a_start_two_years_ahead(box, supervisor):
    """The roles start, say it, remove nothing and lease nothing; and go on once it is right."""
    furnish(box)
    box.run("delist", "192.0.2.9", "--why", "x")
    box.permit("127.0.0.9/32", "owner")
    box.run("nominate", "127.0.0.9", "--reason", "x")
    before = rows(box)
    known(box, -2 * YEAR)
    run = supervisor()
    run.wait_log("supervisor ready")
    run.wait_log("clock-jumped", times=2)                # tester and collector
    run.wait_log("portreeve: run: the clock says")
    assert rows(box) == before
    queued = [one for one in box.objects("list", "tests", "127.0.0.9")]
    assert queued and all(one["state"] == "queued" for one in queued)
    box.run("clock", "accept")
    wait_until(lambda: any(one["state"] == "done" for one in
                           box.objects("list", "tests", "127.0.0.9")), "the tests to go on")
    assert run.stop() == 0
    assert run.log().count("lease-failed") <= 1


def test_a_jump_under_running_roles(box, supervisor):
    """The tester sees it. (The collector, which cannot write the row, goes by its own memory.)"""
    furnish(box)
    run = supervisor()
    run.wait_log("supervisor ready")
    known(box, -2 * YEAR)
    run.wait_log("tester clock-jumped")
    refuses(box)
    box.run("clock", "accept")
    run.wait_log("tester clock-steady")
    assert run.stop() == 0


def test_times_from_the_future(box):
    """Counts as now, and grows older from there."""
    box.permit("192.0.2.0/24")
    box.run("nominate", "192.0.2.9", "--reason", "x")
    ahead = int(time.time()) + 2 * YEAR
    change(box, "portreeve.db",
           f"UPDATE tests SET state = 3, verdict = 2, created_s = {ahead}, finished_s = {ahead}")
    shown = box.run("nominate", "192.0.2.9", "--reason", "x", code=None)
    assert "tested at" in shown.stdout + shown.stderr
    box.configure(tester='interval = "1s"')
    wait_until(lambda: "queued" in box.run("nominate", "192.0.2.9", "--reason", "x",
                                           code=None).stdout, "the interval to pass")


# The wall clock of a process and its children, ahead by what a file says at any time.
AHEAD = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
static const volatile long *ahead;
static int (*next)(clockid_t, struct timespec *);
__attribute__((constructor)) static void begin(void)
{
	int fd = open(getenv("AHEAD"), O_RDONLY);
	ahead = mmap(NULL, sizeof(*ahead), PROT_READ, MAP_SHARED, fd, 0);
	next = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
}
int clock_gettime(clockid_t id, struct timespec *ts)
{
	int rc = next(id, ts);
	if (id == CLOCK_REALTIME)
		ts->tv_sec += *ahead;
	return rc;
}
"""


@pytest.mark.skipif(not shutil.which("cc") or b"libasan" in BINARY.read_bytes(),
                    reason="takes a compiler, and a program whose library may come second")
def test_steps_that_are_no_jump_add_up(box, supervisor):
    """A clock that is set ahead time and again, each time by less than a jump, deletes nothing."""
    library, ahead = box.directory / "ahead.so", box.directory / "ahead"
    subprocess.run(["cc", "-shared", "-fPIC", "-x", "c", "-", "-o", library, "-ldl"], check=True,
                   input=AHEAD, text=True)
    ahead.write_bytes(struct.pack("l", 0))
    box.configure(general='roles = {"tester", "collector"}')
    box.run("list", "add", "192.0.2.9", "--why", "x")
    environment = {"LD_PRELOAD": str(library), "AHEAD": str(ahead)}
    run = supervisor(environment)
    run.wait_log("supervisor ready")
    began = int(time.time())

    def heartbeat():
        db = sqlite3.connect(box.state / "portreeve.db")
        try:
            return db.execute("SELECT time_s FROM heartbeat").fetchone()[0] - began
        finally:
            db.close()

    def set_ahead(days):
        with ahead.open("r+b") as file:
            file.write(struct.pack("l", days * 86400))

    set_ahead(6)
    wait_until(lambda: heartbeat() > 5 * 86400, "a step that is believed")
    set_ahead(12)
    run.wait_log("error tester clock-jumped")
    run.wait_log("error collector clock-jumped")
    assert "set time and again" in run.log() and heartbeat() < 7 * 86400
    subprocess.run([BINARY, "clock", "accept", "-c", box.config, "--state", box.state], check=True,
                   env={**os.environ, **environment}, cwd=box.directory)
    run.wait_log("info tester clock-steady")
    run.wait_log("info collector clock-steady")
    assert heartbeat() > 11 * 86400
