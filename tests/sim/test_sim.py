# SPDX-License-Identifier: ISC
"""Verdict equals truth, over a thousand hosts of every kind, and nobody is harmed on the way."""

import collections
import subprocess
import threading

import pytest

from conftest import (DOMAIN, GIVE_UP_S, PROOF_WAIT_S, SECOND_DOMAIN, TOKEN, USUAL_PORT, Host,
                      add_addresses, other_address, scanned, spread, wait_until)

HOSTS = 1000
SEED = 20260
MESSAGES_MAX = 8

# Other messages are taken for nothing, or returned late, before the one that proves it.
COSTS_MORE = {"slow-queue", "catch-all-percent", "mx-and-percent", "mx-and-null-sender"}

# Until the tester knows what the collector has taken: it looks every 100 ms.
KNOWN_MS = 500

# The hosts of the scan that is killed.
QUICK = ["open", "closed", "percent", "multi-hop", "discard", "bounce", "catch-all", "honeypot",
         "mx-of-first", "no-rset-percent", "421-after-3-percent", "starttls", "closed-454",
         "greylisting", "refuses-at-end", "source-route", "bdat", "helo-only-open"]
KILLED_HOSTS = 126
UNDER_WAY_MAX = 16


class Interrupted(threading.Thread):
    """A scan that is killed in the middle and started again: beside the large one, because the
    killed run's leases must run out first."""

    def __init__(self, field):
        super().__init__()
        self.field, self.finished_before, self.failure = field, 0, None
        self.start()

    def run(self):
        try:
            self.kill_and_resume()
        except Exception as failure:     # told by the test that asks for it
            self.failure = failure

    def kill_and_resume(self):
        field = self.field
        arguments = field.scan_arguments(USUAL_PORT)
        with subprocess.Popen(field.command(*arguments, "--rate", "40"),
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as first:
            wait_until(lambda: len(field.events("taken")) > KILLED_HOSTS // 2 or
                       first.poll() is not None, "messages")
            assert first.poll() is None, "it ended before it could be killed"
            first.kill()
        self.finished_before = len(field.stored_verdicts())
        field.run(*arguments, codes=(0, 1, 2))


def playable(personas, isolated):
    """Port 25 as a source, and ports of their own, are to be had in a namespace only."""
    return [one for one in scanned(personas)
            if isolated or (one.port == 0 and one.name != "source-port")]


@pytest.fixture(scope="module")
def world(make_field, personas, isolated):
    """The large field, scanned; the small one, scanned with an interruption."""
    hosts = spread(playable(personas, isolated), HOSTS, SEED)
    if isolated:
        own = []
        for n, one in enumerate(scanned(personas)):
            if one.copies:
                own.append(Host(f"2001:db8:{n + 1:x}::25", USUAL_PORT, one.name))
            else:
                own.append(Host(f"127.251.{n}.25", one.port, one.name))
        hosts += own
        add_addresses([one.address for one in own if ":" in one.address] +
                      [other_address(one.address) for one in own if one.persona == "multi-hop"])
    small = make_field([Host(f"127.252.{n}.25", USUAL_PORT, QUICK[n % len(QUICK)])
                        for n in range(KILLED_HOSTS)])
    interrupted = Interrupted(small)
    large = make_field(hosts)
    results = {}
    for port in sorted({one.port for one in hosts}):
        for address, result in large.scan(port).items():
            results[address, port] = result
    return large, results, interrupted


def truth_of(personas):
    return {one.name: one.truth for one in personas}


def compare(hosts, truth, verdict_of):
    """Wrong verdicts: "PERSONA: TRUTH, but VERDICT", and how often."""
    wrong = collections.Counter()
    for one in hosts:
        verdict = verdict_of(one)
        if verdict != truth[one.persona]:
            kind = "IPv6" if ":" in one.address else "IPv4"
            wrong[f"{one.persona} ({kind}): {truth[one.persona]}, but {verdict}"] += 1
    return sorted(f"{what}, {times} times" for what, times in wrong.items())


def test_verdict_is_truth(world, personas):
    field, results, _ = world
    wrong = compare(field.hosts, truth_of(personas),
                    lambda one: results.get((one.address, one.port), {}).get("verdict"))
    assert not wrong, "\n".join(wrong)
    assert len(results) == len(field.hosts) >= HOSTS


def test_recall_and_precision(world, personas):
    """Of the relays, how many are found; of those that are called open, how many are."""
    field, results, _ = world
    truth = truth_of(personas)
    relays = {(one.address, one.port) for one in field.hosts if truth[one.persona] == "open"}
    found = {key for key, result in results.items() if result["verdict"] == "open"}
    recall, precision = len(found & relays) / len(relays), len(found & relays) / len(found)
    print(f"recall {recall:.3f}, precision {precision:.3f} over {len(field.hosts)} hosts, "
          f"{len(relays)} of them relays")
    assert precision == 1 and recall >= 0.97


def test_every_persona_was_there(world, personas, isolated):
    field, _, _ = world
    played = {one.persona for one in field.hosts}
    assert played == {one.name for one in playable(personas, isolated)}


def test_output_is_where_it_came_from(world):
    field, results, _ = world
    for one in field.hosts:
        result = results[one.address, one.port]
        if result["verdict"] != "open":
            continue
        if one.persona == "multi-hop":
            assert result["output"] == other_address(one.address)
        else:
            assert result["output"] == one.address


def taken_by_host(field):
    return collections.Counter((event.address, event.port) for event in field.events("taken"))


def test_few_messages(world):
    field, _, _ = world
    assert max(taken_by_host(field).values()) <= MESSAGES_MAX


def is_confirmation(event):
    """With the two domains swapped; some forms name one of them only."""
    sender, recipient = event.text.lower().split(" ", 1)
    return SECOND_DOMAIN in recipient or DOMAIN in sender and DOMAIN not in recipient


def too_many(events):
    """What one host was sent though it had given its proof, or before that had time to come: the next
    message waits PROOF_WAIT_S from the one that was taken, and is not sent if that came back by then.
    On a machine that has no time what comes back is late, and costs more messages: as it should be."""
    due_ms = back_ms = None
    for event in events:
        if event.name == "delivered":
            back_ms = back_ms or event.time_ms
        elif event.name == "taken":
            due_ms, back_ms = event.time_ms + PROOF_WAIT_S * 1000, None
        elif due_ms and not is_confirmation(event):
            if event.time_ms < due_ms:
                yield f"{event.persona}: {due_ms - event.time_ms} ms too early: {event.text}"
            if back_ms and back_ms + KNOWN_MS < due_ms:
                yield f"{event.persona}: {event.time_ms - back_ms} ms after its return: {event.text}"


def test_stops_after_the_proof(world, personas):
    field, _, _ = world
    truth, events = truth_of(personas), collections.defaultdict(list)
    for event in field.events("begin", "taken", "delivered"):
        if truth[event.persona] == "open" and event.persona not in COSTS_MORE:
            events[event.address, event.port].append(event)
    assert [one for key in events for one in too_many(events[key])] == []
    confirmed = collections.Counter(key for key in events for event in events[key]
                                    if event.name == "taken" and is_confirmation(event))
    assert max(confirmed.values()) == 1
    taken = taken_by_host(field)
    assert len([key for key in events if taken[key] <= 2]) > len(events) / 2


def repeated(field):
    """Tokens of recipients that were sent a body twice."""
    tokens = collections.Counter()
    for event in field.events("begin"):
        found = TOKEN.findall(event.text.split("@", 1)[-1] if event.text.startswith(" ")
                              else event.text.split(" ", 1)[1])
        tokens[found[0].lower() if found else (event.address, event.text)] += 1
    return [token for token, count in tokens.items() if count > 1]


def test_no_form_is_sent_twice(world):
    assert repeated(world[0]) == []


def test_one_connection_a_host(world):
    assert world[0].events("parallel") == []


def test_evidence_verifies(world):
    field, results, _ = world
    found = [one["evidence"] for one in results.values() if one["verdict"] == "open"]
    assert all(found)
    path = field.directory / "bundle"
    path.write_text(field.run("evidence", "export", found[0]).stdout)
    field.run("evidence", "verify", str(path))


def test_a_killed_scan_goes_on(world, personas):
    interrupted = world[2]
    interrupted.join(GIVE_UP_S)
    assert not interrupted.is_alive() and not interrupted.failure, interrupted.failure
    field = interrupted.field
    assert 0 < interrupted.finished_before < KILLED_HOSTS
    verdicts = field.stored_verdicts()
    # Nobody knows what became of a message that was under way, and it is not sent again.
    unknown = {address for address in field.interrupted() if verdicts[address] == "inconclusive"}
    assert len(unknown) <= UNDER_WAY_MAX
    wrong = compare([one for one in field.hosts if one.address not in unknown],
                    truth_of(personas), lambda one: verdicts.get(one.address))
    assert not wrong, "\n".join(wrong)
    assert repeated(field) == []
    assert max(taken_by_host(field).values()) <= MESSAGES_MAX


def test_simulator_ended_well(world):
    for field in (world[0], world[2].field):
        assert field.stop() == 0
