"""Wrong input, for every command: one line that names what, where and what was expected, on
stderr, and an exit code of 64 or above."""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from conftest import BINARY, Box

NEEDS_ADDRESS = ["retest", "nominate", "check"]
HELP = subprocess.run([BINARY, "--help"], capture_output=True, text=True, check=True).stdout
COMMANDS = sorted(set(re.findall(r"^  (\w+)  ", HELP, re.M)) - {"run"})     # it has its own tests
ADDRESS = '"{}": expected an IPv4 or IPv6 address'
RANGE = "expected an address or address/length with no host bits set"

ROWS = [
    # arguments, exit code, what the line must have in it
    (["nominate", "999.1", "--reason", "x"], 64, ADDRESS.format("999.1")),
    (["nominate", "192.0.2.0/24", "--reason", "x"], 64, ADDRESS.format("192.0.2.0/24")),
    (["nominate", "", "--reason", "x"], 64, ADDRESS.format("")),
    (["nominate", "192.0.2.1"], 64, "expected --reason TEXT"),
    (["nominate", "192.0.2.1", "--reason", ""], 64, "expected --reason TEXT"),
    (["nominate", "192.0.2.1", "--reason", "a\nb"], 64, '"a\\nb": expected a text without control'),
    (["nominate", "192.0.2.1", "--reason", "x" * 300], 64, "--reason: expected at most 255 bytes"),
    (["nominate", "192.0.2.1", "--reason", "x", "--by", ""], 64, "expected --by TEXT"),
    (["nominate", "192.0.2.1", "--reason", "x", "--message", "none.eml"], 66,
     "none.eml: expected a mail message: not found"),
    (["nominate", "192.0.2.1", "--reason", "x", "--message", "/dev/null"], 65,
     "/dev/null: expected a mail message, found nothing"),
    (["nominate", "192.0.2.1", "--reason", "x", "--message", "/dev/zero"], 65,
     "/dev/zero: expected a message of at most"),
    (["nominate", "192.0.2.1", "192.0.2.2", "--reason", "x"], 64,
     '"192.0.2.2": expected no more arguments'),

    (["permit"], 64, "expected add RANGE, remove RANGE or list"),
    (["permit", "grant", "192.0.2.1"], 64, '"grant": expected add RANGE, remove RANGE or list'),
    (["permit", "add"], 64, "add: expected one RANGE"),
    (["permit", "add", "192.0.2.1/24", "--consent", "range", "--by", "x"], 64, RANGE),
    (["permit", "add", "192.0.2.0/33", "--consent", "range", "--by", "x"], 64, RANGE),
    (["permit", "add", "192.0.2.0/24", "--by", "x"], 64, "expected --consent GROUND"),
    (["permit", "add", "192.0.2.0/24", "--consent", "none", "--by", "x"], 64,
     '"none": expected owner, contact, evidence or range'),
    (["permit", "add", "192.0.2.0/24", "--consent", "range"], 64, "expected --by WHO"),
    (["permit", "add", "192.0.2.0/24", "--consent", "range", "--by", "x", "--until", "soon"], 64,
     '"soon": expected a date as 2026-12-31'),
    (["permit", "add", "192.0.2.0/24", "--consent", "range", "--by", "x", "--until", "2001-01-01"],
     64, '"2001-01-01": expected a date in the future'),
    (["permit", "add", "0.0.0.0/0", "--consent", "range", "--by", "x"], 64,
     '"0.0.0.0/0": expected at most an IPv4 /8 or an IPv6 /16'),
    (["permit", "add", "192.0.2.0/24", "--consent", "evidence", "--by", "x"], 64,
     "expected a single address for this ground"),
    (["permit", "add", "192.0.2.1", "--consent", "evidence", "--by", "x"], 77,
     "tester.trusted_submitters"),
    (["permit", "remove", "192.0.2.0/24"], 66, "192.0.2.0/24: expected a permitted range"),

    (["exclude", "add", "192.0.2.1"], 64, "expected --why TEXT"),
    (["exclude", "add", "x", "--why", "y"], 64, RANGE),
    (["exclude", "remove", "192.0.2.1"], 66, "192.0.2.1: expected an excluded range"),
    (["exclude", "drop"], 64, '"drop": expected add RANGE'),

    (["queue"], 64, "expected list, show, hold, release, flush or drop"),
    (["queue", "frob"], 64, '"frob": expected list, show, hold'),
    (["queue", "list", "x"], 64, "list: expected options behind it"),
    (["queue", "show"], 64, "show: expected one ID"),
    (["queue", "show", "a", "b"], 64, "show: expected one ID"),
    (["queue", "show", "a", "--sender", "b@c.test"], 64, "show: an option of another word"),
    (["queue", "show", "a", "--text", "--headers"], 64, "show: expected one of --headers, --text"),
    (["queue", "show", "a", "--text", "--json"], 64, "show: expected one of --headers, --text"),
    (["queue", "list", "--text"], 64, "list: an option of another word"),
    (["queue", "list", "--all"], 64, "list: an option of another word"),
    (["queue", "drop"], 64, "drop: expected either IDs, filters, or --all"),
    (["queue", "drop", "--all", "--held"], 64, "drop: expected either IDs, filters, or --all"),
    (["queue", "hold", "x", "--domain", "y"], 64, "hold: expected either IDs, filters, or --all"),
    (["user"], 64, "expected add, passwd, list, lock, unlock, remove or alias"),
    (["user", "frob"], 64, '"frob": expected add, passwd, list'),
    (["user", "add"], 64, "add: expected one NAME"),
    (["user", "add", "a", "b"], 64, "add: expected one NAME"),
    (["user", "list", "x"], 64, "list: expected nothing behind it"),
    (["user", "alias", "ann", "add"], 64, "alias: expected NAME add ADDRESS"),
    (["user", "alias", "ann", "give", "a@b.test"], 64, '"give": expected add ADDRESS or remove'),
    (["user", "alias", "ann", "add", "a@b@c"], 64, '"a@b@c": expected an ADDRESS'),
    (["user", "add", "a b", "--generate"], 64, '"a b": expected a NAME'),
    (["user", "add", "../x", "--generate"], 64, '"../x": expected a NAME'),
    (["user", "add", "a%b@c.test", "--generate"], 64, '"a%b@c.test": expected a NAME'),
    (["user", "add", "\x1b[2J", "--generate"], 64, '"\\x1b[2J": expected a NAME'),
    (["user", "add", "ann", "--address", "ann"], 64, '"ann": expected an ADDRESS'),
    (["user", "add", "ann", "--address", '"a b"@c.test'], 64, "expected an ADDRESS"),
    (["user", "add", "ann", "--address", "a@[192.0.2.1]"], 64, "expected an ADDRESS"),
    (["user", "add", "ann", "--address", "a@b.test>"], 64, "expected an ADDRESS"),
    (["user", "add", "ann", "--uid", "no-such-user"], 64, "expected a user of this machine"),
    (["user", "add", "ann", "--uid", "4294967295"], 64, "expected a user of this machine"),
    (["user", "add", "ann", "--no-password", "--scram"], 64, "expected --no-password without"),
    (["user", "lock", "ann", "--scram"], 64, "lock: an option of another word"),
    (["user", "passwd", "ann", "--uid", "0"], 64, "passwd: an option of another word"),
    (["user", "lock", "ann"], 66, 'no account has the name "ann"'),
    (["user", "remove", "ann"], 66, 'no account has the name "ann"'),

    (["list", "everything"], 64, '"everything": expected listings, tests, returns'),
    (["list", "tests", "999.1"], 64, '"999.1": expected an address or address/length'),
    (["list", "tests", "--limit", "0"], 64, '"0": expected a number from 1 to 1000000'),
    (["list", "add", "192.0.2.1"], 64, "expected --why TEXT"),
    (["list", "add"], 64, "add: expected one ADDRESS or RANGE"),
    (["list", "agree"], 64, "agree: expected one ADDRESS;"),
    (["list", "add", "192.0.2.7/24", "--why", "x"], 64,
     f'"192.0.2.7/24": {RANGE}, as 192.0.2.0/24'),
    (["list", "add", "2001:db8::7/64", "--why", "x"], 64, f"{RANGE}, as 2001:db8::/64"),
    (["list", "add", "192.0.2.0-192.0.2.255", "--why", "x"], 64, "expected an address or"),
    (["list", "add", "192.0.2.0/255.255.255.0", "--why", "x"], 64, "expected an address or"),
    (["list", "add", "192.0.2.0/33", "--why", "x"], 64, "expected an address or"),
    (["list", "add", "192.0.2/24", "--why", "x"], 64, "expected an address or"),
    (["list", "add", "192.0.2.0/", "--why", "x"], 64, "expected an address or"),
    (["list", "add", "192.0.2.0/24"], 64, "expected --why TEXT"),
    (["list", "add", "0.0.0.0/0", "--why", "x"], 77, "0.0.0.0/0: may not be published: wider than"),
    (["list", "add", "::/0", "--why", "x"], 77, "::/0: may not be published: wider than"),
    (["delist", "999.1"], 64, '"999.1": expected an address or address/length'),
    (["delist", "192.0.2.7/24", "--why", "x"], 64, f"{RANGE}, as 192.0.2.0/24"),
    (["delist", "192.0.2.0/24", "--why", "x"], 66, "192.0.2.0/24: not listed as a range;"),
    (["permit", "add", "192.0.2.7/24", "--consent", "range"], 64,
     f"{RANGE}, as 192.0.2.0/24"),
    (["exclude", "add", "192.0.2.7/24", "--why", "x"], 64, f"{RANGE}, as 192.0.2.0/24"),
    (["list", "agree", "192.0.2.1"], 66, "192.0.2.1: expected an output"),
    (["retest", "192.0.2.1"], 66, "192.0.2.1: expected a listed address"),
    (["delist", "192.0.2.1"], 64, "expected --why TEXT"),
    (["delist", "192.0.2.1", "--why", "x"], 66, "192.0.2.1: expected a listed address"),

    (["evidence", "show"], 64, "expected show, export or verify and what"),
    (["evidence", "burn", "192.0.2.1"], 64, '"burn": expected show, export or verify'),
    (["evidence", "show", "192.0.2.1"], 66,
     '"192.0.2.1": expected an address or an id of which there is evidence'),
    (["evidence", "show", "ev-none"], 66,
     '"ev-none": expected an address or an id of which there is evidence'),
    (["evidence", "show", "none.json"], 66, 'none.json: expected an address, an id ("ev-...") or a'),
    (["evidence", "show", "/dev/null"], 65, "/dev/null: not an evidence bundle"),
    (["evidence", "show", "192.0.2.1", "--key", "none.pem"], 66, "none.pem: expected a public key"),
    (["evidence", "show", "192.0.2.1", "--html", "none/page.html"], 73, "none/page.html: cannot be"),
    (["evidence", "verify", "none.json", "--key", "none.pem"], 66,
     "none.json: expected an evidence bundle: not found"),
    (["evidence", "verify", "/dev/null", "--key", "/dev/null"], 65, "/dev/null: "),

    (["audit", "mail"], 64, "expected --diff before configurations"),
    (["audit", "--diff"], 64, "--diff: expected one or two configurations"),
    (["audit", "--diff", "--reading", "/etc"], 64, "--diff: expected no --config"),
    (["audit", "--diff", "--watch", "/etc"], 64, "--diff: expected no --config"),
    (["audit", "--reading", "--watch", "--html", "x.html"], 64, "--watch: expected no --html"),
    (["audit", "--reading", "--watch", "--json"], 64, "--watch: expected no --html or --json"),
    (["audit", "--reading", "--force"], 64, "--force: expected --html FILE"),
    (["audit", "--reading", "--with-socket", "/x"], 64, "--with-socket: expected no --reading"),
    (["audit", "--reading", "--watch", "--kept", "/no/such/last"], 73,
     "--kept: /no/such: expected a directory that can be written to"),
    (["audit", "--reading", "--watch", "--kept", __file__], 65, "expected what an audit has kept"),
    (["audit", "--with-socket", "/no/such"], 66, "--with-socket: /no/such: expected a socket"),
    (["witness", "--read", "--log", "/etc"], 66, "/etc: expected a mail log to read"),
    (["audit", "--reading", "--kept", "/x"], 64, "expected --watch with --mail, --run and --kept"),
    (["audit", "--diff", "--mta", "postfix", "/no/such", "/no/such"], 66,
     '"/no/such": expected a directory with a configuration, its main file, or the root of an image'),
    (["audit", "--mta", "qmail"], 64, '"qmail": expected postfix, exim, sendmail or opensmtpd'),
    (["audit", "--reading", "--mta", "postfix", "--config", "/no/such"], 66,
     '"/no/such": expected a directory or file of a configuration'),
    (["audit", "--reading", "--html", "/no/such/page.html"], 73, "/no/such/page.html: cannot be"),

    (["backup"], 64, "expected one FILE"),
    (["backup", "/no/such/directory/b.db"], None, "/no/such/directory/b.db"),
    (["backup", "/dev/null"], 73, "/dev/null: expected a file that does not exist"),
    (["expire", "everything"], 64, '"everything": expected no more arguments'),
    (["expire", "--dry-run=yes"], 64, "--dry-run"),
    (["keys", "lose"], 64, '"lose": expected list, rotate, export or witness'),
    (["keys", "witness", "mx"], 64, "witness: expected NAME and FILE"),
    (["keys", "witness", "mx", "k", "--port", "25"], 64, "witness: expected --host HOST"),
    (["keys", "witness", "m x", "k", "--host", "mail.example.org"], 64, '"m x": expected a name'),
    (["keys", "witness", "mx", "k", "--host", "192.0.2.1"], 64, '"192.0.2.1": expected a host name'),
    (["keys", "witness", "mx", "k", "--host", "a.example network=0.0.0.0/0"], 64,
     "expected a host name"),
    (["keys", "witness", "mx", "k", "--host", "a.example", "--port", "x"], 64,
     '"x": expected a port'),
    (["keys", "witness", "mx", "k", "--host", "a.example", "--network", "10.0.0.1/8"], 64, RANGE),
    (["keys", "witness", "mx", "/no/such/directory/k", "--host", "a.example"], 73,
     "/no/such/directory/k: cannot be written"),
    (["keys", "witness", "mx", "k", "--host", "a.example", *["--port", "1"] * 5], 64,
     "up to 4 numbers"),
    (["keys", "list", "--host", "a.example"], 64, 'are of "witness"'),
    (["keys", "rotate", "x"], 64, '"x": expected no more arguments'),
    (["keys", "export", "/no/such/directory/k"], 73, "/no/such/directory/k: cannot be written"),
    (["clock", "now"], 64, '"now": expected accept, or nothing'),
    (["clock", "accept", "now"], 64, '"now": expected no more arguments'),
    (["top", "all"], 64, '"all": expected no more arguments'),
    (["top", "--fast"], 64, '"--fast": expected an option of this command'),
    (["top", "--once"], 69, "the gateway does not run"),
    (["status", "all"], 64, '"all": expected no more arguments'),
    (["status", "--loud"], 64, '"--loud": expected an option of this command'),
    (["status", "--json=no"], 64, "--json"),
    (["config"], 64, "expected show, check or manual"),
    (["config", "explain"], 64, '"explain": expected show, check or manual'),

    (["explain", "E99"], 64, '"E99": expected a form, such as E14, or a cause, such as C6'),
    (["explain", "E1"], 64, "did you mean E01?"),
    (["explain", "C60"], 64, "did you mean C6?"),
    (["explain", "S09-S01a"], 64, '"S09-S01a": expected a form'),
    (["explain", "E14", "C6"], 64, '"C6": expected no more arguments'),
    (["explain", "E14", "--mta", "pstfix"], 64, "did you mean postfix?"),
    (["explain", "--mta"], 64, "--mta"),
    (["gate", "x"], 64, '"x": expected no more arguments'),
    (["witness", "x"], 64, '"x": expected no more arguments'),
    (["witness", "--word", "pwkeyqaaicamcakbqh6usq"], 64, "expected --read"),
    (["witness", "--read", "--word", "word"], 64, '"word": expected a word as'),
    (["witness", "--read", "--word", "pwkeyqaaicamcakbqh6usr"], 64, "typing error"),
    (["witness", "--read", "--seen-as", "x"], 64, '"x": expected an IPv4 or IPv6 address'),
    (["witness", "--read", "--log", "/none"], 66, "/none: expected a mail log to read: No such file"),
    (["test", "192.0.2.1", "--word", "pwkeyqaaicamcakbqh6usr"], 64, "typing error"),

    (["doctor", "now"], 64, "expected --durability [DIR] alone"),
    (["doctor", "--durability", "--records"], 64, "expected --durability [DIR] alone"),
    (["doctor", "--durability", "a", "b"], 64, '"b": expected no more arguments'),
    (["doctor", "--durability", "none"], 66, '"none": expected a directory'),
    (["doctor", "--to", "a..b"], 64, '"a..b": expected an IPv4 or IPv6 address, or a host name'),
    (["doctor", "--to", "a.example:0"], 64, '"a.example:0": expected a host name or address, and'),
    (["use"], 64, "expected postfix, postscreen, exim, spamassassin or rspamd"),
    (["use", "sendmail"], 64, '"sendmail": expected postfix, postscreen, exim, spamassassin or'),
    (["use", "exim", "postfix"], 64, '"postfix": expected no more arguments'),
    (["check", "192.0.2.1", "--resolver", "here"], 64, '"here": expected ADDRESS:PORT'),
    (["check", "192.0.2.1", "--zone", "a..b"], 64, "a..b"),
    (["test"], 64, "expected at least one address or host name"),
    (["test", "192.0.2.1", "--port", "0"], 64, 'expected a port from 1 to 65535, found "0"'),
    (["test", "192.0.2.1", "--collector", "here"], 64, 'found "here"'),
    (["test", "192.0.2.1", "--domain", "a..b"], 64, 'expected a domain name, found "a..b"'),
    (["test", "192.0.2.1", "--source", "x"], 64, 'expected an IPv4 or IPv6 address, found "x"'),
    (["test", "192.0.2.1", "--resolver", "x"], 64, 'found "x"'),
    (["test", "192.0.2.1", "--wait", "soon"], 64,
     'expected a duration from 0s to 5d, found "soon"'),
    (["test", "192.0.2.1", "--rate", "0"], 64, 'expected a number from 1 to 100000, found "0"'),
    (["test", "192.0.2.1", "--port", "25"], 77, "192.0.2.1:25: refused: no consent"),
    (["scan", "192.0.2.1/24"], 64, "192.0.2.1/24"),
    (["test", "192.0.2.1", "--account", "none.txt"], 66,
     "none.txt: expected a user name and a password: not found"),
    (["test", "192.0.2.1", "--account", "/dev/zero"], 65,
     "/dev/zero: expected a user name and a password: "),
    (["sendmail", "-f"], 64, "-f: expected an argument after it"),
    (["sendmail", "-N", "seldom"], 64, '"seldom": expected never, or some of success,failure,delay'),
    (["sendmail", "-N", "never,delay"], 64, '"never,delay": expected never, or some of'),
    (["sendmail", "-R", "half"], 64, '"half": expected full or hdrs'),
    (["sendmail", "-V", "a\nb"], 64, '"a\\nb": expected an id of 1 to 100 printable characters'),
    (["sendmail", "-V", "x" * 101], 64, "expected an id of 1 to 100 printable characters"),
    (["sendmail", "-bd"], 64, "-bd: expected no server to be started here"),
    (["sendmail", "-bv", "a@b.test"], 64, "-bv: expected a message to be sent"),
    (["sendmail", "-bx"], 64, '"x": expected -bm, -bs or -bp'),
    (["sendmail", "-q30m"], 64, "-q: expected a message"),
    (["sendmail", "-bp"], 69, "the gateway does not run"),
    (["sendmail", "--socket", "none.sock", "a@b.test"], 75,
     "none.sock: expected the gateway's socket: No such file or directory"),
    (["scan", "--file", "none.txt"], 66, "none.txt: expected addresses or ranges: not found"),
]
ROWS += [([command, "999.1"], 64, None) for command in NEEDS_ADDRESS]
ROWS += [([command, "--nonsense"], 64, '"--nonsense": expected an option of this command')
         for command in COMMANDS]
ROWS += [([command, "-x"], 64, '"-x": expected an option of this command') for command in COMMANDS]


def one_line(done):
    """The line it says, which must be the only one."""
    assert done.returncode >= 64, done
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("portreeve: "), lines
    assert re.fullmatch(r"[^\x00-\x1f\x7f]+", lines[0]), lines
    return lines[0]


@pytest.fixture(scope="module")
def ready(tmp_path_factory):
    """A box whose state is there: nothing in these rows changes it."""
    directory = Path(tempfile.mkdtemp(prefix="portreeve-cli-"))
    directory.chmod(0o755)
    box = Box(directory)
    box.run("keys", "rotate")
    yield box
    shutil.rmtree(directory)


@pytest.mark.parametrize("arguments, code, text", ROWS, ids=lambda value: " ".join(value)[:60]
                         if isinstance(value, list) else "")
def test_arguments(ready, arguments, code, text):
    done = ready.run(*arguments, code=None)
    line = one_line(done)
    assert not done.stdout
    assert code is None or done.returncode == code, line
    assert text is None or text in line, line


@pytest.mark.parametrize("arguments", [["frobnicate"], [""], ["a\x1bb"]])
def test_no_such_command(box, arguments):
    done = subprocess.run([BINARY, *arguments], capture_output=True, text=True, check=False)
    assert "expected a command" in one_line(done)


@pytest.mark.parametrize("words", [
    ["evidence", "show"], ["evidence", "verify"], ["trace"], ["report"], ["report", "bounce"],
], ids=" ".join)
def test_a_file_by_a_hostile_name(ready, words):
    """Anybody names a file; who says `*` has the name told to the terminal."""
    command, *rest = words
    told = ready.run(command, *rest, "b\x1b[2J\x07\x7f\u009b\u202eé.json", code=None).stderr
    assert "b\\x1b[2J\\x07\\x7f\\xc2\\x9b\\xe2\\x80\\xaeé.json: expected" in told, told


@pytest.mark.parametrize("command", COMMANDS)
def test_option_without_value(ready, command):
    for option in ("-c", "--state"):
        done = subprocess.run([BINARY, command, option], capture_output=True, text=True,
                              check=False)
        assert f"{option}: expected " in one_line(done)


CONFIG_ROWS = [
    ("rate = 5", 'portreeve.conf:1: no such option \'rate\''),
    ("tester { rate = fast }", ':1: tester.rate: expected a number from 1 to 100000, found "fast"'),
    ("tester {\n\n  ports = {25, x}\n}", ':3: tester.ports: expected a port'),
    ("store { keep_tests = 5d }", ':1: store.keep_tests: expected a duration from 35d to'),
    ("tester {", 'expected "}" before the end of the file'),
    ('roles = {"butler"}', ':1: roles: expected one of tester, collector, dnsbl'),
    ('collector { key = "x" }', "collector.key: expected together with collector.certificate"),
]


@pytest.mark.parametrize("text, expected", CONFIG_ROWS)
@pytest.mark.parametrize("command", [["config", "check"], ["run"], ["list"], ["test", "192.0.2.1"]],
                         ids=lambda words: words[0])
def test_configuration(box, command, text, expected):
    box.config.write_text(text)
    done = box.run(*command, code=78)
    assert expected in one_line(done)
    assert str(box.config) in done.stderr


def test_configuration_missing(box):
    box.config.unlink()
    assert "expected a configuration file: not found" in one_line(box.run("list", code=78))


STATE_COMMANDS = [["list"], ["user", "list"], ["permit", "list"], ["exclude", "list"],
                  ["evidence", "show", "192.0.2.1"], ["backup", "b.db"], ["expire", "--dry-run"]]


@pytest.mark.parametrize("command", STATE_COMMANDS, ids=" ".join)
def test_no_state(box, command):
    """What only reads makes no database: the directory may be a typing error."""
    line = one_line(box.run(*command, code=66))
    assert "state/portreeve.db: expected a database" in line
    assert not box.state.exists()


@pytest.mark.parametrize("command", [*STATE_COMMANDS, ["permit", "remove", "192.0.2.1"]],
                         ids=" ".join)
def test_damaged_database(box, command):
    box.run("keys", "rotate")
    for path in box.state.glob("portreeve.db*"):
        path.write_bytes(b"this is no database " * 1000)
    done = box.run(*command, code=None)
    assert "portreeve.db" in one_line(done)


def test_damaged_keys(box):
    box.run("keys", "rotate")
    (keys,) = box.state.glob("keys/**/token.keys")
    keys.write_text("garbage\n")
    assert "token.keys" in one_line(box.run("keys", "list", code=None))


def test_state_is_a_file(box):
    box.state.write_text("x")
    done = box.run("permit", "add", "192.0.2.1", "--consent", "owner", "--by", "x", code=None)
    assert "expected a directory" in one_line(done)


def test_output_that_fails(box):
    """A full disk under our output is an error, not a success."""
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([BINARY, "config", "show", "-c", box.config], stdout=full,
                              stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 74
    assert "standard output" in one_line(done)
