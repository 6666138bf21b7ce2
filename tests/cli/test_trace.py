"""`portreeve trace` as its users drive it: files of every kind, the configuration, JSON, batch,
a picture, a nomination, and what it learns."""

import base64
import json
import os
import re
import subprocess
import threading
import xml.dom.minidom

import pytest
from conftest import BINARY
from names import NameTable
from terminal import on_terminal

D = "; Mon, 9 Aug 2004 11:59:00 +0000\n"
BORDER = ("Received: from a (www.school.example [192.0.2.1]) by mx.our.example (Postfix) with "
          "ESMTP id 1; Mon, 9 Aug 2004 12:00:00 +0000\n")
RELAYED = ("Received: from x ([198.51.100.7]) by www.school.example (8.9.3/8.9.3) with SMTP id 2 "
           "for <u@our.example>" + D)
MESSAGE = BORDER + RELAYED + "From: a@far.example\nSubject: x\n\nbody\n"
OWN = ["--own-host", "*.our.example"]


def trace(*args, stdin=None):
    return subprocess.run([BINARY, "trace", *map(str, args)], input=stdin, capture_output=True,
                          text=True)


def objects(done):
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_message(tmp_path):
    path = tmp_path / "spam.eml"
    path.write_text(MESSAGE)
    [found] = objects(trace(*OWN, "--json", path))
    assert (found["handover"], found["origin"]) == ("192.0.2.1", "198.51.100.7")
    assert (found["chain"], found["relay"]) == ("linked", "192.0.2.1")
    assert [hop["zone"] for hop in found["hops"]] == ["handover", "linked"]
    first = found["hops"][0]
    assert MESSAGE[first["offset"]:first["offset"] + first["length"]] == BORDER.rstrip("\n")
    done = trace(*OWN, stdin=MESSAGE)
    assert done.returncode == 0
    assert "Handover         192.0.2.1, sure" in done.stdout
    assert "Believed origin  198.51.100.7" in done.stdout
    assert "\x1b" not in done.stdout


def test_kinds_of_files(tmp_path):
    box = tmp_path / "box"
    box.write_text(f"From x Mon Aug  9 12:00:00 2004\n{MESSAGE}\nFrom y Mon Aug  9 12:00:00 2004\n{MESSAGE}")
    assert len(objects(trace(*OWN, "--json", box))) == 2
    for folder in ("cur", "new", "tmp"):
        (tmp_path / "dir" / folder).mkdir(parents=True)
    (tmp_path / "dir/cur/1:2,S").write_text(MESSAGE)
    (tmp_path / "dir/new/2").write_text(MESSAGE)
    assert len(objects(trace(*OWN, "--json", tmp_path / "dir"))) == 2
    outer = ("From: u@our.example\nContent-Type: multipart/mixed; boundary=b\n\n--b\n"
             "Content-Type: message/rfc822\n\n" + MESSAGE + "\n--b--\n")
    found = objects(trace(*OWN, "--json", "-", stdin=outer))
    assert [one["handover"] for one in found] == ["", "192.0.2.1"]


def test_own_side(tmp_path):
    done = trace("--json", stdin=MESSAGE)
    assert "the border cannot be told" in done.stderr
    assert objects(done)[0]["chain"] == "no-handover"
    config = tmp_path / "portreeve.conf"
    config.write_text('trace {\n  own_hosts = {"*.our.example"}\n}\n')
    assert objects(trace("-c", config, "--json", stdin=MESSAGE))[0]["handover"] == "192.0.2.1"
    assert trace("--own-net", "10.0.0", stdin=MESSAGE).returncode == 64
    assert trace("--own-host", "a b", stdin=MESSAGE).returncode == 64
    assert trace(*OWN, tmp_path / "none").returncode == 66
    assert trace(*OWN, tmp_path).returncode == 66
    config.write_text('trace {\n  own_nets = {"10.0.0"}\n}\n')
    done = trace("-c", config, stdin=MESSAGE)
    assert done.returncode == 78
    assert f'{config}: trace.own_nets: "10.0.0": expected' in done.stderr


def slices(found, data):
    """The Received lines of one answer, cut out of the file."""
    start = found["message_offset"]
    return [data[start + hop["offset"]:start + hop["offset"] + hop["length"]]
            for hop in found["hops"]]


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_byte_ranges_in_files(tmp_path, end):
    """Of an mbox as well: what is cut out of the file are the lines."""
    message = MESSAGE.replace("by mx.our", "\n\tby mx.our").encode()
    want = [line.rstrip(b"\n").replace(b"\n", end)
            for line in re.findall(rb"Received: .*\n(?:[ \t].*\n)*", message)]
    body = b"x\n\nFrom now on this is text\n\n>From the same\n"
    data = b"".join(b"From x Mon Aug  9 12:00:00 2004\n" + message + body + b"\n" for _ in range(3))
    data = data.replace(b"\n", end)
    path = tmp_path / "box"
    path.write_bytes(data)
    found = objects(trace(*OWN, "--json", path))
    assert len(found) == 3
    for one in found:
        assert slices(one, data) == want
        assert one["handover"] == "192.0.2.1"
    path.write_bytes(b"\xef\xbb\xbf" + message.replace(b"\n", end))
    [one] = objects(trace(*OWN, "--json", path))
    assert slices(one, path.read_bytes()) == want


def test_attached_decoded(tmp_path):
    """Which stands nowhere in the file as it is."""
    outer = ("From: u@our.example\nContent-Type: multipart/mixed; boundary=b\n\n--b\n"
             "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n" +
             base64.encodebytes(MESSAGE.encode()).decode() + "\n--b--\n")
    found = objects(trace(*OWN, "--json", "-", stdin=outer))
    assert [one["handover"] for one in found] == ["", "192.0.2.1"]
    assert [one["message_offset"] for one in found] == [0, None]


def test_what_is_no_message(tmp_path):
    good, empty, binary = tmp_path / "good", tmp_path / "empty", tmp_path / "binary"
    good.write_text(MESSAGE)
    empty.write_bytes(b"")
    passwd = tmp_path / "passwd"
    passwd.write_text("root:x:0:0:root:/root:/bin/bash\nnews:x:9:9:n:/var:/bin/sh\n")
    binary.write_bytes(bytes(range(256)) * 10)
    for path, told in ((empty, "found nothing"), (binary, "found no header field"),
                       (passwd, "found no header field")):
        done = trace(*OWN, path)
        assert (done.returncode, done.stdout) == (65, "")
        assert done.stderr == f"portreeve: trace: {path}: expected a message or mbox, {told}\n"
    (tmp_path / "dir").mkdir()
    assert "without cur/ and new/" in trace(*OWN, tmp_path / "dir").stderr
    # The others get their turn; the first failure is the exit code.
    done = trace(*OWN, "--json", tmp_path / "none", empty, good, good)
    assert done.returncode == 66
    assert done.stderr.count("expected a message or mbox") == 2
    assert [json.loads(line)["handover"] for line in done.stdout.splitlines()] == ["192.0.2.1"] * 2
    for folder in ("cur", "new"):
        (tmp_path / "dir" / folder).mkdir()
    (tmp_path / "dir/cur/1").write_bytes(b"")
    (tmp_path / "dir/cur/2").write_text(MESSAGE)
    (tmp_path / "dir/new/3").write_text(MESSAGE)
    done = trace(*OWN, "--json", tmp_path / "dir")
    assert done.returncode == 65
    assert len(done.stdout.splitlines()) == 2


@pytest.mark.parametrize("options", [
    ["--batch", "--svg", "x.svg"], ["--batch", "--nominate"], ["--batch", "--dns"],
    ["--batch", "FILE"], ["learn", "--svg", "x.svg"], ["learn", "--nominate"], ["learn", "--batch"],
    ["learn", "--own-host", "a.example"], ["--by", "me"]])
def test_options_that_do_not_fit(options):
    done = trace(*options, stdin=MESSAGE)
    assert (done.returncode, done.stdout) == (64, "")


def test_batch():
    good = json.dumps({"id": 7, "message": MESSAGE, "own_hosts": ["*.our.example"]})
    wide = json.dumps({"id": "w", "message": "\u0100"})
    done = trace("--batch", stdin=f"{good}\nnonsense\n{good}\n\n{wide}\n{good}")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 65
    assert [line["id"] for line in lines] == [7, "", 7, "", "w", 7]
    assert [line.get("line") for line in lines] == [None, 2, None, 4, 5, None]
    assert "U+00FF" in lines[4]["error"]
    assert [int(n) for n in re.findall(r"line (\d+): expected", done.stderr)] == [2, 4]
    assert 'line 5: "message": expected characters up to U+00FF' in done.stderr


def test_batch_border(tmp_path):
    """A line that names no border has the one of the options, else of the configuration."""
    line = json.dumps({"id": 1, "message": MESSAGE})
    named = json.dumps({"id": 1, "message": MESSAGE, "own_hosts": ["mx.other.example"]})
    config = tmp_path / "portreeve.conf"
    config.write_text('trace {\n  own_hosts = {"*.our.example"}\n}\n')
    for options, want in (([], ["", ""]), (OWN, ["192.0.2.1", ""]),
                          (["-c", config], ["192.0.2.1", ""])):
        found = objects(trace("--batch", *options, stdin=f"{line}\n{named}\n"))
        assert [one["handover"] for one in found] == want
    assert trace("--batch", "--own-net", "10.0.0", stdin=line).returncode == 64


def test_batch_answers_at_once():
    """A program that waits for each answer before it asks on is not kept waiting."""
    line = json.dumps({"id": 1, "message": MESSAGE}).encode() + b"\n"
    with subprocess.Popen([BINARY, "trace", "--batch"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as process:
        timer = threading.Timer(30, process.kill)
        timer.start()
        for _ in range(3):
            process.stdin.write(line)
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["id"] == 1
        process.stdin.close()
        assert process.wait() == 0
        timer.cancel()


def printed(folder, columns, *args, **environment):
    """What the command writes to a terminal of that width."""
    code, text = on_terminal([BINARY, "trace", *map(str, args)], columns=columns, cwd=folder,
                             stdin=subprocess.DEVNULL, env={**os.environ, "NO_COLOR": "", **environment})
    assert code == 0
    return text.decode("ascii").replace("\r\n", "\n")


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_terminal(tmp_path, columns):
    path = tmp_path / "m"
    path.write_text(MESSAGE)
    coloured = printed(tmp_path, columns, *OWN, "m")
    assert "\x1b[" in coloured
    plain = printed(tmp_path, columns, *OWN, "m", NO_COLOR="1")
    assert plain == re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    assert max(map(len, plain.splitlines())) <= columns
    for words in ("Handover", "Believed origin", "Claimed only", "Relay", "Return address"):
        assert words in plain


def test_hostile_text(tmp_path):
    """Nothing that a sender wrote steers the terminal or the page."""
    path, picture = tmp_path / "m", tmp_path / "m.svg"
    path.write_bytes(BORDER.encode() + b"Received: from \x1b[31mred\xe2\x80\xaeevil "
                     b"(<b>x</b>&.example [198.51.100.7]) by \x1b]0;x\x07\x9bm id 1" +
                     D.encode() + b"\x1b[2Jno field \xe2\x80\x8f\x00 ]]><script>\n"
                     b"From: \xc2\x85 <a@b>\n\n")
    done = subprocess.run([BINARY, "trace", *OWN, "--svg", picture, path], capture_output=True,
                          check=True)
    assert all(byte == 10 or 32 <= byte < 127 for byte in done.stdout + picture.read_bytes())
    texts = xml.dom.minidom.parse(str(picture)).getElementsByTagName("text")
    assert any(" ]]><script>" in one.firstChild.data for one in texts)
    [found] = objects(trace(*OWN, "--json", path))
    assert found["odd"][0]["text"] == "\x1b[2Jno field \xe2\x80\x8f\0 ]]><script>"


def test_pictures_of_many(tmp_path):
    """Each message its own file; none is drawn over."""
    (tmp_path / "box").write_text(f"From x Mon Aug  9 12:00:00 2004\n{MESSAGE}\n" * 3)
    assert trace(*OWN, "--svg", tmp_path / "a.b.svg", tmp_path / "box").returncode == 0
    assert sorted(path.name for path in tmp_path.glob("*.svg")) == [
        "a.b-2.svg", "a.b-3.svg", "a.b.svg"]
    assert "box:2" in (tmp_path / "a.b-2.svg").read_text()
    (tmp_path / "x.d").mkdir()
    assert trace(*OWN, "--svg", tmp_path / "x.d/plain", tmp_path / "box").returncode == 0
    assert sorted(path.name for path in (tmp_path / "x.d").iterdir()) == [
        "plain", "plain-2", "plain-3"]
    done = trace(*OWN, "--svg", tmp_path / "none/a.svg", stdin=MESSAGE)
    assert done.returncode == 73
    assert "none/a.svg: expected a place to draw into" in done.stderr


def test_no_relay(box):
    done = box.run("trace", *OWN, "--nominate", text=BORDER + "From: a@b\n\n")
    assert "no relay to nominate: none was found in the believed chain" in done.stderr
    done = box.run("trace", "--nominate", text=MESSAGE)
    assert "no relay to nominate: without a border" in done.stderr
    assert not box.state.exists()


BEYOND_LIMITS = {
    "lines": BORDER + RELAYED * 20000 + "\n",
    "length": BORDER + "Received: from " + "x" * 2000000 + D + "\n",
    "comments": BORDER + "Received: from a " + "(" * 10000 + ")" * 10000 + " by b" + D + "\n",
    "odd lines": BORDER + "no colon\n" * 20000,
}


@pytest.mark.parametrize("what", BEYOND_LIMITS)
def test_limits(what):
    text = BEYOND_LIMITS[what]
    [found] = objects(trace(*OWN, "--json", stdin=text))
    assert found["truncated"]
    assert found["handover"] == "192.0.2.1"
    assert "exceeds a limit" in trace(*OWN, stdin=text).stdout


def test_svg_and_nomination(tmp_path):
    picture, state = tmp_path / "chain.svg", tmp_path / "state"
    tmp_path.chmod(0o777)
    done = trace(*OWN, "--svg", picture, "--nominate", "--by", "me", "--state", state,
                 stdin=MESSAGE)
    assert done.returncode == 0, done.stderr
    assert picture.read_text().startswith("<svg ")
    listed = subprocess.run([BINARY, "list", "nominations", "--json", "--state", state],
                            capture_output=True, text=True, check=True)
    [row] = [json.loads(line) for line in listed.stdout.splitlines()]
    assert (row["address"], row["by"]) == ("192.0.2.1", "me")


def test_nomination_queues_tests(box):
    """Where somebody consented; a trusted submitter's trace is a consent itself."""
    box.configure(tester='trusted_submitters = {"the desk"}')
    box.run("trace", *OWN, "--nominate", "--by", "somebody", text=MESSAGE)
    assert [row["consent"] for row in box.objects("list", "nominations")] == ["none"]
    assert not box.objects("list", "tests")
    done = box.run("trace", *OWN, "--nominate", "--by", "the desk", text=MESSAGE)
    assert "consent to a test: evidence" in done.stderr
    assert done.stderr.count(" is queued") == 2
    assert sorted((row["address"], row["port"]) for row in box.objects("list", "tests")) == [
        ("192.0.2.1", 25), ("192.0.2.1", 587)]
    done = box.run("trace", *OWN, "--nominate", "--by", "the desk", text=MESSAGE)
    assert done.stderr.count(" is pending") == 2
    box.run("exclude", "add", "192.0.2.0/24", "--why", "asked", "--by", "the tests")
    done = box.run("trace", *OWN, "--nominate", "--by", "the desk", text=MESSAGE)
    assert "it is excluded" in done.stderr


@pytest.fixture
def names():
    """The handover's second name leads back to it; the origin's name leads elsewhere."""
    server = NameTable({
        ("1.2.0.192.in-addr.arpa", "PTR"): ["stale.school.example.", "www.school.example."],
        ("www.school.example", "A"): ["192.0.2.9", "192.0.2.1"],
        ("7.100.51.198.in-addr.arpa", "PTR"): ["mx.our.example."],
        ("mx.our.example", "A"): ["192.0.2.200"],
    })
    yield server
    server.close()


def test_dns(box, names):
    box.configure(general=f'resolver = {{"{names.address}"}}')
    plain = json.loads(box.run("trace", *OWN, "--json", text=MESSAGE).stdout)
    assert not names.asked, "without --dns nobody is asked"
    found = json.loads(box.run("trace", *OWN, "--dns", "--json", text=MESSAGE).stdout)
    assert found.pop("dns") == {
        "192.0.2.1": {"name": "www.school.example", "confirmed": True, "status": "found"},
        "198.51.100.7": {"name": "mx.our.example", "confirmed": False, "status": "found"}}
    assert found == plain, "it changes no other answer"
    shown = box.run("trace", *OWN, "--dns", text=MESSAGE).stdout
    assert "192.0.2.1: www.school.example, which leads back to it" in shown
    assert "198.51.100.7: mx.our.example, which does not lead back to it" in shown


def test_dns_without_names(box, names):
    box.configure(general=f'resolver = {{"{names.address}"}}')
    other = MESSAGE.replace("192.0.2.1", "2001:db8::1")
    found = json.loads(box.run("trace", *OWN, "--dns", "--json", text=other).stdout)
    assert found["dns"][found["handover"]] == {
        "name": "", "confirmed": False, "status": "nxdomain"}
    names.asked.clear()
    alone = "From: a@far.example\n\nbody\n"
    found = json.loads(box.run("trace", *OWN, "--dns", "--json", text=alone).stdout)
    assert found["dns"] == {}
    assert not names.asked
    box.run("trace", "--dns", "--batch", text="", code=64)


def test_learn(tmp_path):
    path = tmp_path / "self.eml"
    path.write_text(BORDER.replace("www.school.example", "out.our.example") +
                    "From: me@our.example\nTo: me@our.example\n\n")
    done = trace("learn", path)
    assert done.returncode == 0
    assert 'own_hosts = {"mx.our.example"}' in done.stdout
    path.write_text(MESSAGE)
    assert trace("learn", path).returncode == 65
    path.write_text("From: me@our.example\nTo: me@our.example\n\n")
    done = trace("learn", path)
    assert (done.returncode, done.stdout) == (65, "")
    assert "expected Received lines" in done.stderr


def test_what_is_learned_is_a_configuration(tmp_path):
    path, config = tmp_path / "self.eml", tmp_path / "portreeve.conf"
    path.write_text(BORDER.replace("www.school.example", "out.our.example") +
                    "From: me@our.example\nTo: Me <me@our.example>, you@far.example\n\n")
    config.write_text(trace("learn", path).stdout)
    assert objects(trace("-c", config, "--json", stdin=MESSAGE))[0]["handover"] == "192.0.2.1"
    learned = json.loads(trace("learn", "--json", path).stdout)
    line = {"id": 1, "message": MESSAGE, "own_hosts": learned["own_hosts"],
            "own_nets": learned["own_nets"]}
    assert objects(trace("--batch", stdin=json.dumps(line)))[0]["handover"] == "192.0.2.1"
