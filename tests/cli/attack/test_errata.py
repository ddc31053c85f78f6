"""The old laboratory of which ten results come over wrongly: ten different errors, each as its name says."""

from pathlib import Path

from aliquot.cli.attack import errata
from aliquot.cli.demo.move import answers
from aliquot.legacy.reading import Reading
from aliquot.legacy.source import Cell

_MANY = 400
_LOAD_ITSELF = {"validated though it was not", "another test"}


def test_of_ten_results_eight_come_as_others_or_not_at_all_and_all_others_as_they_were(tmp_path: Path) -> None:
    said = _cells(errata.said(tmp_path / "said", _MANY))
    came = _cells(errata.came(tmp_path / "came", _MANY))
    wrong = dict(zip(errata.ERRORS, errata.places(_MANY), strict=True))
    assert len(wrong) == len(set(wrong.values())) == 10
    never = came.copy()
    never.insert(wrong["never came"] - 1, ())
    differ = {at for at, (one, other) in enumerate(zip(said, never, strict=True), start=1) if one != other}
    assert differ == {at for name, at in wrong.items() if name not in _LOAD_ITSELF}
    assert len(set(came) - set(said)) == errata.STRAYED


def test_the_mistaken_map_is_right_about_all_results_but_two(tmp_path: Path) -> None:
    drawn = answers.drawn("00", "11", "nord")
    mistaken = errata.mistaken(drawn)
    status, code = (errata.SCOPE.tables[1].columns.index(name) for name in ("STATUT", "CODEXAM"))
    misread = {
        at
        for at, row in enumerate(_cells(errata.said(tmp_path / "said", _MANY)), start=1)
        if mistaken.statuses[row[status] or ""] != drawn.statuses[row[status] or ""]
        or [rule.test for rule in mistaken.tests if rule.code == row[code]]
        != [rule.test for rule in drawn.tests if rule.code == row[code]]
    }
    wrong = dict(zip(errata.ERRORS, errata.places(_MANY), strict=True))
    assert misread == {wrong[name] for name in _LOAD_ITSELF}


def _cells(reading: Reading) -> list[tuple[Cell, ...]]:
    with reading as opened:
        return [row for chunk in opened.rows(answers.RESULTS) for row in chunk.rows]
