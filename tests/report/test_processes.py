import subprocess
import sys

import pytest

from filebridge.report.processes import processor_seconds, resident_bytes

BURN = "import time\nwhile time.process_time() < 0.3: pass\n"
WAIT = "print('done', flush=True); input()"
CHILD = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BURN!r}])\n"


@pytest.mark.parametrize("code", [BURN, CHILD])
def test_the_time_of_a_process_that_lives_and_of_one_that_has_ended(code):
    before = processor_seconds()
    with subprocess.Popen([sys.executable, "-c", code + WAIT], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        child.stdout.readline()
        assert processor_seconds() - before >= 0.25
        child.communicate(b"\n")
    assert 0.25 <= processor_seconds() - before < 5


def test_the_time_of_a_grandchild_counts_while_it_lives():
    inner = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BURN + WAIT!r}])"
    before = processor_seconds()
    with subprocess.Popen([sys.executable, "-c", inner], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        child.stdout.readline()
        assert processor_seconds() - before >= 0.25
        child.communicate(b"\n")


def test_the_memory_of_those_that_live():
    before = resident_bytes()
    with subprocess.Popen([sys.executable, "-c", WAIT], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        child.stdout.readline()
        assert resident_bytes() - before > 1 << 20
        child.communicate(b"\n")
    assert resident_bytes() == before


def test_without_a_proc_nothing_is_known(monkeypatch, tmp_path):
    monkeypatch.setattr("filebridge.report.processes._PROC", str(tmp_path))
    assert (processor_seconds(), resident_bytes()) == (None, None)
