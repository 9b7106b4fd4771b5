"""How ``filebridge show`` tells of sockets, HTTP, binary numbers, gathered replies and adapters."""

from __future__ import annotations

import pytest

TALK = """
filebridge: 1
name: Talk
simulator: {{{command}seed: none}}
transport: {transport}
action: {{choices: 3}}
step: {step}
fields: {{n: {{find: "{{int}}", default: 0}}}}
observation: [n]
max_steps: 3
{rest}
"""


@pytest.fixture
def told(cli, tmp_path):
    """Return a function that shows a talk: the lines of its step, or the head with ``head``."""

    def show(transport, step, rest="", head=False, command='sh, "${port}", "${token}"'):
        command = f"command: [{command}], " if command else ""
        path = tmp_path / "talk.yaml"
        path.write_text(TALK.format(transport=transport, step=step, rest=rest, command=command))
        result = cli("show", str(path))
        assert (result.exit_code, result.stderr) == (0, "")
        parts = result.stdout.split("\n\n")
        chosen = parts[0] if head else next(part for part in parts if part.startswith("step\n"))
        return [" ".join(line.split()) for line in chosen.splitlines()[1:]]

    return show


LISTEN = "{tcp: {listen: true, peer: token}}"


def test_what_is_sent_as_a_document_or_as_numbers(told):
    json = told(LISTEN, "{send_json: {move: action, by: [1, \"'me'\"]}, document: json}")
    assert json == ["send json {move: action, by: [1, 'me']}", "wait for a whole JSON value"]
    pack = told(LISTEN, "{pack: {layout: '<If', values: [step, action]}, length: {size: 4, order: little, offset: 2}}")
    assert pack == [
        "send binary <If of step, action",
        "wait for a message in which 4 bytes, little end first, behind the first 2 say how long the rest is",
    ]


def test_a_request_with_its_statuses(told):
    step = "{request: {post: '/step/{action}', form: {a: 1}, headers: {X-N: '{step}'}, expect: 201, again: [409, 503]}}"
    service = "{http: {url: 'http://127.0.0.1:${port}', ready: /up, secrets: {Authorization: MY_KEY}}}"
    assert told(service, step, command="sh, '${port}'") == [
        "request POST /step/{action} form {a: 1}",
        "X-N: {step}",
        "expect status 201",
        "ask again after 50 ms where the status is 409 or 503",
        "wait for the answer",
    ]
    head = told(service, step, command="sh, '${port}'", head=True)
    assert "listens at http://127.0.0.1:${port}; ready when /up is answered" in head
    assert "secret Authorization, from the environment variable MY_KEY" in head


def test_a_counter_says_where_it_is_asked(told):
    lines = told("{http: {serve: true, wait: 5 s}}", "{send: '{action}'}", head=True)
    assert "calls us at 127.0.0.1:${port}; requests with the token" in lines
    assert "fetches at /action, where it is kept waiting 5 s at most" in lines
    assert told("{http: {serve: true}}", "{send: '{action}'}")[-1] == "wait for what it posts to /observation"


def test_which_replies_count_and_when_it_is_said(told):
    step = "[{send: a}, {send: b, at: 50 ms, gather: n > 3}]"
    assert told(LISTEN, step) == [
        'send "a"',
        "wait for a line",
        "at 50 ms after the beginning of the step",
        'send "b"',
        "wait for a line",
        "until n > 3: all that comes meanwhile is read together",
    ]
    udp = "{udp: {connect: '127.0.0.1:${port}'}}"
    assert told(udp, "{send: a, fresh: n == step, resend: 50 ms, datagrams: 3}", command="sh, '${port}'") == [
        'send "a"',
        "wait for 3 datagrams",
        "counts if n == step: any other reply is an old one",
        "send again after each 50 ms without a reply",
    ]


def test_a_connection_for_each_episode_to_what_runs_already(told):
    transport = "{tcp: {connect: '127.0.0.1:4711', each: episode, telnet: true}}"
    lines = told(transport, "{send: a}", command="", head=True)
    assert "command none: it runs already" in lines
    assert "listens at 127.0.0.1:4711; a new connection for each episode; telnet" in lines


def test_an_adapter_and_its_options(told):
    adapter = "adapter: {class: modbus, options: {read: n = holding 0, write: holding 1}}"
    transport = "{tcp: {connect: '127.0.0.1:${port}'}}"
    lines = told(transport, "{}", adapter, command="sh, '${port}'", head=True)
    assert "adapter modbus; read n = holding 0, write holding 1" in lines
    assert told(transport, "{}", adapter, command="sh, '${port}'") == [
        "adapter says what is sent, and where the reply ends if that is not said here"
    ]


def test_what_is_ignored_is_told(cli):
    shown = [" ".join(line.split()) for line in cli("show", "Shop").stdout.splitlines()]
    assert 'ignored "HEARTBEAT "' in shown


def test_an_exit_stands_beside_the_end_that_it_is_added_to(told):
    ends = ["send \"{action}\"", "wait for silence of 20 ms after the last byte",
            "or the end of the program, exit code 0 sets `over`"]
    step = "{send: '{action}', until: {over: {exit: 0}}}"
    assert told("{console: {}}", step, "framing: {quiet: 20 ms}", command="cat") == ends
    assert told("{console: {}}", step.replace("until", "quiet: 20 ms, until"), command="cat") == ends
