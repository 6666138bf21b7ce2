# SPDX-License-Identifier: ISC
"""The mail gateway itself, killed at any time while mail comes in by many sessions and goes on into
Maildirs and to an inner host: every message that got its 250 arrives, whole. In a Maildir it is there once;
the inner host gets those twice at most of which the gateway could not write down that they were taken.

It goes on until so many kills and so many acknowledged messages are reached, both. CAMPAIGN=yes: 200 and
100,000; $SEED as in test_kill.py."""

import collections
import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TOP), str(TOP / "tests"), str(TOP / "tests" / "mail")]
from lab.wait import wait_until
from ports import free_port
from sink import Sink

BINARY = Path(os.environ["PORTREEVE"]).resolve()
CAMPAIGN = os.environ.get("CAMPAIGN") == "yes"
SEED = int(os.environ.get("SEED", "1"))
KILLS, MESSAGES = (200, 100_000) if CAMPAIGN else (4, 200)
SESSIONS, LIMIT_S, PROGRESS = 16, 60, 10
EMPTY_LIMIT_S = 600 if CAMPAIGN else LIMIT_S
MAILDIR, INNER = "ann@gate.test", "bob@inner.test"
# Deliveries to the inner host whose outcome a kill may take: what its sessions brought since the last sync.
UNWRITTEN = 20


def word_of(text):
    """Of a message that must be whole."""
    word = re.search(rb"^Subject: (\w+)", text, re.M)[1].decode()
    assert text.rstrip(b"\r\n").endswith(f"end of {word}".encode()), word
    return word


class Gateway:
    def __init__(self, directory, inner):
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
  domains = {{"gate.test", "inner.test"}}
  transports = {{"inner.test smtp:127.0.0.1:{inner.port}"}}
  message_size = "1M"
  segment_size = "4M"
  retry_first = "1s"
  retry_most = "2s"
  sessions_per_host = 100
  connections_per_second = 1000
}}
""")
        self.command("user", "add", "ann", "--address", MAILDIR, "--generate")

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
        if not self.run:
            return
        os.killpg(self.run.pid, signal.SIGKILL)
        for process in list(Path("/proc").glob("[0-9]*/stat")):
            try:
                words = process.read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(words[3]) == self.run.pid:
                os.kill(int(process.parent.name), signal.SIGKILL)
        self.run.wait()
        self.run = None

    def delivered(self):
        """Subjects of what is in the mailbox, each as often as it is there."""
        found = []
        for path in self.directory.glob("state/mailboxes/gate.test/ann/new/*"):
            found.append(word_of(path.read_bytes()))
        return found

    def waits_empty(self):
        wait_until(lambda: not self.command("queue", "list", "--json"), "an empty queue", EMPTY_LIMIT_S)


class Acknowledged:
    """The words of the messages that got their 250, by all senders."""

    def __init__(self):
        self.words, self.changed = [], threading.Condition()

    def add(self, word):
        with self.changed:
            self.words.append(word)
            self.changed.notify_all()

    def wait(self, count, senders):
        """Until there are so many, or nobody sends any more."""
        with self.changed:
            while len(self.words) < count and any(sender.is_alive() for sender in senders):
                self.changed.wait(0.1)


def say(connection, stream, text, replies):
    """All at once; False: one of the replies is no yes."""
    connection.sendall(text.encode())
    said = [stream.readline() for _ in range(replies)]
    return all(reply[:1] in b"23" and reply for reply in said)


def send_until_killed(port, name, chance, acknowledged):
    """Messages in one session, each in a turn of commands and one of text. Now and then another session."""
    for count in range(1_000_000):
        try:
            if count % 50 == 0:
                connection = socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S)
                stream = connection.makefile("rb")
                if not say(connection, stream, "", 1) or not say(connection, stream, "HELO c.test\r\n", 1):
                    raise OSError("no greeting")
            word = f"{name}n{count}"
            if not say(connection, stream, "MAIL FROM:<x@example.net>\r\n"
                       f"RCPT TO:<{chance.choice([MAILDIR, MAILDIR, INNER])}>\r\nDATA\r\n", 3):
                raise OSError(f"{word} is not wanted")
            lines = "line\r\n" * chance.choice([1, 1, 1, 1, 100, 100, 100, 3000])
            if say(connection, stream, f"Subject: {word}\r\n\r\n{lines}end of {word}\r\n.\r\n", 1):
                acknowledged.add(word)
        except OSError:
            return


class Inner(Sink):
    """The inner host; how often it has which message."""

    def __init__(self):
        super().__init__()
        self.words = collections.Counter()
        self.replies["."] = self.take

    def take(self, message):
        word = word_of(message.data)
        self.words[word] += 1
        self.commands.clear()
        return "250 taken"


def kill_again_and_again(gateway, inner, acknowledged, tell):
    """Until there are kills and messages enough; how many kills."""
    chance, kills = random.Random(SEED), 0
    while kills < KILLS or len(acknowledged.words) < MESSAGES:
        gateway.start()
        senders = [threading.Thread(target=send_until_killed, daemon=True, args=(
            gateway.port, f"t{kills}s{i}", random.Random(f"{SEED} {kills} {i}"), acknowledged))
            for i in range(SESSIONS)]
        for sender in senders:
            sender.start()
        # The moment of the kill: so many messages later, and a little.
        acknowledged.wait(len(acknowledged.words) + chance.randrange(2 * MESSAGES // KILLS), senders)
        time.sleep(chance.uniform(0, 0.02))
        gateway.kill()
        for sender in senders:
            sender.join(LIMIT_S)
        kills += 1
        if CAMPAIGN and kills % PROGRESS == 0:
            tell(f"{kills} kills: {len(acknowledged.words)} acknowledged, {inner.words.total()} at the inner host")
    return kills


@pytest.mark.skipif(os.geteuid() != 0, reason="the role's user is made of root")
def test_every_250_is_kept(tmp_path, capsys):
    def tell(text):
        with capsys.disabled():
            print(text, flush=True)

    tmp_path.chmod(0o755)
    inner, acknowledged = Inner(), Acknowledged()
    gateway = Gateway(tmp_path, inner)
    try:
        kills = kill_again_and_again(gateway, inner, acknowledged, tell)
        gateway.start()
        gateway.waits_empty()
    finally:
        gateway.kill()
        inner.close()
    boxed, wanted = gateway.delivered(), set(acknowledged.words)
    lost = wanted - set(boxed) - set(inner.words)
    twice = inner.words.total() - len(inner.words)
    tell(f"\n{len(wanted)} acknowledged, {kills} kills, {len(lost)} lost: {len(boxed)} in the Maildir; "
         f"{len(inner.words)} at the inner host, {twice} of them again")
    assert not lost, (SEED, sorted(lost)[:5])
    assert len(boxed) == len(set(boxed)) and not set(boxed) & set(inner.words), SEED
    assert twice <= kills * UNWRITTEN, (SEED, twice)
