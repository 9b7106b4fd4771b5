"""Closing a descriptor that an object holds, so that an interrupt at any moment closes no other one in its place."""

from __future__ import annotations

import os

__all__ = ["shut"]


def shut(owner: object, *names: str) -> None:
    """Close the descriptors that ``owner`` holds under these ``names``, as far as they are open; it holds -1 then.

    Each is forgotten before it is closed: an interrupt comes behind a call, and its number is soon another's.
    """
    for name in names:
        descriptor = getattr(owner, name)
        setattr(owner, name, -1)
        if descriptor >= 0:
            os.close(descriptor)
