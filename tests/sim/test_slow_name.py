# SPDX-License-Identifier: ISC
"""A relay whose reverse name takes long: the proof comes back while the tester, started anew, waits
for that name. The owner of the tested host chooses how long it takes, and must gain nothing."""

import os
import signal

import pytest

from conftest import DOMAIN, USUAL_PORT, Host, wait_until
from processes import roles_of

RELAY = "127.0.99.25"

# One message and its confirmation: nothing else may prove it.
TESTER = "messages = 2"


@pytest.fixture
def field(make_field):
    one = make_field([Host(RELAY, USUAL_PORT, "slow-name")], tester=TESTER)
    yield one
    one.stop()


def confirmations(field):
    """Messages taken for the second domain. All others go to the first."""
    return [event for event in field.events("taken")
            if not event.text.split(" ", 1)[1].endswith(f"@{DOMAIN}>")]


def returned(field):
    return len(field.events("delivered"))


def test_a_proof_that_comes_during_the_name(field):
    with field.roles() as supervisor:
        field.run("nominate", RELAY, "--by", "the tests", "--reason", "to be tested")
        wait_until(lambda: confirmations(field) or supervisor.poll() is not None,
                   "the confirmation")
        # Both tokens have left; the second is still in the relay's queue.
        assert returned(field) == 1
        first = roles_of(supervisor.pid)["tester"]
        os.kill(int(first), signal.SIGTERM)
        wait_until(lambda: roles_of(supervisor.pid).get("tester", first) != first, "a new tester")
        assert returned(field) == 1
        wait_until(lambda: field.stored_verdicts() or supervisor.poll() is not None, "a verdict")
    assert returned(field) == 2
    assert field.stored_verdicts() == {RELAY: "open"}
    assert field.listed() == {RELAY}
