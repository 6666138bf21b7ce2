"""Ports for servers that a test starts."""

import collections
import os
import random
import socket
from pathlib import Path

GIVEN = collections.deque(maxlen=64)    # lately: who asks for two must not get one twice


def free_port():
    """A port of 127.0.0.1 that is free for UDP and TCP. None of those that the kernel gives to
    clients: one of them could take it before the server does. Nor of those that another run of pytest
    gives out at the same time: $PORTREEVE_PORTS is which of how many parts are ours."""
    part, parts = map(int, os.environ.get("PORTREEVE_PORTS", "0/1").split("/"))
    clients = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text()
    first = int(clients.split()[0])
    while True:
        port = first // 2 + random.randrange(first // 2 // parts) * parts + part
        if port in GIVEN:
            continue
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
            try:
                udp.bind(("127.0.0.1", port))
                tcp.bind(("127.0.0.1", port))
            except OSError:
                continue
            GIVEN.append(port)
            return port
