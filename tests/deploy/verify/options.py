"""What a run is given, by environment variables, as `make verify-aws NAME=VALUE` hands them on."""

import os
import re
from dataclasses import dataclass

NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,39}")


class OptionsError(Exception):
    """A value that cannot be one, with what may be."""


@dataclass(frozen=True)
class Options:
    """How much is tried. `price` says what it costs."""

    # The stack, which must not be there yet.
    stack: str
    # How often each function is started cold; 0 leaves that out.
    rounds: int
    # Updates that are timed, one after another.
    updates: int
    # Open sockets that one event reaches at once, at most.
    sockets: int
    # Handshakes with a wrong chatter ID, whose count is looked for in CloudWatch; 0 leaves that out.
    refusals: int
    # No question is asked before it begins.
    yes: bool

    @classmethod
    def given(cls) -> "Options":
        """Raises `OptionsError`."""
        stack = os.environ.get("STACK") or "ChatterboxVerify"
        if not NAME.fullmatch(stack):
            raise OptionsError("STACK must begin with a letter and hold letters, digits and hyphens only, at most 40.")
        return cls(
            stack=stack,
            rounds=number("ROUNDS", 10, 100),
            updates=number("UPDATES", 200, 10_000),
            sockets=number("SOCKETS", 200, 2_000),
            refusals=number("REFUSALS", 50, 1_000),
            yes=os.environ.get("YES") == "1",
        )


def number(name: str, default: int, most: int) -> int:
    text = os.environ.get(name) or str(default)
    if not text.isascii() or not text.isdigit() or int(text) > most:
        raise OptionsError(f"{name} must be a whole number from 0 to {most:,}; it is {text!r}.")
    return int(text)
