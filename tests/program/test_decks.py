"""What is written into files: every form of content, its texts, and what is refused before a run."""

import importlib.util
import pathlib
import sys

import f90nml
import pytest

from filebridge.errors import ActionError, ExpressionError, ParseError
from filebridge.program.decks import compile_name, outgoing_encoding
from filebridge.program.faults import Faults
from filebridge.program.sheets import action_view
from filebridge.wire.expression import Kind, Slot

_SPEC = importlib.util.spec_from_file_location("decks", pathlib.Path(__file__).with_name("decks.py"))
decks = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(decks)
NAMES, row = decks.NAMES, decks.row


@pytest.fixture
def bench(tmp_path):
    return decks.Bench(tmp_path)


# Templates in the language of `send`.


@pytest.mark.parametrize(("content", "written"), [
    ("{step} {action.gain:.2f}", b"3 0.25\n"), ("{step}\n", b"3\n"), ("a\n{step}\n\n", b"a\n3\n\n"), ("", b""),
    ("{{{step}}}", b"{3}\n"),
])  # fmt: skip
def test_a_text_gets_a_line_end_where_it_has_none(bench, content, written):
    assert bench.written(content) == written


def test_a_text_says_what_it_uses(bench):
    made = bench.compile("{step} {action.gain} {prev.height}")
    assert made.uses == {"step", "action.gain"}
    assert made.uses_previous == {"height"}


def test_line_end_and_encoding_are_those_of_sends(bench):
    at = row(name="h\u00e9")
    for text, expected in (
        ({"line_end": "\r\n"}, b"h\xc3\xa9\r\n"), ({"encoding": "latin-1"}, b"h\xe9\n"),
        ({"encoding": "utf-16"}, "h\u00e9\n".encode("utf-16-le")), ({"encoding": "utf-8-sig"}, b"h\xc3\xa9\n"),
    ):  # fmt: skip
        assert bench.compile("{name}", **text).encode(at, at) == expected
        assert bench.compile("x\r\n", line_end="\r\n").encode(at, at) == b"x\r\n"
    assert outgoing_encoding("CP1252") == "cp1252"


def test_a_mistake_in_a_text_is_told_at_the_content_itself(bench):
    assert bench.refused("{heigth}")[:3] == ("", "unknown name `heigth`", "heigth")
    assert bench.problems[0][4] == "height"


def test_a_text_that_would_be_two_lines_is_refused(bench):
    names = {"action": Slot(0, Kind.TEXT), "name": Slot(1, Kind.TEXT)}
    for content in ("{action}", {"text": "{{ action }}"}, {"namelist": {"a": {"b": "action"}}}):
        made = bench.compile(content, names=names, actions_index=None)
        with pytest.raises(ActionError, match="holds a character that cannot be"):
            made.encode(["go\nstop", ""], [])
    for content in ("{name}", {"text": "{{ name }}"}, {"namelist": {"a": {"b": "name"}}}):
        made = bench.compile(content, names=names, actions_index=None)
        with pytest.raises(ParseError, match="holds a character that cannot be"):
            made.encode(["go", "a\nb"], [])


# Jinja2 templates.


def test_a_template_sees_the_action_its_parts_and_every_name(bench):
    text = ("{{ action.gain }} {{ action[1] }} {{ action | join(',') }} {{ action }} {{ action | length }}\n"
            "{{ '%8.3f' | format(height) }}{% if over %} over{% endif %} {{ name }} {{ step }}{{ seed }}{{ seat }}")
    assert bench.written({"text": text}) == (
        b"0.25 -1.5 0.25,-1.5 [0.25, -1.5] 2\n  12.500 over run a 370"
    )  # fmt: skip


def test_a_template_in_a_file_is_read_once_when_the_configuration_is_loaded(bench):
    (bench.folder / "deck.j2").write_bytes(b"* {{ step }} \xe9\r\n")
    made = bench.compile({"template": "deck.j2"})
    (bench.folder / "deck.j2").unlink()
    assert made.encode(row(), row()) == b"* 3 \xe9\r\n"
    assert made.encode(row(step=4), row()) == b"* 4 \xe9\r\n"


def test_a_template_says_what_it_uses(bench):
    assert bench.compile({"text": "{{ height }}{{ actions | length }}"}).uses == {"height", "actions"}
    assert bench.compile({"text": "{{ action.gain }}"}).uses == {"action", "action.gain", "action.trim"}
    assert bench.compile({"text": "plain"}).uses == frozenset()


def test_all_actions_of_the_episode_are_there(bench):
    view = action_view(NAMES)
    actions = [view(row()), view(row(**{"action": [1.0, 2.0], "action.gain": 1.0, "action.trim": 2.0}))]
    text = "{% for a in actions %}{{ loop.index }} {{ a.gain }} {{ a[1] }}\n{% endfor %}{{ actions | length }}"
    assert bench.written({"text": text}, actions=actions) == b"1 0.25 -1.5\n2 1.0 2.0\n2"
    assert bench.refused({"text": "{{ actions }}"}, actions_index=None)[2] == "actions"


@pytest.mark.parametrize(("names", "values", "text", "written"), [
    ({"action": Kind.INTEGER}, [3], "{{ action + 1 }}", b"4"),
    ({"action": Kind.TEXT}, ["up"], "{{ action.upper() }}", b"UP"),
    ({"action": Kind.NUMBER, "action.cc": Kind.NUMBER}, [0.5, 0.5], "{{ action }} {{ '%.2f' | format(action) }} "
     "{{ action.cc }}", b"0.5 0.50 0.5"),
    ({"action.a": Kind.INTEGER, "action.b": Kind.TEXT}, [1, "x"], "{{ action.a }}{{ action.b }}{{ action[0] }}",
     b"1x1"),
    ({"action.arm.low": Kind.NUMBER, "action.arm.items": Kind.NUMBER, "action.grip": Kind.INTEGER}, [1.5, 2.5, 1],
     "{{ action.arm.low }} {{ action.arm.items }} {{ action.grip }}", b"1.5 2.5 1"),
])  # fmt: skip
def test_each_kind_of_action(bench, names, values, text, written):
    slots = {name: Slot(index, kind) for index, (name, kind) in enumerate(names.items())}
    assert bench.compile({"text": text}, names=slots).encode(values, []) == written


def test_unknown_names_and_parts_are_found_with_their_line_and_the_nearest(bench):
    (bench.folder / "deck.j2").write_text("{{ step }}\n{{ heigth }}\n{{ action.gian }}\n")
    assert bench.compile({"template": "deck.j2"}) is None
    assert bench.problems == [
        ("template", "the template uses a name that is not known, in line 2 of deck.j2", "heigth",
         "one of action, actions, count, episode, height, name, over, profile, seat, seed, step", "height"),
        ("template", "the template uses a part that `action` does not have, in line 3 of deck.j2", "action.gian",
         "one of action.gain, action.trim", "action.gain"),
    ]  # fmt: skip
    nested = {"action.arm.low": Slot(0, Kind.NUMBER)}
    assert bench.refused({"text": "{{ action.arm.lo }}"}, names=nested)[2:] == (
        "action.arm.lo", "one of action.arm.low", "action.arm.low"
    )
    assert bench.refused({"text": "a\n{% if %}"})[:2] == ("text", "no template, in line 2")


@pytest.mark.parametrize("text", [
    "{{ action.__class__ }}", "{{ name.__class__ }}", "{{ action.gain.__class__ }}", "{{ height.__class__.__mro__ }}",
    "{{ actions.append }}", "{{ action._whole }}", "{{ name.format }}",
])  # fmt: skip
def test_nothing_but_values_is_seen(bench, text):
    assert bench.compile({"text": text}) is None


@pytest.mark.parametrize("text", ["{{ action['__class__'] }}", "{{ (action).gain['__class__'] }}",
                                  "{% set a = action %}{{ a.__class__ }}", "{% set a = name %}{{ a.__class__ }}",
                                  "{% for a in actions %}{{ a._named }}{% endfor %}"])
def test_nothing_but_values_is_reached_in_other_ways(bench, text):
    made = bench.compile({"text": text})
    with pytest.raises(ExpressionError):
        made.encode(row(actions=[action_view(NAMES)(row())]), row())


def test_a_value_that_is_not_there_yet_is_never_written(bench):
    made = bench.compile({"text": "\n{{ height }}"})
    with pytest.raises(ParseError) as raised:
        made.encode(row(height=None), row())
    assert str(raised.value) == (
        "`height` has no value yet: a.inp:2: the template cannot be filled in\n"
        "  found: UndefinedError: 'height' is undefined\n"
        "  cure: give the field a `default`, or write {{ height | default(0) }}"
    )
    assert bench.written({"text": "{{ height | default(0) }}"}, height=None) == b"0"


def test_a_template_that_fails_on_real_values_is_no_fault_of_the_loading(bench):
    made = bench.compile({"text": "{{ 1 / height }}"})
    assert made.encode(row(height=0.5), row()) == b"2.0"
    with pytest.raises(ExpressionError, match=r"a.inp:1: the template cannot be filled in\n.*division by zero"):
        made.encode(row(height=0), row())


def test_range_is_the_functions_name_unless_a_field_has_it(bench):
    assert bench.written({"text": "{% for i in range(3) %}{{ i }}{% endfor %}"}) == b"012"
    made = bench.compile({"text": "{{ range }}"}, names={"range": Slot(0, Kind.NUMBER)})
    assert made.encode([2.5], []) == b"2.5"


# Files that contents are made from.


@pytest.mark.parametrize("way", ["template", "edit", "patch"])
def test_a_deck_must_be_there_be_a_file_and_be_of_a_bearable_size(bench, way):
    more = {"edit": {"set": {"a": "1"}}, "patch": {"namelist": {"a": {"b": "1"}}}}.get(way, {})
    wanted = "the path of a file, relative to this YAML"
    where = str(bench.folder / "deck.inp")
    assert bench.refused({way: "deck.inp", **more}) == (way, "no such file", where, wanted, "")
    (bench.folder / "deck.inp").mkdir()
    assert bench.refused({way: "deck.inp", **more}) == (way, "a folder", where, wanted, "")
    (bench.folder / "deck.inp").rmdir()
    with (bench.folder / "deck.inp").open("wb") as file:
        file.truncate((16 << 20) + 1)
    assert bench.refused({way: "deck.inp", **more}) == (
        way, "larger than 16 MiB", f"{(16 << 20) + 1} bytes", "a smaller deck", ""
    )  # fmt: skip
    assert bench.refused({way: "a\0b", **more})[:2] == (way, "cannot be read")


def test_bytes_that_are_no_text_stay_and_other_encodings_are_read(bench):
    content = {"edit": "deck.inp", "set": {"v": "{step}"}}
    assert bench.written(content, b"t\xe9 = 1\nv = 2\n\xff") == b"t\xe9 = 1\nv = 3\n\xff"
    made = bench.compile(content, "v = 2  # \u00e9\n".encode("utf-16"), encoding="utf-16")
    assert made.encode(row(), row()).decode("utf-16") == "v = 3  # \u00e9\n"
    assert bench.refused(content, b"v = 1", encoding="utf-16")[:2] == ("edit", "no text in utf-16-le")


# Names of files.


def named(name):
    faults = Faults()
    return compile_name(name, NAMES, (*decks.PLACE[:3], name), faults), faults.problems


def test_a_name_is_a_text_or_made_of_step_episode_seed_and_seat():
    assert named("in/act.txt") == ("in/act.txt", [])
    assert named("a{{b}}") == ("a{b}", [])
    made, problems = named("in/{seed}-{seat}/{episode}_{step:04d}.txt")
    assert not problems
    assert made(row(), row()) == "in/7-0/1_0003.txt"


def test_a_name_depends_on_nothing_else():
    (problem,) = named("in/{action.gain}.txt")[1]
    assert (problem.what, problem.found, problem.expected, problem.on, problem.offset) == (
        "the name of a file cannot depend on this", "action.gain", "one of step, episode, seed, seat", "key", 4
    )  # fmt: skip
    (problem,) = named("in/{stp}.txt")[1]
    assert (problem.what, problem.near, problem.on) == ("unknown name `stp`", "step", "key")


# Namelists.


def test_a_namelist_is_written_with_every_kind_of_value(bench):
    values = {"gain": "action.gain", "x": "profile", "on": "over", "off": "not over", "n": "count + 1", "h": "height",
              "title": "name", "small": "height * 1e-12"}  # fmt: skip
    groups = {"plant": values, "run": {"t(2)": "step", "p%q": "1"}}
    assert bench.written({"namelist": groups}, name="it's").decode() == (
        "&plant\n    gain = 0.25\n    x = 1.0, 2.5, 4.0\n    on = .true.\n    off = .false.\n    n = 5\n    h = 12.5\n"
        "    title = 'it''s'\n    small = 1.25e-11\n/\n\n&run\n    t(2) = 3\n    p%q = 1\n/\n"
    )
    assert bench.compile({"namelist": {"a": {"b": "height"}}}).uses == {"height"}


def test_a_list_is_an_array_of_which_each_element_is_an_expression(bench):
    values = {"x": [1, "action.gain", "-height", 0.5], "names": ["name", "'b'"], "one": ["step"]}
    content = {"namelist": {"plant": values}}
    assert bench.written(content, name="a").decode() == (
        "&plant\n    x = 1, 0.25, -12.5, 0.5\n    names = 'a', 'b'\n    one = 3\n/\n"
    )
    assert bench.compile(content).uses == {"action.gain", "height", "name", "step"}
    problem = bench.refused({"namelist": {"plant": {"x": [1, "heigth"]}}})
    assert problem[:3] == ("namelist.plant.x.1", "unknown name `heigth`", "heigth")


def test_a_long_vector_goes_on_in_the_next_line(bench):
    profile = [1 / (number + 1) for number in range(50)]
    text = bench.written({"namelist": {"a": {"b": "profile", "c": "1"}}}, profile=profile).decode()
    assert max(map(len, text.splitlines())) < 100
    assert f90nml.reads(text) == {"a": {"b": profile, "c": 1}}


BASE = """! a deck, kept as it is
&CONTROL
  gain = 1.5,  ! the gain / not the end
  name = 'run / a'
  x = 1., 2.,   ! two
      3.
  Other = 3*0.0
  y(2) = 4
/
junk outside
&flow u=1, v=2 /
"""


def test_a_patched_namelist_keeps_all_else(bench):
    content = {"patch": "deck.inp", "namelist": {
        "control": {"gain": "action.gain", "x": "profile", "OTHER": "step"}, "flow": {"u": "9"},
    }}  # fmt: skip
    assert bench.written(content, BASE).decode() == (
        BASE.replace("1.5,", "0.25,").replace("1., 2.,   ! two\n      3.", "1.0, 2.5, 4.0").replace("3*0.0", "3")
        .replace("u=1", "u=9")
    )  # fmt: skip


def test_what_a_patched_namelist_lacks_is_added(bench):
    groups = {"control": {"new": "1.5", "y": "2"}, "flow": {"w": "over"}, "more": {"a": "profile"}}
    text = bench.written({"patch": "deck.inp", "namelist": groups}, BASE).decode()
    assert text == BASE.replace("  y(2) = 4\n/", "  y(2) = 4\n    new = 1.5\n    y = 2\n/").replace(
        "v=2 /", "v=2 \n    w = .true.\n/"
    ) + "\n&more\n    a = 1.0, 2.5, 4.0\n/\n"
    assert f90nml.reads(text)["flow"] == {"u": 1, "v": 2, "w": True}


@pytest.mark.parametrize(("groups", "base", "problem"), [
    ({"a b": {"c": "1"}}, None, ("namelist.a b", "no name of a namelist group", "a b")),
    ({"a": {"c d": "1"}}, None, ("namelist.a.c d", "no name of a namelist value", "c d")),
    ({"a": {"p%q(1)": "heigth"}}, None, ("namelist.a.p%q(1)", "unknown name `heigth`", "heigth")),
    ({"a": {"c": "1"}}, "plain text\n", ("patch", "this is no namelist", "no group")),
    ({"a": {"c": "1"}}, "&a b = 1\n",
     ("patch", "this is no namelist", "End-of-file reached before end of namelist.")),
    ({"a": {"c": "1"}}, "&a c = 1 /\n&a c = 2 /\n",
     ("namelist.a.c", "the base gives this name a value more than once", "c")),
])  # fmt: skip
def test_what_is_no_namelist_is_found(bench, groups, base, problem):
    content = {"namelist": groups} if base is None else {"namelist": groups, "patch": "deck.inp"}
    assert bench.refused(content, base)[:3] == problem


def test_a_namelist_without_a_value_is_never_written(bench):
    for name in ("height", "over", "name", "count", "profile"):
        made = bench.compile({"namelist": {"a": {"b": name}}})
        with pytest.raises(ParseError, match=f"`{name}` cannot be written"):
            made.encode(row(**{name: None}), row())
    made = bench.compile({"namelist": {"a": {"b": "1 / height"}}})
    with pytest.raises(ExpressionError, match="namelist: division by zero"):
        made.encode(row(height=0), row())


def test_the_package_that_is_missing_is_named(bench, monkeypatch):
    monkeypatch.setitem(sys.modules, "f90nml", None)
    assert bench.refused({"namelist": {"a": {"b": "1"}}}) == (
        "namelist", "needs the package f90nml", "it is not installed", "pip install 'filebridge[fortran]'", ""
    )  # fmt: skip
