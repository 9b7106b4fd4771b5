"""The reference page of the YAML, generated from the models: every key with its type, default and description.

Run as a module it writes the page: ``python -m filebridge.report.reference docs/reference.md``.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from inspect import cleandoc
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from filebridge.config.draw import USAGE
from filebridge.config.model import Config
from filebridge.config.schema import json_schema
from filebridge.report import words
from filebridge.report.sections import SECTIONS, Section
from filebridge.wire.expression_kinds import FUNCTIONS

__all__ = ["reference"]

_INTRODUCTION = """\
# The configuration

One YAML file describes one simulator. This page is generated from the models that check the file
(`make docs`). An editor that knows JSON Schema completes and checks the keys while you write, if the first line is

```yaml
# yaml-language-server: $schema=filebridge.schema.json
```

with the file that `filebridge schema --write filebridge.schema.json` makes. Values are those of YAML 1.2: `no` is a
word, `010` is ten, `1e3` a number. A key that is not known is refused, with the nearest that is.
"""

_PARTS = {
    "Action": ("an action", "action"), "AdapterModel": ("an adapter", "adapter"),
    "Array": ("a mapping", "array"), "Binary": ("a mapping", "binary"),
    "Box": ("a mapping", "box"), "Console": ("a mapping", "console"), "Deck": ("a deck", "deck"),
    "Edit": ("an edit", "edit"), "Exchange": ("an exchange", "exchange"), "Fifo": ("a mapping", "fifo"),
    "FieldModel": ("a field", "field"), "File": ("a file", "file"), "Files": ("a mapping", "files"),
    "Grid": ("a mapping", "grid"), "Repeat": ("a mapping", "repeat"), "Reset": ("a mapping", "reset"),
    "Restore": ("a mapping", "restore"),
    "Table": ("a mapping", "table"), "TextAction": ("a mapping", "text-action"),
    "Variable": ("a variable", "variables"), "Within": ("a mapping", "within"),
}  # fmt: skip
"""Model -> what it is called, and the heading where its keys are listed; others are named like their sections."""


def reference() -> str:
    """Return the reference page as Markdown."""
    schema = json_schema()
    lines = [_INTRODUCTION, "## The whole file", "", *_table(Config, schema), ""]
    for section in SECTIONS:
        lines += _section(section, schema["$defs"])
    lines += _languages()
    return "\n".join(lines).rstrip("\n") + "\n"


_TITLES = {"FieldModel": "Field", "TextAction": "Text action"}


def _section(section: Section, parts: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"## {section.title}", "")
    if section.text:
        yield from (section.text, "")
    for model in section.models:
        if len(section.models) > 1:
            yield from (f"### {_TITLES.get(model.__name__, model.__name__)}", "", cleandoc(model.__doc__ or ""), "")
        yield from (*_table(model, parts[model.__name__]), "")
    yield from ("```yaml", section.example.rstrip("\n"), "```", "")


def _table(model: type[BaseModel], schema: Mapping[str, Any]) -> Iterator[str]:
    yield "| key | what it is | default | |"
    yield "| --- | --- | --- | --- |"
    for name, field in model.model_fields.items():
        key = field.alias or name
        part = schema["properties"][key]
        cells = [f"`{key}`", _people(part), _default(field, part), field.description or ""]
        yield f"| {' | '.join(map(_cell, cells))} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", "\\n")


def _people(schema: Mapping[str, Any]) -> str:
    """Return what a JSON Schema allows, in people's words."""
    if "$ref" in schema:
        model = schema["$ref"].rpartition("/")[2]
        noun, anchor = _PARTS.get(model, ("a mapping", re.sub("(?<=[a-z])(?=[A-Z])", "_", model).lower()))
        return f"[{noun}](#{anchor})"
    if "anyOf" in schema:
        return _END if _is_end(schema) else _or(_people(entry) for entry in schema["anyOf"])
    if "enum" in schema or "const" in schema:
        values = schema.get("enum", [schema.get("const")])
        return _or(f"`{value if isinstance(value, str) else json.dumps(value)}`" for value in values)
    if "examples" in schema:
        example = schema["examples"][0]
        return f"{_EXAMPLES.get(example, 'a range')} `{example}`"
    return _plain(schema)


def _plain(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type", "anything")
    if isinstance(kind, list):
        return "an expression" if "boolean" in kind else _or(_WORDS[one] for one in kind)
    if kind == "array":
        return "a list of " + _plural(_people(schema["items"]))
    if kind == "object":
        inner = next(iter(schema.get("patternProperties", {}).values()), schema.get("additionalProperties"))
        return "a mapping: name -> " + _people(inner) if isinstance(inner, dict) else "a mapping"
    return "a name" if "[a-z" in schema.get("pattern", "").lower() else _WORDS[kind] + _bounds(schema)


_WORDS = {
    "string": "a text", "number": "a number", "integer": "a whole number", "boolean": "`true` or `false`",
    "anything": "anything",
}  # fmt: skip
_EXAMPLES = {"50 ms": "a duration", "1 MiB": "a size", "80x24": "a size", "SIGSEGV": "a signal"}
_END = "a text, a mapping: label -> text, or a list of these"


def _is_end(schema: Mapping[str, Any]) -> bool:
    return '"exit"' in json.dumps(schema)


def _plural(words: str) -> str:
    """Return `a whole number from 1` as `whole numbers from 1`."""
    plain = re.sub(r"\ban? ", "", words)
    return re.sub(r"(text|number|exchange|name)\b(?!s)", r"\1s", plain, count=0).replace("(#exchanges)", "(#exchange)")


def _bounds(schema: Mapping[str, Any]) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is None:
        return f" above {schema['exclusiveMinimum']}" if "exclusiveMinimum" in schema else ""
    return f" from {low}" if high is None else f", {low} to {high}"


def _or(texts: Iterable[str]) -> str:
    told = list(dict.fromkeys(texts))
    if "a number" in told and "a whole number" in told:
        told.remove("a whole number")
    return ", ".join(told[:-1]) + " or " + told[-1] if len(told) > 1 else told[0]


def _default(field: FieldInfo, schema: Mapping[str, Any]) -> str:
    """Return the default as it would be written in the file; nothing for one that means that the key is left out."""
    if field.is_required():
        return "must be given"
    value = field.get_default(call_default_factory=True)
    if value is None or isinstance(value, BaseModel) or value in ([], {}, "", ()):
        return ""
    kind = _people(schema)
    if False in schema.get("enum", ()):
        return "`false`"
    if isinstance(value, tuple):
        if len(value) == 1:
            return f"`{value[0]}`"
        return f"`{value[0]}x{value[1]}`" if "80x24" in kind else f"`{value[0]}..{value[1]}`"
    if "a duration" in kind:
        return f"`{value:g} s`" if value >= 1 else f"`{value * 1000:g} ms`"
    if "a size" in kind:
        return f"`{value >> 20} MiB`"
    if isinstance(value, float):
        return f"`{value:g}`"
    return f"`{json.dumps(value)}`" if not isinstance(value, str) or "\n" in value else f"`{value}`"


_EXPRESSIONS = """\
`reward`, `terminated`, `truncated`, `info`, `when`, `repeat`, `compute` and `update` are expressions over named values.
They are checked when the file is loaded; nothing else than these functions can be called."""
_TEMPLATES = "In `send`, `{expression}` or `{expression:format}` is filled in; `{{` and `}}` are braces."
_WITHOUT_FORMAT = "Without a format a number has all its digits. The numbers of a vector have blanks in between."
_SUBSTITUTED = (
    "In `command`, `environment`, `path` and `directory`, in the addresses of sockets and in the `headers` of `http`;"
    " `$$` is a dollar sign."
)
_HOLES = "A blank in the pattern stands for any number of blanks. `{{` and `}}` are braces."


def _languages() -> Iterator[str]:
    yield from ("## Expressions", "", _EXPRESSIONS, "")
    yield from _list("name", "what it is", words.NAMES)
    yield from _list("operator", "what it does", words.OPERATORS)
    yield from _list("constant", "value", {f"`{name}`": text for name, text in words.CONSTANTS.items()})
    calls = {f"`{name}({function.usage})`": words.FUNCTIONS[name] for name, function in FUNCTIONS.items()}
    yield from _list("function", "value", calls)
    yield from ("## Templates", "", _TEMPLATES, "")
    yield from ("| format | for | prints |", "| --- | --- | --- |")
    yield from (f"| `{{...:{name}}}` | {kind} | {text} |" for name, (kind, text) in words.FORMATS.items())
    yield from ("", _WITHOUT_FORMAT, "", "## Holes of `find`", "", _HOLES, "")
    yield from _list("hole", "what it reads", {f"`{{{name}}}`": text for name, text in words.HOLES.items()})
    yield from ("## Draws", "")
    yield from _list("draw", "what it gives", {f"`{USAGE[name]}`": text for name, text in words.DRAWS.items()})
    yield from (
        "## Substitutions", "", _SUBSTITUTED, ""
    )
    yield from _list("name", "what it is", {f"`${{{name}}}`": text for name, text in words.SUBSTITUTIONS.items()})


def _list(left: str, right: str, entries: Mapping[str, str]) -> Iterator[str]:
    yield from (f"| {left} | {right} |", "| --- | --- |")
    yield from (f"| {_cell(name)} | {_cell(text)} |" for name, text in entries.items())
    yield ""


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(reference(), encoding="utf-8")
