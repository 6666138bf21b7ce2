#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Runs every suite: `make test`.

Usage: tests/run.py BUILD
       tests/run.py --coverage

Builds the program with AddressSanitizer and UndefinedBehaviorSanitizer in BUILD. Then the pytest files run,
several at a time because most of them wait more than they work (those in tests/lab and tests/mail need root);
and beside them, with what they leave of the processors, all else is built, the unit tests and the fuzz corpora
run, and the same once more in a build that measures what they cover. Ends with one line: "N passed, N failed".

With --coverage: the coverage of the unit tests, and that of the program in some of the suites.
"""

import itertools
import json
import os
import re
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
PYTHON = "/usr/bin/python3"            # Debian's, with Debian's pytest and dnspython
NICE = ["nice", "-n", "10"]            # not in the way of a test that has a limit
# Without PIE: it costs the program a sixth of its start, which is most of what many tests do, to move
# the sanitizers' tables to where it was loaded.
SANITIZE = ["-Db_sanitize=address,undefined", "-Dbuildtype=debugoptimized", "-Db_pie=false"]
COVERAGE = ["-Db_coverage=true", "-Dbuildtype=debug"]
# What the pytest files start.
STARTED = ["portreeve", "tests/sim/simulator", "tests/closed/closed-room", "tests/gateway/spooler",
           "tests/gateway/powercut.so"]
COVERAGE_MIN = 80                      # per cent of the lines of src/
LANES = 4                              # pytest files at a time
UNSTEADY_MAX = 3                       # tests that may fail beside others and pass alone
# A run of pytest has what is below this, or one file. tests/seconds has how long they took.
SECONDS_MAX, SECONDS_UNKNOWN = 30, 5
# What is dear to start once for all of them, or would be in the way of itself.
TOGETHER = [["tests/sim/test_*.py"], [f"tests/lab/test_{one}.py" for one in ("apart", "ground", "peers")],
            [f"tests/mail/test_{one}.py" for one in ("clients", "closed", "peers")]]
OF_ROOT = ("tests/lab/", "tests/mail/")        # labs, and file systems that are mounted
PROGRAM_SUITES = ["tests/blocklist", "tests/lookup", "tests/report", "tests/cli/test_fresh.py",
                  "tests/cli/test_commands.py"]        # short ones that reach much
ENVIRONMENT = {
    **os.environ,
    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
    "CMOCKA_MESSAGE_OUTPUT": "TAP",
}
printing = threading.Lock()
failures = []                          # by name, for the end
again = []                             # tests of pytest that failed: what runs them alone


class Failure(Exception):
    """Something that makes counting pointless: it did not build."""


def run(*command, check=True, **keywords):
    done = subprocess.run([str(word) for word in command], cwd=TOP, check=False, **keywords)
    if check and done.returncode:
        raise Failure(f"{' '.join(map(str, command))}: exit code {done.returncode}")
    return done


def timed(command, environment):
    """Exit code, output, seconds, and seconds of processor time of the command and its children."""
    began = time.monotonic()
    with subprocess.Popen([str(word) for word in command], cwd=TOP, env=environment, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return (process.returncode, output, time.monotonic() - began,
            usage.ru_utime + usage.ru_stime)


def say(title, output, seconds, cpu_seconds):
    with printing:
        print(f"== {title}\n{output}== {seconds:.0f} s, {cpu_seconds:.0f} s of a processor: {title}",
              flush=True)


def build(directory, options, *targets, nice=()):
    """All of it, or these targets."""
    if not (TOP / directory / "build.ninja").exists():
        run(*nice, "meson", "setup", directory, "-Dtests=true", "-Dfuzz=true", *options)
    run(*nice, "ninja", "-C", directory, *targets)


# ---- unit tests ----------------------------------------------------------------------------

def meson_counts(directory):
    """Passed and failed: cmocka's own tests, or the program where it has none."""
    _, *told = timed([*NICE, "meson", "test", "-C", directory, "--no-rebuild", "--print-errorlogs",
                      "--timeout-multiplier", "10"], ENVIRONMENT)
    say(f"unit tests in {directory}", *told)
    passed = failed = 0
    for line in (TOP / directory / "meson-logs" / "testlog.json").read_text().splitlines():
        program = json.loads(line)
        good = len(re.findall(r"^ok \d", program.get("stdout", ""), re.M))
        bad = len(re.findall(r"^not ok \d", program.get("stdout", ""), re.M))
        ended_well = program["result"] in ("OK", "EXPECTEDFAIL")
        if not ended_well:
            bad = max(bad, 1)       # a crash, a time-out or a leak is a failure of its own
        elif not good:
            good = 1
        if bad:
            failures.append(program["name"])
        passed += good
        failed += bad
    return passed, failed


# ---- pytest --------------------------------------------------------------------------------

def known_seconds():
    """What the files took, by their paths."""
    lines = (TOP / "tests" / "seconds").read_text().splitlines()
    rows = (line.split() for line in lines if not line.startswith("#"))
    return {path: float(seconds) for seconds, path in rows}


def gathered(files, seconds):
    """The short ones in groups, so that pytest need not start for each; any other by itself."""
    groups, short, filled = [], [], 0
    for path in files:
        takes = seconds.get(path, SECONDS_UNKNOWN)
        if takes >= SECONDS_MAX:
            groups.append([path])
            continue
        if filled + takes > SECONDS_MAX:
            groups.append(short)
            short, filled = [], 0
        short.append(path)
        filled += takes
    return [*groups, short] if short else groups


def pytest_groups():
    """Each file of each suite once, in groups of one suite; what takes long begins first."""
    seconds = known_seconds()
    every = sorted(str(path.relative_to(TOP)) for suite in TOP.glob("tests/*/conftest.py")
                   for path in suite.parent.glob("test_*.py"))
    groups = [[path for path in every if any(Path(path).match(one) for one in patterns)]
              for patterns in TOGETHER]
    alone = [path for path in every if not any(path in group for group in groups)]
    for _, files in itertools.groupby(alone, key=os.path.dirname):
        groups += gathered(files, seconds)
    return sorted((group for group in groups if group), reverse=True,
                  key=lambda group: sum(seconds.get(path, SECONDS_UNKNOWN) for path in group))


def pytest_run(directory, report, tests, ports):
    """Exit code of pytest with some files or tests of a suite, what it told, and each test's element."""
    report.unlink(missing_ok=True)
    command = [PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-rfEs",
               f"--junitxml={report}", *tests]
    if tests[0].startswith(OF_ROOT) and os.geteuid():
        command = ["sudo", "--preserve-env", *command]
    code, *told = timed(command, {**ENVIRONMENT, "PORTREEVE": str(TOP / directory / "portreeve"),
                                  "PORTREEVE_PORTS": ports})
    cases = list(ElementTree.parse(report).iter("testcase")) if report.exists() else []
    return code, told, cases


def named(cases, *kinds):
    """The names of those that have one of these."""
    return {f"{case.get('classname')}::{case.get('name')}" for case in cases
            if any(case.find(kind) is not None for kind in kinds)}


def pytest_counts(directory, files, ports):
    """Passed and failed of some files of a suite. What was skipped is neither. ports: see tests/ports.py."""
    suite = Path(files[0]).parent.name
    report = TOP / directory / f"pytest-{suite}-{Path(files[0]).stem}.xml"
    code, told, cases = pytest_run(directory, report, files, ports)
    say(" ".join(files), *told)
    bad = named(cases, "failure", "error")
    again.extend(sorted(bad))
    if code not in (0, 1, 5) or not (cases or code == 5):
        failures.append(f"exit code {code} of {' '.join(files)}")
        return 0, len(bad) + 1
    return len(cases) - len(bad) - len(named(cases, "skipped")), len(bad)


def run_alone(directory):
    """What failed beside the others, with the machine to itself; of too many none. How many passed now."""
    unsteady = []
    for name in again if len(again) <= UNSTEADY_MAX else ():
        path, test = name.split("::", 1)
        report = TOP / directory / "pytest-alone.xml"
        code, told, cases = pytest_run(directory, report, [f"{path.replace('.', '/')}.py::{test}"], "0/1")
        say(f"alone: {name}", *told)
        if code == 0 and cases:
            unsteady.append(name)
    for name in unsteady:
        print(f"unsteady: {name} failed beside others and passed alone")
    failures.extend(name for name in again if name not in unsteady)
    return len(unsteady)


# ---- coverage ------------------------------------------------------------------------------

def covered():
    """What gcovr says of src/: its lines about lines and branches."""
    done = run("gcovr", "-r", TOP, "--filter", "src/", "--print-summary", "build-cov", check=False,
               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return [line for line in done.stdout.splitlines() if line.startswith(("lines", "branches"))]


def forget_counts():
    """Empty counts, which any user may write: roles and root's commands become another one."""
    for notes in (TOP / "build-cov").rglob("*.gcno"):
        counts = notes.with_suffix(".gcda")
        counts.write_bytes(b"")
        counts.chmod(0o666)


def drop_empty_counts():
    for counts in (TOP / "build-cov").rglob("*.gcda"):
        if not counts.stat().st_size:
            counts.unlink()


def coverage():
    """Lines of src/ that the unit tests and corpora reach; whether they are enough. The worlds reach
    what the tests of the rooms do, and take as long as all of these."""
    build("build-cov", COVERAGE, nice=NICE)
    forget_counts()
    _, _, *times = timed([*NICE, "meson", "test", "-C", "build-cov", "--no-rebuild", "-q", "--no-suite",
                          "world", "--timeout-multiplier", "10"], ENVIRONMENT)
    say("unit tests in build-cov", "", *times)
    drop_empty_counts()
    shown = covered()
    with printing:
        print("coverage of the unit tests:", ", ".join(shown) or "not measured", flush=True)
    found = re.match(r"lines: ([\d.]+)%", shown[0]) if shown else None
    if not found or float(found[1]) < COVERAGE_MIN:
        print(f"coverage: expected at least {COVERAGE_MIN} % of lines", flush=True)
        return False
    return True


def show_program_coverage():
    """Lines of src/ that the program reaches where it is run as people run it; only shown."""
    environment = {**ENVIRONMENT, "PORTREEVE": str(TOP / "build-cov" / "portreeve")}
    forget_counts()
    for suite in PROGRAM_SUITES:
        run(PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider", suite, check=False,
            env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    drop_empty_counts()
    print(f"coverage of the program in {len(PROGRAM_SUITES)} suites:",
          ", ".join(covered()) or "not measured", flush=True)


# ---- all of it -----------------------------------------------------------------------------

def behind(directory):
    """What works more than it waits. Passed and failed."""
    build(directory, SANITIZE, nice=NICE)
    passed, failed = meson_counts(directory)
    if os.environ.get("COVERAGE") != "no":
        enough = coverage()
        passed += enough
        failed += not enough
        failures.extend([] if enough else ["coverage"])
    return passed, failed


def every_count(directory):
    with ThreadPoolExecutor(1 + LANES) as lanes:
        first = lanes.submit(behind, directory)
        groups = pytest_groups()
        runs = [lanes.submit(pytest_counts, directory, files, f"{n}/{len(groups)}")
                for n, files in enumerate(groups)]
        try:
            return [done.result() for done in (first, *runs)]
        except Failure:
            lanes.shutdown(wait=False, cancel_futures=True)
            raise


def main():
    if sys.argv[1:] == ["--coverage"]:
        enough = coverage()
        show_program_coverage()
        return 0 if enough else 1
    directory = sys.argv[1] if len(sys.argv) > 1 else "build-asan"
    began = time.monotonic()
    passed = failed = 0
    try:
        build(directory, SANITIZE, *STARTED)
        for good, bad in every_count(directory):
            passed += good
            failed += bad
        steady = run_alone(directory)
        passed += steady
        failed -= steady
    except Failure as failure:
        print(f"tests: {failure}", file=sys.stderr)
        passed, failed = 0, 1
    for name in failures:
        print(f"failed: {name}")
    print(f"== {time.monotonic() - began:.0f} s", flush=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
