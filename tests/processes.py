# SPDX-License-Identifier: ISC
"""What the kernel says of processes that a test has started."""

import contextlib
import os
from pathlib import Path


def roles_of(pid):
    """The roles that a supervisor has running: {name: process id}."""
    found = {}
    with contextlib.suppress(OSError):              # the supervisor is gone
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            with contextlib.suppress(OSError):      # or this role is
                words = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
                if words[1:2] == [b"role"]:
                    found[words[2].decode()] = int(child)
    return found


def cpu_seconds(pid):
    """The processor time that it has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
