#!/usr/bin/python3
"""Holds sessions with a mail server, greeted and then idle, until its standard input ends.

    hold.py ADDRESS COUNT [tls]

Prints `held N` when they stand, with TLS after STARTTLS where that is said; and in the end, when
each has been asked once more, how many did answer: `answered N`.
"""

import resource
import socket
import ssl
import sys


def reply(stream):
    """The code of the next reply."""
    while True:
        line = stream.readline()
        if line[3:4] != b"-":
            return int(line[:3] or b"0")


def session(address, context):
    connection = socket.create_connection((address, 25), timeout=60)
    with connection.makefile("rb") as stream:
        if reply(stream) != 220:
            return None
        connection.sendall(b"EHLO idle.example\r\n")
        if reply(stream) != 250:
            return None
        if context:
            connection.sendall(b"STARTTLS\r\n")
            if reply(stream) != 220:
                return None
    if not context:
        return connection
    over = context.wrap_socket(connection, server_hostname="mx.example")
    over.sendall(b"EHLO idle.example\r\n")
    over.recv(4096)
    return over


def answers(connection):
    """Whether the session is still there for its client."""
    try:
        connection.sendall(b"NOOP\r\n")
        return connection.recv(4096).startswith(b"250")
    except OSError:
        return False


def main():
    address, count = sys.argv[1], int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_NOFILE, (count + 100,) * 2)
    context = None
    if sys.argv[3:] == ["tls"]:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    held = [one for one in (session(address, context) for _ in range(count)) if one]
    print("held", len(held), flush=True)
    sys.stdin.read()
    print("answered", sum(map(answers, held)), flush=True)


if __name__ == "__main__":
    main()
