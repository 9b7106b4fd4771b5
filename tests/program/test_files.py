"""Files to be placed are looked at when the configuration is loaded, not only when an episode begins."""

import importlib.util
import pathlib

import pytest

from filebridge import load_program
from filebridge.errors import ConfigError

_SPEC = importlib.util.spec_from_file_location("samples", pathlib.Path(__file__).parents[1] / "config" / "samples.py")
samples = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(samples)


def with_files(files, **parts):
    return samples.toy(simulator={"command": ["toy", "${seed}"], "files": files}, **parts)


@pytest.fixture
def problems(tmp_path, monkeypatch):
    """Return the function that gives the problems of a configuration with these files, which stands in a file."""
    monkeypatch.chdir(tmp_path)

    def found(files, variables="{}"):
        text = samples.TOY.replace("  command:", f"  files: {files}\n  command:") + f"variables: {variables}\n"
        pathlib.Path("toy.yaml").write_text(text, encoding="utf-8")
        try:
            load_program("toy.yaml")
        except ConfigError as error:
            return [(".".join(problem.path), problem.what, problem.found, problem.near) for problem in error.problems]
        return []

    return found


@pytest.mark.parametrize("way", ["copy", "link", "template"])
def test_a_source_must_be_there(way, problems, tmp_path):
    place = f"simulator.files.a.{way}"
    assert problems(f"{{a: {{{way}: gone.cir}}}}") == [(place, "no such file", str(tmp_path / "gone.cir"), "")]
    (tmp_path / "gone.cir").write_text("x")
    assert problems(f"{{a: {{{way}: gone.cir}}}}") == []


def test_a_folder_can_be_linked_only(problems, tmp_path):
    (tmp_path / "data").mkdir()
    assert problems("{a: {link: data}}") == []
    for way in ("copy", "template"):
        assert problems(f"{{a: {{{way}: data}}}}") == [
            (f"simulator.files.a.{way}", "a folder", str(tmp_path / "data"), "")
        ]


def test_an_unknown_name_is_found_with_its_line(problems, tmp_path):
    (tmp_path / "deck.j2").write_text("* {{ seed }}\nR1 {{ goal }}\nR2 {{ gaol }}\n")
    what = f"the template uses a name that is not known, in line 3 of {tmp_path / 'deck.j2'}"
    assert problems("{a: {template: deck.j2}}", "{goal: 3}") == [("simulator.files.a.template", what, "gaol", "goal")]
    what = "the template uses a name that is not known, in line 1"
    assert problems('{a: {text: "{{ foo }}"}}') == [("simulator.files.a.text", what, "foo", "")]


def test_what_is_no_template_is_found(problems, tmp_path):
    (tmp_path / "deck.j2").write_text("one\n{% if %}\n")
    assert problems("{a: {template: deck.j2}}") == [
        ("simulator.files.a.template", f"no template, in line 2 of {tmp_path / 'deck.j2'}",
         "Expected an expression, got 'end of statement block'", "")
    ]  # fmt: skip


def test_a_mapping_has_no_folder_to_look_in(tmp_path):
    load_program(with_files({"a": {"copy": "gone"}, "b": {"text": "{{ seed }}"}}))
    for files in ({"a": {"copy": str(tmp_path / "gone")}}, {"a": {"text": "{{ foo }}"}}):
        with pytest.raises(ConfigError):
            load_program(with_files(files))
