"""What tests of sockets need: small programs of a run, or of nobody, and a loop that waits for a connection."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time

import pytest

RUN = "tests-of-sockets"
LIMIT = 20.0


@pytest.fixture
def run_token(request, tmp_path):
    """Give a token that no other test has."""
    return f"{RUN}-{os.getpid()}-{abs(hash(str(tmp_path)))}.1"


@pytest.fixture
def program(run_token):
    """Give ``program(source, *arguments, run=...)``: it runs Python; by default as a process of the run."""
    started = []

    def begin(source, *arguments, run=run_token):
        environment = {"PATH": os.environ.get("PATH", os.defpath)} | ({"FILEBRIDGE_RUN": run} if run else {})
        command = [sys.executable, "-I", "-S", "-u", "-c", source, *map(str, arguments)]
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


@pytest.fixture
def opened():
    """Give ``opened(opening)``: it waits as the loop does, and returns how often it had to."""
    return _opened


def _opened(opening, seconds=LIMIT):
    until, rounds = time.monotonic() + seconds, 0
    while not opening.advance():
        rounds += 1
        remaining = until - time.monotonic()
        assert remaining > 0, opening.awaited()
        poller = select.poll()
        if opening.fileno() >= 0:
            poller.register(opening.fileno(), opening.events)
        poller.poll(min(remaining, opening.patience) * 1000.0 + 1)
    return rounds


@pytest.fixture
def hear():
    """Give ``hear(receiver, size)``: it reads until ``size`` bytes are there, or the end."""

    def read(receiver, size):
        got = b""
        while len(got) < size:
            assert select.select([receiver.fileno()], [], [], LIMIT)[0], got
            chunk = receiver.read()
            if chunk == b"":
                break
            got += chunk or b""
        return got

    return read
