"""The embedded workshop: its day, and the ways in which it tells of it."""

from __future__ import annotations

import json
import math
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from filebridge import simulators
from filebridge.simulators.shop import BEAT, DAY, PRICES, Shop, main

PROGRAM = [sys.executable, "-I", "-S", str(Path(simulators.__file__).with_name("shop.py")), "--seed", "5"]


def day(decision, seed=5):
    """Return the events of a day on which this is always decided."""
    return list(Shop(seed).day(lambda: decision))


def lines(decision, seed=5):
    """Return them as they are printed."""
    return [" ".join(["EVENT"] * ("time" in event) + [str(value) for value in event.values()])
            for event in day(decision, seed)]  # fmt: skip


@contextmanager
def shop(*words, **pipes):
    """A shop that is open, closed afterwards."""
    process = subprocess.Popen([*PROGRAM, *map(str, words)], **pipes)
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=60)


def worked(connection, decision="SMALL"):
    """Decide the same for a day; return all lines."""
    connection.settimeout(60)
    found = []
    with connection, connection.makefile("rw", encoding="ascii") as desk:
        for line in desk:
            found.append(line.rstrip())
            if " DECIDE " in line:
                desk.write(f"{decision}\n")
                desk.flush()
    return found


@pytest.mark.parametrize("decision", ["SMALL", "LARGE", "WAIT"])
def test_a_day_is_told_in_order(decision):
    events = [event for event in day(decision) if event["event"] != "HEARTBEAT"]
    assert [event["event"] for event in events].count("CLOSE") == 1
    assert events[-1]["event"] == "CLOSE"
    assert events[-1]["time"] == DAY
    before = {"small": 0, "large": 0, "time": 0.0, "event": ""}
    for event in events:
        small, large = event["small"] - before["small"], event["large"] - before["large"]
        kinds = {"ARRIVE": (1, 0, 1), "START": (-1, 0, -1), "DONE": (0,), "DECIDE": (0,), "CLOSE": (0,)}
        assert small + large in kinds[event["event"]]
        assert 0 in (small, large)
        assert event["time"] >= before["time"]
        waited = PRICES[0] * before["small"] + PRICES[1] * before["large"]
        assert event["cost"] == pytest.approx((event["time"] - before["time"]) * waited)
        if event["event"] == "DECIDE":
            assert before["event"] in ("ARRIVE", "DONE")
            assert small == large == 0
        before = event


def test_the_machine_does_one_job_at_a_time():
    names = [event["event"] for event in day("LARGE") if event["event"] in ("START", "DONE")]
    assert all(one != other for one, other in pairwise(names))


def test_the_decision_counts():
    costs = {decision: sum(event.get("cost", 0) for event in day(decision)) for decision in ("SMALL", "LARGE", "WAIT")}
    assert len(set(costs.values())) == 3
    assert costs["WAIT"] == max(costs.values())
    assert not any(event["event"] == "START" for event in day("WAIT"))


def test_signs_of_life_come_in_between_and_count_up():
    events = day("SMALL")
    beats = [event for event in events if event["event"] == "HEARTBEAT"]
    last = max(event["time"] for event in events if event.get("event") not in ("HEARTBEAT", "CLOSE"))
    assert [beat["number"] for beat in beats] == list(range(1, math.floor(last / BEAT) + 1))


def test_the_seed_decides_the_day():
    assert len({str(day("SMALL", seed)) for seed in range(30)}) == 30
    assert day("SMALL", 2**64) != day("SMALL", -3)


def test_on_standard_input_and_output():
    with shop(stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        said, _ = process.communicate("LARGE\n" * 300, timeout=60)
    assert said.splitlines() == lines("LARGE")
    assert process.returncode == 0


def test_what_is_no_decision_is_refused_and_costs_no_time():
    with shop(stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        said, _ = process.communicate("small\n\n" + "SMALL\n" * 300, timeout=60)
    found = said.splitlines()
    assert [line for line in found if not line.startswith("ERROR")] == lines("SMALL")
    refused = [line for line in found if line.startswith("ERROR")]
    assert refused == ["ERROR SMALL, LARGE OR WAIT, NOT small", "ERROR SMALL, LARGE OR WAIT, NOT "]


def test_documents_tell_the_same():
    with shop("--json", stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        said, _ = process.communicate("SMALL\n" * 300, timeout=60)
    reader, found = json.JSONDecoder(), []
    while said := said.lstrip():
        document, end = reader.raw_decode(said)
        found.append(document)
        said = said[end:]
    assert found == day("SMALL")


def test_the_end_of_the_decisions_is_the_end():
    with shop(stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        said, _ = process.communicate("WAIT\n", timeout=60)
    assert said.count("DECIDE") == 2
    assert process.returncode == 0


def test_it_calls():
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        with shop("--dial", f"127.0.0.1:{server.getsockname()[1]}") as process:
            assert worked(server.accept()[0]) == lines("SMALL")
            assert process.wait(60) == 0


def test_it_listens():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with shop("--listen", port) as process:
        until = time.monotonic() + 60
        while True:
            try:
                connection = socket.create_connection(("127.0.0.1", port))
                break
            except OSError:
                assert time.monotonic() < until
                time.sleep(0.001)
        assert worked(connection, "LARGE") == lines("LARGE")
        assert process.wait(60) == 0


def test_while_it_waits_it_shows_that_it_is_alive():
    with shop("--pulse", 0.01, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        found = [process.stdout.readline()]
        while "HEARTBEAT 5" not in found[-1]:
            found.append(process.stdout.readline())
        process.stdin.write("LARGE\n" * 300)
        process.stdin.close()
        process.stdin = None
        # What was read ahead is seen here too; `communicate` would pass it over.
        said = process.stdout.read()
    told = [line.rstrip() for line in [*found, *said.splitlines()]]
    beats = [line for line in told if line.startswith("HEARTBEAT")]
    assert beats == [f"HEARTBEAT {number + 1}" for number in range(len(beats))]
    assert [line for line in told if line not in beats] == [line for line in lines("LARGE") if "HEARTBEAT" not in line]


@pytest.mark.parametrize("arguments", [["--seed"], ["--seed", "x"], ["7"], ["--pulse", "x"]], ids=" ".join)
def test_arguments_that_mean_nothing(arguments, capsys):
    assert main(arguments) == 2
    assert capsys.readouterr().err.startswith("USAGE: SHOP [--seed N] ")
