"""``${name}`` in commands: a closed list, filled once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filebridge.config.substitution import KNOWN, Fault, faults, fill, uses

VALUES = {name: f"<{name}>" for name in KNOWN}


@pytest.mark.parametrize("name", KNOWN)
def test_known_names_are_filled(name):
    assert faults(f"-s${{{name}}}x") == []
    assert fill(f"-s${{{name}}}x", VALUES) == f"-s<{name}>x"


def test_a_dollar_sign_of_its_own():
    assert faults("a $$ b $${seed}") == []
    assert fill("a $$ b $${seed}", VALUES) == "a $ b ${seed}"


def test_a_value_is_never_looked_at_again():
    assert fill("${config}/${seed}", {"config": "/a/${seed}$$", "seed": 3}) == "/a/${seed}$$/3"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${sead}", [Fault("sead", 0, 7)]),
        ("a ${} b", [Fault("", 2, 3)]),
        ("${seed} ${Seed}", [Fault("Seed", 8, 7)]),
        ("${ seed }", [Fault(" seed ", 0, 9)]),
        ("$HOME", [Fault("$HOME", 0, 5)]),
        ("$(reboot)", [Fault("$(", 0, 2)]),
        ("case $x in a) printf", [Fault("$x", 5, 2)]),
        ("a $ b", [Fault("$", 2, 1)]),
        ("100$", [Fault("$", 3, 1)]),
        ("${seed", [Fault("${seed", 0, 6)]),
        ("${a}${b}", [Fault("a", 0, 4), Fault("b", 4, 4)]),
        ("plain", []),
        ("", []),
    ],
)
def test_faults(text, expected):
    assert faults(text) == expected


def test_uses():
    assert uses(["a", "-s${seed}"], "seed")
    assert not uses(["a", "$${seed}", "${seat}"], "seed")
    assert not uses([], "seed")


@given(st.text("ab${}seed", max_size=30))
def test_what_has_no_faults_can_be_filled(text):
    if not faults(text):
        assert "<seed>" in fill(text, VALUES) or not uses([text], "seed")


def test_each_unknown_name_is_found():
    assert [fault.name for fault in faults("echo $((n+1)); echo R$n")] == ["$(", "$n"]
