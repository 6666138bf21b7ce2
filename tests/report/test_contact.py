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
    # Nobody named a network, so none is told.
    assert report["contact_source"] == "given" and "network" not in report
    assert "Network:" not in report["message"] and "your network" not in report["message"]
    assert "198.51.100.0" not in report["message"] + json.dumps(report["xarf"])


def test_rdap(box):
    answer = contact(box)
    assert answer["contact"] == "abuse@isp-lab.net"
    rdap = answer["answers"][0]
    assert (rdap["source"], rdap["first"], rdap["last"], rdap["name"]) == (
        "rdap", "198.51.100.0", "198.51.100.127", "ISP-LAB")
    assert rdap["contacts"] == ["abuse@isp-lab.net"] and not rdap["cached"]
    assert box.registry.asked == [PATH]


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "::1", "fe80::1", "224.0.0.1"])
def test_private_addresses_are_nobodys(box, address):
    assert "a public address" in box.run("contact", address, code=64).stderr
    assert box.registry.asked == [] and box.names.asked == []


def test_shown(box):
    """Whence and how old, and what a source does not know, now and from the cache."""
    assert "ISP-LAB (asked, 0 min old)\n  abuse@isp-lab.net\n" in box.run("contact", ADDRESS).stdout
    again = box.run("contact", ADDRESS).stdout
    assert "ISP-LAB (known, 0 min old)\n  abuse@isp-lab.net\n" in again
    assert "abusix: nothing on this address (known, 0 min old)\n" in again


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


@pytest.mark.parametrize("to", [
    "file:///etc/passwd", "ftp://127.0.0.1:PORT/moved", "gopher://127.0.0.1:PORT/moved",
    "http://a:b@127.0.0.1:PORT/moved", "http://[fe80::1%25lo]:PORT/moved", "http://a_b/moved",
    "http://127.0.0.1,:PORT/moved"])
def test_redirect_elsewhere(box, to):
    box.registry.redirect(PATH, to.replace("PORT", str(box.registry.port)))
    box.registry.set("/moved", network())
    assert "is no URL" in contact(box, code=69)["answers"][0]["problem"]
    assert box.registry.asked == [PATH]


def bootstrap(box, url):
    box.bootstrap.write_text(json.dumps({"services": [[["198.51.100.0/24"], [url]]]}))


def test_names_are_ours(box):
    """Our resolver finds the registry, and every host that it sends us to; nobody else does."""
    port = box.registry.port
    box.names.hosts["rdap.registry-lab.net"] = ["127.0.0.1"]
    box.names.hosts["other.registry-lab.net"] = ["127.0.0.1"]
    bootstrap(box, f"http://RDAP.registry-lab.net.:{port}/narrow/")
    box.registry.redirect(PATH, f"http://other.registry-lab.net:{port}/moved")
    box.registry.set("/moved", network())
    assert contact(box)["contact"] == "abuse@isp-lab.net"
    assert {name for name, _ in box.names.asked[:4]} == {"rdap.registry-lab.net",
                                                         "other.registry-lab.net"}


def test_name_is_unknown(box):
    # The system would know it.
    bootstrap(box, f"http://localhost:{box.registry.port}/narrow/")
    assert "localhost has no address: nxdomain" in contact(box, code=69)["answers"][0]["problem"]
    assert box.registry.connections == 0


PRIVATE = ["127.0.0.1", "10.0.0.1", "169.254.169.254", "172.16.0.1", "192.168.1.1", "100.64.0.1",
           "0.0.0.0", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "ff02::1",
           "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::1",
           "2001:0:7f00:1::1", "192.0.0.8", "198.19.0.1"]


def test_only_https_and_public_addresses(box):
    """Without the lab's permission no plain http and no private address is asked, whether it is
    written in the URL, in whatever way, or DNS says it."""
    box.configure(report="rdap_private = no")
    assert "no registry" in contact(box, code=69)["answers"][0]["problem"]
    port = box.registry.port
    whole = box.config.read_text()
    box.config.write_text(whole.replace(f'"{box.bootstrap}"', f'"{box.registry.url}/boot"'))
    assert "is no https URL" in contact(box, code=69)["answers"][0]["problem"]
    box.config.write_text(whole)
    box.names.hosts["inside.registry-lab.net"] = PRIVATE
    hosts = ["inside.registry-lab.net", "2130706433", "0x7f.1", "127.1", "0177.0.0.1",
             *(f"[{ip}]" if ":" in ip else ip for ip in PRIVATE)]
    for host in hosts:
        bootstrap(box, f"https://{host}:{port}/")
        assert "private" in contact(box, code=69)["answers"][0]["problem"], host
    assert box.registry.connections == 0


def test_registry_drips(box):
    """Time is limited for all of a question, however slowly an answer comes."""
    box.configure(report="timeout = 1s")
    box.registry.drip = True
    began = time.monotonic()
    assert "in time" in contact(box, code=69)["answers"][0]["problem"]
    assert time.monotonic() - began < 5


def test_bootstrap_by_url(box):
    box.registry.set("/dns/ipv4.json", json.loads(box.bootstrap.read_text()))
    box.config.write_text(box.config.read_text().replace(
        f'"{box.bootstrap}"',
        f'"{box.registry.url}/gone.json", "{box.registry.url}/dns/ipv4.json"'))
    assert contact(box)["contact"] == "abuse@isp-lab.net"
    assert box.registry.asked == ["/gone.json", "/dns/ipv4.json", PATH]
    contact(box, address="198.51.100.200", code=69)
    assert box.registry.asked[3:] == ["/gone.json", "/narrow/ip/198.51.100.200"]


def test_bootstrap_that_is_none_is_not_kept(box):
    box.registry.set("/dns/ipv4.json", b"<html>Log in to the network</html>")
    box.config.write_text(box.config.read_text().replace(
        f'"{box.bootstrap}"', f'"{box.registry.url}/dns/ipv4.json"'))
    assert "bootstrap" in contact(box, code=69)["answers"][0]["problem"]
    box.registry.set("/dns/ipv4.json", json.loads(box.bootstrap.read_text()))
    assert contact(box)["contact"] == "abuse@isp-lab.net"


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
    assert "contact" not in answer
    done = box.run("-", text=spam(), code=69)
    assert len(done.stderr.splitlines()) == 1


def test_registry_speaks_only_for_its_range(box):
    """One registry cannot answer for the rest of the world."""
    box.registry.set(PATH, network("0.0.0.0", "255.255.255.255"))
    rdap = contact(box)["answers"][0]
    assert (rdap["first"], rdap["last"]) == ("198.51.100.0", "198.51.103.255")


# ---- desks that are only linked ---------------------------------------------


def linked(*urls, roles=("abuse",)):
    return [{"objectClassName": "entity", "roles": list(roles), "handle": "DESK", "links": [
        {"rel": "alternate", "href": "http://127.0.0.1:1/"}, *(
            {"rel": "self", "href": url, "type": "application/rdap+json"} for url in urls)]}]


def desk(email="desk@linked-lab.net", **more):
    return {"objectClassName": "entity", "handle": "DESK", "vcardArray": [
        "vcard", [["version", {}, "text", "4.0"], ["email", {}, "text", email]]], **more}


def test_linked_desk(box):
    url = box.registry.url
    box.registry.set(PATH, dict(network(), entities=linked(url + "/entity/DESK")))
    box.registry.set("/entity/DESK", desk())
    answer = contact(box)
    assert answer["contact"] == "desk@linked-lab.net"
    assert answer["answers"][0]["last"] == "198.51.100.127"
    assert box.registry.asked == [PATH, "/entity/DESK"]
    # It is kept with the rest.
    assert contact(box, address="198.51.100.1")["contact"] == "desk@linked-lab.net"
    assert len(box.registry.asked) == 2


def test_linked_desk_is_not_asked_for_nothing(box):
    """Only while nobody is named, and only the desk's."""
    url = box.registry.url
    whole = network()
    whole["entities"] += linked(url + "/entity/DESK")
    box.registry.set(PATH, whole)
    assert contact(box)["contact"] == "abuse@isp-lab.net"
    box.configure(report="cache = 0")
    box.registry.set(PATH, dict(network(), entities=linked(url + "/entity/X", roles=["technical"])))
    contact(box, code=69)
    assert box.registry.asked == [PATH, PATH]


def test_linked_desk_links_on(box):
    """Links are followed a few times, each place once."""
    url = box.registry.url
    box.registry.set(PATH, dict(network(), entities=linked(url + "/entity/0", url + "/entity/0")))
    for i in range(20):
        box.registry.set(f"/entity/{i}", {"objectClassName": "entity", "entities": linked(
            url + "/entity/0", url + f"/entity/{i + 1}")})
    assert "contact" not in contact(box, code=69)
    assert box.registry.asked == [PATH] + [f"/entity/{i}" for i in range(4)]
    box.registry.set("/entity/3", {"objectClassName": "entity", "entities": [
        desk("last@linked-lab.net", roles=["abuse"])]})
    box.configure(report="cache = 0")
    assert contact(box)["contact"] == "last@linked-lab.net"


@pytest.mark.parametrize("link", ["file:///etc/passwd", "ftp://127.0.0.1/", "/entity/DESK",
                                  "http://a b/", "", 7, None, "x" * 2000])
def test_hostile_link(box, link):
    box.registry.set(PATH, dict(network(), entities=linked(link)))
    assert "contact" not in contact(box, code=69)
    assert box.registry.asked == [PATH]


def test_failing_link(box):
    """One that fails does not spoil the other; and nothing is kept that may be wrong."""
    url = box.registry.url
    box.registry.set(PATH, dict(network(), entities=linked(url + "/gone", url + "/entity/DESK")))
    assert "404" in contact(box, code=69)["answers"][0]["problem"]
    box.registry.set("/entity/DESK", desk())
    assert contact(box)["contact"] == "desk@linked-lab.net"
    assert "problem" not in contact(box)["answers"][0]


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
