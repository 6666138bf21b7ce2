# SPDX-License-Identifier: ISC
"""A running `portreeve run` with the role dnsbl alone, on a database of its own."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import dns.exception
import dns.flags
import dns.message
import dns.query
import pytest

TOP = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TOP), str(TOP / "tests")]
from lab.wait import wait_until
from ports import free_port

PORTREEVE = os.environ.get("PORTREEVE", "build/portreeve")
ZONE = "bl.example"
OUTPUT_ZONE = "out.example"
LISTED = ["192.0.2.1", "192.0.2.200", "198.51.100.7", "10.4.3.2", "1.2.3.4", "2.2.2.2",
          "2001:db8::1", "2001:db8:ffff::abcd", "1234:5678::9"]


class Server:
    def __init__(self, directory: Path):
        self.state = directory / "state"
        self.config = directory / "portreeve.conf"
        self.log = directory / "log"
        self.port = free_port()
        self.configure()
        for address in LISTED:
            self.command("list", "add", address, "--why", "test", "--by", "me")
        self.process = subprocess.Popen(
            [PORTREEVE, "run", "-c", self.config, "--state", self.state],
            stderr=self.log.open("w"))
        wait_until(self.answers, "the role to answer")

    def configure(self, **more):
        rows = "".join(f"  {name} = {value}\n" for name, value in more.items())
        self.config.write_text(
            f'roles = {{"dnsbl"}}\n'
            f'dnsbl {{\n  zone = "{ZONE}"\n  output_zone = "{OUTPUT_ZONE}"\n'
            f'  listen = {{"127.0.0.1:{self.port}"}}\n'
            f'  nameserver_address = {{"192.0.2.53", "2001:db8::53"}}\n'
            f'  text = "%a in %z"\n{rows}}}\n'
            'list { allow_special = {"10.0.0.0/8", "192.0.2.0/24", "198.51.100.0/24", '
            '"203.0.113.0/24", "2001:db8::/32"} }\n')

    def command(self, *words):
        done = subprocess.run([PORTREEVE, *words, "-c", self.config, "--state", self.state],
                              capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def ask(self, name, rdtype="A", tcp=False, **how):
        query = name if isinstance(name, dns.message.Message) else \
            dns.message.make_query(name, rdtype, **how)
        query.flags &= ~dns.flags.RD
        over = dns.query.tcp if tcp else dns.query.udp
        try:
            answer = over(query, "127.0.0.1", port=self.port, timeout=2)
            # As resolvers do: who waits for a change asks more often than the rate allows.
            if answer.flags & dns.flags.TC:
                answer = dns.query.tcp(query, "127.0.0.1", port=self.port, timeout=2)
            return answer
        except (ConnectionRefusedError, dns.exception.Timeout):
            return dns.message.make_response(query)

    def answers(self):
        return self.ask(f"2.0.0.127.{ZONE}").answer

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def stop(self):
        self.process.terminate()
        assert self.process.wait(20) == 0


@pytest.fixture(scope="module")
def server():
    with tempfile.TemporaryDirectory(prefix="portreeve-dnsbl-") as directory:
        os.chmod(directory, 0o755)      # started by root, the role is another user
        running = Server(Path(directory))
        yield running
        running.stop()
