"""Clients as simulators have them: http.client kept alive and anew, urllib, curl, a shell without any of them."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

_spec = importlib.util.spec_from_file_location("counter_side", Path(__file__).with_name("counter_side.py"))
side = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(side)

STEPS = 20

KEPT = """
import http.client, sys
connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]))
headers = {"X-Token": sys.argv[2], **({"Connection": "close"} if sys.argv[3:] else {})}
while True:
    connection.request("GET", "/action", headers=headers)
    answer = connection.getresponse()
    action = answer.read()
    if answer.status == 204:
        continue
    if answer.status != 200:
        sys.exit(f"{answer.status} {action}")
    if action == b"quit":
        break
    connection.request("POST", "/observation", body=b"seen " + action, headers=headers)
    assert connection.getresponse().read() == b""
"""

URLLIB = """
import sys
from urllib.request import urlopen
root = f"http://localhost:{sys.argv[1]}/{sys.argv[2]}/"
while (action := urlopen(root + "action").read()) != b"quit":
    if action:
        urlopen(root + "observation", data=b"seen " + action).read()
"""

CHUNKS = """
import http.client, sys
connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]))
action, observation = (f"/{name}?token={sys.argv[2]}" for name in ("action", "observation"))
while True:
    connection.request("GET", action)
    text = connection.getresponse().read()
    if text == b"quit":
        break
    if text:
        connection.request("PUT", observation, body=iter([b"seen", b" ", text]), encode_chunked=True,
                           headers={"Transfer-Encoding": "chunked"})
        connection.getresponse().read()
"""

CURL = """
root=http://127.0.0.1:$1/$2
while action=$(curl -sf $root/action) && [ "$action" != quit ]; do
    [ -z "$action" ] || curl -sf --data-binary "seen $action" $root/observation || exit 1
done
"""

BASH = """
ask() {
    exec 3<>/dev/tcp/127.0.0.1/$1
    printf "$2" >&3
    reply=$(cat <&3)
    exec 3>&-
}
while true; do
    ask $1 "GET /$2/action HTTP/1.0\\r\\n\\r\\n"
    action=${reply##*$'\\r\\n\\r\\n'}
    [ "$action" = quit ] && exit 0
    case $reply in *" 204 "*) continue;; esac
    text="seen $action"
    ask $1 "POST /$2/observation HTTP/1.0\\r\\nContent-Length: ${#text}\\r\\n\\r\\n$text"
done
"""

PYTHON = [sys.executable, "-c"]
CLIENTS = {
    "kept": [*PYTHON, KEPT, "PORT", "TOKEN"],
    "anew": [*PYTHON, KEPT, "PORT", "TOKEN", "close"],
    "urllib": [*PYTHON, URLLIB, "PORT", "TOKEN"],
    "chunks": [*PYTHON, CHUNKS, "PORT", "TOKEN"],
    "curl": ["sh", "-c", CURL, "sh", "PORT", "TOKEN"],
    "bash": ["bash", "-c", BASH, "bash", "PORT", "TOKEN"],
}


@pytest.mark.parametrize("name", CLIENTS)
@pytest.mark.parametrize("wait", [0.02, 20.0])
def test_a_simulator_is_stepped_through_it(name, wait):
    assert shutil.which(CLIENTS[name][0])
    bridge = side.Bridge(wait=wait)
    known = {"PORT": str(bridge.port), "TOKEN": side.TOKEN}
    try:
        with subprocess.Popen([known.get(word, word) for word in CLIENTS[name]]) as client:
            for number in range(STEPS):
                bridge.write(b"action %d" % number)
                bridge.until(lambda count=number: len(bridge.bodies) > count or client.poll() is not None)
            bridge.write(b"quit")
            bridge.until(lambda: client.poll() is not None)
        assert client.returncode == 0
        assert bridge.bodies == [b"seen action %d" % number for number in range(STEPS)]
    finally:
        bridge.close()
