"""Parquet files."""

import sys
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow
import pytest
from pyarrow import parquet

from aliquot.legacy.description import Description
from aliquot.terms.errors import Refused
from tests.legacy.sources import old


def table(folder: Path) -> Description:
    columns = {
        "id": [1, 2],
        "on": [date(2019, 4, 3), None],
        "at": [datetime(2019, 4, 3, 8, 12), None],  # noqa: DTZ001 - the column knows no zone
        "value": [Decimal("5.10"), Decimal("140.00")],
        "names": [["Anne", "Marie"], []],
        "dead": [True, False],
    }
    parquet.write_table(pyarrow.table(columns), folder / "p.parquet", row_group_size=1)
    return old.described(folder, 'kind = "parquet"\n[tables]\npeople = "*.parquet"\n')


def test_values_come_as_text_with_their_digits(tmp_path: Path) -> None:
    source = table(tmp_path)
    assert old.columns(source) == {"people": ("id", "on", "at", "value", "names", "dead")}
    assert old.read(source, "people", ["value", "at", "on", "names", "dead"]) == {
        1: ("5.10", "2019-04-03 08:12:00", "2019-04-03", '["Anne","Marie"]', "true"),
        2: ("140.00", None, None, "[]", "false"),
    }


def test_what_is_no_parquet_is_refused_by_name(tmp_path: Path) -> None:
    source = table(tmp_path)
    (tmp_path / "p.parquet").write_bytes(b"PAR1 and nothing more PAR1")
    with pytest.raises(Refused, match=r"p\.parquet: this is not a Parquet file"):
        old.columns(source)


def test_without_its_library_the_refusal_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = table(tmp_path)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(Refused, match=r"pip install 'aliquot\[parquet\]'"):
        old.columns(source)
