"""Why no reply came over a socket: the probable cause, and what to write instead."""

from __future__ import annotations

from filebridge.config.model import Config
from filebridge.config.sockets import Http, Tcp, Udp, Unix

__all__ = ["socket_cause"]

_SLOW = "if it is only slow, raise `deadlines`"


def socket_cause(config: Config, state: str, has_sent: bool, has_spoken: bool) -> tuple[str, str] | None:
    """Return the cause where nothing came over the socket that carries replies; None where none does.

    ``state`` is that of the process, empty for one that somebody else started; ``has_sent`` whether something was sent
    in this exchange, ``has_spoken`` whether there ever was a whole reply.
    """
    sockets = config.transport.sockets.values()
    way = next((one for one in sockets if isinstance(one, Http) or one.carries != "actions"), None)
    if way is None:
        return None
    busy = "; the program is busy" if state.startswith("running") else ""
    if isinstance(way, Http):
        return _http(way, busy, has_sent)
    if isinstance(way, Udp):
        return _udp(way, busy, has_sent)
    return _stream(way, busy, has_sent, has_spoken)


def _http(http: Http, busy: str, has_sent: bool) -> tuple[str, str]:
    if http.url:
        return f"the request was made, and not answered{busy}", f"see what it does with this request; {_SLOW}"
    if has_sent and http.action != http.observation:
        what = f"nothing was posted to {http.observation} after the action{busy}"
        return what, f"see whether it fetched the action at {http.action}, and where it posts; {_SLOW}"
    return f"it made no request{busy}", f"see which address it is told, and whether it names `${{token}}`; {_SLOW}"


def _udp(udp: Udp, busy: str, has_sent: bool) -> tuple[str, str]:
    where = "" if udp.listen is None else f", and whether it sends to {udp.listen}"
    if not has_sent:
        return f"no datagram came{busy}", f"see what it sends by itself{where}; {_SLOW}"
    lost = f"no datagram came: what was sent, or the answer to it, may be lost{busy}"
    return lost, f"`resend: 200 ms` where it may get an action twice; see what was sent{where}; {_SLOW}"


def _stream(way: Tcp | Unix, busy: str, has_sent: bool, has_spoken: bool) -> tuple[str, str]:
    if not has_sent:
        return f"it is connected, and says nothing by itself{busy}", f"`send` something first; {_SLOW}"
    what = f"it is connected, and said nothing to what was sent{busy}"
    if has_spoken:
        return what, f"see what was sent: it may wait for more; {_SLOW}"
    return what, r'see what was sent: many protocols want `text: {line_end: "\r\n"}`, or a `length` in front'
