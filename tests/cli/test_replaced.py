# SPDX-License-Identifier: ISC
"""A database that is replaced under running roles, or restored from a backup, is noticed: DNS serves
the new one, what is acknowledged is in it, and no serial goes back."""

import contextlib
import os
import re
import shutil
import signal
import smtplib
import sqlite3

import dns.message
import dns.query
import pytest
from conftest import DOCUMENTATION, wait_until

ZONE = "relays.portreeve.test"
CLIENT = "127.0.0.9"       # 127.0.0.1 is a test entry, and never listed
FIRST, SECOND, THIRD = "192.0.2.1", "192.0.2.2", "192.0.2.3"


def ask(box, name, rdtype):
    query = dns.message.make_query(name, rdtype)
    try:
        return dns.query.udp(query, "127.0.0.1", port=box.dns, timeout=2)
    except (dns.exception.Timeout, OSError):
        return None


def listed(box, address):
    """None while nobody answers."""
    answer = ask(box, ".".join(address.split(".")[::-1]) + "." + ZONE, "A")
    return None if answer is None or answer.rcode() not in (0, 3) else bool(answer.answer)


def serial(box):
    answer = ask(box, ZONE, "SOA")
    return answer.answer[0][0].serial if answer and answer.answer else None


def add(box, address):
    box.run("list", "add", address, "--why", "by hand")


def in_dns(box, yes, no=()):
    def so():
        return all(listed(box, address) for address in yes) and \
            all(listed(box, address) is False for address in no)
    wait_until(so, f"{yes} and not {no} in DNS")


class Follower:
    """Asks for the serial as a secondary does: it never goes back."""

    def __init__(self, box):
        self.box, self.highest = box, 0

    def look(self):
        now = serial(self.box)
        if now is not None:
            assert now >= self.highest, "the serial went back"
            self.highest = now
        return now


@pytest.fixture(name="running")
def make_running(box, supervisor):
    """Roles on a list with FIRST; a backup of that; then SECOND is listed, too."""
    add(box, FIRST)
    box.run("backup", "copy.db")
    run = supervisor()
    run.wait_log("supervisor ready")
    add(box, SECOND)
    in_dns(box, [FIRST, SECOND])
    return run


def own(box, path):
    owner = box.state.stat()
    os.chown(path, owner.st_uid, owner.st_gid)


def by_mv(box):
    copy = box.state / "restored"
    shutil.copyfile(box.directory / "copy.db", copy)
    own(box, copy)
    copy.rename(box.state / "portreeve.db")


def by_cp(box):
    shutil.copyfile(box.directory / "copy.db", box.state / "portreeve.db")


def by_rm_and_cp(box):
    (box.state / "portreeve.db").unlink()
    by_cp(box)
    own(box, box.state / "portreeve.db")


def by_restore(box):
    """sqlite3's .restore: the backup interface of SQLite into the open database."""
    copy = sqlite3.connect(box.directory / "copy.db")
    there = sqlite3.connect(box.state / "portreeve.db", timeout=30)
    copy.backup(there)
    there.close()
    copy.close()


RESTORES = [by_mv, by_cp, by_rm_and_cp, by_restore]


@pytest.mark.parametrize("restore", RESTORES, ids=lambda how: how.__name__)
def test_restored_under_running_roles(box, running, restore):
    follower = Follower(box)
    highest = follower.look()
    restore(box)

    def back():
        follower.look()
        return listed(box, FIRST) and listed(box, SECOND) is False
    wait_until(back, "the restored list in DNS")
    wait_until(lambda: follower.look() is not None and follower.highest > highest,
               "a serial above the highest")
    # Restored through SQLite, all but the serial is in order: who looks first has it raised.
    running.wait_log("store-replaced", times=1 if restore is by_restore else 2)
    [row] = [row for row in box.objects("list", "journal") if row["action"] == "restore"]
    assert row["serial"] == highest + 1
    # All of it works on, in the database that is there.
    add(box, THIRD)
    in_dns(box, [FIRST, THIRD], [SECOND])
    assert follower.look() > highest + 1
    assert set(running.roles()) == {"tester", "collector", "dnsbl"}
    check = sqlite3.connect(box.state / "portreeve.db").execute("PRAGMA integrity_check")
    assert check.fetchall() == [("ok",)]
    assert "restart-ms" not in running.log()        # no back-off
    assert running.stop() == 0


@pytest.mark.parametrize("restore", RESTORES, ids=lambda how: how.__name__)
def test_restored_while_all_stand_still(box, running, supervisor, restore):
    highest = serial(box)
    running.process.kill()                  # so that the -wal file has what is not in the list
    running.process.wait()
    wait_until(lambda: not running.roles(), "the end of all roles")
    restore(box)
    run = supervisor()
    run.wait_log("supervisor ready")
    in_dns(box, [FIRST], [SECOND])
    assert serial(box) == highest + 1
    assert run.stop() == 0


def test_another_database(box, running):
    """With a higher serial than ours, but not ours."""
    other = box.directory / "other"
    for i in range(20):
        box.run("list", "add", f"198.51.100.{i}", "--why", "elsewhere", "--state", other)
    before = serial(box)
    box.run("backup", "other.db", "--state", other)
    shutil.move(box.directory / "other.db", box.directory / "copy.db")
    by_mv(box)
    in_dns(box, ["198.51.100.7"], [FIRST, SECOND])
    assert serial(box) > before
    running.wait_log("store-replaced")
    add(box, THIRD)
    in_dns(box, ["198.51.100.7", THIRD])


# The steps of the schema after the third, taken back.
TO_SCHEMA_3 = """
    DROP INDEX listings_seen;
    ALTER TABLE listings DROP COLUMN seen_as;
    ALTER TABLE listings DROP COLUMN known_as;
    ALTER TABLE tests DROP COLUMN cause;
    ALTER TABLE tests DROP COLUMN message_id;
    ALTER TABLE tests DROP COLUMN again_message_id;
    DROP TABLE listed_ranges;
    ALTER TABLE tests DROP COLUMN holder;
    ALTER TABLE tests DROP COLUMN why;
    ALTER TABLE tests DROP COLUMN fruitless;
    ALTER TABLE tests DROP COLUMN rounds;
    ALTER TABLE results RENAME COLUMN refusal TO refused;
    DROP INDEX listings_word;
    DROP TABLE heartbeat;
    DROP TABLE meta;
    PRAGMA user_version = 3;
"""


def test_an_older_schema_is_restored(box, running):
    with contextlib.closing(sqlite3.connect(box.directory / "copy.db")) as copy:
        assert copy.execute("PRAGMA user_version").fetchone() == (12,)
        copy.executescript(TO_SCHEMA_3)
    by_mv(box)
    in_dns(box, [FIRST], [SECOND])
    running.wait_log("store-replaced")
    with contextlib.closing(sqlite3.connect(box.state / "portreeve.db")) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (12,)
    add(box, THIRD)
    in_dns(box, [FIRST, THIRD])


def garbage(path):
    path.write_bytes(b"no database" * 10000)


def newer(path):
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 99")


def foreign(path):
    path.unlink()
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE x (y)")


def short(path):
    os.truncate(path, 3 * 4096)


def without_list(path):
    """It opens, and its list cannot be read."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        page = db.execute("SELECT rootpage FROM sqlite_schema"
                          " WHERE name = 'listings'").fetchone()[0]
        size = db.execute("PRAGMA page_size").fetchone()[0]
    with path.open("r+b") as raw:
        raw.seek((page - 1) * size)
        raw.write(b"x" * size)


@pytest.mark.parametrize("spoil, place", [
    (garbage, by_mv), (foreign, by_mv), (newer, by_cp), (short, by_cp), (without_list, by_mv),
    (without_list, by_cp)], ids=lambda how: how.__name__)
def test_what_cannot_be_opened(box, running, spoil, place):
    """DNS serves what it has read until there is a database again, and the log says why."""
    good = box.directory / "good.db"
    shutil.copyfile(box.directory / "copy.db", good)
    spoil(box.directory / "copy.db")
    follower = Follower(box)
    highest = follower.look()
    place(box)
    running.wait_log("error dnsbl store-replaced")
    running.wait_log("portreeve: run: ")
    running.wait_log("portreeve: run: ", times=3)
    assert listed(box, FIRST) and listed(box, SECOND)
    assert follower.look() == highest
    box.configure(dnsbl="rrl_rate = 0")
    running.process.send_signal(signal.SIGHUP)
    running.wait_log("supervisor reloaded")
    assert listed(box, FIRST) and listed(box, SECOND)
    good.rename(box.directory / "copy.db")
    by_mv(box)
    in_dns(box, [FIRST], [SECOND])
    wait_until(lambda: set(running.roles()) == {"tester", "collector", "dnsbl"}, "all roles")
    add(box, THIRD)
    in_dns(box, [FIRST, THIRD], [SECOND])
    assert follower.look() > highest
    assert running.stop() == 0


def test_taken_away(box, running):
    """DNS serves the last state, and says that it does; nothing new is made in its place."""
    kept = box.directory / "kept"
    (box.state / "portreeve.db").rename(kept)
    running.wait_log("store-gone", times=2)
    assert listed(box, FIRST) and listed(box, SECOND)
    assert not (box.state / "portreeve.db").exists()
    kept.rename(box.state / "portreeve.db")
    running.wait_log("store-there-again", times=2)
    add(box, THIRD)
    in_dns(box, [FIRST, SECOND, THIRD])


def say(box, rcpt):
    with smtplib.SMTP("127.0.0.1", box.smtp, timeout=10, source_address=(CLIENT, 0)) as session:
        for step in (lambda: session.ehlo("client.example"), lambda: session.mail("<>"),
                     lambda: session.rcpt(rcpt)):
            code, text = step()
            if code != 250:
                return code
        return session.data("Subject: x\r\n\r\nx\r\n")[0]


def is_taken(box):
    try:
        code = say(box, "retest@collector.portreeve.test")
    except (OSError, smtplib.SMTPException):
        return False
    # 421: the collector stops, to start again on the file that is there now.
    assert code in (250, 421, 451), code
    return code == 250


def requests(path):
    db = sqlite3.connect(path)
    try:
        return db.execute("SELECT count(*) FROM requests").fetchone()[0]
    finally:
        db.close()


def test_collector_acknowledges_what_is_there(box, supervisor):
    """A mail that was answered 250 is in the database at the place, however often that changes."""
    box.configure(general='roles = {"collector", "dnsbl"}',
                  collector="retest_interval = 0s\n  rate = 10000",
                  special=f'{DOCUMENTATION}, "{CLIENT}"')
    add(box, CLIENT)
    run = supervisor()
    run.wait_log("supervisor ready")
    returns = box.state / "returns" / "returns.db"
    for turn in range(5):
        box.run("backup", f"{turn}.db")
        fresh = box.state / "returns" / "fresh"
        shutil.copyfile(box.directory / f"{turn}.db.returns", fresh)
        own(box, fresh)
        before = requests(fresh)
        fresh.rename(returns)
        # The very next one goes into the file that has no name any more, or to a role anew.
        wait_until(lambda: is_taken(box), "250")
        run.wait_log("store-replaced", times=turn + 1)
        wait_until(lambda: "collector" in run.roles(), "the collector")
        assert requests(returns) == before + 1


def test_returns_that_were_replaced_are_read(box, supervisor):
    """The tester's cursor counts in the returns that were there before."""
    box.configure(general='roles = {"tester", "dnsbl"}')
    add(box, FIRST)
    empty = box.directory / "empty.db"
    box.run("backup", empty)
    with sqlite3.connect(box.state / "returns" / "returns.db") as returns:
        returns.executemany("INSERT INTO requests (address, reply_to, time_s) VALUES (?, '', 1)",
                            [(b"\4\xc6\x33\x64\1",)] * 5)
    returns.close()
    box.own()
    run = supervisor()
    run.wait_log("retest-asked", times=5)
    fresh = box.state / "returns" / "fresh"
    shutil.copyfile(f"{empty}.returns", fresh)
    with sqlite3.connect(fresh) as returns:
        returns.execute("INSERT INTO requests (address, reply_to, time_s) VALUES (?, '', 1)",
                        (b"\4\xc0\0\2\1",))
    returns.close()
    own(box, fresh)
    fresh.rename(box.state / "returns" / "returns.db")
    run.wait_log("store-replaced")
    run.wait_log(f"retest-asked address={FIRST}")
    assert re.search(rf"retest-asked address={FIRST} queued=1 ", run.log())
