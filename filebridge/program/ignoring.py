"""What a simulator says of its own accord, and what answers nothing: a heartbeat, a notice."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from filebridge.config.problems import Problem
from filebridge.config.simulator import Text
from filebridge.config.units import regex_source
from filebridge.program.faults import Faults
from filebridge.wire.cleaner import clean_encoding

__all__ = ["compile_ignored", "ignored_cause"]


def compile_ignored(texts: Sequence[str], text: Text, faults: Faults) -> Callable[[bytes], object] | None:
    """Return a function that is true for a message with one of ``texts``, None where there are none."""
    encoding = clean_encoding(text.encoding)
    branches = []
    for number, wanted in enumerate(texts):
        source = regex_source(wanted)
        try:
            branch = re.escape(wanted.encode(encoding)) if source is None else source.encode(encoding)
            re.compile(b"(?:)(?:%s)" % branch)
            branches.append(b"(?:%s)" % branch)
        except UnicodeEncodeError as error:
            found = wanted[error.start : error.end]
            what = f"a character that {text.encoding} lacks"
            faults.problems.append(Problem(("ignore", number), what, found, "another encoding"))
        except (re.error, OverflowError, RecursionError):
            continue  # the rules have reported it
    return re.compile(b"|".join(branches), re.MULTILINE).search if branches else None


def ignored_cause(messages: int, sent: bool) -> tuple[str, str]:
    """Return the cause, and its cure, where nothing came but ignored messages; ``sent``: something was sent before."""
    came = "1 message came, and was" if messages == 1 else f"{messages} messages came, and were all"
    cure = "correct `ignore`: it drops each message that holds one of its texts"
    if sent:
        cure += "; if the reply was none of them, see what was sent: many protocols want `text: {line_end: \"\\r\\n\"}`"
    return f"{came} dropped by `ignore`", cure
