# SPDX-License-Identifier: ISC
"""A relay whose address may not be published: proved, told, and not listed."""

import subprocess

from conftest import USUAL_PORT, Host

ADDRESS = "127.253.0.25"
ALLOWED = 'allow_special = {"127.0.0.0/8", '


def listed(field):
    return [line for line in field.run("list", "--json").stdout.splitlines() if ADDRESS in line]


def test_a_proof_is_kept_and_not_published(make_field, isolated):
    if isolated:
        for address in ("2001:db8:ffff::1", "2001:db8:ffff::66"):
            subprocess.run(["ip", "-6", "addr", "replace", f"{address}/128", "dev", "lo", "nodad"],
                           check=True)
    field = make_field([Host(ADDRESS, USUAL_PORT, "open")])
    config = field.directory / "portreeve.conf"
    text = config.read_text()
    assert ALLOWED in text
    config.write_text(text.replace(ALLOWED, "allow_special = {"))
    result = field.scan(USUAL_PORT)[ADDRESS]
    assert result["verdict"] == "open" and result["evidence"]
    assert result["not_published"] == "a loopback address (RFC 1122)"
    assert ADDRESS in field.run("evidence", "show", ADDRESS).stdout
    assert "not published: a loopback address" in field.run("list", "journal").stdout
    assert not listed(field)
    # Allowed later: the next proof is published.
    config.write_text(text.replace("tester {", 'tester {\n  interval = "0s"'))
    done = field.run("test", ADDRESS, "--port", str(USUAL_PORT), codes=(1,))
    assert "not published" not in done.stdout
    assert listed(field)
