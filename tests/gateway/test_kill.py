# SPDX-License-Identifier: ISC
"""The gateway's queue, killed and its plug pulled at any time: nothing that was acknowledged is lost,
nothing that is over comes back by a kill, nothing is there that was never added.

$SEED gives the same moments again, as far as a machine can. It goes on until so many kills or cuts and so
many acknowledged messages are reached, both. CAMPAIGN=yes: 200 of each kind, and 100,000 messages over the
kills."""

import os
import random
import shutil
import subprocess
import threading
from pathlib import Path

import pytest

BUILD = Path(os.environ["PORTREEVE"]).resolve().parent / "tests" / "gateway"
CAMPAIGN = os.environ.get("CAMPAIGN") == "yes"
SEED = int(os.environ.get("SEED", "1"))
CUTS, WITHIN_S = (200, 1.0) if CAMPAIGN else (10, 0.25)
ACKNOWLEDGED = {"kill": 100_000 if CAMPAIGN else 100}   # of the other kinds: one of each cut
MESSAGES, WAITING, LIMIT_S, PROGRESS = 4000, 100, 60, 50
STAY_MAX = 1000


class Spooler:
    """The program on a directory, with what it said."""

    def __init__(self, directory, kept=None):
        environment = dict(os.environ)
        if kept:
            environment.update(LD_PRELOAD=BUILD / "powercut.so", POWERCUT_DIRECTORY=directory,
                               POWERCUT_KEPT=kept, ASAN_OPTIONS="verify_asan_link_order=0:detect_leaks=0")
        self.process = subprocess.Popen([BUILD / "spooler", directory], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, env=environment)
        self.said, self.answered = [], 0
        self.changed = threading.Condition()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        self.wait("ready ")

    def read(self):
        for line in self.process.stdout:
            with self.changed:
                self.said.append(line.rstrip("\n"))
                self.answered += line.startswith(("ok ", "no "))
                self.changed.notify_all()
        with self.changed:
            self.said.append(None)
            self.changed.notify_all()

    def wait(self, line):
        with self.changed:
            assert self.changed.wait_for(lambda: line in self.said or None in self.said, LIMIT_S)
            assert line in self.said, self.said[-5:]

    def wait_answered(self, count):
        """Until so many were answered, or it is dead."""
        with self.changed:
            assert self.changed.wait_for(lambda: self.answered >= count or None in self.said[-1:], LIMIT_S)

    def ask(self, text):
        try:
            self.process.stdin.write(text)
            self.process.stdin.flush()
        except BrokenPipeError:
            pass

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        return self.words("ok"), self.words("delivered")

    def words(self, what):
        return {line.split()[1] for line in self.said if line and line.startswith(what + " ")}

    def settled(self):
        """What was delivered and is over: it is said first and then written, so not the last one."""
        said = [line.split()[1] for line in self.said if line and line.startswith("delivered ")]
        return set(said[:-1])

    def listed(self):
        """What is there, after what was left of messages to be delivered at once has gone."""
        self.ask("list\n")
        self.wait("end ")
        assert not self.words("bad")
        return self.words("have")


def feed(spooler, chance, turn):
    """Messages to stay and to go, until the process is killed at some moment."""
    moment = threading.Timer(chance.uniform(0.001, WITHIN_S), spooler.process.kill)
    moment.start()
    added = set()
    for i in range(MESSAGES):
        word = f"w{turn}n{i}"
        added.add(word)
        spooler.ask(f"{chance.choice(['add', 'add', 'add', 'keep'])} {word} {chance.choice([20, 400, 4000, 20000])}\n")
        spooler.wait_answered(i - WAITING)
    moment.join()
    return added


def pull_the_plug(directory, kept, chance, torn):
    """Of each file what was synced; of the rest nothing, or any of its sectors."""
    names = (kept / "names").read_text().split() if (kept / "names").exists() else []
    for path in directory.glob("segment-*"):
        now = path.read_bytes()
        safe = (kept / path.name).read_bytes() if (kept / path.name).exists() else b""
        if path.name not in names:
            path.unlink()
            continue
        after = bytearray(safe.ljust(len(now), b"\0"))
        for at in range(0, len(now), 512):
            if torn and now[at:at + 512] != after[at:at + 512] and chance.random() < 0.5:
                after[at:at + 512] = now[at:at + 512]
        path.write_bytes(after)


@pytest.mark.parametrize("cut", ["kill", "power", "torn"])
def test_nothing_is_lost(tmp_path, capsys, cut):
    chance = random.Random(f"{SEED} {cut}")
    directory, kept = tmp_path / "queue", tmp_path / "kept"
    must, over, added = set(), set(), set()
    acknowledged = turn = 0
    while turn < CUTS or acknowledged < ACKNOWLEDGED.get(cut, CUTS):
        turn += 1
        kept.mkdir(exist_ok=True)
        spooler = Spooler(directory, kept if cut != "kill" else None)
        there = spooler.listed()
        gone = spooler.words("delivered")
        lost = must - there - gone
        assert not lost, (cut, SEED, turn, sorted(lost)[:5])
        assert there <= added, (cut, SEED, turn, sorted(there - added)[:5])
        if cut == "kill":
            assert not gone & over, (SEED, turn, sorted(gone & over)[:5])
        must = there
        if len(must) > STAY_MAX:        # the queue must not be full of what stays: a new one
            spooler.kill()
            shutil.rmtree(directory)
            shutil.rmtree(kept)
            must, over, added = set(), set(), set()
            continue
        added |= feed(spooler, chance, turn)
        ok, delivered = spooler.kill()
        acknowledged += len(ok)
        must = (must | ok) - delivered
        over |= spooler.settled()
        if cut != "kill":
            pull_the_plug(directory, kept, chance, cut == "torn")
        if CAMPAIGN and turn % PROGRESS == 0:
            with capsys.disabled():
                print(f"{cut}: {turn} cuts: {acknowledged} acknowledged", flush=True)
    with capsys.disabled():
        print(f"\n{cut}: {acknowledged} acknowledged, {turn} cuts, none lost")
