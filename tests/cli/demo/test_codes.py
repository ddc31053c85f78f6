"""The demonstration's one-time codes: good ones, each given out once, from a file that is its owner's."""

import stat
import time
from pathlib import Path

import pytest

from aliquot.cli.demo import codes
from aliquot.custody import factors
from aliquot.terms.errors import Refused

SECRETS = {"claire@estuaire": b"c" * 20, "lucie@collines": b"l" * 20, "claire@collines": b"d" * 20}


def test_codes_are_those_that_custody_takes_and_none_is_given_twice(tmp_path: Path) -> None:
    codes.keep(tmp_path, SECRETS)
    used = 0
    for _ in range(2):
        given = codes.draw(tmp_path, "lucie")
        now = int(time.time()) // factors.STEP_SECONDS
        step = factors.step_of(SECRETS["lucie@collines"], given, now, used)
        assert step is not None
        used = step


def test_only_one_person_can_be_meant(tmp_path: Path) -> None:
    codes.keep(tmp_path, SECRETS)
    for name in ("claire", "nobody", "cl"):
        with pytest.raises(Refused):
            codes.draw(tmp_path, name)
    assert codes.draw(tmp_path, "claire@estuaire")


def test_the_secrets_are_their_owners(tmp_path: Path) -> None:
    codes.keep(tmp_path, SECRETS)
    codes.draw(tmp_path, "lucie")
    assert stat.S_IMODE((tmp_path / codes.FILE_NAME).stat().st_mode) == 0o600
