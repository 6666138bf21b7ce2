"""A proxy as container runtimes have one for IPv6: it takes connections at an address, and opens its own onwards from
the bridge's, so that the server behind it never learns who came."""

from pathlib import Path

from lab.wait import wait_until

# Of a host that has both ends, 172.18.0.1 (the bridge's) and 172.18.0.2 (the server's); {v6}: where clients come to.
PROXY = """\
import socket, threading
def copy(a, b):
    while data := a.recv(4096):
        b.sendall(data)
    b.shutdown(socket.SHUT_WR)
def serve(client):
    server = socket.create_connection(("172.18.0.2", 25), source_address=("172.18.0.1", 0))
    threading.Thread(target=copy, args=(client, server), daemon=True).start()
    copy(server, client)
listener = socket.create_server(("{v6}", 25), family=socket.AF_INET6)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
"""


class ByProxy:
    """Of a host with a mail server: IPv4 reaches it as it is, IPv6 by the proxy."""

    def configure(self):
        super().configure()
        for address in ("172.18.0.1", "172.18.0.2"):
            self.run("ip", "addr", "add", f"{address}/32", "dev", "lo")
        self.write("/var/proxy", PROXY.format(v6=self.v6))

    def start_services(self):
        super().start_services()
        self.proxy = self.start("/usr/bin/python3", "/var/proxy")
        wait_until(lambda: ":0019 " in Path(f"/proc/{self.pid}/net/tcp6").read_text(), "the proxy to listen")
