"""Debian packages, unpacked privately.

The lab runs real mail servers without installing one: a package is downloaded
with `apt-get download`, together with those of its dependencies that the
machine lacks, and unpacked into a tree of its own.  A host of the lab lays the
trees it needs over /usr and /etc.

Downloads and trees are kept, so the second run asks nobody and unpacks
nothing, until what is installed on the machine changes.
"""

import fcntl
import hashlib
import re
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

LIST = Path(__file__).with_name("packages")
DPKG_STATUS = Path("/var/lib/dpkg/status")

# Downloads run as root and need no lock: nothing is installed.
APT = ("apt-get", "-qq", "-o", "Debug::NoLocking=1", "-o", "APT::Sandbox::User=root")

# "Inst NAME [INSTALLED] (CANDIDATE …)" in the output of a simulated install
INST = re.compile(r"^Inst (\S+) (?:\[\S+\] )?\((\S+) ", re.MULTILINE)

# Debian's merged /usr: the machine has links here, a tree must not hide them.
MERGED = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")


class Unavailable(Exception):
    """A package could not be found, downloaded or unpacked."""


def names():
    """The packages named in lab/packages."""
    lines = (line.partition("#")[0].strip() for line in LIST.read_text().splitlines())
    return [line for line in lines if line]


def _apt(*arguments, cwd=None):
    done = subprocess.run([*APT, *arguments], cwd=cwd, text=True,
                          stdin=subprocess.DEVNULL, capture_output=True)
    if done.returncode:
        raise Unavailable(f"apt-get {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout


def _plan(package):
    """The package and what it needs and the machine lacks, as [(name, version)]."""
    arguments = ("--simulate", "--no-install-recommends", "install", "--reinstall", package)
    try:
        out = _apt(*arguments)
    except Unavailable:
        _apt("update")
        out = _apt(*arguments)
    plan = sorted(INST.findall(out))
    if package not in dict(plan):
        raise Unavailable(f"{package}: apt-get knows no version of it")
    return plan


class Store:
    """The cache of downloads (`debs/`) and of unpacked trees (`trees/`)."""

    def __init__(self, directory):
        self.debs = Path(directory) / "debs"
        self.trees = Path(directory) / "trees"
        for path in (self.debs, self.trees):
            path.mkdir(parents=True, exist_ok=True)

    def fetch(self, packages):
        """Make a tree for each of the packages; gives {package: its tree}. One lab at a time: what
        one has fetched the next one has."""
        with (self.trees / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            return self._fetch(packages)

    def _fetch(self, packages):
        have = {package: self._known(package) for package in packages}
        missing = [package for package, tree in have.items() if tree is None]
        with ThreadPoolExecutor() as pool:
            plans = dict(zip(missing, pool.map(_plan, missing)))
        self._download({deb for plan in plans.values() for deb in plan})
        for package, plan in plans.items():
            have[package] = self._tree(package, plan)
        return have

    def _known(self, package):
        """The tree that an earlier run made, if its plan still holds."""
        try:
            state, _, tree = self._stamp(package).read_text().partition("\n")
        except FileNotFoundError:
            return None
        known = state == _state() and (self.trees / tree).is_dir()
        return self.trees / tree if known else None

    def _stamp(self, package):
        return self.trees / f"{package}.stamp"

    def _deb(self, name, version):
        """The downloaded file of one package, or None."""
        return next(self.debs.glob(f"{name}_{version.replace(':', '%3a')}_*.deb"), None)

    def _download(self, debs):
        lacking = sorted(f"{name}={version}" for name, version in debs
                         if not self._deb(name, version))
        if not lacking:
            return
        # Into a directory of its own first: a download cut short is no package.
        with tempfile.TemporaryDirectory(dir=self.debs) as part:
            _apt("download", *lacking, cwd=part)
            for deb in Path(part).glob("*.deb"):
                deb.rename(self.debs / deb.name)

    def _tree(self, package, plan):
        """Unpack a package and what it needs, unless that was done before."""
        tree = self.trees / f"{package}-{_digest(repr(plan))}"
        if not tree.is_dir():
            part = Path(tempfile.mkdtemp(dir=self.trees))
            part.chmod(0o755)
            for name, version in plan:
                subprocess.run(["dpkg-deb", "--extract", self._deb(name, version), part], check=True)
            for name in MERGED:
                if (part / name).is_dir():
                    _merge(part / name, part / "usr" / name)
            for name in ("usr", "etc"):
                (part / name).mkdir(exist_ok=True)
            try:
                part.rename(tree)
            except OSError:  # another lab unpacked it at the same time
                shutil.rmtree(part)
        self._stamp(package).write_text(f"{_state()}\n{tree.name}")
        return tree


def _state():
    """Changes when the machine's packages do: what a tree must hold may be another then."""
    status = DPKG_STATUS.stat()
    return _digest(f"{status.st_mtime_ns} {status.st_size}")


def _digest(text):
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _merge(source, target):
    """Move all of `source` into `target`, which may have parts of it already."""
    target.mkdir(parents=True, exist_ok=True)
    for entry in source.iterdir():
        if entry.is_dir() and not entry.is_symlink() and (target / entry.name).is_dir():
            _merge(entry, target / entry.name)
        else:
            entry.rename(target / entry.name)
    source.rmdir()
