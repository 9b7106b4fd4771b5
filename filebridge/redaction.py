"""Stars where a secret would be shown, in whatever form a program or a library repeats it."""

from __future__ import annotations

import base64
import binascii
import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import fields, replace

from filebridge.errors import BridgeError

__all__ = ["HIDES_NOTHING", "SHORTEST", "Redaction"]

SHORTEST = 6
"""Characters below which a secret is not looked for: it would be found in numbers."""

_ESCAPE = 6
_RUN = re.compile("[A-Za-z0-9]+")
_NAMED = re.compile(r"""[\w-]=["']?([^\s;,"'=]+)""")


class Redaction:
    """Hides ``secrets``: each whole, the key in one such as `Bearer KEY`, the password in one of `Basic`.

    They are found as they are, with backslashes, as JSON, percent-encoded and as HTML. As many stars as there were
    bytes take their place, so that lengths which were announced stay true.
    """

    __slots__ = ("_known",)

    def __init__(self, secrets: Iterable[str]) -> None:
        texts = {text for secret in secrets for text in _parts(secret) if len(text) >= SHORTEST}
        # The longest first: what is left of one whose part was hidden would not be found.
        ordered = sorted(sorted(texts), key=len, reverse=True)
        self._known = tuple((_mark(text), re.compile(b"".join(map(_forms, text)), re.DOTALL), text) for text in ordered)

    def __call__(self, data: bytes) -> bytes:
        """Return ``data`` with stars in the places of secrets."""
        for mark, pattern, _ in self._known:
            # The pattern is slow; that which no form changes is found first, or nothing is.
            if mark in data:
                data = pattern.sub(_stars, data)
        return data

    def cut(self, data: bytes) -> bytes:
        """Return the same where ``data`` may end in the middle of a secret."""
        data = self(data)
        for _, _, text in self._known:
            forms = [re.compile(_forms(char), re.DOTALL) for char in text]
            for begun in re.finditer(b"".join(form.pattern for form in forms[:SHORTEST]), data, re.DOTALL):
                at = begun.end()
                for form in forms[SHORTEST:]:
                    found = form.match(data, at)
                    if found is None:
                        break
                    at = found.end()
                # An escape may be cut too.
                if len(data) - at < _ESCAPE:
                    return data[: begun.start()] + b"*" * (len(data) - begun.start())
        return data

    def text(self, shown: str) -> str:
        """Return the text ``shown`` with stars in the places of secrets."""
        if not self._known:
            return shown
        return self(shown.encode("utf-8", "backslashreplace")).decode("utf-8", "replace")

    def clear(self, error: BridgeError) -> None:
        """Leave no secret in ``error``, nor in its situation."""
        if not self._known:
            return
        error.what, error.found, error.cure = map(self.text, (error.what, error.found, error.cure))
        error.args = tuple(self.text(part) if isinstance(part, str) else part for part in error.args)
        if error.situation is not None:
            told = ((field.name, getattr(error.situation, field.name)) for field in fields(error.situation))
            changes = {name: self.text(part) for name, part in told if isinstance(part, str)}
            error.situation = replace(error.situation, **changes)  # type: ignore[arg-type]


def _parts(secret: str) -> Iterator[str]:
    """Yield what of a header field's value must not be shown."""
    yield secret
    scheme, _, key = secret.rpartition(" ")
    yield key
    yield from _NAMED.findall(secret)
    if scheme.casefold() == "basic":
        try:
            credentials = base64.b64decode(key, validate=True).decode("latin-1")
        except (binascii.Error, ValueError):
            return
        yield credentials
        yield credentials.partition(":")[2]


def _mark(text: str) -> bytes:
    """Return the longest part of ``text`` that stands in each of its forms as it is."""
    return max(_RUN.findall(text), key=len, default="").encode()


def _forms(char: str) -> bytes:
    """Return the pattern of all that ``char`` is written as."""
    if _RUN.fullmatch(char):
        return char.encode()
    code = ord(char)
    forms = [rb"\\*" + re.escape(html.escape(char).encode()), rb"&#0*%d;" % code, rb"(?i:&#x0*%x;)" % code]
    forms.append(rb"\\+[uU](?:0000)?(?i:%04x)" % code)
    for encoding in ("latin-1", "utf-8"):
        data = char.encode(encoding, "replace")
        forms.append(rb"\\*" + re.escape(data))
        forms += (b"".join(way + b"(?i:%02x)" % byte for byte in data) for way in (b"%", rb"\\+x"))
    if char == " ":
        forms.append(rb"\+")
    return b"(?:" + b"|".join(dict.fromkeys(forms)) + b")"


def _stars(found: re.Match[bytes]) -> bytes:
    return b"*" * len(found[0])


HIDES_NOTHING = Redaction(())
"""The one of no secrets."""
