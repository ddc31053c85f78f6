"""What every test finds: a small laboratory on either engine, with its own custodian, thrown away afterwards."""

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import django
import pytest

from aliquot.cli import layout
from tests.plan import PLAN

_FOLDER = Path(tempfile.mkdtemp(prefix="aliquot-tests-"))
atexit.register(shutil.rmtree, _FOLDER, ignore_errors=True)
_TEMPLATE = _FOLDER / "template"
layout.lay(_TEMPLATE, PLAN)
os.environ["ALIQUOT_HOME"] = str(_TEMPLATE)
os.environ["DJANGO_SETTINGS_MODULE"] = "aliquot.web.settings"
django.setup()

from tests import world  # noqa: E402  # its imports need Django to know its settings


@pytest.fixture(scope="session")
def templates() -> Iterator[world.Templates]:
    """The installation that every test copies, once for each engine and process."""
    with world.templates(_TEMPLATE) as made:
        yield made


@pytest.fixture(params=["sqlite", "postgresql"])
def lab(request: pytest.FixtureRequest, templates: world.Templates, tmp_path: Path) -> Iterator[world.World]:
    """A laboratory at work, on each engine."""
    with world.opened(templates, request.param, tmp_path) as opened:
        yield opened


@pytest.fixture
def small_lab(templates: world.Templates, tmp_path: Path) -> Iterator[world.World]:
    """A laboratory at work on the embedded engine, for what does not touch the record database's own ways."""
    with world.opened(templates, "sqlite", tmp_path) as opened:
        yield opened
