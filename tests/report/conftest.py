import pytest

CRASH = "import sys\nprint('x 1', flush=True)\ninput()\nprint('x 2', flush=True)\ninput()\nsys.exit(3)"


@pytest.fixture
def crashing():
    """A simulator that answers one action and crashes at the second."""

    def config(**changes):
        return {
            "filebridge": 1,
            "name": "Crash",
            "simulator": {"command": ["${python}", "-c", CRASH], "seed": "none"},
            "transport": {"console": {}},
            "action": {"choices": 2},
            "start": [{"until": "\n"}],
            "step": [{"send": "{action}", "until": "\n"}],
            "fields": {"x": {"find": "x {int}"}},
            "observation": ["x"],
            "max_steps": 5,
            **changes,
        }

    return config
