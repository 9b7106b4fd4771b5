"""The benchmarks run, and their JSON has everybody in it; the figures themselves are nobody's test."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONTESTANTS = {
    "bridge-pipe", "bridge-pty", "pexpect", "pexpect-send", "pexpect-tuned",
    "written-pipe", "written-pty", "bare-pipe", "bare-pty",
}
needs_compiler = pytest.mark.skipif(
    shutil.which("cc") is None and not os.environ.get("FILEBRIDGE_REQUIRE_PROGRAMS"),
    reason="no cc: apt install gcc libc6-dev",
)


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, timeout=100, check=False
    )


@needs_compiler
def test_everybody_runs_and_is_written_down(tmp_path: Path) -> None:
    done = run("--seconds", "0.05", "--json", str(tmp_path / "figures.json"), TMPDIR=str(tmp_path))
    assert done.returncode == 0, done.stderr
    figures = json.loads((tmp_path / "figures.json").read_text())
    for mode in ("pinned", "unpinned"):
        scores = {score["name"]: score for score in figures["scores"] if score["mode"] == mode}
        assert set(scores) == CONTESTANTS
        assert all(score["steps"] > 0 and score["rate"] > 0 for score in scores.values())
    assert all(figures["starts"].values())
    for bar in figures["ratios"]:
        assert bar["met"] is (bar["ratio"] >= bar["least"])
    assert [path.name for path in tmp_path.iterdir()] == ["figures.json"]


@needs_compiler
def test_a_ratio_without_both_sides_is_not_measured() -> None:
    done = run("--seconds", "0.01", "--only", "written-pipe", "--pinned")
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if "bridge-pipe / written-pipe" in line]
    assert len(lines) == 1
    assert lines[0].endswith("not measured")
    assert "unpinned" not in done.stdout


def test_an_unknown_contestant_is_refused_with_the_names_of_all() -> None:
    done = run("--only", "bridge-pipe,expect")
    assert done.returncode == 2
    last = done.stderr.splitlines()[-1]
    assert "no contestant is called expect; there are bridge-pipe,bridge-pty," in last


def test_without_a_compiler_it_says_what_to_install(tmp_path: Path) -> None:
    done = run("--only", "written-pipe", PATH=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr == "the benchmarks compile a small C program, but there is no cc: apt install gcc libc6-dev\n"
