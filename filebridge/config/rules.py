"""Rules across keys; each yields problems with the path of the fault, and nothing is started before they hold."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

from filebridge.config import substitution
from filebridge.config.action_rules import check_action, one_of
from filebridge.config.adapter_rules import check_adapter
from filebridge.config.addresses import check_names
from filebridge.config.cleaned_rules import check_cleaned
from filebridge.config.dialogues import all_labels, dialogues, framing_of, framings_of, sent_texts
from filebridge.config.draw import check_draw
from filebridge.config.ends import check_exchange, check_framing
from filebridge.config.exchange import labels
from filebridge.config.field import WAYS
from filebridge.config.field_rules import check_fields
from filebridge.config.ignore_rules import check_ignored
from filebridge.config.model import Config
from filebridge.config.problems import Problem, nearest
from filebridge.config.transport_rules import check_transport
from filebridge.config.wording import one_of as alternatives

__all__ = ["RESERVED", "check", "known_values"]

Place = tuple[str | int, ...]

RESERVED = ("step", "episode", "seed", "seat", "action", "actions", "prev")
"""Names that the bridge itself gives to values."""


def check(config: Config) -> list[Problem]:
    """Return everything that is wrong with ``config`` beyond the types of its values."""
    found: list[Problem] = []
    for rule in (
        _choices, check_transport, check_fields, _framings, _names, _simulator, _seed, _text, _variables, _reset,
        _policies, _ending, _observation, _mask, check_adapter,
        check_ignored, check_cleaned,
    ):
        found += rule(config)
    return [*found, *check_action(config.action, ("action",))]


def known_values(config: Config) -> list[str]:
    """Return the names that can be observed: fields, labels, variables, the step."""
    return list(dict.fromkeys([*config.fields, *all_labels(config), *config.variables, "step"]))


def _mask(config: Config) -> Iterator[Problem]:
    name, fields = config.action.mask, list(config.fields)
    if name is not None and name not in fields:
        yield Problem(("action", "mask"), "no such field", name, alternatives(fields), nearest(name, fields))


def _choices(config: Config) -> Iterator[Problem]:
    for name, field in config.fields.items():
        yield from one_of(field, WAYS, ("fields", name), "the way to read the field")
    for name, file in config.simulator.files.items():
        yield from one_of(
            file, ("copy_of", "link", "template", "text"), ("simulator", "files", name), "the file's source"
        )


def _framings(config: Config) -> Iterator[Problem]:
    yield from check_framing(config.framing, ("framing",))
    terminal = config.transport.console is not None and config.transport.console.terminal != "none"
    for place, exchange in dialogues(config):
        framing = framing_of(config, exchange)
        yield from check_exchange(exchange, framing, place)
        for at, given in framings_of(config, exchange, place):
            for key in ("bytes", "length"):
                if terminal and getattr(given, key) is not None:
                    what = "bytes cannot be counted on a terminal, which changes line ends"
                    yield Problem((*at, key), what, expected="`lines`, `until` or pipes", on="key")


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
            yield Problem(
                _label_place(config, label),
                "the label is taken",
                f"`{label}` is {owners[label]}",
                "another label",
                on="key",
            )


def _label_place(config: Config, label: str) -> Place:
    for place, exchange in dialogues(config):
        for at, given in framings_of(config, exchange, place):
            for number, end in enumerate(given.until or ()):
                if end.label == label:
                    return (*at, "until", number, label)
    return ("step",)


def _simulator(config: Config) -> Iterator[Problem]:
    simulator = config.simulator
    texts: list[tuple[Place, str]] = [(("simulator", "command", n), word) for n, word in enumerate(simulator.command)]
    texts += [(("simulator", "environment", name), text) for name, text in simulator.environment.items()]
    texts += [(("simulator", "path", n), folder) for n, folder in enumerate(simulator.path)]
    texts.append((("simulator", "directory"), simulator.directory))
    for place, text in texts:
        yield from check_names(text, place)
        for fault in substitution.bare(text):
            what, found, span = "a dollar sign is missing", f"{{{fault.name}}}", (fault.offset, fault.length)
            yield Problem(place, what, found, f"`${found}`", "", "value", *span)
    for name in simulator.files:
        if name.startswith("/") or ".." in name.split("/") or "\0" in name or not name:
            yield Problem(
                ("simulator", "files", name),
                "leads out of the run folder",
                name,
                "a relative name without `..`",
                on="key",
            )
    console = config.transport.console
    if console and console.terminal != "none" and console.stderr == "apart" and "stderr" in console.model_fields_set:
        yield Problem(
            ("transport", "console", "stderr"), "a terminal always merges stderr", "apart", "leave it out, or use pipes"
        )


def _seed(config: Config) -> Iterator[Problem]:
    used = substitution.uses(config.simulator.command, "seed") or substitution.uses(
        config.simulator.environment.values(), "seed"
    )
    for _, exchange in dialogues(config):
        used = used or any("seed" in text for text in sent_texts(exchange))
        decks = [content for content in (exchange.write or {}).values() if not isinstance(content, str)]
        used = used or any(deck.template is not None for deck in decks)
    used = used or any(
        file.template is not None or "seed" in (file.text or "") for file in config.simulator.files.values()
    )
    if config.simulator.seed is None:
        if substitution.uses(config.simulator.command, "seed"):
            yield Problem(("simulator", "seed"), "a seed is used but said to be none", "none", "leave `seed` out")
    elif not used and config.adapter is None:
        expected = "`${seed}` in the command, `{seed}` in a `send` or in a file, or `seed: none`"
        yield Problem(("simulator",), "the seed reaches the simulator nowhere", expected=expected, on="key")
    elif config.simulator.seed[0] < 0:
        yield Problem(
            ("simulator", "seed"), "negative seeds are not drawn", str(config.simulator.seed[0]), "a range from 0 on"
        )


def _text(config: Config) -> Iterator[Problem]:
    try:
        codecs.lookup(config.text.encoding)
        "a".encode(config.text.encoding)
    except (LookupError, UnicodeError):
        near = nearest(config.text.encoding, ("utf-8", "latin-1", "ascii", "cp437", "cp1252", "utf-16", "utf-16-le"))
        yield Problem(
            ("text", "encoding"),
            "not an encoding of text",
            config.text.encoding,
            "`utf-8`, `latin-1`, `cp437`, ...",
            near,
        )


def _variables(config: Config) -> Iterator[Problem]:
    for name, variable in config.variables.items():
        place = ("variables", name)
        yield from one_of(variable, ("start", "draw"), place, "the first value")
        if variable.draw is not None:
            yield from check_draw(variable.draw, (*place, "draw"))
        if variable.low is not None and variable.high is not None and variable.low > variable.high:
            yield Problem((*place, "low"), "above `high`", f"{variable.low:g}", f"at most {variable.high:g}")


def _reset(config: Config) -> Iterator[Problem]:
    if config.reset is None or config.reset.start_from is None or config.simulator.each == "step":
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
        place: Place = ("on_failure",) if len(retried) == 3 else ("on_failure", retried[0])
        what = "a retry replays the episode, so equal actions must give equal replies"
        yield Problem(place, what, "retry", "`deterministic: true` too if that is so, otherwise `truncate` or `raise`")


def _ending(config: Config) -> Iterator[Problem]:
    if config.max_steps is None and config.terminated == "False" and config.truncated == "False":
        yield Problem(
            (),
            "no episode would ever end",
            "neither `terminated`, `truncated` nor `max_steps`",
            "`max_steps: 200`, say",
        )


def _observation(config: Config) -> Iterator[Problem]:
    form, known = config.observation, known_values(config)
    parts: dict[Place, str | list[str]] = {("observation",): form} if not isinstance(form, dict) else {}
    parts |= {("observation", part): inner for part, inner in form.items()} if isinstance(form, dict) else {}
    for place, inner in parts.items():
        entries = [(place, inner)] if isinstance(inner, str) else [((*place, n), name) for n, name in enumerate(inner)]
        if not entries:
            yield Problem(place, "nothing is observed", "an empty list", "at least one field")
        for at, name in entries:
            if name not in known:
                names = str(name).replace(",", " ").split()
                is_list = len(names) > 1 and set(names) <= set(known)
                wanted = f"a list: `[{', '.join(names)}]`" if is_list else "one of " + ", ".join(known)
                near = "" if is_list else nearest(str(name), known)
                yield Problem(at, "no field or variable has this name", str(name), wanted, near)
