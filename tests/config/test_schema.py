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

_SPEC = importlib.util.spec_from_file_location("ways", pathlib.Path(__file__).with_name("ways.py"))
ways = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(ways)

_SPEC = importlib.util.spec_from_file_location("nets", pathlib.Path(__file__).with_name("nets.py"))
nets = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(nets)

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


@pytest.mark.parametrize("name", ways.GOOD)
def test_what_goes_together_passes(name):
    assert faults(ways.GOOD[name]) == []


@pytest.mark.parametrize("name", nets.GOOD)
def test_sockets_and_http_that_load_pass(name):
    assert load_program(nets.GOOD[name]).config.name == "Toy"
    assert faults(nets.GOOD[name]) == []


@pytest.mark.parametrize("name", nets.BAD)
def test_sockets_and_http_that_fail_are_refused_by_both(name):
    assert faults(nets.BAD[name]) != []
    with pytest.raises(ConfigError):
        load_program(nets.BAD[name])


def written(content, **files):
    """Return a configuration that writes ``content`` and has these keys of ``files``."""
    return ways.talking({"files": {"read": "out.txt", **files}}, {"write": {"in.txt": content}})


def deck(**keys):
    """Return one that replaces a single place of a deck."""
    return written({"edit": "a.dat", "set": [{"to": "{action}", **keys}]})


def run(**keys):
    """Return one with a process for each step, and these keys of ``simulator``."""
    simulator = {"command": ["toy", "${seed}"], "each": "step", **keys}
    return ways.talking({"console": {}}, {"send": "{action}"}, simulator=simulator, deterministic=True)


def screen(step, **field):
    """Return one of a full screen with this step, and a field ``y`` of these keys."""
    fields = {"x": {"find": "{float}"}, **({"y": field} if field else {})}
    return ways.talking({"console": {"terminal": True, "screen": "80x24"}}, step, fields=fields)


FORMS = {
    "a number as the content": written(3),
    "a sheet": written({"text": "{{ action }}"}),
    "the path of a sheet": written({"template": "a.j2"}),
    "a place by its name, short": written({"edit": "a.dat", "set": {"gain": 3}}),
    "a place by its name": deck(key="gain"),
    "the first of several": deck(key="gain", which="first"),
    "the first by its number": deck(card="GW", which=1, column=2),
    "characters of a card": deck(card="GW", chars="4..6"),
    "a line below a heading": deck(after="GW", line=1),
    "a number is put there": deck(key="gain", to=0.5),
    "a namelist": written({"namelist": {"plant": {"gain": "action", "order": 3}}}),
    "a namelist that is changed": written({"namelist": {"plant": {"gain": "action"}}, "patch": "a.nml"}),
    "one file": written("a", read="out/a.txt"),
    "a list of one file": written("a", read=["out.txt"]),
    "a list of files": written("a", read=["out.txt", "log.txt"]),
    "numbered files": written("a", read="out/*.txt"),
    "looks in seconds": written("a", watch="poll", every=0.5),
    "an exit code": run(exit_ok=3),
    "exit codes": run(exit_ok=[0, 2]),
    "a range of exit codes": run(exit_ok="0..3"),
    "a signal": run(exit_ok="SIGSEGV"),
    "exit codes and a signal": run(exit_ok=[0, "SIGSEGV"]),
    "remembered runs": run(remember=5),
    "a column by its name": samples.field(column="DEPTH"),
    "columns by names and numbers": samples.field(columns=["DEPTH", 2], header=3),
    "keys as a number": screen({"press": 3}),
    "all cells": screen({"press": "a"}, screen="cells"),
    "a grid from a row on": screen(
        {"press": "a"}, grid={"legend": {" ": 0}, "rows": 2, "columns": 3, "first_row": 23}
    ),
    "one complaint": samples.toy(complaints="ERROR"),
    "complaints": samples.toy(complaints=["ERROR", "/BAD \\d/"]),
    "further programs": samples.toy(simulator={"command": ["toy", "${seed}"], "requires": ["vvp"]}),
}

WRONG_FORMS = {
    "a list as the content": written(["a"]),
    "nothing as the content": written(None),
    "a flag as the content": written(True),
    "no way to make the content": written({}),
    "two ways to make it": written({"text": "a", "template": "a.j2"}),
    "an unknown way to make it": written({"texts": "a"}),
    "no files": samples.step(write={}),
    "no places": written({"edit": "a.dat", "set": []}),
    "no names": written({"edit": "a.dat", "set": {}}),
    "a text as places": written({"edit": "a.dat", "set": "gain"}),
    "a flag is put there": written({"edit": "a.dat", "set": {"gain": True}}),
    "a list is put there": written({"edit": "a.dat", "set": {"gain": [1]}}),
    "nothing is put there": written({"edit": "a.dat", "set": [{"key": "gain"}]}),
    "places without a deck": written({"set": {"gain": 1}}),
    "a deck without places": written({"edit": "a.dat"}),
    "a namelist to change, and no changes": written({"patch": "a.nml"}),
    "no place": deck(),
    "two places": deck(key="gain", card="GW"),
    "column nought": deck(card="GW", column=0),
    "line nought": deck(after="GW", line=0),
    "the noughth of several": deck(key="gain", which=0),
    "a word for which of several": deck(key="gain", which="second"),
    "characters as a list": deck(card="GW", chars=[4, 6]),
    "an empty namelist": written({"namelist": {}}),
    "a namelist without groups": written({"namelist": {"gain": 3}}),
    "no file to read": written("a", read=[]),
    "a file without a name": written("a", read=""),
    "a file without a name in a list": written("a", read=["out.txt", ""]),
    "a number as a file": written("a", read=3),
    "a file twice": written("a", read=["out.txt", "out.txt"]),
    "more files than a reply can have": written("a", read=[f"{number}.txt" for number in range(65)]),
    "an unknown way to write": written("a", written="close"),
    "a flag without a name": written("a", flag=""),
    "a flag that is one": written("a", flag=True),
    "a lock without a name": written("a", lock=""),
    "our lock without a name": written("a", lock_writes=""),
    "a flag and a lock": written("a", flag="done", lock="busy"),
    "an unknown way to watch": written("a", watch="inotifi"),
    "an exit code below nought": run(exit_ok=-1),
    "an exit code that does not exist": run(exit_ok=256),
    "no exit code": run(exit_ok=[]),
    "a word as an exit code": run(exit_ok="ok"),
    "a flag as an exit code": run(exit_ok=[True]),
    "an unknown each": run(each="run"),
    "fewer than no runs remembered": run(remember=-1),
    "a column of nought": samples.field(column=0),
    "a column without a name": samples.field(column=""),
    "a flag as a column": samples.field(column=True),
    "a flag among columns": samples.field(columns=["DEPTH", True]),
    "a header above the first line": samples.field(column="DEPTH", header=0),
    "FIFOs without names": samples.toy(transport={"console": {}, "fifo": {}}),
    "a number as a FIFO": samples.toy(transport={"fifo": {"read": 3}}),
    "a list of keys": screen({"press": ["a"]}),
    "keys and a text": screen({"press": "a", "send": "b"}),
    "a cursor in row nought": screen({"press": "a", "cursor": [0, 1]}),
    "half a cursor": screen({"press": "a", "cursor": [1]}),
    "a screen of one number": samples.toy(transport={"console": {"terminal": True, "screen": "80"}}),
    "an unknown part of a screen": screen({"press": "a"}, screen="cell"),
    "two places of a grid": screen(
        {"press": "a"}, grid={"legend": {" ": 0}, "rows": 2, "columns": 3, "first_row": 2, "after": "SCORE"}
    ),
    "a block without a beginning or an end": samples.field(find="Y {int}", within={}),
}


@pytest.fixture
def beside(tmp_path, monkeypatch):
    """Be in a folder with a deck, a namelist and a sheet."""
    for name, text in (("a.dat", ways.DECK), ("a.nml", "&plant gain=1 /\n"), ("a.j2", "{{ action }}\n")):
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", FORMS)
def test_forms_that_load_pass(name, beside):
    load_program(FORMS[name])
    assert faults(FORMS[name]) == []


@pytest.mark.parametrize("name", WRONG_FORMS)
def test_forms_that_fail_are_refused_by_both(name, beside):
    assert faults(WRONG_FORMS[name]) != []
    with pytest.raises(ConfigError):
        load_program(WRONG_FORMS[name])


def test_short_forms_mean_the_long_ones(beside):
    def told(config):
        return load_program(config).config

    short = told(written({"edit": "a.dat", "set": {"gain": "{action}"}}))
    assert short == told(deck(key="gain"))
    assert told(written("a", read="out.txt")) == told(written("a", read=["out.txt"]))
    assert told(run(exit_ok="0..2")) == told(run(exit_ok=[0, 1, 2]))
    assert told(run(exit_ok=3)).simulator.exit_ok == (3,)


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
