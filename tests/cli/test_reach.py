# SPDX-License-Identifier: ISC
"""No test without a collector that answers: nothing is delivered to anybody when nothing could
come back, and the command says what is wrong."""

import contextlib
import json
import re
import signal
import smtplib
import socket
import socketserver
import sqlite3
import subprocess
import threading

import dns.rcode
import pytest

from conftest import BINARY, Supervisor, free_port, wait_until
from names import NameTable

HOST = "127.0.0.9"


class Relay:
    """An open relay: takes mail for everybody, and sends it on to the collector at once, unless
    it is told to keep it. `taken`: the messages; `said`: what it heard; `greets`: may be waited
    for."""

    def __init__(self, collector=None, host=HOST):
        self.taken, self.said, self.collector = [], [], collector
        self.on_taken = None
        self.greets = threading.Event()
        self.greets.set()
        relay = self

        class Session(socketserver.StreamRequestHandler):
            def say(self, text):
                self.wfile.write(f"{text}\r\n".encode())

            def handle(self):
                with contextlib.suppress(OSError):
                    self.talk()

            def talk(self):
                relay.greets.wait(30)
                self.say("220 relay.test")
                sender, recipients = "", []
                while line := self.rfile.readline():
                    words = line.decode("latin-1").strip()
                    relay.said.append(words)
                    verb = words.upper()[:4]
                    if verb == "DATA":
                        self.say("354 Go on")
                        message = self.message()
                        if message is None:
                            return
                        self.say(relay.take(sender, recipients, message))
                    elif verb == "QUIT":
                        self.say("221 Bye")
                        return
                    elif verb == "MAIL":
                        sender, recipients = path(words), []
                        self.say("250 Ok")
                    elif verb == "RCPT":
                        recipients.append(path(words))
                        self.say("250 Ok")
                    else:
                        self.say("250 Ok" if verb in ("EHLO", "HELO", "RSET") else "500 What?")

            def message(self):
                """None: the client has gone before its end."""
                lines = []
                while (line := self.rfile.readline()) != b".\r\n":
                    if not line:
                        return None
                    lines.append(line[1:] if line.startswith(b"..") else line)
                return b"".join(lines)

        socketserver.ThreadingTCPServer.allow_reuse_address = True
        self.server = socketserver.ThreadingTCPServer((host, 0), Session)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, sender, recipients, message):
        self.taken.append(recipients)
        if self.on_taken:
            self.on_taken()
        if self.collector:
            threading.Thread(target=self.pass_on, args=(sender, recipients, message)).start()
        return "250 Queued"

    def pass_on(self, sender, recipients, message):
        with contextlib.suppress(smtplib.SMTPException, OSError):
            with smtplib.SMTP(*self.collector, timeout=10) as out:
                out.sendmail(sender, recipients, message)

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def path(words):
    """The address; forms may leave the brackets out."""
    return words.split(":", 1)[1].split(" ")[0].strip("<>")


class Foreign:
    """Some other SMTP server: `answer` to every RCPT. None: it greets nobody."""

    def __init__(self, answer):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.answer, self.said, self.sessions = answer, [], 0
        self.open = []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            self.sessions += 1
            self.open.append(client)
            if self.answer:
                threading.Thread(target=self.talk, args=(client,), daemon=True).start()

    def talk(self, client):
        with contextlib.suppress(OSError), client, client.makefile("rwb", buffering=0) as file:
            file.write(b"220 mx.elsewhere.test\r\n")
            while line := file.readline():
                self.said.append(line.decode("latin-1").strip())
                answer = self.answer if line.upper().startswith(b"RCPT") else "250 Ok"
                if line.upper().startswith(b"QUIT"):
                    file.write(b"221 Bye\r\n")
                    return
                file.write(f"{answer}\r\n".encode())

    def close(self):
        self.socket.close()
        for client in self.open:
            client.close()


@pytest.fixture
def stack():
    with contextlib.ExitStack() as one:
        yield one


def relay(stack, collector=None):
    one = Relay(collector)
    stack.callback(one.close)
    return one


def foreign(stack, answer):
    one = Foreign(answer)
    stack.callback(one.close)
    return one


def configure(box, collector_port, tester="", general=""):
    """The tester's collector at a port that need not be the one where ours listens."""
    box.configure(general=general, special='"127.0.0.0/8"', tester=f"""
  collector = "127.0.0.1:{collector_port}"
  wait = 1
  proof_wait = 1
  messages = 2
  command_timeout = 2
  connect_timeout = 2
  rate = 100
  {tester}""")
    box.run("permit", "add", HOST, "--consent", "owner", "--by", "the tests", code=None)


def run_test(box, host, code, *more):
    return box.run("test", HOST, "--port", str(host.port), *more, code=code)


def check_nothing_sent(host, done, why):
    """One line says what, where and what was expected; nobody heard of it."""
    lines = [line for line in done.stderr.splitlines() if "warning: mail for" not in line]
    assert len(lines) == 1 and lines[0].endswith("; nothing was sent"), done.stderr
    assert re.match(r"portreeve: (test|scan): collector 127\.0\.0\.1:\d+: "
                    "expected it to greet and take a token: ", lines[0])
    assert why in lines[0]
    assert host.taken == [] and host.said == []


@pytest.mark.parametrize("json_", [[], ["--json"]])
def test_nobody_there(box, stack, json_):
    host = relay(stack)
    configure(box, free_port())
    done = run_test(box, host, 69, *json_)
    check_nothing_sent(host, done, "connection refused")
    assert done.stdout == ""


def test_a_foreign_server(box, stack):
    host, other = relay(stack), foreign(stack, "550 5.1.1 No such user")
    configure(box, other.port)
    done = run_test(box, host, 69, "--json")
    check_nothing_sent(host, done, 'it said "550 5.1.1 No such user" to RCPT TO:<')
    assert done.stdout == ""
    assert not any(line.upper().startswith("DATA") for line in other.said)
    assert other.said[-1] == "QUIT"


def test_a_server_that_takes_all(box, stack):
    """It is not ours, whatever it takes."""
    host, other = relay(stack), foreign(stack, "250 Ok")
    configure(box, other.port)
    check_nothing_sent(host, run_test(box, host, 69), "no token of ours")


def test_one_that_hangs(box, stack):
    host, other = relay(stack), foreign(stack, None)
    configure(box, other.port)
    check_nothing_sent(host, run_test(box, host, 69), "no answer in time")


def test_a_scan(box, stack):
    host = relay(stack)
    configure(box, free_port())
    done = box.run("scan", HOST, "--port", str(host.port), code=69)
    lines = [line for line in done.stderr.splitlines() if line.startswith("portreeve: scan: coll")]
    assert lines and lines[0].endswith("; nothing was sent")
    assert host.taken == [] and host.said == []
    # It goes on where it stopped.
    box.configure(tester="wait = 1\nproof_wait = 1", special='"127.0.0.0/8"')
    host.collector = ("127.0.0.1", box.smtp)
    assert [one["verdict"] for one in box.objects("scan", HOST, "--port", str(host.port),
                                                  code=1)] == ["open"]


def test_none_configured(box, stack):
    host = relay(stack)
    box.configure(tester="wait = 1")
    text = box.config.read_text().replace(f'collector = "127.0.0.1:{box.smtp}"', "collector = {}")
    box.config.write_text(text)
    box.permit(f"{HOST}/32", "owner")
    assert "tester.collector: expected" in run_test(box, host, 69).stderr
    assert host.said == []


def test_with_a_collector_it_is_open(box, stack):
    host = relay(stack, ("127.0.0.1", box.smtp))
    configure(box, box.smtp)
    done = run_test(box, host, 1, "--json")
    assert json.loads(done.stdout)["verdict"] == "open"
    assert len(host.taken) == 2


def test_silence_with_a_collector_is_accepting(box, stack):
    host = relay(stack)
    configure(box, box.smtp)
    result = json.loads(run_test(box, host, 2, "--json").stdout)
    assert result["verdict"] == "accepting" and not result.get("reason")
    box.run("list", "add", HOST, "--why", "seen relaying")
    assert "took mail that never came back" in box.run("list", "--undecided").stdout


def test_the_collector_goes_away(box, stack):
    """What was sent before stays sent; nothing follows, and silence is no answer."""
    host = relay(stack)
    configure(box, box.smtp)
    with Collector(box, stack) as role:
        host.on_taken = role.stop
        done = run_test(box, host, 2, "--json")
    result = json.loads(done.stdout)
    assert result["verdict"] == "inconclusive"
    assert result["reason"].startswith("nothing could have come back: collector 127.0.0.1:")


def test_no_message_after_it_has_gone(box, stack):
    """Another test was under way when the collector was found to be gone: it sends nothing."""
    first, second = relay(stack), Relay(host="127.0.0.10")
    stack.callback(second.close)
    configure(box, box.smtp, f"ports = {{{first.port}, {second.port}}}\ncommand_timeout = 20")
    box.run("permit", "add", "127.0.0.10", "--consent", "owner", "--by", "the tests")
    second.greets.clear()
    with Collector(box, stack) as collector:
        first.on_taken = collector.stop
        with subprocess.Popen([BINARY, "test", "-c", box.config, "--state", box.state, HOST,
                               "127.0.0.10", "--json"], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            results = [json.loads(line) for line in one_then(second.greets.set, process.stdout)]
    verdicts = {(one["address"], one["port"]): one for one in results}
    held = verdicts["127.0.0.10", second.port]
    assert second.taken == [] and "DATA" in second.said
    assert held["verdict"] == "inconclusive"
    assert held["reason"].startswith("nothing could have come back: collector 127.0.0.1:")
    assert len(first.taken) == 1


def one_then(act, lines):
    """The lines; something is done when one of a taken message has come."""
    for line in lines:
        if json.loads(line)["verdict"] == "inconclusive":
            act()
        yield line


class Collector:
    """The collector in a process of its own, so that it can go away."""

    def __init__(self, box, stack):
        self.box = box
        self.supervisor = None
        stack.callback(self.stop)

    def __enter__(self):
        text = self.box.config.read_text()
        self.box.config.write_text('roles = {"collector"}\n' + text)
        self.supervisor = Supervisor(self.box)
        self.supervisor.wait_log("ready")
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        if self.supervisor and self.supervisor.process.poll() is None:
            self.supervisor.process.terminate()
            self.supervisor.process.wait(30)


def test_unchecked_is_loud(box, stack):
    """Behind a NAT that does not lead back: only what came back is a sign then."""
    host = relay(stack)
    configure(box, free_port(), "collector_check = no")
    done = run_test(box, host, 2, "--json")
    assert "tester.collector_check is off" in done.stderr
    result = json.loads(done.stdout)
    assert result["verdict"] == "inconclusive"
    assert "nothing could have come back: tester.collector_check is off" in result["reason"]
    assert host.taken


def test_unchecked_and_something_came_back(box, stack):
    relays, keeps = relay(stack, ("127.0.0.1", box.smtp)), relay(stack)
    configure(box, free_port(), "collector_check = no")
    assert json.loads(run_test(box, relays, 1, "--json").stdout)["verdict"] == "open"
    assert json.loads(run_test(box, keeps, 2, "--json").stdout)["verdict"] == "accepting"


def test_the_role_holds_back(box, stack):
    """It leases nothing, says why once, and goes on when the collector is there."""
    host = relay(stack, ("127.0.0.1", box.smtp))
    port = free_port()
    configure(box, port, f"ports = {{{host.port}}}", 'roles = {"tester", "collector"}')
    box.run("nominate", HOST, "--reason", "to be tested")
    supervisor = Supervisor(box)
    stack.callback(supervisor.process.wait)
    stack.callback(supervisor.process.terminate)
    supervisor.wait_log("tests-held")
    assert "connection refused" in supervisor.log()
    store = sqlite3.connect(f"file:{box.state}/portreeve.db?mode=ro", uri=True)
    stack.callback(store.close)

    def state():
        return store.execute("SELECT state, tries, lease_until_s FROM tests").fetchall()

    wait_until(lambda: state() == [(0, 0, 0)], "the test to be given back")
    assert supervisor.log().count("tests-held") == 1
    assert host.said == []
    configure(box, box.smtp, f"ports = {{{host.port}}}", 'roles = {"tester", "collector"}')
    supervisor.process.send_signal(signal.SIGHUP)
    supervisor.wait_log("test-done")
    assert "verdict=open" in supervisor.log()


# ---- how mail finds the collector ------------------------------------------------------------

HERE = {("one.test", "MX"): ["10 mx.one.test."], ("mx.one.test", "A"): ["127.0.0.1"]}


@pytest.mark.parametrize("records, warning", [
    ({("two.test", "MX"): ["10 a.two.test.", "20 mx.one.test."]}, None),
    ({("two.test", "A"): ["127.0.0.1"]}, None),
    ({("two.test", "MX"): ["10 a.two.test."], ("a.two.test", "A"): ["192.0.2.9"]},
     "its MX, a.two.test, does not lead to 127.0.0.1, the collector"),
    ({}, "no MX, and two.test does not lead to 127.0.0.1, the collector"),
    ({("two.test", "MX"): ["0 ."]}, "its MX, ., does not lead to 127.0.0.1, the collector"),
    ({("two.test", "MX"): dns.rcode.SERVFAIL}, "its MX could not be looked up (servfail)"),
])
def test_mx(box, stack, records, warning):
    """A warning on standard error, and nothing more."""
    host, names = relay(stack, ("127.0.0.1", box.smtp)), NameTable({**HERE, **records})
    stack.callback(names.close)
    configure(box, box.smtp, 'domain = "one.test"\n  domain2 = "two.test"',
              f'resolver = {{"127.0.0.1:{names.port}"}}')
    done = run_test(box, host, 1, "--json")
    assert json.loads(done.stdout)["verdict"] == "open"
    expected = f"portreeve: test: warning: mail for two.test: {warning}\n" if warning else ""
    assert done.stderr == expected


# ---- mail to the host itself -------------------------------------------------------------------

def test_the_notice_goes_out(box, stack):
    """A command waits for it."""
    host = relay(stack, ("127.0.0.1", box.smtp))
    configure(box, box.smtp, "notify_postmaster = yes")
    run_test(box, host, 1)
    assert host.taken[-1] == [f"postmaster@[{HOST}]"] and len(host.taken) == 3
    assert host.said[-1] == "QUIT"
