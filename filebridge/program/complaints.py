"""What a simulator says when it did not understand: a reply that holds it is no answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from filebridge.config.problems import Problem
from filebridge.config.simulator import Text
from filebridge.config.units import regex_source
from filebridge.errors import Refused, escaped
from filebridge.program.faults import Faults
from filebridge.wire.cleaner import clean_encoding

__all__ = ["compile_complaints"]


def compile_complaints(complaints: Sequence[str], text: Text, faults: Faults) -> Callable[[bytes], None] | None:
    """Return a function that raises Refused for a reply with one of ``complaints``, None where there are none."""
    branches = [_branch(complaint, number, text, faults) for number, complaint in enumerate(complaints)]
    if not branches:
        return None
    search = re.compile(b"|".join(branches), re.MULTILINE).search

    def refuse(reply: bytes) -> None:
        match = search(reply)
        if match is not None:
            raise Refused(
                "the simulator refused what was sent, or failed",
                found=escaped(_lines_around(reply, match)),
                cure="see what was sent; if this is a normal reply, take it out of `complaints`",
            )

    return refuse


def _branch(complaint: str, number: int, text: Text, faults: Faults) -> bytes:
    source = regex_source(complaint)
    encoding = clean_encoding(text.encoding)
    try:
        branch = re.escape(complaint.encode(encoding)) if source is None else source.encode(encoding)
        # It becomes a part of a larger pattern; there are things, flags in its midst say, that cannot stand in one.
        if not re.compile(b"(?:)(?:%s)" % branch).match(b""):
            return b"(?:%s)" % branch
        what, found, expected = "matches the empty text, so every reply would be refused", complaint, "a text"
    except UnicodeEncodeError as error:
        what, found, expected = f"a character that {text.encoding} lacks", complaint[error.start], "another encoding"
    except (re.error, OverflowError, RecursionError) as error:
        expected = "a pattern of Python's `re`; `(?i:...)` where capitals do not count"
        what, found = "not a regular expression", str(error)
    faults.problems.append(Problem(("complaints", number), what, found, expected))
    return b"(?!)"


def _lines_around(reply: bytes, match: re.Match[bytes]) -> bytes:
    """Return the whole lines in which the complaint stands."""
    start = reply.rfind(b"\n", 0, match.start()) + 1
    end = reply.find(b"\n", match.end())
    return reply[start : end if end >= 0 else len(reply)]
