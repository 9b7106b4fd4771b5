"""Rules for the files that are written: one content, places that a deck can have."""

from __future__ import annotations

from collections.abc import Iterator

from filebridge.config.action_rules import one_of
from filebridge.config.deck import DECK_WAYS, EDIT_WAYS, Deck, Edit
from filebridge.config.exchange import Exchange
from filebridge.config.problems import Problem

__all__ = ["check_decks"]

Place = tuple[str | int, ...]

_PARTNERS = (("edit", "set"), ("set", "edit"), ("patch", "namelist"))


def check_decks(exchange: Exchange, place: Place) -> Iterator[Problem]:
    """Yield what is wrong with the contents of the files that ``exchange``, which stands at ``place``, writes."""
    for name, content in (exchange.write or {}).items():
        if isinstance(content, Deck):
            yield from _deck(content, (*place, "write", name))


def _deck(deck: Deck, place: Place) -> Iterator[Problem]:
    alone = [(key, partner) for key, partner in _PARTNERS
             if getattr(deck, key) is not None and getattr(deck, partner) is None]  # fmt: skip
    # What lacks its partner is no content by itself, and to be told so once is enough.
    if not alone or any(getattr(deck, way) is not None for way in DECK_WAYS):
        yield from one_of(deck, DECK_WAYS, place, "the content of the file")
    for key, partner in alone:
        # Of the whole content: should the partner be there, and be faulty in itself, this follows from that.
        found = " and ".join(f"`{each}`" for each in Deck.model_fields if getattr(deck, each) is not None)
        yield Problem(place, f"`{key}` without `{partner}`", found, f"`{partner}` too", on="key")
    for number, edit in enumerate(deck.set or ()):
        yield from _edit(edit, (*place, "set", number))


def _edit(edit: Edit, place: Place) -> Iterator[Problem]:
    wrong = list(one_of(edit, EDIT_WAYS, place, "the place"))
    if wrong:
        yield from wrong
        return
    if edit.column is not None and edit.chars is not None:
        yield Problem((*place, "chars"), "the place is given twice", "column and chars", "one of them", on="key")
    if edit.card is not None and edit.column is None and edit.chars is None:
        yield Problem((*place, "card"), "which part of the card?", edit.card, "`column: 3`, or `chars: 11..20`, too")
    if edit.card is not None and edit.column == 1:
        yield Problem((*place, "column"), "the first word is the card's name", "1", "2 or more")
    useless = {"group": edit.key is None, "line": edit.after is None, "column": edit.key is not None,
               "chars": edit.key is not None}  # fmt: skip
    for key, idle in useless.items():
        if idle and key in edit.model_fields_set:
            wanted = {"group": "`key`", "line": "`after`"}.get(key, "`card` or `after`")
            yield Problem((*place, key), "has no use here", f"`{key}`", f"{wanted} beside it", on="key")
