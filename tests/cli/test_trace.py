"""`portreeve trace` as its users drive it: files of every kind, the configuration, JSON, batch,
a picture, a nomination, and what it learns."""

import json
import subprocess

from conftest import BINARY

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
    box.write_text(f"From x Mon\n{MESSAGE}\nFrom y Mon\n{MESSAGE}")
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


def test_batch():
    good = json.dumps({"id": 7, "message": MESSAGE, "own_hosts": ["*.our.example"]})
    done = trace("--batch", stdin=f"{good}\nnonsense\n{good}\n")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 65
    assert "line 2" in done.stderr
    assert [line.get("id") for line in lines] == [7, None, 7]
    assert "error" in lines[1]


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


def test_learn(tmp_path):
    path = tmp_path / "self.eml"
    path.write_text(BORDER.replace("www.school.example", "out.our.example") +
                    "From: me@our.example\nTo: me@our.example\n\n")
    done = trace("learn", path)
    assert done.returncode == 0
    assert 'own_hosts = {"mx.our.example"}' in done.stdout
    path.write_text(MESSAGE)
    assert trace("learn", path).returncode == 65
