"""Workbooks."""

import zipfile
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest

from aliquot.legacy.description import Description
from aliquot.terms.errors import Refused
from tests.legacy.sources import old


def book(folder: Path) -> Description:
    made = openpyxl.Workbook()
    sheet = made.active
    assert sheet is not None
    sheet.title = "patients"
    for row in (
        ["Liste des patients"],
        ["id", "nom", None, "né", "valeur"],
        [1, "René", "x", date(1970, 1, 2), 5.1],
        [],
        [2, "Zoë", None, datetime(2019, 4, 3, 8, 12), 140.0],  # noqa: DTZ001 - sheets know no zone
    ):
        sheet.append(row)
    made.create_sheet("vide")
    made.save(folder / "old.xlsx")
    return old.described(folder, 'kind = "xlsx"\npath = "old.xlsx"\nnames = 2\n')


def test_each_sheet_with_names_is_a_table_of_texts(tmp_path: Path) -> None:
    source = book(tmp_path)
    assert old.columns(source) == {"patients": ("id", "nom", "column 3", "né", "valeur")}
    assert old.read(source, "patients", ["valeur", "nom", "né", "column 3"]) == {
        1: ("5.1", "René", "1970-01-02", "x"),
        2: ("140", "Zoë", "2019-04-03 08:12:00", None),
    }
    assert list(old.read(source, "patients", ["id"], after=1)) == [2]


def test_a_workbook_that_would_burst_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    source = book(tmp_path)
    with zipfile.ZipFile(tmp_path / "old.xlsx", "a", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/bomb.xml", bytes(20 << 20))
    with pytest.raises(Refused, match=r"old\.xlsx: xl/bomb\.xml is packed too tightly"):
        old.columns(source)


def test_a_list_of_texts_that_does_not_fit_in_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = book(tmp_path)
    with zipfile.ZipFile(tmp_path / "old.xlsx") as packed:
        parts = {part.filename: packed.read(part) for part in packed.infolist()}
    kind = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    override = b'<Override PartName="/xl/words.xml" ContentType="%b"/></Types>' % kind
    parts["[Content_Types].xml"] = parts["[Content_Types].xml"].replace(b"</Types>", override)
    parts["xl/words.xml"] = b"<sst xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main'></sst>"
    with zipfile.ZipFile(tmp_path / "old.xlsx", "w") as packed:
        for name, content in parts.items():
            packed.writestr(name, content)
    assert "patients" in old.columns(source)
    monkeypatch.setattr("aliquot.legacy.sources.workbook.LARGEST_STRINGS", 10)
    with pytest.raises(Refused, match="do not fit in memory"):
        old.columns(source)
    monkeypatch.setattr("aliquot.legacy.sources.workbook.LARGEST", 10)
    with pytest.raises(Refused, match="would unpack to more"):
        old.columns(source)


@pytest.mark.parametrize("content", [b"", b"id;nom\n1;A\n", b"PK\x03\x04nothing"])
def test_what_is_no_workbook_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "old.xlsx").write_bytes(content)
    with pytest.raises(Refused, match=r"old\.xlsx: this is not a workbook"):
        old.columns(old.described(tmp_path, 'kind = "xlsx"\npath = "old.xlsx"\n'))


def test_a_packed_file_that_is_no_workbook_is_refused_by_name(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "old.xlsx", "w") as packed:
        packed.writestr("letter.txt", "dear colleague")
    with pytest.raises(Refused, match=r"old\.xlsx: this is not a workbook"):
        old.columns(old.described(tmp_path, 'kind = "xlsx"\npath = "old.xlsx"\n'))


def repacked(source: Description, **changed: tuple[bytes, bytes]) -> Description:
    """The same workbook, with something else in some parts (by the last word of their names)."""
    file = source.folder / "old.xlsx"
    with zipfile.ZipFile(file) as packed:
        parts = {part.filename: packed.read(part) for part in packed.infolist()}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in parts.items():
            before, after = changed.get(Path(name).stem.strip("[]"), (b"", b""))
            assert before in content
            packed.writestr(name, content.replace(before, after) if before else content)
    return source


def test_no_row_is_left_out_wherever_it_says_that_it_stands(tmp_path: Path) -> None:
    rows = b"".join(b'<row r="%d"><c r="A%d"><v>%d</v></c></row>' % (at, at, at) for at in (9, 4, 4, 2, 900_000_000))
    source = repacked(book(tmp_path), sheet1=(b"</sheetData>", rows + b"</sheetData>"))
    assert [id_ for (id_,) in old.read(source, "patients", ["id"]).values()] == ["1", "2", *"9442", "900000000"]


def test_a_row_without_an_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aliquot.legacy.sources.workbook.LONGEST_ROW", 1 << 18)
    wide = b'<row r="9"><c r="A9" t="inlineStr"><is><t>' + b"x" * (1 << 19)
    source = repacked(book(tmp_path), sheet1=(b"</sheetData>", wide + b"</t></is></c></row></sheetData>"))
    with pytest.raises(Refused, match="patients: the sheet is damaged"):
        old.read(source, "patients", ["id"])
    many = b"".join(b'<row r="%d"><c r="A%d"><v>1</v></c></row>' % (at, at) for at in range(6, 10_006))
    assert len(many) > 1 << 18
    source = repacked(book(tmp_path), sheet1=(b"</sheetData>", many + b"</sheetData>"))
    assert len(old.read(source, "patients", ["id"])) == 10_002


@pytest.mark.parametrize("part", ["words", "styles"])
def test_what_is_held_in_memory_whole_is_bounded_however_it_is_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    kind = b"'application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml'"
    also = b"<Override ContentType=%b\n PartName = '/xl/%b.xml'/></Types>" % (kind, part.encode())
    source = repacked(book(tmp_path), Content_Types=(b"</Types>", also))
    with zipfile.ZipFile(tmp_path / "old.xlsx", "a") as packed:
        if part == "words":
            packed.writestr("xl/words.xml", b"<sst/>")
    monkeypatch.setattr("aliquot.legacy.sources.workbook.LARGEST_STRINGS", 3)
    with pytest.raises(Refused, match="do not fit in memory"):
        old.columns(source)
