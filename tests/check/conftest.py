import pytest

from filebridge.check import RULES, check

LOOP = "import sys\nprint('ready', flush=True)\nfor step, line in enumerate(sys.stdin, 1):\n    {body}\n"


@pytest.fixture
def config():
    """A simulator whose answer to a line is the given Python."""

    def make(body="print('x', line.strip(), flush=True)", **changes):
        simulator = {"command": ["${python}", "-c", LOOP.format(body=body)], "seed": "none"}
        return {
            "filebridge": 1,
            "name": "Echo",
            "simulator": simulator | changes.pop("simulator", {}),
            "transport": {"console": {}},
            "action": {"choices": 3},
            "start": [{"until": "/ready\\n/"}],
            "step": [{"send": "{action}", "until": "\n"}],
            "fields": {"x": {"find": "x {float}", "default": 0, "low": 0, "high": 2}},
            "observation": ["x"],
            "max_steps": 4,
            "deadlines": {"start": 5, "step": 0.3},
            **changes,
        }

    return make


@pytest.fixture
def verdict():
    """Judge one rule, after the gate that loads the configuration."""

    def judge(target, name, **options):
        (rule,) = [rule for rule in RULES if rule.name == name]
        (found,) = check(target, rules=(rule,), **options)
        return found

    return judge
