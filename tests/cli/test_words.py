"""The words of a command line: what was meant, where options may stand, what a shell may offer."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import BINARY

TOP = Path(__file__).resolve().parents[2]
SCRIPTS = TOP / "dist" / "completion"


def offered(*words):
    done = subprocess.run([BINARY, "complete", "--", *words], capture_output=True, text=True,
                          check=True)
    assert not done.stderr
    return [line.split("\t")[0] for line in done.stdout.splitlines()]


@pytest.mark.parametrize("words, meant", [
    (["lits"], '"list"'), (["evidnece", "show"], '"evidence"'), (["Scan"], '"scan"'),
    (["list", "--lmit", "3"], "--limit"), (["list", "--jsno"], "--json"),
    (["trace", "--hepl"], "--help"),
])
def test_did_you_mean(words, meant):
    done = subprocess.run([BINARY, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 64
    assert f"did you mean {meant}?" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("word", ["frobnicate", "x", "role-of-nobody"])
def test_nothing_is_near(word):
    done = subprocess.run([BINARY, word], capture_output=True, text=True, check=False)
    assert done.returncode == 64
    assert "did you mean" not in done.stderr


@pytest.mark.parametrize("words", [
    ["-c", "CONF", "--state", "STATE", "--json", "permit", "list"],
    ["-cCONF", "--state=STATE", "permit", "--json", "list"],
    ["--json", "permit", "-c", "CONF", "list", "--state", "STATE"],
    ["permit", "list", "--json", "-c", "CONF", "--state", "STATE"],
])
def test_options_before_and_after_the_command(box, words):
    box.run("permit", "add", "192.0.2.1", "--consent", "owner", "--by", "me")
    words = [word.replace("CONF", str(box.config)).replace("STATE", str(box.state))
             for word in words]
    done = subprocess.run([BINARY, *words], capture_output=True, text=True, check=True)
    assert '"192.0.2.1"' in done.stdout


def test_options_alone_are_no_command(box):
    for words in (["-c"], ["-c", box.config], ["--json"], ["--state", box.state]):
        done = subprocess.run([BINARY, *words], capture_output=True, text=True, check=False)
        assert done.returncode == 64
        assert "expected a command" in done.stderr


def test_help_of_a_command():
    shown = [subprocess.run([BINARY, *words], capture_output=True, text=True, check=False)
             for words in (["help", "list"], ["list", "--help"], ["help", "nothing"], ["help"])]
    assert shown[0].stdout == shown[1].stdout and "Usage: portreeve list" in shown[0].stdout
    assert [done.returncode for done in shown] == [0, 0, 64, 0]


@pytest.mark.parametrize("words, some, none", [
    ([""], {"list", "trace", "run", "--help"}, {"role", "complete"}),
    (["-c", "x", ""], {"list"}, set()),
    (["-c", ""], set(), {"list"}),
    (["list", ""], {"listings", "tests", "add"}, {"--limit"}),
    (["list", "--"], {"--limit", "--json", "--help", "-c"}, {"add"}),
    (["list", "--limit", ""], set(), {"add", "--json"}),
    (["--json", "list", "--limit", "3", ""], {"add"}, set()),
    (["list", "add", ""], set(), {"add"}),
    (["list", "--sort", ""], {"newest", "oldest", "address"}, {"add"}),
    (["explain", "--mta", ""], {"postfix", "exim"}, {"--json"}),
    (["run", "-"], {"--state"}, {"--json"}),
    (["role", ""], set(), {"tester"}),
    (["nothing", ""], set(), {"list"}),
])
def test_offered(words, some, none):
    answer = offered(*words)
    found = set(answer)
    assert len(answer) == len(found)
    assert some <= found
    assert not none & found
    if not some:
        assert not found


def path_with_program(directory):
    (directory / "portreeve").symlink_to(BINARY)
    return {**os.environ, "PATH": f"{directory}:{os.environ['PATH']}", "HOME": str(directory)}


def test_bash(tmp_path):
    script = (f"source {SCRIPTS}/portreeve.bash\nCOMP_WORDS=(portreeve list --li)\nCOMP_CWORD=2\n"
              'complete -p portreeve\n_portreeve portreeve\nprintf "%s\\n" "${COMPREPLY[@]}"\n')
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True,
                          env=path_with_program(tmp_path))
    assert done.stdout.splitlines()[1:] == ["--limit"]


def test_fish(tmp_path):
    assert shutil.which("fish"), "expected fish, which dist/packages names"
    script = f"source {SCRIPTS}/portreeve.fish; complete -C 'portreeve evidence '"
    done = subprocess.run(["fish", "-c", script], capture_output=True, text=True, check=True,
                          env=path_with_program(tmp_path))
    assert {"show", "export", "verify"} <= set(done.stdout.split())


def test_zsh(tmp_path):
    """The function itself, with those of the completion system that it calls replaced."""
    assert shutil.which("zsh"), "expected zsh, which dist/packages names"
    script = ('_describe() { print -l -- ${offered%%:*} }\n_files() { print files }\n'
              'words=(portreeve list "")\nCURRENT=3\n'
              f"source {SCRIPTS}/_portreeve\n")
    done = subprocess.run(["zsh", "-f", "-c", script], capture_output=True, text=True, check=True,
                          env=path_with_program(tmp_path))
    assert {"listings", "tests", "add"} <= set(done.stdout.split())
