"""`portreeve trace` as its users drive it: files of every kind, the configuration, JSON, batch,
a picture, a nomination, and what it learns."""

import json
import socketserver
import subprocess
import threading

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
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


class Names:
    """A name server with a table {(name, type): [texts]}, and what it was asked."""

    def __init__(self, records):
        self.asked = []
        names = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                data, sock = self.request
                query = dns.message.from_wire(data)
                reply = dns.message.make_response(query)
                name = query.question[0].name
                kind = dns.rdatatype.to_text(query.question[0].rdtype)
                key = (name.to_text(omit_final_dot=True).lower(), kind)
                names.asked.append(key)
                reply.flags |= dns.flags.RA
                if key in records:
                    reply.answer.append(dns.rrset.from_text_list(name, 60, "IN", kind, records[key]))
                else:
                    reply.set_rcode(dns.rcode.NXDOMAIN)
                sock.sendto(reply.to_wire(), self.client_address)

        self.server = socketserver.ThreadingUDPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def names():
    """The handover's second name leads back to it; the origin's name leads elsewhere."""
    server = Names({
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
