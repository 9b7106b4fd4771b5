"""The benchmarks of many simulators run, and everybody is checked to answer rightly; the figures are nobody's test."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONTESTANTS = {
    "bridge-step", "bridge-recv", "bridge-sync", "sync", "async", "sb3-dummy", "sb3-subproc", "pool", "written",
    "c-step", "c-ready",
}  # fmt: skip
PAGE = "# Before\n<!-- many: begin -->\nold\n<!-- many: end -->\nbehind\n"
needs_compiler = pytest.mark.skipif(
    shutil.which("cc") is None and not os.environ.get("FILEBRIDGE_REQUIRE_PROGRAMS"),
    reason="no cc: apt install gcc libc6-dev",
)


def run(module: str, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(command, cwd=ROOT, input=text, capture_output=True, text=True, timeout=100, check=False)


def many(folder: Path, *arguments: str) -> tuple[subprocess.CompletedProcess[str], dict]:
    """Run the benchmarks; return how they went, and the figures."""
    done = run("benchmarks.many", *arguments, "--json", str(folder / "figures.json"))
    assert done.returncode == 0, done.stderr
    return done, json.loads((folder / "figures.json").read_text(encoding="utf-8"))


@pytest.fixture
def benchmarks(monkeypatch):
    monkeypatch.syspath_prepend(ROOT)
    return import_module


@needs_compiler
def test_everybody_answers_rightly_and_is_written_down(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE, encoding="utf-8")
    done, figures = many(
        tmp_path, "--seconds", "0.007", "--simulators", "instant", "--seats", "4", "--page", str(page)
    )
    assert {score["name"] for score in figures["scores"]} == CONTESTANTS - figures["absent"].keys()
    assert figures["absent"].keys() <= {"sb3-dummy", "sb3-subproc"}
    for score in figures["scores"]:
        assert (score["simulator"], score["seats"], len(score["rates"])) == ("instant", 4, 7)
        assert score["steps"] >= 7 * 4
    assert figures["left_out"] == figures["ratios"] == []
    assert "instant, 4 seats: " in done.stderr
    row = next(line for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("| the bridge, one"))
    assert row.count("|") == 3
    assert page.read_text(encoding="utf-8").startswith("# Before\n<!-- many: begin -->\n| seats | 4, at once |\n")


@needs_compiler
def test_simulators_take_the_time_that_they_are_said_to_take(tmp_path: Path) -> None:
    done, figures = many(tmp_path, "--seconds", "0.3", "--seats", "10", "--only", "c-step,c-ready")
    rates = {(score["simulator"], score["name"]): score["rate"] for score in figures["scores"]}
    assert rates["sleep", "c-step"] <= 1000
    assert rates["compute", "c-step"] <= 1000 * len(os.sched_getaffinity(0))
    # In step all wait for the slow one; by themselves the nine others do not.
    assert rates["one-slow", "c-step"] <= 1000 < rates["one-slow", "c-ready"]
    ideal = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("ideal")]
    assert ideal == [f"{1000 * min(10, len(os.sched_getaffinity(0)))}", "1000"]
    assert [(bar["name"], bar["ratio"], bar["met"]) for bar in figures["ratios"]] == [("bridge-recv", None, False)]


def test_who_answers_wrongly_stops_the_run() -> None:
    done = run("benchmarks.many.turns", "written", "2", "/bin/cat", text="0.1\n")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("written answers ")


@needs_compiler
def test_an_answer_to_something_else_stops_the_program_in_c(tmp_path: Path, benchmarks) -> None:
    program = benchmarks("benchmarks.programs").Programs(tmp_path).find("many")
    script = "while read line; do echo 0.5 1.5 -2.25 1000.125 0.001 42; done"
    command = [program, "step", "1", "/bin/sh", "-c", script]
    done = subprocess.run(command, input="", capture_output=True, text=True, timeout=20, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "asked for 0.001, got 0.5 1.5 -2.25 1000.125 0.001 42\n"


@needs_compiler
def test_who_is_late_is_left_out_by_name(tmp_path: Path) -> None:
    patience = ("--seconds", "0.01", "--start", "0.001")
    done, figures = many(tmp_path, *patience, "--simulators", "sleep", "--seats", "2,3", "--only", "written")
    reason = "not ready after 0.001 s"
    assert f"written with 2 seats is left out: {reason}" in done.stdout.splitlines()
    assert "3 seats: nobody" in done.stderr
    assert figures["left_out"] == [{"name": "written", "simulator": "sleep", "seats": 2, "reason": reason}]
    assert figures["scores"] == []


def test_what_is_not_installed_is_named_with_its_cure(benchmarks, monkeypatch) -> None:
    contestants = benchmarks("benchmarks.many.contestants")
    monkeypatch.setattr(contestants, "find_spec", lambda name: None)
    reason = contestants.absence("sb3-subproc")
    assert reason.startswith("stable_baselines3 is not installed: pip install torch --index-url https://")
    assert reason.endswith("pip install stable-baselines3")
    assert contestants.absence("async") == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--only", "async,rllib"), "no contestant is called rllib; there are bridge-step,bridge-recv,"),
        (("--simulators", "slow"), "no simulator is called slow; there are instant,compute,sleep,one-slow"),
        (("--seats", "4,many"), "--seats must be numbers between 1 and 4096 with commas between them, not 4,many"),
        (("--seconds", "0"), "--seconds and --start must lie between 0 and 3600"),
    ],
)
def test_what_cannot_be_asked_is_refused(arguments: tuple[str, ...], said: str) -> None:
    done = run("benchmarks.many", *arguments)
    assert done.returncode == 2
    assert said in done.stderr.splitlines()[-1]


def test_a_page_without_a_place_is_told_before_anything_is_measured(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text("# Speed\n", encoding="utf-8")
    done = run("benchmarks.many", "--page", str(tmp_path / "page.md"))
    assert done.returncode == 1
    assert done.stderr == (
        "the page has no place for the table: a line <!-- many: begin --> and, below it, a line <!-- many: end -->\n"
    )
