"""The manual says what the program does: no command, option or parameter without its words."""

import re
import subprocess

import pytest
from conftest import BINARY, TOP

MAN = TOP / "man"
HELP = subprocess.run([BINARY, "--help"], capture_output=True, text=True, check=True).stdout
COMMANDS = re.findall(r"^  (\w+)  ", HELP, re.M)


def plain(page):
    """A page's source without roff's own marks."""
    return page.read_text().replace("\\-", "-").replace("\\e", "\\")


def test_parameters_are_current():
    """`portreeve config manual` makes that part of portreeve.conf(5)."""
    made = subprocess.run([BINARY, "config", "manual"], capture_output=True, text=True, check=True)
    assert made.stdout in (MAN / "portreeve.conf.5").read_text()


def test_every_command_is_in_the_overview():
    named = re.findall(r"^\.BR portreeve-(\w+) \(1\)$", plain(MAN / "portreeve.1"), re.M)
    assert sorted(named) == sorted(COMMANDS)


def test_no_page_without_a_command():
    assert {path.stem for path in MAN.glob("portreeve-*.1")} == {f"portreeve-{c}" for c in COMMANDS}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_is_in_its_page(command):
    shown = subprocess.run([BINARY, command, "--help"], capture_output=True, text=True, check=True)
    options = set(re.findall(r"^  (--?[a-z][a-z0-9-]*)", shown.stdout, re.M))
    page = plain(MAN / f"portreeve-{command}.1")
    described = set(re.findall(r"^\.BI? (--?[a-z][a-z0-9-]*)", page, re.M))
    assert options <= described
    assert described <= options


@pytest.mark.parametrize("page", sorted(MAN.glob("portreeve*")), ids=lambda path: path.name)
def test_pages_are_sound(page):
    done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-K", "utf8", page],
                          capture_output=True, check=True)
    assert done.stderr == b""


def test_sample_configuration_is_right(tmp_path):
    """Once its names and addresses are one's own."""
    text = (TOP / "dist" / "portreeve.conf").read_text()
    for example, own in (("example.net", "port.test"), ("example.org", "other.test"),
                         ("Example Networks", "Port"), ("192.0.2.10", "127.0.0.1"), ("2001:db8::10", "::1")):
        text = text.replace(example, own)
    edited = tmp_path / "portreeve.conf"
    edited.write_text(text)
    subprocess.run([BINARY, "config", "check", "-c", edited], check=True, capture_output=True)


def test_first_steps_of_the_readme(tmp_path):
    """Its example address may be published with its configuration, and not without."""
    steps = [line.strip() for line in (TOP / "README.md").read_text().splitlines()]
    write = next(step for step in steps if step.startswith("echo 'list {"))
    add = next(step for step in steps if step.startswith("build/portreeve list add "))
    add = add.replace("build/portreeve", f'"{BINARY}"') + " --state state"
    for command, code in ((add.replace("-c first.conf", ""), 77), (f"{write}\n{add}", 0)):
        done = subprocess.run(["/bin/sh", "-c", command], check=False, capture_output=True,
                              text=True, cwd=tmp_path)
        assert done.returncode == code, done.stderr


@pytest.mark.parametrize("server", ["postfix", "postscreen", "exim", "spamassassin", "rspamd"])
def test_what_use_prints_is_in_its_page(server):
    made = subprocess.run([BINARY, "use", server, "-c", "/dev/null"], capture_output=True, text=True,
                          check=True)
    assert made.stdout in plain(MAN / "portreeve-use.1")
