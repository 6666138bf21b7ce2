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

# Whether one scan finds them all is test_sim's to say. Here they must be listed, even where so much runs
# beside it that a host's answer came too late.
SCANS_MAX = 3

# Names are given once, and the collector's own MX is no story of a relay.
WITHOUT_A_PAST = {"nameless", "nameless-percent", "nameless-literal-sender", "impostor", "mx-of-first"}

# It takes and bounces mail for its own names only.
REPAIRED_TOO = {"bounce-own-domain"}


def with_a_past(personas, isolated):
    """(BEFORE, LATER, PORT, AFTERWARDS): those that say what they were; every other way to be open,
    repaired; and open relays that became any other host."""
    ports = {one.name: one.port for one in personas}
    for one in personas:
        if not isolated and (one.port or "source-port" in (one.name, one.was)):
            continue
        if one.was != "-":
            yield one.was, one.name, ports[one.was] or USUAL_PORT, one.afterwards
        elif one.port or not one.copies or one.name in WITHOUT_A_PAST:
            continue
        elif one.truth == "open":
            yield one.name, "closed", USUAL_PORT, "leaves"
        else:
            yield "open", one.name, USUAL_PORT, ("leaves" if one.name in REPAIRED_TOO
                                                 else one.afterwards)


@pytest.fixture(scope="module")
def campaign(make_field, personas, isolated):
    """Proved open, switched, retested. Gives the field, who was listed before, and what must become
    of each address."""
    hosts, must = [], {}
    for n, (before, later, port, afterwards) in enumerate(with_a_past(personas, isolated)):
        hosts.append(Host(f"127.{30 + n // 250}.{n % 250}.25", port, before, later))
        must[hosts[-1].address] = afterwards
    field = make_field(hosts, tester=TESTER)
    before, missing = set(), hosts
    for _ in range(SCANS_MAX):
        for port in sorted({one.port for one in missing}):
            field.scan(port, hosts=missing)
        before = field.listed()
        missing = [one for one in hosts if one.address not in before]
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
    """Hosts that refuse, and those of a second source, are asked by envelopes alone."""
    field, _, _ = campaign
    refuse = {one.later for one in field.hosts if one.later.startswith(("fixed-", "sly-"))}
    assert refuse and {event.persona for event in field.events("taken")} & refuse == set()
