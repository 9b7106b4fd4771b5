"""Values of names in a deck: what surrounds them stays, sections and namelist groups narrow the search."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filebridge.config.deck import Edit
from filebridge.wire.decks.deck import Deck, Filling, PlaceProblem, compile_deck
from filebridge.wire.decks.places import find_spot


def edited(text, *edits):
    """Return ``text`` with the value of each edit, (key, new) or (key, group, new), replaced."""
    deck, fillings = Deck(text), []
    for key, *group, new in edits:
        place = Edit.model_validate({"key": key, "to": new, **({"group": group[0]} if group else {})})
        fillings.append(Filling(find_spot(deck, place), lambda row, previous, new=new: new.encode(), new))
    return compile_deck(deck, fillings, "utf-8", "utf-8")([], []).decode()


@pytest.mark.parametrize(("line", "key", "written"), [
    ("gain = 1.5", "gain", "gain = NEW"), ("gain=1.5", "gain", "gain=NEW"), ("gain : 1.5", "gain", "gain : NEW"),
    ("  gain\t=\t1.5  ", "gain", "  gain\t=\tNEW  "),
    ("gain =", "gain", "gain =NEW"), ("gain = ", "gain", "gain = NEW"),
    ("gain = 1.5   ! the gain", "gain", "gain = NEW   ! the gain"), ("gain = 1.5 # dB", "gain", "gain = NEW # dB"),
    ("gain = 1.5 ; dB", "gain", "gain = NEW ; dB"), ("gain = 1.5 // dB", "gain", "gain = NEW // dB"),
    ("gain = 1.5, ! dB", "gain", "gain = NEW, ! dB"), ("gain = 1.5;", "gain", "gain = NEW;"),
    # Several in one line.
    ("dt=0.1 gain=1.5 nx=50", "gain", "dt=0.1 gain=NEW nx=50"),
    ("dt = 0.1, gain = 1.5, n = 5", "gain", "dt = 0.1, gain = NEW, n = 5"),
    (".param R1=10k gain=2 C1=1n", "gain", ".param R1=10k gain=NEW C1=1n"),
    ("a: 1, gain: 2, b: 3", "gain", "a: 1, gain: NEW, b: 3"),
    ("v1 in 0 sin(0 gain=5 1k)", "gain", "v1 in 0 sin(0 gain=NEW 1k)"), ("f(gain=5)", "gain", "f(gain=NEW)"),
    # Texts in quotes belong to the value; what stands in them is no name.
    ("title = 'gain = 3'; gain = 5", "gain", "title = 'gain = 3'; gain = NEW"),
    ("gain = 'a, b = 3' ! c", "gain", "gain = NEW ! c"),
    ("gain = a long title, with a comma", "gain", "gain = NEW"), ("path = /usr/lib//x", "path", "path = NEW"),
    ("colour = #ff0000 # red", "colour", "colour = NEW # red"), ("it's gain = 5, isn't it", "gain", "it's gain = NEW"),
    # Not what only looks like the name.
    ("max_gain = 1; gain = 2", "gain", "max_gain = 1; gain = NEW"),
    ("p%gain = 1, gain = 2", "gain", "p%gain = 1, gain = NEW"),
    ("if gain == 3: gain = 4", "gain", "if gain == 3: gain = NEW"), ("x.gain=1 gain=2", "gain", "x.gain=1 gain=NEW"),
    ("p%gain = 1, gain = 2", "p%gain", "p%gain = NEW, gain = 2"),
    ("x(1) = 3, x(2) = 4", "x(2)", "x(1) = 3, x(2) = NEW"),
    ("Time   step : 12:30:00", "Time step", "Time   step : NEW"),
    # JSON and YAML.
    ('  "gain": 1.5,', "gain", '  "gain": NEW,'),
    ('{"a": [1, 2], "gain": {"x": 1}, "b": 2}', "gain", '{"a": [1, 2], "gain": NEW, "b": 2}'),
    ('{"gain": 1.5}', "gain", '{"gain": NEW}'),
    ("- gain: 5", "gain", "- gain: NEW"), ('"gain": "a b"', "gain", '"gain": NEW'),
    # Capitals, where nothing else is there.
    ("GAIN = 5", "gain", "GAIN = NEW"), ("GAIN = 5, gain = 6", "gain", "GAIN = 5, gain = NEW"),
])  # fmt: skip
def test_a_value_is_replaced_and_what_surrounds_it_stays(line, key, written):
    for end in ("\n", "\r\n", ""):
        old = ["! gain = 0, path = 0", "# colour = 0", "; x(2) = 0", "* p%gain = 0", "// Time step = 0"]
        before, after = (end or "\n").join([*old, ""]), f"zz = 9{end}" if end else ""
        assert edited(before + line + end + after, (key, "NEW")) == before + written + end + after


def test_a_section_or_a_group_narrows_the_search():
    text = "gain = 0\n[a]\ngain = 1\n[ b ]  ; second\ngain = 2\n\n[c]\nx = 3\n"
    assert edited(text, ("gain", "a", "NEW")) == text.replace("gain = 1", "gain = NEW")
    assert edited(text, ("gain", "b", "NEW")) == text.replace("gain = 2", "gain = NEW")
    both = text.replace("gain = 2", "gain = NEW").replace("3", "NEW")
    assert edited(text, ("gain", "B", "NEW"), ("x", "NEW")) == both
    text = "&a gain = 1 /\n &B\n gain = 2, s = 'x / y',\n&end\n$c gain=3 $END\n"
    for group, number in (("a", 1), ("b", 2), ("c", 3)):
        assert edited(text, ("gain", group, "NEW")).replace("NEW", str(number)) == text
        assert edited(text, ("gain", group, "NEW")) != text


@pytest.mark.parametrize(("inside", "key", "written"), [
    ("x = 1, 2,\n  3, ! three\n  y = 4", "x", "x = NEW, ! three\n  y = 4"), ("x = 3*0.0 y=1", "x", "x = NEW y=1"),
    ("x = 'a', 'it''s / no end', y = 1", "x", "x = NEW, y = 1"), ("x=.true.,y=1", "x", "x=NEW,y=1"),
    ("x = 1! one\ny = 2", "x", "x = NEW! one\ny = 2"),
    ("x = 1 2 3", "x", "x = NEW"), ("x =\n  1, 2\n", "x", "x =NEW\n"),
    ("x = 'y = 3', y = 4", "y", "x = 'y = 3', y = NEW"), ("! x = 1\nx = 2", "x", "! x = 1\nx = NEW"),
    ("p(1)%x = 1, p(2)%x = 2", "p(2)%x", "p(1)%x = 1, p(2)%x = NEW"),
    ("x(1) = 1 x(2) = 2", "x(1)", "x(1) = NEW x(2) = 2"),
])  # fmt: skip
def test_values_of_a_namelist_may_be_many_and_go_on(inside, key, written):
    for before, after in (("&a ", " /\n"), ("&a\n", "\n/"), ("free text / no end\n&a\n", "\n&end\nx = 9, y = 9\n")):
        assert edited(before + inside + after, (key, "a", "NEW")) == before + written + after


def refused(text, **edit):
    with pytest.raises(PlaceProblem) as raised:
        find_spot(Deck(text), Edit.model_validate({"to": "x", **edit}))
    problem = raised.value
    return problem.key, problem.what, problem.found, problem.expected, problem.near


def test_a_name_that_is_not_there_or_there_twice_is_found_at_once():
    text = "[main]\ngain = 1\n[spare]\ngain = 2\nlimit = 5\n&flow rate = 1, rate = 2 /\n"
    assert refused(text, key="gian", group="main") == (
        "key", "the group `main` of the deck has no such name", "gian", "a name before `=` or `:`", "gain"
    )  # fmt: skip
    assert refused(text, key="limti") == (
        "key", "the deck has no such name", "limti", "a name before `=` or `:`", "limit"
    )  # fmt: skip
    assert refused(text, key="limit", group="main")[1] == "the group `main` of the deck has no such name"
    assert refused(text, key="gain", group="mian") == (
        "group", "the deck has no section and no namelist group of this name", "mian",
        "`[name]` or `&name` in the deck", "main",
    )  # fmt: skip
    several = "2 places of the deck give this name a value"
    assert refused(text, key="gain") == (
        "key", several, "gain", "`group: main`, `which: first`, `last` or a number", ""
    )  # fmt: skip
    assert refused(text, key="rate")[3] == "`which: first`, `last` or a number"
    assert refused(text, key="gain", which=3) == (
        "which", "only 2 places of the deck give this name a value", "3", "at most 2", ""
    )  # fmt: skip
    assert refused('"x": [1,\n 2]\n', key="x") == (
        "key", "the value goes on over several lines", "[1", "`after` and `line`, one for each", ""
    )  # fmt: skip


def test_which_of_several_values():
    text = "gain = 1\ngain = 2\ngain = 3\n"
    for which, number in (("first", 1), (2, 2), ("last", 3)):
        place = Edit.model_validate({"key": "gain", "which": which, "to": "x"})
        assert find_spot(Deck(text), place).start == (number - 1, 7)


NAMES = ["a", "bb", "c_1", "Dd"]
lines = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["", "  ", "\t"]), st.sampled_from(["=", " = ", ": ", "   =\t"]),
                  st.sampled_from(["1", "-2.5e3", "text", "'q = 1'", "1, 2, 3", "a b c"]),
                  st.sampled_from(["", " ", ",", " ! why = 1", "\t# x: 2"])),
        st.sampled_from(["", "# a = 1", "[sec]", "free text", "* bb = 3"]),
    ), max_size=8,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(lines, st.permutations(NAMES), st.text("xyz.5", max_size=12), st.sampled_from(["\n", "\r\n"]))
def test_nothing_but_the_value_changes(parts, names, new, end):
    names, made, expected, keys = list(names), [], [], []
    for part in parts:
        if isinstance(part, str) or not names:
            made.append(part if isinstance(part, str) else "")
            expected.append(made[-1])
            continue
        indent, sign, value, behind = part
        keys.append(names.pop())
        made.append(indent + keys[-1] + sign + value + behind)
        expected.append(indent + keys[-1] + sign + new + behind)
    assert edited(end.join(made), *((key, new) for key in keys)) == end.join(expected)
