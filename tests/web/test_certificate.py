"""The certificate as people read it: what, when, how, who, hashes; signed or not, in two languages."""

import io
from pathlib import Path

import msgspec
import pikepdf
import pytest

from aliquot.custody import steps
from aliquot.custody.answers import Migration, MigrationStep
from aliquot.disclosure import phrases
from aliquot.legacy import closing
from aliquot.legacy.closing import Certificate
from aliquot.legacy.fates import Bin
from aliquot.legacy.staged import Erased
from aliquot.terms.errors import Refused
from aliquot.web import certificate
from tests.disclosure import documents, sample
from tests.legacy.certified import AT, HASH, MADE, OFFICERS, step
from tests.legacy.left import MANDATE, OTHER


def told(state: str, *more: MigrationStep, mandate: str = MANDATE) -> Migration:
    return Migration(mandate, state, AT, AT, AT, 20_000, 19_432, (*MADE.steps, *more), (), "{}")


WAITING = told("cut-over")
SIGNED = told("closed", step("close", 7, *OFFICERS, evidence=closing.digest(MADE)))


def text(state: Migration, language: str = "fr", made: Certificate = MADE) -> str:
    laboratory = msgspec.structs.replace(sample.LABORATORY, language=language)
    return " ".join(documents.pages(certificate.document(made, laboratory, state))).replace("\u00a0", " ")


@pytest.mark.parametrize(
    "stated",
    [
        "Laboratoire des Trois Fontaines",
        "Certificat d’effacement d’une reprise",
        MANDATE,
        "reprise du laboratoire #panic()",
        HASH,
        HASH[::-1],
        "PATIENTS 20 000 19 432 568 0 0 0 0",
        "RESULTATS 412 345 412 000 0 0 345 0 0",
        *(f"{number:064x}" for number in range(1, 6)),
        "Bascule 23/11/2026 18:00 UTC+1 Dr Hélène Œuvray, Paul Vauclair",
        f"1 048 576 {77:064x}",
        f"812 {78:064x}",
        "Rien n’est écrasé",
        f"{99:064x}",
        "26/11/2026 18:00 UTC+1",
        "1 234 567 entrées",
        f"{55:064x}",
        "Certificat fait le 23/11/2026 19:00 UTC+1",
    ],
)
def test_the_paper_says_what_when_how_who_and_the_hashes(stated: str) -> None:
    assert stated in text(WAITING)


def test_a_signed_one_says_who_signed_it_and_when_the_key_died() -> None:
    said = "Signed on 23 Nov 2026 20:00 UTC+1 by Dr Hélène Œuvray, Paul Vauclair."
    assert said in text(SIGNED, "en")
    assert "Signed on" not in text(WAITING, "en")


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (WAITING, "Not signed yet."),
        (told("closed", step("close", 7, *OFFICERS, evidence=HASH)), "Another certificate was signed for this move."),
        (told("aborted", step("abort", 7, OFFICERS[1])), "Never signed: the move ended in another way (Abandoned,"),
        (told("lapsed", step("lapsed", 90)), "Never signed: the move ended in another way (Time ran out,"),
    ],
)
def test_one_that_nobody_signed_says_so(state: Migration, said: str) -> None:
    assert said in text(state, "en")


def test_one_of_a_move_that_ended_otherwise_says_when_the_key_died() -> None:
    aborted = step("abort", 7, OFFICERS[1])
    ended = msgspec.structs.replace(
        MADE, steps=(*MADE.steps, msgspec.structs.replace(aborted, state="aborted")), key_dies_by=aborted.at
    )
    assert "Its private half was destroyed on 23 Nov 2026 20:00 UTC+1" in text(told("aborted", aborted), "en", ended)
    assert "Its private half was destroyed on" not in text(WAITING, "en")


def test_an_altered_certificate_is_not_the_one_that_was_signed() -> None:
    altered = msgspec.structs.replace(MADE, patients=19_431)
    assert "Another certificate was signed" in text(SIGNED, "en", altered)


def test_it_is_read_in_its_logical_order() -> None:
    said = text(SIGNED, "en")
    titles = [phrases.of("en").certificate[name] for name in ("moved", "counts", "evidence", "who", "erased", "how")]
    places = [said.index(title) for title in titles]
    assert places == sorted(places)


def test_every_page_has_the_digest_the_mandate_and_its_number() -> None:
    many = tuple(Erased(f"incoming/{number:06d}.part", number, f"{number:064x}") for number in range(1, 120))
    made = msgspec.structs.replace(MADE, erased=many)
    pages = documents.pages(certificate.document(made, sample.LABORATORY, WAITING))
    assert len(pages) > 2
    for place, page in enumerate(pages, start=1):
        assert closing.digest(made) in page
        assert MANDATE in page
        assert f"Page {place} sur {len(pages)}" in page
    assert all("Octets" in page for page in pages[1:-1])


def test_it_is_made_as_pdf_a_and_pdf_ua_and_dated_as_it_was_made() -> None:
    raw = certificate.document(MADE, sample.LABORATORY, SIGNED)
    assert raw == certificate.document(MADE, sample.LABORATORY, SIGNED)
    with pikepdf.open(io.BytesIO(raw)) as document:
        with document.open_metadata() as metadata:
            assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("3", "A")
            assert metadata["pdfuaid:part"] == "1"
            assert str(metadata["xmp:CreateDate"]).startswith("2026-11-23T18:00")
        assert str(document.Root.Lang) == "fr"


def test_it_looks_like_a_page_to_another_reader(tmp_path: Path) -> None:
    pictures = documents.pictures(certificate.document(MADE, sample.LABORATORY, SIGNED), tmp_path, 60)
    assert pictures


def test_every_step_bin_and_state_has_a_word_in_both_languages() -> None:
    for language in ("fr", "en"):
        word = phrases.of(language).certificate
        assert {*steps.Step, *Bin, "declare", "lapsed"} <= word.keys()


def test_another_migration_is_refused() -> None:
    with pytest.raises(Refused, match="not the migration"):
        certificate.document(MADE, sample.LABORATORY, told("closed", mandate=OTHER))
