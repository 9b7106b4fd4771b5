"""The JSON Schema: it is current, and it agrees with the loader about what is right and wrong."""

import importlib.util
import json
import pathlib

import jsonschema
import pytest
import yaml

import filebridge
from filebridge import load_program
from filebridge.config.find import bundled, find
from filebridge.config.schema import json_schema, json_schema_text
from filebridge.config.source import read
from filebridge.errors import ConfigError

_SPEC = importlib.util.spec_from_file_location("samples", pathlib.Path(__file__).with_name("samples.py"))
samples = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(samples)

COMMITTED = pathlib.Path(filebridge.__file__).with_name("filebridge.schema.json")
FIRST_LINE = "# yaml-language-server: $schema=../filebridge/filebridge.schema.json"
VALIDATOR = jsonschema.Draft202012Validator(json_schema())


def faults(data):
    return [f"{'/'.join(map(str, error.absolute_path))}: {error.message}" for error in VALIDATOR.iter_errors(data)]


def test_it_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(json_schema())


def test_the_committed_file_is_current():
    current = COMMITTED.read_text(encoding="utf-8") == json_schema_text()
    assert current, "run: filebridge schema --write filebridge/filebridge.schema.json"


def test_the_text_is_the_schema():
    assert json.loads(json_schema_text()) == json_schema()
    assert json_schema_text().endswith("}\n")
    assert json_schema_text().startswith(
        '{\n  "$schema": "https://json-schema.org/draft/2020-12/schema",\n  "title": "filebridge'
    )


def test_every_key_is_described():
    parts = {"": json_schema(), **json_schema()["$defs"]}
    keys = [(f"{name}.{key}", value) for name, part in parts.items() for key, value in part["properties"].items()]
    silent = [name for name, value in keys if not value.get("description")]
    assert silent == []


@pytest.mark.parametrize("name", samples.GOOD)
def test_what_loads_passes(name):
    load_program(samples.GOOD[name])
    assert faults(samples.GOOD[name]) == []


@pytest.mark.parametrize("name", samples.BAD)
def test_what_fails_is_refused_by_both(name):
    assert faults(samples.BAD[name]) != []
    if isinstance(samples.BAD[name], dict):
        with pytest.raises(ConfigError):
            load_program(samples.BAD[name])


def test_a_key_without_a_value_is_refused():
    assert faults(samples.toy(max_steps=None)) == ["max_steps: None is not of type 'integer'"]


@pytest.mark.parametrize("name", bundled())
def test_bundled_files_pass(name):
    path = bundled()[name]
    text = path.read_text(encoding="utf-8")
    assert text.split("\n")[0] == FIRST_LINE
    assert (path.parent / FIRST_LINE.partition("=")[2]).resolve() == COMMITTED.resolve()
    data = read(path).data
    assert faults(data) == []
    assert data["name"] == path.stem == name
    assert find(name) == path
    # Other programs read the file too, and most of them know YAML 1.1.
    assert isinstance(yaml.safe_load(text), dict)


def test_there_are_bundled_files():
    assert {"Lander", "Wump"} <= bundled().keys()
