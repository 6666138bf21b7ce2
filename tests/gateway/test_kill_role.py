# SPDX-License-Identifier: ISC
"""The mail gateway itself, killed at any time while mail comes in by many sessions: every message that
got its 250 is in the mailbox or in the queue when it runs again, whole, and there once.

CAMPAIGN=yes: 100 kills; $SEED as in test_kill.py."""

import os
import random
import re
import signal
import smtplib
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TOP), str(TOP / "tests")]
from lab.wait import wait_until
from ports import free_port

BINARY = Path(os.environ["PORTREEVE"]).resolve()
CAMPAIGN = os.environ.get("CAMPAIGN") == "yes"
SEED = int(os.environ.get("SEED", "1"))
KILLS, SESSIONS, LIMIT_S = (100 if CAMPAIGN else 4), 8, 60


class Gateway:
    def __init__(self, directory):
        self.directory, self.port, self.run = directory, free_port(), None
        self.config = directory / "portreeve.conf"
        self.config.write_text(f"""
state_directory = "{directory}/state"
hostname = "mx.gate.test"
contact = "noc@gate.test"
operator = "gate"
roles = {{"gateway"}}
gateway {{
  listen = {{"127.0.0.1:{self.port}"}}
  domains = {{"gate.test"}}
  sessions_per_host = 100
  connections_per_second = 1000
}}
""")
        self.command("user", "add", "ann", "--generate")

    def command(self, *words):
        return subprocess.run([BINARY, *words, "-c", self.config], check=True, capture_output=True, text=True,
                              timeout=LIMIT_S).stdout

    def start(self):
        """Until it accepts connections."""
        log = self.directory / "log"
        with log.open("wb") as file:
            self.run = subprocess.Popen([BINARY, "run", "-c", self.config], stderr=file,
                                        start_new_session=True)

        def ready():
            assert self.run.poll() is None, log.read_text()
            return "supervisor ready" in log.read_text()
        wait_until(ready, lambda: f"the gateway:\n{log.read_text()}")

    def kill(self):
        """The supervisor and the role at once; the role is in the supervisor's session."""
        os.killpg(self.run.pid, signal.SIGKILL)
        for process in list(Path("/proc").glob("[0-9]*/stat")):
            try:
                words = process.read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(words[3]) == self.run.pid:
                os.kill(int(process.parent.name), signal.SIGKILL)
        self.run.wait()

    def delivered(self):
        """Subjects of what is in the mailbox, each as often as it is there."""
        found = []
        for path in self.directory.glob("state/mailboxes/gate.test/ann/new/*"):
            text = path.read_bytes()
            word = re.search(rb"^Subject: (\w+)", text, re.M)[1].decode()
            assert text.endswith(f"end of {word}\r\n".encode()) or text.endswith(f"end of {word}\n".encode())
            found.append(word)
        return found

    def waits_empty(self):
        wait_until(lambda: not self.command("queue", "list", "--json"), "an empty queue")


def send_until_killed(port, name, chance, acknowledged):
    """One session after another, each of a few messages."""
    count = 0
    try:
        while True:
            with smtplib.SMTP("127.0.0.1", port, timeout=LIMIT_S) as server:
                for _ in range(5):
                    word, count = f"{name}n{count}", count + 1
                    server.sendmail("x@example.net", ["ann@gate.test"], f"Subject: {word}\r\n\r\n"
                                    + "line\r\n" * chance.choice([1, 100, 3000]) + f"end of {word}\r\n")
                    acknowledged.append(word)
    except (OSError, smtplib.SMTPException):
        pass


@pytest.mark.skipif(os.geteuid() != 0, reason="the role's user is made of root")
def test_every_250_is_kept(tmp_path):
    chance = random.Random(SEED)
    tmp_path.chmod(0o755)
    gateway = Gateway(tmp_path)
    acknowledged = []
    for turn in range(KILLS):
        gateway.start()
        senders = [threading.Thread(target=send_until_killed, daemon=True, args=(
            gateway.port, f"t{turn}s{i}", random.Random(f"{SEED} {turn} {i}"), acknowledged)) for i in range(SESSIONS)]
        for sender in senders:
            sender.start()
        time.sleep(chance.uniform(0.05, 1.5))       # the moment of the kill
        gateway.kill()
        for sender in senders:
            sender.join(LIMIT_S)
    gateway.start()
    try:
        gateway.waits_empty()
    finally:
        gateway.kill()
    delivered = gateway.delivered()
    assert len(acknowledged) > KILLS
    assert not set(acknowledged) - set(delivered), (SEED, sorted(set(acknowledged) - set(delivered))[:5])
    assert len(delivered) == len(set(delivered)), SEED
    print(f"{len(acknowledged)} acknowledged, {KILLS} kills, none lost")
