"""Cards, columns, characters and lines of an existing deck: only the place changes, and its columns stay."""

import re
import timeit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filebridge.config.deck import Edit
from filebridge.errors import ActionError
from filebridge.wire.decks.deck import Deck, Filling, PlaceProblem, compile_deck
from filebridge.wire.decks.places import find_spot


def fillings(deck, *edits):
    """Return the fillings of ``edits``, each a mapping whose ``to`` is the text itself."""
    made = []
    for edit in edits:
        place = Edit.model_validate(edit)
        made.append(Filling(find_spot(deck, place), lambda row, previous, text=place.to: text.encode(), place.to))
    return made


def edited(text, *edits):
    deck = Deck(text)
    return compile_deck(deck, fillings(deck, *edits), "utf-8", "utf-8")([], []).decode()


def refused(text, *edits):
    with pytest.raises(PlaceProblem) as raised:
        edited(text, *edits)
    problem = raised.value
    return problem.key, problem.what, problem.found, problem.expected, problem.near


# Columns.


@pytest.mark.parametrize(("line", "column", "new", "written"), [
    # A longer word takes spaces, one stays; a shorter one leaves some; what follows keeps its column.
    ("GW  1  9   0.0   0.25   8", 5, "0.123", "GW  1  9   0.0   0.123  8"),
    ("GW 1   9", 2, "22", "GW 22  9"), ("GW 1   9", 2, "4444", "GW 4444 9"), ("GW 1   9", 2, "55555", "GW 55555 9"),
    ("GW 333 9", 2, "1", "GW 1   9"), ("GW   333 9", 2, "1", "GW     1 9"), ("GW   333 9", 2, "55555", "GW 55555 9"),
    ("GW   333 9", 2, "4444", "GW  4444 9"), ("GW   1   9", 2, "7777777", "GW 7777777 9"),
    # At the end of the line there is room; a number far from its neighbour ends where it did.
    ("GW 1", 2, "12345", "GW 12345"), ("GW 12345", 2, "1", "GW 1"), ("GW   12", 2, "5", "GW    5"),
    ("GW   12", 2, "123456", "GW 123456"), ("GW 1  ", 2, "12", "GW 12  "), ("GW   12 ", 2, "5", "GW    5 "),
    # Commas part words too, and may have nothing between them.
    ("GW 1,9,0.5,2", 4, "12.75", "GW 1,9,12.75,2"), ("GRID,1,,0.0", 3, "7", "GRID,1,7,0.0"),
    ("GRID,1,", 3, "7", "GRID,1,7"),
    ("GW 1, 9, 5", 3, "777", "GW 1, 777, 5"), ("GW 1 , 9 , 5", 3, "77", "GW 1 , 77 , 5"),
    # Tabs, quotes, indentation.
    ("GW\t1\t9", 2, "777", "GW\t777\t9"), ("  GW 'a b' 9", 2, "x", "  GW x     9"),
    ("T 'it', \"b c\"", 3, "'d'", "T 'it', 'd'"),
])  # fmt: skip
def test_a_column_is_replaced_and_the_others_stay(line, column, new, written):
    name = line.split()[0].partition(",")[0]
    for end in ("\n", "\r\n", ""):
        before, after = f"CM{end}" if end else "CM\n", f"EN{end}" if end else ""
        text = edited(before + line + end + after, {"card": name, "column": column, "to": new})
        assert text == before + written + end + after


def test_neighbours_share_the_spaces_between_them():
    line = "GW   1   2   3   4\n"
    for texts in (("9", "8"), ("999", "888"), ("99999", "88888"), ("9", "88888"), ("99999", "8")):
        edits = [{"card": "GW", "column": 3 + number, "to": text} for number, text in enumerate(texts)]
        for order in (edits, edits[::-1]):
            assert edited(line, *order).split() == ["GW", "1", *texts, "4"]
    edits = [{"card": "GW", "column": 3, "to": "22"}, {"card": "GW", "column": 4, "to": "33"}]
    assert edited(line, *edits) == "GW   1   22  33  4\n"
    assert edited("GW 1 2\n", {"card": "GW", "column": 2, "to": "11"}, {"card": "GW", "column": 3, "to": "22"}) == (
        "GW 11 22\n"
    )


# Characters.


def test_characters_are_filled_from_the_right():
    line = "CROD    1       2       3"
    assert edited(f"{line}\n", {"card": "CROD", "chars": "17..24", "to": "7.5"}) == "CROD    1            7.53\n"
    assert edited(f"{line}\n", {"card": "CROD", "chars": "9..16", "to": "12345678"}) == "CROD    123456782       3\n"
    assert edited(f"{line}\n", {"card": "CROD", "chars": "17..17", "to": ""}) == "CROD    1               3\n"


def test_a_short_line_is_filled_up():
    edits = [{"card": "A", "chars": "5..7", "to": "12"}, {"card": "A", "chars": "11..12", "to": "9"}]
    for order in (edits, edits[::-1]):
        assert edited("A\r\nB\n", *order) == "A    12    9\r\nB\n"
    assert edited("A", edits[0]) == "A    12"


def test_what_is_too_long_for_its_characters_is_an_error_of_the_action():
    deck = Deck("A          B\n")
    values = iter(["12345", "123456", "\u00e912345", "\u00e92345"])
    spot = find_spot(deck, Edit(card="A", chars=(3, 7), to="{action}"))
    filling = Filling(spot, lambda row, previous: next(values).encode(), "{action}")
    encode = compile_deck(deck, [filling], "utf-8", "utf-8")
    assert encode([], []) == b"A 12345    B\n"
    with pytest.raises(ActionError) as raised:
        encode([], [])
    assert str(raised.value) == (
        "`{action}` does not fit into the characters 3..7 of the deck\n"
        "  found: 123456\n"
        "  cure: a shorter format, or bounds of the action for which 5 characters are enough"
    )
    with pytest.raises(ActionError, match="does not fit"):
        encode([], [])
    assert encode([], []) == "A \u00e92345    B\n".encode()


# Lines.


def test_a_line_below_a_heading():
    text = "LOADS\r\n 1 2\r\n 3 4\r\nEND"
    assert edited(text, {"after": "LOAD", "to": "x"}) == "LOADS\r\nx\r\n 3 4\r\nEND"
    assert edited(text, {"after": "LOAD", "line": 2, "to": "x"}) == "LOADS\r\n 1 2\r\nx\r\nEND"
    assert edited(text, {"after": "LOAD", "line": 3, "to": "x"}) == "LOADS\r\n 1 2\r\n 3 4\r\nx"
    assert edited(text, {"after": "LOAD", "line": 2, "column": 2, "to": "55"}) == "LOADS\r\n 1 2\r\n 3 55\r\nEND"
    assert edited(text, {"after": "LOAD", "chars": "2..4", "to": "9"}) == "LOADS\r\n   9\r\n 3 4\r\nEND"
    assert edited("a\n\nb\n", {"after": "a", "to": "x\ny"}) == "a\nx\ny\nb\n"


def test_which_of_several():
    text = "GW 1\nGE\nGW 2\ngw 3\nGW 4\n"
    for which, number in (("first", 1), ("last", 4), (2, 2), (3, 4)):
        edit = {"card": "GW", "column": 2, "which": which, "to": "x"}
        assert edited(text, edit) == text.replace(f"GW {number}", "GW x")
    assert edited("a\n1\na\n2\n", {"after": "a", "which": "last", "to": "x"}) == "a\n1\na\nx\n"
    assert edited(text, {"card": "gw", "column": 2, "to": "x"}) == text.replace("gw 3", "gw x")
    assert edited(text, {"card": "ge", "chars": "4..4", "to": "x"}) == text.replace("GE", "GE x")


# What is refused when the deck is read.


@pytest.mark.parametrize(("edit", "problem"), [
    ({"card": "LAODS", "column": 2},
     ("card", "no line of the deck begins with this word", "LAODS", "one of GW, EX, LOADS, 1", "LOADS")),
    ({"card": "GW", "column": 2},
     ("card", "2 lines of the deck begin with this word", "GW", "`which: first`, `last` or a number", "")),
    ({"card": "GW", "column": 2, "which": 3},
     ("which", "only 2 lines of the deck begin with this word", "3", "at most 2", "")),
    ({"card": "EX", "column": 4}, ("column", "the line has 3 words only: EX 0 5", "4", "at most 3", "")),
    ({"card": "EX", "chars": "0..4"}, ("chars", "no characters of a line", "0..4", "from 1 to 10000", "")),
    ({"card": "EX", "chars": "5..2000000000"},
     ("chars", "no characters of a line", "5..2000000000", "from 1 to 10000", "")),
    ({"after": "LODAS"}, ("after", "no line of the deck holds this text", "LODAS", "a part of a heading", "LOADS")),
    ({"after": "G"}, ("after", "2 lines of the deck hold this text", "G", "`which: first`, `last` or a number", "")),
    ({"after": "LOADS", "line": 2}, ("line", "the deck ends before this line", "2", "at most 1", "")),
])  # fmt: skip
def test_a_place_that_is_not_there_is_found_at_once(edit, problem):
    assert refused("GW 1\nGW 2\nEX 0 5\nLOADS\n 1\n", {**edit, "to": "x"}) == problem


@pytest.mark.parametrize("edits", [
    [{"card": "A", "column": 2}, {"card": "A", "column": 2}],
    [{"card": "A", "column": 2}, {"card": "A", "chars": "1..4"}],
    [{"after": "A", "column": 1}, {"after": "A"}], [{"card": "C", "column": 2}, {"card": "C", "column": 2}],
])  # fmt: skip
def test_places_do_not_overlap(edits):
    assert refused("A 1 2\nB\nC,,\n", *({**edit, "to": "x"} for edit in edits))[1] == "two of the places overlap"


# Nothing else changes.

GAP = re.compile(r"\s*,\s*|\s+")
words = st.lists(st.text("ABab019.,'\"=:![]&/ \t", max_size=30), min_size=1, max_size=8)


@settings(max_examples=150, deadline=None)
@given(words, st.sampled_from(["\n", "\r\n"]), st.integers(0, 7), st.integers(1, 4), st.text("xyz", min_size=1))
def test_nothing_but_the_column_changes(lines, end, number, column, new):
    number %= len(lines)
    lines = ["HEAD", *lines]
    text = end.join(lines)
    edit = {"after": "HEAD", "line": number + 1, "column": column, "to": new}
    try:
        after = edited(text, edit).split(end)
    except PlaceProblem:
        return  # the line has not so many words
    assert after[: number + 1] == lines[: number + 1]
    assert after[number + 2 :] == lines[number + 2 :]
    old, line = lines[number + 1], after[number + 1]
    head, found, tail = line.partition(new)
    assert found == new
    assert old.startswith(head.rstrip(" "))
    assert old.endswith(tail.lstrip(" "))
    if not set("'\"") & set(old):
        assert len(GAP.split(line.strip())) == len(GAP.split(old.strip()))


@settings(max_examples=150, deadline=None)
@given(words, st.integers(0, 7), st.integers(1, 40), st.integers(0, 9))
def test_nothing_but_the_characters_changes(lines, number, first, more):
    number %= len(lines)
    text = "\n".join(["HEAD", *lines, ""])
    edit = {"after": "HEAD", "line": number + 1, "chars": f"{first}..{first + more}", "to": "z"}
    old = lines[number].ljust(first + more)
    lines[number] = old[: first - 1] + "z".rjust(more + 1) + old[first + more :]
    assert edited(text, edit) == "\n".join(["HEAD", *lines, ""])


def test_a_large_deck_is_cut_once():
    text = "".join(f"GRID    {number:8d}{0.0:8.3f}\n" for number in range(10_000)) + "LOAD 1.0\n"
    deck = Deck(text)
    edits = {"card": "LOAD", "column": 2, "to": "2.5"}, {"after": "    5000", "chars": "17..24", "to": "9"}
    made = fillings(deck, *edits)
    encode = compile_deck(deck, made, "utf-8", "utf-8")
    expected = text.replace("LOAD 1.0", "LOAD 2.5").splitlines(keepends=True)
    expected[5001] = f"GRID    {5001:8d}{'9':>8}\n"
    assert encode([], []).decode() == "".join(expected)
    spent = min(timeit.repeat(lambda: encode([], []), number=20, repeat=5)) / 20
    cutting = min(timeit.repeat(lambda: text.encode().splitlines(), number=1, repeat=5))
    assert spent < cutting
