"""The draft of a map proposes what speaks for itself, says how sure it is, and leaves the rest to a person."""

from datetime import date
from pathlib import Path

import msgspec
import pytest

from aliquot.cli.simulate import key, writing
from aliquot.cli.simulate.life import Life
from aliquot.legacy import description, drawing, likeness, links, mapfile, profile, rehearsal
from aliquot.legacy import map as maps
from aliquot.legacy.description import Description
from aliquot.legacy.drawing import Draft, Place
from aliquot.legacy.fates import Bin
from aliquot.legacy.meanings import Meaning
from aliquot.legacy.reading import Reading
from aliquot.terms.identity import Sex
from aliquot.terms.mandates import Scope, Table
from tests.legacy.moves import written
from tests.legacy.old import CATALOGUE, TODAY

SCOPE = Scope(
    (
        Table("PATIENTS", ("NUMPAT", "NOM", "PRENOM", "SEXE", "DATNAI", "NIR", "CP", "VILLE", "TEL", "COMMENT1")),
        Table(
            "RESULTATS",
            ("NUMPAT", "NUMDOS", "DATPREL", "SITE", "CODEXAM", "LIBEXAM", "VALEUR", "UNITE", "FLAG", "STATUT"),
            dated="DATPREL",
            sited="SITE",
        ),
    ),
    date(2001, 1, 1),
    date(2020, 12, 31),
    ("01", "02"),
)
PLACE = Place("00", "urn:old", "Europe/Paris", "nord")
SOURCE = """
kind = "delimited"
charset = "mixed"
separator = ";"
quote = ""
[tables.PATIENTS]
path = "PATIENTS.TXT"
[tables.RESULTATS]
path = "RESULTATS.TXT"
"""


@pytest.fixture(scope="module")
def draft(tmp_path_factory: pytest.TempPathFactory) -> Draft:
    folder = tmp_path_factory.mktemp("old") / "flat"
    writing.write("flat", folder, Life(600), truth="none")
    (folder / "source.toml").write_text(SOURCE)
    described = description.read(folder / "source.toml")
    with Reading(SCOPE, described) as reading:
        taken = profile.take(reading, SCOPE, b"source")
    return drawing.draw(taken, SCOPE, CATALOGUE, PLACE)


def test_columns_are_proposed_by_name_and_cells(draft: Draft) -> None:
    people, results = draft.drawn.tables["PATIENTS"], draft.drawn.tables["RESULTATS"]
    assert people["NOM"].means is Meaning.PATIENT_FAMILY
    assert people["DATNAI"].forms == ("dd/mm/yyyy", "dd/mm/yy")
    assert people["DATNAI"].latest == 2020
    assert results["CODEXAM"].means is Meaning.RESULT_TEST
    assert all(0 < column.sure <= 100 and column.reason for column in (*people.values(), *results.values()))


def test_no_test_that_is_proposed_is_another_than_the_answer_key_says(draft: Draft) -> None:
    answers = key.key().codes
    assert len(draft.drawn.tests) > 50
    for rule in draft.drawn.tests:
        meant = {code.test for code in answers if code.code == rule.code and rule.unit in (*code.units, "")}
        assert rule.test in meant, rule


def test_what_nothing_is_like_is_left_open_and_not_guessed(draft: Draft) -> None:
    proposed = {rule.code for rule in draft.drawn.tests}
    assert "VS" not in proposed
    assert any(place.startswith("tests.VS ") for place in draft.open)


def test_words_for_sexes_and_statuses_are_those_that_are_known(draft: Draft) -> None:
    assert draft.drawn.sexes == {"M": Sex.MALE, "F": Sex.FEMALE}
    assert draft.drawn.statuses["VB"] == "final"
    assert draft.drawn.statuses["VT"] == "unknown"
    assert draft.drawn.statuses["D"] == "deleted"


def test_a_draft_reads_back_as_it_was_drawn_and_fits_its_mandate(draft: Draft) -> None:
    written = mapfile.text(draft.drawn, draft.open)
    assert maps.parse(written) == draft.drawn
    assert list(maps.faults(draft.drawn, SCOPE, CATALOGUE)) == []
    assert f"#   {draft.open[0]}" in written.splitlines()


def test_every_sign_that_a_word_may_have_is_written_and_read_back(draft: Draft) -> None:
    odd = {'"': "a", "\\": "b", "é\x7f\t": "c", "=[#]": "d", "": "e", "\U0001f9ea": "f"}
    drawn = msgspec.structs.replace(draft.drawn, sites=odd, erased=tuple(odd), answers={"HIV": odd})
    assert maps.parse(mapfile.text(drawn)) == drawn


@pytest.mark.parametrize(
    ("written", "near", "unit"),
    [
        ("UI/l", "U/L", "U/L"),
        ("UI/l", "[IU]/L", "[IU]/L"),
        ("g/l", "", "g/L"),
        ("µmol/l", "umol/L", "umol/L"),
        ("furlong", "g/L", ""),
    ],
)
def test_an_old_unit_is_what_converts_to_ours(written: str, near: str, unit: str) -> None:
    assert likeness.ucum(written, near) == unit


def test_the_draft_of_a_relational_system_reads_a_result_with_its_dossier_and_its_patient(tmp_path: Path) -> None:
    writing.write("database", tmp_path / "old.db", Life(300, seed=4, results_per_patient=6), truth="none")
    plan = written.read("database")
    scope = msgspec.structs.replace(plan.mandate, tables=plan.mandate.tables[:3])
    with Reading(scope, Description(tmp_path, plan.source)) as opened:
        found = profile.take(opened, scope, bytes(32))
    draft = drawing.draw(found, scope, CATALOGUE, Place("00", "urn:old", "Europe/Paris", "main")).drawn
    assert list(maps.faults(draft, scope, CATALOGUE)) == []
    assert "T07_DOS" not in draft.tables
    assert draft.links == plan.map.links
    read = {name: column.means for name, column in draft.tables["T09_RES"].items() if "/" in name}
    assert read == {
        "RE_IDDOS/DO_IDPAT/PA_NUMPAT": Meaning.PATIENT_NUMBER,
        "RE_IDDOS/DO_NUMDOS": Meaning.DOSSIER_NUMBER,
        "RE_IDDOS/DO_DATPREL": Meaning.DOSSIER_COLLECTED_ON,
        "RE_IDDOS/DO_HEUPREL": Meaning.DOSSIER_COLLECTED_TIME,
        "RE_IDDOS/DO_SITE": Meaning.DOSSIER_SITE,
        "RE_IDDOS/DO_MED": Meaning.DOSSIER_PRESCRIBER,
    }
    people, results = draft.tables["T01_PAT"], draft.tables["T09_RES"]
    assert (people["PA_NUMPAT"].means, people["ID_PAT"].means) == (Meaning.PATIENT_NUMBER, Meaning.IGNORED)
    assert (results["RE_IDDOS"].means, people["PA_STATUT"].means) == (Meaning.IGNORED, Meaning.IGNORED)
    assert read.items() <= {name: column.means for name, column in plan.map.tables["T09_RES"].items()}.items()
    with Reading(scope, Description(tmp_path, plan.source)) as opened:
        told = rehearsal.Trial(draft, scope, CATALOGUE, TODAY).run(opened)
    assert told.sums.bins("T09_RES")[Bin.IMPORTED] > 500


def test_a_draft_has_no_link_that_leads_back_and_no_table_that_is_nobodys(tmp_path: Path) -> None:
    writing.write("database", tmp_path / "old.db", Life(300, seed=4, results_per_patient=6), truth="none")
    plan = written.read("database")
    exams = Table("T12_EXA", ("EX_CODE", "EX_LIB", "EX_UNI"))
    scope = msgspec.structs.replace(plan.mandate, tables=(*plan.mandate.tables[:3], exams))
    with Reading(scope, Description(tmp_path, plan.source)) as opened:
        found = profile.take(opened, scope, bytes(32))
    # Both sides number their rows from 1, so that a key looks like a link to another key.
    back = links.Link("T07_DOS", "ID_DOS", "T09_RES", "ID_RES", orphans_per_mille=129)
    found = msgspec.structs.replace(found, links=(back, *found.links))
    draft = drawing.draw(found, scope, CATALOGUE, Place("00", "urn:old", "Europe/Paris", "main"))
    assert list(maps.faults(draft.drawn, scope, CATALOGUE)) == []
    assert draft.drawn.links == plan.map.links
    assert "tables.T12_EXA, which has neither people nor results" in draft.open
