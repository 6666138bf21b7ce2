"""Telling a story on a terminal: numbered steps, each with its time."""

import sys
import textwrap
import time
from contextlib import contextmanager

WIDTH = 78
MARGIN = "    "


class Story:
    """Prints as it goes; `steps` counts what was begun."""

    def __init__(self, title):
        self.began = time.monotonic()
        self.steps = 0
        bold = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("", "")
        self._bold = lambda text: text.join(bold)
        print(self._bold(title), flush=True)

    @contextmanager
    def step(self, title):
        """One step; its time is printed when it has succeeded."""
        self.steps += 1
        began = time.monotonic()
        print(f"\n{self._bold(f'{self.steps:2}. {title}')}", flush=True)
        yield
        print(f"{'':>{WIDTH - 10}}{time.monotonic() - began:8.1f} s", flush=True)

    def say(self, text):
        print(textwrap.fill(text, WIDTH, initial_indent=MARGIN, subsequent_indent=MARGIN), flush=True)

    def command(self, host, *words):
        """Show what somebody types."""
        typed = " ".join(f'"{word}"' if " " in str(word) else str(word) for word in words)
        print(f"{MARGIN}{host.name}# {typed}", flush=True)

    def show(self, text):
        """Show what a program or a file says."""
        if text.strip():
            prefix = f"{MARGIN}  | "
            print(textwrap.indent(text.strip("\n"), prefix, lambda line: True), flush=True)

    def table(self, heads, rows):
        rows = [[str(cell) for cell in row] for row in rows]
        widths = [max(len(row[column]) for row in [heads, *rows]) for column in range(len(heads))]
        for row in [heads, ["-" * width for width in widths], *rows]:
            cells = (cell.ljust(width) for cell, width in zip(row, widths))
            print(MARGIN + "  ".join(cells).rstrip(), flush=True)

    @property
    def seconds(self):
        return time.monotonic() - self.began
