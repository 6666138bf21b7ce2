# SPDX-License-Identifier: ISC
"""What the Debian package gives back to its user when it is installed anew, while who left it behind
still runs: he exchanges directories under the eyes of root."""

import os
import subprocess

import pytest
from conftest import TOP

POSTINST = TOP / "dist" / "debian" / "portreeve.postinst"
NOBODY_HAS = 61234
HEIR = 65534                     # in the place of the package's user

# The program that root calls: before it does its work, the owner does his.
EXCHANGED = """#!/bin/sh
[ -L {state}/mail ] || {{ mv {state}/mail {state}/aside; ln -s {victim} {state}/mail; }}
exec {chown} "$@"
"""


def give_back(directory, state, chown):
    """The maintainer's script, as dpkg runs it, on our directory and for a user that is here. That it
    fails where names are exchanged is no harm."""
    tools = directory / "tools"
    tools.mkdir()
    for name, text in (("chown", chown), ("systemd-sysusers", "#!/bin/sh\n")):
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    script = POSTINST.read_text().replace("/var/lib/portreeve", str(state))
    script = script.replace("chown --no-dereference portreeve:", f"chown --no-dereference {HEIR}")
    script = script.replace("! -user portreeve", f"! -user {HEIR}")
    subprocess.run(["sh", "-s", "configure"], input=script, text=True, check=False,
                   env={"PATH": f"{tools}:/usr/sbin:/usr/bin:/sbin:/bin"})


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
@pytest.mark.parametrize("hostile", [False, True])
def test_given_back(tmp_path, hostile):
    state, victim = tmp_path / "state", tmp_path / "victim"
    (state / "mail").mkdir(parents=True)
    victim.mkdir()
    for path in (state / "portreeve.db", state / "mail" / "shadow", victim / "shadow"):
        path.write_text("x")
    for path in (state, state / "portreeve.db", state / "mail", state / "mail" / "shadow"):
        os.chown(path, NOBODY_HAS, NOBODY_HAS)
    real = "/bin/chown"
    give_back(tmp_path, state, EXCHANGED.format(state=state, victim=victim, chown=real) if hostile
              else f"#!/bin/sh\nexec {real} \"$@\"\n")
    assert (victim / "shadow").stat().st_uid == 0 and victim.stat().st_uid == 0
    if not hostile:
        for path in (state, state / "portreeve.db", state / "mail", state / "mail" / "shadow"):
            assert path.stat().st_uid == HEIR, path
