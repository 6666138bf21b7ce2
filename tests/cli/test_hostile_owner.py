# SPDX-License-Identifier: ISC
"""The owner of the state directory is hostile: a role was taken over, and what it could plant waits
for root. Each trap stands in a state directory of another user; root calls each command that
comes to it; afterwards what root owns is as it was, and nothing of root's was made."""

import fcntl
import os
import re
import select
import shutil
import sqlite3
import stat
import struct
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from conftest import BINARY, TOP, Box
from test_trace import MESSAGE, OWN

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root has rights to lose")

OWNER = 65534
CAMPAIGN = os.environ.get("CAMPAIGN") == "yes"
HELP = subprocess.run([BINARY, "--help"], capture_output=True, text=True, check=True).stdout
COMMANDS = sorted(re.findall(r"^  (\w+)  ", HELP, re.M))

# Every command of the table has a row: how it is called, so that it comes to the state directory.
CALLS = {
    "nominate": [["192.0.2.1", "--reason", "x"]],
    "permit": [["list"], ["add", "192.0.2.1", "--consent", "range", "--by", "x"],
               ["remove", "192.0.2.1"]],
    "user": [["list"], ["add", "ann", "--generate"], ["passwd", "ann", "--generate"], ["lock", "ann"],
             ["alias", "ann", "add", "a@b.test"], ["remove", "ann"]],
    "queue": [["list"], ["show", "x"], ["drop", "--all"]],
    "exclude": [["list"], ["add", "192.0.2.1", "--why", "x"], ["remove", "192.0.2.1"]],
    "test": [["192.0.2.1"]],
    "scan": [["192.0.2.1"]],
    "list": [["listings"], ["listings", "--undecided"], ["tests"], ["returns"], ["outputs"], ["journal"], ["nominations"],
             ["add", "192.0.2.1", "--why", "x"], ["agree", "192.0.2.1"]],
    "retest": [["192.0.2.1"]],
    "delist": [["192.0.2.1", "--why", "x"]],
    "evidence": [["show", "192.0.2.1"], ["show", "message"], ["export", "192.0.2.1", "bundle"], ["verify", "message"]],
    "trace": [["--nominate", *OWN, "message"]],
    "report": [["list"], ["show", "aaaaaaaa"], ["send", "aaaaaaaa"], ["close", "aaaaaaaa"],
               ["bounce", "message"], ["contact", "8.8.8.8"],
               [*OWN, "--dry-run", "--to", "a@example.net", "message"]],
    "backup": [["copy"]],
    "expire": [["--dry-run"], []],
    "clock": [[], ["accept"]],
    "status": [[]],
    "top": [["--once"]],
    "doctor": [[]],
    "keys": [["list"], ["rotate"], ["export", "public"], ["export"]],
    "run": [[]],
    # These have nothing to do with it.
    "check": [], "config": [], "use": [], "explain": [], "witness": [], "audit": [], "gate": [],
    "sendmail": [],
}


class Trap(Box):
    """A state directory of another user, and next to it what is root's."""

    def __init__(self, directory):
        super().__init__(directory)
        self.configure(general='user = "nobody"\nroles = {"dnsbl"}\nhostname = "probe.example"')
        self.work = directory / "work"
        self.treasure = directory / "treasure"
        for path in (self.work, self.treasure):
            path.mkdir(mode=0o755)
        (self.work / "message").write_text(MESSAGE)
        self.victim = self.treasure / "victim"
        self.victim.write_text("root's own\n")
        self.victim.chmod(0o600)
        secret = sqlite3.connect(self.treasure / "secret.db")
        secret.execute("CREATE TABLE secret (word)")
        secret.execute("INSERT INTO secret VALUES ('root alone reads this')")
        secret.commit()
        secret.close()
        (self.treasure / "secret.db").chmod(0o600)
        self.call("keys", "rotate")
        self.call("list", "add", "198.51.100.9", "--why", "listed before")
        assert self.state.stat().st_uid == OWNER
        self.pristine = directory / "pristine"
        shutil.copytree(self.state, self.pristine)

    def renew(self):
        """The state as it was before anything was planted."""
        shutil.rmtree(self.state)
        shutil.copytree(self.pristine, self.state)
        for path in [self.state, *self.state.rglob("*")]:
            os.chown(path, OWNER, OWNER)

    def call(self, command, *rest, timeout=60):
        return subprocess.run(
            [BINARY, command, "-c", self.config, "--state", self.state, *rest], check=False,
            capture_output=True, text=True, timeout=timeout, cwd=self.work,
            stdin=subprocess.DEVNULL)

    def roots(self):
        """All that is root's: its bytes and its marks."""
        found = {}
        for path in sorted(self.directory.rglob("*")):
            if self.work in path.parents or path.lstat().st_uid == OWNER:
                continue
            mark = path.lstat()
            found[str(path)] = (mark.st_mode, mark.st_uid, mark.st_gid, mark.st_nlink,
                                path.read_bytes() if stat.S_ISREG(mark.st_mode) else None)
        return found

    def place(self, name):
        return self.state / name

    def clear(self, name):
        path = self.place(name)
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.is_symlink() or path.exists():
            path.unlink()
        return path

    def link(self, name, target):
        self.clear(name).symlink_to(target)
        os.lchown(self.place(name), OWNER, OWNER)

    def give(self, path, data, mode=0o644):
        path.write_bytes(data)
        path.chmod(mode)
        os.chown(path, OWNER, OWNER)


def journal_header(pages, page_size, nonce):
    magic = bytes.fromhex("d9d505f920a163d7")
    return (magic + struct.pack(">IIIII", 0, nonce, pages, 512, page_size)).ljust(512, b"\0")


def hot_journal(database, victim):
    """A database in rollback mode with a hot journal that names the victim as its super-journal:
    who rolls it back deletes that file (https://www.sqlite.org/fileformat2.html, 3)."""
    data = bytearray(database.read_bytes())
    data[18:20] = b"\1\1"
    name = str(victim).encode()
    check = sum(byte - 256 if byte > 127 else byte for byte in name) & 0xffffffff
    page_size = struct.unpack(">H", data[16:18])[0]
    lock_page = 0x40000000 // page_size + 1
    trailer = struct.pack(">I", lock_page) + name + struct.pack(">II", len(name), check) + \
        bytes.fromhex("d9d505f920a163d7")
    return bytes(data), journal_header(0, len(data) // page_size, 1) + trailer


def plant_journal(trap, database):
    path = trap.place(database)
    for tail in ("-wal", "-shm"):
        trap.clear(database + tail)
    data, journal = hot_journal(path, trap.victim)
    trap.give(path, data)
    trap.give(trap.place(database + "-journal"), journal)


def plant_fifo(trap, name):
    os.mkfifo(trap.clear(name), 0o666)
    os.chown(trap.place(name), OWNER, OWNER)


TRAPS = {
    "journal-list": lambda trap: plant_journal(trap, "portreeve.db"),
    "journal-returns": lambda trap: plant_journal(trap, "returns/returns.db"),
    "journal-accounts": lambda trap: plant_journal(trap, "accounts.db"),
    "accounts-link": lambda trap: trap.link("accounts.db", trap.treasure / "secret.db"),
    "accounts-wal-link": lambda trap: trap.link("accounts.db-wal", trap.victim),
    "accounts-fifo": lambda trap: plant_fifo(trap, "accounts.db"),
    "returns-link": lambda trap: trap.link("returns", trap.treasure),
    "keys-link": lambda trap: trap.link("keys", trap.treasure),
    "tokens-link": lambda trap: trap.link("keys/tokens", trap.treasure),
    "public-link": lambda trap: trap.link("keys/evidence.pub", trap.victim),
    "mail-link": lambda trap: trap.link("mail", trap.treasure),
    "database-link": lambda trap: trap.link("portreeve.db", trap.treasure / "secret.db"),
    "database-passwd": lambda trap: trap.link("portreeve.db", "/etc/passwd"),
    "database-dangling": lambda trap: trap.link("portreeve.db", trap.treasure / "new.db"),
    "returns-database-link": lambda trap: trap.link("returns/returns.db",
                                                    trap.treasure / "secret.db"),
    "wal-link": lambda trap: trap.link("portreeve.db-wal", trap.victim),
    "wal-dangling": lambda trap: trap.link("portreeve.db-wal", trap.treasure / "new-wal"),
    "shm-link": lambda trap: trap.link("portreeve.db-shm", trap.victim),
    "shm-dangling": lambda trap: trap.link("portreeve.db-shm", trap.treasure / "new-shm"),
    "database-fifo": lambda trap: plant_fifo(trap, "portreeve.db"),
    "returns-fifo": lambda trap: plant_fifo(trap, "returns/returns.db"),
    "wal-fifo": lambda trap: plant_fifo(trap, "portreeve.db-wal"),
    "shm-fifo": lambda trap: plant_fifo(trap, "portreeve.db-shm"),
    "keys-fifo": lambda trap: plant_fifo(trap, "keys/tokens/token.keys"),
    "public-fifo": lambda trap: plant_fifo(trap, "keys/evidence.pub"),
    "serial-link": lambda trap: trap.link("serial", trap.victim),
    "status-link": lambda trap: trap.link("status.json", trap.victim),
    "status-fifo": lambda trap: plant_fifo(trap, "status.json"),
    "status-new-link": lambda trap: trap.link("status.json.new", trap.victim),
    "serial-fifo": lambda trap: plant_fifo(trap, "serial"),
}


@pytest.fixture(name="trap")
def make_trap():
    directory = Path(tempfile.mkdtemp(prefix="portreeve-owner-"))
    directory.chmod(0o755)
    yield Trap(directory)
    shutil.rmtree(directory)


def test_every_command_has_a_row():
    assert sorted(CALLS) == COMMANDS


def started(trap, call):
    """`run` does not end by itself: it is stopped when it is ready or has given up."""
    process = subprocess.Popen([BINARY, "run", "-c", trap.config, "--state", trap.state, *call],
                               stderr=subprocess.PIPE, cwd=trap.work)
    said, end = b"", time.monotonic() + 60
    while not any(word in said for word in (b" ready roles=", b"role-died", b"cannot")):
        assert time.monotonic() < end, said
        if select.select([process.stderr], [], [], 0.1)[0]:
            chunk = os.read(process.stderr.fileno(), 65536)
            said += chunk
            if not chunk:
                break
    process.terminate()
    return (said + (process.communicate(timeout=60)[1] or b"")).decode(errors="replace")


# They read and write what no other command does: always all of their calls.
ALONE = ("keys", "evidence")
TURNS = 3


def calls_at(name):
    """Each command with each trap; by a third of its calls in turn, where it has several, so that traps
    that follow each other, which are of one kind, meet all of them. With CAMPAIGN=yes by all."""
    turn = list(TRAPS).index(name)
    for command, calls in CALLS.items():
        turns = 1 if CAMPAIGN or command in ALONE else min(TURNS, max(1, len(calls)))
        yield from ((command, call) for n, call in enumerate(calls) if (n - turn) % turns == 0)


def test_every_call_meets_traps():
    met = [(command, tuple(call)) for name in TRAPS for command, call in calls_at(name)]
    for command, calls in CALLS.items():
        for call in calls:
            assert met.count((command, tuple(call))) >= len(TRAPS) // TURNS, (command, call)
    assert {command for command, _ in met} == {command for command in CALLS if CALLS[command]}


@pytest.mark.parametrize("name", TRAPS)
def test_root_touches_nothing(trap, name):
    before = trap.roots()
    assert str(trap.victim) in before
    for command, call in calls_at(name):
        trap.renew()
        TRAPS[name](trap)
        if command == "run":
            said = started(trap, call)
        else:
            done = trap.call(command, *call)
            said = done.stdout + done.stderr
        told = (command, call, said)
        assert trap.roots() == before, told
        assert "root alone reads this" not in said and "root's own" not in said, told
        assert "Sanitizer" not in said, told
    assert trap.victim.read_text() == "root's own\n"


@pytest.mark.parametrize("name", [".", "keys", "serial"])
def test_locks_are_not_waited_for(trap, name):
    """Who may open a file may lock it for ever."""
    held = os.open(trap.place(name), os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    calls = (["list"], ["list", "add", "192.0.2.1", "--why", "x"], ["keys", "rotate"])
    with ThreadPoolExecutor(len(calls)) as pool:        # each waits its 5 s, all at once
        for done in pool.map(lambda call: trap.call(*call), calls):
            assert done.returncode == 0 or "locked" in done.stderr, done
    os.close(held)


@pytest.mark.parametrize("call", [["list"], ["backup", "copy"], ["evidence", "show", "192.0.2.1"]],
                         ids=lambda call: call[0])
@pytest.mark.parametrize("name", ["database-link", "database-fifo", "returns-link"])
def test_what_is_planted_is_named(trap, name, call):
    TRAPS[name](trap)
    done = trap.call(*call)
    assert done.returncode >= 64
    assert len(done.stderr.splitlines()) == 1
    assert re.search(r"/state/(portreeve\.db|returns): expected a (regular file|directory)",
                     done.stderr)


def test_the_super_journal_is_real(trap):
    """The trap bites whom it is made for: another program that rolls it back as root."""
    plant_journal(trap, "portreeve.db")
    sqlite3.connect(trap.place("portreeve.db")).execute("SELECT count(*) FROM listings").fetchone()
    assert not trap.victim.exists()


def test_readers_change_nothing(trap):
    """Nothing is made, and no byte of the databases is changed."""
    def files():
        return {path: path.read_bytes() for path in trap.state.rglob("*")
                if path.is_file() and not path.name.endswith("-shm")}
    before = files()
    for command, calls in CALLS.items():
        for call in calls:
            if command in ("list", "permit", "exclude", "user") and len(call) == 1 or \
                    command in ("evidence", "backup") or call in (["--dry-run"], ["export"]):
                done = trap.call(command, *call)
                assert files() == before, (command, call, done.stderr)


def test_reader_after_a_kill(trap):
    """What a killed writer left in the -wal file is read, with and without its -shm file."""
    wal = trap.place("portreeve.db-wal")
    keeper = sqlite3.connect(trap.place("portreeve.db"))
    keeper.execute("SELECT 1 FROM listings").fetchone()
    trap.call("list", "add", "198.51.100.10", "--why", "in the -wal alone")
    left, database = wal.read_bytes(), trap.place("portreeve.db").read_bytes()
    keeper.close()
    assert left
    for tail in ("", "-wal", "-shm"):
        trap.clear("portreeve.db" + tail)
    trap.give(trap.place("portreeve.db"), database)
    trap.give(wal, left)
    assert "198.51.100.10" in trap.call("list").stdout
    assert "198.51.100.10" in trap.call("list").stdout


def test_output_is_the_callers(trap):
    for call, name, mode in ((["backup", "copy"], "copy", 0o600),
                             (["backup", "copy2"], "copy2.returns", 0o600),
                             (["backup", "copy3"], "copy3.accounts", 0o600),
                             (["keys", "export", "public"], "public", 0o644)):
        done = trap.call(*call)
        assert done.returncode == 0, done.stderr
        mark = (trap.work / name).stat()
        assert (mark.st_uid, stat.S_IMODE(mark.st_mode)) == (0, mode)
    assert sorted(path.name for path in trap.work.iterdir()) == \
        sorted([f"{copy}{kind}" for copy in ("copy", "copy2", "copy3")
                for kind in ("", ".returns", ".accounts")] + ["message", "public"])
    copy = sqlite3.connect(trap.work / "copy")
    assert copy.execute("SELECT count(*) FROM listings").fetchone() == (1,)


def test_output_follows_no_link(trap):
    """In a directory of the caller that a stranger may have linked from."""
    (trap.work / "copy").symlink_to(trap.victim)
    (trap.work / "public").symlink_to(trap.victim)
    done = trap.call("backup", "copy")
    assert done.returncode == 73 and "expected a file that does not exist" in done.stderr
    assert trap.call("keys", "export", "public").returncode == 73
    assert trap.call("keys", "export", "public", "--force").returncode == 0
    assert trap.victim.read_text() == "root's own\n"
    assert not (trap.work / "public").is_symlink()


def test_no_output_of_what_failed(trap):
    TRAPS["database-fifo"](trap)
    for call in (["backup", "copy"], ["evidence", "export", "192.0.2.1", "bundle"]):
        assert trap.call(*call).returncode >= 64
    assert [path.name for path in trap.work.iterdir()] == ["message"]


def as_user(uid, *words, cwd):
    return subprocess.run([BINARY, *words], check=False, capture_output=True, text=True,
                          timeout=60, user=uid, group=uid, extra_groups=[], cwd=cwd)


@pytest.mark.parametrize("call", [["list"], ["keys", "list"], ["keys", "rotate"], ["expire"],
                                  ["permit", "list"]], ids=" ".join)
def test_a_stranger_is_told(trap, call):
    done = as_user(12345, *call, "-c", trap.config, "--state", trap.state, cwd="/")
    assert done.returncode == 77, done.stderr
    assert "expected to be called by root or by its owner, user nobody" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_who_may_read_reads(trap):
    trap.state.chmod(0o755)
    for path in trap.state.rglob("*"):
        if path.name.startswith("returns") or path.name.startswith("portreeve.db"):
            path.chmod(0o755 if path.is_dir() else 0o644)
    words = ["-c", trap.config, "--state", trap.state]
    done = as_user(12345, "list", *words, cwd="/")
    assert done.returncode == 0 and "198.51.100.9" in done.stdout, done.stderr
    done = as_user(12345, "permit", "add", "192.0.2.1", "--consent", "range", "--by", "x", *words,
                   cwd="/")
    assert done.returncode == 77 and "expected to be called by root or by its owner" in done.stderr


def test_directories_above_are_closed(trap):
    """The owner needs no right to pass them, so none is kept."""
    trap.directory.chmod(0o700)
    for call in (["list"], ["list", "add", "192.0.2.1", "--why", "x"], ["backup", "copy"]):
        done = trap.call(*call)
        assert done.returncode == 0, done.stderr
    TRAPS["database-link"](trap)
    assert "expected a regular file" in trap.call("list").stderr


def test_root_as_the_service_manager_makes_it(trap):
    """The unit leaves root no right to pass or read what is another's: it needs none."""
    unit = (TOP / "dist" / "portreeve.service.in").read_text()
    rights = re.search(r"^CapabilityBoundingSet=(.*)$", unit, re.M)[1].lower().split()
    kept = ",".join("+" + right.removeprefix("cap_") for right in rights)
    trap.state.chmod(0o700)
    with subprocess.Popen(["setpriv", f"--bounding-set=-all,{kept}", "--no-new-privs", BINARY,
                           "run", "-c", trap.config, "--state", trap.state],
                          stderr=subprocess.PIPE, text=True, cwd=trap.work) as process:
        said = next((line for line in process.stderr if " ready roles=1" in line), None)
        process.terminate()
    assert said and process.returncode == 0


def test_who_called_is_written_down(trap):
    """Root, though it has become the owner by then."""
    trap.call("permit", "add", "127.0.0.9", "--consent", "range", "--by", "x")
    trap.call("test", "127.0.0.9", "--port", "9")
    done = trap.call("list", "tests", "127.0.0.9", "--json")
    assert '"who":"root"' in done.stdout and '"who":"nobody"' not in done.stdout, done


# ---- the way to it -----------------------------------------------------------------

def test_a_stranger_above(trap):
    """Who owns the directory above could put another one in its place."""
    above = trap.directory / "above"
    above.mkdir()
    os.rename(trap.state, above / "state")
    trap.state = above / "state"
    os.chown(above, 12345, 12345)
    for call in (["list"], ["list", "add", "192.0.2.1", "--why", "x"], ["keys", "list"]):
        done = trap.call(*call)
        assert done.returncode == 77 and "user id 12345" in done.stderr, done.stderr
    os.chown(above, OWNER, OWNER)
    assert trap.call("list").returncode == 0
    os.chown(above, 0, 0)
    above.chmod(0o777)
    assert trap.call("list").returncode == 77
    above.chmod(0o1777)
    assert trap.call("list").returncode == 0


def test_the_owner_leads_root_elsewhere(trap):
    """The owner puts a link to a directory of root's in the place of the state directory."""
    above = trap.directory / "above"
    above.mkdir()
    os.chown(above, OWNER, OWNER)
    trap.state = above / "state"
    trap.state.symlink_to(trap.treasure)
    os.lchown(trap.state, OWNER, OWNER)
    before = trap.roots()
    for command, calls in CALLS.items():
        for call in calls:
            done = trap.call(command, *call)
            refused = done.returncode >= 64 or command == "doctor" and done.returncode == 1
            assert trap.roots() == before and refused, (command, call, done)


def test_a_link_of_root_is_followed(trap):
    link = trap.directory / "link"
    link.symlink_to("state")
    trap.state = link
    assert trap.call("list").returncode == 0
    assert trap.call("list", "add", "192.0.2.1", "--why", "x").returncode == 0
    os.lchown(link, 12345, 12345)
    assert trap.call("list").returncode == 77


def test_made_only_where_root_may_trust(trap):
    above = trap.directory / "above"
    above.mkdir()
    os.chown(above, 12345, 12345)
    trap.state = above / "new" / "state"
    done = trap.call("list", "add", "192.0.2.1", "--why", "x")
    assert done.returncode == 77 and "user id 12345" in done.stderr
    assert not list(above.iterdir())


@pytest.mark.parametrize("name", ["portreeve.db", "accounts.db", "returns", "keys", "serial"])
def test_roots_directory_with_things_of_another(trap, name):
    """Root would stay root there: it opens nothing that another user can change."""
    for path in [trap.state, *trap.state.rglob("*")]:
        os.chown(path, 0, 0)
    assert trap.call("list").returncode == 0
    if not trap.place(name).exists():
        trap.place(name).write_text("0\n")
    os.chown(trap.place(name), OWNER, OWNER)
    for call in (["list"], ["list", "add", "192.0.2.1", "--why", "x"], ["keys", "list"]):
        done = trap.call(*call)
        assert done.returncode == 77 and f"expected that {name} is, too" in done.stderr
    os.chown(trap.place(name), 0, 0)
    trap.state.chmod(0o777)
    assert "others may write in it" in trap.call("list").stderr
