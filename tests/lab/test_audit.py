"""What `portreeve audit` says of layouts that people run (layouts.py, layouts_hosting.py); and that it leaves
nothing behind.

One host for each mail server. A case writes its configuration and network anew; the server that runs there
stays as it is, since the audit starts one of its own.  With CAMPAIGN=yes all of them, else the quick.
"""

import contextlib
import json
import os
import signal
import subprocess
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor

import layouts
import layouts_hosting
import pytest
from layout import (
    CASES, CODES, EXIM, HOSTS, LONGEST_S, OPENSMTPD, POSTFIX, POSTFIX_TOO, PROGRAM_INSIDE, SENDMAIL, UNREADABLE, Case,
    sendmail, shell,
)

from lab.host import ENVIRONMENT
from lab.lab import Lab
from lab.net import child_of
from lab.wait import wait_until

SHOWN = [one for one in CASES if os.environ.get("CAMPAIGN") or not one.campaign]
each_host = pytest.mark.parametrize("host", HOSTS, ids=lambda host: host.name)


# ---- the tests -------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def lab():
    if os.geteuid():
        pytest.skip("the lab needs root")
    with Lab("audit", [*HOSTS, POSTFIX_TOO]) as made:
        yield made


def mended(host, answer):
    """What is said when what the findings print was pasted."""
    try:
        host.paste(grave(answer[1][0]))
        return host.audit()
    except Exception as error:
        return error


def grave(report):
    return [finding for finding in report["findings"] if finding["severity"] != "advice"]


def audited(one, host):
    processes = ()
    try:
        processes = one.change(host) or ()
        began = time.monotonic()
        answer = *host.audit(), time.monotonic() - began
        return answer, mended(host, answer) if one.causes else None
    except Exception as error:                  # a test's, not the other cases'
        return error, error
    finally:
        for process, port in processes:
            host.stop(process, port)
        host.restore()
        host.run("sh", "-c", one.undo, check=False)


AT_ONCE = 4         # most of an audit is waiting


@pytest.fixture(scope="module")
def answers(lab, request):
    """What is said of each case that is asked for; some hosts at once."""
    asked = [getattr(getattr(item, "callspec", None), "params", {}).get("one") for item in request.session.items]
    wanted = {str(one) for one in asked if isinstance(one, Case)}
    waiting = {host: deque(one for one in CASES if one.host is host and str(one) in wanted) for host in HOSTS}
    waiting[POSTFIX_TOO] = waiting[POSTFIX]
    said = {}

    def audit_all(host):
        with contextlib.suppress(IndexError):
            while True:
                one = waiting[host].popleft()
                said[str(one)] = audited(one, host)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(audit_all, [POSTFIX, POSTFIX_TOO, EXIM, SENDMAIL, OPENSMTPD]))
    return said


def found(report):
    return causes(report, "open", "warn")


def causes(report, *severities):
    return {finding["cause"] for finding in report["findings"] if finding["severity"] in severities}


@pytest.mark.parametrize("one", SHOWN, ids=str)
def test_layout(answers, one):
    answer, _ = answers[str(one)]
    if isinstance(answer, Exception):
        raise answer
    code, reports, printed, seconds = answer
    assert code == CODES[one.verdict], printed
    assert seconds < one.seconds
    if one.verdict == UNREADABLE:
        assert not reports and printed.startswith("portreeve: audit: ") and printed.count("\n") == 1, printed
        return
    (report,) = reports
    assert (report["verdict"], found(report)) == (one.verdict, one.causes), printed
    assert one.verdict == "unknown" or "no answer in time" not in {row["why"] for row in report["unasked"]}, printed
    # SMTPUTF8, where it is not offered, is no form that was not asked.
    assert not any("S13" in row["what"] and row["why"] == "no answer came" for row in report["unasked"]), printed
    assert {row["client"] for row in report["who"] if not row.get("sound")} == one.wide, printed
    advised = causes(report, "advice")
    assert advised.issuperset(one.advice) and not advised.intersection(one.unsaid), printed
    assert one.says in report["summary"]
    if one.line:
        assert any(one.line in line["text"] for row in report["who"] for line in row["by"]), printed


@pytest.mark.parametrize("one", [one for one in SHOWN if one.causes and not one.by_hand], ids=str)
def test_what_is_pasted_closes_it(answers, one):
    answer, after = answers[str(one)]
    for one_of_both in (answer, after):
        if isinstance(one_of_both, Exception):
            raise one_of_both
    code, (report,), printed = after
    fixes = [finding["fix"] for finding in grave(answer[1][0])]
    assert (code, report["verdict"]) == (0, "closed"), (fixes, printed)
    assert not grave(report), (fixes, printed)


def test_instances(lab):
    """A second Postfix, which is open; the first is not."""
    host = POSTFIX
    try:
        shell(host, "cp -a /etc/postfix /etc/postfix-out; mkdir -p /var/spool/postfix-out /var/lib/postfix-out; "
                    "chown postfix /var/lib/postfix-out")
        for name, value in {"queue_directory": "/var/spool/postfix-out", "data_directory": "/var/lib/postfix-out",
                            "multi_instance_name": "postfix-out", "multi_instance_enable": "yes",
                            "mynetworks": "0.0.0.0/0 [::]/0"}.items():
            host.run("postconf", "-c", "/etc/postfix-out", "-e", f"{name} = {value}")
        shell(host, "printf 'multi_instance_directories = /etc/postfix-out\\nmulti_instance_enable = yes\\n"
                    "multi_instance_wrapper = postmulti -p --\\n' >> /etc/postfix/main.cf")
        code, reports, printed = host.audit("--html", "/tmp/page.html")
        assert [report["verdict"] for report in reports] == ["closed", "world"], printed
        assert code == CODES["world"]
        (line,) = {line["file"] for row in reports[1]["who"] if row["client"] == "stranger4" for line in row["by"][:1]}
        assert line == "/etc/postfix-out/main.cf", printed
        said = host.run(PROGRAM_INSIDE, "audit", "--html", "/tmp/page.html", "--force", check=False).stdout
        assert [line.split(":")[0] for line in said.splitlines()[::2]] == ["Closed", "Open to the whole Internet"]
        page = host.read("/tmp/page.html")
        assert page.count("<!DOCTYPE") == 1 and page.count("<h1>") == page.count("</article>") == 2
        contents, closed, world = page.split("<article")
        assert all(report["summary"][1:] in contents for report in reports), contents
        assert "/etc/postfix-out/main.cf" in world and "/etc/postfix-out" not in closed
    finally:
        host.restore()
        host.run("rm", "-rf", "/etc/postfix-out", "/var/spool/postfix-out", "/var/lib/postfix-out", "/tmp/page.html")


LIMITS = "".join(f"FEATURE(`{name}')dnl\n" for name in (
    "greet_pause', `1000", "conncontrol', `nodelay', `terminate", "ratecontrol', `nodelay', `terminate"))


def few_at_a_time(host):
    host.write("/etc/exim4/exim4.conf", "smtp_accept_max_per_host = 2\n" + host.read("/etc/exim4/exim4.conf"))


@pytest.mark.parametrize("host, change", [
    (EXIM, few_at_a_time),
    # As Debian's sendmail.mc has it: ten times in ten minutes.
    (SENDMAIL, sendmail(LIMITS, macros="define(`confCONNECTION_RATE_THROTTLE', `15')dnl\n",
                        access="GreetPause: 5000\nClientRate: 10\nClientConn: 10\n"))], ids=str)
def test_limits(lab, host, change):
    """A client may come a few times, or have few connections: the audit asks all that it has to ask."""
    try:
        change(host)
        code, (report,), printed = host.audit()
        assert (code, report["verdict"]) == (0, "closed"), printed
        hung_up = [one["what"] for one in report["unasked"] if one["why"] == "it hung up"]
        assert len(hung_up) < 5, printed        # Exim does so after some commands that are none
    finally:
        host.restore()


def test_watch(lab):
    """It tells what differs, once, and looks only if something has changed."""
    host = POSTFIX

    def watch(*options):
        done = host.run(PROGRAM_INSIDE, "audit", "--watch", "--kept", "/tmp/last", "--run", "cat >> /tmp/told",
                        *options, check=False)
        told = host.run("sh", "-c", "cat /tmp/told 2>/dev/null; rm -f /tmp/told").stdout
        return done.returncode, [line for line in told.splitlines() if "may relay" not in line]

    name = f"Postfix on {host.fqdn}"
    try:
        assert watch() == (0, [f"+ {name}: closed"])
        began = time.monotonic()
        assert watch() == (0, [])
        quick_s = time.monotonic() - began
        kept = host.read("/tmp/last")
        host.run("postconf", "-e", "mynetworks = 0.0.0.0/0")
        assert watch() == (1, [f"- {name}: closed", f"+ {name}: world",
                               f"+ {name}: open: Trusted networks are too wide (C6)"])
        assert watch() == (1, [])
        host.run("rm", "-rf", "/var/lib/portreeve-audit")
        for told in (f"portreeve: audit: + {name}: world\n", ""):      # at its own place, which it makes
            done = host.run(PROGRAM_INSIDE, "audit", "--watch", check=False)
            assert done.returncode == 1 and done.stdout[:len(told) or None] == told
        assert host.run("stat", "-c", "%a", "/var/lib/portreeve-audit").stdout == "700\n"
        host.run("chmod", "666", "/tmp/last")
        assert watch()[0] == 77
        host.run("sh", "-c", "rm /tmp/last; mkfifo /tmp/last")
        assert watch()[0] == 77
        assert kept.startswith("portreeve audit 1\n") and quick_s < 5
    finally:
        host.restore()
        host.run("rm", "-rf", "/tmp/last", "/tmp/told", "/var/lib/portreeve-audit")


@pytest.mark.parametrize("does", ["echo {}; exec >&- 2>&-; while :; do sleep 1; done", "cat /dev/zero",
                                  "trap '' TERM; sleep 1000"], ids=["closes-and-goes-on", "floods", "hangs"])
def test_a_tool_that_does_as_it_likes(lab, does):
    """It is ended, and what could not be asked is said."""
    host = POSTFIX
    host.write("/tmp/nft", f"#!/bin/sh\n{does}\n", mode=0o755)
    host.run("mount", "--bind", "/tmp/nft", "/usr/sbin/nft")
    try:
        done = host.run("timeout", "40", PROGRAM_INSIDE, "audit", "--json", "--reading", check=False)
    finally:
        host.run("umount", "/usr/sbin/nft")
        host.run("rm", "/tmp/nft")
    (report,) = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert "nft" in json.dumps(report["unasked"]), report
    wait_until(lambda: "/usr/sbin/nft" not in host.run("ps", "-eo", "args").stdout, "it to end")


@each_host
def test_nothing_is_left(lab, host):
    before = host.state()
    host.audit()
    wait_until(lambda: not left(before, host.state()),
               lambda: f"nothing to be left: {left(before, host.state())}")


def left(before, now):
    """What is there that was not, by kind. Of the servers that run some end meanwhile, and Exim logs its queue
    runs: neither is the audit's."""
    def rows(value):
        lines = value.splitlines() if isinstance(value, str) else value
        return {line for line in lines if not line.startswith("/var/log/exim-")}
    new = {kind: sorted(rows(now[kind]) - rows(before[kind]))[:8] for kind in before}
    paths = [{line.split(" ")[0] for line in rows(state["files"])} for state in (before, now)]
    return {kind: lines for kind, lines in new.items() if lines} | (
        {"gone": sorted(paths[0] - paths[1])[:8]} if paths[0] - paths[1] else {})


@pytest.mark.parametrize("seconds", [0.05, 0.2, 0.5, 1])
@each_host
def test_nothing_is_left_when_it_is_killed(lab, host, seconds):
    before = host.state()
    audit = subprocess.Popen(host._inside([PROGRAM_INSIDE, "audit", "--json"]), stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENVIRONMENT,
                             start_new_session=True)
    program = wait_until(lambda: child_of(audit.pid), "the audit to begin")
    time.sleep(seconds)         # where it is then differs by machine: any instant will do
    with contextlib.suppress(ProcessLookupError):
        os.kill(program, signal.SIGKILL)
    audit.wait(LONGEST_S)
    wait_until(lambda: not left(before, host.state()),
               lambda: f"all of the room to end: {left(before, host.state())}")
