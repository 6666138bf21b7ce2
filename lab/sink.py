#!/usr/bin/python3
"""A mail server that takes everything, and notes who brought what for whom.

It is the lab's own witness: with send.py it proves what a mail server really
does, without a line of Portreeve.  Each message taken is a line on standard
output: the peer's address, a space, the recipient.
"""

import socket
import socketserver


class Session(socketserver.StreamRequestHandler):
    timeout = 60

    def reply(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self):
        peer = self.client_address[0].removeprefix("::ffff:")
        recipients = []
        self.reply(f"220 {socket.gethostname()} ESMTP")
        for line in self.rfile:
            verb = line[:4].upper()
            if verb == b"QUIT":
                self.reply("221 bye")
                return
            if verb == b"RCPT":
                recipients.append(line.partition(b":")[2].strip().decode(errors="replace"))
            if verb == b"DATA":
                self.reply("354 go on")
                while self.rfile.readline() not in (b".\r\n", b""):
                    pass
                for recipient in recipients:
                    print(peer, recipient, flush=True)
                recipients = []
            self.reply("250 ok")


class Sink(socketserver.ThreadingTCPServer):
    address_family = socket.AF_INET6  # and IPv4 on the same socket
    allow_reuse_address = True
    daemon_threads = True


if __name__ == "__main__":
    with Sink(("::", 25), Session) as server:
        server.serve_forever()
