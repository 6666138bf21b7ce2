"""What a layout of a mail server is made of, for test_audit.py: the four hosts, a case, and changes that write
a configuration and a network anew.
"""

import json
import re
import subprocess
from dataclasses import dataclass

from conftest import BINARY

from lab.mta.exim import Exim
from lab.mta.opensmtpd import OpenSMTPD
from lab.mta.postfix import MASTER, Postfix
from lab.mta.sendmail import Sendmail

UNREADABLE = "unreadable"       # one line on standard error, and no answer
CODES = {"closed": 0, "world": 1, "wide": 2, "unknown": 3, UNREADABLE: 65}
PROGRAM_INSIDE = "/usr/local/bin/portreeve"
LONGEST_S = 60


class Audited:
    """Beside a mail server of the lab: the program, and files that a case may change."""

    kept = ()

    def configure(self):
        super().configure()
        self.copy(BINARY, PROGRAM_INSIDE)
        for place in self.kept:
            self.run("cp", "-a", place, f"/var/kept{place.replace('/', '-')}")

    def restore(self):
        for place in self.kept:
            self.run("rm", "-rf", place)
            self.run("cp", "-a", f"/var/kept{place.replace('/', '-')}", place)

    def audit(self, *options, seconds=LONGEST_S):
        """Exit code, an object for each server, and what it printed."""
        done = self.run(PROGRAM_INSIDE, "audit", "--json", *options, check=False, seconds=seconds)
        reports = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        return done.returncode, reports, done.stdout

    # What a machine has and the lab's hosts have not: the audit starts a server of its own anyway.
    SYSTEM = "systemctl() { :; }; sendmailconfig() { m4 /etc/mail/sendmail.mc > /etc/mail/sendmail.cf; }; "

    def paste(self, findings):
        """The fixes of findings, as an admin pastes them: lines into files, from the last to the first, then the
        commands."""
        edits, commands = [], []
        for finding in findings:
            lines = commands
            for line in finding["fix"]:
                place = re.fullmatch(r"# In (/\S+?)(?:, in place of line (\d+)|(, above (?:its first .begin.|MAILER_DEFINITIONS)))?:",
                                     line)
                if place:
                    lines = []
                    edits.append((place[1], 0 if place[3] else int(place[2] or 0) or None, lines))
                elif line == "# Then:" or line.startswith("# Or,"):
                    lines = commands
                elif not line.startswith("# "):
                    lines.append(line)
        for file, number, new in sorted(edits, key=lambda edit: -(edit[1] or 0)):
            old = self.read(file).splitlines()
            begin = end = len(old) if number is None else number - 1
            if number == 0:
                begin = end = next(i for i, line in enumerate(old)
                                   if line.startswith(("begin ", "MAILER_DEFINITIONS")))
            while number and end < len(old) and (
                    end < number or (file.endswith(".cf") and old[end][:1] in (" ", "\t"))):
                end += 1            # what continues the line
            old[begin:end] = new
            self.write(file, "".join(f"{line}\n" for line in old))
        for command in dict.fromkeys(commands):
            self.run("sh", "-ec", self.SYSTEM + command)

    def state(self):
        """What an audit must leave as it was."""
        files = self.run("find", "/var/spool", "/var/lib", "/run", "/tmp", "/var/tmp", "/etc", "/var/log",
                         "-printf", "%p %m %u %T@ %s\n", check=False).stdout
        # Exim looks at its queue every ten seconds, and says so.
        files = [line for line in files.splitlines() if not line.startswith("/var/log/exim-main ")]
        log = [line for line in self.read("/var/log/exim-main").splitlines() if " queue run: " not in line]
        seen = self.run("ps", "-ww", "-eo", "pid,args", "--no-headers").stdout
        return {"files": files, "log": log, "mounts": self.run("cat", "/proc/self/mountinfo").stdout,
                "sockets": {" ".join(line.split()[7:])
                            for line in self.run("cat", "/proc/net/unix").stdout.splitlines()},
                "processes": [line for line in seen.splitlines()
                              if " ps -ww" not in line
                              and not line.endswith(("/exim4 -q", "[exim4] <defunct>"))],
                "links": self.run("ip", "-o", "addr").stdout}


class PostfixHost(Audited, Postfix):
    kept = ("/etc/postfix",)
    packages = (*Postfix.packages, "nftables", "postfix-lmdb", "postfix-sqlite")

    def configure(self):
        # As the packages of these maps do when they are installed.
        self.write("/etc/postfix/dynamicmaps.cf", "".join(
            f"{kind}\tpostfix-{kind}.so\tdict_{kind}_open{more}\n"
            for kind, more in (("lmdb", "\tmkmap_lmdb_open"), ("sqlite", ""))))
        super().configure()


class EximHost(Audited, Exim):
    kept = ("/etc/exim4",)
    packages = ("exim4-daemon-heavy", "nftables")          # the one that knows the PROXY protocol
    system_accounts = (*Exim.system_accounts, "uucp")      # Debian's configuration names it


class SendmailHost(Audited, Sendmail):
    kept = ("/etc/mail",)
    packages = (*Sendmail.packages, "nftables", "libsasl2-modules")


class OpenSMTPDHost(Audited, OpenSMTPD):
    kept = ("/etc/smtpd.conf",)
    packages = (*OpenSMTPD.packages, "nftables", "openssl")


def server(kind, name, number):
    return kind(name, f"mail.{name}.example", f"198.51.100.{number}", f"2001:db8:100::{number}",
                domains=[f"{name}.example"], users=["bob"])


POSTFIX, EXIM = server(PostfixHost, "postfix", 101), server(EximHost, "exim", 102)
SENDMAIL, OPENSMTPD = server(SendmailHost, "sendmail", 103), server(OpenSMTPDHost, "opensmtpd", 104)
HOSTS = [POSTFIX, EXIM, SENDMAIL, OPENSMTPD]
# Most layouts are Postfix's: half of them are made here.
POSTFIX_TOO = server(PostfixHost, "postfix-too", 105)


@dataclass
class Case:
    """A layout, and what the audit must say of it.

    change    what makes it, on the host; `undo` is a script of the shell that ends what restoring files does not
    causes    of all findings that are open or warnings
    wide      kinds of client that may relay, and whose trust is not sound
    advice    causes that are advised of; `unsaid`: those that must not be. "": without a cause, as TLS that nobody gets
    says      a text of the one line that says it all
    seconds   that it may take at most
    campaign  in the long form alone: it takes long, or another stands for it
    by_hand   no lines to paste close it: somebody must look first
    """

    name: str
    host: object
    change: object
    verdict: str = "closed"
    causes: frozenset = frozenset()
    wide: frozenset = frozenset()
    undo: str = ""
    line: str = ""      # the text of a line that permits one of them
    advice: tuple = ()
    unsaid: tuple = ()
    campaign: bool = False
    says: str = ""
    seconds: int = LONGEST_S
    by_hand: bool = False

    def __str__(self):
        return f"{self.host.name}-{self.name}"


CASES = []


def case(name, host, change, verdict="closed", causes=(), wide=(), **keywords):
    CASES.append(Case(name, host, change, verdict, frozenset(causes), frozenset(wide), **keywords))


# ---- Postfix ---------------------------------------------------------------------------------------------

DEBIAN = """\
smtpd_banner = $myhostname ESMTP $mail_name (Debian/GNU)
biff = no
append_dot_mydomain = no
readme_directory = no
compatibility_level = 3.6
smtpd_tls_cert_file=/etc/ssl/certs/ssl-cert-snakeoil.pem
smtpd_tls_key_file=/etc/ssl/private/ssl-cert-snakeoil.key
smtpd_tls_security_level=may
smtp_tls_CApath=/etc/ssl/certs
smtp_tls_security_level=may
smtp_tls_session_cache_database = btree:${data_directory}/smtp_scache
smtpd_relay_restrictions = permit_mynetworks permit_sasl_authenticated defer_unauth_destination
myhostname = {fqdn}
alias_maps = hash:/etc/aliases
alias_database = hash:/etc/aliases
mydestination = $myhostname, {domain}, localhost.example, localhost
relayhost =
mynetworks = 127.0.0.0/8 [::ffff:127.0.0.0]/104 [::1]/128
mailbox_size_limit = 0
recipient_delimiter = +
inet_interfaces = all
inet_protocols = all
"""
SUBMISSION = """\
{port} inet n - n - - smtpd
  -o smtpd_tls_security_level={level}
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_client_restrictions=permit_sasl_authenticated,reject
  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
"""
BRIDGE = "ip link add br0 type bridge && ip addr add 172.18.0.1/16 dev br0 && ip link set br0 up"
NO_BRIDGE = "ip link del br0"
LAN = "ip link add lan0 type veth peer name lan1 && ip link set lan1 up && " \
    "ip addr add {} dev lan0 && ip link set lan0 up"
NO_LAN = "ip link del lan0"


def shell(host, script):
    host.run("sh", "-ec", script)


def with_network(change, script):
    """A change, and one of the network behind it."""
    def change_all(host):
        change(host)
        shell(host, script)
    return change_all


def certificate(cert, key):
    """A script that makes one, which signs itself; the key is its owner's alone."""
    return f"mkdir -p {cert.rpartition('/')[0]} {key.rpartition('/')[0]}; openssl req -x509 -newkey ec -pkeyopt " \
           f"ec_paramgen_curve:P-256 -noenc -days 9 -subj /CN=mail -keyout {key} -out {cert} 2> /dev/null; " \
           f"chmod 600 {key}"


def postfix(settings=None, master=MASTER, run="", **files):
    """A change: main.cf of the lab with these settings, master.cf, more files in /etc/postfix, a script."""
    def change(host):
        lines = (f"{name} = {value}\n" for name, value in (host.settings | (settings or {})).items()
                 if value is not None)
        host.write("/etc/postfix/main.cf", "".join(lines))
        host.write("/etc/postfix/master.cf", master)
        for name, text in files.items():
            host.write(f"/etc/postfix/{name}", text)
        shell(host, run)
    return change


def debian_postfix(*more, relayhost="", chroot=True):
    def change(host):
        text = DEBIAN.replace("relayhost =", f"relayhost = {relayhost}") + "".join(f"{line}\n" for line in more)
        text = text.replace("{fqdn}", host.fqdn).replace("{domain}", host.domains[0])
        host.write("/etc/postfix/main.cf", text)
        shell(host, "cp /usr/share/postfix/master.cf.dist /etc/postfix/master.cf; "
                    "echo 'postmaster: root' > /etc/aliases; newaliases")
    return change


# ---- Exim ------------------------------------------------------------------------------------------------

EXIM_DEBIAN = """\
dc_eximconfig_configtype='{type}'
dc_other_hostnames='{hostnames}'
dc_local_interfaces='{interfaces}'
dc_readhost=''
dc_relay_domains='{domains}'
dc_minimaldns='false'
dc_relay_nets='{nets}'
dc_smarthost='{smarthost}'
CFILEMODE='644'
dc_use_split_config='{split}'
dc_hide_mailname='false'
dc_mailname_in_oh='true'
dc_localdelivery='mail_spool'
"""


def debian_exim(kind, split="false", interfaces="", nets="", domains="", smarthost="", run=""):
    def change(host):
        shell(host, "rm -f /etc/exim4/exim4.conf; mkdir -p /var/lib/exim4; : > /etc/aliases")
        host.write("/etc/exim4/update-exim4.conf.conf", EXIM_DEBIAN.format(
            type=kind, hostnames="exim.example", interfaces=interfaces, domains=domains, nets=nets,
            smarthost=smarthost, split=split))
        shell(host, f"update-exim4.conf; {run}")
    return change


def exim(*edits, run=""):
    """A change of the lab's own file: what is searched for, what stands in its place."""
    def change(host):
        text = host.read("/etc/exim4/exim4.conf")
        for old, new in edits:
            assert old in text, old
            text = text.replace(old, new, 1)
        host.write("/etc/exim4/exim4.conf", text)
        shell(host, run)
    return change


def installed(package, version, change):
    """A change, on a machine whose packages are known."""
    def change_all(host):
        host.write("/var/lib/dpkg/status", f"Package: {package}\nStatus: install ok installed\n"
                                           f"Version: {version}\n\n")
        change(host)
    return change_all


FORGOTTEN = "rm /var/lib/dpkg/status"


# ---- Sendmail --------------------------------------------------------------------------------------------


def sendmail(features="", macros="", access="", run="", listen="", rules="", **files):
    """A change: the lab's macro file with more of these, and tables."""
    def change(host):
        text = host.read("/etc/mail/sendmail.mc").replace("MAILER_DEFINITIONS",
                                                          features + macros + "MAILER_DEFINITIONS", 1)
        if listen == "all":         # of IPv4; a socket for all of IPv6 would be one for IPv4 as well
            text = text.replace(f", Addr={host.v4}", "")
        host.write("/etc/mail/sendmail.mc", text + rules)
        for name, content in files.items():
            host.write(f"/etc/mail/{name.replace('_', '-')}", content)
        shell(host, "m4 /etc/mail/sendmail.mc > /etc/mail/sendmail.cf")
        host.run("makemap", "hash", "/etc/mail/access", text=access)
        host.write("/etc/mail/access", access)
        shell(host, run)
    return change


# ---- OpenSMTPD -------------------------------------------------------------------------------------------

SHIPPED = """\
table aliases file:/etc/aliases
listen on localhost
action "local" maildir alias <aliases>
action "relay" relay
match for local action "local"
match from local for any action "relay"
"""


def opensmtpd(text, run="", **files):
    def change(host):
        host.write("/etc/smtpd.conf", text)
        for name, content in files.items():
            host.write(f"/etc/{name}", content)
        shell(host, run)
    return change




# ---- ways by which strangers arrive ----------------------------------------------------------------------

# The lab's proxy under another's name, from a port to the last IPv4 address of its command line.
PROXY = """\
#!/usr/bin/python3
import re, sys
sys.path.insert(0, "/usr/local/lab")
import proxy
sys.argv = ["proxy", "{port}", re.findall(r"\\d+\\.\\d+\\.\\d+\\.\\d+", " ".join(sys.argv))[-1]]
proxy.Proxy(("::", {port}), proxy.Session).serve_forever()
"""


def proxied(change, *commands):
    """A change, and behind it programs that pass strangers on to the server, from 2525, 2526, ..."""
    def change_all(host):
        change(host)
        processes = []
        for port, command in enumerate(commands, 2525):
            name, *words = command.format(v4=host.v4, v6=host.v6, port=port).split()
            place = f"/usr/local/bin/{name}" if port == 2525 else f"/usr/local/sbin/{name}"
            host.write(place, PROXY.format(port=port), mode=0o755)
            processes.append((host.start(place, *words), port))
        for _, port in processes:
            host.wait_port(port)
        return processes
    return change_all
