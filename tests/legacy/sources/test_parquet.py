"""Parquet files."""

import sys
import tracemalloc
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow
import pytest
from pyarrow import parquet

from aliquot.legacy.description import Description
from aliquot.legacy.sources import opening
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


def of(folder: Path, columns: dict[str, object], **written: object) -> Description:
    parquet.write_table(pyarrow.table(columns), folder / "p.parquet", **written)
    return old.described(folder, 'kind = "parquet"\n[tables]\npeople = "*.parquet"\n')


def peak(source: Description, column: str) -> tuple[int, list[int]]:
    """The most memory that reading took, of Python and of the library, and how many cells had which length."""
    before = pyarrow.default_memory_pool()
    pool = pyarrow.proxy_memory_pool(before)
    pyarrow.set_memory_pool(pool)
    opened = opening.opened(source)
    tracemalloc.start()
    try:
        lengths = [len(row[0] or "") for chunk in opened.rows("people", [column]) for row in chunk.rows]
        return max(pool.max_memory(), tracemalloc.get_traced_memory()[1]), lengths
    finally:
        tracemalloc.stop()
        pyarrow.set_memory_pool(before)


@pytest.mark.parametrize(
    "written",
    [
        {},
        {"use_dictionary": False, "column_encoding": {"text": "DELTA_BYTE_ARRAY"}},
        {"use_dictionary": False, "compression": "snappy"},
    ],
)
def test_a_long_text_that_many_rows_have_does_not_fill_the_memory(tmp_path: Path, written: dict[str, object]) -> None:
    source = of(tmp_path, {"text": ["x" * (1 << 20)] * 200}, **written)
    assert (tmp_path / "p.parquet").stat().st_size < 16 << 20
    most, lengths = peak(source, "text")
    assert lengths == [1 << 20] * 200
    assert most < 130 << 20


def test_a_list_of_long_texts_does_not_fill_the_memory(tmp_path: Path) -> None:
    source = of(tmp_path, {"texts": [["x" * (1 << 20)] * 4] * 50})
    most, lengths = peak(source, "texts")
    assert len(lengths) == 50
    assert most < 130 << 20


def test_rows_keep_their_places_where_few_are_read_at_once(tmp_path: Path) -> None:
    source = of(tmp_path, {"text": ["x" * (10 << 20)] * 7, "id": list(range(7))}, row_group_size=4)
    assert old.read(source, "people", ["id"], after=4) == {5: ("4",), 6: ("5",), 7: ("6",)}
    found = old.read(source, "people", ["id", "text"], after=2)
    assert [(number, row[0]) for number, row in found.items()] == [(3, "2"), (4, "3"), (5, "4"), (6, "5"), (7, "6")]


def test_a_row_that_no_table_has_and_a_column_packed_too_tightly_are_refused(tmp_path: Path) -> None:
    source = of(tmp_path, {"text": ["x" * (33 << 20)]}, use_dictionary=False)
    with pytest.raises(Refused, match=r"p\.parquet: a row of more than 32 MB"):
        old.read(source, "people", ["text"])
    source = of(tmp_path, {"numbers": [[0] * 9_000_000]})
    with pytest.raises(Refused, match=r"p\.parquet: a column is packed too tightly"):
        old.read(source, "people", ["numbers"])
