"""The shape of the package: imports point down only, and what the design forbids stands nowhere."""

import ast
import pathlib
from functools import cache

import filebridge

ROOT = pathlib.Path(filebridge.__file__).parent
MODULES = sorted(path for path in ROOT.rglob("*.py") if "simulators" not in path.relative_to(ROOT).parts)

LAYERS = (
    ("cli", "registration", "check", "report", "__main__", "__init__"),
    ("trainers",),
    ("vector",),
    ("env",),
    ("live",),
    ("recovery",),
    ("session",),
    ("spares", "stepping"),
    ("running",),
    ("loop", "crowd", "connecting"),
    ("waiting",),
    ("plain",),
    ("conversation",),
    ("diagnosis", "eager"),
    ("link",),
    ("attention",),
    ("launching", "addressing", "draws", "misuse", "placement"),
    ("program",),
    ("transports", "wire", "spaces"),
    ("config",),
    (
        "registry", "envelope", "errors", "guardian", "interrupt", "memory", "parcel", "picture",
        "redaction", "rendering", "simulators", "sweep", "_version",
    ),
)
"""From the top down: a module imports from layers below its own, or from its own part."""

WIRE_LACKS = {"os", "socket", "subprocess", "time", "select", "selectors", "threading", "asyncio", "signal", "pathlib"}
NO_NAMES = {"utils", "util", "helpers", "helper", "manager", "handler", "handlers", "base2", "common", "misc"}
FORBIDDEN_CALLS = {"eval", "exec", "__import__"}
FORBIDDEN_MODULES = {"pickle", "marshal", "shelve", "dill"}
COMPILES = {"wire/expression.py"}
"""The only module that compiles text to code: an allow-list of syntax, checked again on the code that came out."""
LONGEST_FILE = 300
LONGEST_FUNCTION = 60


def part(path):
    """Return the part of the package that a module belongs to: its folder, or its own name."""
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def level(name):
    return next(number for number, layer in enumerate(LAYERS) if name in layer)


def name_of(path):
    return path.relative_to(ROOT).as_posix()


OWN = {path.stem for path in ROOT.iterdir() if path.suffix == ".py" or path.is_dir()}


@cache
def tree(path):
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


@cache
def walked(path):
    """Return all nodes of a module, in the order of ``ast.walk``."""
    return tuple(ast.walk(tree(path)))


def typing_only(path):
    """Return the nodes that are there for type checkers alone."""
    blocks = [node for node in walked(path) if isinstance(node, ast.If)]
    checked = [node for block in blocks if ast.unparse(block.test) == "TYPE_CHECKING" for node in block.body]
    return {inner for node in checked for inner in ast.walk(node)}


@cache
def imports(path):
    """Return (imported module, line), those for type checkers left out; all at run time, however deep."""
    return tuple(_imports(path))


def _imports(path):
    skipped = typing_only(path)
    for node in walked(path):
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import"
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)
            yield node.module, node.lineno


def nodes(*kinds):
    """Yield (module's name, node) for each node of one of these kinds."""
    for path in MODULES:
        yield from ((name_of(path), node) for node in walked(path) if isinstance(node, kinds))


def own(path):
    """Yield (part, line) for each import of filebridge's own modules."""
    for name, line in imports(path):
        package, _, rest = name.partition(".")
        word = rest.partition(".")[0]
        if package == "filebridge" and word in OWN:
            yield word, line


def test_the_scan_sees_imports():
    found = {name for name, _ in own(ROOT / "program" / "compilation.py")}
    assert {"config", "wire", "spaces"} <= found
    assert "os" in {name for name, _ in imports(ROOT / "sweep.py")}


def test_every_module_has_a_layer():
    known = {name for layer in LAYERS for name in layer}
    assert {part(path) for path in MODULES} <= known


def test_imports_point_down():
    wrong = []
    for path in MODULES:
        here = part(path)
        for there, line in own(path):
            beside = level(there) == level(here) and level(here) not in (0, len(LAYERS) - 1)
            if there != here and (level(there) < level(here) or beside):
                wrong.append(f"{name_of(path)}:{line}: {here} imports {there}")
    assert wrong == []


def test_the_wire_knows_nothing_of_the_machine():
    wire = [path for path in MODULES if part(path) == "wire"]
    assert len(wire) > 10
    found = {(name_of(path), name) for path in wire for name, _ in imports(path)}
    assert {pair for pair in found if pair[1].partition(".")[0] in WIRE_LACKS} == set()


def test_names_say_something():
    assert [name_of(path) for path in MODULES if set(path.stem.split("_")) & NO_NAMES] == []


def test_every_module_says_what_it_is_and_what_it_offers():
    wrong = []
    for path in MODULES:
        module = tree(path)
        offers = any(isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__" for node in module.body)
        bare = path.name in ("__init__.py", "__main__.py", "_version.py")
        if not ast.get_docstring(module) or not (offers or bare):
            wrong.append(name_of(path))
    assert wrong == []


def test_what_is_offered_exists():
    for path in MODULES:
        module = tree(path)
        given = {node.id for node in walked(path) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
        for node in walked(path):
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                given.add(node.name)
            elif isinstance(node, ast.Import | ast.ImportFrom):
                given |= {alias.asname or alias.name for alias in node.names}
        for node in module.body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__" and isinstance(
                node.value, ast.List
            ):
                offered = [entry.value for entry in node.value.elts if isinstance(entry, ast.Constant)]
                assert set(offered) <= given, name_of(path)
                assert len(set(offered)) == len(offered), name_of(path)


def is_silent(handler):
    return all(isinstance(node, ast.Pass) for node in handler.body)


def test_no_error_is_swallowed_unseen():
    wrong = []
    for name, node in nodes(ast.ExceptHandler):
        lines = (ROOT / name).read_text(encoding="utf-8").split("\n")[node.lineno - 2 : node.body[-1].end_lineno + 1]
        raises = any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
        if node.type is None or (is_silent(node) and not any("#" in line for line in lines)):
            wrong.append(f"{name}:{node.lineno}: swallowed without a reason beside it")
        elif "BaseException" in ast.unparse(node.type) and not (raises or "#" in lines[1]):
            wrong.append(f"{name}:{node.lineno}: an interrupt is swallowed")
    assert wrong == []


def test_text_is_never_run():
    wrong = [
        f"{name_of(path)} imports {name}" for path in MODULES for name, _ in imports(path) if name in FORBIDDEN_MODULES
    ]
    for name, node in nodes(ast.Call):
        called = node.func.id if isinstance(node.func, ast.Name) else ast.unparse(node.func)
        if called in FORBIDDEN_CALLS or (called in ("compile", "FunctionType") and name not in COMPILES):
            wrong.append(f"{name}:{node.lineno}: {called}")
    assert wrong == []


def root(node):
    """Return the name that an expression such as `NAME.get(...)[0]` begins with."""
    while not isinstance(node, ast.Name | ast.Constant):
        inner = getattr(node, "value", None) or getattr(node, "func", None)
        if inner is None:
            return ""
        node = inner
    return node.id if isinstance(node, ast.Name) else "a constant"


def test_only_constants_are_formats():
    """A text from outside could reach the attributes of what is filled in."""
    wrong = []
    for name, node in nodes(ast.Call):
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("format", "format_map"):
            assigned = [
                ast.unparse(target) for each in tree(ROOT / name).body for target in getattr(each, "targets", ())
            ]
            if root(node.func.value) not in ("a constant", *(constant for constant in assigned if constant.isupper())):
                wrong.append(f"{name}:{node.lineno}: {ast.unparse(node)[:60]}")
    assert wrong == []


def test_no_file_is_long():
    long = {name_of(path) for path in MODULES if len(path.read_text(encoding="utf-8").splitlines()) > LONGEST_FILE}
    assert not long


def test_no_function_is_long():
    functions = nodes(ast.FunctionDef)
    assert [
        f"{name}:{node.lineno}" for name, node in functions if node.end_lineno - node.lineno >= LONGEST_FUNCTION
    ] == []


def test_every_public_name_has_a_docstring():
    wrong = []
    for path in MODULES:
        for node in tree(path).body:
            public = isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
            if public and not ast.get_docstring(node):
                wrong.append(f"{name_of(path)}:{node.lineno}: {node.name}")
    assert wrong == []
