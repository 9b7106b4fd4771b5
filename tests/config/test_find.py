"""Finding a configuration: a path, or the name of a bundled one."""

import pytest

from filebridge import load_program
from filebridge.config.find import bundled, find
from filebridge.errors import ConfigError


def test_a_bundled_name_is_found():
    assert find("Lander") == bundled()["Lander"]
    assert find("Lander").name == "Lander.yaml"


def test_bundled_files_are_files():
    assert all(path.is_file() for path in bundled().values())
    assert list(bundled()) == sorted(bundled())


@pytest.mark.parametrize("kind", [str, lambda path: path])
def test_a_path_is_found(kind, tmp_path):
    path = tmp_path / "mine.yml"
    path.write_text("", encoding="utf-8")
    assert find(kind(path)) == path


@pytest.mark.parametrize(("name", "near"), [("Landr", "Lander"), ("lander", "Lander"), ("wump", "Wump")])
def test_a_misspelt_name_gets_the_nearest(name, near):
    with pytest.raises(ConfigError) as caught:
        find(name)
    found = f"bundled are {', '.join(bundled())}"
    assert str(caught.value) == f"no simulator is called {name}\n  found: {found}\n  cure: did you mean {near}?"


def test_a_name_like_no_other_gets_a_choice():
    with pytest.raises(ConfigError) as caught:
        find("qqq")
    assert caught.value.cure == "name one of these, or the path of a YAML file"


def test_no_name_at_all():
    with pytest.raises(ConfigError) as caught:
        find("")
    expected = "no configuration is named\n  cure: name a bundled simulator, or the path of a YAML file"
    assert str(caught.value) == expected


def test_a_missing_file_says_where_it_was_looked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError) as caught:
        load_program("mine.yaml")
    assert str(caught.value) == f"mine.yaml: no such file\n  found: looked in {tmp_path}\n  cure: check the path"


@pytest.mark.parametrize("name", ["mine.yml", "Mime.yaml", "mine.yaml.yaml"])
def test_a_missing_file_with_nearly_the_name_of_another(name, tmp_path):
    (tmp_path / "mine.yaml").touch()
    (tmp_path / "mine.yam").touch()
    with pytest.raises(ConfigError) as caught:
        load_program(tmp_path / name)
    assert caught.value.cure == f"did you mean {tmp_path}/mine.yaml?"


def test_the_text_of_a_configuration_is_no_path():
    with pytest.raises(ConfigError) as caught:
        load_program("filebridge: 1\nname: Mine\n")
    assert str(caught.value) == (
        "the text of a configuration stands where a path is due\n  found: filebridge: 1\\nname: Mine\\n\n"
        "  cure: write it to a file and give its path, or give a mapping"
    )


def test_a_missing_absolute_path(tmp_path):
    with pytest.raises(ConfigError) as caught:
        load_program(tmp_path / "mine")
    assert str(caught.value) == f"{tmp_path}/mine: no such file\n  cure: check the path"


def test_a_folder_is_no_file(tmp_path):
    folder = tmp_path / "mine.yaml"
    folder.mkdir()
    with pytest.raises(ConfigError) as caught:
        load_program(folder)
    assert str(caught.value) == f"{folder}: not a file\n  found: a folder\n  cure: Name a YAML file."


@pytest.mark.parametrize("name", ["a\0.yaml", "x" * 5000 + ".yaml", "\x1b[31m.yaml"])
def test_an_impossible_name(name):
    with pytest.raises(ConfigError) as caught:
        load_program(name)
    assert ": no such file" in str(caught.value)
    assert str(caught.value).isascii()
    assert "\x1b" not in str(caught.value)
