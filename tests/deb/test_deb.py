# SPDX-License-Identifier: ISC
"""The Debian package: installed, upgraded, removed and purged in a copy of this machine.

The copy is an overlay of / in a mount namespace of the test's own, in memory; it is gone with the
last process in it. `make deb-test` builds the package and names its directory in PORTREEVE_DEB.
"""

import os
import subprocess
from pathlib import Path

import pytest

DEBS = Path(os.environ.get("PORTREEVE_DEB", ""))

# $1 the packages' directory. A shell that waits for commands in the copy.
ENTER = """\
set -e
mount -t tmpfs copy /mnt
mkdir /mnt/upper /mnt/work /mnt/root /mnt/debs
cp "$1"/*.deb /mnt/debs
mount -t overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work copy /mnt/root
mkdir -p /mnt/root/run/debs
mount -t tmpfs copy /mnt/root/run
mkdir -p /mnt/root/run/debs /mnt/root/run/lock
cp /mnt/debs/* /mnt/root/run/debs
for name in proc dev; do mount --rbind /$name /mnt/root/$name; done
mount -t tmpfs copy /mnt/root/tmp
exec chroot /mnt/root /bin/sh
"""

INSTALL = "export DEBIAN_FRONTEND=noninteractive; dpkg -i /run/debs/{} 2>&1\n"
MINE = "stat -c '%U:%G %a' /var/lib/portreeve"


def later(deb, directory):
    """The same package under a higher version."""
    tree = directory / "tree"
    subprocess.run(["dpkg-deb", "-R", deb, tree], check=True)
    control = tree / "DEBIAN" / "control"
    control.write_text(control.read_text().replace("Version: 0.1.0", "Version: 0.1.0+later"))
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", tree, directory / "later.deb"],
                   check=True, capture_output=True)


@pytest.fixture(scope="module")
def debs(tmp_path_factory):
    if os.geteuid() or "PORTREEVE_DEB" not in os.environ:
        pytest.skip("needs root, and the package: make deb-test")
    (built,) = DEBS.glob("portreeve_*.deb")
    directory = tmp_path_factory.mktemp("debs")
    later(built, directory)
    (directory / "first.deb").write_bytes(built.read_bytes())
    return directory


@pytest.fixture
def story(debs):
    """Runs a script in the copy; gives what it printed."""
    def run(script):
        done = subprocess.run(["unshare", "--mount", "--pid", "--fork", "/bin/sh", "-c", ENTER,
                               "enter", debs], input="set -e\n" + script, text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600)
        assert done.returncode == 0, done.stdout
        return done.stdout
    return run


FIRST = INSTALL.format("first.deb")
LISTED = """\
mkdir -p /etc/portreeve
echo 'list { allow_special = {"192.0.2.0/24"} }' > /etc/portreeve/portreeve.conf
portreeve list add 192.0.2.1 --why seen >/dev/null
"""


def test_installed(story):
    out = story(FIRST + f"""
echo "user: $(id -un portreeve)"; echo "state: $({MINE})"
portreeve --version 2>/dev/null || portreeve --help | head -1
test -e /etc/systemd/system/multi-user.target.wants/portreeve.service
test -e /usr/share/man/man1/portreeve-use.1.gz
test -e /usr/share/man/man1/portreeve-status.1.gz
test -e /usr/share/bash-completion/completions/portreeve
test -e /usr/share/zsh/vendor-completions/_portreeve
portreeve config check -c /usr/share/doc/portreeve/examples/portreeve.conf 2>&1 |
  grep -q "unedited example"
dpkg --verify portreeve; dpkg --audit
echo end
""")
    assert "user: portreeve" in out and "state: portreeve:portreeve 750" in out, out
    assert out.endswith("end\n")


def test_upgrade_keeps_list_and_configuration(story):
    out = story(FIRST + LISTED + INSTALL.format("later.deb") + f"""
dpkg-query -W portreeve; portreeve list; cat /etc/portreeve/portreeve.conf
echo "state: $({MINE})"
""")
    assert "0.1.0+later" in out and "192.0.2.1" in out and "allow_special" in out
    assert "state: portreeve:portreeve 750" in out, out


@pytest.mark.parametrize("asked, kept", [("", True), ("PORTREEVE_PURGE=list", False),
                                         ("PORTREEVE_PURGE=yes", True)])
def test_purge(story, asked, kept):
    out = story(FIRST + LISTED + f"""
dpkg -r portreeve; test -e /var/lib/portreeve/portreeve.db
{asked} dpkg -P portreeve 2>&1
test ! -e /usr/bin/portreeve; test ! -e /usr/lib/sysusers.d/portreeve.conf
test ! -e /etc/systemd/system/multi-user.target.wants/portreeve.service
test ! -e /var/lib/systemd/deb-systemd-helper-enabled/portreeve.service.dsh-also
test -e /etc/portreeve/portreeve.conf
if [ -e /var/lib/portreeve/portreeve.db ]; then echo "the list is there"; fi
""")
    assert ("the list is there" in out) == kept
    assert ("/var/lib/portreeve stays" in out) == kept


def test_installed_over_what_is_left(story):
    """After a purge that kept the list, a new installation goes on with it."""
    out = story(FIRST + LISTED + "dpkg -P portreeve 2>&1\n" + FIRST + "portreeve list\n")
    assert "192.0.2.1" in out


@pytest.mark.parametrize("uid, mended", [(4711, True), (990, False)])
def test_installed_over_the_list_of_a_user_that_is_gone(story, uid, mended):
    """A system's number comes back with the user; another one is given up."""
    out = story(FIRST + LISTED + f"""
dpkg -P portreeve 2>&1; userdel portreeve; groupdel portreeve 2>/dev/null || true
chown -R {uid}:{uid} /var/lib/portreeve
""" + FIRST + f"""
portreeve list; echo "state: $({MINE})"; echo "uid: $(id -u portreeve)"
echo "others: $(find /var/lib/portreeve ! -user portreeve | wc -l)"
""")
    assert "192.0.2.1" in out and "others: 0" in out, out
    assert "state: portreeve:portreeve 750" in out
    assert ("belonged to no user; it is portreeve's now" in out) == mended
    assert (f"uid: {uid}\n" in out) != mended


def test_installed_over_the_list_of_somebody_else(story):
    """It is not taken from him, and who starts is told what to run; that mends it."""
    out = story(FIRST + LISTED + """
dpkg -P portreeve 2>&1; chown -R daemon:daemon /var/lib/portreeve
""" + FIRST + """
stat -c 'database: %U' /var/lib/portreeve/portreeve.db
timeout 20 portreeve run || echo "code $?"
chown -R --no-dereference portreeve: /var/lib/portreeve; portreeve list
""")
    assert "belongs to user daemon, not to portreeve. If it is a list" in out, out
    assert "database: daemon" in out and "code 73" in out
    assert "but portreeve.db in it to user \"daemon\" (id 1); expected one owner. Run: chown -R " \
        "--no-dereference portreeve: /var/lib/portreeve" in out
    assert "192.0.2.1" in out


def test_state_of_another_owner_stays_his(story):
    """systemd-sysusers and tmpfiles; what is in it would not be the user's."""
    out = story("mkdir /var/lib/portreeve; echo x > /var/lib/portreeve/file\n" + FIRST +
                "stat -c '%n %U' /var/lib/portreeve/file\n")
    assert "/var/lib/portreeve/file root" in out
    assert "/var/lib/portreeve belongs to user root, not to portreeve" in out


def test_others_are_told_whose_list_it_is(story):
    """They have lists of their own: a listing there is in no DNS."""
    out = story(FIRST + LISTED + """
daemon() { setpriv --reuid daemon --regid daemon --clear-groups env HOME=/tmp/daemon "$@" 2>&1; }
install -d -o daemon -g daemon /tmp/daemon
echo "status:"; daemon portreeve status || echo "code $?"
echo "add:"; daemon portreeve list add 192.0.2.2 --why seen
echo "named:"; daemon portreeve list --state /tmp/daemon/.local/state/portreeve
echo "root:"; portreeve list 2>&1
""")
    told = "portreeve: {}: this is about a list of your own, in " \
        "/tmp/daemon/.local/state/portreeve; that of the machine, in /var/lib/portreeve, is for " \
        "root: sudo portreeve {}\n"
    for part, command in (("status:", "status"), ("add:", "list")):
        assert f"{part}\n" + told.format(command, command) in out, out
    assert "192.0.2.2" in out.split("named:")[1].split("root:")[0]
    assert "192.0.2.2" not in out.split("root:")[1]
    assert out.count("a list of your own") == 2
