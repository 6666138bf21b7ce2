# SPDX-License-Identifier: ISC
"""What portreeve-json(5) says of the objects that commands print."""

import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[1] / "man" / "portreeve-json.5"
# By the first words of a command; the longest counts.
SECTIONS = {
    "permit": "permit, exclude", "exclude": "permit, exclude", "nominate": "nominate",
    "test": "test, scan", "scan": "test, scan", "list": "list listings",
    "list listings": "list listings", "list tests": "list tests, list --undecided",
    "list returns": "list returns", "list outputs": "list outputs", "list journal": "list journal",
    "list nominations": "list nominations",
    **{word: "list add, delist, list agree, retest"
       for word in ("list add", "list agree", "list disagree", "delist", "retest")},
    "evidence": "evidence", "report": "report", "report contact": "report contact",
    **{f"report {word}": "report close, report answer, report bounce"
       for word in ("close", "answer", "bounce")},
    "trace": "trace", "trace learn": "trace learn", "check": "check", "keys": "keys",
    "config": "config", "backup": "backup", "clock": "clock", "use": "use", "expire": "expire",
    "doctor": "doctor", "status": "status", "explain": "explain",
    "audit": "audit", "witness": "witness", "user": "user", "queue": "queue", "top": "top",
}


def sections():
    """The fields of each form."""
    found, fields = {}, None
    lines = PAGE.read_text().replace("\\-", "-").splitlines()
    for before, line in zip(lines, lines[1:]):
        if line.startswith(".SS "):
            fields = found.setdefault(line[4:].strip('"'), set())
        elif before == ".TP" and fields is not None:
            fields.update(re.findall(r"[a-z]\w*", line.split(" ", 1)[1]))
    return found


def names(value):
    """Of all members, however deep."""
    if isinstance(value, list):
        return set().union(*map(names, value))
    if not isinstance(value, dict):
        return set()
    # What XARF and the configuration name is described elsewhere; an address is no name.
    inner = [member for name, member in value.items() if name != "xarf"]
    return {name for name in value if not re.match(r"[0-9a-f]*[.:]", name)}.union(
        *map(names, inner))


def check(words, objects):
    """Each name that the command printed is described where its form is."""
    diff = words[:2] == ["audit", "--diff"]
    undecided, counted = "--undecided" in words, "--count" in words
    worded = "--word" in words
    words = [str(word) for word in words if not str(word).startswith("--")]
    if words[:2] == ["config", "show"]:
        return
    title = SECTIONS.get(" ".join(words[:2])) or SECTIONS[words[0]]
    if diff:
        title = "audit --diff"
    if counted:
        title = "list --count"
    elif undecided:
        title = SECTIONS["list tests"]
    elif worded and words[0] == "test":
        title = "test --word"
    missing = names(objects) - sections()[title]
    assert not missing, f"{PAGE.name}, {title}: expected a description of {sorted(missing)}"
