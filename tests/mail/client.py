# SPDX-License-Identifier: ISC
"""Clients of the gateway: one that sends any bytes, and one that logs in as real ones do."""

import base64
import hashlib
import hmac
import re
import smtplib
import socket
import ssl

UNCHECKED = ssl.create_default_context()
UNCHECKED.check_hostname, UNCHECKED.verify_mode = False, ssl.CERT_NONE


class Gone(Exception):
    """The server hung up."""


class Raw:
    """Sends what it is told to, and reads replies."""

    def __init__(self, port, address="127.0.0.1", greeted=True, source=None):
        self.socket = socket.create_connection((address, port), timeout=60,
                                               source_address=(source, 0) if source else None)
        self.stream = self.socket.makefile("rb")
        if greeted:
            code, text = self.reply()
            assert code == 220, text

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.stream.close()
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data if isinstance(data, bytes) else data.encode("latin-1"))

    def reply(self):
        """The code and the text of the next reply."""
        lines = []
        while True:
            try:
                line = self.stream.readline()
            except ConnectionResetError:
                line = b""
            if not line:
                raise Gone(lines)
            assert re.fullmatch(rb"[2-5][0-9][0-9][ -][^\r\n\0]*\r\n|[2-5][0-9][0-9]\r\n", line), line
            lines.append(line.decode("latin-1").rstrip("\r\n"))
            if line[3:4] != b"-":
                return int(lines[0][:3]), "\n".join(lines)

    def ask(self, line, expected=None):
        """Sends a line; gives the code and text of its reply."""
        self.send(line + "\r\n" if isinstance(line, str) else line + b"\r\n")
        code, text = self.reply()
        assert expected is None or code == expected, (line, text)
        return code, text

    def code(self, line):
        return self.ask(line)[0]

    def hello(self, name="client.example"):
        return self.ask(f"EHLO {name}", 250)[1]

    def starttls(self):
        self.ask("STARTTLS", 220)
        self.stream.close()
        self.socket = UNCHECKED.wrap_socket(self.socket)
        self.stream = self.socket.makefile("rb")

    def envelope(self, sender, *recipients):
        self.ask(f"MAIL FROM:<{sender}>", 250)
        for recipient in recipients:
            self.ask(f"RCPT TO:<{recipient}>", 250)

    def over(self):
        """Whether the server has hung up, after whatever it still says."""
        try:
            while True:
                self.reply()
        except Gone:
            return True

    def login(self, name, password):
        return self.code("AUTH PLAIN " + base64.b64encode(f"\0{name}\0{password}".encode()).decode())


# ---- as real ones do ------------------------------------------------------------------------

class User(smtplib.SMTP):
    """smtplib, on port 587: TLS and a login."""

    def __init__(self, port, name=None, password=None, mechanism=None, address="127.0.0.1"):
        super().__init__(address, port, local_hostname="laptop.example", timeout=60)
        self.starttls(context=UNCHECKED)
        self.ehlo()
        if mechanism == "SCRAM-SHA-256":
            scram(self, name, password)
        elif name:
            self.user, self.password = name, password
            self.auth(mechanism or "PLAIN",
                      self.auth_login if mechanism == "LOGIN" else self.auth_plain)


def scram(client, name, password):
    """RFC 7677 by hand: Python has none. Also proves that the server knows the password."""
    nonce = base64.b64encode(hashlib.sha256(name.encode()).digest()[:18]).decode()
    bare = f"n={name},r={nonce}"
    code, reply = client.docmd("AUTH", "SCRAM-SHA-256 " + _b64(f"n,,{bare}"))
    if code != 334:
        raise smtplib.SMTPAuthenticationError(code, reply)
    first = base64.b64decode(reply).decode()
    parts = dict(part.split("=", 1) for part in first.split(","))
    assert parts["r"].startswith(nonce) and len(parts["r"]) > len(nonce), first
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(parts["s"]), int(parts["i"]))
    final = f"c={_b64('n,,')},r={parts['r']}"
    signed = f"{bare},{first},{final}".encode()
    key = _hmac(salted, b"Client Key")
    signature = _hmac(hashlib.sha256(key).digest(), signed)
    proof = base64.b64encode(bytes(a ^ b for a, b in zip(key, signature))).decode()
    code, reply = client.docmd(_b64(f"{final},p={proof}"))
    if code == 334:                      # the server's proof, to which there is nothing to say
        expected = base64.b64encode(_hmac(_hmac(salted, b"Server Key"), signed)).decode()
        assert base64.b64decode(reply).decode() == f"v={expected}", reply
        code, reply = client.docmd("")
    if code != 235:
        raise smtplib.SMTPAuthenticationError(code, reply)


def _b64(text):
    return base64.b64encode(text.encode()).decode()


def _hmac(key, data):
    return hmac.new(key, data, "sha256").digest()


def mail(sender, recipient, subject="hello", body="Hello.\n"):
    return f"From: <{sender}>\r\nTo: <{recipient}>\r\nSubject: {subject}\r\n\r\n" + \
        body.replace("\n", "\r\n")
