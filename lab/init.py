#!/usr/bin/python3
"""The first process of the lab, process 1 of its namespaces.

When it ends, the kernel ends every process of the lab, and with the last of
them go the mounts and the networks: that is the lab's whole clean-up.  It
holds the read end of a pipe, its lifeline: when the program that made the lab
dies, however it dies, the pipe closes and the lab goes with it.  The word
`keep` on the pipe lets the lab outlive its maker; SIGTERM then ends it.
"""

import signal
import sys


def main():
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # orphans are reaped by the kernel
    signal.signal(signal.SIGINT, signal.SIG_IGN)   # ^C is the maker's to handle
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print("ready", flush=True)
    if sys.stdin.readline().strip() == "keep":
        while True:
            signal.pause()


if __name__ == "__main__":
    main()
