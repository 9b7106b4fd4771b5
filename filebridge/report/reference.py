"""The reference page of the YAML, generated from the models: every key with its type, default and description.

Run as a module it writes the page: ``python -m filebridge.report.reference docs/reference.md``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
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
(`make docs`); an editor that knows JSON Schema completes and checks the keys while you write, if the first line is

```yaml
# yaml-language-server: $schema=filebridge.schema.json
```

with the file that `filebridge schema --write filebridge.schema.json` makes. Texts are YAML 1.2: `no` is a word, `010` is ten,
`1e3` a number. A key that is not known is refused, with the nearest that is.
"""

_HOMES = {
    "Exchange": "start-reset-step-stop", "Reset": "start-reset-step-stop", "Repeat": "repeat", "FieldModel": "fields",
    "OnFailure": "on_failure", "Variable": "variables", "TextAction": "textaction",
}  # fmt: skip
_HEADINGS = {"FieldModel": "A field", "OnFailure": "", "TextAction": "A text", "Exchange": "An exchange"}


def reference() -> str:
    """Return the reference page as Markdown."""
    schema = json_schema()
    lines = [_INTRODUCTION, "## The whole file", "", *_table(Config, schema), ""]
    for section in SECTIONS:
        lines += _section(section, schema["$defs"])
    lines += _languages()
    return "\n".join(lines).rstrip("\n") + "\n"


def _section(section: Section, parts: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"## {section.title}", "")
    if section.text:
        yield from (section.text, "")
    for model in section.models:
        if len(section.models) > 1:
            yield from (f"### {model.__name__.removesuffix('Model').removesuffix('Action') or 'Action'}", "", model.__doc__ or "", "")
        yield from (*_table(model, parts[model.__name__]), "")
    yield from ("```yaml", section.example.rstrip("\n"), "```", "")


def _table(model: type[BaseModel], schema: Mapping[str, Any]) -> Iterator[str]:
    yield "| key | what it is | default | |"
    yield "| --- | --- | --- | --- |"
    for name, field in model.model_fields.items():
        key = field.alias or name
        kind = _people(schema["properties"][key])
        yield f"| `{key}` | {_cell(kind)} | {_cell(_default(field, schema['properties'][key]))} | {_cell(field.description or '')} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", "\\n")


def _people(schema: Mapping[str, Any]) -> str:
    """Return what a JSON Schema allows, in people's words."""
    if "$ref" in schema:
        return _link(schema["$ref"].rpartition("/")[2])
    if "anyOf" in schema:
        return _or(_people(entry) for entry in schema["anyOf"])
    if "enum" in schema or "const" in schema:
        values = schema.get("enum", [schema.get("const")])
        return _or(f"`{value if isinstance(value, str) else json.dumps(value)}`" for value in values)
    example = schema.get("examples", [""])[0]
    if example:
        return {"50 ms": "a duration `50 ms`", "1 MiB": "a size `1 MiB`", "80x24": "`80x24`"}.get(example, f"a range `{example}`")
    kind = schema.get("type", "anything")
    if isinstance(kind, list):
        return "an expression" if "boolean" in kind else _or(_WORDS[one] for one in kind)
    if kind == "array":
        return "a list of " + _people(schema["items"]).removeprefix("a ").removeprefix("an ") if "items" in schema else "a list"
    if kind == "object":
        inner = next(iter(schema.get("patternProperties", {}).values()), schema.get("additionalProperties"))
        return "a mapping: name -> " + _people(inner) if isinstance(inner, dict) else "a mapping"
    return _WORDS[kind] + _bounds(schema)


_WORDS = {"string": "text", "number": "a number", "integer": "a whole number", "boolean": "`true` or `false`"}


def _bounds(schema: Mapping[str, Any]) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is None:
        return ""
    return f" from {low}" if high is None else f", {low} to {high}"


def _or(texts: Iterable[str]) -> str:
    told = list(dict.fromkeys(texts))
    return ", ".join(told[:-1]) + " or " + told[-1] if len(told) > 1 else told[0]


def _link(model: str) -> str:
    article = "an" if model[0] in "AEIO" else "a"
    noun = {"FieldModel": "field", "OnFailure": "mapping of policies", "TextAction": "mapping"}.get(model, model.lower())
    return f"{article if noun[0] in 'aeio' else 'a'} {noun}" if model in _HEADINGS else f"{article} {noun}"


def _default(field: FieldInfo, schema: Mapping[str, Any]) -> str:
    """Return the default as it would be written in the file; nothing where leaving the key out is all there is to say."""
    if field.is_required():
        return "must be given"
    value = field.get_default(call_default_factory=True)
    if value is None or isinstance(value, BaseModel) or value in ([], {}, ""):
        return ""
    kind = _people(schema)
    if isinstance(value, tuple):
        return f"`{value[0]}x{value[1]}`" if "80x24" in kind else f"`{value[0]}..{value[1]}`"
    if "a duration" in kind:
        return f"`{value:g} s`" if value >= 1 else f"`{value * 1000:g} ms`"
    if "a size" in kind:
        return f"`{value >> 20} MiB`"
    return f"`{json.dumps(value)}`" if not isinstance(value, str) or "\n" in value else f"`{value}`"


def _languages() -> Iterator[str]:
    yield from ("## Expressions", "", "`reward`, `terminated`, `truncated`, `info`, `when`, `repeat`, `compute` and `update` are")
    yield from ("expressions over named values. They are checked when the file is loaded, and nothing else can be called.", "")
    yield from _list("name", "what it is", words.NAMES)
    yield from _list("operator", "what it does", words.OPERATORS)
    yield from _list("constant", "value", {f"`{name}`": text for name, text in words.CONSTANTS.items()})
    calls = {f"`{name}({function.usage})`": words.FUNCTIONS[name] for name, function in FUNCTIONS.items()}
    yield from _list("function", "value", calls)
    yield from ("## Templates", "", "In `send`, `{expression}` or `{expression:format}` is filled in; `{{` and `}}` are braces.", "")
    yield from ("| format | for | prints |", "| --- | --- | --- |")
    yield from (f"| `{{...:{name}}}` | {kind} | {text} |" for name, (kind, text) in words.FORMATS.items())
    yield from ("", "Without a format a number is sent with all its digits; a vector's numbers are sent with a blank between.", "")
    yield from ("## Holes of `find`", "", "A blank in the pattern stands for any number of blanks. `{{` and `}}` are braces.", "")
    yield from _list("hole", "what it reads", {f"`{{{name}}}`": text for name, text in words.HOLES.items()})
    yield from ("## Draws", "")
    yield from _list("draw", "what it gives", {f"`{USAGE[name]}`": text for name, text in words.DRAWS.items()})
    yield from ("## Substitutions", "", "In `command`, `environment`, `path` and `directory`; `$$` is a dollar sign.", "")
    yield from _list("name", "what it is", {f"`${{{name}}}`": text for name, text in words.SUBSTITUTIONS.items()})


def _list(left: str, right: str, entries: Mapping[str, str]) -> Iterator[str]:
    yield from (f"| {left} | {right} |", "| --- | --- |")
    yield from (f"| {_cell(name)} | {_cell(text)} |" for name, text in entries.items())
    yield ""


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(reference(), encoding="utf-8")
