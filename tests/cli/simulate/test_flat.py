"""The flat files, read by somebody who knows only that lines end with CR LF and columns with semicolons."""

import re
from datetime import datetime
from pathlib import Path

import pytest

from aliquot.cli.simulate import flat, writing
from aliquot.cli.simulate.rates import Mess
from tests.cli.simulate import laboratory

Row = tuple[int, list[str], bool, str]
"""On which line it begins, its columns, whether it is in UTF-8, and the whole line."""


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A laboratory in two files."""
    return laboratory.made("flat", tmp_path_factory.mktemp("flat"))


def read(path: Path) -> tuple[list[str], list[Row]]:
    """The names of the columns and the rows."""
    rows: list[Row] = []
    line = 2
    head, *lines, rest = path.read_bytes().split(b"\r\n")
    assert rest == b""
    for raw in lines:
        text, utf8 = decoded(raw)
        rows.append((line, text.split(";"), utf8, text))
        line += 1 + raw.count(b"\n")
    return head.decode("ascii").split(";"), rows


def decoded(raw: bytes) -> tuple[str, bool]:
    """A line's characters, and whether it is in UTF-8 and could not be in anything else."""
    if raw.isascii():
        return raw.decode("ascii"), False
    try:
        return raw.decode("utf-8"), True
    except UnicodeDecodeError:
        return raw.decode("cp1252"), False


def found(lines: list[Row], columns: int) -> dict[str, int]:
    """The mess of lines that shows without any meaning."""
    return {
        Mess.OTHER_CHARSET: sum(utf8 for _, _, utf8, _ in lines),
        Mess.MISSING_SEPARATORS: sum(len(cells) < columns for _, cells, _, _ in lines),
        Mess.LINE_BREAK: sum("\n" in text for _, _, _, text in lines),
    }


def test_patients_have_sixty_columns_and_results_seventeen(out: Path) -> None:
    assert len(read(out / "PATIENTS.TXT")[0]) == 60
    assert ";".join(read(out / "RESULTATS.TXT")[0]) == (
        "NUMPAT;NUMDOS;DATPREL;HEUPREL;SITE;PRESCRIPTEUR;CODEXAM;LIBEXAM;VALEUR;UNITE;NORMINF;NORMSUP;FLAG;STATUT;"
        "VALIDEUR;DATVAL;COMRES"
    )


@pytest.mark.parametrize("name", ["PATIENTS.TXT", "RESULTATS.TXT"])
def test_rows_and_broken_lines_are_as_many_as_the_truth_says(out: Path, name: str) -> None:
    columns, lines = read(out / name)
    told = laboratory.counts(out)[name]
    assert len(lines) == told.rows
    assert found(lines, len(columns)) == {kind: told.mess[kind] for kind in found(lines, len(columns))}


def test_the_file_of_patients_has_as_many_rows_as_were_asked_for(out: Path) -> None:
    assert len(read(out / "PATIENTS.TXT")[1]) == laboratory.LIFE.patients


def test_each_row_of_patients_is_as_its_truth_says(out: Path) -> None:
    columns, lines = read(out / "PATIENTS.TXT")
    by_place = {line: cells for line, cells, _, _ in lines}
    told = [row for row in laboratory.patients(out) if row.kept]
    assert sorted(by_place) == [row.place for row in sorted(told, key=lambda row: int(row.place))]
    for row in told:
        assert isinstance(row.place, int)
        cells = by_place[row.place]
        if len(cells) == len(columns):
            assert {kind for kind in row.mess if kind in SHOWN} == shown(dict(zip(columns, cells, strict=True)))
        assert cells[0] == row.number


SHOWN = {
    Mess.PASSWORD,
    Mess.DECEASED,
    Mess.DELETED,
    Mess.MERGED,
    Mess.TWO_DIGIT_YEAR,
    Mess.IMPOSSIBLE_DATE,
    Mess.NO_SURNAME,
    Mess.NO_NATIONAL_NUMBER,
    Mess.INSURED_NUMBER,
    Mess.WRONG_KEY,
    Mess.SECOND_SITE,
    Mess.COMMENT,
    Mess.QUOTE,
}


def shown(row: dict[str, str]) -> set[str]:
    """What somebody sees who looks at one row of patients."""
    seen = {
        Mess.PASSWORD: row["MDP"],
        Mess.DECEASED: row["DECEDE"] == "O",
        Mess.DELETED: row["STATUT"] == "D",
        Mess.MERGED: row["STATUT"] == "F" and row["NUMFUS"],
        Mess.TWO_DIGIT_YEAR: re.fullmatch(r"../../..", row["DATNAI"]),
        Mess.IMPOSSIBLE_DATE: not a_day(row["DATNAI"]),
        Mess.NO_SURNAME: not row["NOM"],
        Mess.NO_NATIONAL_NUMBER: not row["NIR"],
        Mess.INSURED_NUMBER: row["NIR"] and row["NIR"] == row["NIRASS"][:13],
        Mess.WRONG_KEY: row["NIR"] and 97 - int(row["NIR"]) % 97 != int(row["CLENIR"]),
        Mess.SECOND_SITE: row["SITE"] == "02",
        Mess.COMMENT: row["COMMENT1"] or row["COMMENT2"],
        Mess.QUOTE: '"' in row["COMMENT1"],
    }
    return {kind for kind, is_so in seen.items() if is_so}


def a_day(text: str) -> bool:
    """Whether a calendar has it."""
    shape = "%d/%m/%Y" if len(text) == 10 else "%d/%m/%y"
    try:
        datetime.strptime(text, shape)  # noqa: DTZ007  # a day, not an instant
    except ValueError:
        return False
    return True


def test_each_row_of_results_is_as_its_truth_says(out: Path) -> None:
    columns, lines = read(out / "RESULTATS.TXT")
    told = laboratory.results(out)
    assert len(lines) == len(told)
    for (line, cells, _, _), row in zip(lines, told, strict=True):
        assert (row.place, row.number, row.dossier, row.code) == (line, cells[0], cells[1], cells[6])
        if len(cells) < len(columns):
            continue
        seen = dict(zip(columns, cells, strict=False))
        assert (Mess.DECIMAL_COMMA in row.mess) == bool(re.search(r"\d,\d", seen["VALEUR"]))
        assert (Mess.DELETED in row.mess) == (seen["STATUT"] == "D") == (row.status == "entered-in-error")
        assert (Mess.IMPOSSIBLE_DATE in row.mess) == (not a_day(seen["DATPREL"]))
        assert (Mess.OUTSIDE_DATE in row.mess) == (seen["DATPREL"][-4:] in ("1900", "2099", "2041"))
        assert (Mess.SECOND_SITE in row.mess) == (seen["SITE"] == "02")


def test_a_result_whose_patient_is_gone_is_an_orphan(out: Path) -> None:
    patients = {cells[0] for _, cells, _, _ in read(out / "PATIENTS.TXT")[1]}
    orphans = [cells for _, cells, _, _ in read(out / "RESULTATS.TXT")[1] if cells[0] not in patients]
    assert len(orphans) == laboratory.counts(out)["RESULTATS.TXT"].mess[Mess.ORPHAN] > 0


def test_every_kind_of_mess_of_the_flat_files_occurs(out: Path) -> None:
    told = laboratory.counts(out)
    assert set(told["PATIENTS.TXT"].mess) | set(told["RESULTATS.TXT"].mess) == set(Mess)


def test_the_lines_of_the_truth_and_its_counts_agree(out: Path) -> None:
    told = laboratory.counts(out)
    assert told["RESULTATS.TXT"].mess == laboratory.tally(laboratory.results(out))
    kept = [row for row in laboratory.patients(out) if row.kept]
    assert told["PATIENTS.TXT"].mess == laboratory.tally(kept)


def test_the_fixed_layout_puts_each_column_where_its_description_says(tmp_path: Path, out: Path) -> None:
    writing.write("flat", tmp_path / "fixed", laboratory.LIFE, layout="fixed", truth="none")
    places = [line.split(";") for line in (tmp_path / "fixed" / "FORMAT.TXT").read_text("ascii").splitlines()[1:]]
    widths = {name: (int(begin) - 1, int(width)) for file, name, begin, width in places if file == "RESULTATS.TXT"}
    columns, separated = read(out / "RESULTATS.TXT")
    raw = (tmp_path / "fixed" / "RESULTATS.TXT").read_bytes().split(b"\r\n")[:-1]
    assert len(raw) == len(separated)
    whole = 0
    for line, (_, cells, _, _) in zip(raw, separated, strict=True):
        text = decoded(line)[0]
        if len(cells) != len(columns):
            continue
        whole += 1
        for name, cell in zip(columns, cells, strict=True):
            begin, width = widths[name]
            assert text[begin : begin + width].rstrip() == cell[:width].rstrip()
    assert whole > len(raw) * 0.9
    assert list(widths) == list(flat.RESULT_COLUMNS)
