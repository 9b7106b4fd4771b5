"""Messages of earlier runs, kept for an equal input."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import hashlib

__all__ = ["Remembered"]


class Remembered:
    """The messages that were used last, at most ``size`` of them, each under the digest of what it answers."""

    __slots__ = ("_messages", "_prefix", "_size")

    def __init__(self, size: int, argv: Sequence[str]) -> None:
        self._size = size
        self._messages: OrderedDict[bytes, bytes] = OrderedDict()
        self._prefix = sha256()
        for word in argv:
            _add(self._prefix, word.encode("utf-8", "surrogateescape"))

    def key(self, files: Sequence[tuple[str, bytes]], data: bytes) -> bytes:
        """Return the digest of a run: of its command, its files with their names, in order, and its input."""
        digest = self._prefix.copy()
        for name, content in files:
            _add(digest, name.encode("utf-8", "surrogateescape"))
            _add(digest, content)
        # The last part needs no count: what stands before it can be told apart.
        digest.update(b"input:")
        digest.update(data)
        return digest.digest()

    def get(self, key: bytes) -> bytes | None:
        """Return the message under ``key``, which counts as used; None if there is none."""
        message = self._messages.get(key)
        if message is not None:
            self._messages.move_to_end(key)
        return message

    def put(self, key: bytes, message: bytes) -> None:
        """Keep ``message``; the one that was not used for longest makes room."""
        self._messages[key] = message
        self._messages.move_to_end(key)
        if len(self._messages) > self._size:
            self._messages.popitem(last=False)


def _add(digest: hashlib._Hash, part: bytes) -> None:
    """Add ``part`` after its length, so that no two sequences of parts are the same bytes."""
    digest.update(b"%d:" % len(part))
    digest.update(part)
