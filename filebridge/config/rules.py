"""Rules across keys; each yields problems with the path of the fault, and nothing is started before they hold."""

from __future__ import annotations

import codecs
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from filebridge.config import substitution
from filebridge.config.action import KINDS, Action, Box
from filebridge.config.draw import check_draw
from filebridge.config.ends import check_exchange, check_framing
from filebridge.config.exchange import Exchange, Framing, labels
from filebridge.config.field import WAYS
from filebridge.config.model import Config
from filebridge.config.problems import Problem, nearest
from filebridge.config.wording import one_of as alternatives

__all__ = ["RESERVED", "check", "dialogues", "framing_of", "known_values"]

Place = tuple[str | int, ...]

RESERVED = ("step", "episode", "seed", "seat", "action", "prev")
"""Names that the bridge itself gives to values."""


def check(config: Config) -> list[Problem]:
    """Return everything that is wrong with ``config`` beyond the types of its values."""
    found: list[Problem] = []
    for rule in (_choices, _framings, _names, _simulator, _seed, _text, _variables, _reset, _policies, _ending, _observation):
        found += rule(config)
    found += _action(config.action, ("action",))
    return found


def dialogues(config: Config) -> Iterator[tuple[Place, Exchange]]:
    """Yield every exchange with its path."""
    for phase in ("start", "step", "stop"):
        for number, exchange in enumerate(getattr(config, phase)):
            yield (phase, number), exchange
    for number, exchange in enumerate(config.reset.exchanges if config.reset else ()):
        yield ("reset", "exchanges", number), exchange


def framing_of(config: Config, exchange: Exchange) -> Framing:
    """Return the framing in force for ``exchange``: its own, or the common one."""
    own = any(getattr(exchange, name) is not None for name in ("until", "lines", "blank", "bytes", "quiet"))
    return exchange if own else config.framing


def all_labels(config: Config) -> list[str]:
    """Return the labels of all ends, each once."""
    return labels([framing_of(config, exchange) for _, exchange in dialogues(config)])


def known_values(config: Config) -> list[str]:
    """Return the names that can be observed: fields, labels, variables, the step."""
    return list(dict.fromkeys([*config.fields, *all_labels(config), *config.variables, "step"]))


def one_of(part: Any, names: tuple[str, ...], place: Place, noun: str) -> Iterator[Problem]:
    """Yield a problem unless exactly one of ``names`` is given."""
    aliases = {name: field.alias or name for name, field in type(part).model_fields.items()}
    given = [aliases[name] for name in names if getattr(part, name) is not None]
    expected = alternatives([aliases[name] for name in names])
    if not given:
        yield Problem(place, f"{noun} is missing", "none of its keys", expected, on="key")
    elif len(given) > 1:
        yield Problem((*place, given[1]), f"{noun} is given twice", " and ".join(given), expected, on="key")


def _choices(config: Config) -> Iterator[Problem]:
    yield from one_of(config.transport, ("console",), ("transport",), "the transport")
    for name, field in config.fields.items():
        yield from one_of(field, WAYS, ("fields", name), "the way to read the field")
    for name, file in config.simulator.files.items():
        yield from one_of(file, ("copy_of", "link", "template", "text"), ("simulator", "files", name), "the file's source")


def _framings(config: Config) -> Iterator[Problem]:
    yield from check_framing(config.framing, ("framing",))
    terminal = config.transport.console is not None and config.transport.console.terminal != "none"
    for place, exchange in dialogues(config):
        framing = framing_of(config, exchange)
        yield from check_exchange(exchange, framing, place)
        if terminal and framing.bytes is not None:
            at = place if framing is exchange else ("framing",)
            yield Problem(
                (*at, "bytes"), "bytes cannot be counted on a terminal, which changes line ends", "", "`lines`, `until` or pipes", on="key"
            )


def _names(config: Config) -> Iterator[Problem]:
    owners: dict[str, str] = dict.fromkeys(RESERVED, "a value of the bridge itself")
    for place, name, owner in [
        *((("variables", name), name, "a variable") for name in config.variables),
        *((("fields", name), name, "a field") for name in config.fields),
    ]:
        if name in owners:
            yield Problem(place, "the name is taken", f"`{name}` is {owners[name]}", "another name", on="key")
        owners.setdefault(name, owner)
    for label in all_labels(config):
        if label in owners:
            yield Problem(_label_place(config, label), "the label is taken", f"`{label}` is {owners[label]}", "another label", on="key")


def _label_place(config: Config, label: str) -> Place:
    for place, exchange in dialogues(config):
        framing = framing_of(config, exchange)
        for number, end in enumerate(framing.until or ()):
            if end.label == label:
                return (*(place if framing is exchange else ("framing",)), "until", number, label)
    return ("step",)


def _simulator(config: Config) -> Iterator[Problem]:
    simulator = config.simulator
    texts: list[tuple[Place, str]] = [(("simulator", "command", n), word) for n, word in enumerate(simulator.command)]
    texts += [(("simulator", "environment", name), text) for name, text in simulator.environment.items()]
    texts += [(("simulator", "path", n), folder) for n, folder in enumerate(simulator.path)]
    texts.append((("simulator", "directory"), simulator.directory))
    for place, text in texts:
        for fault in substitution.faults(text):
            if fault.name == "port":
                yield Problem(place, "a console has no port", "${port}", "another of " + substitution.KNOWN_TEXT, "", "value", fault.offset, 7)
            else:
                yield Problem(
                    place, "an unknown name in `${...}`", fault.name, "one of " + substitution.KNOWN_TEXT + "; `$$` is a dollar sign",
                    nearest(fault.name, substitution.KNOWN), "value", fault.offset, fault.length,
                )  # fmt: skip
    for name in simulator.files:
        if name.startswith("/") or ".." in name.split("/") or "\0" in name or not name:
            yield Problem(("simulator", "files", name), "leads out of the run folder", name, "a relative name without `..`", on="key")
    console = config.transport.console
    if console and console.terminal != "none" and console.stderr == "apart" and "stderr" in console.model_fields_set:
        yield Problem(("transport", "console", "stderr"), "a terminal always merges stderr", "apart", "leave it out, or use pipes")


def _seed(config: Config) -> Iterator[Problem]:
    used = substitution.uses(config.simulator.command, "seed") or substitution.uses(config.simulator.environment.values(), "seed")
    sent = [exchange.send for _, exchange in dialogues(config) if exchange.send is not None]
    used = used or any("seed" in (text if isinstance(text, str) else " ".join(text)) for text in sent)
    used = used or any(file.template is not None or "seed" in (file.text or "") for file in config.simulator.files.values())
    if config.simulator.seed is None:
        if substitution.uses(config.simulator.command, "seed"):
            yield Problem(("simulator", "seed"), "a seed is used but said to be none", "none", "leave `seed` out")
    elif not used:
        yield Problem(
            ("simulator",), "the seed reaches the simulator nowhere", "", "`${seed}` in the command, `{seed}` in a `send`, or `seed: none`", on="key"
        )
    elif config.simulator.seed[0] < 0:
        yield Problem(("simulator", "seed"), "negative seeds are not drawn", str(config.simulator.seed[0]), "a range from 0 on")


def _text(config: Config) -> Iterator[Problem]:
    try:
        codecs.lookup(config.text.encoding)
        "a".encode(config.text.encoding)
    except (LookupError, UnicodeError):
        near = nearest(config.text.encoding, ("utf-8", "latin-1", "ascii", "cp437", "cp1252", "utf-16", "utf-16-le"))
        yield Problem(("text", "encoding"), "not an encoding of text", config.text.encoding, "`utf-8`, `latin-1`, `cp437`, ...", near)


def _variables(config: Config) -> Iterator[Problem]:
    for name, variable in config.variables.items():
        place = ("variables", name)
        yield from one_of(variable, ("start", "draw"), place, "the first value")
        if variable.draw is not None:
            yield from check_draw(variable.draw, (*place, "draw"))
        if variable.low is not None and variable.high is not None and variable.low > variable.high:
            yield Problem((*place, "low"), "above `high`", f"{variable.low:g}", f"at most {variable.high:g}")


def _reset(config: Config) -> Iterator[Problem]:
    if config.reset is None or config.reset.start_from is None:
        return
    known = labels([framing_of(config, exchange) for exchange in [*config.start, *config.step]])
    label = config.reset.start_from
    if label not in known:
        expected = "a label of an end in `step` or `start`" + (": " + ", ".join(known) if known else "; there is none")
        yield Problem(("reset", "from"), "no reply ends with this label", label, expected, nearest(label, known))


def _policies(config: Config) -> Iterator[Problem]:
    policy = config.on_failure
    retried = [kind for kind in ("crash", "timeout", "protocol") if getattr(policy, kind) == "retry"]
    if retried and not config.deterministic:
        yield Problem(
            ("on_failure",) if len(retried) == 3 else ("on_failure", retried[0]), "a retry replays the episode, so equal actions must give equal replies", "retry",
            "`deterministic: true` too if that is so, otherwise `truncate` or `raise`",
        )  # fmt: skip


def _ending(config: Config) -> Iterator[Problem]:
    if config.max_steps is None and config.terminated == "False" and config.truncated == "False":
        yield Problem((), "no episode would ever end", "neither `terminated`, `truncated` nor `max_steps`", "`max_steps: 200`, say")


def _observation(config: Config) -> Iterator[Problem]:
    form, known = config.observation, known_values(config)
    parts: list[tuple[Place, str | list[str]]] = (
        [(("observation", part), inner) for part, inner in form.items()] if isinstance(form, dict) else [(("observation",), form)]
    )
    for place, inner in parts:
        entries = [(place, inner)] if isinstance(inner, str) else [((*place, n), name) for n, name in enumerate(inner)]
        if not entries:
            yield Problem(place, "nothing is observed", "an empty list", "at least one field")
        for at, name in entries:
            if name not in known:
                yield Problem(at, "no field or variable has this name", str(name), "one of " + ", ".join(known), nearest(str(name), known))


def _action(action: Action, place: Place) -> Iterator[Problem]:
    yield from one_of(action, KINDS, place, "the kind of action")
    if action.box is not None:
        yield from _box(action.box, (*place, "box"))
    tables = [((*place, "choices"), action.choices)] if action.choices else []
    tables += [((*place, "multi", part), choices) for part, choices in (action.multi or {}).items()]
    for at, table in tables:
        yield from _table(table, at) if isinstance(table, list) else ()
    yield from _table(action.bits, (*place, "bits")) if action.bits is not None else ()
    for part, inner in (action.parts or {}).items():
        yield from _action(inner, (*place, "parts", part))
    if action.text is not None and action.text.min_length > action.text.max_length:
        yield Problem((*place, "text", "min_length"), "above `max_length`", str(action.text.min_length), f"at most {action.text.max_length}")


def _table(table: Sequence[str | int], place: Place) -> Iterator[Problem]:
    if not table:
        yield Problem(place, "nothing to choose from", "an empty list", "at least one entry")
    for number, entry in enumerate(table):
        if str(entry) in map(str, table[:number]):
            yield Problem((*place, number), "given twice", str(entry), "each one once")
        elif type(entry) is not type(table[0]):
            yield Problem((*place, number), "words and numbers in one list", str(entry), "words only, or numbers only")


def _box(box: Box, place: Place) -> Iterator[Problem]:
    sizes = {name: len(bound) for name, bound in (("low", box.low), ("high", box.high), ("names", box.names)) if isinstance(bound, list)}
    if box.size is not None:
        sizes["size"] = box.size
    if len(set(sizes.values())) > 1:
        found = ", ".join(f"{name}: {size}" for name, size in sizes.items())
        yield Problem(place, "its keys do not agree how many numbers there are", found, "the same number for all", on="key")
        return
    count = next(iter(sizes.values()), 1)
    low, high = (bound if isinstance(bound, list) else [bound] * count for bound in (box.low, box.high))
    yield from _table(box.names, (*place, "names")) if box.names is not None else ()
    largest = float(np.finfo(box.dtype).max)
    for number, (least, greatest) in enumerate(zip(low, high, strict=True)):
        for key, bound, value in (("low", box.low, least), ("high", box.high, greatest)):
            if math.isnan(value) or largest < abs(value) < math.inf:
                at = (*place, key, number) if isinstance(bound, list) else (*place, key)
                yield Problem(at, "no bound", f"{value:g}", f"a number that a {box.dtype} can hold")
                return
        if not least < greatest:
            at = (*place, "low", number) if isinstance(box.low, list) else (*place, "low")
            yield Problem(at, "not below `high`", f"{least:g}", f"less than {greatest:g}")
            return
