# SPDX-License-Identifier: ISC
"""`portreeve queue` against a control socket that answers as it likes: pages, orders, and a gateway
whose answers must not reach a terminal raw."""

import json
import os
import socket
import threading

import pytest

MESSAGE = {"id": "0CKZ7M4Q2XWB9", "number": 3, "came": "2026-11-28T10:00:00Z", "from": "s\x1b[2J@x.test",
           "account": "bob", "client": "192.0.2.1", "helo": "h\u009b", "listener": "submission", "tls": True,
           "size": 812, "held": False, "recipients": 2, "left": 2,
           "to": [{"address": "a@y.test", "state": "waiting", "tries": 2, "due": "2026-11-28T11:00:00Z",
                   "why": "mx.y.test[192.0.2.2] said: 450 \x1b]0;x\x07\u202elater"},
                  {"address": "b@y.test", "state": "trying", "tries": 0}]}


@pytest.fixture
def gateway(box):
    """answer(request) gives the lines; returns what was asked."""
    box.permit("192.0.2.0/24")
    asked = []
    state = box.directory / "state"
    path = state / "gateway-control.sock"
    listener = socket.socket(socket.AF_UNIX)
    here = os.getcwd()
    os.chdir(state)
    listener.bind(path.name)
    os.chdir(here)
    os.chmod(path, 0o666)
    listener.listen()
    replies = {}

    def serve():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rwb") as stream:
                for line in stream:
                    request = json.loads(line)
                    asked.append(request)
                    for reply in replies["answer"](request):
                        stream.write(reply if isinstance(reply, bytes) else json.dumps(reply).encode())
                        stream.write(b"\n")
                    stream.flush()

    threading.Thread(target=serve, daemon=True).start()

    def start(answer):
        replies["answer"] = answer
        return asked
    yield start
    listener.close()


def plain(text):
    return all(c == "\n" or (c >= " " and not "\x7f" <= c <= "\x9f" and c != "\u202e") for c in text)


def test_no_gateway(box):
    box.permit("192.0.2.0/24")
    done = box.run("queue", "list", code=69)
    assert "gateway-control.sock" in done.stderr and "the gateway does not run" in done.stderr


def test_list(box, gateway):
    pages = {0: [MESSAGE, {"end": True, "next": 3}], 3: [dict(MESSAGE, id="0CKZ7M4Q2XWBA"), {"end": True}]}
    asked = gateway(lambda request: pages[request.get("after", 0)])
    out = box.run("queue", "list", "--domain", "y.test").stdout
    assert asked == [{"do": "list", "domain": "y.test"}, {"do": "list", "domain": "y.test", "after": 3}]
    assert plain(out) and "0CKZ7M4Q2XWB9" in out and "0CKZ7M4Q2XWBA" in out and "a@y.test +1" in out
    rows = box.objects("queue", "list")
    assert [row["id"] for row in rows] == ["0CKZ7M4Q2XWB9", "0CKZ7M4Q2XWBA"]
    assert plain("".join(map(str, rows[0].values()))) and rows[0]["to"][0]["tries"] == 2


def test_show(box, gateway):
    text = "Subject: x\r\n\r\n\x1b[31m"
    answers = {"show": [MESSAGE, {"end": True}], "headers": [{"text": text[:14]}, {"end": True}]}
    asked = gateway(lambda request: answers.get(request["do"]) or
                    [{"text": text[request.get("at", 0):][:10]},
                     {"end": True, **({} if request.get("at") == 10 else {"next": 10})}])
    out = box.run("queue", "show", "0CKZ7M4Q2XWB9").stdout
    assert plain(out) and "to: b@y.test: trying, tries: 0\n" in out
    assert box.run("queue", "show", "x", "--headers").stdout == "Subject: x\n\n"
    assert box.run("queue", "show", "x", "--text").stdout == "Subject: x\n\n\x1b[31m"
    assert asked[-2:] == [{"do": "text", "id": "x"}, {"do": "text", "id": "x", "at": 10}]


def test_orders(box, gateway):
    asked = gateway(lambda request: [{"end": True, "done": 1, "busy": 0}])
    assert box.run("queue", "hold", "a", "b").stdout == "2 messages are held\n"
    assert asked == [{"do": "hold", "id": "a"}, {"do": "hold", "id": "b"}]
    assert box.run("queue", "flush", "--sender", "").stdout == "1 message is due now\n"
    assert asked[-1] == {"do": "flush", "sender": ""}
    gateway(lambda request: [{"end": True, "done": 2, "busy": 1}])
    done = box.run("queue", "drop", "--all", code=75)
    assert done.stdout == "2 messages are dropped, without a notice\n" and "1 just being tried" in done.stderr
    assert box.objects("queue", "release", "--held", code=75) == [{"done": 2, "busy": 1}]


@pytest.mark.parametrize("line, says", [
    (b"nonsense", "expected lines of JSON"),
    (b"[]", "expected lines of JSON"),
    (b'{"error":"no \\u001b[2J such"}', "no \\x1b[2J such"),
    (b'{"id":7,"to":[[],7,{"why":[]}],"left":"x"}\n{"end":true}', ""),
    (b'{"end":true,"next":-1}', ""),
])
def test_wrong_answers(box, gateway, line, says):
    gateway(lambda request: [line])
    done = box.run("queue", "list", code=69 if says else None)
    assert says in done.stderr and plain(done.stderr) and plain(done.stdout)


def test_never_ends(box, gateway):
    """The same page again and again is read once."""
    asked = gateway(lambda request: [{"end": True, "next": 5}])
    box.run("queue", "list")
    assert len(asked) <= 2
