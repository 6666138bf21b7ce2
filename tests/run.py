#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Runs every suite: `make test`.

Usage: tests/run.py BUILD

Builds with AddressSanitizer and UndefinedBehaviorSanitizer in BUILD, runs the unit tests, the fuzz
corpora, the simulator and the pytest suites, two at a time (those in tests/lab need root), measures the coverage
of the unit tests, and of the program in some of the suites, in a build of its own, and ends with one
line: "N passed, N failed".
"""

import json
import os
import re
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
PYTHON = "/usr/bin/python3"            # Debian's, with Debian's pytest and dnspython
SANITIZE = ["-Db_sanitize=address,undefined", "-Dbuildtype=debugoptimized"]
COVERAGE = ["-Db_coverage=true", "-Dbuildtype=debug"]
LONGEST = ["cli", "sim", "lab"]         # they begin first: each waits more than it works
COVERAGE_MIN = 80                      # per cent of the lines of src/
PROGRAM_SUITES = ["tests/blocklist", "tests/lookup", "tests/report", "tests/cli/test_fresh.py",
                  "tests/cli/test_commands.py"]        # short ones that reach much
ENVIRONMENT = {
    **os.environ,
    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
    "CMOCKA_MESSAGE_OUTPUT": "TAP",
}


class Failure(Exception):
    """Something that makes counting pointless: it did not build."""


def run(*command, check=True, **keywords):
    done = subprocess.run([str(word) for word in command], cwd=TOP, check=False, **keywords)
    if check and done.returncode:
        raise Failure(f"{' '.join(map(str, command))}: exit code {done.returncode}")
    return done


def build(directory, options):
    if not (TOP / directory / "build.ninja").exists():
        run("meson", "setup", directory, "-Dtests=true", "-Dfuzz=true", *options)
    run("ninja", "-C", directory)


def meson_counts(directory):
    """Passed and failed: cmocka's own tests, or the program where it has none."""
    run("meson", "test", "-C", directory, "--print-errorlogs", "--timeout-multiplier", "4",
        check=False, env=ENVIRONMENT)
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
        passed += good
        failed += bad
    return passed, failed


def pytest_counts(directory, suite):
    """Passed and failed of one directory of pytest files. What was skipped is neither."""
    report = TOP / directory / f"pytest-{suite.name}.xml"
    report.unlink(missing_ok=True)
    command = [PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-rfEs",
               f"--junitxml={report}", suite]
    environment = {**ENVIRONMENT, "PORTREEVE": str(TOP / directory / "portreeve")}
    if suite.name == "lab" and os.geteuid():
        command = ["sudo", "--preserve-env", *command]
    done = run(*command, check=False, env=environment, stdout=subprocess.PIPE,
               stderr=subprocess.STDOUT, text=True)
    print(f"== {suite.relative_to(TOP)}\n{done.stdout}", end="", flush=True)
    if not report.exists():
        return 0, 1
    total = bad = skipped = 0
    for result in ElementTree.parse(report).iter("testsuite"):
        total += int(result.get("tests", 0))
        bad += int(result.get("failures", 0)) + int(result.get("errors", 0))
        skipped += int(result.get("skipped", 0))
    if done.returncode not in (0, 1, 5) and not bad:
        bad = 1
    return max(total - bad - skipped, 0), bad


def every_pytest_count(directory):
    suites = sorted((path.parent for path in TOP.glob("tests/*/conftest.py")),
                    key=lambda suite: (suite.name not in LONGEST, suite.name))
    with ThreadPoolExecutor(2) as lanes:
        return list(lanes.map(lambda suite: pytest_counts(directory, suite), suites))


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
    """Lines of src/ that the unit tests and corpora reach; whether they are enough."""
    build("build-cov", COVERAGE)
    forget_counts()
    run("meson", "test", "-C", "build-cov", "-q", check=False, env=ENVIRONMENT,
        stdout=subprocess.DEVNULL)
    drop_empty_counts()
    shown = covered()
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


def main():
    directory = sys.argv[1] if len(sys.argv) > 1 else "build-asan"
    began = time.monotonic()
    try:
        build(directory, SANITIZE)
        passed, failed = meson_counts(directory)
        for good, bad in every_pytest_count(directory):
            passed += good
            failed += bad
        if os.environ.get("COVERAGE") != "no":
            enough = coverage()
            show_program_coverage()
            passed += enough
            failed += not enough
    except Failure as failure:
        print(f"tests: {failure}", file=sys.stderr)
        passed, failed = 0, 1
    print(f"== {time.monotonic() - began:.0f} s", flush=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
