import io
import threading
from pathlib import Path

import msgspec
import pikepdf
import pypdf
import pytest

from aliquot.disclosure import fhir, pdf
from aliquot.lab.content import Report
from aliquot.terms.errors import Refused
from tests.disclosure import documents, sample

BUNDLE = b'{"resourceType":"Bundle"}'
HOSTILE = (
    "#panic()",
    "*bold*",
    "$x$",
    '#read("/etc/passwd")',
    "= Title",
    "<label> @ref",
    "\\u{41} \\",
    "```raw```",
    "",
)


def text(report: Report) -> str:
    return " ".join(documents.pages(pdf.render(report, BUNDLE)))


def test_equal_reports_give_equal_bytes_in_any_thread() -> None:
    made: list[bytes] = [pdf.render(sample.FINAL, BUNDLE)]
    pdf.render(sample.corrected(), BUNDLE)
    thread = threading.Thread(target=lambda: made.append(pdf.render(sample.FINAL, BUNDLE)))
    thread.start()
    thread.join()
    assert made[0] == made[1]


def test_the_document_says_that_it_is_made_as_pdf_a_and_pdf_ua_and_is_tagged() -> None:
    with pikepdf.open(io.BytesIO(pdf.render(sample.FINAL, BUNDLE))) as document:
        with document.open_metadata() as metadata:
            assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("3", "A")
            assert metadata["pdfuaid:part"] == "1"
            assert str(metadata["xmp:CreateDate"]).startswith("2026-03-27T11:47")
        assert str(document.Root.Lang) == "fr"
        assert bool(document.Root.MarkInfo.Marked)


def test_a_version_may_be_issued_within_a_second() -> None:
    report = msgspec.structs.replace(sample.FINAL, issued_at=sample.FINAL.issued_at.replace(microsecond=309_648))
    assert documents.pages(pdf.render(report, BUNDLE)) == documents.pages(pdf.render(sample.FINAL, BUNDLE))


def test_the_fhir_document_is_attached_byte_for_byte() -> None:
    bundle = fhir.document(sample.FINAL)
    attached = pypdf.PdfReader(io.BytesIO(pdf.render(sample.FINAL, bundle))).attachments
    assert attached["rapport.fhir.json"] == [bundle]


def test_only_the_vendored_fonts_are_used() -> None:
    with pikepdf.open(io.BytesIO(pdf.render(sample.FINAL, BUNDLE))) as document:
        names = {str(o.BaseFont) for o in document.objects if isinstance(o, pikepdf.Dictionary) and "/BaseFont" in o}
    assert names
    assert all("NotoSans" in name for name in names)


def test_every_page_has_the_patients_identity_and_its_number() -> None:
    pages = documents.pages(pdf.render(sample.FINAL, BUNDLE))
    assert len(pages) == 2
    for place, page in enumerate(pages, start=1):
        assert "LEFÈVRE-GARÇON Zoë Anaïs · né(e) le 03/04/1958 · Féminin · dossier T-204417" in page
        assert f"Page {place} sur 2" in page
        assert sample.FINAL.history_root in page
        assert "Version 1" in page


@pytest.mark.parametrize(
    "stated",
    [
        "Laboratoire des Trois Fontaines",
        "Accréditation Cofrac Examens médicaux, n° 8-0000",
        "Dr Benoît Château",
        "260327-0042",
        "Sérum",
        "27/03/2026 08:42 UTC+1",
        "Potassium Méthode : Potentiométrie indirecte 6,8 mmol/L CRITIQUE haut",
        "72,50 µmol/L",
        "< 0,5 mg/L",
        "Bilirubine conjuguée 0 µmol/L",
        "— non réalisé —",
        "— examen annulé —",
        "Accepté avec réserve : hémolyse",
        "10⁹/L",
        "Inès Béranger",
        "Dr Hélène Œuvray",
        "Définitif",
        "carence martiale à explorer",
    ],
)
def test_the_paper_says_what_the_standard_asks_for(stated: str) -> None:
    assert stated in text(sample.FINAL).replace("\u00a0", " ")


def test_a_corrected_version_says_what_changed_and_why() -> None:
    shown = text(sample.corrected()).replace("\u00a0", " ")
    assert "Potassium 6.8 mmol/L (CRITICAL high) 4.8 mmol/L Tube of another patient was measured" in shown
    assert "cancels and replaces version 1" in shown


def test_what_is_pending_stands_on_a_preliminary_report() -> None:
    shown = text(sample.with_status("preliminary", pending=("Hémoculture",)))
    assert "Examens en cours" in shown
    assert "Hémoculture" in shown
    assert "PROVISOIRE" in shown


@pytest.mark.parametrize("hostile", HOSTILE)
def test_no_text_of_a_report_is_run_as_markup(hostile: str) -> None:
    demography = msgspec.structs.replace(sample.PATIENT.demography, family=hostile, given=(hostile,))
    patient = msgspec.structs.replace(sample.PATIENT, demography=demography, file_number=hostile)
    line = sample.result(hostile, sample.number("1", "g/L"), method=hostile, comment=hostile)
    shown = text(
        sample.with_status("preliminary", patient=patient, results=(line,), comment=hostile, pending=(hostile,))
    )
    assert " ".join(hostile.split()) in shown
    assert " ".join(hostile.upper().split()) in shown


@pytest.mark.parametrize("name", ["جمال الدين", "A" * 3000, "王小明", "a\u202eb", "é" * 300, "x y " * 200])
def test_any_name_can_be_printed(name: str) -> None:
    demography = msgspec.structs.replace(sample.PATIENT.demography, family=name)
    patient = msgspec.structs.replace(sample.PATIENT, demography=demography)
    assert documents.pages(pdf.render(sample.with_status("final", patient=patient), BUNDLE))


def test_a_report_without_results_can_be_printed() -> None:
    empty = sample.with_status("registered", results=(), specimens=(), signatures=(), comment="")
    assert "Aucun résultat n’est encore disponible." in text(empty)


def test_a_language_without_phrases_is_refused() -> None:
    laboratory = msgspec.structs.replace(sample.LABORATORY, language="xx")
    with pytest.raises(Refused):
        pdf.render(sample.with_status("final", laboratory=laboratory), BUNDLE)


def test_a_page_looks_like_a_page_to_another_reader(tmp_path: Path) -> None:
    pictures = documents.pictures(pdf.render(sample.FINAL, BUNDLE), tmp_path, 40)
    assert [picture.read_bytes()[:4] for picture in pictures] == [b"\x89PNG", b"\x89PNG"]


def test_a_discipline_that_goes_on_is_named_on_the_next_page() -> None:
    first, second = documents.pages(pdf.render(sample.FINAL, BUNDLE))
    assert "Examen · Biochimie" in second
    assert "Examen · " not in first


def test_a_hundred_results_with_long_comments_stay_one_document() -> None:
    many = tuple(
        sample.result(f"Examen {n}", sample.number(f"{n}.50", "g/L"), comment="Long commentaire. " * 30)
        for n in range(100)
    )
    pages = documents.pages(pdf.render(sample.with_status("final", results=many), BUNDLE))
    assert "Examen 99 99,50 g/L" in " ".join(pages)
    assert all("LEFÈVRE-GARÇON" in page for page in pages)
