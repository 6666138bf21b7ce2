# SPDX-License-Identifier: ISC
"""Our own tester finds the gateway closed: every form of the catalogue, in clear and under TLS, by both
address families and at every port."""

import pytest

PORTS = (25, 587, 465)


@pytest.fixture(scope="module")
def results(lab):
    """{(host, address, port): result}"""
    found = {}
    for network in ("192.0.2.0/24", "2001:db8:2::/48"):
        lab.probe.portreeve("permit", "add", network, "--consent", "range", "--by", "the tests")
    for host in (lab.gateway, lab.dove):
        for port in PORTS:
            done, objects = lab.probe.objects("test", *host.addresses, "--port", str(port), check=False)
            assert len(objects) == 2, done.stdout
            found |= {(host.name, one["address"], port): one for one in objects}
    return found


@pytest.mark.parametrize("port", PORTS)
def test_closed(results, port):
    for (name, address, at), result in results.items():
        if at != port:
            continue
        taken = [case["id"] for case in result["cases"] if case["accepted"] or case["returned"]]
        assert taken == [], (name, address)
        if port == 25:
            assert result["verdict"] == "closed", result
            assert len(result["cases"]) > 30
        else:
            assert result["verdict"] in ("closed", "inconclusive"), result


def test_nothing_came_anywhere(lab, results):
    assert lab.witness.taken() == []
