# SPDX-License-Identifier: ISC
"""The role `gateway` as a real process, and whoever talks to it.

`post` starts it on loopback, for what a few clients and scripted servers can show; `lab` is a lab
with the gateway and real mail servers and clients, for what those must show; that one needs root.
$PORTREEVE names the program, or build/portreeve.
"""

import ipaddress
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TOP), str(TOP / "tests")]
from client import Raw, User, mail
from lab.wait import GIVE_UP_S, wait_until
from names import NameTable
from ports import free_port
from processes import roles_of
from sink import Sink

BINARY = Path(os.environ.get("PORTREEVE", TOP / "build" / "portreeve"))

OURS, INNER, FAR = "ours.example", "inner.example", "far.example"
ALICE, BOB = f"alice@{OURS}", f"bob@{OURS}"
PASSWORDS = {ALICE: "correct horse", BOB: "battery staple"}
STRANGER = "stranger@stranger.example"


def quoted(value):
    if isinstance(value, (list, tuple)):
        return "{" + ", ".join(quoted(one) for one in value) + "}"
    return str(value) if isinstance(value, int) else f'"{value}"'


def make_pair(directory, name):
    """A certificate of its own and the key: their paths."""
    certificate, key = directory / f"{name}.pem", directory / f"{name}.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                    "-noenc", "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}",
                    "-days", "30", "-keyout", key, "-out", certificate],
                   check=True, capture_output=True)
    key.chmod(0o644)                     # the roles are another user, and it is worth nothing
    return certificate, key


class Post:
    """A gateway with a state directory, users, a name server, an inner host and a smarthost of its own."""

    def __init__(self, directory):
        self.directory = directory
        self.state = directory / "state"
        self.config = directory / "portreeve.conf"
        self.log_path = directory / "run.log"
        self.port, self.submission, self.submissions = free_port(), free_port(), free_port()
        self.certificate, self.key = make_pair(directory, "mx.ours.example")
        self.names = NameTable({})
        self.inner, self.world = Sink(), Sink()
        self.process, self.starts = None, 0
        self.general = {}
        (directory / "inner").write_text(f"carol@{INNER}\npostmaster@{INNER}\n")
        self.settings = {
            "listen": [f"127.0.0.1:{self.port}", f"[::1]:{self.port}"],
            "submission": [f"127.0.0.1:{self.submission}"],
            "submissions": [f"127.0.0.1:{self.submissions}"],
            "certificate": self.certificate,
            "key": self.key,
            "domains": [OURS, INNER],
            "transports": [f"{INNER} smtp:127.0.0.1:{self.inner.port}"],
            "recipients": [f"{INNER} {directory / 'inner'}"],
            "smarthost": f"[127.0.0.1]:{self.world.port}",
            # One disk or another: what is lost here is missed by nobody.
            "spool_anywhere": "yes",
            "retry_first": "1s",
            "retry_most": "1s",
        }

    # -- the program -----------------------------------------------------------

    def configure(self, **settings):
        """Parameters of the section gateway; None takes one out. At the top level: `general`."""
        self.general |= settings.pop("general", {})
        self.settings |= settings
        general = {"hostname": "mx.ours.example", "resolver": [self.names.address],
                   "roles": ["gateway"], **self.general}
        lines = [f"{name} = {quoted(value)}" for name, value in general.items()]
        lines += ["gateway {", *(f"  {name} = {quoted(value)}" for name, value in self.settings.items()
                                 if value is not None), "}"]
        self.config.write_text("\n".join(lines) + "\n")

    def run(self, command, *arguments, code=0, text=None):
        """Runs a command with this configuration and state; its exit code must be `code`."""
        done = subprocess.run([BINARY, command, "-c", self.config, "--state", self.state, *arguments],
                              check=False, input=text, capture_output=True, text=True,
                              errors="replace", timeout=120, cwd=self.directory)
        assert code is None or done.returncode == code, (arguments, done.stdout, done.stderr)
        return done

    def objects(self, command, *arguments):
        lines = self.run(command, "--json", *arguments).stdout.splitlines()
        return [json.loads(line) for line in lines]

    def add_users(self):
        for name, password in PASSWORDS.items():
            self.run("user", "add", name, text=f"{password}\n")

    def start(self, limits=(), **settings):
        """`limits`: [(resource, value)] for the program and its roles."""
        self.configure(**settings)
        if not self.state.exists():
            self.add_users()

        self.starts = self.log().count("supervisor ready")

        def bounds():
            for what, value in limits:
                resource.setrlimit(what, (value, value))
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [BINARY, "run", "-c", self.config, "--state", self.state], stderr=log,
                cwd=self.directory, preexec_fn=bounds)
        self.wait_ready()
        return self

    def wait_ready(self):
        def ready():
            assert self.process.poll() is None, self.log()
            # Asked by its log: each connection before it accepts would be one of its host's 50.
            return self.log().count("supervisor ready") > self.starts
        wait_until(ready, lambda: f"the gateway:\n{self.log()}")

    def reload(self, **settings):
        self.configure(**settings)
        before = self.log().count("reloaded")
        self.process.send_signal(signal.SIGHUP)
        wait_until(lambda: self.log().count("reloaded") > before, lambda: f"a reload:\n{self.log()}")

    def role(self):
        """The process id of the role."""
        return roles_of(self.process.pid).get("gateway")

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(GIVE_UP_S)
        return self.process.returncode if self.process else None

    def close(self):
        self.stop()
        for server in (self.names, self.inner, self.world):
            server.close()

    # -- what there is to see ----------------------------------------------------

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def wait_log(self, text, times=1):
        wait_until(lambda: self.log().count(text) >= times,
                   lambda: f"{text!r} in the log:\n{self.log()[-6000:]}")

    def maildir(self, address):
        """The messages in the mailbox of an address, byte for byte."""
        local, _, domain = address.rpartition("@")
        folder = self.state / "mailboxes" / domain / local
        return [path.read_bytes().decode("latin-1") for part in ("new", "cur")
                for path in sorted((folder / part).glob("*"))]

    def wait_mail(self, address, text):
        return wait_until(lambda: next((one for one in self.maildir(address) if text in one), None),
                          lambda: f"{text!r} in the mailbox of {address}:\n{self.log()[-6000:]}")

    def wait_taken(self, sink, text):
        """Waits for a message at a scripted server."""
        return wait_until(lambda: next((one for one in sink.messages if text in one.text), None),
                          lambda: f"{text!r} at {sink.port}:\n{self.log()[-6000:]}")

    def queue(self):
        return self.objects("queue", "list")

    # -- clients -----------------------------------------------------------------

    def stranger(self, **keywords):
        return Raw(self.port, **keywords)

    def user(self, name=ALICE, password=None, mechanism=None):
        return User(self.submission, name, PASSWORDS.get(name) if password is None else password,
                    mechanism)

    def submit(self, recipient, subject="hello", sender=ALICE, body="Hello.\n"):
        with self.user(sender) as client:
            assert client.sendmail(sender, [recipient], mail(sender, recipient, subject, body)) == {}

    def receive(self, recipient=ALICE, subject="hello", sender=STRANGER, body="Hello.\n"):
        """A stranger's message; the code and text of the answer to it."""
        with self.stranger() as client:
            client.hello()
            client.envelope(sender, recipient)
            client.ask("DATA", 354)
            client.send(mail(sender, recipient, subject, body) + "\r\n.\r\n")
            return client.reply()


@pytest.fixture
def post():
    # Root's commands become the state directory's owner: it must be able to get there.
    directory = Path(tempfile.mkdtemp(prefix="portreeve-mail-"))
    directory.chmod(0o755)
    one = Post(directory)
    yield one
    one.close()
    shutil.rmtree(directory)


@pytest.fixture(scope="module")
def running():
    """One for all tests of a file that leave it as it was."""
    directory = Path(tempfile.mkdtemp(prefix="portreeve-mail-"))
    directory.chmod(0o755)
    one = Post(directory)
    try:
        yield one.start(sessions_per_host=1000, connections_per_second=1000, errors_max=1000)
    finally:
        one.close()
        shutil.rmtree(directory)


# ---- the lab ---------------------------------------------------------------------------------

LISTED = "203.0.113.66"


def listed_name(address, zone):
    pointer = ipaddress.ip_address(address).reverse_pointer
    return f"{pointer.rpartition('.')[0].rpartition('.')[0]}.{zone}"


@pytest.fixture(scope="session")
def lab():
    if os.geteuid():
        pytest.skip("the lab needs root")
    from office import Office
    with Office(BINARY) as office:
        yield office
