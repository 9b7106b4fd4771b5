"""Why no reply came over a socket: the probable cause, and what to write instead."""

from __future__ import annotations

from filebridge.config.model import Config
from filebridge.config.simulator import Text
from filebridge.config.sockets import Http, Udp

__all__ = ["socket_cause", "turned_away_cure"]

_LINE_END = r'many protocols want `text: {line_end: "\r\n"}`'
_SLOW = "if it is only slow, raise `deadlines`"


def socket_cause(config: Config, state: str, has_sent: bool, has_spoken: bool, met: str) -> tuple[str, str] | None:
    """Return the cause where nothing came over the socket that carries replies; None where none does.

    ``state`` is that of the process, empty for one that somebody else started; ``has_sent`` whether something was sent
    in this exchange, ``has_spoken`` whether there ever was a whole reply, ``met`` what the sockets met.
    """
    sockets = config.transport.sockets.values()
    way = next((one for one in sockets if isinstance(one, Http) or one.carries != "actions"), None)
    if way is None:
        return None
    busy = "; the program is busy" if state.startswith("running") else ""
    if isinstance(way, Http):
        return _http(way, busy, has_sent, met)
    if isinstance(way, Udp):
        return _udp(way, busy, has_sent, met)
    return _stream(config.text, busy, has_sent, has_spoken)


def turned_away_cure(config: Config) -> str:
    """Return what lets in one who was turned away at our server of HTTP; empty where there is none."""
    http = config.transport.http
    return _served_cure(http) if http is not None and http.url is None else ""


def _served_cure(http: Http) -> str:
    cure = f"`action` is {http.action}, `observation` is {http.observation}"
    if http.peer == "token":
        return f"{cure}; and the path names `${{token}}`, `/${{token}}{http.action}`: correct what differs"
    if http.peer == "process":
        return f"{cure}: correct what differs; only what was started for this run is served (peer: process)"
    return f"{cure}: correct what differs"


def _http(http: Http, busy: str, has_sent: bool, met: str) -> tuple[str, str]:
    if http.url:
        return f"the request was made, and not answered{busy}", f"see what it does with this request; {_SLOW}"
    turned = "turned away" in met
    if has_sent and http.action != http.observation:
        what = f"nothing was posted to {http.observation} after the action{f': {met}' if met else ''}{busy}"
        if turned:
            return what, _served_cure(http)
        return what, f"see whether it fetched the action at {http.action}, and where it posts; {_SLOW}"
    if turned:
        # What was served, where anything was, is told before what was turned away, which begins with their number.
        served = "it made no request that is served" if met[:1].isdigit() else "it posted nothing"
        return f"{served}: {met}{busy}", _served_cure(http)
    if met:
        return f"it posted nothing: {met}{busy}", f"see what it posts to {http.observation} by itself; {_SLOW}"
    return f"it made no request{busy}", f"see which address it is told, and whether it names `${{token}}`; {_SLOW}"


def _udp(udp: Udp, busy: str, has_sent: bool, met: str) -> tuple[str, str]:
    where = "" if udp.listen is None else f", and whether it sends to {udp.listen}"
    if "strangers" in met:
        cure = "only what was started for this run is heard: `peer: any` where another program is to send"
        return f"no datagram came that is heard; {met}{busy}", f"{cure}, on loopback; {_SLOW}"
    busy = f"; {met}{busy}" if met else busy
    if not has_sent:
        return f"no datagram came{busy}", f"see what it sends by itself{where}; {_SLOW}"
    lost = f"no datagram came: what was sent, or the answer to it, may be lost{busy}"
    return lost, f"`resend: 200 ms` where it may get an action twice; see what was sent{where}; {_SLOW}"


def _stream(text: Text, busy: str, has_sent: bool, has_spoken: bool) -> tuple[str, str]:
    if not has_sent:
        return f"it is connected, and says nothing by itself{busy}", f"`send` something first; {_SLOW}"
    what = f"it is connected, and said nothing to what was sent{busy}"
    missing = "it may wait for more" if text.line_end == "\r\n" else _LINE_END
    return what, f"see what was sent: {missing}; {_SLOW if has_spoken else 'or a `length` in front'}"
