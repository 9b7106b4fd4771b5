"""Runs the suite of conformance.py over the transports that start a process."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import pytest

from filebridge import registry
from filebridge.transports.base import Launch, Results, Ways

_spec = importlib.util.spec_from_file_location("conformance", Path(__file__).with_name("conformance.py"))
conformance = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(conformance)


@pytest.mark.parametrize("kind", ["pipes", "pty"])
@pytest.mark.parametrize("check", conformance.SUITE, ids=lambda check: check.__name__)
def test_transport_conforms(kind, check, tmp_path):
    transport = registry.load("transports", kind)

    def start(source):
        argv = (sys.executable, "-I", "-S", "-u", "-c", source)
        return transport(Launch(argv, str(tmp_path), {"PATH": os.defpath}))

    check(start)


TO = conformance.opening(0, "to", "os.O_RDONLY")
FROM = conformance.opening(1, "from", "os.O_WRONLY")
GROWING = conformance.opening(1, "obs.log", "os.O_WRONLY | os.O_CREAT | os.O_APPEND")

WAYS = {
    "console": (Ways(console=True), "", ()),
    "fifos": (Ways("to", "from"), TO + FROM, conformance.LEFT + conformance.ENDED),
    "fifo in, stdout back": (Ways("to", console=True), TO, conformance.LEFT),
    "stdin in, fifo back": (Ways(fifo_from="from", console=True), FROM, conformance.ENDED),
    "stdin in, file back": (
        Ways(results=Results(("obs.log",), written="appended"), console=True), GROWING, conformance.ENDED
    ),
}  # fmt: skip
"""What leads to the simulator and back, how its stdin and stdout become that, and what does not hold for it."""


@pytest.mark.parametrize(
    ("kind", "check"), [(kind, check) for kind in WAYS for check in conformance.SUITE if check not in WAYS[kind][2]],
    ids=lambda value: getattr(value, "__name__", value),
)  # fmt: skip
def test_an_assembly_conforms(kind, check, tmp_path):
    transport = registry.load("transports", "assembly")
    ways, opening, _ = WAYS[kind]

    def start(source):
        argv = (sys.executable, "-I", "-S", "-u", "-c", opening + source)
        (tmp_path / "obs.log").unlink(missing_ok=True)
        return transport(Launch(argv, str(tmp_path), {"PATH": os.defpath}, ways=ways))

    check(start)
