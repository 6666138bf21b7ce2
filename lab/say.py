#!/usr/bin/python3
"""Send many messages, a few at a time, each with words of its own, byte for byte.

    say.py < lines

Each line is JSON: {"to" and "source" (addresses), "verb", "helo", "sender", "recipient", "tls",
"text"}; where wanted "encoding", and "mail" and "rcpt" in place of sender and recipient, with their
brackets.  For each line the last reply is printed, as JSON: [code, text].

    say.py --ident '{"ADDRESS": "NAME"}'

serves RFC 1413 instead: asked at that address, it gives that name.
"""

import json
import smtplib
import socketserver
import ssl
import sys
from concurrent.futures import ThreadPoolExecutor


def send(case):
    """One dialogue; gives the reply to the message, or the first refusal."""
    try:
        code, text = dialogue(case)
    except smtplib.SMTPServerDisconnected as gone:
        code, text = 421, str(gone).encode()
    return json.dumps([code, text.decode("latin-1")])


def dialogue(case):
    with smtplib.SMTP(case["to"], timeout=30, source_address=(case["source"], 0)) as client:
        client.command_encoding = case.get("encoding", "latin-1")
        if case["tls"]:
            client.ehlo("tls.example")
            client.starttls(context=ssl._create_unverified_context())
        for verb, words in ((case["verb"], case["helo"]),
                            ("MAIL", "FROM:" + (case.get("mail") or f"<{case['sender']}>")),
                            ("RCPT", "TO:" + (case.get("rcpt") or f"<{case['recipient']}>"))):
            code, text = client.docmd(verb, words)
            if code >= 300:
                return code, text
        return client.data(case["text"])


class Ident(socketserver.StreamRequestHandler):
    timeout = 10

    def handle(self):
        ports = self.rfile.readline(100).decode().strip()
        asked = self.request.getsockname()[0].removeprefix("::ffff:")
        name = json.loads(sys.argv[2]).get(asked)
        reply = f"USERID : UNIX : {name}" if name else "ERROR : NO-USER"
        self.wfile.write(f"{ports} : {reply}\r\n".encode("latin-1"))


class Identd(socketserver.ThreadingTCPServer):
    address_family = 10  # IPv6, and IPv4 on the same socket
    daemon_threads = True


def main():
    if sys.argv[1:2] == ["--ident"]:
        with Identd(("::", 113), Ident) as server:
            server.serve_forever()
    with ThreadPoolExecutor(8) as pool:
        for reply in pool.map(send, [json.loads(line) for line in sys.stdin]):
            print(reply)


if __name__ == "__main__":
    main()
