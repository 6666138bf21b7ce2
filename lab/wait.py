"""Waiting for events, always with a deadline, never for a fixed time."""

import time

TICK = 0.02
# The times given are for a machine that has nothing else to do.
PATIENCE = 3


class Late(Exception):
    """What was waited for did not happen in time."""


def until(what, probe, seconds=10.0):
    """Call probe() until it gives a true value, and return that value.

    `what` names the event for the error message: a text, or a function that
    gives one when it is needed.
    """
    seconds *= PATIENCE
    deadline = time.monotonic() + seconds
    while True:
        value = probe()
        if value:
            return value
        if time.monotonic() > deadline:
            event = what() if callable(what) else what
            raise Late(f"waited {seconds:g} s in vain for {event}")
        time.sleep(TICK)
