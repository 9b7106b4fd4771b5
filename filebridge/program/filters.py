"""What stands between the bytes of a transport and the dialogue: the cleaning of text, a screen, or nothing."""

from __future__ import annotations

from collections.abc import Callable

from filebridge.config.dialogues import dialogues, framing_of, gives_snapshots
from filebridge.config.field import STYLES, FieldModel
from filebridge.config.model import Config
from filebridge.config.simulator import Text
from filebridge.wire.cleaner import Cleaner
from filebridge.wire.phase import Filter

__all__ = ["SnapshotCleaner", "Untouched", "is_binary", "message_filter", "reads_binary", "text_filter"]


class SnapshotCleaner:
    """Cleans each snapshot by itself: nothing is held back for the next one."""

    __slots__ = ("_cleaner", "_plain")

    def __init__(self, text: Text) -> None:
        self._cleaner = Cleaner(text)
        self._plain = not self._cleaner.translates

    def clean(self, chunk: bytes) -> bytes:
        """Return the clean text of a whole snapshot; raises DecodeError for what is no text."""
        # Numbers, not bytes: that search is one call of memchr. 239 begins a byte order mark.
        clean = 13 not in chunk and 27 not in chunk and 0 not in chunk and 7 not in chunk
        if clean and self._plain and chunk[:1] != b"\xef":
            return chunk
        cleaned = self._cleaner.clean(chunk)
        return cleaned + self._cleaner.finish()

    def finish(self) -> bytes:
        """Return nothing: nothing is held back."""
        return b""


class Untouched:
    """Lets everything pass as it is: binary data, what an adapter decodes, and parcels, cleaned part by part."""

    __slots__ = ()

    def clean(self, chunk: bytes) -> bytes:
        """Return ``chunk``."""
        return chunk

    def finish(self) -> bytes:
        """Return nothing: nothing is held back."""
        return b""


def text_filter(config: Config) -> Filter:
    """Return a new filter for what a simulator says."""
    if config.adapter is not None:
        return Untouched()
    console, files = config.transport.console, config.transport.files
    if console is not None and console.screen is not None:
        from filebridge.wire.screens.screen import Screen

        styled = any(field.screen in STYLES for field in config.fields.values())
        return Screen(*console.screen, config.text.encoding, styled)
    several = files is not None and files.read is not None and len(files.read) > 1
    if several or reads_binary(config) or _counts_bytes(config):
        return Untouched()
    return SnapshotCleaner(config.text) if gives_snapshots(config) else Cleaner(config.text)


def message_filter(config: Config) -> Callable[[bytes], bytes] | None:
    """Return what cleans each message by itself, None where all is clean, or binary, when it is cut into messages.

    A length counts the bytes as they were sent, and the bytes of its number may be those of a line end.
    """
    if reads_binary(config) or not _counts_bytes(config):
        return None
    text = config.text

    def clean(message: bytes) -> bytes:
        # All seats share this one, so nothing may be kept in it.
        return SnapshotCleaner(text).clean(message)

    return clean


def reads_binary(config: Config) -> bool:
    """Return whether what the simulator says is no text, as far as the configuration tells."""
    return config.adapter is not None or any(is_binary(field) for field in config.fields.values())


def _counts_bytes(config: Config) -> bool:
    return any(framing_of(config, exchange).length is not None for _, exchange in dialogues(config))


def is_binary(field: FieldModel) -> bool:
    """Return whether the field is read from bytes that are no text."""
    return any(getattr(field, way) is not None for way in ("npy", "npz", "binary", "adapter"))
