"""The reference page: current, complete, and every example in it loads."""

import importlib.util
import pathlib
import re

import pytest

from filebridge import load_program
from filebridge.config import draw, substitution
from filebridge.config.model import Config
from filebridge.config.schema import json_schema
from filebridge.config.simulator import Text
from filebridge.config.source import parse
from filebridge.report import words
from filebridge.report.reference import reference
from filebridge.report.sections import SECTIONS
from filebridge.wire.encoder import compile_template
from filebridge.wire.expression import Kind, Slot
from filebridge.wire.expression import parse as parse_expression
from filebridge.wire.expression_kinds import CONSTANTS, FUNCTIONS
from filebridge.wire.formats.conversion import KINDS
from filebridge.wire.formats.holes import compile_pattern

_SPEC = importlib.util.spec_from_file_location("samples", pathlib.Path(__file__).with_name("samples.py"))
samples = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(samples)

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "reference.md"
NAMES = {
    "x": Slot(0, Kind.NUMBER), "n": Slot(1, Kind.INTEGER), "t": Slot(2, Kind.TEXT), "v": Slot(3, Kind.VECTOR, 3),
}  # fmt: skip


def test_the_committed_page_is_current():
    current = PAGE.read_text(encoding="utf-8") == reference()
    assert current, "run: python -m filebridge.report.reference docs/reference.md"


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.title)
def test_every_example_loads(section):
    part = parse(section.example, "example").data
    assert part
    assert load_program(samples.toy(**part)).config.name == "Toy"
    assert f"```yaml\n{section.example}```" in reference()


def test_every_model_has_a_table():
    listed = {model.__name__ for section in SECTIONS for model in section.models}
    assert listed == set(json_schema()["$defs"])


def test_every_key_is_on_the_page():
    page = reference()
    for part in (json_schema(), *json_schema()["$defs"].values()):
        for key, schema in part["properties"].items():
            row = next(
                line for line in page.split("\n") if line.startswith(
                    f"| `{key}` |"
                ) and schema["description"][:20] in line
            )
            assert len(re.split(r"(?<!\\)\|", row)) == 6


def test_sections_stand_in_the_order_of_the_file():
    order = [section.title.partition(",")[0] for section in SECTIONS]
    known = list(Config.model_fields)
    assert order == sorted(order, key=known.index)


def test_links_lead_to_headings():
    page = reference()
    headings = {
        re.sub(
            "[^a-z0-9 _-]", "", line.lstrip("# ").lower()
        ).replace(" ", "-") for line in page.split("\n") if line.startswith("#")
    }
    links = set(re.findall(r"\]\(#([^)]*)\)", page))
    assert links
    assert links <= headings


def test_required_keys_and_defaults_are_shown():
    page = reference()
    assert "| `max_steps` | a whole number from 1 |  | Steps after which an episode is truncated. |" in page
    assert "| `observation_dtype` | `float32` or `float64` | `float64` |" in page
    assert "| `seed` | `none` or a range `0..65535` | `0..2147483647` |" in page
    assert "| `step` | a duration `50 ms` or a number above 0 | `10 s` |" in page
    assert "| `command` | a list of texts or numbers |  | The program and its arguments" in page
    assert "| `transport` | [a mapping](#transport) | must be given |" in page


def test_the_words_are_those_of_the_languages():
    assert words.FUNCTIONS.keys() == FUNCTIONS.keys()
    assert words.CONSTANTS.keys() == CONSTANTS.keys()
    assert words.HOLES.keys() == {*KINDS, "any"}
    assert words.DRAWS.keys() == draw.USAGE.keys()
    assert words.SUBSTITUTIONS.keys() == set(substitution.KNOWN)


@pytest.mark.parametrize("name", words.FUNCTIONS)
def test_every_function_can_be_called(name):
    function = FUNCTIONS[name]
    arguments = ["v" if function.vector else "x"] + ["x"] * (function.least - 1)
    assert parse_expression(f"{name}({', '.join(arguments)})", NAMES).uses


@pytest.mark.parametrize("format_", words.FORMATS)
def test_every_format_prints_what_the_page_says(format_):
    kind, text = words.FORMATS[format_]
    name = {"a number": "x", "text": "t"}.get(kind, "n")
    row = [3.14159265, 31 if "1f" in text else 3, "go", []]
    printed = compile_template(f"{{{name}:{format_}}}", NAMES, "", "ascii").encode(row, row).decode()
    shown = re.match("`([^`]*)`", text)
    assert printed == (shown[1] if shown else {"s": "go", "10s": "        go"}[format_])


@pytest.mark.parametrize("hole", [hole for hole in words.HOLES if hole != "any"])
def test_every_hole_is_known(hole):
    assert [found.word for found in compile_pattern(f"A = {{{hole}}}", Text()).holes] == [hole]


@pytest.mark.parametrize(
    "text", ["uniform(1, 2)", "loguniform(1, 2)", "normal(1, 2)", "integers(1, 2)", "choice(1, 2)"]
)
def test_every_draw_is_known(text):
    assert text.partition("(")[0] in words.DRAWS
    assert list(draw.check_draw(text, ())) == []
