"""The rules of the house: layers, makers, sizes, words and names, checked on the source itself."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from harmony.stages import journey

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "harmony"
FILES = sorted(SOURCE.rglob("*.py"))

LONGEST_FILE = 400
LONGEST_FUNCTION = 45
DATABASES = {"duckdb", "sqlalchemy", "psycopg", "pyspark", "huey"}
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|\b[Ff]or now\b")
#: Hosts of package registries and folders that only one machine has.
FOREIGN = re.compile(
    r"pypi\.org|pythonhosted\.org|registry\.npmjs|proxy\.golang|(?<![\w.}])/(work|root|home)/[a-z]"
)

Function = ast.FunctionDef | ast.AsyncFunctionDef


def short(path):
    return path.relative_to(ROOT).as_posix()


def parse(path):
    return ast.parse(path.read_text(encoding="utf-8"))


TREES = {path: parse(path) for path in FILES}


def functions(tree):
    return [node for node in ast.walk(tree) if isinstance(node, Function)]


def code_lines(function):
    """Count the lines of a function that hold code: no docstring, no comment, no blank line."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    lines = {n.lineno for n in ast.walk(function.args) if hasattr(n, "lineno")} | {function.lineno}
    for statement in body:
        lines |= {n.lineno for n in ast.walk(statement) if hasattr(n, "lineno")}
        lines |= {n.end_lineno for n in ast.walk(statement) if hasattr(n, "end_lineno")}
    return len(lines)


def public(tree):
    """Give every public class, function and method of a module with its dotted name."""
    for node in tree.body:
        if isinstance(node, (*Function.__args__, ast.ClassDef)) and not node.name.startswith("_"):
            yield node.name, node
            if isinstance(node, ast.ClassDef):
                for child in node.body:
                    if isinstance(child, Function) and not child.name.startswith("_"):
                        yield f"{node.name}.{child.name}", child


def unannotated(function):
    """Name the parameters without a type, and `return` when it has none."""
    arguments = function.args
    every = [
        *arguments.posonlyargs,
        *arguments.args,
        *arguments.kwonlyargs,
        arguments.vararg,
        arguments.kwarg,
    ]
    missing = [
        a.arg for a in every if a is not None and a.annotation is None and a.arg not in ("self", "cls")
    ]
    return missing + (["return"] if function.returns is None else [])


def imports(tree):
    """Give every module that a module imports at run time, also inside functions."""
    skipped = {
        id(child)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for child in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def test_import_contracts_hold():
    code = "import sys; from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"[1-9]\d* kept, 0 broken", done.stdout)


def test_import_contract_is_broken_by_a_module_that_breaks_it(tmp_path):
    package = tmp_path / "harmony"
    for folder in (package, package / "store", package / "cli"):
        folder.mkdir()
        (folder / "__init__.py").touch()
    (package / "errors.py").write_text("import harmony.cli\n")
    layers = "root_package=harmony\n[importlinter:contract:house]\nname=house\ntype=layers\n"
    layers += "containers=harmony\nlayers=\n    cli\n    store\n    errors\n"
    (tmp_path / ".importlinter").write_text(f"[importlinter]\n{layers}")
    code = "import sys; sys.path.insert(0, '.'); from importlinter.cli import lint_imports_command"
    command = [sys.executable, "-c", f"{code}; lint_imports_command()"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1 and "harmony.errors is not allowed to import harmony.cli" in done.stdout


def test_no_file_is_longer_than_400_lines():
    long = {short(p): n for p in FILES if (n := len(p.read_text("utf-8").splitlines())) >= LONGEST_FILE}
    assert long == {}


def test_no_function_has_more_than_45_lines_of_code():
    long = {
        f"{short(path)}:{function.name}": code_lines(function)
        for path, tree in TREES.items()
        for function in functions(tree)
        if code_lines(function) > LONGEST_FUNCTION
    }
    assert long == {}


def test_the_median_function_is_short():
    sizes = sorted(code_lines(f) for tree in TREES.values() for f in functions(tree))
    assert sizes[len(sizes) // 2] <= 12


def test_every_public_name_says_in_a_docstring_what_it_does():
    silent = [
        f"{short(path)}:{name}"
        for path, tree in TREES.items()
        if "migrations" not in path.parts
        for name, node in public(tree)
        if not ast.get_docstring(node)
    ]
    assert silent == []


def test_every_module_with_code_says_what_it_is_for():
    silent = [short(p) for p, tree in TREES.items() if tree.body and not ast.get_docstring(tree)]
    assert silent == []


def test_every_function_is_annotated():
    bare = {
        f"{short(path)}:{function.name}": missing
        for path, tree in TREES.items()
        for function in functions(tree)
        if (missing := unannotated(function))
    }
    assert bare == {}


def test_packages_import_nothing_when_they_are_imported():
    filled = [
        short(p) for p in FILES if p.name == "__init__.py" and p.parent != SOURCE and p.read_text().strip()
    ]
    assert filled == []
    root = TREES[SOURCE / "__init__.py"]
    assert list(imports(root)) == []


def test_only_the_store_opens_a_database():
    opened = {
        f"{short(path)}: {name}"
        for path, tree in TREES.items()
        if path.relative_to(SOURCE).parts[0] != "store"
        for name in imports(tree)
        if name.split(".")[0] in DATABASES
    }
    assert opened == set()


def test_nothing_is_printed():
    calls = [
        f"{short(path)}:{node.lineno}"
        for path, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("print", "input")
    ]
    assert calls == []


def test_no_function_is_empty():
    empty = [
        f"{short(path)}:{node.lineno}"
        for path, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Pass)
        or (
            isinstance(node, ast.Raise) and node.exc is not None and "NotImplemented" in ast.unparse(node.exc)
        )
    ]
    assert empty == []


MAKERS = {
    name: match.group(1)
    for name in vars(journey)
    if isinstance(kind := getattr(journey, name), type) and kind.__module__ == journey.__name__
    if (match := re.search(r"Made by `([a-z_.]+)` only", kind.__doc__ or ""))
}


def module_of(path):
    return ".".join(path.relative_to(SOURCE).with_suffix("").parts)


def made_in(tree):
    """Name the journey's types that a module makes: by `run(Type, ...)` or by calling the type itself."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func).split(".")[-1]
        first = ast.unparse(node.args[0]) if node.args else ""
        if called == "run" and first in MAKERS:
            yield first
        if called in MAKERS:
            yield called


def test_every_type_of_the_journey_names_its_maker():
    types = {n for n, k in vars(journey).items() if isinstance(k, type) and k.__module__ == journey.__name__}
    assert types - {"Stage"} == set(MAKERS)
    assert len(MAKERS) >= 11


def test_each_type_of_the_journey_is_made_in_its_maker_only():
    made = {
        (name, module_of(path))
        for path, tree in TREES.items()
        if module_of(path) != "stages.run"
        for name in made_in(tree)
    }
    # A maker is a module, or a package that the module belongs to (`governance.access` is a module).
    wrong = {(name, module) for name, module in made if module != MAKERS[name]}
    assert wrong == set()
    # `quality.gate.set_aside` makes two types through a parameter; its callers are looked at below.
    assert set(MAKERS) - {name for name, _ in made} == {"PassedTables", "CheckedTables"}


def test_passed_and_checked_tables_come_from_set_aside_only():
    callers = {
        (ast.unparse(node.args[0]), module_of(path))
        for path, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "set_aside" and node.args
    }
    assert callers == {("PassedTables", "actors.provider"), ("CheckedTables", "actors.committee")}


def test_a_second_maker_would_be_found():
    tree = ast.parse("def cheat(folder, record):\n    return ResearchTables(folder, record)\n")
    assert list(made_in(tree)) == ["ResearchTables"]
    tree = ast.parse("found = run(Release, zone, 'release', key, (), work, journal)")
    assert list(made_in(tree)) == ["Release"]


def tracked():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in listed.stdout.split("\0"):
        path = ROOT / name
        if name and path.is_file() and path != Path(__file__):
            yield name, path


def texts():
    for name, path in tracked():
        try:
            yield name, path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def test_nothing_is_left_for_later():
    found = [
        f"{short(path)}:{number}"
        for path in FILES
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if UNFINISHED.search(line)
    ]
    assert found == []


def test_no_tracked_file_names_a_registry_or_a_folder_of_one_machine():
    found = [
        f"{name}:{number}"
        for name, text in texts()
        for number, line in enumerate(text.splitlines(), start=1)
        if FOREIGN.search(line)
    ]
    assert found == []


@pytest.mark.parametrize(
    "line", ["see /work/shared/x.md", "x = '/root/data'", "https://pypi.org/simple", "/home/anna/demo"]
)
def test_a_folder_of_one_machine_or_a_registry_would_be_found(line):
    assert FOREIGN.search(line)


@pytest.mark.parametrize("line", ["NETWORK/work/x", "zone.root / 'work'", "homework/done", "{root}/work/x"])
def test_a_folder_of_the_network_is_no_folder_of_one_machine(line):
    assert not FOREIGN.search(line)


def test_a_function_of_46_lines_would_be_found():
    body = "\n".join(f"    x{i} = {i}" for i in range(45))
    (long,) = functions(ast.parse(f'def f() -> None:\n    """Do."""\n{body}\n'))
    assert code_lines(long) == 46
    (bare,) = functions(ast.parse("def f(a, b: int, *c): ..."))
    assert unannotated(bare) == ["a", "c", "return"]
