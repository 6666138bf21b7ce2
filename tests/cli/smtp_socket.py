"""A small mail server at a unix socket, as the gateway's: strict about line ends, and it answers
what its tests tell it to."""

import select
import socket
import socketserver
import threading

OFFER = ["gateway.test", "PIPELINING", "SIZE 1000000", "8BITMIME", "SMTPUTF8", "DSN",
         "ENHANCEDSTATUSCODES"]


class Session(socketserver.StreamRequestHandler):
    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def line(self):
        line = self.rfile.readline()
        if line and not line.endswith(b"\r\n"):
            self.server.faults.append(line)
        return line.rstrip(b"\r\n").decode("utf-8", "surrogateescape")

    def message(self):
        """The text until its dot, dots removed."""
        text = b""
        while True:
            line = self.rfile.readline()
            if not line.endswith(b"\r\n") or b"\r" in line[:-2]:
                self.server.faults.append(line)
            if line in (b".\r\n", b""):
                return text
            text += line[1:] if line.startswith(b".") else line

    def must_be_there(self):
        """Whoever hangs up before the answer has not heard it: servers take that for the end."""
        wait_s = self.server.answers.get("WAITS")
        if wait_s and select.select([self.connection], [], [], wait_s)[0] and \
                not self.connection.recv(1, socket.MSG_PEEK):
            self.server.faults.append(b"hung up")

    def handle(self):
        answers = self.server.answers
        self.say(answers.get("CONNECT", "220 gateway.test ESMTP"))
        while line := self.line():
            self.server.lines.append(line)
            verb = line.split(" ")[0].upper()
            told = next((answers[key] for key in answers if line.upper().startswith(key)), None)
            if told:
                self.say(told)
            elif verb == "EHLO":
                for word in OFFER[:-1]:
                    self.say("250-" + word)
                self.say("250 " + OFFER[-1])
            elif verb == "DATA":
                self.say("354 go on")
                self.server.messages.append(self.message())
                self.must_be_there()
                self.say(answers.get(".", "250 2.0.0 queued as 1"))
            elif verb == "QUIT":
                self.say("221 2.0.0 bye")
                return
            else:
                self.say("250 2.0.0 ok")


class Server(socketserver.ThreadingUnixStreamServer):
    """`answers`: what is said to lines that begin so ("RCPT TO:<B@" …), "CONNECT" and "."."""
    daemon_threads = True

    def __init__(self, path, answers=None):
        self.answers, self.lines, self.messages, self.faults = answers or {}, [], [], []
        super().__init__(str(path), Session)
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def get_request(self):
        request, _ = super().get_request()
        return request, ("local", 0)

    def close(self):
        self.shutdown()
        self.server_close()


def nobody(path):
    """A socket at which nobody answers."""
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(str(path))
