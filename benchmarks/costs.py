"""What each way to a simulator costs: the same answers over all transports, as a table in a page of the docs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks.bars import Bar, ratio
from benchmarks.measurement import Score

__all__ = ["WAYS", "cost_table", "rounded", "with_table"]

WHERE = {"pinned": "one core", "unpinned": "cores left to the kernel"}
BASE = "bridge-pipe"
WAYS = {
    BASE: "pipes",
    "bridge-pty": "a terminal",
    "bridge-fifo": "two FIFOs",
    "bridge-unix": "a Unix socket, it listens",
    "bridge-unix-dial": "a Unix socket, it calls us",
    "bridge-tcp": "TCP, it listens",
    "bridge-tcp-dial": "TCP, it calls us",
    "bridge-halves": "TCP, each answer in two writes",
    "bridge-udp": "UDP",
    "bridge-udp-resend": "UDP, with `resend` and `fresh`",
    "bridge-http": "HTTP, it serves, JSON both ways",
    "bridge-http-turn": "HTTP, it asks: a post, whose answer is the action",
    "bridge-http-poll": "HTTP, it asks: a post and a fetch",
    "bridge-file": "files in memory",
    "bridge-file-disk": "files on a disk",
    "bridge-run": "a process for each step, files in memory",
}
"""Contestants in the order of the table, in the words of a reader."""


def cost_table(scores: Sequence[Score], told: str) -> list[str]:
    """Return the lines of the table, with the modes that were measured; ``told`` says on what.

    Of the rates the fastest round counts, which other work on the machine disturbs least; shares are medians.
    """
    modes = [mode for mode in WHERE if any(score.mode == mode for score in scores)]
    titles = [f"{WHERE[mode]}: steps/s | µs/step | of a pipe's" for mode in modes]
    lines = [f"| way | {' | '.join(titles)} |", f"| --- |{' ---: |' * (3 * len(modes))}"]
    for name, words in WAYS.items():
        found = {score.mode: score for score in scores if score.name == name}
        if found:
            lines.append(f"| {words} | {' | '.join(_cells(found[mode], scores) for mode in modes)} |")
    return [*lines, "", told]


def with_table(page: str, lines: Iterable[str], name: str = "costs") -> str:
    """Return ``page`` with ``lines`` in place of those between its two marks; SystemExit where it has no such place."""
    first, last = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    head, begin, rest = page.partition(f"{first}\n")
    _, end, tail = rest.partition(last)
    if not begin or not end:
        raise SystemExit(f"the page has no place for the table: a line {first} and, below it, a line {last}")
    return "".join([head, begin, *(f"{line}\n" for line in lines), end, tail])


def _cells(score: Score, scores: Sequence[Score]) -> str:
    share = ratio(Bar(score.mode, score.name, BASE, 0), scores)
    rate = max(score.rates)
    return f"{rounded(rate)} | {1e6 / rate:.0f} | {'-' if share is None else f'{share:.2f}'}"


def rounded(rate: float) -> str:
    """Return two digits of a rate: more of them mean nothing."""
    size = 10 ** max(0, len(f"{rate:.0f}") - 2)
    return f"{round(rate / size) * size:,}".replace(",", " ")
