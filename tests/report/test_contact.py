"""Who gets a report: the registries, the two zones, the cache."""

import json
import time

import dns.rcode
import pytest
from conftest import network, spam

ADDRESS = "198.51.100.25"
PATH = "/narrow/ip/198.51.100.25"


def contact(box, code=0, address=ADDRESS):
    (answer,) = box.json("contact", address, code=code)
    return answer


def test_nothing_is_asked_by_default(box):
    box.configure(sources="")
    done = box.run("-", text=spam(), code=69)
    assert "nobody is asked" in done.stderr
    assert box.registry.asked == [] and box.names.asked == []
    report = box.report("--to", "abuse@isp-lab.net")
    assert (report["contact_source"], report["network"]) == ("given", "198.51.100.0-198.51.100.255")


def test_rdap(box):
    answer = contact(box)
    assert answer["contact"] == "abuse@isp-lab.net"
    rdap = answer["answers"][0]
    assert (rdap["source"], rdap["first"], rdap["last"], rdap["name"]) == (
        "rdap", "198.51.100.0", "198.51.100.127", "ISP-LAB")
    assert rdap["contacts"] == ["abuse@isp-lab.net"] and not rdap["cached"]
    assert box.registry.asked == [PATH]


def test_longest_range_serves(box):
    box.registry.set("/wide/ip/192.88.0.1", network("192.88.0.0", "192.88.0.255", "a@wide-lab.net"))
    assert contact(box, address="192.88.0.1")["contact"] == "a@wide-lab.net"
    box.registry.set("/six/ip/2001:db8::1", network(
        "2001:db8::", "2001:db8::ffff", "a@six-lab.net"))
    assert contact(box, address="2001:db8::1")["contact"] == "a@six-lab.net"


def test_cache(box):
    contact(box)
    again = contact(box)
    assert again["answers"][0]["cached"] and len(box.registry.asked) == 1
    # Another address of the same network is known, too; one outside is not.
    assert contact(box, address="198.51.100.1")["contact"] == "abuse@isp-lab.net"
    assert len(box.registry.asked) == 1
    contact(box, address="198.51.100.200", code=69)
    assert len(box.registry.asked) == 2
    box.configure(report="cache = 0")
    assert not contact(box)["answers"][0]["cached"]


def test_redirect(box):
    box.registry.redirect(PATH, box.registry.url + "/moved")
    box.registry.set("/moved", network())
    assert contact(box)["contact"] == "abuse@isp-lab.net"


def test_redirect_loop(box):
    box.registry.redirect(PATH, box.registry.url + PATH)
    answer = contact(box, code=69)
    assert "redirects" in answer["answers"][0]["problem"]
    assert len(box.registry.asked) <= 7


@pytest.mark.parametrize("to", ["file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1:25/"])
def test_redirect_elsewhere(box, to):
    box.registry.redirect(PATH, to)
    answer = contact(box, code=69)
    assert "not supported" in answer["answers"][0]["problem"]


def test_only_https_and_public_addresses(box):
    """Without the lab's permission no plain http and no private address is asked."""
    box.configure(report="rdap_private = no")
    assert "no registry" in contact(box, code=69)["answers"][0]["problem"]
    port = box.registry.server.server_port
    box.bootstrap.write_text(json.dumps({"services": [
        [["198.51.100.0/24"], [f"https://127.0.0.1:{port}/"]]]}))
    assert "private" in contact(box, code=69)["answers"][0]["problem"]
    box.bootstrap.write_text(json.dumps({"services": [
        [["198.51.100.0/24"], [f"https://localhost:{port}/"]]]}))
    assert "private" in contact(box, code=69)["answers"][0]["problem"]
    assert box.registry.asked == []


def test_bootstrap_by_url(box):
    box.registry.set("/dns/ipv4.json", json.loads(box.bootstrap.read_text()))
    box.config.write_text(box.config.read_text().replace(
        f'"{box.bootstrap}"',
        f'"{box.registry.url}/gone.json", "{box.registry.url}/dns/ipv4.json"'))
    assert contact(box)["contact"] == "abuse@isp-lab.net"
    assert box.registry.asked == ["/gone.json", "/dns/ipv4.json", PATH]
    contact(box, address="198.51.100.200", code=69)
    assert box.registry.asked[3:] == ["/gone.json", "/narrow/ip/198.51.100.200"]


HOSTILE = {
    "not JSON": b"<html>",
    "empty": b"",
    "an array": b"[]",
    "deep": b"[" * 100000,
    "deep entities": json.dumps({"startAddress": "198.51.100.0", "endAddress": "198.51.100.9"})
    .encode(),
    "an error": json.dumps({"errorCode": 429}).encode(),
    "another network": json.dumps(network("192.0.2.0", "192.0.2.255")).encode(),
    "no email": json.dumps(network(email="")).encode(),
    "header injection": json.dumps(network(email="a@isp-lab.net\r\nBcc: x@isp-lab.com")).encode(),
    "two addresses": json.dumps(network(email="a@isp-lab.net,b@isp-lab.net")).encode(),
    "a literal": json.dumps(network(email="abuse@[127.0.0.1]")).encode(),
    "entities are text": json.dumps(dict(network(), entities="abuse")).encode(),
    "roles are numbers": json.dumps(dict(network(), entities=[{"roles": [1, None]}])).encode(),
    "placeholder": json.dumps(network(email="nobody@isp-lab.net")).encode(),
    "the registry's own": json.dumps(network(email="abuse@ripe.net")).encode(),
    "much": b'{"startAddress":"' + b"x" * (2 << 20) + b'"}',
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_registry(box, case):
    box.registry.set(PATH, HOSTILE[case])
    answer = contact(box, code=69)
    assert answer["contact"] is None
    done = box.run("-", text=spam(), code=69)
    assert len(done.stderr.splitlines()) == 1


def test_registry_speaks_only_for_its_range(box):
    """One registry cannot answer for the rest of the world."""
    box.registry.set(PATH, network("0.0.0.0", "255.255.255.255"))
    rdap = contact(box)["answers"][0]
    assert (rdap["first"], rdap["last"]) == ("198.51.100.0", "198.51.103.255")


def test_nested_too_deep(box):
    inner = network()["entities"]
    for _ in range(30):
        inner = [{"roles": ["registrant"], "entities": inner}]
    box.registry.set(PATH, dict(network(), entities=inner))
    contact(box, code=69)


def test_registry_is_silent(box):
    box.registry.close()
    answer = contact(box, code=69)
    assert answer["answers"][0]["problem"]


def test_abusix(box):
    box.configure(sources='"abusix"')
    box.names.records["25.100.51.198.abuse-contacts.abusix.zone"] = [
        "abuse@isp-lab.net, b@isp-lab.net"]
    answer = contact(box)
    assert answer["contact"] == "abuse@isp-lab.net"
    assert answer["answers"][0]["contacts"] == ["abuse@isp-lab.net", "b@isp-lab.net"]
    contact(box)
    assert len(box.names.asked) == 1


def test_abusix_ipv6(box):
    box.configure(sources='"abusix"')
    name = "1" + ".0" * 23 + ".8.b.d.0.1.0.0.2.abuse-contacts.abusix.zone"
    box.names.records[name] = ["abuse@six-lab.net"]
    assert contact(box, address="2001:db8::1")["contact"] == "abuse@six-lab.net"


def test_cymru(box):
    """It knows the network, and so what one report a network is."""
    box.configure(sources='"cymru"')
    box.names.records["25.100.51.198.origin.asn.cymru.com"] = [
        "64500 | 198.51.96.0/20 | XX | lab | 2001-01-01",
        "64501 64502 | 198.51.100.0/26 | XX | lab | ",
        "64503 | 192.0.2.0/24 | XX | lab | ", "rubbish"]
    answer = contact(box, code=69)["answers"][0]
    assert (answer["asn"], answer["first"], answer["last"]) == (
        64501, "198.51.100.0", "198.51.100.63")
    report = box.report("--to", "abuse@isp-lab.net")
    assert report["network"] == "198.51.100.0-198.51.100.63"


def test_failure_is_not_remembered(box):
    box.configure(sources='"abusix"')
    box.names.rcode = dns.rcode.SERVFAIL
    began = time.monotonic()
    assert contact(box, code=69)["answers"][0]["problem"] == "servfail"
    assert time.monotonic() - began < 15
    box.names.rcode = None
    box.names.records["25.100.51.198.abuse-contacts.abusix.zone"] = ["abuse@isp-lab.net"]
    assert contact(box)["contact"] == "abuse@isp-lab.net"


def test_order_and_filter(box):
    box.names.records["25.100.51.198.abuse-contacts.abusix.zone"] = ["desk@abusix-lab.net"]
    assert contact(box)["contact"] == "abuse@isp-lab.net"
    box.configure(sources='"abusix", "rdap"')
    assert contact(box)["contact"] == "desk@abusix-lab.net"
    box.configure(sources='"abusix", "rdap"', report='ignore = {"*@abusix-lab.net"}')
    assert contact(box)["contact"] == "abuse@isp-lab.net"
