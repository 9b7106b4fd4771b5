"""The package's public names, and what importing it costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

import filebridge
from filebridge import errors


def test_every_exception_is_public():
    assert set(errors.__all__) <= set(filebridge.__all__)


def test_every_public_name_can_be_imported():
    for name in filebridge.__all__:
        assert getattr(filebridge, name) is not None


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'filebridge' has no attribute 'Brigde'"):
        filebridge.Brigde


def test_importing_the_package_imports_nothing_heavy():
    code = "import filebridge, sys; print(*({'numpy', 'gymnasium', 'pydantic', 'yaml'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


def test_the_ids_are_registered_whichever_is_imported_first():
    for order in ("import filebridge, gymnasium", "import gymnasium, filebridge"):
        code = f"{order}; print(*(f'filebridge/{{name}}-v0' in gymnasium.registry for name in ('Lander', 'Bridge')))"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout == "True True\n"
