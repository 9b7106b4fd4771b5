"""Requests of HTTP: what is filled into path, head and body, and what is refused there."""

import importlib.util
import json
import pathlib
from urllib.parse import parse_qsl, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filebridge.config.loading import load
from filebridge.config.request import Request
from filebridge.config.sockets import Http
from filebridge.envelope import opened_request
from filebridge.errors import ActionError, ParseError
from filebridge.program.faults import Faults
from filebridge.program.requests import compile_request
from filebridge.wire.expression import Kind, Slot

_SPEC = importlib.util.spec_from_file_location("talking", pathlib.Path(__file__).with_name("talking.py"))
talking = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(talking)
samples = talking.samples

NAMES = {
    "step": Slot(0, Kind.INTEGER),
    "x": Slot(1, Kind.NUMBER),
    "action": Slot(2, Kind.TEXT),
    "word": Slot(3, Kind.TEXT),
    "v": Slot(4, Kind.VECTOR, 2),
}
ROW = [7, 0.25, "left", "a/b c", [1.0, 2.0]]
PLACE = ("step", 0, "request")


def compiled(request, text=None):
    config = load(samples.toy(**({"text": text} if text else {}))).config
    faults = Faults()
    return compile_request(Request.model_validate(request), NAMES, PLACE, config, faults), faults.problems


def message(request, row=None, text=None):
    template, problems = compiled(request, text)
    assert problems == []
    return template.encode(ROW if row is None else row, ROW)


def made(request, **keys):
    return opened_request(message(request, **keys))


def with_(**values):
    row = list(ROW)
    for name, value in values.items():
        row[NAMES[name].index] = value
    return row


def problems(request):
    template, found = compiled(request)
    assert template is None
    return [(problem.path, problem.what, problem.found, problem.expected) for problem in found]


def test_a_request_without_anything_that_varies():
    assert message({"get": "/state"}) == b"GET /state\n\n"
    assert message({"delete": "/all"}) == b"DELETE /all\n\n"


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
def test_the_methods(method):
    assert made({method: "/a"})[:2] == (method.upper(), "/a")


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/step/{step:03d}?x={x:.1f}", "/step/007?x=0.2"),
        ("/go/{action}", "/go/left"),
        ("/go/{word}?to={word}", "/go/a%2Fb%20c?to=a%2Fb%20c"),
        ("/{{x}}/{x * 1e30}", "/%7Bx%7D/2.5e%2B29"),
        ("/v/{v}", "/v/1.0%202.0"),
        ("/100%25/%C3%A4?a=b&c=d;e,f", "/100%25/%C3%A4?a=b&c=d;e,f"),
        ("/ä b/{step}#c", "/%C3%A4%20b/7%23c"),
    ],
)
def test_the_path_is_quoted(path, target):
    assert made({"get": path}).target == target


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]).filter(str.isprintable), min_size=1))
def test_what_is_filled_in_stays_in_its_segment(text):
    if text in (".", ".."):
        return
    target = made({"get": "/a/{word}/b?c={word}"}, row=with_(word=text)).target
    path, _, query = target.partition("?")
    assert [unquote(part) for part in path.split("/")] == ["", "a", text, "b"]
    assert parse_qsl(query, keep_blank_values=True) == [("c", text)]


@pytest.mark.parametrize("value", [".", ".."])
def test_a_step_up_in_the_path_is_refused(value):
    with pytest.raises(ActionError) as caught:
        made({"get": "/files/{word}"}, row=with_(word=value))
    assert str(caught.value) == (
        "a path cannot be filled with this\n"
        f"  found: {value}\n"
        "  cure: send another value: the simulator would take this one for a step up, or none, in the path"
    )
    assert problems({"get": "/files/{'..'}"}) == [
        ((*PLACE, "get"), "a path cannot be filled with this", "..", "another path")
    ]


def test_a_json_body():
    request = made({"post": "/step", "json": {"move": "action", "x": ["x", "v"], "n": 1}})
    assert request.headers == (("Content-Type", "application/json"),)
    assert request.body == b'{"move":"left","x":[0.25,[1.0,2.0]],"n":1}'
    assert made({"post": "/step", "json": "x"}).body == b"0.25"
    assert made({"post": "/step", "json": None}).body == b"null"


def test_a_json_body_is_ascii_whatever_the_text_is():
    request = made({"post": "/step", "json": {"w": "word"}}, row=with_(word="ä"), text={"encoding": "utf-16"})
    assert json.loads(request.body) == {"w": "ä"}
    assert request.body.isascii()


def test_a_form():
    request = made({"post": "/step", "form": {"a b": "{word}&{x}", "n": 3, "f": 0.5, "fixed": "ä = 1%"}})
    assert request.headers == (("Content-Type", "application/x-www-form-urlencoded"),)
    assert request.body == b"a+b=a%2Fb+c%260.25&n=3&f=0.5&fixed=%C3%A4+%3D+1%25"
    assert dict(parse_qsl(request.body.decode())) == {"a b": "a/b c&0.25", "n": "3", "f": "0.5", "fixed": "ä = 1%"}


def test_a_plain_body():
    request = made({"put": "/step", "body": "go {action} {x:.2f}\n100%"})
    assert request.headers == (("Content-Type", "text/plain; charset=utf-8"),)
    assert request.body == b"go left 0.25\n100%"


def test_a_plain_body_in_another_encoding():
    utf_16 = made({"put": "/", "body": "ä{step}"}, text={"encoding": "utf-16"})
    assert (utf_16.headers[0][1], utf_16.body) == ("text/plain; charset=utf-16-le", "ä7".encode("utf-16-le"))
    latin = made({"put": "/", "body": "ä{word}"}, text={"encoding": "latin-1"}, row=with_(word="é"))
    assert (latin.headers[0][1], latin.body) == ("text/plain; charset=latin-1", b"\xe4\xe9")


def test_header_fields():
    request = made({"get": "/", "headers": {"X-Step": " {step} of {x:.1f} ", "X-Fixed": "100%"}})
    assert request.headers == (("X-Step", "7 of 0.2"), ("X-Fixed", "100%"))


def test_the_content_type_of_the_author_counts():
    headers = {"content-type": "application/vnd.api+json"}
    assert made({"post": "/", "headers": headers, "json": {}}).headers == tuple(headers.items())


def test_a_field_with_a_line_end_never_reaches_a_head():
    evil = "a\r\nX-Evil: 1"
    with pytest.raises(ActionError, match="`action` holds a character that cannot be sent"):
        made({"get": "/", "headers": {"X-A": "{action}"}}, row=with_(action=evil))
    with pytest.raises(ParseError, match="`word` holds a character that cannot be sent"):
        made({"get": "/{word}"}, row=with_(word=evil))


def test_which_names_it_uses():
    template, _ = compiled({"post": "/{step}?{prev.x}", "headers": {"A": "{word}"}, "form": {"a": "{action}"}})
    assert (template.uses, template.uses_previous) == ({"step", "word", "action"}, {"x"})


@pytest.mark.parametrize(
    "asked", [{"get": "/{x:.2f}"}, {"post": "/", "json": ["x"]}, {"post": "/", "form": {"a": "{x:.2f}"}}]
)
def test_a_value_that_is_not_there_yet(asked):
    with pytest.raises(ParseError, match=r"^`x` cannot be sent\n"):
        made(asked, row=with_(x=None))


def test_mistakes_are_told_with_their_places():
    assert problems({"post": "/{oops}", "json": {"a": ["xx"]}, "headers": {"X-A": "{step", "X-B": "a\nb"}}) == [
        ((*PLACE, "post"), "unknown name `oops`", "oops", "one of action, step, v, word, x"),
        ((*PLACE, "headers", "X-A"), "a hole is not closed", "{step", "a `}`, or `{{` for the character itself"),
        ((*PLACE, "headers", "X-B"), "a header field holds a control character", "\\n", "printable characters"),
        ((*PLACE, "json", "a", 0), "unknown name `xx`", "xx", "one of action, step, v, word, x"),
    ]
    assert problems({"post": "/", "form": {"n": "{x:d}"}}) == [
        (
            (*PLACE, "form", "n"),
            "`d` prints whole numbers only, this is a number",
            "d",
            "`.2f`, `08.3f`, `.6e`, `g`; `.0f` for a whole number",
        )
    ]
    assert problems({"post": "/", "json": [float("inf")]}) == [
        ((*PLACE, "json", 0), "JSON does not have this number", "inf", "a finite number, or `null`")
    ]


@pytest.mark.parametrize(("url", "target"), [
    ("http://127.0.0.1:${port}/v1/", "/v1/v1/left"), ("http://h", "/v1/left"), ("http://h/s${seat}", "/v1/left"),
    ("http://[::1/v1", "/v1/left"), ("http://h/\xe9", "/v1/left"),
])
def test_the_path_of_the_url_is_before_that_of_the_request_where_it_is_known(url, target):
    config = load(samples.toy()).config
    transport = config.transport.model_copy(update={"http": Http(url=url)})
    config = config.model_copy(update={"transport": transport})
    request = Request.model_validate({"get": "/v1/{action}"})
    template = compile_request(request, NAMES, PLACE, config, Faults())
    assert opened_request(template.encode(ROW, ROW)).target == target
