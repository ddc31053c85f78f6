from datetime import date
from pathlib import Path

import msgspec
import pypdf
import pytest

from aliquot.disclosure import labels
from aliquot.terms.errors import Refused
from tests.disclosure import documents

LABEL = labels.Label(
    accession="2603270042-1",
    family="Lefèvre-Garçon",
    given_initial="Z",
    born_on=date(1958, 4, 3),
    tube="serum-gel",
    specimen_type="serum",
    tests=("NA", "K", "CREA"),
    priority="stat",
    language="fr",
)
PLAIN = msgspec.structs.replace(LABEL, accession="260327-0042-A", priority="routine", given_initial="")


def test_a_scanner_reads_each_label_printed_at_203_dots_per_inch(tmp_path: Path) -> None:
    pictures = documents.pictures(labels.labels([LABEL, PLAIN]), tmp_path, 203)
    assert [documents.barcode(picture) for picture in pictures] == [
        "CODE-128:2603270042-1",
        "CODE-128:260327-0042-A",
    ]


def test_a_person_reads_what_is_checked_before_the_needle() -> None:
    first, second = documents.pages(labels.labels([LABEL, PLAIN]))
    for stated in (
        "LEFÈVRE-GARÇON Z.",
        "03/04/1958",
        "2603270042-1",
        "Sérum · Sec avec gel (jaune)",
        "NA K CREA",
        "STAT",
    ):
        assert stated in first
    assert "STAT" not in second


def test_a_label_is_fifty_by_twenty_five_millimetres(tmp_path: Path) -> None:
    path = tmp_path / "labels.pdf"
    path.write_bytes(labels.labels([LABEL]))
    box = pypdf.PdfReader(path).pages[0].mediabox
    assert (round(float(box.width) / 72 * 25.4, 1), round(float(box.height) / 72 * 25.4, 1)) == (50.0, 25.0)


def test_equal_labels_give_equal_bytes() -> None:
    assert labels.labels([LABEL]) == labels.labels([LABEL])


def test_a_label_without_an_identity_leaves_its_line_for_a_pen() -> None:
    unnamed = labels.compose(msgspec.structs.replace(LABEL, family="", given_initial="", born_on=None))
    assert (unnamed.name, unnamed.born, unnamed.accession) == ("", "", LABEL.accession)
    assert len(documents.pages(labels.labels([msgspec.structs.replace(LABEL, born_on=None)]))) == 1


@pytest.mark.parametrize("family", ["Wolfeschlegelsteinhausenbergerdorff " * 4, "#panic()", "", "王"])
def test_any_name_stays_on_its_one_page(family: str) -> None:
    long = msgspec.structs.replace(LABEL, family=family, tests=("NFS",) * 60)
    assert len(documents.pages(labels.labels([long]))) == 1


def test_a_name_that_was_cut_says_so() -> None:
    assert labels.compose(msgspec.structs.replace(LABEL, family="Long" * 20)).name == "LONG" * 7 + "LON… Z."


@pytest.mark.parametrize("accession", ["", "1" * 28, "ABCDEFGHIJKLMN", "échantillon", "12\n34"])
def test_an_accession_that_no_barcode_can_carry_is_refused_without_saying_it(accession: str) -> None:
    with pytest.raises(Refused) as refused:
        labels.labels([msgspec.structs.replace(LABEL, accession=accession)])
    assert str(refused.value).startswith("label.accession")


def test_every_edge_of_a_bar_falls_on_a_module_with_ten_free_on_each_side() -> None:
    strips = labels.code_128("1" * 26)
    assert strips[0][0] >= 10
    assert strips[-1][0] + strips[-1][1] <= 190


def test_no_labels_are_refused() -> None:
    with pytest.raises(Refused):
        labels.labels([])
