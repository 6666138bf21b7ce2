"""What `portreeve audit` says of layouts that people run: Debian's defaults, satellites, hosting panels,
lists, containers, proxies, firewalls, hostile files; and that it leaves nothing behind.

One host for each mail server. A case writes its configuration and network anew; the server that runs there
stays as it is, since the audit starts one of its own.  With CAMPAIGN=yes all of them, else the quick.
"""

import contextlib
import functools
import json
import os
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from conftest import BINARY

from lab.host import ENVIRONMENT
from lab.lab import Lab
from lab.mta.exim import Exim
from lab.mta.opensmtpd import OpenSMTPD
from lab.mta.postfix import MASTER, Postfix
from lab.mta.sendmail import Sendmail
from lab.net import child_of
from lab.wait import until

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

    def state(self):
        """What an audit must leave as it was."""
        files = self.run("find", "/var/spool", "/var/lib", "/run", "/tmp", "/var/tmp", "/etc", "/var/log",
                         "-printf", "%p %m %u %T@ %s\n", check=False).stdout
        # Exim looks at its queue every ten seconds, and says so.
        files = [line for line in files.splitlines() if not line.startswith("/var/log/exim-mainlog ")]
        log = [line for line in self.read("/var/log/exim-mainlog").splitlines() if " queue run: " not in line]
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
    packages = (*Postfix.packages, "nftables")


class EximHost(Audited, Exim):
    kept = ("/etc/exim4",)
    system_accounts = (*Exim.system_accounts, "uucp")      # Debian's configuration names it


class SendmailHost(Audited, Sendmail):
    kept = ("/etc/mail",)


class OpenSMTPDHost(Audited, OpenSMTPD):
    kept = ("/etc/smtpd.conf",)


def server(kind, name, number):
    return kind(name, f"mail.{name}.example", f"198.51.100.{number}", f"2001:db8:100::{number}",
                domains=[f"{name}.example"], users=["bob"])


POSTFIX, EXIM = server(PostfixHost, "postfix", 101), server(EximHost, "exim", 102)
SENDMAIL, OPENSMTPD = server(SendmailHost, "sendmail", 103), server(OpenSMTPDHost, "opensmtpd", 104)
HOSTS = [POSTFIX, EXIM, SENDMAIL, OPENSMTPD]
each_host = pytest.mark.parametrize("host", HOSTS, ids=lambda host: host.name)


@dataclass
class Case:
    """A layout, and what the audit must say of it.

    change    what makes it, on the host; `undo` is a script of the shell that ends what restoring files does not
    causes    of all findings that are open or warnings
    wide      kinds of client that may relay, and whose trust is not sound
    """

    name: str
    host: object
    change: object
    verdict: str = "closed"
    causes: frozenset = frozenset()
    wide: frozenset = frozenset()
    undo: str = ""
    line: str = ""      # the text of a line that permits one of them

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
myhostname = mail.postfix.example
alias_maps = hash:/etc/aliases
alias_database = hash:/etc/aliases
mydestination = $myhostname, postfix.example, localhost.example, localhost
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


def postfix(settings=None, master=MASTER, run="", **files):
    """A change: main.cf of the lab with these settings, master.cf, more files in /etc/postfix, a script."""
    def change(host):
        lines = (f"{name} = {value}\n" for name, value in (POSTFIX.settings | (settings or {})).items()
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
        host.write("/etc/postfix/main.cf", text)
        shell(host, "cp /usr/share/postfix/master.cf.dist /etc/postfix/master.cf; "
                    "echo 'postmaster: root' > /etc/aliases; newaliases")
    return change


case("debian-internet-site", POSTFIX, debian_postfix())
case("debian-satellite", POSTFIX, debian_postfix("inet_interfaces = loopback-only",
                                                relayhost="[smtp.provider.example]"))
case("debian-local-only", POSTFIX, debian_postfix("inet_interfaces = loopback-only", "default_transport = error",
                                                 "relay_transport = error"))
case("lab", POSTFIX, postfix())
case("smarthost", POSTFIX, postfix({"relayhost": "[smtp.provider.example]:587"}))
case("lists", POSTFIX, postfix(
    {"alias_maps": "hash:/etc/postfix/aliases", "virtual_alias_domains": "lists.example",
     "virtual_alias_maps": "hash:/etc/postfix/virtual"},
    aliases="team: bob, alice@elsewhere.example\n", virtual="team@lists.example team\nall@lists.example bob\n",
    run="postalias /etc/postfix/aliases; postmap /etc/postfix/virtual"))
case("backup-mx", POSTFIX, postfix(
    {"relay_domains": "primary.example", "relay_recipient_maps": "hash:/etc/postfix/relay"},
    relay="info@primary.example OK\n", run="postmap /etc/postfix/relay"))
case("virtual-texthash", POSTFIX, postfix(
    {"virtual_mailbox_domains": "texthash:/etc/postfix/domains", "virtual_mailbox_base": "/var/mail",
     "virtual_mailbox_maps": "texthash:/etc/postfix/boxes", "virtual_uid_maps": "static:1000",
     "virtual_gid_maps": "static:1000"}, domains="one.example OK\ntwo.example OK\n", boxes="a@one.example one/a\n"))
case("virtual-hash", POSTFIX, postfix(
    {"virtual_mailbox_domains": "hash:/etc/postfix/domains", "virtual_mailbox_base": "/var/mail",
     "virtual_mailbox_maps": "hash:/etc/postfix/boxes", "virtual_uid_maps": "static:1000",
     "virtual_gid_maps": "static:1000"}, domains="one.example OK\ntwo.example OK\n", boxes="a@one.example one/a\n",
    run="postmap /etc/postfix/domains /etc/postfix/boxes"))
case("panel", POSTFIX, postfix(
    {"virtual_mailbox_domains": "/etc/postfix/domains", "virtual_mailbox_maps": "texthash:/etc/postfix/boxes",
     "virtual_transport": "lmtp:unix:private/dovecot-lmtp", "smtpd_milters": "unix:/run/rspamd/milter.sock",
     "milter_default_action": "tempfail", "smtpd_sasl_type": "dovecot", "smtpd_sasl_path": "private/auth"},
    MASTER + SUBMISSION.format(port=587, level="none"), domains="one.example\n", boxes="a@one.example one/a\n"))
case("sasl-at-25-no-socket", POSTFIX, postfix(
    {"smtpd_sasl_auth_enable": "yes", "smtpd_sasl_type": "dovecot", "smtpd_sasl_path": "private/auth"}))
case("submission-only", POSTFIX, postfix(
    {}, "".join(line + "\n" for line in MASTER.splitlines()[1:]) + SUBMISSION.format(port=587, level="none")
    + SUBMISSION.format(port=465, level="none")))
case("postscreen", POSTFIX, postfix({}, "smtp inet n - n - 1 postscreen\nsmtpd pass - - n - - smtpd\n"
                                        "dnsblog unix - - n - 0 dnsblog\ntlsproxy unix - - n - 0 tlsproxy\n"
                                        + "".join(line + "\n" for line in MASTER.splitlines()[1:])))
case("lan", POSTFIX, postfix({"mynetworks": "127.0.0.0/8 [::1]/128 192.168.7.0/24"},
                             run=LAN.format("192.168.7.2/24")), undo=NO_LAN)
case("container-network", POSTFIX, postfix({}, run=BRIDGE), undo=NO_BRIDGE)

case("bridge-block", POSTFIX, postfix({"mynetworks": "127.0.0.0/8 [::1]/128 172.16.0.0/12"}, run=BRIDGE),
     "wide", ["C6"], ["range"], undo=NO_BRIDGE)
case("subnet-style", POSTFIX, postfix({"mynetworks": None, "mynetworks_style": "subnet"},
                                      run=LAN.format("203.0.113.66/24")),
     "wide", ["C6"], ["neighbour", "range"], undo=NO_LAN)
case("typo", POSTFIX, postfix({"mynetworks": "127.0.0.0/8 [::1]/128 172.0.0.0/8"}), "wide", ["C6"], ["range"])
case("one-port", POSTFIX, postfix({}, MASTER + "2525 inet n - n - - smtpd\n"
                                  "  -o { smtpd_relay_restrictions = check_client_access static:OK, reject }\n"),
     "world", ["C10"], ["stranger4", "stranger6"], line="check_client_access static:OK")
case("one-port-networks", POSTFIX, postfix({}, MASTER + "2525 inet n - n - - smtpd\n  -o mynetworks=0.0.0.0/0\n"),
     "world", ["C6"], ["stranger4", "range"], line="mynetworks=0.0.0.0/0")

# A certificate of any authority of the system's, which Let's Encrypt gives to everybody.
case("any-certificate", POSTFIX, postfix(
    {"smtpd_tls_security_level": "may", "smtpd_tls_chain_files": "/etc/postfix/own.pem", "smtpd_tls_ask_ccert": "yes",
     "smtpd_tls_CAfile": "/etc/ssl/certs/ca-certificates.crt",
     "smtpd_relay_restrictions": "permit_mynetworks, permit_tls_all_clientcerts, reject_unauth_destination"},
    run="openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 9 -subj /CN=mail.postfix.example "
        "-keyout /etc/postfix/own.pem -out /etc/postfix/cert.pem 2>/dev/null; "
        "cat /etc/postfix/cert.pem >> /etc/postfix/own.pem"),
     "world", ["C44"], ["stranger4", "stranger6"])

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


LOCAL = "127.0.0.1 ; ::1"
for split in ("true", "false"):
    name = "split" if split == "true" else "unsplit"
    case(f"debian-internet-{name}", EXIM, debian_exim("internet", split))
    case(f"debian-local-{name}", EXIM, debian_exim("local", split, LOCAL))
    case(f"debian-smarthost-{name}", EXIM, debian_exim("smarthost", split, smarthost="smtp.provider.example::587"))
    case(f"debian-satellite-{name}", EXIM, debian_exim("satellite", split, LOCAL, smarthost="smtp.provider.example"))
case("lan", EXIM, debian_exim("internet", nets="192.168.7.0/24", run=LAN.format("192.168.7.2/24")), undo=NO_LAN)
case("backup-mx", EXIM, debian_exim("internet", domains="primary.example"))
case("bridge-block", EXIM, debian_exim("internet", nets="172.16.0.0/12", run=BRIDGE),
     "wide", ["C6"], ["range"], undo=NO_BRIDGE)
case("typo", EXIM, debian_exim("internet", nets="172.0.0.0/8"), "wide", ["C6"], ["range"])
case("world", EXIM, debian_exim("internet", nets="0.0.0.0/0"), "world", ["C6"], ["stranger4", "range"])

# ---- Sendmail --------------------------------------------------------------------------------------------


def sendmail(features="", macros="", access="", run="", **files):
    """A change: the lab's macro file with more of these, and tables."""
    def change(host):
        text = host.read("/etc/mail/sendmail.mc").replace("MAILER_DEFINITIONS",
                                                          features + macros + "MAILER_DEFINITIONS", 1)
        host.write("/etc/mail/sendmail.mc", text)
        for name, content in files.items():
            host.write(f"/etc/mail/{name.replace('_', '-')}", content)
        shell(host, "m4 /etc/mail/sendmail.mc > /etc/mail/sendmail.cf")
        host.run("makemap", "hash", "/etc/mail/access", text=access)
        host.write("/etc/mail/access", access)
        shell(host, run)
    return change


case("lab", SENDMAIL, sendmail())
# Debian starts it with what sendmail.conf says.
case("started-by-options", SENDMAIL, sendmail(
    run="echo 'DAEMON_PARMS=\"-C/etc/mail/my.cf\";' > /etc/mail/sendmail.conf; "
        "sed \"s/^MAILER_DEFINITIONS/FEATURE(\\`promiscuous_relay')dnl\\n&/\" /etc/mail/sendmail.mc > /etc/mail/my.mc; "
        "m4 /etc/mail/my.mc > /etc/mail/my.cf"), "world", ["C10"], ["stranger4", "stranger6"])
case("smarthost", SENDMAIL, sendmail(macros="define(`SMART_HOST', `[smtp.provider.example]')dnl\n"))
case("lan", SENDMAIL, sendmail(access="Connect:192.168.7 RELAY\n", run=LAN.format("192.168.7.2/24")), undo=NO_LAN)
case("virtual", SENDMAIL, sendmail("FEATURE(`virtusertable')dnl\nVIRTUSER_DOMAIN(`one.example')dnl\n",
                                   virtusertable="@one.example bob\n",
                                   run="makemap hash /etc/mail/virtusertable < /etc/mail/virtusertable"))
case("backup-mx", SENDMAIL, sendmail(access="To:primary.example RELAY\n"))
case("bridge-block", SENDMAIL, sendmail(access="Connect:172 RELAY\n", run=BRIDGE),
     "wide", ["C6"], ["range"], undo=NO_BRIDGE)

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


PUBLIC = SHIPPED.replace("listen on localhost\n", "listen on 0.0.0.0\nlisten on ::\n") \
    + 'match from any for domain "opensmtpd.example" action "local"\n'
case("shipped", OPENSMTPD, opensmtpd(SHIPPED))
case("public", OPENSMTPD, opensmtpd(PUBLIC))
case("satellite", OPENSMTPD, opensmtpd(SHIPPED.replace('"relay" relay',
                                                          '"relay" relay host smtp://smtp.provider.example')))
case("lan", OPENSMTPD, opensmtpd(PUBLIC + 'match from src 192.168.7.0/24 for any action "relay"\n',
                                 LAN.format("192.168.7.2/24")), undo=NO_LAN)
case("virtual", OPENSMTPD, opensmtpd(
    "table boxes file:/etc/boxes\n" + PUBLIC + 'action "virtual" maildir virtual <boxes>\n'
    'match from any for domain "one.example" action "virtual"\n', boxes="a@one.example bob\n"))
case("backup-mx", OPENSMTPD, opensmtpd(PUBLIC + 'action "backup" relay backup\n'
                                  'match from any for domain "primary.example" action "backup"\n'))
case("bridge-block", OPENSMTPD, opensmtpd(PUBLIC + 'match from src 172.16.0.0/12 for any action "relay"\n', BRIDGE),
     "wide", ["C6"], ["range"], undo=NO_BRIDGE)
case("typo", OPENSMTPD, opensmtpd(PUBLIC + 'match from src 172.0.0.0/8 for any action "relay"\n'),
     "wide", ["C6"], ["range"])

# ---- ways by which strangers arrive ----------------------------------------------------------------------

# The lab's proxy under another's name: it leads from port 2525 to the last IPv4 address of its command line.
PROXY = """\
#!/usr/bin/python3
import re, sys
sys.path.insert(0, "/usr/local/lab")
import proxy
sys.argv = ["proxy", "2525", re.findall(r"\\d+\\.\\d+\\.\\d+\\.\\d+", " ".join(sys.argv))[-1]]
proxy.Proxy(("::", 2525), proxy.Session).serve_forever()
"""


def proxied(command, settings=None, run=""):
    """A change: Postfix, and a program that passes strangers on to it."""
    def change(host):
        postfix(settings, run=run)(host)
        name, *words = command.split()
        host.write(f"/usr/local/bin/{name}", PROXY, mode=0o755)
        process = host.start(f"/usr/local/bin/{name}", *words)
        host.wait_port(2525)
        return process
    return change


BY_BRIDGE, BY_LOOPBACK = ["gateway", "neighbour", "range"], ["loopback", "range"]
OWN_BRIDGE = {"mynetworks": "127.0.0.0/8 [::1]/128 172.18.0.0/16"}
DOCKER = "docker-proxy -proto tcp -host-ip {} -host-port 2525 -container-ip 172.18.0.1 -container-port 25"
case("docker-proxy-6", POSTFIX, proxied(DOCKER.format(POSTFIX.v6), OWN_BRIDGE, BRIDGE),
     "world", ["C1"], BY_BRIDGE, undo=NO_BRIDGE)
case("docker-proxy-4", POSTFIX, proxied(DOCKER.format("0.0.0.0"), OWN_BRIDGE, BRIDGE), "world", ["C2"], BY_BRIDGE,
     undo=NO_BRIDGE)
case("docker-proxy-not-trusted", POSTFIX, proxied(DOCKER.format("::"), {"mynetworks": "127.0.0.0/8 [::1]/128"}, BRIDGE),
     undo=NO_BRIDGE)
case("socket-proxyd", POSTFIX, proxied("systemd-socket-proxyd 127.0.0.1:25"), "world", ["C3"], BY_LOOPBACK)
case("socat-6", POSTFIX, proxied("socat TCP6-LISTEN:2525,fork TCP4:127.0.0.1:25"), "world", ["C3"], BY_LOOPBACK)
case("lxd-forkproxy", POSTFIX, proxied("forkproxy -- 1 3 tcp:[::]:2525 1 4 tcp:127.0.0.1:25"),
     "world", ["C5"], BY_LOOPBACK)

TRUSTED_LAN = {"mynetworks": "127.0.0.0/8 [::1]/128 192.168.7.0/24"}
NAT = LAN.format("192.168.7.2/24") + "; nft add table ip nat; " \
    "nft 'add chain ip nat c {{ type nat hook {} priority 100; }}'; " \
    "nft 'add rule ip nat c {}'"
NO_NAT = "nft delete table ip nat; " + NO_LAN
case("source-nat", POSTFIX, postfix(TRUSTED_LAN, run=NAT.format("input", "tcp dport 25 snat to 192.168.7.2")),
     "world", ["C3"], BY_BRIDGE, undo=NO_NAT)
case("masquerade-outwards", POSTFIX, postfix(TRUSTED_LAN, run=NAT.format("postrouting", "oifname eth0 masquerade")),
     undo=NO_NAT)


# ---- what can't be asked ---------------------------------------------------------------------------------

def instead(place, script):
    """A change: something else in the place of a file."""
    return lambda host: shell(host, f"rm {place}; {script}")


FIFO, LINE = "mkfifo {}", "head -c 10000000 /dev/zero | tr '\\0' x > {0}; echo >> {0}"
for host, place in ((POSTFIX, "/etc/postfix/main.cf"), (EXIM, "/etc/exim4/exim4.conf"),
                    (SENDMAIL, "/etc/mail/sendmail.cf"), (OPENSMTPD, "/etc/smtpd.conf")):
    # Sendmail's is not read by us as a file alone: the second server says that it is none.
    case("fifo", host, instead(place, FIFO.format(place)), "unknown" if host is SENDMAIL else UNREADABLE)
    case("line-of-10-MB", host, instead(place, LINE.format(place)), UNREADABLE)
case("no-such-interface", POSTFIX, postfix({"inet_interfaces": "no-such-host.example"}), "unknown")
case("never-greets", POSTFIX, postfix({}, MASTER.replace("smtp      inet  n - n - - smtpd",
                                                         "smtp inet n n n - 0 spawn user=nobody argv=/bin/sleep 600")),
     "unknown")
case("include-of-itself", EXIM, instead("/etc/exim4/exim4.conf",
                                        "echo .include /etc/exim4/exim4.conf > /etc/exim4/exim4.conf"),
     "unknown")
case("include-of-itself", OPENSMTPD, instead("/etc/smtpd.conf", "echo 'include \"/etc/smtpd.conf\"' > /etc/smtpd.conf"),
     "unknown")
case("not-a-configuration", SENDMAIL, instead("/etc/mail/sendmail.cf",
                                              "echo DZ8.17.1 > /etc/mail/sendmail.cf"), "unknown")


# Those that take long, or for which others stand: in the long form alone.
CAMPAIGN = {f"postfix-{name}" for name in (
    "smarthost", "lists", "virtual-hash", "container-network", "postscreen", "sasl-at-25-no-socket",
    "docker-proxy-4", "socat-6", "one-port-networks")} | {"sendmail-fifo", "exim-debian-smarthost-split"}
SHOWN = CASES if os.environ.get("CAMPAIGN") else [one for one in CASES if str(one) not in CAMPAIGN]


# ---- the tests -------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def lab():
    if os.geteuid():
        pytest.skip("the lab needs root")
    with Lab("audit", HOSTS) as made:
        yield made


def audited(one):
    process = None
    try:
        process = one.change(one.host)
        began = time.monotonic()
        return *one.host.audit(), time.monotonic() - began
    except Exception as error:                  # a test's, not the other cases'
        return error
    finally:
        if isinstance(process, subprocess.Popen):
            one.host.stop(process, 2525)
        one.host.restore()
        one.host.run("sh", "-c", one.undo, check=False)


@pytest.fixture(scope="module")
def answers(lab, request):
    """What is said of each case that is asked for; two hosts at once."""
    asked = [getattr(getattr(item, "callspec", None), "params", {}).get("one") for item in request.session.items]
    wanted = {str(one) for one in asked if isinstance(one, Case)}

    def of_host(host):
        return {str(one): audited(one) for one in CASES if one.host is host and str(one) in wanted}
    with ThreadPoolExecutor(2) as pool:
        return functools.reduce(dict.__or__, pool.map(of_host, HOSTS), {})


def found(report):
    return {finding["cause"] for finding in report["findings"] if finding["severity"] in ("open", "warn")}


@pytest.mark.parametrize("one", SHOWN, ids=str)
def test_layout(answers, one):
    answer = answers[str(one)]
    if isinstance(answer, Exception):
        raise answer
    code, reports, printed, seconds = answer
    assert code == CODES[one.verdict], printed
    assert seconds < LONGEST_S
    if one.verdict == UNREADABLE:
        assert not reports and printed.startswith("portreeve: audit: ") and printed.count("\n") == 1, printed
        return
    (report,) = reports
    assert (report["verdict"], found(report)) == (one.verdict, one.causes), printed
    assert {row["client"] for row in report["who"] if not row.get("sound")} == one.wide, printed
    if one.line:
        assert any(one.line in line["text"] for row in report["who"] for line in row["by"]), printed

def test_instances(lab):
    """A second Postfix, which is open; the first is not."""
    host = POSTFIX
    try:
        shell(host, "cp -a /etc/postfix /etc/postfix-out; mkdir -p /var/spool/postfix-out /var/lib/postfix-out; "
                    "chown postfix /var/lib/postfix-out")
        for name, value in {"queue_directory": "/var/spool/postfix-out", "data_directory": "/var/lib/postfix-out",
                            "multi_instance_name": "postfix-out", "multi_instance_enable": "yes",
                            "mynetworks": "0.0.0.0/0 [::]/0"}.items():
            host.run("postconf", "-c", "/etc/postfix-out", "-e", f"{name} = {value}")
        shell(host, "printf 'multi_instance_directories = /etc/postfix-out\\nmulti_instance_enable = yes\\n"
                    "multi_instance_wrapper = postmulti -p --\\n' >> /etc/postfix/main.cf")
        code, reports, printed = host.audit()
        assert [report["verdict"] for report in reports] == ["closed", "world"], printed
        assert code == CODES["world"]
        (line,) = {line["file"] for row in reports[1]["who"] if row["client"] == "stranger4" for line in row["by"][:1]}
        assert line == "/etc/postfix-out/main.cf", printed
    finally:
        host.restore()
        host.run("rm", "-rf", "/etc/postfix-out", "/var/spool/postfix-out", "/var/lib/postfix-out")


def test_watch(lab):
    """It tells what differs, once, and looks only if something has changed."""
    host = POSTFIX

    def watch(*options):
        done = host.run(PROGRAM_INSIDE, "audit", "--watch", "--kept", "/tmp/last", "--run", "cat >> /tmp/told",
                        *options, check=False)
        told = host.run("sh", "-c", "cat /tmp/told 2>/dev/null; rm -f /tmp/told").stdout
        return done.returncode, [line for line in told.splitlines() if "may relay" not in line]

    name = f"Postfix on {host.fqdn}"
    try:
        assert watch() == (0, [f"+ {name}: closed"])
        began = time.monotonic()
        assert watch() == (0, [])
        quick_s = time.monotonic() - began
        kept = host.read("/tmp/last")
        host.run("postconf", "-e", "mynetworks = 0.0.0.0/0")
        assert watch() == (1, [f"- {name}: closed", f"+ {name}: world",
                               f"+ {name}: open: Trusted networks are too wide (C6)"])
        assert watch() == (1, [])
        host.run("chmod", "666", "/tmp/last")
        assert watch()[0] == 77
        host.run("sh", "-c", "rm /tmp/last; mkfifo /tmp/last")
        assert watch()[0] == 77
        assert kept.startswith("portreeve audit 1\n") and quick_s < 5
    finally:
        host.restore()
        host.run("rm", "-f", "/tmp/last", "/tmp/told")


@each_host
def test_nothing_is_left(lab, host):
    before = host.state()
    host.audit()
    until(lambda: f"nothing to be left: {left(before, host.state())}", lambda: not left(before, host.state()), 10)


def left(before, now):
    """What is there that was not, by kind. Of the servers that run some end meanwhile, and Exim logs its queue
    runs: neither is the audit's."""
    def rows(value):
        lines = value.splitlines() if isinstance(value, str) else value
        return {line for line in lines if not line.startswith("/var/log/exim-")}
    new = {kind: sorted(rows(now[kind]) - rows(before[kind]))[:8] for kind in before}
    paths = [{line.split(" ")[0] for line in rows(state["files"])} for state in (before, now)]
    return {kind: lines for kind, lines in new.items() if lines} | (
        {"gone": sorted(paths[0] - paths[1])[:8]} if paths[0] - paths[1] else {})


@pytest.mark.parametrize("seconds", [0.05, 0.2, 0.5, 1])
@each_host
def test_nothing_is_left_when_it_is_killed(lab, host, seconds):
    before = host.state()
    audit = subprocess.Popen(host._inside([PROGRAM_INSIDE, "audit", "--json"]), stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENVIRONMENT,
                             start_new_session=True)
    program = until("the audit to begin", lambda: child_of(audit.pid))
    time.sleep(seconds)         # where it is then differs by machine: any instant will do
    with contextlib.suppress(ProcessLookupError):
        os.kill(program, signal.SIGKILL)
    audit.wait(LONGEST_S)
    until(lambda: f"all of the room to end: {left(before, host.state())}",
          lambda: not left(before, host.state()), 10)
