# SPDX-License-Identifier: ISC
"""A terminal for programs that a test starts."""

import fcntl
import os
import pty
import struct
import subprocess
import termios

END_S = 60


def on_terminal(words, typed=b"", columns=80, **keywords):
    """Exit code of a command, and the bytes that it shows there. The terminal is its standard input, output
    and error, where the keywords, those of Popen, do not say another one; `typed` waits for it."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    os.write(ours, typed)
    shown = b""
    with subprocess.Popen(words, **{"stdin": theirs, "stdout": theirs, "stderr": theirs, **keywords}) as process:
        os.close(theirs)
        try:
            while piece := os.read(ours, 65536):
                shown += piece
        except OSError:             # nobody has it open any more
            pass
        os.close(ours)
        return process.wait(END_S), shown
