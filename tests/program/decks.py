"""Contents compiled by hand: a deck in a folder, a row of values, the problems that were found."""

from types import SimpleNamespace

from filebridge.config.deck import Deck
from filebridge.config.simulator import Text
from filebridge.program.decks import compile_content
from filebridge.program.faults import Faults
from filebridge.wire.expression import Kind, Slot

KINDS = {
    "step": Kind.INTEGER, "episode": Kind.INTEGER, "seed": Kind.INTEGER, "seat": Kind.INTEGER,
    "action": Kind.VECTOR, "action.gain": Kind.NUMBER, "action.trim": Kind.NUMBER,
    "over": Kind.FLAG, "name": Kind.TEXT, "height": Kind.NUMBER, "count": Kind.INTEGER, "profile": Kind.VECTOR,
}  # fmt: skip
VALUES = {
    "step": 3, "episode": 1, "seed": 7, "seat": 0, "action": [0.25, -1.5], "action.gain": 0.25, "action.trim": -1.5,
    "over": True, "name": "run a", "height": 12.5, "count": 4, "profile": [1.0, 2.5, 4.0],
}  # fmt: skip
NAMES = {name: Slot(index, kind, 0) for index, (name, kind) in enumerate(KINDS.items())}
ACTIONS = len(NAMES)
PLACE = ("step", 0, "write", "a.inp")


def row(**values):
    """Return the row with ``values`` in place of the usual ones; ``actions`` is the list of actions."""
    return [*({**VALUES, **values}[name] for name in NAMES), values.get("actions", [])]


class Bench:
    """A folder with decks, in which contents are compiled."""

    def __init__(self, folder):
        self.folder = folder
        self.problems = []

    def compile(self, content, deck=None, actions_index=ACTIONS, names=None, **text):
        if deck is not None:
            (self.folder / "deck.inp").write_bytes(deck.encode() if isinstance(deck, str) else deck)
        faults = Faults()
        content = Deck.model_validate(content) if isinstance(content, dict) else content
        config = SimpleNamespace(text=Text(**text))
        made = compile_content(content, names or NAMES, PLACE, config, self.folder, faults, actions_index)
        assert (made is None) == bool(faults.problems)
        self.problems = [
            (".".join(map(str, each.path[4:])), each.what, each.found, each.expected, each.near)
            for each in faults.problems
        ]
        return made

    def written(self, content, deck=None, **values):
        """Return the bytes of ``content`` for a row with ``values``."""
        made = self.compile(content, deck)
        assert made is not None, self.problems
        return made.encode(row(**values), row())

    def edited(self, deck, *edits, **values):
        """Return the text of ``deck`` with the places of ``edits`` replaced."""
        return self.written({"edit": "deck.inp", "set": list(edits)}, deck, **values).decode()

    def refused(self, content, deck=None, **more):
        """Return the only problem of ``content``."""
        assert self.compile(content, deck, **more) is None
        (problem,) = self.problems
        return problem
