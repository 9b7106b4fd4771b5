"""What the documentation shows works: every block of code in it is run or compiled, every link leads somewhere.

A comment in front of a block says what it is, where it is not simply complete:

    <!-- fragment -->          some keys of a configuration; the rest is filled in
    <!-- refused -->           a configuration with a mistake; the ``text`` block behind it is the message
    <!-- file: NAME -->        a file for the other blocks of the page; the same as NAME, where the repository has one
    <!-- fails -->             commands of which the last one fails, with exit code 1
    <!-- needs: NAME, ... -->  Python that is run where these modules and programs are installed, else compiled
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import zip_longest
from pathlib import Path

import pytest
import typer
import yaml
from typer.testing import CliRunner

from filebridge import ConfigError, load_program
from filebridge.cli.app import app

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))
DEFAULT = {("reference.md", "yaml"): "fragment"}
"""What blocks are that have no comment, on a page which is generated."""

LANGUAGES = ("yaml", "python", "sh", "text")
WORDS = ("", "fragment", "refused", "file", "fails", "needs")
ALLOWED = re.compile(
    r"(\./(demo|test)|(sudo )?apt-get install|pip install|python3? -m pip install|python3? -m venv|git clone|cd|make)\b"
    r"|python3? (-m benchmarks|examples/)|kill |\. |sh "
)
COMMENT = r"(?:<!-- (?P<word>[a-z]+)(?:: (?P<about>[^\n]+?))? -->\n\n?)?"
BLOCK = re.compile(COMMENT + r"^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.M | re.S)


@dataclass(frozen=True)
class Block:
    """A block of code: the page it is on, its line, its language, the comment before it, its text, the next one."""

    page: Path
    line: int
    language: str
    word: str
    about: str
    text: str
    following: str

    def __str__(self):
        return f"{self.page.name}:{self.line}"


def blocks_of(page):
    source = page.read_text("utf-8")
    found = list(BLOCK.finditer(source))
    for match, following in zip_longest(found, found[1:]):
        line = source.count("\n", 0, match.start("text"))
        language, word = match["language"], match["word"] or DEFAULT.get((page.name, match["language"]), "")
        after = following["text"] if following else ""
        yield Block(page, line, language, word, match["about"] or "", match["text"], after)


BLOCKS = [block for page in PAGES for block in blocks_of(page)]


def those(language, *words):
    """Parametrize over the blocks of a language, with one of these words before them if some are given."""
    chosen = [
        pytest.param(block, marks=pytest.mark.takes(8)) if "robots" in block.about else block
        for block in BLOCKS if block.language == language and (block.word in words if words else True)
    ]
    return pytest.mark.parametrize("block", chosen, ids=str)


@pytest.fixture
def place(tmp_path, monkeypatch, request):
    """A folder with the examples in it, and with the files that the block's page shows."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    block = request.getfixturevalue("block")
    for other in BLOCKS:
        if other.page == block.page and other.word == "file":
            (tmp_path / other.about).parent.mkdir(exist_ok=True)
            (tmp_path / other.about).write_text(other.text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


SAMPLE = {
    "filebridge": "filebridge: 1\n",
    "name": "name: Sample\n",
    "simulator": "simulator: {command: [sample], seed: none}\n",
    "transport": "transport: {console: {}}\n",
    "action": "action: {box: {low: 0, high: 1}}\n",
    "step": 'step: [{send: "{action}"}]\n',
    "fields": 'fields: {x: {find: "X= {float}"}}\n',
    "max_steps": "max_steps: 10\n",
}


def completed(fragment):
    """Return a whole configuration: the fragment, what it lacks, and all its fields observed."""
    keys = re.findall(r"^(\w+):", fragment, re.M)
    lacking = "".join(text for key, text in SAMPLE.items() if key not in keys)
    text = fragment + lacking
    if "observation" in keys:
        return text
    fields = re.search(r"^fields:\n((?:  .*\n|\n)+)", text, re.M)
    names = re.findall(r"^  (\w+):", fields[1], re.M) if fields else ["x"]
    return text + "observation: {" + ", ".join(f"{name}: {name}" for name in names) + "}\n"


def test_the_pages_have_blocks_of_known_languages_and_comments():
    assert len(BLOCKS) > 40
    unknown = [str(block) for block in BLOCKS if block.language not in LANGUAGES]
    unknown += [str(block) for block in BLOCKS if block.word not in WORDS]
    fences = [page.name for page in PAGES if page.read_text("utf-8").count("\n```") != 2 * len(list(blocks_of(page)))]
    assert (unknown, fences) == ([], [])


@those("yaml", "", "file")
def test_a_whole_configuration_loads(block, place):
    path = place / (block.about or "page.yaml")
    path.write_text(block.text)
    if any(not line.startswith("#") for line in block.text.splitlines()):
        load_program(path)


@those("yaml", "fragment")
def test_a_part_of_a_configuration_loads(block, place):
    (place / "page.yaml").write_text(completed(block.text))
    load_program(place / "page.yaml")


@those("yaml", "refused")
def test_a_mistake_gets_the_message_that_is_shown(block, place):
    Path("page.yaml").write_text(block.text)
    with pytest.raises(ConfigError) as caught:
        load_program("page.yaml")
    assert str(caught.value).strip() == block.following.strip()


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.word == "file"], ids=str)
def test_a_file_that_is_shown_is_the_file_that_is_there(block):
    if (ROOT / block.about).exists():
        assert (ROOT / block.about).read_text("utf-8") == block.text


def test_the_first_configuration_is_the_bundled_one():
    shown = next(block for block in BLOCKS if block.page.name == "README.md" and block.language == "yaml")
    assert yaml.safe_load(shown.text) == yaml.safe_load((ROOT / "configs" / "Lander.yaml").read_text("utf-8"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_program_is_looked_for_in_the_empty_run_folder(page):
    assert re.findall(r"command: \[[^\]]*\./[^\]]*\]", page.read_text("utf-8")) == []


def is_installed(name):
    return find_spec(name) or shutil.which(name, path=f"{os.environ['PATH']}:/usr/games")


@those("python")
def test_python_runs(block, place):
    code = compile(block.text, str(block), "exec")
    if block.word == "file":
        # A program for the configurations of its page, which run it.
        return
    if block.word != "needs" or all(map(is_installed, block.about.split(", "))):
        exec(code, {"__name__": "__main__"})


def commands(block):
    text = block.text.replace("\\\n", " ")
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


@those("sh")
def test_commands_exist(block, place):
    if block.word == "file":
        subprocess.run(["sh", "-n", block.about], check=True)
        return
    for line in commands(block):
        words = shlex.split(line, comments=True)
        if words[0] == "filebridge":
            parsed(words[1:])
        else:
            assert ALLOWED.match(line), line
            for word in words:
                assert not word.startswith("examples/") or (ROOT / word).exists(), line


def parsed(words):
    """Parse a command as the command line does, without running it."""
    group = typer.main.get_command(app)
    if not words or words[0].startswith("-"):
        assert words in ([], ["--help"], ["--version"])
        return
    command = group.commands[words[0]]
    if "--help" not in words:
        command.make_context(words[0], words[1:])


def is_example(path):
    example = ROOT / path
    return example in EXAMPLES and Path(path).read_bytes() == example.read_bytes()


def runnable(line):
    words = shlex.split(line, comments=True)
    target = next((word for word in words[2:3] if not word.startswith("-")), "")
    if words[0] != "filebridge" or "--seconds" in words or "<" in line:
        return False
    if words[1] == "check" and len(words) == 3 and is_example(target):
        # test_the_examples_keep_all_the_rules runs the very same.
        return False
    return words[1] in ("list", "schema") or target == "Lander" or os.path.exists(target)


@those("sh", "", "fails")
def test_commands_run_where_all_is_there(block, place):
    lines = list(filter(runnable, commands(block)))
    for number, line in enumerate(lines, 1):
        words = shlex.split(line, comments=True)
        done = ran(words[1:])
        fails = block.word == "fails" and number == len(lines)
        assert done.exit_code == fails, done.output
        following = next((other for other in BLOCKS if other.page == block.page and other.line > block.line), None)
        if words[1] == "probe" and number == len(lines) and following and following.language == "text":
            assert without_numbers(following.text.partition("\n...\n")[0]) in without_numbers(done.output)


def without_numbers(text):
    """Return ``text`` with a 0 for each number, of which some are drawn, and without blanks at the ends of lines."""
    return "\n".join(line.rstrip() for line in re.sub(r"\d+(\.\d+)?", "0", text.strip()).splitlines())


def ran(words):
    """Run a command in this process: an interpreter for each would spend its time on importing."""
    done = CliRunner().invoke(app, words)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


@pytest.mark.parametrize("script", [["random_agent.py", "2"], ["train.py", "6"]], ids=lambda words: words[0])
def test_the_examples_run(script, tmp_path):
    done = subprocess.run(
        [sys.executable, "-W", "error", str(ROOT / "examples" / script[0]), script[1]],
        capture_output=True, cwd=tmp_path, timeout=100, check=True,
    )  # fmt: skip
    lines = done.stdout.decode().splitlines()
    assert len(lines) == int(script[1])
    if script[0] == "train.py":
        first, last = (float(re.search(r"mean return +(\S+),", line)[1]) for line in (lines[0], lines[-1]))
        assert last > first / 2


@pytest.mark.takes(3)
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_keep_all_the_rules(example):
    done = ran(["check", str(example)])
    assert done.exit_code == 0, done.output


def slug(heading):
    return re.sub(r"[^\w\- ]", "", re.sub(r"[`*]", "", heading).strip().lower()).replace(" ", "-")


def headings(page):
    prose = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.S)
    return {slug(found) for found in re.findall(r"^#+ (.+)$", prose, re.M)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    dead = []
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        if re.match(r"https?://", target):
            continue
        path, _, anchor = target.partition("#")
        other = (page.parent / path).resolve() if path else page
        if not other.exists() or (anchor and anchor not in headings(other)):
            dead.append(target)
    assert dead == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_page_names_the_machine_it_was_written_on(page):
    found = re.findall(r"(?<![\w.])/(?:home|root|tmp|mnt|var)\b[/\w]*", page.read_text("utf-8"))
    assert found == []


def test_every_page_is_reached_from_the_index():
    index = (ROOT / "docs" / "index.md").read_text("utf-8")
    pages = {page.name for page in (ROOT / "docs").glob("*.md")} - {"index.md"}
    assert sorted(page for page in pages if f"({page}" not in index) == []
