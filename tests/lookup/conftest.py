# SPDX-License-Identifier: ISC
"""Lists in every state of health, behind one name server on the loopback interface."""

import socket
import threading

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest


def answer(query, rcode=dns.rcode.NOERROR, *addresses, text=None):
    response = dns.message.make_response(query)
    response.flags |= dns.flags.RA
    response.set_rcode(rcode)
    question = query.question[0]
    if question.rdtype == dns.rdatatype.A and addresses:
        response.answer.append(dns.rrset.from_text(question.name, 60, "IN", "A", *addresses))
    if question.rdtype == dns.rdatatype.TXT and text:
        response.answer.append(dns.rrset.from_text(question.name, 60, "IN", "TXT", text))
    return response


LISTED = ("2.0.0.127", "9.2.0.192")
MAPPED = ".".join("2000" "00f7" "ffff" + "0" * 20)
SIX = ".".join("1" + "0" * 23 + "8bd01002")


def healthy(query, labels):
    if labels in (*LISTED, MAPPED, SIX):
        return answer(query, dns.rcode.NOERROR, "127.0.0.2", text='"because \\"so\\""')
    return answer(query, dns.rcode.NXDOMAIN)


LISTS = {
    "good": healthy,
    "no-text": lambda q, labels: answer(q, healthy(q, labels).rcode(),
                                        *(["127.0.0.4"] if labels in LISTED else [])),
    "hosts": lambda q, labels: answer(q, dns.rcode.NOERROR, "192.0.2.8", "192.0.2.9"),
    "empty": lambda q, labels: answer(q, dns.rcode.NXDOMAIN),
    "everything": lambda q, labels: answer(q, dns.rcode.NOERROR, "127.0.0.2"),
    "parked": lambda q, labels: answer(q, dns.rcode.NOERROR, "198.51.100.80"),
    "blocked": lambda q, labels: answer(q, dns.rcode.NOERROR, "127.255.255.254"),
    "one": lambda q, labels: answer(q, dns.rcode.NOERROR, "127.0.0.1"),
    "refused": lambda q, labels: answer(q, dns.rcode.REFUSED),
    "servfail": lambda q, labels: answer(q, dns.rcode.SERVFAIL),
    "formerr": lambda q, labels: answer(q, dns.rcode.FORMERR),
    # healthy, but for the address itself
    "odd": lambda q, labels: answer(q, dns.rcode.NOERROR, "127.0.0.2", "203.0.113.1")
    if labels == "9.2.0.192" else healthy(q, labels),
    "no-ipv6": lambda q, labels: healthy(q, labels) if len(labels) < 16
    else answer(q, dns.rcode.NXDOMAIN),
}


def serve(sock):
    while True:
        try:
            wire, peer = sock.recvfrom(4096)
        except OSError:
            return
        query = dns.message.from_wire(wire)
        *labels, zone, _, _, _ = [label.decode() for label in query.question[0].name.labels]
        if zone in LISTS:
            sock.sendto(LISTS[zone](query, ".".join(labels)).to_wire(), peer)


@pytest.fixture(scope="session")
def resolver():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        threading.Thread(target=serve, args=(sock,), daemon=True).start()
        yield f"127.0.0.1:{sock.getsockname()[1]}"
