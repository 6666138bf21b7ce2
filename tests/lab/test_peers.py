"""The verdicts on real mail servers: Postfix, Exim, OpenSMTPD and Sendmail.

Each is tested as a closed server and opened by a misconfiguration that is
typical of it.  test_ground.py proves what they really are.
"""

import pytest
from conftest import BINARY, PEERS

RANGES = ("198.51.100.0/24", "2001:db8:100::/48")


@pytest.fixture(scope="session")
def results(lab):
    """{address: result} of every peer, by both its addresses, from one command.

    No role runs: the command is its own tester and collector.
    """
    assert lab.probe, f"{BINARY}: there is no such program; build it first"
    for network in RANGES:
        lab.probe.portreeve("permit", "add", network, "--consent", "range", "--by", "the tests")
    addresses = [peer.address for peer in PEERS]
    done, objects = lab.probe.objects("test", *addresses, check=False)
    found = {result["address"]: result for result in objects}
    assert set(found) == set(addresses), done.stdout
    assert done.returncode == 1, "some are open"
    return found


each_peer = pytest.mark.parametrize("peer", PEERS, ids=str)


@each_peer
def test_verdict(results, peer):
    result = results[peer.address]
    told = [(case["id"], case["stage"], case["code"], case["text"]) for case in result["cases"]
            if case["accepted"] or case["returned"]]
    assert result["verdict"] == peer.verdict, told
    assert result["port"] == 25


@each_peer
def test_proof(results, peer):
    """Only what came back is a proof, and whatever is open has one."""
    result = results[peer.address]
    returned = [case["id"] for case in result["cases"] if case["returned"]]
    assert bool(returned) == (peer.verdict == "open")
    if peer.verdict == "open":
        assert result["evidence"]
        assert result["output"]


def test_only_the_input_is_listed(lab, results):
    """The output of a multi-hop relay delivered the proof, and is innocent."""
    hosts = {peer.host.name: peer.host for peer in PEERS}
    through = results[hosts["input"].v4]
    assert through["output"] in hosts["output"].addresses
    assert lab.probe.listed().isdisjoint(hosts["output"].addresses)


def test_the_list_is_the_truth(lab, results):
    truly_open = {peer.address for peer in PEERS if peer.verdict == "open"}
    assert lab.probe.listed() == truly_open


@pytest.mark.parametrize("name, verdict, exit_code", [("tls-closed", "closed", 0),
                                                      ("tls-open", "open", 1)])
def test_tls_from_the_first_byte(lab, results, name, verdict, exit_code):
    """Port 465 is a server of its own, with a verdict of its own."""
    host = next(peer.host for peer in PEERS if peer.host.name == name)
    done, (result,) = lab.probe.objects("test", host.v4, "--port", "465", check=False)
    assert (result["port"], result["verdict"], done.returncode) == (465, verdict, exit_code)
