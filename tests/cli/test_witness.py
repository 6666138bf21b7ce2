"""The role witness as it runs: asked over TLS by somebody else's TLS, with the key that
`keys witness` made. What the mail server hears, what comes back, and who hears nothing."""

import hashlib
import os
import signal
import socketserver
import subprocess
import threading

import pytest
from conftest import free_port
from names import NameTable

WORD = "pwjyqacaqdaqcqmbyijmmq"


class MailServer:
    """Takes all but the malformed recipient; `heard` holds the lines, `peers` the connections."""

    def __init__(self):
        self.heard, self.peers = [], []
        server = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                server.peers.append(self.client_address[0])
                self.wfile.write(b"220 secret.example ESMTP of the house\r\n")
                for line in self.rfile:
                    server.heard.append(line.decode().rstrip("\r\n"))
                    self.wfile.write(b"501 5.1.3 syntax\r\n" if line.startswith(b"RCPT") else
                                     b"250 fine\r\n")

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Witness:
    """One that runs, with one key."""

    def __init__(self, box, supervisor):
        self.box, self.mail, self.port = box, MailServer(), free_port()
        self.names = NameTable({("mail.example", "A"): ["127.0.0.1"],
                                ("private.example", "A"): ["10.99.99.99"]})
        self.keys = box.directory / "witness.keys"
        self.write(self.make("mx", "--host", "mail.example", "--host", "private.example",
                             "--port", str(self.mail.port), "--network", "127.0.0.0/8"))
        box.configure(general=f'roles = {{"witness"}}\nhostname = "witness.example"\n'
                              f'resolver = {{"{self.names.address}"}}\n'
                              f'witness {{\n listen = {{"127.0.0.1:{self.port}"}}\n'
                              f' keys = "{self.keys}"\n}}')
        self.run = supervisor()
        self.run.wait_log("ready")

    def make(self, name, *options):
        return self.box.run("keys", "witness", name, f"{name}.key", *options).stdout

    def write(self, text):
        self.keys.write_text(text)
        self.keys.chmod(0o600)

    def ask(self, name="mx", host="mail.example", port=None, key=None, line=None):
        """What comes back within TLS."""
        secret = (self.box.directory / f"{key or name}.key").read_text().split()[1]
        psk = hashlib.sha256(b"portreeve witness 1" + bytes.fromhex(secret)).hexdigest()
        line = line or f"witness/1 {WORD} {host} {port or self.mail.port}\n"
        done = subprocess.run(
            ["openssl", "s_client", "-quiet", "-tls1_3", "-psk", psk, "-psk_identity", name,
             "-connect", f"127.0.0.1:{self.port}"], input=line, capture_output=True, text=True,
            timeout=60, check=False)
        return done.stdout

    def close(self):
        self.mail.close()
        self.names.close()


@pytest.fixture
def witness(box, supervisor):
    made = Witness(box, supervisor)
    yield made
    made.close()


def test_asked(witness):
    port = witness.mail.port
    assert witness.ask() == f"at 127.0.0.1 {port} connected 127.0.0.1 greeted said\nend\n"
    said = f"{WORD}-4-{port}"
    assert witness.mail.heard == [f"EHLO {said}.witness.example", f"EXPN {said}", "MAIL FROM:<>",
                                  f"RCPT TO:<{said}@a..b>", "QUIT"]
    assert witness.ask(host="private.example") == (
        f"at 10.99.99.99 {port} forbidden - silent unsaid\nend\n")
    witness.run.wait_log("visit-refused key=mx host=private.example address=10.99.99.99 why=")
    witness.run.wait_log("host=private.example answer=refused addresses=1 refused=1")
    assert "host=mail.example answer=given addresses=1 refused=0" in witness.run.log()
    assert witness.ask(host="www.example") == "no host\n"
    assert witness.ask(port=22) == "no port\n"
    assert witness.ask(line="GET / HTTP/1.0\n") == "no request\n"
    assert len(witness.mail.peers) == 1
    os.kill(witness.run.roles()["witness"], signal.SIGUSR1)
    witness.run.wait_log("witness counters connections=5 refused=0 asked=5 answered=1 denied=4 "
                         "keyless=0 visits=1")


def test_no_key(witness):
    witness.make("other", "--host", "mail.example")
    assert witness.ask(key="other") == ""
    assert witness.ask(name="nobody", key="mx") == ""
    assert witness.mail.peers == []
    secret = (witness.box.directory / "mx.key").read_text().split()[1]
    row = witness.keys.read_text().split()[1]
    log = witness.run.log()
    assert secret not in log and row not in log and secret not in witness.keys.read_text()


def test_keys_are_read_again(witness):
    witness.write(witness.make("new", "--host", "mail.example", "--port", str(witness.mail.port),
                               "--network", "127.0.0.0/8"))
    witness.run.process.send_signal(signal.SIGHUP)
    witness.run.wait_log("witness-keys keys=1", times=2)
    assert witness.ask() == ""
    assert "connected" in witness.ask("new")
    witness.keys.write_text("new 00 host=mail.example\n")
    witness.run.process.send_signal(signal.SIGHUP)
    witness.run.wait_log("expected 64 hexadecimal digits")
    assert "connected" in witness.ask("new")


def test_rate(witness):
    text = witness.box.config.read_text()
    witness.box.config.write_text(text.replace("witness {", "witness {\n rate = 2"))
    witness.run.process.send_signal(signal.SIGHUP)
    witness.run.wait_log("witness-keys keys=1", times=2)
    answers = [witness.ask() for _ in range(3)]
    assert [answer.startswith("at ") for answer in answers] == [True, True, False]
    assert answers[2] == "no rate\n"
    assert len(witness.mail.peers) == 2


def test_settings(box):
    keys = box.directory / "witness.keys"
    box.configure(general=f'roles = {{"witness"}}\nwitness {{\n keys = "{keys}"\n}}')
    done = box.run("config", "check", code=78)
    assert "witness.keys: expected a file that can be read" in done.stderr
    keys.write_text("")
    keys.chmod(0o644)
    done = box.run("config", "check")
    assert "is open to others than its owner" in done.stdout + done.stderr
    assert "has no key" in done.stdout + done.stderr
    keys.write_text("x\n")
    assert f"{keys}:1: expected 64" in box.run("config", "check", code=78).stderr
