"""What a program says that ends at once because a part of it is not installed."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from filebridge.errors import escaped

if TYPE_CHECKING:
    from filebridge.program import Program

__all__ = ["install_cure", "lacking", "left_cure"]

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


def left_cure(program: Program, words: bytes) -> str:
    """Return what to write where a program misses a file that stands beside the YAML, by its last ``words``.

    It starts in another folder, and looks for the file there. "" where it ended for another reason.
    """
    simulator, folder = program.config.simulator, program.source.folder
    if folder is None or simulator.directory != "${workdir}":
        return ""
    for word in simulator.command[1:]:
        name = os.path.normpath(word)
        said = os.fsencode(os.path.basename(name)) in words
        if said and not os.path.isabs(name) and name not in simulator.files and (folder / name).is_file():
            return f"{escaped(word, 80)} stands beside the YAML, and the program starts elsewhere: `${{config}}/{name}`"
    return ""
