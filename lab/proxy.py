#!/usr/bin/python3
"""A proxy as container runtimes have one: it takes connections, and opens its own onwards.

    proxy.py PORT SERVER [SOURCE]

It listens on PORT of all addresses, and connects to port 25 of SERVER from the address SOURCE: the
server never learns who came.
"""

import socket
import socketserver
import sys
import threading


class Session(socketserver.BaseRequestHandler):
    def handle(self):
        server, *source = sys.argv[2:]
        with socket.create_connection((server, 25),
                                      source_address=(source[0], 0) if source else None) as onwards:
            back = threading.Thread(target=pass_on, args=(onwards, self.request), daemon=True)
            back.start()
            pass_on(self.request, onwards)
            back.join()


def pass_on(come, go):
    """All that comes, up to its end, which is passed on, too."""
    try:
        while piece := come.recv(65536):
            go.sendall(piece)
        go.shutdown(socket.SHUT_WR)
    except OSError:
        come.close()
        go.close()


class Proxy(socketserver.ThreadingTCPServer):
    address_family = socket.AF_INET6  # and IPv4 on the same socket
    allow_reuse_address = True
    daemon_threads = True


if __name__ == "__main__":
    with Proxy(("::", int(sys.argv[1])), Session) as listener:
        listener.serve_forever()
