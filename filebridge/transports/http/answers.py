"""What the counter answers, as bytes, and the refusal that becomes such an answer."""

from __future__ import annotations

from filebridge.errors import escaped

__all__ = ["CONTINUE", "TEXT", "Refusal", "answer", "bodiless", "refused"]

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_DETAIL = 200
TEXT = "text/plain; charset=utf-8"

_REASONS = {
    200: "OK", 204: "No Content", 400: "Bad Request", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
    408: "Request Timeout", 410: "Gone", 411: "Length Required", 413: "Content Too Large",
    415: "Unsupported Media Type", 421: "Misdirected Request", 431: "Request Header Fields Too Large",
    500: "Internal Server Error", 501: "Not Implemented", 505: "HTTP Version Not Supported",
}  # fmt: skip


class Refusal(Exception):
    """A request that is not served: the ``status`` of the answer, a ``text`` for whoever wrote the client.

    ``allow`` names the methods that are known, ``bare`` says that the answer has no body, to HEAD. ``detail`` is told
    to the client alone: it may hold what that has sent, and so the token. ``asked`` is the method and the path without
    the token, where they are known.
    """

    def __init__(self, status: int, text: str, allow: str = "", bare: bool = False, detail: str = "") -> None:
        super().__init__(status, text)
        self.status, self.text, self.allow, self.bare, self.detail = status, text, allow, bare, detail
        self.asked = ""


def answer(status: int, kind: str, extra: str = "") -> bytes:
    """Return the head of an answer up to where its length, the rest of its head and its body follow."""
    return (
        f"HTTP/1.1 {status} {_REASONS[status]}\r\nContent-Type: {kind}\r\nCache-Control: no-store\r\n{extra}"
        "Content-Length: "
    ).encode("latin-1")


def bodiless(status: int) -> bytes:
    """Return the head of an answer that has no body, up to where the rest of its head follows."""
    return f"HTTP/1.1 {status} {_REASONS[status]}\r\nCache-Control: no-store\r\n".encode("latin-1")


def refused(refusal: Refusal) -> bytes:
    """Return the whole answer to what is refused; the connection ends with it."""
    detail = f": {escaped(refusal.detail[:_DETAIL])}" if refusal.detail else ""
    body = f"{refusal.status} {refusal.text}{detail}\n".encode()
    extra = "X-Content-Type-Options: nosniff\r\n" + (f"Allow: {refusal.allow}\r\n" if refusal.allow else "")
    head = answer(refusal.status, TEXT, extra)
    return b"%s%d\r\nConnection: close\r\n\r\n%s" % (head, len(body), b"" if refusal.bare else body)
