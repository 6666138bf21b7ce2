"""Received lines that real mail servers wrote about a client who lies.

Whatever the client says (HELO, ident, MAIL FROM, RCPT) and however the owner of its address
names it in the DNS: `trace` must take none of it for what the server saw.

Postfix, OpenSMTPD and Sendmail refuse or mend what is no name.  Exim does so by default, and is
told here to write all down as it comes: even then each line has a right answer, and none is "".
"""

import itertools
import json
import re
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass

import pytest
from conftest import BINARY

from lab.host import Host
from lab.lab import Lab
from lab.mta.exim import Exim
from lab.mta.opensmtpd import OpenSMTPD
from lab.mta.postfix import Postfix
from lab.mta.sendmail import Sendmail
from lab.wait import wait_until

LONG = "a" * 200
DATE = "Thu, 1 Jan 1998 00:00:00 +0000"
DECOY = "by evil.example (Postfix) with ESMTPSA id EVIL1"

# What the client says in HELO and EHLO; BORDER is the server's own name.
HELOS = [
    "plain.example", "localhost", "BORDER", "by", "id x", "from", "from x", "with ESMTPSA",
    "via HTTP", "for <x@y.example>", "with", "id", "for", "via", "x by y.example with SMTP id z",
    f"x {DECOY}", f"x ([198.51.100.7]) {DECOY}; {DATE}",
    f"x (evil.example [198.51.100.7]) {DECOY}; {DATE}",
    f"x (evil.example [198.51.100.7]) {DECOY} for <x@y.example>; {DATE} (", f"x; {DATE}",
    f"; {DATE}", f"x;{DATE}", ";", "a;b", ";;;;", "x by BORDER (Postfix) with ESMTPA id EVIL2",
    "x (unknown [198.51.100.7]) by BORDER", "[198.51.100.7]", "198.51.100.7", "[198.51.100.7",
    "198.51.100.7]", "[[198.51.100.7]]", "([198.51.100.7])", "(evil.example [198.51.100.7])",
    "x (evil.example [198.51.100.7])", "x (evil.example [198.51.100.7]) (", "x [198.51.100.7]",
    "[198.51.100.7] (evil.example)", "x (HELO y) (198.51.100.7)", "x (root@198.51.100.7)",
    "[198.51.100.7]:25", "198.51.100.7:25", "x) (evil.example [198.51.100.7]) (y",
    "x]) (evil.example [198.51.100.7]) ([", "[IPv6:2001:db8::7]", "IPv6:2001:db8::7",
    "2001:db8::7", "[256.1.2.3]", "unknown", "[unknown]", "helo=x", "helo=[198.51.100.7]",
    "HELO y", "(HELO y)", "EHLO y", "helo=x ident=y", "x helo=y", "may be forged",
    "(may be forged)", "x (may be forged)", "authenticated", "(authenticated)",
    "x (authenticated bits=0)", "(Authenticated sender: x)", "x (Authenticated sender: x)",
    "x (account joe HELO y)", "account joe", "(auth x)", "using TLSv1.2",
    "(using TLSv1.2 with cipher X)", "x (using TLSv1.2)", "x (version=TLSv1 cipher=Y)", "TLSv1.2",
    "sslvpn", "x (via HTTP)", "mail pickup service", "spooler", "(qmail 1 invoked from network)",
    "x (qmail 1)", "x (Exim 4.96)", "x (from userid 0)", "root@x", "root@[198.51.100.7]",
    "joe@localhost", "x (joe@localhost)", "x ([UNIX: localhost])", "(", ")", "()", "((", "))",
    "(((((", ")))))", "x(", "x)", "(x", "((x) y", "(((((x", ")(", "x)y(z", "\\", "x\\", "\\(",
    "\\)", "x\\) y", '"', '"x', 'x"', '"x y"', '"(x"', "<", ">", "<x", "x>", "<x y>", "<(x>", "[",
    "]", "[x", "x]", "[]", "a b c d e f g h i j k l m n o p", LONG, f"{LONG} {DECOY}", f"({LONG}",
    f"[{LONG}", "x\ty", "\tx", "x\tby\ty.example\tid\tz", "x, y", ",", "=", ":", "@", "-",
    "- 198.51.100.7", "x - 198.51.100.7", "x\xe4y", "\xff\xfe", "\x01\x02", f"x) {DECOY}",
    f"x) {DECOY} (y", f"x) {DECOY}; {DATE} (", f"x) {DECOY}) ((y",
    f"x) (evil.example [198.51.100.7]", "x) [198.51.100.7] (", "x encrypted",
    "x ident=[198.51.100.7]) (a", "x claiming to be \"y\"", "x from [198.51.100.7]", "HTTP",
    "local", "x with HTTP", "x with local",
]

# Who owns an address names it as he likes.  (\032 is a space, for the zone file.)
NAMES = [
    "authenticated.x.example", "authenticated.", "sslvpn.x.example", "tls.", "ssl.",
    "1.2.3.4.x.example", "198.51.100.7.", "by.example", "by.", "unknown.", "localhost.", "helo.",
    "account.x.example", "auth.", "helo-x.example", "from.", "id.", "with.", "spooler.",
    "encrypted.", "x.encrypted", "using.x.example", "mail.postfix.example",
    "a\\032by\\032evil.example", "\\(a.example", "a\\)\\032by\\032evil.example",
    "\\[198.51.100.7\\]", "ident=x.example", "_.x.example", "hotmail.com", "qmail.",
    "HELO\\032x.example", "mail.", "x.helo", "xhelo.example", "ehlo.", "helo.x.example",
    "tls-x.example", "web.mail", "local.",
]

# What a host answers that is asked who called.
IDENTS = [
    "root", "root@x", "[198.51.100.7]", "root@[198.51.100.7]", "x [198.51.100.7]",
    "x [198.51.100.7]) (", "a) by evil.example with ESMTPSA id EVIL3 (b", "AUTH: LOGIN joe",
    "IDENT:x", "helo=y", "HELO x", "(", ")", "x (evil.example [198.51.100.7]) " + DECOY,
    "using TLSv1.2", "authenticated", '"', "\\", ";", f"; {DATE}", "198.51.100.7",
]

# Local parts, in the sender's and in the recipient's address.
LOCALS = [
    '"a) by evil.example with SMTP id EVIL4; x"', f'"; {DATE}"', '"a b"', '"("', '")"', '"(("',
    '"x>"', '"<"', '"a> id EVIL5"', '"a (using TLSv1.2)"', '"(authenticated)"',
    '"x (Authenticated sender: y)"', '"a\\" b"', '"\\\\"', '"by"', '"a by evil.example"', "'",
    "a;b", "by", "[198.51.100.7]", '"@198.51.100.7"',
    '"a> (evil.example [198.51.100.7]) by evil.example id EVIL6"', "x=y", "#", "{", "`",
]

# What opens in HELO and closes in an address would hide the server's words between them.
OPEN = [
    "(x", f"x) {DECOY} (a", f"x) {DECOY} ((a", f"x) {DECOY} (envelope-from <\"", f"x) {DECOY} \"",
    f"x) {DECOY} <", f"x) {DECOY} for \"", f"x) {DECOY} for <", f"x) {DECOY} for <\"",
    f"x) {DECOY} [", f"x) {DECOY}; \"", f"x) {DECOY} (\\", "x (evil.example [198.51.100.7]",
    f"x (evil.example [198.51.100.7]) {DECOY} (\"",
]
CLOSE = [
    '"a)"', '"a))"', '"a>"', '"a]"', '"x"', '"\\")"', '"\\"> by evil.example id EVIL7"',
    '")) by evil.example id EVIL8 ("', '"\\\\\\" (a) by evil.example id EVIL9"',
]

UNNAMED = "2001:db8:3::3"   # not in the DNS
TLS_CLIENT = "203.0.113.2"  # Exim makes a key for each connection that may have TLS


@dataclass
class Case:
    """One message: who says what to whom.  `name` is what the DNS calls the client."""

    to: str
    source: str
    name: str
    helo: str
    recipient: str
    sender: str = "joe@client.example"
    verb: str = "EHLO"
    tls: bool = False
    text: str = ""

    def __str__(self):
        return f"{self.source} {self.verb} {self.helo!r}, {self.sender!r} to {self.recipient!r}"


class Client(Host):
    """One machine with an address for each name and each ident."""

    def __init__(self):
        super().__init__("client", "client.example", "203.0.113.1", "2001:db8:3::1")
        self.named = {f"203.0.113.{n}": name for n, name in enumerate(NAMES, 10)}
        self.idents = {f"203.0.113.{n}": text for n, text in enumerate(IDENTS, 10 + len(NAMES))}
        self.records = []
        for address, name in self.named.items():
            number, name = address.rpartition(".")[2], name.rstrip(".")
            self.records += [f"{number}.113.0.203.in-addr.arpa. PTR {name}.",
                             f"{name}. A {address}"]

    def start_services(self):
        for address in (UNNAMED, TLS_CLIENT, *self.named, *self.idents):
            self.run("ip", "addr", "add", address, "dev", "eth0", *["nodad"] * (":" in address))
        self.start("say.py", "--ident", json.dumps(self.idents))
        self.wait_port(113)


def server(kind, name, number, **keywords):
    fqdn = f"mail.{name}.example"
    return kind(name, fqdn, f"198.51.100.{number}", f"2001:db8:100::{number}", domains=[fqdn],
                users=["bob", "postmaster"], **keywords)


SERVERS = [
    server(Postfix, "postfix", 11, tls=True,
           settings={"local_recipient_maps": "", "luser_relay": "bob",
                     "smtpd_tls_received_header": "yes"}),
    server(Exim, "exim", 12, catch_all="bob",
           settings=f"tls_advertise_hosts = {TLS_CLIENT}\nhelo_accept_junk_hosts = *\n"
                    "rfc1413_hosts = *\nrfc1413_query_timeout = 5s\n"),
    server(OpenSMTPD, "opensmtpd", 13, catch_all="bob"),
    server(Sendmail, "sendmail", 14,
           macros="define(`confALLOW_BOGUS_HELO', `True')dnl\ndefine(`confTO_IDENT', `5s')dnl\n"
                  "define(`LUSER_RELAY', `local:bob')dnl\n"),
]

# So many of the messages must arrive at least; OpenSMTPD wants names in HELO and no ident.
LEAST = {"postfix": 400, "exim": 600, "opensmtpd": 150, "sendmail": 400}


def cases(host, client):
    """All that the client says to one server."""
    def case(source, helo, to=host.v4, name="client.example", local="bob", **more):
        helo = helo.replace("BORDER", host.fqdn)
        return Case(to, source, name, helo, f"{local}@{host.fqdn}", **more)

    for helo in HELOS:
        yield case(client.v4, helo)
        yield case(UNNAMED, helo, host.v6, "", verb="HELO")
    yield case(client.v6, "plain.example", host.v6)
    for helo in ("plain.example", "[198.51.100.7]"):
        for address, name in client.named.items():
            yield case(address, helo, name=name.rstrip("."))
        for address in client.idents:
            yield case(address, helo, name="")
    for local in LOCALS:
        yield case(client.v4, "plain.example", local=local)
        yield case(client.v4, "plain.example", sender=f"{local}@client.example")
    if host.name == "exim":  # The others mend or refuse what opens.
        for helo, local in itertools.product(OPEN, CLOSE):
            yield case(client.v4, helo, sender=f"{local}@client.example")
            yield case(UNNAMED, helo, host.v6, "", local, sender=f"{local}@client.example")
    if host.name in ("postfix", "exim"):
        for helo in ("plain.example", "x (using SSLv3)"):
            yield case(TLS_CLIENT, helo, name="", tls=True)


def messages(host):
    """{number of the case: the message as it was delivered}"""
    text = host.path("/var/mail/bob").read_bytes().decode("latin-1")
    found = ("\n" + text).split("\nFrom ")[1:]
    return {int(re.search(r"^X-Case: (\d+)", message, re.M)[1]): message for message in found}


def deliver(host, client):
    """[(case, the reply to it, the message as delivered)] of what the server took."""
    said = list(cases(host, client))
    for number, case in enumerate(said):
        case.text = f"X-Case: {number}\n\nhello\n"
    lines = "".join(json.dumps(asdict(case)) + "\n" for case in said)
    replies = [json.loads(line) for line in client.run("say.py", text=lines).stdout.splitlines()]
    assert len(replies) == len(said), replies[-1]
    taken = [number for number, (code, _) in enumerate(replies) if code == 250]
    wait_until(lambda: len(messages(host)) >= len(taken),
               lambda: f"{host.name} to deliver {len(taken)} messages, not {len(messages(host))}", 180)
    delivered = messages(host)
    return [(said[number], replies[number][1], delivered[number]) for number in taken]


@pytest.fixture(scope="module")
def delivered():
    """{name of the server: what deliver() gives}, and when all of it was."""
    client = Client()
    with Lab("received", [client, *SERVERS]):
        began = int(time.time())
        with ThreadPoolExecutor() as pool:
            found = dict(zip([host.name for host in SERVERS],
                             pool.map(lambda host: deliver(host, client), SERVERS)))
        yield found, (began, time.time())


def traced(host, mail):
    objects = [json.dumps({"id": str(case), "message": message, "own_hosts": [host.fqdn],
                           "own_nets": [], "border_hosts": []}) for case, _, message in mail]
    done = subprocess.run([BINARY, "trace", "--batch"], input="\n".join(objects), text=True,
                          stdout=subprocess.PIPE, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def wrong(host, case, reply, answer, bounds):
    """What of the answer the client made up."""
    hop = answer["hops"][0]
    right = {
        "ip": hop["ip"] == case.source,
        "rdns": hop["rdns"] in ("", case.name),
        "by": hop["by"] == host.fqdn,
        "auth": hop["auth"] is False,
        "tls": bool(hop["tls"]) == case.tls,
        "with": re.fullmatch("(utf8)?e?smtps?", hop["with"].lower()) is not None,
        "id": hop["id"] != "" and hop["id"] in reply,
        "time": hop["time"] is not None and bounds[0] <= hop["time"] <= bounds[1],
        "hops": len(answer["hops"]) == 1,
        "handover": answer["handover"] == case.source,
    }
    return {field: hop.get(field, answer.get(field)) for field, ok in right.items() if not ok}


@pytest.mark.parametrize("host", SERVERS, ids=lambda host: host.name)
def test_nothing_said_is_seen(delivered, host):
    found, bounds = delivered
    mail = found[host.name]
    assert len(mail) >= LEAST[host.name]
    bad = []
    for (case, reply, message), answer in zip(mail, traced(host, mail), strict=True):
        made_up = wrong(host, case, reply, answer, bounds)
        if made_up:
            line = re.search(r"^Received:(.*(?:\n[ \t].*)*)", message, re.M)[1]
            bad.append(f"{case}\n{line}\n  {made_up}")
    assert not bad, "\n".join(bad)
