"""Environments over HTTP in both roles: every kind of request, keys, TLS, readiness; a simulator that polls."""

from __future__ import annotations

import base64
import importlib.util
import json
import threading
from contextlib import closing
from pathlib import Path

import pytest

from filebridge.env import BridgeEnv
from filebridge.errors import (
    ConfigError,
    ParseError,
    PeerRejected,
    ProtocolError,
    Refused,
    SimulatorExited,
    UsageError,
)

_spec = importlib.util.spec_from_file_location("networked", Path(__file__).parent / "fakes" / "networked.py")
net = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(net)
fake = net.fake

CERTIFICATE = Path(__file__).parent / "transports" / "http" / "localhost.pem"
URL = "http://127.0.0.1:${port}"
SERVICE = {"http": {"url": URL}}
ANSWERS = """
accept()
while True:
    method, path, body = request()
    answer(reply(int(body.split()[0]) if body else 0))
"""
STEP = {"post": "/step", "body": "{step} {action:.0f}"}


def bridge(code, /, *words, ask=STEP, **keys):
    talk = {"start": None, "reset": [{"request": {"post": "/reset"}}], "step": [{"request": ask}],
            "transport": SERVICE}
    return net.bridge(code, *words, **{**talk, **keys})


def said(env):
    process = env._session.link.process
    process.drain_stderr()
    return process.stderr_tail().decode()


def test_one_connection_serves_all_requests_of_all_episodes():
    with bridge(ANSWERS.replace("accept()", "accept()\nnote('call ')")) as env:
        for _ in range(3):
            assert env.reset()[0].tolist() == [0, 0]
            net.play(env, 20)
        assert said(env) == "call "


@pytest.mark.parametrize(("ask", "method", "path", "body"), [
    ({"get": "/a/{step}?force={action:.1f}"}, "GET", "/a/1?force=3.0", ""),
    ({"post": "/step", "json": {"force": "action", "name": "'go'", "n": "step", "fixed": [1, None]}}, "POST", "/step",
     {"force": 3.0, "name": "go", "n": 1, "fixed": [1, None]}),
    ({"put": "/step", "form": {"force": "{action:.1f}", "mode": "a&b c"}}, "PUT", "/step", "force=3.0&mode=a%26b+c"),
    ({"patch": "/step", "body": "force={action:.2f}"}, "PATCH", "/step", "force=3.00"),
    ({"delete": "/step/{step}"}, "DELETE", "/step/1", ""),
], ids=["get", "json", "form", "body", "delete"])
def test_every_kind_of_request_arrives_as_it_is_said(ask, method, path, body):
    code = """
import json
accept()
while True:
    method, path, body = request()
    answer(json.dumps({"method": method, "path": path, "body": body, "fields": fields.lower()}))
"""
    fields = {name: {"json": f"/{name}", "type": "text"} for name in ("method", "path", "body", "fields")}
    ask = {**ask, "headers": {"X-Step": "{step}"}}
    made = net.config(code, transport={"http": {"url": URL, "headers": {"X-Run": "seven"}}}, start=None,
                      reset=[{"request": {"get": "/"}}], step=[{"request": ask}])
    made |= {"fields": fields, "observation": ["n"], "info": {name: name for name in fields}, "reward": "0"}
    made["fields"]["n"] = {"compute": "step"}
    with closing(BridgeEnv(made)) as env:
        env.reset()
        info = env.step(net.act(3))[4]
    assert (info["method"], info["path"]) == (method, path)
    assert (json.loads(info["body"]) if isinstance(body, dict) else info["body"]) == body
    assert "x-step: 1" in info["fields"]
    assert "x-run: seven" in info["fields"]
    assert f"content-length: {len(info['body'])}" in info["fields"] or not info["body"]


def test_an_answer_without_a_body_counts_and_what_is_expected_may_be_any_status():
    code = """
accept()
step = 0
while True:
    method, path, body = request()
    if path == "/step":
        step = int(body.split()[0])
        say("HTTP/1.1 204 No Content\\r\\n\\r\\n")
    elif path == "/state": answer(reply(step), "418 I'm a teapot")
    else: answer(reply(0))
"""
    step = [{"request": STEP}, {"request": {"get": "/state", "expect": [200, 418]}}]
    with bridge(code, step=step) as env:
        env.reset()
        net.play(env, 5)


@pytest.mark.parametrize("pieces", [
    "say('HTTP/1.1 200 OK\\r\\n')\n    say(f'Content-Length: {len(text)}\\r\\n\\r\\n')\n    say(text)",
    "say('HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n')\n"
    "    for each in text: say('1\\r\\n' + each + '\\r\\n')\n    say('0\\r\\n\\r\\n')",
    "for each in f'HTTP/1.1 200 OK\\r\\nContent-Length: {len(text)}\\r\\n\\r\\n{text}': say(each)",
    "say('HTTP/1.1 100 Continue\\r\\n\\r\\n')\n    answer(text)",
    "say('HTTP/1.0 200 OK\\r\\n\\r\\n' + text)\n    cut()\n    accept()",
], ids=["three writes", "chunks", "bytes", "continue", "1.0"])
def test_however_it_is_written_an_answer_is_the_same(pieces):
    code = f"""
accept()
while True:
    method, path, body = request()
    text = reply(int(body.split()[0]) if body else 0)
    {pieces}
"""
    with bridge(code) as env:
        env.reset()
        net.play(env, 5)


def test_a_service_is_asked_until_it_is_ready():
    code = """
accept()
for number in range(3):
    note(request()[1] + " ")
    answer("", "503 Service Unavailable" if number < 2 else "200 OK")
while True:
    method, path, body = request()
    answer(reply(int(body.split()[0]) if body else 0))
"""
    with bridge("time.sleep(0.1)\n" + code, transport={"http": {"url": URL, "ready": "/health"}}) as env:
        env.reset()
        net.play(env, 3)
        assert said(env) == "/health /health /health "


# Secrets

KEYED = """
accept()
while True:
    method, path, body = request()
    key = [each for each in fields.split("\\r\\n") if each.startswith("Authorization: ")]
    step = int(body.split()[0]) if body else 0
    if key != ["Authorization: Bearer hunter" + str(2) + "-and-more"]: answer("no", "401 Unauthorized")
    elif step == 2: answer("you said " + key[0], "500 Internal Server Error")
    else: answer(reply(step))
"""
SECRET = {"http": {"url": URL, "secrets": {"Authorization": "FILEBRIDGE_TEST_KEY"}}}


def test_a_key_from_the_environment_is_sent_and_never_shown(monkeypatch, tmp_path):
    monkeypatch.setenv("FILEBRIDGE_TEST_KEY", "Bearer hunter2-and-more")
    with bridge(KEYED, transport=SECRET, transcript=tmp_path) as env:
        env.reset()
        net.play(env, 1)
        with pytest.raises(Refused, match="500 Internal Server Error") as caught:
            env.step(net.act())
        error = caught.value
        assert error.found.startswith("POST /step: you said Authorization: ")
        assert "hunter2" not in str(error) + repr(error.situation) + repr(error.args)
        assert "you said" in Path(error.situation.transcript).read_text()
        assert b"hunter2" not in b"".join(path.read_bytes() for path in tmp_path.rglob("*.jsonl"))
        env.reset()
        net.play(env, 1)


ECHO = """
import base64, json, urllib.parse
accept()
while True:
    method, path, body = request()
    key = next(each for each in fields.split("\\r\\n") if each.startswith("Authorization: "))[15:]
    if body.startswith("2 "):
        SAY
        time.sleep(99)
    answer(reply(int(body.split()[0]) if body else 0))
"""
ODD = 'Bearer hunter2"and/\xe9<\\xyzzy'


@pytest.mark.parametrize("key", ["Bearer hunter2-and-xyzzy", ODD], ids=["plain", "odd"])
@pytest.mark.parametrize(("say", "kind"), [
    ("note('the key is ' + key); answer('', '500 No')", Refused),
    ("note('the key is ' + key[:12]); note(key[12:]); os._exit(3)", SimulatorExited),
    ("os.write(2, b'the key is ' + key.encode('latin-1')); os._exit(3)", SimulatorExited),
    ("answer(json.dumps({'detail': key}), '500 No')", Refused),
    ("answer(json.dumps({'detail': key}, ensure_ascii=False).replace('/', '\\\\/'), '500 No')", Refused),
    ("answer(urllib.parse.quote(key, safe='', encoding='latin-1').replace('%2F', '%2f'), '500 No')", Refused),
    ("answer(urllib.parse.urlencode({'key': key}), '500 No')", Refused),
    ("answer(key.replace('<', '&lt;').replace('\"', '&#34;'), '500 No')", Refused),
    ("answer(repr(key), '500 No')", Refused),
    ("answer('', f'500 no {key}')", Refused),
    ("answer('', '302 Found', 'Location: /' + urllib.parse.quote(key))", Refused),
    ("say(f'garbage {key}\\r\\n\\r\\n')", ProtocolError),
    ("say('garbage ' + key[:-2]); time.sleep(0.2); say(key[-2:])", ProtocolError),
    ("say('HTTP/1.1 200 OK\\r\\n' + key + '\\r\\n\\r\\n')", ProtocolError),
    ("answer('x', '200 OK', 'Content-Encoding: ' + key)", ProtocolError),
    ("answer('seq=2 x=' + key)", ParseError),
])
def test_however_a_program_repeats_a_key_it_is_not_shown(monkeypatch, tmp_path, say, kind, key):
    monkeypatch.setenv("FILEBRIDGE_TEST_KEY", key)
    with bridge(ECHO.replace("SAY", say), transport=SECRET, transcript=tmp_path) as env:
        env.reset()
        net.play(env, 1)
        with pytest.raises(kind) as caught:
            env.step(net.act())
        error = caught.value
        shown = str(error) + repr(error.situation) + repr(error.args) + Path(error.situation.transcript).read_text()
        assert "***" in shown
        assert "hunter" not in shown
        assert "xyzzy" not in shown
        with pytest.raises(UsageError) as caught:
            env.step(net.act())
        assert "hunter" not in str(caught.value)


def test_the_password_of_basic_credentials_and_a_value_in_a_cookie_are_not_shown(monkeypatch):
    told = {"http": {"url": URL, "secrets": {"Authorization": "FILEBRIDGE_TEST_KEY", "Cookie": "FILEBRIDGE_COOKIE"}}}
    monkeypatch.setenv("FILEBRIDGE_TEST_KEY", "Basic " + base64.b64encode(b"me:hunter2-and-more").decode())
    monkeypatch.setenv("FILEBRIDGE_COOKIE", "session=sesame-and-more; unit=7")
    say = """
        password, value = base64.b64decode(key[6:]).decode()[3:], fields.partition("session=")[2][:15]
        answer(f"no {password} {value}", "403 No")
"""
    with bridge(ECHO.replace("SAY", say), transport=told) as env:
        env.reset()
        net.play(env, 1)
        with pytest.raises(Refused) as caught:
            env.step(net.act())
    assert caught.value.found == f"POST /step: no {'*' * 16} {'*' * 15}"


def test_an_empty_key_is_refused(monkeypatch):
    monkeypatch.setenv("FILEBRIDGE_TEST_KEY", "")
    with bridge(KEYED, transport=SECRET) as env:
        with pytest.raises(ConfigError, match="the environment variable FILEBRIDGE_TEST_KEY is empty"):
            env.reset()
        assert (fake.folders(), fake.inhabitants()) == ([], [])


def test_a_key_that_is_not_there_or_wrong_is_told(monkeypatch):
    with bridge(KEYED, transport=SECRET) as env:
        with pytest.raises(ConfigError, match="the environment variable FILEBRIDGE_TEST_KEY is not set"):
            env.reset()
        assert (fake.folders(), fake.inhabitants()) == ([], [])
        monkeypatch.setenv("FILEBRIDGE_TEST_KEY", "Bearer wrong-but-secret")
        with pytest.raises(Refused, match="401 Unauthorized") as caught:
            env.reset()
        assert "wrong-but-secret" not in str(caught.value)


def test_proxies_of_the_environment_are_not_used(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with bridge(ANSWERS) as env:
        env.reset()
        net.play(env, 2)


# TLS

SECURE = f"""
import ssl
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain({str(CERTIFICATE)!r})
listener = server()
while line is None:
    try:
        take(context.wrap_socket(listener.accept()[0], server_side=True))
    except ssl.SSLError:
        pass
""" + ANSWERS.replace("accept()", "")
SAFE = {"http": {"url": "https://localhost:${port}"}}


def test_a_certificate_of_nobody_that_is_trusted_is_refused():
    with bridge(SECURE, transport=SAFE) as env:
        with pytest.raises(PeerRejected, match="the certificate of localhost is not trusted") as caught:
            env.reset()
        assert "SSL_CERT_FILE" in caught.value.cure
        assert (fake.folders(), fake.inhabitants(), env._session.link) == ([], [], None)


def test_a_certificate_of_somebody_who_is_trusted_will_do_and_only_for_its_name(monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    with bridge(SECURE, transport=SAFE) as env:
        env.reset()
        net.play(env, 10)
    code = SECURE.replace("server()", 'socket.create_server(("127.0.0.2", int(words[0])))')
    other = {"http": {"url": "https://127.0.0.2:${port}"}}
    with bridge(code, transport=other) as env, pytest.raises(PeerRejected, match=r"127\.0\.0\.2 is not trusted"):
        env.reset()


# The simulator asks us

POLLS = """
def post(text, *more): return ask("POST", f"/{words[1]}/observation", text, *more)

def fetch():
    global polls
    while True:
        status, text = ask("GET", f"/{words[1]}/action")
        polls += 1
        if status == 200:
            return int(text.split()[0])

polls = 0
dial()
"""
ASKS = POLLS + "step = 0\nwhile True:\n    post(reply(step))\n    step = fetch()\n"
COUNTER = {"http": {"serve": True}}


def counter(code=ASKS, /, *words, **keys):
    return net.bridge(code, *(words or ("${port}", "${token}")), **{"transport": COUNTER, **keys})


def test_a_simulator_that_polls_is_served():
    with counter() as env:
        for _ in range(2):
            assert env.reset()[0].tolist() == [0, 0]
            net.play(env, 30)


def test_a_request_for_an_action_waits_until_there_is_one():
    code = POLLS + """
step = 0
while True:
    post(f"seq={step} x={polls}")
    step = fetch()
"""
    with counter(code) as env:
        env.reset()
        for step in range(1, 10):
            assert env.step(net.act())[0].tolist() == [step, step], "one request for each action"


def test_a_request_that_waits_too_long_is_told_to_ask_again():
    code = POLLS + """
step = 0
while True:
    status = ask("GET", f"/{words[1]}/action")[0] if step == 2 else 0
    post(f"seq={step} x={status}")
    step = fetch()
"""
    with counter(code, transport={"http": {"serve": True, "wait": "20 ms"}}) as env:
        assert env.reset()[0].tolist() == [0, 0]
        assert [env.step(net.act())[0].tolist() for _ in range(3)] == [[1, 0], [2, 204], [3, 0]]


@pytest.mark.parametrize("way", ["query", "bearer", "header", "1.0", "no keep-alive", "one path", "chunks"])
def test_old_and_plain_clients_are_served(way):
    observation, action, more, transport = "/observation", "/action", "", COUNTER
    if way == "query":
        observation, action = "/observation?token={words[1]}", "/action?token={words[1]}"
    elif way == "bearer":
        more = "f'Authorization: Bearer {words[1]}', "
    elif way == "header":
        more = "f'X-Token: {words[1]}', "
    else:
        observation, action = "/{words[1]}/observation", "/{words[1]}/action"
    talk = f"""
def post(text): return ask("POST", f"{observation}", text, {more})
def fetch(): return int(ask("GET", f"{action}", None, {more})[1].split()[0])
dial()
"""
    if way in ("1.0", "no keep-alive"):
        version, close = ("1.0", "") if way == "1.0" else ("1.1", "Connection: close\\r\\n")
        talk = f"""
def once(method, path, body):
    dial()
    say(f"{{method}} /{{words[1]}}{{path}} HTTP/{version}\\r\\nHost: localhost\\r\\n{close}"
        f"Content-Length: {{len(body)}}\\r\\n\\r\\n{{body}}")
    status, text = heard()
    assert line.recv(1) == b""
    cut()
    return text
def post(text): once("POST", "/observation", text)
def fetch(): return int(once("GET", "/action", "").split()[0])
"""
    code = talk + "step = 0\nwhile True:\n    post(reply(step))\n    step = fetch()\n"
    if way == "one path":
        transport = {"http": {"serve": True, "action": "/step", "observation": "/step"}}
        code = """
dial()
step = 0
while True:
    status, text = ask("POST", f"/{words[1]}/step", reply(step))
    step = int(text.split()[0])
"""
    if way == "chunks":
        code = code.replace('def post(text): return ask("POST", f"/{words[1]}/observation", text, )', """
def post(text):
    say(f"POST /{words[1]}/observation HTTP/1.1\\r\\nHost: localhost\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n")
    for each in text: say(f"1\\r\\n{each}\\r\\n")
    say("0\\r\\n\\r\\n")
    heard()
""")
    with counter(code, transport=transport) as env:
        env.reset()
        net.play(env, 5)


def test_json_is_served_and_posted():
    code = POLLS.replace("int(text.split()[0])", "json.loads(text)") + """
state = {"seq": 0, "x": 0}
while True:
    post(json.dumps(state), "Content-Type: application/json")
    told = fetch()
    state = {"seq": told["n"], "x": told["n"] * told["force"]}
"""
    step = [{"send_json": {"n": "step", "force": "action"}}]
    fields = {"seq": {"json": "/seq"}, "x": {"json": "/x"}}
    with counter("import json\n" + code, step=step, fields=fields) as env:
        env.reset()
        assert env.step(net.act(3))[0].tolist() == [1, 3]
        assert env.step(net.act(4))[0].tolist() == [2, 8]


def test_a_person_with_the_token_sees_the_last_exchange():
    page = []
    code = ASKS.replace("step = fetch()", "step = fetch()\n    while step == 3 and not os.path.exists('go'):"
                                          " time.sleep(0.001)")

    def visit(port, token, go):
        with net.call(port) as person:
            person.sendall(f"GET /{token}/ HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n".encode())
            while data := person.recv(65536):
                page.append(data)
        go.touch()

    with counter(code) as env:
        env.reset()
        net.play(env, 2)
        port, token = net.word_of(env, 5), net.word_of(env, 6)
        go = Path(f"/proc/{fake.pid(env)}/cwd/go")
        thread = threading.Thread(target=visit, args=(port, token, go))
        thread.start()
        net.play(env, 1, first=3)
        thread.join()
    text = b"".join(page).decode()
    assert text.startswith("HTTP/1.1 200 ")
    assert "seq=2 x=4" in text
    assert "<pre>2 1" in text or "<pre>3 1" in text


def test_the_token_is_shown_neither_in_an_error_nor_in_a_transcript(tmp_path):
    code = POLLS + "post(reply(0))\nfetch()\npost('nonsense')\nfetch()"
    with counter(code, transcript=tmp_path) as env:
        env.reset()
        token = net.word_of(env, 6)
        with pytest.raises(ParseError) as caught:
            env.step(net.act())
    assert len(token) == 32
    assert token not in str(caught.value) + repr(caught.value.situation)
    texts = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert texts
    assert all(token.encode() not in text for text in texts)
