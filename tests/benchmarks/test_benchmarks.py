"""The benchmarks run, and their JSON has everybody in it; the figures themselves are nobody's test."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONTESTANTS = {
    "bridge-pipe", "bridge-pty", "pexpect", "pexpect-send", "pexpect-tuned",
    "written-pipe", "written-pty", "bare-pipe", "bare-pty",
    "bridge-fifo", "written-fifo",
    "bridge-file", "inotify-file", "watchdog-file", "sleep-file",
    "bridge-file-disk", "inotify-file-disk", "watchdog-file-disk", "sleep-file-disk",
    "bridge-run", "subprocess-run", "bridge-nec2c", "subprocess-nec2c", "bridge-screen", "pyte-screen",
    "bridge-tcp", "written-tcp", "bridge-tcp-dial", "written-tcp-dial",
    "bridge-halves", "written-halves", "plain-halves",
    "bridge-unix", "written-unix", "bridge-unix-dial", "written-unix-dial",
    "bridge-udp", "bridge-udp-resend", "written-udp",
    "bridge-http", "client-http", "requests-http", "httpx-http",
    "bridge-http-poll", "bridge-http-turn", "written-http-poll",
}
CLIENTS = {"requests-http", "httpx-http"}
needs_compiler = pytest.mark.skipif(
    shutil.which("cc") is None and not os.environ.get("FILEBRIDGE_REQUIRE_PROGRAMS"),
    reason="no cc: apt install gcc libc6-dev",
)


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, timeout=100, check=False
    )


@pytest.mark.takes(13)
@needs_compiler
def test_everybody_runs_and_is_written_down(tmp_path: Path) -> None:
    page, written = tmp_path / "page.md", str(tmp_path / "figures.json")
    page.write_text("# Before\n<!-- costs: begin -->\nold\n<!-- costs: end -->\nbehind\n", encoding="utf-8")
    names = ",".join(sorted(CONTESTANTS))
    done = run("--seconds", "0.002", "--only", names, "--json", written, "--costs", str(page), TMPDIR=str(tmp_path))
    assert done.returncode == 0, done.stderr
    text = page.read_text(encoding="utf-8")
    assert text.startswith("# Before\n<!-- costs: begin -->\n| way |")
    assert text.endswith(".\n<!-- costs: end -->\nbehind\n")
    cells = r"([\d ]+ \| \d+ \| \d+\.\d\d) \|"
    assert re.search(rf"^\| pipes \| {cells} {cells}$", text, re.MULTILINE)
    assert re.search(rf"^\| HTTP, it serves, JSON both ways \| {cells} {cells}$", text, re.MULTILINE)
    assert " | 1.00 | " in text.partition("| pipes |")[2].partition("\n")[0]
    figures = json.loads((tmp_path / "figures.json").read_text())
    for mode in ("pinned", "unpinned"):
        scores = {score["name"]: score for score in figures["scores"] if score["mode"] == mode}
        assert set(scores) == CONTESTANTS - set(figures["absent"])
        assert all(score["steps"] > 0 and score["rate"] > 0 for score in scores.values())
    assert all(figures["starts"].values())
    ahead = figures["ahead"]
    assert 0 < ahead["warm"] < ahead["cold"]
    assert ahead["cold"] > 0.3
    assert ahead["met"] is (ahead["ratio"] >= ahead["least"])
    assert re.search(rf"^  cold / warm +{ahead['ratio']:.2f}  bar 10  (not )?met$", done.stdout, re.MULTILINE)
    # What not every machine has, a disk, nec2c and two clients; all else takes part everywhere.
    assert all(name.endswith(("-disk", "-nec2c")) or name in CLIENTS for name in figures["absent"])
    assert len(figures["ratios"]) == 20
    for bar in figures["ratios"]:
        # Without one of its two there is no ratio, and the bar is not met.
        assert bar["met"] is (bar["ratio"] is not None and bar["ratio"] >= bar["least"])
        assert bar["ratio"] is not None or figures["absent"]
    assert {path.name for path in tmp_path.iterdir()} == {"figures.json", "page.md"}


@needs_compiler
def test_kinds_stand_together_and_who_is_missing_is_named(tmp_path: Path) -> None:
    for tool in filter(shutil.which, ("cc", "as", "ld")):
        (tmp_path / tool).symlink_to(str(shutil.which(tool)))
    names = "written-fifo,subprocess-nec2c,written-pipe,subprocess-run"
    done = run("--seconds", "0.01", "--pinned", "--only", names, PATH=str(tmp_path))
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "subprocess-nec2c is left out: nec2c is not installed" in lines
    table = [line.split()[0] for line in lines[lines.index("console:") : lines.index("run:") + 2]]
    assert table == ["console:", "written-pipe", "fifo:", "written-fifo", "run:", "subprocess-run"]


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


def test_a_page_without_a_place_for_the_table_is_told_before_anything_is_measured(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Speed\n<!-- costs: begin -->\n", encoding="utf-8")
    done = run("--costs", str(page), PATH=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.startswith("the page has no place for the table: a line <!-- costs: begin --> and, below it,")
    assert page.read_text(encoding="utf-8") == "# Speed\n<!-- costs: begin -->\n"


def test_the_soak_checks_every_answer_of_each_writer(tmp_path: Path) -> None:
    done = run("--soak", "--steps", "150", "--json", str(tmp_path / "soak.json"))
    assert done.returncode == 0, done.stdout + done.stderr
    rows = json.loads((tmp_path / "soak.json").read_text())["soak"]
    assert [row["writer"] for row in rows] == ["truncated", "appended", "renamed"]
    assert all(row["steps"] == 150 and row["seconds"] > 0 and row["bad"] == 0 for row in rows)


def test_the_soak_sees_what_is_old_cut_or_mixed() -> None:
    sys.path.insert(0, str(ROOT))
    try:
        soak, writer = import_module("benchmarks.soak"), import_module("benchmarks.writer")
    finally:
        sys.path.remove(str(ROOT))
    right = [float(word) for word in writer.answer(7).split()[:-1]]
    assert soak.fault(right, 7) == ""
    assert soak.fault(right, 8) == "step 8: an answer to step 7"
    mixed = [*right[:13], *map(float, writer.answer(6).split()[13:-1])]
    assert soak.fault(mixed, 7).startswith("step 7: cut or mixed, 7 ")


def test_without_a_compiler_it_says_what_to_install(tmp_path: Path) -> None:
    done = run("--only", "written-pipe", PATH=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr == "the benchmarks compile a small C program, but there is no cc: apt install gcc libc6-dev\n"
