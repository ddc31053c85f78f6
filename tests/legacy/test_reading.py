"""Under a mandate, and not a cell more."""

import ast
import gc
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

import aliquot
from aliquot.legacy import profile, reading
from aliquot.legacy.description import Description
from aliquot.legacy.reading import Counts, Reading
from aliquot.terms.errors import Refused
from aliquot.terms.mandates import Follows, Scope, Table
from tests.legacy.sources import old

CSV = 'kind = "delimited"\nfolder = "."\n'
DOSSIERS = """number,patient,on,site,portal_password
D1,P1,05/04/2019,NORD,canary1
D2,P2,25/04/2021,NORD,canary2
D3,P3,03/04/2019,SUD,canary3
D4,P4,,NORD,canary4
D5,P5,06/04/2019,,canary5
D6,P6,31/31/2019,NORD,canary6
D7,P1,30/04/2019,NORD,canary7
D8
"""
RESULTS = "dossier,test,value\nD1,NA,140\nD2,NA,141\nD7,K,4.1\nD9,K,4.2\n,K,4.3\n"
PATIENTS = "id,name\nP1,DUPONT\nP2,MARTIN\n"


@pytest.fixture
def laboratory(tmp_path: Path) -> Description:
    """Three tables, one of which has passwords of the portal."""
    for name, content in (("dossiers", DOSSIERS), ("results", RESULTS), ("patients", PATIENTS)):
        (tmp_path / f"{name}.csv").write_text(content)
    return old.described(tmp_path, CSV)


def scope(*tables: Table, sites: tuple[str, ...] = ()) -> Scope:
    return Scope(tables, date(2019, 4, 1), date(2019, 4, 30), sites)


DOSSIER = Table("dossiers", ("number", "patient", "on", "site"), dated="on", sited="site")
PLAIN = Table("dossiers", ("number", "on"), dated="on")


def rows(opened: Reading, table: str, after: int = 0) -> Iterator[tuple[int, tuple[str | None, ...]]]:
    for chunk in opened.rows(table, after):
        yield from zip(chunk.numbers, chunk.rows, strict=True)


def test_only_mandated_columns_of_rows_in_scope_leave_the_reader(laboratory: Description) -> None:
    with Reading(scope(DOSSIER, sites=("NORD",)), laboratory) as opened:
        assert [header.columns for header in opened.tables()] == [("number", "patient", "on", "site")]
        assert list(rows(opened, "dossiers")) == [
            (1, ("D1", "P1", "05/04/2019", "NORD")),
            (7, ("D7", "P1", "30/04/2019", "NORD")),
        ]


def test_every_row_is_counted_once_with_the_reason_why_it_stayed(laboratory: Description) -> None:
    with Reading(scope(DOSSIER, sites=("NORD",)), laboratory) as opened:
        list(opened.rows("dossiers"))
        counts = opened.counts("dossiers")
    assert counts == Counts(
        read=8, in_scope=2, outside={"date": 1, "site": 1, "unclear date": 2, "unclear site": 1}, spoiled=1
    )
    assert counts.read == counts.in_scope + sum(counts.outside.values()) + counts.spoiled


def test_the_first_and_the_last_day_of_a_mandate_are_in_it(laboratory: Description) -> None:
    with Reading(Scope((PLAIN,), date(2019, 4, 5), date(2019, 4, 6)), laboratory) as opened:
        assert [row[0] for _, row in rows(opened, "dossiers")] == ["D1", "D5"]


def test_rows_that_follow_a_table_come_only_with_its_rows_in_scope(laboratory: Description) -> None:
    follows = Table("results", ("dossier", "test", "value"), follows=Follows("dossier", "dossiers", "number"))
    with Reading(scope(PLAIN, follows), laboratory) as opened:
        assert [row for _, row in rows(opened, "results")] == [("D1", "NA", "140"), ("D7", "K", "4.1")]
        assert opened.counts("results").outside == {"follows": 3}


def test_following_goes_on_through_tables_and_a_circle_is_refused(laboratory: Description) -> None:
    dossier = Table("dossiers", ("number", "patient", "on"), dated="on")
    patient = Table("patients", ("id", "name"), follows=Follows("id", "dossiers", "patient"))
    with Reading(scope(dossier, patient), laboratory) as opened:
        assert [row for _, row in rows(opened, "patients")] == [("P1", "DUPONT")]
    round_ = Table("dossiers", ("patient",), follows=Follows("patient", "patients", "id"))
    with Reading(scope(round_, patient), laboratory) as opened, pytest.raises(Refused, match="in a circle"):
        list(opened.rows("patients"))


def test_reading_goes_on_after_a_place(laboratory: Description) -> None:
    with Reading(scope(PLAIN), laboratory) as opened:
        assert [number for number, _ in rows(opened, "dossiers", after=3)] == [5, 7]


def test_what_proves_who_somebody_is_is_refused_whatever_was_signed(laboratory: Description) -> None:
    with pytest.raises(Refused, match="portal_password"):
        Reading(scope(Table("dossiers", ("number", "portal_password"))), laboratory)


def test_the_reader_itself_refuses_it_too(laboratory: Description, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aliquot.terms.mandates.check", lambda scope: None)
    with pytest.raises(Refused, match=r"portal_password.*never read"):
        Reading(scope(Table("dossiers", ("number", "portal_password"))), laboratory)


def test_a_table_that_is_not_mandated_is_refused(laboratory: Description) -> None:
    with Reading(scope(PLAIN), laboratory) as opened, pytest.raises(Refused, match="results is not in it"):
        list(opened.rows("results"))


def test_days_and_months_that_nothing_tells_apart_have_to_be_declared(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("on\n03/04/2019\n04/05/2019\n")
    named = scope(Table("d", ("on",), dated="on"))
    with Reading(named, old.described(tmp_path, CSV)) as opened, pytest.raises(Refused, match=r"\[dates\]"):
        list(opened.rows("d"))
    declared = old.described(tmp_path, f'{CSV}[dates]\n"d.on" = ["dd/mm/yyyy"]\n')
    with Reading(named, declared) as opened:
        assert [row for _, row in rows(opened, "d")] == [("03/04/2019",)]


def test_columns_are_listed_without_any_value(laboratory: Description) -> None:
    found = reading.columns(laboratory)
    assert {header.table: header.columns for header in found}["results"] == ("dossier", "test", "value")
    assert not any(value in repr(found) for value in ("D1", "DUPONT", "canary", "140"))


def test_progress_tells_rows_and_bytes(laboratory: Description) -> None:
    told: list[tuple[str, int, int, int]] = []
    with Reading(scope(PLAIN), laboratory, progress=lambda *said: told.append(said)) as opened:
        list(opened.rows("dossiers"))
    assert told == [("dossiers", 8, len(DOSSIERS), len(DOSSIERS))]


def test_nobody_else_opens_a_source() -> None:
    program = Path(aliquot.__file__).parent
    found = {
        path.relative_to(program).as_posix()
        for path in program.rglob("*.py")
        if any("legacy.sources" in name for name in _imports(ast.parse(path.read_text())))
    }
    outside = {name for name in found if not name.startswith("legacy/sources/")}
    assert outside == {"legacy/reading.py", "legacy/arriving.py"}


def _imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


@pytest.mark.parametrize(("order", "times"), [(("dossiers", "results"), 1), (("results", "dossiers"), 2)])
def test_a_table_that_another_follows_is_read_once_if_it_is_read_first(
    laboratory: Description, order: tuple[str, str], times: int
) -> None:
    follows = Table("results", ("dossier", "test", "value"), follows=Follows("dossier", "dossiers", "number"))
    told: list[str] = []
    with Reading(scope(PLAIN, follows), laboratory, progress=lambda table, *_: told.append(table)) as opened:
        found = {table: [row for _, row in rows(opened, table)] for table in order}
    assert [row[0] for row in found["results"]] == ["D1", "D7"]
    assert told.count("dossiers") == times
    assert told.count("results") == 1


def test_a_profile_reads_a_table_that_others_follow_once(laboratory: Description) -> None:
    follows = Table("results", ("dossier", "test", "value"), follows=Follows("dossier", "dossiers", "number"))
    told: list[str] = []
    wanted = scope(follows, PLAIN)
    with Reading(wanted, laboratory, progress=lambda table, *_: told.append(table)) as opened:
        found = profile.take(opened, wanted, bytes(32))
    assert sorted(told) == ["dossiers", "results"]
    assert [table.name for table in found.tables] == ["results", "dossiers"]


def test_rows_by_the_thousand_are_not_searched_for_circles(tmp_path: Path) -> None:
    (tmp_path / "P.csv").write_text("\n".join(["NUM,NOM", *(f"{number},MARTIN" for number in range(20_000))]))
    source = old.described(tmp_path, CSV)
    usual, searched = gc.get_threshold(), 0

    def count(phase: str, told: dict[str, int]) -> None:
        nonlocal searched
        searched += phase == "start" and told["generation"] == 0

    scope = Scope((Table("P", ("NUM", "NOM")),), date(2001, 1, 1), date(2020, 12, 31))
    gc.callbacks.append(count)
    try:
        with Reading(scope, source) as opened:
            held = [chunk.rows for chunk in opened.rows("P")]
    finally:
        gc.callbacks.remove(count)
    assert sum(map(len, held)) == 20_000
    assert searched <= 2
    assert gc.get_threshold() == usual
