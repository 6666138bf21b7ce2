# SPDX-License-Identifier: ISC
"""The servers to which the gateway delivers in these tests: what they say is a script, and what they
hear is kept byte for byte.

A message ends with CRLF . CRLF and with nothing else; so what another server might take for the end
of one is seen here as the bytes that it is.
"""

import socket
import ssl
import threading


class Message:
    """What was taken: who brought it, its envelope, and its text with the dots as they were."""

    def __init__(self, session):
        self.peer, self.helo, self.tls = session.peer, session.helo, session.tls
        self.sender, self.recipients = session.sender, list(session.recipients)
        self.mail, self.data = session.mail, b""

    @property
    def text(self):
        return self.data.decode("latin-1")


class Session:
    """One client. `replies` of the sink, {verb: reply or function of the argument}, come first."""

    def __init__(self, sink, connection, peer):
        self.sink, self.connection, self.peer = sink, connection, peer
        self.tls, self.helo = False, ""
        self.stream = connection.makefile("rb")
        self.reset()

    def reset(self):
        self.sender, self.recipients, self.mail = None, [], ""

    def say(self, text):
        self.connection.sendall(text.encode("latin-1") + b"\r\n")

    def scripted(self, verb, argument):
        reply = self.sink.replies.get(verb)
        return reply(argument) if callable(reply) else reply

    def serve(self):
        self.say(self.scripted("CONNECT", self.peer) or "220 sink.example ESMTP")
        while True:
            line = self.stream.readline()
            if not line:
                return
            self.sink.commands.append(line)
            verb, _, argument = line.decode("latin-1").rstrip("\r\n").partition(" ")
            verb = verb.upper()
            reply = self.scripted(verb, argument)
            if reply == "":
                return                        # hangs up without a word
            if reply is None:
                reply = getattr(self, f"do_{verb.lower()}", self.do_unknown)(argument)
            if reply:
                self.say(reply)
            if reply and (verb == "QUIT" or reply.startswith("421")):
                return

    def do_unknown(self, _):
        return "500 what?"

    def do_ehlo(self, name):
        self.helo = name
        offers = [*self.sink.offers, *(["STARTTLS"] if self.sink.context and not self.tls else [])]
        words = ["sink.example", *offers]
        return "\r\n".join(f"250{' ' if one == words[-1] else '-'}{one}" for one in words)

    do_lhlo = do_ehlo

    def do_helo(self, name):
        self.helo = name
        return "250 sink.example"

    def do_starttls(self, _):
        self.say("220 go on")
        self.connection = self.sink.context.wrap_socket(self.connection, server_side=True)
        self.stream = self.connection.makefile("rb")
        self.tls = True

    def do_mail(self, argument):
        self.mail = argument
        self.sender = argument.partition("<")[2].partition(">")[0]
        return "250 ok"

    def do_rcpt(self, argument):
        if self.sender is None:
            return "503 from whom?"
        self.recipients.append(argument.partition("<")[2].partition(">")[0])
        return "250 ok"

    def do_rset(self, _):
        self.reset()
        return "250 ok"

    def do_noop(self, _):
        return "250 ok"

    def do_quit(self, _):
        return "221 bye"

    def do_data(self, _):
        if not self.recipients:
            return "503 for whom?"
        self.say("354 go on")
        message = Message(self)
        while not (b"\r\n" + message.data).endswith(b"\r\n.\r\n"):
            line = self.stream.readline()
            if not line:
                return None
            message.data += line
        message.data = message.data[:-3]
        count = len(self.recipients)
        self.reset()
        reply = self.scripted(".", message) or "250 taken"
        if reply.startswith("2"):
            self.sink.messages.append(message)
        return "\r\n".join([reply] * (count if self.sink.lmtp else 1))


class Sink:
    """Listens at `port` of 127.0.0.1. `messages` are those that it took, `commands` all lines."""

    def __init__(self, lmtp=False, certificate=None, offers=("PIPELINING", "8BITMIME", "SIZE 0")):
        self.lmtp, self.offers = lmtp, offers
        self.replies, self.messages, self.commands = {}, [], []
        self.connections = 0
        self.context = None
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(*certificate)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, peer = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.serve, args=(connection, peer[0]), daemon=True).start()

    def serve(self, connection, peer):
        session = Session(self, connection, peer)
        try:
            session.serve()
        except OSError:
            pass
        finally:
            session.stream.close()
            session.connection.close()

    def close(self):
        if self.listener.fileno() >= 0:
            self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()
