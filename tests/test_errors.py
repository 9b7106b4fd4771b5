"""The exceptions themselves: each survives the ways in which others hand it on."""

from __future__ import annotations

import pickle

import pytest

from filebridge import errors
from filebridge.errors import BridgeError, Situation

KINDS = sorted(
    (kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, BridgeError)),
    key=lambda kind: kind.__name__,
)


def full(kind):
    situation = Situation("Fake", "step", 3, 2, 1, sent="1\\n", awaited="`> `")
    error = kind("it broke", found="pieces", cure="glue", situation=situation)
    error.code = 7
    return error


def test_there_are_all_kinds():
    assert len(KINDS) == len([name for name in errors.__all__ if name not in ("Situation", "escaped")]) > 20


@pytest.mark.parametrize("kind", KINDS)
def test_one_made_from_an_instance_is_its_twin(kind):
    error = full(kind)
    twin = kind(error)
    assert (type(twin), str(twin), twin.args) == (kind, str(error), ("it broke",))
    assert (twin.what, twin.found, twin.cure, twin.code) == ("it broke", "pieces", "glue", 7)
    assert twin.situation is error.situation


@pytest.mark.parametrize("kind", KINDS)
def test_a_pickled_one_is_its_twin(kind):
    error = full(kind)
    twin = pickle.loads(pickle.dumps(error))
    assert (type(twin), str(twin), twin.__dict__) == (kind, str(error), error.__dict__)


def test_what_was_awaited_stands_behind_what_was_sent():
    assert str(full(BridgeError)) == (
        "it broke\n  found: pieces\n  where: Fake, seat 3, step of episode 2, step 1\n"
        "  sent: 1\\n\n  awaited: `> `\n  cure: glue"
    )
