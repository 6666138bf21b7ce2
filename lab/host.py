"""A host of the lab: its namespaces, its files, its accounts, its processes.

A mail server is a subclass (lab/mta/): it names the packages and accounts it
needs, and says how it is configured and started.  The host's files are written
and read from outside, through /proc/PID/root of the host's first process.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from . import net
from .wait import wait_until

KEEPER = Path(__file__).with_name("keeper.py")
TOOLS = KEEPER.parent

ENVIRONMENT = {
    "PATH": "/usr/local/lab:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin",
    "HOME": "/var/root",
    "LANG": "C.UTF-8",
    "TERM": os.environ.get("TERM", "dumb"),
}
# What a build with sanitizers is told by whoever runs it goes inside too.
ENVIRONMENT |= {name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")}

BASE_ACCOUNTS = {"root": 0, "daemon": 1, "mail": 8, "nobody": 65534}
FIRST_SYSTEM_ID, FIRST_USER_ID = 700, 1000

LISTENING, UNCONNECTED = "0A", "07"  # states in /proc/net/tcp and /proc/net/udp


class Host:
    """One host.

    name       short, also the name of its directory in the lab
    fqdn       its name in the DNS, both ways
    v4, v6     its addresses
    domains    mail domains whose MX it is
    users      people with a mailbox on it
    truth      what it is: "open" or "closed"; None where nobody asks
    story      one line for the reader: how it got that way
    """

    packages = ()          # unpacked and laid over /usr and /etc
    system_accounts = ()   # users (each with a group of its name) its programs expect
    records = ()           # more lines for the lab's zone, such as "NAME. TXT TEXT"

    def __init__(self, name, fqdn, v4, v6, domains=(), users=(), truth=None, story=""):
        self.name, self.fqdn = name, fqdn
        self.v4, self.v6 = v4, v6
        self.domains, self.users = tuple(domains), tuple(users)
        self.truth, self.story = truth, story
        self.pid = None
        self.lab = None
        self._ids = dict(BASE_ACCOUNTS)
        self._ids.update(zip(self.system_accounts, range(FIRST_SYSTEM_ID, FIRST_USER_ID)))
        self._ids.update(zip(self.users, range(FIRST_USER_ID, 60000)))

    @property
    def addresses(self):
        return [self.v4, self.v6]

    # -- coming up ---------------------------------------------------------

    def boot(self, lab):
        """Make the namespaces, the wire and the files, and start the services."""
        self.lab = lab
        self.log.mkdir(parents=True, exist_ok=True)
        spec = {"hostname": self.fqdn, "log": str(self.log), "tools": str(TOOLS),
                "layers": [str(lab.trees[package]) for package in self.packages]}
        errors = self.log / "keeper"
        with open(errors, "wb") as stderr:
            keeper = subprocess.Popen(
                ["nsenter", "--target", str(lab.space.pid), "--mount", "--pid", "--",
                 "unshare", "--mount", "--net", "--uts", sys.executable, KEEPER, json.dumps(spec)],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr,
                env=ENVIRONMENT, start_new_session=True)
        self.pid = net.announced(keeper, errors)
        (self.log.parent / "pid").write_text(f"{self.pid}\n")
        lab.space.wire(f"host{lab.hosts.index(self)}", self.pid, self.addresses)
        self._write_base_files()
        self.configure()
        self.start_services()

    def configure(self):
        """Write the configuration of the host's services."""

    def start_services(self):
        """Start them, and wait until they answer."""

    def _write_base_files(self):
        ids = sorted(self._ids.items(), key=lambda item: item[1])
        passwd, group = [], []
        for name, number in ids:
            home = "/var/root" if name == "root" else f"/var/home/{name}"
            shell = "/bin/sh" if name in ("root", *self.users) else "/usr/sbin/nologin"
            passwd.append(f"{name}:x:{number}:{number}:{name}:{home}:{shell}\n")
            group.append(f"{'nogroup' if name == 'nobody' else name}:x:{number}:\n")
        self.write("/etc/passwd", "".join(passwd))
        self.write("/etc/group", "".join(group))
        self.write("/etc/shadow", "".join(f"{name}:*:19000:0:99999:7:::\n" for name, _ in ids), mode=0o600)
        self.write("/etc/nsswitch.conf", "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n")
        self.write("/etc/hosts", f"127.0.0.1 localhost\n::1 localhost\n"
                                 f"{self.v4} {self.fqdn}\n{self.v6} {self.fqdn}\n")
        self.write("/etc/resolv.conf", f"nameserver {self.lab.resolver}\n")
        self.write("/etc/hostname", f"{self.fqdn}\n")
        self.write("/etc/mailname", f"{self.domains[0] if self.domains else self.fqdn}\n")
        for user in self.users:
            self.make_directory(f"/var/home/{user}", owner=user)

    # -- files -------------------------------------------------------------

    @property
    def log(self):
        """The host's /var/log, as seen from outside."""
        return self.lab.directory / self.name / "log"

    def path(self, inside):
        """A file of the host, as seen from outside."""
        return Path(f"/proc/{self.pid}/root{inside}")

    def read(self, inside):
        try:
            return self.path(inside).read_text(errors="replace")
        except FileNotFoundError:
            return ""

    def write(self, inside, text, mode=0o644, owner="root"):
        path = self.path(inside)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)  # never through a link: those lead outside
        path.write_text(text)
        self.set_owner(inside, mode, owner, owner)

    def copy(self, outside, inside, mode=0o755):
        path = self.path(inside)
        shutil.copyfile(outside, path)
        path.chmod(mode)

    def make_directory(self, inside, mode=0o755, owner="root", group=None):
        self.path(inside).mkdir(parents=True, exist_ok=True)
        self.set_owner(inside, mode, owner, group or owner)

    def set_owner(self, inside, mode, owner, group):
        os.chown(self.path(inside), self._ids[owner], self._ids[group])
        os.chmod(self.path(inside), mode)

    def make_certificate(self, certificate, key, owner="root"):
        """One of the host's own for its name; it needs the package openssl."""
        self.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                 "-noenc", "-days", "30", "-subj", f"/CN={self.fqdn}",
                 "-addext", f"subjectAltName=DNS:{self.fqdn}", "-keyout", key, "-out", certificate)
        self.set_owner(key, 0o600, owner, owner)

    # -- processes ---------------------------------------------------------

    def _inside(self, command, user="root"):
        number = str(self._ids[user])
        return ["nsenter", "--target", str(self.pid), "--mount", "--net", "--uts", "--pid",
                "--setuid", number, "--setgid", number, "--", *map(str, command)]

    def run(self, *command, text=None, user="root", seconds=60, check=True):
        """Run a command on the host to its end; gives its CompletedProcess.

        `text` is its standard input.  What it prints on standard error comes
        with its output.
        """
        done = subprocess.run(self._inside(command, user), input=text or "", text=True, errors="replace",
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env=ENVIRONMENT, timeout=seconds)
        if check and done.returncode:
            line = " ".join(map(str, command))
            raise RuntimeError(f"{self.name}: {line}: exit {done.returncode}: {done.stdout.strip()}")
        return done

    def start(self, *command):
        """Start a program that stays; its output goes to /var/log/<its name>."""
        with open(self.log / Path(command[0]).name, "ab") as log:
            return subprocess.Popen(self._inside(command), stdin=subprocess.DEVNULL,
                                    stdout=log, stderr=log, env=ENVIRONMENT,
                                    start_new_session=True)

    def change(self, **settings):
        """Set what the constructor was given anew, as an admin would, and restart the daemon."""
        for name, value in settings.items():
            assert hasattr(self, name), name
            setattr(self, name, value)
        self.stop(self.daemon, 25)
        self.configure()
        self.start_services()

    def stop(self, process, port):
        """End a program that start() began; nobody listens on its port then."""
        os.killpg(process.pid, signal.SIGTERM)
        wait_until(lambda: not self.listens(port), f"{self.name} to leave port {port}")

    # -- events ------------------------------------------------------------

    def listens(self, port, udp=False):
        """True when somebody listens on the port, at any address."""
        kind, state = ("udp", UNCONNECTED) if udp else ("tcp", LISTENING)
        for table in (kind, f"{kind}6"):
            for line in Path(f"/proc/{self.pid}/net/{table}").read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == state and int(fields[1].rpartition(":")[2], 16) == port:
                    return True
        return False

    def wait_port(self, port, udp=False):
        wait_until(lambda: self.listens(port, udp), f"{self.name} to listen on port {port}")

    def wait_text(self, inside, text):
        """Wait until a file of the host holds `text`; gives the whole file."""
        def probe():
            content = self.read(inside)
            return content if text in content else None
        return wait_until(probe, f"{text!r} in {inside} of {self.name}")

    # -- mail --------------------------------------------------------------

    def mailbox(self, user):
        """The user's mail: an mbox file, whole."""
        return self.read(f"/var/mail/{user}")

    def wait_mail(self, user, text):
        """Wait for a message that holds `text`; gives that message."""
        self.wait_text(f"/var/mail/{user}", text)
        messages = ("\n" + self.mailbox(user)).split("\nFrom ")[1:]
        return next(message for message in messages if text in message)
