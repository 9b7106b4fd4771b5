"""TLS without a socket: what came is turned into plain bytes, and plain bytes into what is to be sent."""

from __future__ import annotations

import ssl

from filebridge.errors import PeerClosed, PeerRejected, TransportError

__all__ = ["Tls", "verifying"]

_PIECE = 65536


def verifying() -> ssl.SSLContext:
    """Return what a service must satisfy: a certificate for its name, signed by whom this machine trusts."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


class Tls:
    """One end of a TLS connection to ``host``.

    ``output`` is to be sent before anything else; ``shaken`` says that the handshake is done, ``ended`` that the other
    end said that nothing more comes.
    """

    __slots__ = ("_host", "_in", "_out", "_tls", "ended", "shaken")

    def __init__(self, context: ssl.SSLContext, host: str) -> None:
        self._host = host
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_hostname=host)
        self.shaken = self.ended = False
        self.shake(b"")

    def shake(self, data: bytes) -> bool:
        """Go on with the handshake with ``data`` that came; return whether it is done.

        Raises PeerRejected for a service that is not what it says, TransportError where it does not speak TLS.
        """
        self._in.write(data)
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        except ssl.SSLCertVerificationError as exc:
            raise PeerRejected(
                f"the certificate of {self._host} is not trusted",
                found=exc.verify_message,
                cure="let SSL_CERT_FILE name a file with the certificate that signed it, or correct the host in `url`",
            ) from exc
        except ssl.SSLError as exc:
            raise TransportError(
                f"{self._host} does not speak TLS as it should",
                found=str(exc.reason or exc),
                cure="see whether the service is one of `https`, else write `http` in `url`",
            ) from exc
        self.shaken = True
        return True

    def output(self) -> bytes:
        """Return what is to be sent, and forget it."""
        return self._out.read()

    def sealed(self, data: bytes) -> bytes:
        """Return what is to be sent so that ``data`` arrives, with whatever was to be sent before."""
        self._tls.write(data)
        return self._out.read()

    def opened(self, data: bytes) -> bytes:
        """Return the plain bytes that are whole with ``data``; raises PeerClosed for what was changed on the way."""
        self._in.write(data)
        plain = []
        try:
            while piece := self._tls.read(_PIECE):
                plain.append(piece)
            self.ended = True
        except ssl.SSLWantReadError:
            # More must come before there is more to read.
            pass
        except ssl.SSLZeroReturnError:
            self.ended = True
        except ssl.SSLError as exc:
            raise PeerClosed(
                "the TLS connection to the simulator failed",
                found=str(exc.reason or exc),
                cure="see the log of the service",
            ) from exc
        return b"".join(plain)
