"""Runs the suite of conformance.py over the transports that start a process."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import pytest

from filebridge import registry
from filebridge.transports.base import Launch

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
