"""`portreeve report` with a registry, name server and smarthost of its own, all on loopback.
$PORTREEVE names the program, or build/portreeve."""

import datetime
import email.utils
import http.server
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import dns.rcode
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import forms
from names import NameServer

TOP = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("PORTREEVE", TOP / "build" / "portreeve"))

SPAM = """\
Return-Path: <win@sender.portreeve-lab.net>
Delivered-To: jane.doe@ours.portreeve-lab.org
Received: from relay.isp-lab.net (relay.isp-lab.net [198.51.100.25])
\tby mx.ours.portreeve-lab.org (Postfix) with ESMTP id 4AB1C2D3E4
\tfor <jane.doe@ours.portreeve-lab.org>; {arrival}
Received: from friend (dyn-9.access-lab.com [203.0.113.9])
\tby relay.isp-lab.net (8.12.8/8.12.8) with SMTP id h9L9xQ012345;
\t{sent}
From: "Prize Office" <prize@sender.portreeve-lab.net>
To: "Jane Doe" <jane.doe@ours.portreeve-lab.org>, <bob@third.portreeve-lab.com>
Subject: You have won, jane.doe {number}
Message-ID: <spam-{number}@sender.portreeve-lab.net>
Date: {sent}
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: base64

RGVhciBqYW5lLmRvZUBvdXJzLnBvcnRyZWV2ZS1sYWIub3JnLAp5b3VyIHByaXplIHdhaXRzOiBo
dHRwOi8vd2luLmV4YW1wbGUubmV0Lz91PWphbmUuZG9lJTQwb3Vycy5wb3J0cmVldmUtbGFiLm9y
Zwo=
"""


ARRIVAL = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0) - \
    datetime.timedelta(hours=1)


def spam(number=1, age=datetime.timedelta(0), **change):
    text = SPAM.format(number=number, arrival=email.utils.format_datetime(ARRIVAL - age),
                       sent=email.utils.format_datetime(
                           ARRIVAL - age - datetime.timedelta(seconds=5)))
    for old, new in change.get("replace", {}).items():
        assert old in text
        text = text.replace(old, new)
    return text


def network(first="198.51.100.0", last="198.51.100.127", email="abuse@isp-lab.net", **more):
    card = ["vcard", [["version", {}, "text", "4.0"], ["fn", {}, "text", "Abuse desk"],
                      ["email", {}, "text", email]]]
    return {"objectClassName": "ip network", "handle": "NET-1", "name": "ISP-LAB",
            "startAddress": first, "endAddress": last,
            "entities": [{"roles": ["registrant"], "handle": "ORG",
                          "entities": [{"roles": ["technical"], "vcardArray": [
                              "vcard", [["email", {}, "text", "noc@isp-lab.net"]]]},
                              {"roles": ["abuse"], "vcardArray": card}]}], **more}


class Registry:
    """An RDAP server: a table of paths and what is answered there."""

    def __init__(self):
        self.answers, self.asked, self.connections, self.drip = {}, [], 0, False
        self.over = threading.Event()
        registry = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                registry.asked.append(self.path)
                status, headers, body = registry.answers.get(self.path, (404, {}, b"{}"))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                try:
                    for i in range(len(body) if registry.drip else 0):
                        self.wfile.write(body[i:i + 1])
                        registry.over.wait(0.05)
                    self.wfile.write(b"" if registry.drip else body)
                except OSError:
                    pass

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            def verify_request(self, request, client_address):
                registry.connections += 1
                return True

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def set(self, path, value, status=200, **headers):
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.answers[path] = (status, headers, body)

    def redirect(self, path, to):
        self.set(path, b"", status=302, Location=to)

    def close(self):
        self.over.set()
        self.server.shutdown()
        self.server.server_close()


class Names(NameServer):
    """TXT records, and the addresses of hosts."""

    def __init__(self):
        self.records, self.hosts, self.rcode = {}, {}, None
        super().__init__(self.look_up)

    def look_up(self, name, kind):
        if self.rcode is not None:
            return self.rcode
        if name in self.hosts:
            return [address for address in self.hosts[name]
                    if kind == ("AAAA" if ":" in address else "A")]
        if name in self.records:
            return ['"%s"' % text for text in self.records[name]] if kind == "TXT" else []
        return dns.rcode.NXDOMAIN


class DsnController(Controller):
    """A server that offers delivery status notifications (RFC 3461), and keeps what is asked."""

    def factory(self):
        smarthost = self.handler.smarthost

        class Server(SMTP):
            async def smtp_MAIL(self, arg):
                address, _, options = arg.partition(" ")
                smarthost.options.append(options)
                await super().smtp_MAIL(address)

            async def smtp_RCPT(self, arg):
                address, _, options = arg.partition(" ")
                smarthost.options.append(options)
                await super().smtp_RCPT(address)

        return Server(self.handler)


class Smarthost:
    """Takes reports; refuses recipients it is told to."""

    def __init__(self, kind=Controller, **options):
        self.mails, self.refused, self.logins, self.options = [], {}, [], []
        smarthost = self

        class Handler:
            async def handle_EHLO(self, server, session, envelope, hostname, responses):
                session.host_name = hostname
                if kind is DsnController:
                    responses.insert(1, "250-DSN")
                return responses

            async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
                if address in smarthost.refused:
                    return smarthost.refused[address]
                envelope.rcpt_tos.append(address)
                return "250 2.1.5 good"

            async def handle_DATA(self, server, session, envelope):
                smarthost.mails.append(envelope)
                return "250 2.0.0 taken"

        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        handler = Handler()
        handler.smarthost = self
        self.controller = kind(handler, hostname="127.0.0.1", port=self.port, **options)
        self.controller.start()

    def close(self):
        if self.controller:
            self.controller.stop()
        self.controller = None


class Box:
    """A state directory and a configuration of its own."""

    def __init__(self, directory, registry, names, smarthost):
        self.directory, self.registry = directory, registry
        self.names, self.smarthost = names, smarthost
        self.state = directory / "state"
        self.config = directory / "portreeve.conf"
        self.bootstrap = directory / "bootstrap.json"
        self.bootstrap.write_text(json.dumps({"version": "1.0", "services": [
            [["198.51.100.0/22"], [registry.url + "/narrow/"]],
            [["0.0.0.0/0"], [registry.url + "/wide/"]],
            [["2001:db8::/32"], [registry.url + "/six"]]]}))
        self.configure()

    def configure(self, sources='"rdap", "abusix", "cymru"', report="", general="", tester=""):
        self.config.write_text(f"""
hostname = "desk.ours.portreeve-lab.org"
contact = "postmaster@ours.portreeve-lab.org"
operator = "Portreeve's tests"
resolver = {{"127.0.0.1:{self.names.port}"}}
{general}
tester {{
  {tester}
}}
trace {{
  own_hosts = {{"*.ours.portreeve-lab.org"}}
}}
report {{
  sources = {{{sources}}}
  rdap_bootstrap = {{"{self.bootstrap}"}}
  rdap_private = yes
  timeout = 5s
  from = "reports@ours.portreeve-lab.org"
  return_path = "bounces@ours.portreeve-lab.org"
  smarthost = "127.0.0.1:{self.smarthost.port}"
  {report}
}}
""")

    def run(self, *arguments, code=0, text=None):
        done = subprocess.run(
            [BINARY, "report", "-c", self.config, "--state", self.state, *arguments], check=False,
            input=text, capture_output=True, text=True, timeout=60, cwd=self.directory)
        if code is not None:
            assert done.returncode == code, (arguments, done.stdout, done.stderr)
        return done

    def json(self, *arguments, code=0, text=None):
        lines = self.run("--json", *arguments, code=code, text=text).stdout.splitlines()
        found = [json.loads(line) for line in lines]
        forms.check(["report", *arguments], found)
        return found

    def report(self, *arguments, number=1, text=None, code=0):
        """Makes a report about a spam message; its JSON."""
        (made,) = self.json("-", *arguments, text=text or spam(number), code=code)
        return made

    def state_of(self, report_id):
        (row,) = [row for row in self.json("list") if row["id"] == report_id]
        return row

    def other(self, command, *arguments, code=0, text=None):
        """Another command of the program, in this state."""
        done = subprocess.run(
            [BINARY, command, "-c", self.config, "--state", self.state, *arguments], check=False,
            input=text, capture_output=True, text=True, timeout=60, cwd=self.directory)
        assert done.returncode == code, (command, done.stdout, done.stderr)
        return done


@pytest.fixture
def box():
    # Root's commands become the state directory's owner: it must be able to get there.
    directory = Path(tempfile.mkdtemp(prefix="portreeve-report-"))
    directory.chmod(0o755)
    registry, names, smarthost = Registry(), Names(), Smarthost()
    registry.set("/narrow/ip/198.51.100.25", network())
    yield Box(directory, registry, names, smarthost)
    smarthost.close()
    names.close()
    registry.close()
    shutil.rmtree(directory)
