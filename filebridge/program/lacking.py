"""What a program says that ends at once because a part of it is not installed."""

from __future__ import annotations

import re

from filebridge.errors import escaped

__all__ = ["install_cure", "lacking"]

_SAID = (
    re.compile(rb"No module named '?([\w.]+)"),  # Python
    re.compile(rb"loading shared libraries: ([\w.+-]+)"),  # the loader of Linux
    re.compile(rb"Library not loaded: (\S+)"),  # the loader of macOS
    re.compile(rb"Can't locate (\S+) in @INC"),  # Perl
    re.compile(rb"Unable to access jarfile (\S+)"),  # Java
    re.compile(rb"(?:Could not find or load main class|ClassNotFoundException:) (\S+)"),
    re.compile(rb"(\S+): (?:command )?not found\s"),  # shells
)


def lacking(words: bytes) -> str:
    """Return what a program lacked, by the ``words`` that it said last; "" where they do not tell."""
    found = next(filter(None, (pattern.search(words) for pattern in _SAID)), None)
    return escaped(found[1], 80) if found else ""


def install_cure(install: str) -> str:
    """Return what to do where a part is missing; ``install`` is what the configuration says of it."""
    return f"install with: {install}" if install else "install it, and say how under `simulator: {install: ...}`"
