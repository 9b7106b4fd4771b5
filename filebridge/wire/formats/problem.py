"""What a format raises when a field cannot be compiled; the caller knows the file and adds the place."""

from __future__ import annotations

__all__ = ["FieldProblem"]


class FieldProblem(ValueError):
    """A field that cannot be compiled, found at load time.

    ``key`` is the key of the field at fault, ``what`` is wrong with it, ``found`` is the part of its text at
    fault, ``expected`` says what to write instead and ``near`` is the nearest known word; each of the last three
    is empty where there is none. ``offset`` and ``length`` are the span of the part in characters of the value as
    it is written in the YAML, slashes included; both are 0 when the whole value is meant.
    """

    def __init__(
        self,
        key: str,
        what: str,
        *,
        found: str = "",
        expected: str = "",
        near: str = "",
        offset: int = 0,
        length: int = 0,
    ) -> None:
        super().__init__(key, what)
        self.key = key
        self.what = what
        self.found = found
        self.expected = expected
        self.near = near
        self.offset = offset
        self.length = length

    def __str__(self) -> str:
        parts = (("found", self.found), ("expected", self.expected), ("did you mean", self.near))
        return "\n  ".join([f"{self.key}: {self.what}", *(f"{name}: {text}" for name, text in parts if text)])
