"""The simulators of the benchmarks, each a C program of a few lines, compiled where it is needed first."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

__all__ = ["Programs"]

SOURCES = Path(__file__).parent


class Programs:
    """Finds simulators by name: `answer` is `answer.c`, compiled into ``folder``; others are installed ones."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.paths: dict[str, str | None] = {}

    def find(self, name: str) -> str | None:
        """Return the path of a program, None where it is not installed; SystemExit says why it cannot be compiled."""
        if name not in self.paths:
            source = SOURCES / f"{name}.c"
            self.paths[name] = compiled(source, self.folder / name) if source.exists() else shutil.which(name)
        return self.paths[name]


def compiled(source: Path, program: Path) -> str:
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        raise SystemExit("the benchmarks compile a small C program, but there is no cc: apt install gcc libc6-dev")
    command = [compiler, "-O2", "-o", str(program), str(source)]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    if built.returncode:
        raise SystemExit(f"{compiler} could not compile {source}:\n{built.stderr}")
    return str(program)
