"""Waiting for events, always with a limit, never for a fixed time: in the lab, and in all tests."""

import time

TICK_S = 0.02
GIVE_UP_S = 90          # there to end what hangs; several suites run at once


class Late(Exception):
    """What was waited for did not happen in time."""


def wait_until(condition, what, seconds=GIVE_UP_S):
    """Calls condition() until it gives a true value, and returns that value.

    `what` names the event for the error message: a text, or a function that
    gives one when it is needed.
    """
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            event = what() if callable(what) else what
            raise Late(f"gave up waiting for {event} after {seconds:g} s")
        time.sleep(TICK_S)
