"""What `portreeve explain` says, on real mail servers: the parameter that it names opens the
server to that form, and the lines that it prints, pasted where it says, close it. And
`portreeve audit` on each of them, opened and mended: it agrees with the test from outside.

A lab of its own, and two rounds of tests for all hosts at once: opened, then mended.
"""

import json
import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from conftest import BINARY

from lab import cast
from lab.host import Host
from lab.lab import Lab
from lab.mta.exim import Exim
from lab.mta.opensmtpd import OpenSMTPD
from lab.mta.postfix import Postfix
from lab.mta.sendmail import Sendmail
from lab.portreeve import Portreeve

RANGE = "198.51.100.0/24"
CAMPAIGN = os.environ.get("CAMPAIGN")       # the long form
CHECK = "reject_unauth_destination"
AT_ONCE = 4         # hosts: what is done on one is mostly waiting


def explained(cause, mta):
    """(parameter, file, lines) of a cause in the words of that server."""
    done = subprocess.run([BINARY, "explain", cause, "--mta", mta, "--json"], check=True,
                          capture_output=True, text=True)
    (words,) = json.loads(done.stdout)["servers"]
    assert words["possible"], (cause, mta)
    return words["parameter"], words["file"], words["fix"]


class OpenPostfix(Postfix):
    mta = "postfix"

    def paste(self, file, lines):
        """Each parameter in the place of what it was."""
        assert file == "/etc/postfix/main.cf"
        self.run("postconf", "-e", *re.sub(r"\n +", " ", "\n".join(lines)).splitlines())
        self.run("postfix", "reload")


class OpenExim(Exim):
    """`edits` are made in the sound configuration: what is searched for, what stands in its place."""

    mta = "exim"

    def __init__(self, *arguments, edits=(), **keywords):
        super().__init__(*arguments, **keywords)
        self.edits = edits

    def configure(self):
        super().configure()
        for old, new in self.edits:
            text = self.read("/etc/exim4/exim4.conf")
            assert old in text, old
            self.write("/etc/exim4/exim4.conf", text.replace(old, new, 1))
        self.run("exim4", "-bV")

    def paste(self, file, lines):
        file, _, where = file.partition(", ")
        text = self.read(file)
        if where == "at the top of the ACL of acl_smtp_rcpt":
            text = text.replace("acl_check_rcpt:\n",
                                "acl_check_rcpt:\n" + "".join(f"{line}\n" for line in lines), 1)
        elif where == "in the router":
            text = re.sub(r"(?m)^opened:\n(  .*\n)+",
                          lambda _: "opened:\n" + "".join(f"{line}\n" for line in lines), text)
        else:
            assert not where
            for line in lines:
                name = line.partition(" =")[0]
                text, times = re.subn(rf"(?m)^{re.escape(name)} =.*", lambda _: line, text)
                assert times == 1 or line.startswith("#"), line
        self.stop(self.daemon, 25)
        self.write(file, text)
        self.run("exim4", "-bV")
        self.start_services()


class OpenSendmail(Sendmail):
    mta = "sendmail"
    # A busy machine is no reason to keep what was accepted.
    BUSY = "define(`confQUEUE_LA', `1000')dnl\ndefine(`confREFUSE_LA', `1000')dnl\n"

    def __init__(self, *arguments, relay_domains="", **keywords):
        super().__init__(*arguments, macros=self.BUSY, **keywords)
        self.relay_domains = relay_domains

    def configure(self):
        self.write("/etc/mail/relay-domains", self.relay_domains)
        super().configure()

    def paste(self, file, lines):
        """In sendmail.mc a line stands for the one on the same feature; in other files for all."""
        text = "".join(f"{line}\n" for line in lines)
        if file == "/etc/mail/access":
            self.access = text
        elif file == "/etc/mail/relay-domains":
            self.relay_domains = text
        else:
            assert file == "/etc/mail/sendmail.mc"
            named = [re.search(r"FEATURE\(`(\w+)'", line)[1] for line in lines]
            kept = [feature for feature in self.features
                    if re.match(r"\w+", feature)[0] not in named]
            assert len(kept) < len(self.features) or not self.features
            self.features, self.macros = kept, self.BUSY + text
        self.change()


class TheOpenSMTPD(OpenSMTPD):
    """`rules` stand in the place of all that begin with "match"; `listen` behind "listen on"."""

    mta = "opensmtpd"

    def __init__(self, *arguments, rules=(), listen="", before="", **keywords):
        super().__init__(*arguments, **keywords)
        self.rules, self.listen, self.before = rules, listen, before

    def configure(self):
        super().configure()
        text = self.read("/etc/smtpd.conf")
        if self.rules:
            text = re.sub(r"(?m)^match .*\n", "", text) + "".join(f"{rule}\n" for rule in self.rules)
        text = re.sub(r"(?m)^(listen on .*)", rf"\1{self.listen}", text)
        self.write("/etc/smtpd.conf", self.before + text)
        self.run("smtpd", "-n")

    def paste(self, file, lines):
        assert file == "/etc/smtpd.conf"
        if lines[0].startswith("match"):
            self.rules = lines
        else:
            assert all(line.startswith("listen on ") for line in lines)
            self.listen = ""
        self.change()


@dataclass
class Case:
    """A host that is opened by the parameter of a cause.

    form     what passes then, the plainest
    names    a part of the parameter as it is named
    opened   verdict, if it is another
    """

    cause: str
    form: str | None
    names: str
    host: Host
    opened: str = "open"

    def __str__(self):
        return f"{self.host.mta}-{self.cause}-{self.form or self.opened}"


_numbers = iter(range(101, 250))


def case(server, cause, form, names, opened="open", **keywords):
    number = next(_numbers)
    name = f"{server.mta}-{number}"
    host = server(name, f"mail.{name}.example", f"198.51.100.{number}", f"2001:db8:100::{number}",
                  domains=[f"{name}.example"], users=["bob", "postmaster"], **keywords)
    return Case(cause, form, names, host, opened)


def postfix(cause, form, names, settings, **keywords):
    return case(OpenPostfix, cause, form, names, settings=settings, **keywords)


def relay(*rules):
    """The relay check of Postfix with something before it."""
    return {"smtpd_relay_restrictions": ", ".join(("permit_mynetworks", *rules, CHECK))}


def accept(*conditions):
    """Something before the relay check of Exim."""
    verb = "  accept  " + "\n          ".join(conditions)
    return [("  require verify        = sender\n", f"{verb}\n\n  require verify        = sender\n")]


# The rules by which the sound Exim refuses such local parts are left out where one is to pass.
LOCAL_PARTS = [("[@%!/|]", "[/|]"), ("^.*[@%!] :", "")]


def router(local_part, data):
    """A redirect router of Exim, before all others."""
    lines = ("driver = redirect", "domains = +local_domains", f"local_parts = {local_part}",
             f"data = {data}")
    text = "".join(f"  {line}\n" for line in lines)
    return [*LOCAL_PARTS, ("begin routers\n\n", f"begin routers\n\nopened:\n{text}\n")]


# Else Postfix refuses what has a sign that routes.
ROUTING = {"allow_untrusted_routing": "yes"}

CASES = [
    postfix("C6", "E01", "mynetworks", {"mynetworks": cast.EVERYBODY}),
    postfix("C10", "E01", "smtpd_relay_restrictions", relay("check_client_access static:OK")),
    postfix("C33", "E01", "relay_domains", {"relay_domains": "static:all"}),
    postfix("C31", "E06", "check_sender_access",
            relay("check_sender_access regexp:{{/@mail\\./ OK}}")),
    postfix("C32", "E03", "check_sender_access", relay("check_sender_access inline:{{<> = OK}}")),
    postfix("C41", "S01a", "check_helo_access", relay("check_helo_access inline:{localhost=OK}")),
    postfix("C34", "E14", "allow_percent_hack",
            ROUTING | {"allow_percent_hack": "no", "virtual_alias_maps": "regexp:{{/^(.*)%(.*)@/ $$1@$$2}}"}),
    postfix("C36", "E25", "swap_bangpath",
            ROUTING | {"swap_bangpath": "no", "virtual_alias_maps": "regexp:{{/^(.*)!(.*)@/ $$2@$$1}}"}),
    postfix("C37", "E18", "resolve_dequoted_address",
            ROUTING | {
                "resolve_dequoted_address": "no",
                "virtual_alias_maps": r'regexp:{{/^"?(.*)@(.*\.example)"?@mail\./ $$1@$$2}}'}),
    postfix("C11", "E41", "recipient_canonical_maps",
            {"recipient_canonical_maps": "regexp:{{/^SRS0=.*=.*=(.*)=(.*)@/ $$2@$$1}}"}),
    postfix("C7", "S04", "smtpd_authorized_xclient_hosts",
            {"smtpd_authorized_xclient_hosts": cast.EVERYBODY}),
    postfix("C7", "S05a", "smtpd_upstream_proxy_protocol",
            {"smtpd_upstream_proxy_protocol": "haproxy"}),
    postfix("C18", None, "local_recipient_maps", {"local_recipient_maps": ""},
            opened="backscatter"),

    case(OpenExim, "C6", "E01", "relay_from_hosts", relay_from="*"),
    case(OpenExim, "C10", "E01", "accept", edits=accept("domains = !+local_domains")),
    case(OpenExim, "C33", "E01", "relay_to_domains",
         edits=[("relay_to_domains =", "relay_to_domains = *")]),
    case(OpenExim, "C31", "E06", "sender_domains", edits=accept("sender_domains = +local_domains")),
    case(OpenExim, "C32", "E03", "senders", edits=accept("senders = :")),
    case(OpenExim, "C41", "S01a", "$sender_helo_name",
         edits=accept("condition = ${if eq{$sender_helo_name}{localhost}}")),
    case(OpenExim, "C34", "E14", "redirect", edits=router("^.*%", "${sg{$local_part}{%}{@}}")),
    case(OpenExim, "C36", "E25", "redirect",
         edits=router("^.*!", "${sg{$local_part}{^(.*)!(.*)\\$}{\\$2@\\$1}}")),
    case(OpenExim, "C45", "S11", "acl_smtp_predata",
         edits=[("acl_smtp_data = acl_check_data", "acl_smtp_predata = acl_check_data"),
                ("acl_check_data:\n", "acl_check_data:\n  deny condition = ${if !forany"
                 "{$recipients}{match_domain{${domain:$item}}{+local_domains}}}\n"),
                *accept("domains = !+local_domains")]),
    case(OpenExim, "C44", "S09-E01", "encrypted", settings="tls_advertise_hosts = *\n",
         edits=accept("encrypted = *", "domains = !+local_domains")),
    case(OpenExim, "C11", "E41", "router", settings="tls_advertise_hosts =\nSRS_SECRET = x\n",
         edits=router("^srs0=", "${sg{$local_part}{^srs0=.*=.*=(.*)=(.*)\\$}{\\$2@\\$1}}")),

    case(OpenSendmail, "C10", "E01", "promiscuous_relay", features=["promiscuous_relay"]),
    case(OpenSendmail, "C6", "E01", "/etc/mail/access", access="Connect:192 RELAY\n"),
    case(OpenSendmail, "C33", "E01", "/etc/mail/relay-domains", relay_domains="example\n"),
    case(OpenSendmail, "C31", "E06", "relay_local_from", features=["relay_local_from"]),

    case(TheOpenSMTPD, "C10", "E01", "from any for any", relay_from="any"),
    case(TheOpenSMTPD, "C6", "E01", "from src", relay_from="src 192.0.0.0/8"),
    case(TheOpenSMTPD, "C33", "E01", "regex",
         rules=['match from any for domain regex "example$" action "relay"']),
    case(TheOpenSMTPD, "C31", "E06", "mail-from",
         rules=['match from any mail-from regex "@mail[.]" for any action "relay"']),
    case(TheOpenSMTPD, "C41", "S01a", "helo",
         rules=['match from any helo "localhost" for any action "relay"']),
    case(TheOpenSMTPD, "C7", "S05b", "proxy-v2", listen=" proxy-v2"),
]


class Field:
    def __init__(self):
        # Who expects a PROXY header is silent until then.
        self.probe = Portreeve(BINARY, roles=False, wait=5, tester='command_timeout = "15s"')
        self.lab = Lab("explain", [self.probe, *(one.host for one in CASES)],
                       self.probe.delegations())

    def judged(self):
        """{address: result} of all hosts, from one command."""
        _, objects = self.probe.objects("test", "--patience", "1s", *(one.host.v4 for one in CASES), check=False)
        return {result["address"]: result for result in objects}

    def audited(self):
        """{host: (exit code, report)}, each asked on the host itself."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return dict(zip((one.host for one in CASES), pool.map(audit, CASES)))

    def both(self, audited=True):
        """What the test says and what the audit says, at the same time: neither notices the other."""
        with ThreadPoolExecutor(1) as pool:
            judged = pool.submit(self.judged)
            return self.audited() if audited else {}, judged.result()

    @staticmethod
    def mended():
        """What is printed is pasted."""
        def paste(one):
            one.host.paste(*explained(one.cause, one.host.mta)[1:])
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(paste, CASES))


def audit(one):
    done = one.host.run("portreeve", "audit", "--json", check=False)
    return done.returncode, json.loads(done.stdout)


@pytest.fixture(scope="module")
def rounds():
    """The results before and after what is printed was pasted."""
    if os.geteuid():
        pytest.skip("the lab needs root")
    assert BINARY.exists(), f"{BINARY}: there is no such program; build it first"
    field = Field()
    with field.lab:
        for one in CASES:
            one.host.copy(BINARY, "/usr/local/bin/portreeve")
        field.probe.portreeve("permit", "add", RANGE, "--consent", "owner", "--by", "the tests")
        audits, before = field.both()
        field.mended()
        audits_after, after = field.both(CAMPAIGN)
        yield before, after, audits, audits_after


def told(result):
    return [(case["id"], case["stage"], case["code"], case["text"]) for case in result["cases"]
            if case["accepted"] or case["returned"] or case["id"] in ("E01", "S04", "S05a", "S05b")]


each_case = pytest.mark.parametrize("one", CASES, ids=str)


@each_case
def test_the_parameter_opens_it(rounds, one):
    result = rounds[0][one.host.v4]
    assert result["verdict"] == one.opened, told(result)
    assert one.names in explained(one.cause, one.host.mta)[0]
    if one.form:
        returned = [case["id"] for case in result["cases"] if case["returned"]]
        assert returned[0] == one.form, told(result)
        assert one.cause in result["causes"]
        # Whoever believes a header or a name sees what it says: no address was lost before it.
        assert "seen_as" not in result


@each_case
def test_what_is_pasted_closes_it(rounds, one):
    result = rounds[1][one.host.v4]
    assert result["verdict"] == "closed", (result["reason"], told(result))


@each_case
def test_the_kind_is_guessed_by_its_greeting(rounds, one):
    result = rounds[0][one.host.v4]
    # Behind a PROXY header the greeting comes late, and is the first all the same.
    if one.form:
        assert result["mta"] == one.host.mta


# What the audit says otherwise than the test, and why that is right.
AUDIT_OPEN = {
    # Mail for some domains, or of some networks, only.
    "sendmail-C33-E01": 2, "sendmail-C6-E01": 2, "opensmtpd-C6-E01": 2,
    # Nothing is relayed.
    "postfix-C18-backscatter": 0,
}
# The recipient is taken already, so it is that line which is shown: DATA is never said.
AUDIT_CAUSE = {"exim-C45-S11": "C10"}
# What it does not explain.
AUDIT_BLIND = set()
# The text of a line that permits it, where that is no rule of the relay check.
AUDIT_LINE = {
    "exim-C33-E01": "relay_to_domains = *", "exim-C34-E14": "data = ${sg{$local_part}{%}{@}}",
    "postfix-C34-E14": "virtual_alias_maps =", "postfix-C36-E25": "virtual_alias_maps =",
    "postfix-C37-E18": "virtual_alias_maps =", "postfix-C11-E41": "recipient_canonical_maps =",
    "exim-C36-E25": "data = ${sg{$local_part}{^(.*)!", "exim-C11-E41": "data = ${sg{$local_part}{^srs0=",
}


# What was said, as the finding shows it.
SAID = {
    "E06": r'"MAIL FROM:<[^"@]+@mail[^"]+>, RCPT TO:<[^"]+>"', "E03": r'\(E03\), "MAIL FROM:<>, RCPT TO:<[^"]+>"',
    "S01a": r'\(S01a\), "EHLO localhost, RCPT TO:<[^"]+>"', "E14": r'\(E14\), "RCPT TO:<[^"]+%[^"]+@mail[^"]+>"',
    "E25": r'\(E25\), "RCPT TO:<[^"]+![^"]+@mail[^"]+>"', "E18": r'\(E18\), "RCPT TO:<"[^"]+"@mail[^"]+>"',
    "E41": r'\(E41\), "RCPT TO:<SRS0=[^"]+>"', "S04": r'\(S04\), "XCLIENT ADDR=127\.0\.0\.1"',
    "S05a": r'\(S05a\)\. The server', "S05b": r'\(S05b\)\. The server',
}


@each_case
def test_the_audit_says_so_too(rounds, one):
    code, report = rounds[2][one.host]
    causes = {finding["cause"] for finding in report["findings"]}
    assert code == AUDIT_OPEN.get(str(one), 1), report["summary"]
    assert AUDIT_CAUSE.get(str(one), one.cause) in causes, report["findings"]
    assert report["mta"] == one.host.mta
    if code and str(one) not in AUDIT_BLIND:
        by = [line for row in report["who"] if not row["sound"] for line in row["by"]]
        assert by and all(line["text"] for line in by), report["who"]
        assert all(row["by"] for row in report["who"]), report["who"]
        assert any(AUDIT_LINE.get(str(one), "") in line["text"] for line in by), by
    if code:
        assert any(finding["fix"] for finding in report["findings"])
    if one.form in SAID:
        assert any(re.search(SAID[one.form], finding["why"]) for finding in report["findings"]), report["findings"]


@pytest.mark.skipif(not CAMPAIGN, reason="in the long form, with CAMPAIGN=yes")
@each_case
def test_the_audit_sees_it_closed(rounds, one):
    code, report = rounds[3][one.host]
    assert code == 0, report["summary"]
    assert not [finding for finding in report["findings"] if finding["severity"] != "advice"]
