"""A simulator at a socket whose behaviour is the Python source in its first argument; the others are its ``words``.

``line`` is its connection. It is told each step as "STEP ACTION", and answers as in ``folder_side``.
"""

import os
import signal
import socket
import struct
import sys
import time

__all__ = [
    "accept", "answer", "ask", "cut", "dial", "hear", "note", "os", "reply", "request", "say", "server", "signal",
    "socket", "spoil", "struct", "take", "time", "words",
]  # fmt: skip

words = sys.argv[2:]
line = listener = None
buffer = b""


def server(address=None):
    """Return what listens at a port of this machine, or at a path."""
    address = address or words[0]
    if "/" in address or not address.isdigit():
        made = socket.socket(socket.AF_UNIX)
        made.bind(address)
        made.listen(8)
        return made
    return socket.create_server(("127.0.0.1", int(address)), backlog=8)


def accept(address=None):
    """Take the next connection; listen for it first where that was not done yet."""
    global listener
    if listener is None:
        listener = server(address)
    take(listener.accept()[0])


def dial(address=None, greeting=""):
    """Call a port of this machine, or a path."""
    address = address or words[0]
    if address.isdigit():
        take(socket.create_connection(("127.0.0.1", int(address))))
    else:
        made = socket.socket(socket.AF_UNIX)
        made.connect(address)
        take(made)
    if greeting:
        say(greeting)


def take(connection):
    """Talk over ``connection`` from now on."""
    global line, buffer
    line, buffer = connection, b""
    if line.family == socket.AF_INET:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def spoil(listens, **toxics):
    """Connect with a bad line in between, see ``toxic``: who calls ``words[0]``, or is called there, is behind it."""
    global listener, proxy
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    import toxic

    if listens:
        listener = server("0")
        proxy = toxic.Toxic(listener.getsockname(), **toxics)
        proxy.listener.close()
        proxy.listener = server(words[0])
        proxy.__enter__()
        accept()
    else:
        proxy = toxic.Toxic(("127.0.0.1", int(words[0])), **toxics)
        proxy.__enter__()
        dial(str(proxy.address[1]))


def say(text):
    """Send ``text`` at once."""
    line.sendall(text.encode() if isinstance(text, str) else text)


def more():
    """Read on; the end of the connection ends the program."""
    global buffer
    try:
        piece = line.recv(65536)
    except ConnectionError:
        piece = b""
    if not piece:
        sys.exit(0)
    buffer += piece


def part(size):
    """Return the next ``size`` bytes."""
    global buffer
    while len(buffer) < size:
        more()
    piece, buffer = buffer[:size], buffer[size:]
    return piece


def upto(end):
    """Return what comes before ``end``."""
    global buffer
    while end not in buffer:
        more()
    piece, _, buffer = buffer.partition(end)
    return piece


def hear():
    """Return the step in the next line."""
    return int(upto(b"\n").split()[0])


def reply(step, end="\n"):
    """Return the right answer to ``step``."""
    return f"seq={step} x={step * step}{end}"


def cut(hard=False):
    """Close the connection, with a reset where it is ``hard``."""
    if hard:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    line.close()


def sizes(head):
    return [int(each[15:]) for each in head.split(b"\r\n") if each.lower().startswith(b"content-length:")]


def request():
    """Return the method, the path and the body of the next request; head fields are kept in ``fields``."""
    global fields
    head = upto(b"\r\n\r\n")
    first, _, rest = head.partition(b"\r\n")
    fields = rest.decode("latin-1")
    method, path, _ = first.decode().split(" ")
    return method, path, part(sum(sizes(head))).decode()


def answer(body="", status="200 OK", *more_fields):
    """Answer a request."""
    head = "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *more_fields])
    say(head + "\r\n\r\n" + body)


def ask(method, path, body=None, *more_fields):
    """Make a request on the connection; return the status and the body of the answer."""
    length = [] if body is None else [f"Content-Length: {len(body)}"]
    head = [f"{method} {path} HTTP/1.1", "Host: localhost", *more_fields, *length]
    say("\r\n".join(head) + "\r\n\r\n" + (body or ""))
    return heard()


def heard():
    """Return the status and the body of the next answer."""
    head = upto(b"\r\n\r\n")
    return int(head.split()[1]), part(sum(sizes(head))).decode()


def note(text):
    """Write ``text`` to stderr at once."""
    os.write(2, text.encode())


exec(sys.argv[1], globals())
