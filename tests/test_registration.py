"""Ids at Gymnasium: one for any configuration, one for each bundled simulator, more on request."""

from __future__ import annotations

import subprocess
import sys

import gymnasium
import numpy as np
import pytest
import yaml
from gymnasium.envs.registration import registry

import filebridge
from filebridge.errors import ConfigError

MINIMAL = """\
filebridge: 1
name: Mine
simulator: {command: ["${python}", -S, -c, "print('x=1'); input()"], seed: none}
transport: {console: {}}
action: {choices: [a, b]}
start: [{}]
step: [{send: "{action}"}]
fields: {x: {find: "x={int}"}}
observation: [x]
max_steps: 3
"""


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(MINIMAL.replace("print('x=1'); input()", "print('x=1', flush=True); input()"))
    yield path
    for name in ("filebridge/Mine-v0", "Other-v3"):
        registry.pop(name, None)


def test_each_bundled_simulator_has_an_id():
    from filebridge.config.find import bundled

    assert {f"filebridge/{name}-v0" for name in bundled()} | {"filebridge/Bridge-v0"} <= set(registry)


def test_any_configuration_runs_under_the_common_id(mine):
    for config in (str(mine), mine, "Lander"):
        env = gymnasium.make("filebridge/Bridge-v0", config=config)
        env.reset()
        env.close()
    env = gymnasium.make("filebridge/Bridge-v0", config=yaml.safe_load(mine.read_text()))
    assert env.reset()[0].tolist() == [1]
    env.close()


def test_a_file_gets_an_id_of_its_own(mine):
    assert filebridge.register(mine) == "filebridge/Mine-v0"
    assert filebridge.register(mine) == "filebridge/Mine-v0"
    assert filebridge.register(str(mine), id="Other-v3") == "Other-v3"
    for name in ("filebridge/Mine-v0", "Other-v3"):
        env = gymnasium.make(name, render_mode="ansi")
        assert (env.reset()[0].tolist(), env.render(), env.spec.id) == ([1], "x=1\n", name)
        env.close()


def test_an_id_outlives_a_change_of_the_folder(mine, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    name = filebridge.register("mine.yaml")
    monkeypatch.chdir("/")
    env = gymnasium.make(name)
    env.reset()
    env.close()


def test_a_wrong_or_missing_file_is_refused_at_once(mine, tmp_path):
    with pytest.raises(ConfigError, match=r"nowhere\.yaml: no such file"):
        filebridge.register(tmp_path / "nowhere.yaml")
    mine.write_text(MINIMAL.replace("max_steps: 3", "max_stops: 3"))
    with pytest.raises(ConfigError, match="max_stops"):
        filebridge.register(mine)
    assert "filebridge/Mine-v0" not in registry


def test_the_common_id_without_a_configuration_says_what_to_give():
    with pytest.raises(ConfigError) as caught:
        gymnasium.make("filebridge/Bridge-v0")
    assert str(caught.value) == (
        "no configuration is given\n  cure: gymnasium.make(\"filebridge/Bridge-v0\", config=...): "
        "a path of a YAML file, the name of a bundled simulator, or a mapping"
    )


@pytest.mark.parametrize("imports", ["import filebridge, gymnasium", "import gymnasium, filebridge"])
def test_the_order_of_the_imports_does_not_matter(imports):
    code = f"{imports}\nprint('filebridge/Lander-v0' in gymnasium.envs.registration.registry)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert run.stdout == "True\n"


def test_actions_of_a_labelled_choice_are_numbers(mine):
    env = gymnasium.make(filebridge.register(mine))
    assert env.action_space == gymnasium.spaces.Discrete(2)
    env.reset()
    with pytest.raises(filebridge.ActionError):
        env.step(np.int64(2))
    env.close()
