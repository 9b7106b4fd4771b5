import json
import re

import pytest

from filebridge.check import RULES


def test_a_verdict_line_for_each_rule(cli, simulator):
    result = cli("check", simulator(), "--episodes", "1")
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert re.fullmatch(r"passed          the configuration loads: (\S+/)?echo\.yaml", lines[0])
    assert "passed          resets in a row" in lines
    assert (
        "not applicable  equal seeds, fresh processes: equal episodes: `seed: none`, and `deterministic` is false"
        in lines
    )
    assert lines[-1] == f"{len(RULES)} rules: {len(RULES) - 3} passed, 3 not applicable"


def test_json_has_a_verdict_for_each_rule(cli, simulator):
    result = cli("check", simulator(), "--episodes", "1", "--json")
    verdicts = json.loads(result.stdout)
    assert [one["rule"] for one in verdicts] == [rule.name for rule in RULES]
    assert {one["outcome"] for one in verdicts} == {"passed", "not applicable"}
    assert set(verdicts[0]) == {"rule", "outcome", "detail", "cure", "warnings", "seconds"}


def test_a_broken_rule_is_exit_code_1(cli, simulator):
    result = cli("check", simulator("sys.exit('\\x1b[31m')"))
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[2] == "failed          the simulator starts and answers"
    assert lines[3] == " " * 16 + "the simulator ended in the middle of a step: exit code 1"
    assert " " * 18 + "stderr: \\x1b[31m\\n" in lines
    assert lines[-1] == f"{len(RULES)} rules: 2 passed, 1 failed, {len(RULES) - 3} not run"
    assert "\x1b" not in result.output


def test_a_diagnosis_that_is_known_is_not_printed_again(cli, simulator):
    body = "said = globals().get('said', 0) + 1; print('x left' if said < 2 else 'x what?', flush=True)"
    result = cli("check", simulator(body, extra="complaints: what?\n"), "--episodes", "1")
    lines = result.stdout.splitlines()
    failed = [line for line in lines if line.startswith("failed ")]
    assert result.exit_code == 1
    assert len(failed) > 2
    assert sum("  cure: see what was sent" in line for line in lines) == 1
    first = lines.index(failed[0])
    assert lines[first + 1] == " " * 16 + "the simulator refused what was sent, or failed"
    second = lines.index(failed[1])
    assert lines[second + 1].strip().startswith("the simulator refused what was sent, or failed")
    assert lines[second + 2].strip().startswith("where: Echo, seat 0, step of episode ")
    assert lines[second + 3].strip() == f"the rest is as above: {failed[0].split(maxsplit=1)[1]}"
    told = json.loads(cli("check", simulator(body, extra="complaints: what?\n"), "--json").stdout)
    assert sum("cure: see what was sent" in one["detail"] for one in told) == len(failed)


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_wrong_yaml_is_exit_code_2(cli, simulator, options):
    result = cli("check", simulator(extra="rewards: 0\n"), *options)
    assert result.exit_code == 2
    if options:
        assert json.loads(result.stdout)[0]["outcome"] == "failed"
    else:
        assert result.stdout.startswith("failed          the configuration loads\n")
        assert "did you mean: reward" in result.stderr
        assert "rewards" not in result.stdout


def test_the_rules_are_listed_with_what_they_ask_for(cli):
    text = cli("check", "--rules").stdout
    assert text.startswith("the configuration loads\n  Read and compile the YAML, without a mistake; ")
    told = json.loads(cli("check", "--rules", "--json").stdout)
    assert [one["rule"] for one in told] == [rule.name for rule in RULES]
