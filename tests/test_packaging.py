"""What is built from the sources holds everything that an installation needs, not the code alone."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = ("filebridge", "adapters", "configs")
TOP = ("setup.cfg", "pyproject.toml", "MANIFEST.in", "README.md", "LICENSE", "CHANGELOG.md")


def shipped() -> set[str]:
    """Every file below the three source folders, as it is to be called in an installation."""
    files = {path.relative_to(ROOT) for folder in SOURCES for path in (ROOT / folder).rglob("*") if path.is_file()}
    names = {str(path) for path in files if "__pycache__" not in path.parts}
    return {name if name.startswith("filebridge/") else f"filebridge/{name}" for name in names}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the source distribution, and the wheel that was built from it."""
    sources, target = tmp_path_factory.mktemp("sources"), tmp_path_factory.mktemp("dist")
    for folder in SOURCES:
        shutil.copytree(ROOT / folder, sources / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name in TOP:
        shutil.copy(ROOT / name, sources)
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(target), str(sources)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return target


@pytest.fixture(scope="module")
def wheel(built: Path) -> Iterator[zipfile.ZipFile]:
    (path,) = built.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        yield archive


def metadata(wheel: zipfile.ZipFile) -> Message:
    (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    return Parser().parsestr(wheel.read(name).decode())


def test_the_wheel_has_every_file(wheel: zipfile.ZipFile) -> None:
    packed = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert packed == shipped()
    assert "filebridge/py.typed" in packed
    assert "filebridge/configs/files/lander.bas" in packed


def test_the_source_distribution_has_every_file(built: Path) -> None:
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        packed = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {name if (ROOT / name).exists() else name.removeprefix("filebridge/") for name in shipped()}
    assert wanted | set(TOP) <= packed


def test_every_folder_with_code_is_a_package_of_setup_cfg(wheel: zipfile.ZipFile) -> None:
    # What stands in `configs/files` is given to simulators, and imported by nothing of ours.
    sources = [path for folder in SOURCES for path in (ROOT / folder).rglob("*.py") if path.parent.name != "files"]
    code = {path.parent.relative_to(ROOT) for path in sources}
    assert all((ROOT / folder / "__init__.py").exists() for folder in code)
    packed = {Path(name).parent for name in wheel.namelist() if name.endswith("/__init__.py")}
    assert packed == {folder if folder.parts[0] == "filebridge" else Path("filebridge") / folder for folder in code}


def test_the_metadata_is_what_pip_needs(wheel: zipfile.ZipFile) -> None:
    found = metadata(wheel)
    assert found["Name"] == "filebridge"
    assert found["Requires-Python"] == ">=3.10"
    assert found.get_payload() == (ROOT / "README.md").read_text(encoding="utf-8")
    assert "gymnasium<2,>=1.2" in found.get_all("Requires-Dist")
    (name,) = (name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    assert "filebridge = filebridge.__main__:main" in wheel.read(name).decode()
