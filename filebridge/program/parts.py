"""Which part of a message a field is read from, where several files or a whole screen make one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from filebridge.config.field import FieldModel
from filebridge.config.model import Config
from filebridge.config.simulator import Text
from filebridge.parcel import unpack
from filebridge.program.filters import SnapshotCleaner, is_binary
from filebridge.wire.reading import Reading

__all__ = ["compile_parts", "of_screen", "text_of"]


class Parcels:
    """The parts of the message that was read last, cleaned where they are text; cut once for all fields."""

    __slots__ = ("_held", "_text")

    def __init__(self, text: Text) -> None:
        self._text = text
        # One attribute, so that a thread with another message can never mix its parts with these.
        self._held: tuple[bytes, dict[str, bytes], dict[str, bytes]] = (b"", {}, {})

    def part(self, message: bytes, name: str) -> bytes:
        """Return the content of the file ``name``, empty before there is any."""
        return self._of(message)[1].get(name, b"")

    def text(self, message: bytes, name: str) -> bytes:
        """Return the clean text of the file ``name``."""
        _, parts, texts = self._of(message)
        if name not in texts:
            texts[name] = SnapshotCleaner(self._text).clean(parts.get(name, b""))
        return texts[name]

    def _of(self, message: bytes) -> tuple[bytes, dict[str, bytes], dict[str, bytes]]:
        held = self._held
        if held[0] is not message:
            self._held = held = (message, unpack(message), {})
        return held


def compile_parts(config: Config) -> Callable[[FieldModel, Reading], Reading]:
    """Return what makes of the reading of a field one that reads its part of a message."""
    files = config.transport.files
    names = files.read if files is not None and files.read else ()
    if len(names) > 1:
        parcels = Parcels(config.text)
        return lambda field, reading: _from_part(reading, parcels, field.file or names[0], is_binary(field))
    if config.adapter is not None or any(is_binary(field) for field in config.fields.values()):
        return lambda field, reading: reading if is_binary(field) else _cleaned(reading, config.text)
    return lambda field, reading: reading


def _from_part(reading: Reading, parcels: Parcels, name: str, binary: bool) -> Reading:
    part, read, missing = parcels.part if binary else parcels.text, reading.read, reading.missing
    return replace(
        reading,
        read=lambda message: read(part(message, name)),
        missing=(lambda message: missing(part(message, name))) if missing else None,
    )


def _cleaned(reading: Reading, text: Text) -> Reading:
    read = reading.read
    return replace(reading, read=lambda message: read(SnapshotCleaner(text).clean(message)))


def text_of(config: Config) -> Text:
    """Return how the bytes of a message stand for text: those of a screen are UTF-8, whatever the program writes."""
    console = config.transport.console
    if console is None or console.screen is None:
        return config.text
    return config.text.model_copy(update={"encoding": "utf-8", "errors": "strict"})


def of_screen(field: FieldModel, reading: Reading, config: Config) -> Reading:
    """Return ``reading`` as it is on a full screen, where the configuration has one.

    The whole of it has a shape that only its size tells; all else is read from its lines, without the place of the
    cursor that stands behind them.
    """
    console = config.transport.console
    if console is None or console.screen is None or field.screen == "cursor":
        return reading
    if field.screen is not None:
        columns, rows = console.screen
        return replace(reading, shape=(rows, columns), length=rows * columns)
    read, missing = reading.read, reading.missing
    why = None if missing is None else lambda message: missing(_lines(message))
    return replace(reading, read=lambda message: read(_lines(message)), missing=why)


def _lines(screen: bytes) -> bytes:
    return screen[: screen.rfind(b"\n") + 1]
