"""What figures depend on: the machine, and the versions of what takes part."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

__all__ = ["machine", "versions"]


def machine() -> dict[str, Any]:
    """Return the number of processors, the version of Python and the system."""
    return {"processors": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()}


def versions(*packages: str) -> dict[str, str]:
    """Return the versions of those of ``packages`` that are installed."""
    found = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
