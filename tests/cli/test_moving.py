"""Records move from SQLite to PostgreSQL with every byte as it was, or not at all."""

import uuid
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import connections

from aliquot.access import statecheck
from aliquot.cli import founding, moving, scratch
from aliquot.record.models import Act, Version
from aliquot.terms.errors import Refused
from tests.access.test_statecheck import found, registered
from tests.cli import terminal
from tests.world import Templates, World


def rows() -> dict[str, list[tuple[Any, ...]]]:  # Any: whatever a column holds
    """Every row of the record database, as Python sees it."""
    return {
        model.__name__: sorted(
            tuple(bytes(value) if isinstance(value, memoryview) else value for value in row)
            for row in model._default_manager.values_list()
        )
        for model in apps.get_app_config("record").get_models()
    }


def point_at_an_empty_one(templates: Templates) -> None:
    """Let Django know a PostgreSQL database with the tables and without a row."""
    name = f"moved_{uuid.uuid4().hex}"
    templates.server.run(f"CREATE DATABASE {name}")
    connections["default"].close()
    scratch.point(templates.server.record(name))
    founding.migrate()


def test_every_row_arrives_as_it_was_and_history_agrees(small_lab: World, templates: Templates) -> None:
    secretary = small_lab.sign_in("secretary@nord")
    for _ in range(3):
        registered(small_lab, secretary)
    before, file = rows(), Path(connections["default"].settings_dict["NAME"])
    assert len(before["Version"]) >= 3
    point_at_an_empty_one(templates)
    assert not Version.objects.exists()
    assert moving.copy(file) == sum(map(len, before.values()))
    assert connections["default"].vendor == "postgresql"
    assert rows() == before
    assert found(small_lab) == []
    # The next row gets a number of its own.
    registered(small_lab, secretary)
    assert len(rows()["Version"]) > len(before["Version"])
    assert statecheck.highest(small_lab.work().org) is not None


def test_nothing_is_copied_over_rows_that_are_there(small_lab: World, templates: Templates) -> None:
    secretary = small_lab.sign_in("secretary@nord")
    registered(small_lab, secretary)
    file = Path(connections["default"].settings_dict["NAME"])
    point_at_an_empty_one(templates)
    moving.copy(file)
    before = rows()
    with pytest.raises(Refused, match="has rows already"):
        moving.copy(file)
    assert rows() == before
    assert Act.objects.exists()


def test_the_file_to_copy_from_has_to_be_there(small_lab: World, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no record database"):
        moving.copy(tmp_path / "record.sqlite3")
    assert small_lab.engine == "sqlite"


def test_copying_is_part_of_an_upgrade_only(tmp_path: Path) -> None:
    said = terminal.run("init", str(tmp_path / "lab"), "--copy-from", "old.sqlite3")
    assert said.status == 1
    assert "--upgrade" in said.err


def test_the_command_copies_into_what_the_file_names(installation: Path, tmp_path: Path) -> None:
    old = tmp_path / "old.sqlite3"
    (installation / "record" / "record.sqlite3").rename(old)
    said = terminal.run("init", str(installation), "--upgrade", "--copy-from", str(old))
    assert said.status == 0, said.err
    assert "0 rows were copied" in said.out
