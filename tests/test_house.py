"""The house itself: sizes, names, broad catches, empty doors of rooms, locks, columns against trust.md."""

import ast
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps

from aliquot.access import acts
from aliquot.custody import schema
from aliquot.custody.portions import PORTIONS

ROOT = Path(__file__).parents[1]
MODULE_LINES = 500
FUNCTION_LINES = 60
PARAMETERS = 5
DRAWERS = re.compile(r"(^|_)(utils?|helpers?|common|misc|core|manager|service_layer|factory|handler|engine|base)$")
BROAD = {"Exception", "BaseException"}
# The outermost loop of a door may catch everything: there it answers "broken", quarantines or re-raises.
OUTERMOST = {
    "aliquot/custody/store.py",
    "aliquot/custody/custodian.py",
    "aliquot/cli/main.py",
    "aliquot/intake/listener.py",
    "aliquot/intake/worker.py",
}


def modules(under: str = "aliquot") -> Iterator[Path]:
    """Every module of ours, without what Django writes."""
    return (path for path in sorted((ROOT / under).rglob("*.py")) if "migrations" not in path.parts)


def name_of(path: Path) -> str:
    """A module's path from the root of the project."""
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", [*modules(), *modules("tests")], ids=name_of)
def test_a_module_holds_one_idea(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MODULE_LINES


@pytest.mark.parametrize("path", list(modules()), ids=name_of)
def test_a_function_does_one_nameable_thing(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            assert lines <= FUNCTION_LINES, node.name
            given = [argument.arg for argument in node.args.posonlyargs + node.args.args]
            counted = len([one for one in given if one not in {"self", "cls"}]) + 0
            assert counted <= PARAMETERS, f"{node.name} takes {counted} parameters by position"


@pytest.mark.parametrize("path", list(modules()), ids=name_of)
def test_nothing_is_caught_broadly_but_in_an_outermost_loop(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ExceptHandler):
            broad = node.type is None or (isinstance(node.type, ast.Name) and node.type.id in BROAD)
            assert not broad or name_of(path) in OUTERMOST, f"line {node.lineno}"


def test_no_module_is_a_drawer() -> None:
    assert [name_of(path) for path in modules() if DRAWERS.search(path.stem)] == []


def test_the_door_of_a_room_holds_its_docstring_and_nothing_else() -> None:
    for path in modules():
        if path.name == "__init__.py":
            body = ast.parse(path.read_text()).body
            assert len(body) == 1, name_of(path)
            assert isinstance(body[0], ast.Expr), name_of(path)


@pytest.mark.parametrize("path", list(modules()), ids=name_of)
def test_what_is_public_says_what_it_means(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree), "the module"
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), node.name


def test_nothing_is_left_for_later() -> None:
    marks = re.compile(r"\b(TODO|FIXME|XXX)\b")
    for path in modules():
        with path.open("rb") as file:
            comments = [token.string for token in tokenize.tokenize(file.readline) if token.type == tokenize.COMMENT]
        assert not [comment for comment in comments if marks.search(comment)], name_of(path)


def test_locks_name_no_host() -> None:
    for lock in (ROOT / "requirements").glob("*.lock"):
        assert "://" not in lock.read_text(), lock.name


def test_each_act_has_one_portion_and_one_class() -> None:
    assert {act.__name__ for act in acts.ACTS} == set(PORTIONS)


def columns() -> list[str]:
    """Every column that is stored, as `table.column`: the record database's and custody's own."""
    record = [
        f"{model._meta.db_table}.{field.column}"
        for model in apps.get_app_config("record").get_models()
        for field in model._meta.local_fields
    ]
    return record + custody_columns()


def custody_columns() -> list[str]:
    """The columns of custody's own tables, read from a database made by its migrations."""
    import sqlite3

    db = sqlite3.connect(":memory:")
    for script in schema.MIGRATIONS:
        db.executescript(script)
    tables = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    found = [f"custody.{table}.{row[1]}" for table in tables for row in db.execute(f"PRAGMA table_info({table})")]
    db.close()
    return found


@pytest.mark.parametrize("column", columns())
def test_every_column_is_accounted_for_in_trust(column: str) -> None:
    assert f"`{column}`" in (ROOT / "docs" / "trust.md").read_text()
