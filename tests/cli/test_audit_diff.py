# SPDX-License-Identifier: ISC
"""`audit --diff`: who may relay by one configuration and not by another, of each server; as a hook
uses it, by its exit code."""

import json
import os
import subprocess

import pytest

import forms
from conftest import BINARY

POSTFIX = {"main.cf": "compatibility_level = 3.6\nmynetworks = 127.0.0.0/8\n",
           "master.cf": "smtp inet n - y - - smtpd\n"}
TABLE = ("smtpd_relay_restrictions = permit_mynetworks,\n"
         "  check_sender_access hash:/etc/postfix/senders, reject\n")
EXIM = "acl_smtp_rcpt = a\nbegin acl\na:\n  accept hosts = {}\n"
EXIM_DEBIAN = {"exim4.conf.template": "UPEX4CmacrosUPEX4C = 1\nhostlist lan = MAIN_RELAY_NETS\n"
               "acl_smtp_rcpt = a\nbegin acl\na:\n  accept hosts = +lan\n"}
PARTS = "dc_eximconfig_configtype='internet'\ndc_use_split_config='false'\ndc_relay_nets='{}'\n"
SMTPD = "listen on all\naction out relay\nmatch from {} for any action out\n"
SENDMAIL = "FEATURE(`access_db')dnl\n"

ROWS = {
    "the same": (POSTFIX, POSTFIX, 0, "same", []),
    "a network more": (
        POSTFIX, {**POSTFIX, "main.cf": POSTFIX["main.cf"].replace("/8", "/8, 10.0.0.0/8")},
        1, "wider", [("range", "10.0.0.0/8", [], "main.cf", 2)]),
    "a network less": (
        {**POSTFIX, "main.cf": POSTFIX["main.cf"].replace("/8", "/8, 10.0.0.0/8")}, POSTFIX,
        0, "narrower", [("range", "10.0.0.0/8", [], "", 0)]),
    "a table beside it": (
        POSTFIX, {**POSTFIX, "main.cf": POSTFIX["main.cf"] + TABLE, "senders": "a@b OK\n"},
        1, "wider", [("stranger4", "0.0.0.0/0", ["sender"], "senders", 1),
                     ("stranger6", "::/0", ["sender"], "senders", 1)]),
    "a table that is not there": (
        POSTFIX, {**POSTFIX, "main.cf": POSTFIX["main.cf"] + TABLE}, 1, "wider",
        [("stranger4", "0.0.0.0/0", [], "main.cf", 3), ("stranger6", "::/0", [], "main.cf", 3)]),
    "networks that cannot be read": (
        POSTFIX, {**POSTFIX, "main.cf": POSTFIX["main.cf"].replace("127.0.0.0/8", "/etc/postfix/d"),
                  "d/x": ""}, 3, "unknown", None),
    "Exim": ({"exim4.conf": EXIM.format("10.0.0.0/8")}, {"exim4.conf": EXIM.format("10.0.0.0/7")},
             1, "wider", [("range", "10.0.0.0/7", [], "exim4.conf", 4)]),
    "Exim of Debian": (
        {**EXIM_DEBIAN, "update-exim4.conf.conf": PARTS.format("")},
        {**EXIM_DEBIAN, "update-exim4.conf.conf": PARTS.format("10.0.0.0/8")},
        1, "wider", [("range", "10.0.0.0/8", [], "update-exim4.conf.conf", 3)]),
    "OpenSMTPD": ({"smtpd.conf": SMTPD.format("local")}, {"smtpd.conf": SMTPD.format("any")},
                  1, "wider", [("stranger4", "0.0.0.0/0", [], "smtpd.conf", 3),
                               ("stranger6", "::/0", [], "smtpd.conf", 3)]),
    "Sendmail": ({"sendmail.mc": SENDMAIL}, {"sendmail.mc": SENDMAIL,
                                             "access": "Connect:10.1 RELAY\n"},
                 1, "wider", [("range", "10.1.0.0/16", [], "access", 1)] * 2),
}


def write(directory, files):
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return directory


def ask(*words, code):
    done = subprocess.run([BINARY, "audit", "--diff", *words], capture_output=True, text=True,
                          timeout=30, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done


@pytest.mark.parametrize("name", ROWS)
def test_rows(tmp_path, name):
    old, new, code, verdict, changes = ROWS[name]
    old, new = write(tmp_path / "old", old), write(tmp_path / "new", new)
    found = json.loads(ask(old, new, "--json", code=code).stdout)
    forms.check(["audit", "--diff"], found)
    assert found["verdict"] == verdict
    if changes is not None:
        first = [(c["by"] or [{"file": "", "line": 0}])[0] for c in found["changes"]]
        assert [(c["client"], c["network"], c["shows"], os.path.basename(line["file"]),
                 line["line"]) for c, line in zip(found["changes"], first)] == changes


def test_images(tmp_path):
    """Roots of images; a link out of one leads nowhere."""
    old = write(tmp_path / "old", {f"etc/postfix/{name}": text for name, text in POSTFIX.items()})
    new = write(tmp_path / "new", {f"etc/postfix/{name}": text for name, text in POSTFIX.items()})
    (new / "etc/postfix/main.cf").write_text("compatibility_level = 3\nmynetworks = /etc/nets\n")
    (tmp_path / "nets").write_text("0.0.0.0/0\n")
    (new / "etc/nets").symlink_to(tmp_path / "nets")
    found = json.loads(ask(old, new, "--json", code=3).stdout)
    assert [u["what"] for u in found["unread"] if "nets" in u["what"]] == [f"{new}/etc/nets"]
    (new / "etc/nets").unlink()
    (new / "etc/nets").write_text("127.0.0.0/8\n0.0.0.0/0\n")
    said = ask(old, new, code=1).stdout
    assert said.startswith("It widens who may relay")
    assert "/etc/nets:2" in said
    for was, now, root in ((old, new, new), (new, old, new)):
        change = json.loads(ask(was, now, "--json", code=int(now is new)).stdout)["changes"][0]
        files = {line["file"] for line in change["by"] + change["was_by"]}
        assert f"{root}/etc/nets" in files, files
        assert all(name.startswith((f"{old}/", f"{new}/")) for name in files if name), files


def test_root(tmp_path):
    """An image that is audited is said to be one, wherever a line is to be pasted."""
    image = write(tmp_path / "image", {f"etc/postfix/{name}": text for name, text in POSTFIX.items()})
    (image / "etc/postfix/main.cf").write_text("compatibility_level = 3\nmynetworks = 10.0.0.0/7\n")
    words = [BINARY, "audit", "--root", str(image)]
    said = subprocess.run(words, capture_output=True, text=True, timeout=30, check=False).stdout
    said = " ".join(said.split())
    assert f", in the image {image}, audited" in said
    assert f"This is of the image below {image}, not of this machine. To mend it:" in said
    found = json.loads(subprocess.run([*words, "--json"], capture_output=True, text=True, timeout=30,
                                      check=False).stdout)
    forms.check(["audit"], found)
    assert found["root"] == str(image)
    assert found["findings"][0]["check"].startswith(f"portreeve audit --root {image}; postconf")
    assert found["doubt"] == "only the configuration was read"
    assert [u["what"] for u in found["unasked"] if u["weighs"]] == ["the server itself"]


def test_files(tmp_path):
    """The main files, a page; and hostile ones."""
    old = write(tmp_path / "old", {"smtpd.conf": SMTPD.format("local")}) / "smtpd.conf"
    new = write(tmp_path / "new", {"other": SMTPD.format("any")}) / "other"
    ask(old, new, code=66)
    page = tmp_path / "page.html"
    ask(old, new, "--mta", "opensmtpd", "--html", page, code=1)
    assert "<script" not in page.read_text()
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "new" / "smtpd.conf").symlink_to(tmp_path / "fifo")
    ask(old, tmp_path / "new", code=66)
    (tmp_path / "escape").mkdir()
    (tmp_path / "escape" / "smtpd.conf").write_text(
        SMTPD.format("any") + "# \x1b]0;x\x07\n" * 3 + 'include "/none/\x1b[31m"\n')
    assert "\x1b" not in ask(old, tmp_path / "escape", code=1).stdout


def test_wrong_use(tmp_path):
    old = write(tmp_path / "old", POSTFIX)
    exim = write(tmp_path / "exim", {"exim4.conf": EXIM.format("10.0.0.0/8")})
    for words, code in (([], 64), ([old, old, old], 64), ([old, tmp_path / "none"], 66),
                        ([old, exim], 66), ([tmp_path, old], 66), ([old, old, "--mta", "x"], 64)):
        assert ask(*words, code=code).stderr.startswith("portreeve: audit: ")
