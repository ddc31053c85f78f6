"""A laboratory founded an hour ago, copied for each test; its custodian serves here and the words run beside it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from aliquot.terms import identifiers
from tests.cli.legacy import laboratory
from tests.cli.legacy.laboratory import CANARY, Laboratory
from tests.legacy.move import Old
from tests.legacy.old import person, result
from tests.world import Templates

NIR = identifiers.nir("2511135238001" + identifiers.nir_key("2511135238001"))
Ground = tuple[Path, dict[str, bytes]]


@pytest.fixture(scope="session")
def ground(tmp_path_factory: pytest.TempPathFactory, templates: Templates) -> Ground:
    """What every laboratory here is a copy of."""
    home = tmp_path_factory.mktemp("ground") / "home"
    return home, laboratory.ground(home)


@pytest.fixture
def source(tmp_path: Path) -> Old:
    """Three people and five results; everything that could leak is a canary."""
    folder = tmp_path / "old"
    folder.mkdir()
    secret = {"PRE": f"{CANARY}PRE", "ADR1": f"{CANARY}ADR", "VILLE": f"{CANARY}VILLE", "COM": f"{CANARY}COM"}
    return Old(
        folder,
        [
            person("7700171", NOM=f"{CANARY}NOM", NIR=NIR, **secret),
            person("7700181", NOM=f"{CANARY}AUTRE", NAI="01/02/1980", SEXE="M", **secret),
            person("7700191", NOM=f"{CANARY}SANS", NAI=f"{CANARY}NAI", **secret),
        ],
        [
            result("7700171", "8800900", VAL="141,7"),
            result("7700171", "8800900", COD="GLY", UNI="g/l", VAL="0,957", COM=f"{CANARY}RES"),
            result("7700171", "8800900", COD="TSH", VAL=f"{CANARY}VAL"),
            result("7700181", "8800901", ST="", LIB=f"{CANARY}LIB"),
            result("7700191", "8800902", COM=f"{CANARY}SEUL"),
        ],
    )


@pytest.fixture
def lab(ground: Ground, templates: Templates, source: Old, tmp_path: Path) -> Iterator[Laboratory]:
    """A laboratory whose mandate is signed, on the embedded engine."""
    with laboratory.opened(ground, templates, "sqlite", tmp_path) as world:
        yield laboratory.moved(world, source)
