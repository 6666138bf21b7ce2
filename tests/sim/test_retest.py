# SPDX-License-Identifier: ISC
"""One retest each: a host that was repaired comes off the list, a sly one stays on it.

All were open and are listed. Then each becomes what it is later: repaired, in the words of some
server and with the temper of some server, or a relay for all the world but the tester.
"""

import concurrent.futures

import pytest

from conftest import SECOND_SOURCE, USUAL_PORT, Host, wait_until

RETEST, DONE = 2, 3            # in the store

# The tester asks from two addresses, and a test is not tried anew: its one retest decides.
TESTER = f'source = {{"127.0.0.1", "{SECOND_SOURCE}"}}\n  retries = 0'


def with_a_past(personas, isolated):
    """Those that say what they were before, and every plain way to be open, repaired since."""
    ports = {one.name: one.port for one in personas}
    for one in personas:
        if one.was != "-" and (isolated or (one.was != "source-port" and not one.port)):
            yield one.was, one.name, ports[one.was] or USUAL_PORT, one.afterwards
        elif (one.truth == "open" and one.copies and not one.port and
              not one.name.startswith("nameless") and (isolated or one.name != "source-port")):
            yield one.name, "closed", USUAL_PORT, "leaves"


@pytest.fixture(scope="module")
def campaign(make_field, personas, isolated):
    """Proved open, switched, retested. Gives the field, who was listed before, and what must become
    of each address."""
    hosts, must = [], {}
    for n, (before, later, port, afterwards) in enumerate(with_a_past(personas, isolated)):
        hosts.append(Host(f"127.{30 + n // 250}.{n % 250}.25", port, before, later))
        must[hosts[-1].address] = afterwards
    field = make_field(hosts, tester=TESTER)
    for port in sorted({one.port for one in hosts}):
        field.scan(port)
    before = field.listed()
    field.switch()
    with field.roles():
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda address: field.run("retest", address), sorted(before)))
        wait_until(lambda: retested(field) >= before, "the retests")
    return field, before, must


def retested(field):
    """The addresses whose retest has ended."""
    return set(field.query(f"SELECT address, max(state) FROM tests WHERE reason = {RETEST} "
                           f"GROUP BY address HAVING min(state) = {DONE}"))


def who(field, addresses):
    """What they are and were, for a failure to say."""
    verdicts = field.stored_verdicts(f"reason = {RETEST}")
    return sorted(f"{one.later} (was {one.persona}): {verdicts.get(one.address, 'no retest')}"
                  for one in field.hosts if one.address in addresses)


def test_all_were_listed(campaign):
    field, before, must = campaign
    missed = who(field, must.keys() - before)
    assert not missed, "\n".join(missed)


def test_who_was_repaired_comes_off(campaign):
    field, before, must = campaign
    repaired = {address for address in before if must[address] == "leaves"}
    assert len(repaired) > 30
    kept = who(field, repaired & field.listed())
    assert not kept, "\n".join(kept)


def test_who_is_sly_stays(campaign):
    field, before, must = campaign
    sly = {address for address in before if must[address] == "stays"}
    assert len(sly) > 20
    let_go = who(field, sly - field.listed())
    assert not let_go, "\n".join(let_go)


def test_nobody_got_mail(campaign):
    """What refuses everything is sent no message: after the switch there are only envelopes."""
    field, _, _ = campaign
    later = {one.later for one in field.hosts} - {one.persona for one in field.hosts}
    assert {event.persona for event in field.events("taken")} & later == set()
