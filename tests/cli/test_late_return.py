# SPDX-License-Identifier: ISC
"""What comes back after its test ended undecided, while the retry of that test is queued or under
way, is not forgotten: the test is reopened as soon as the newer one has ended."""

import contextlib
import os
import signal
import smtplib
import sqlite3

import pytest

from conftest import wait_until
from test_reach import HOST, Foreign, Relay, path

SECOND = "second.portreeve.invalid"


class Queue(Relay):
    """Takes mail for everybody and leaves it in its queue, but for the second domain; the second
    of its first messages it takes and hangs up on, which decides nothing."""

    def __init__(self, collector):
        super().__init__()
        self.after, self.waiting = collector, []

    def take(self, sender, recipients, message):
        self.taken.append(recipients)
        if recipients[0].endswith(f"@{SECOND}"):
            self.pass_on(sender, recipients, message)
        elif len(self.taken) == 2:
            raise OSError
        else:
            self.waiting.append((sender, recipients, message))
        return "250 Queued"

    def pass_on(self, *mail):
        self.collector = self.after
        super().pass_on(*mail)



@pytest.fixture
def queue(box):
    one = Queue(("127.0.0.1", box.smtp))
    yield one
    one.close()


@pytest.mark.parametrize("killed", [False, True])
def test_while_its_retry_is_queued(box, supervisor, queue, killed):
    box.configure(special='"127.0.0.0/8"', tester=f"""
  ports = {{{queue.port}}}
  wait = 1
  proof_wait = 0
  messages = 3
  retries = 2
  retry_after = 3
  rate = 100""")
    box.permit(f"{HOST}/32")
    process = supervisor()
    process.wait_log("ready roles=3")
    box.run("nominate", HOST, "--reason", "to be tested")
    process.wait_log("test-done")
    queue.pass_on(*queue.waiting[0])
    process.wait_log("late-return-held")
    if killed:
        os.kill(process.roles()["tester"], signal.SIGKILL)
    wait_until(lambda: box.objects("list"), "the listing")


def test_a_bounce_between_two_rounds(box, supervisor):
    """It brings nothing forward: a host that greylists and bounces would be asked too soon."""
    host = Foreign("450 4.7.1 Greylisted")
    box.configure(special='"127.0.0.0/8"', tester=f"""
  ports = {{{host.port}}}
  ask_again = 3600
  rate = 100""")
    box.permit("127.0.0.1/32")
    process = supervisor()
    process.wait_log("ready roles=3")
    box.run("nominate", "127.0.0.1", "--reason", "to be tested")
    process.wait_log("test-put-off")
    sender = next(path(line) for line in host.said if line.startswith("MAIL FROM:<"))
    with smtplib.SMTP("127.0.0.1", box.smtp, timeout=10) as out:
        out.sendmail("", sender, "Subject: Undelivered\r\n\r\nIt was not.\r\n")

    def rows(sql):
        with contextlib.closing(sqlite3.connect(f"file:{box.state}/portreeve.db?mode=ro",
                                                uri=True)) as database:
            return database.execute(sql).fetchall()
    wait_until(lambda: rows("SELECT 1 FROM cursors WHERE name = 'returns' AND value > 0"),
               "the tester to see the bounce")
    host.close()
    ((rounds, ahead_s),) = rows("SELECT rounds, not_before_s - unixepoch() FROM tests")
    assert rounds == 1 and ahead_s > 3000
