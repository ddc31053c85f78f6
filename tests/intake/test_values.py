"""What one OBX says: numbers are numbers, ratios are not, and nothing is never zero."""

from decimal import Decimal

import pytest

from aliquot.intake import values
from aliquot.intake.values import Chosen, Coding, Measured, Said
from aliquot.terms.errors import Unclear
from aliquot.terms.quantities import Absent, Comparator, Text
from aliquot.wire.hl7v2 import messages


def said(kind: str, written: str) -> Said:
    (obx,) = messages.parse(f"MSH|^~\\&|A|B|C|D|2026||ORU^R01|1|P|2.5\rOBX|1|{kind}|A||{written}".encode())["OBX"]
    return values.read(obx, "OBX[1]")


@pytest.mark.parametrize(
    ("written", "number", "comparator"),
    [
        ("0", "0", ""),
        ("13.20", "13.20", ""),
        (" 7 ", "7", ""),
        ("-2.5", "-2.5", ""),
        ("+4", "4", ""),
        (".5", "0.5", ""),
        ("5.", "5", ""),
        ("0065.88", "65.88", ""),
        ("<2.22", "2.22", "<"),
        (">= 100", "100", ">="),
        ("\u2264 3", "3", "<="),
        ("\u22653", "3", ">="),
    ],
)
def test_a_number_keeps_its_digits_and_its_comparator(written: str, number: str, comparator: Comparator) -> None:
    found = said("NM", written)
    assert found == Measured(Decimal(number), comparator)
    assert isinstance(found, Measured)
    assert str(found.number) == number


@pytest.mark.parametrize(
    "written", ["1,5", "0 .07", "1e3", "NaN", "Infinity", "5^6", "5~6", "5&6", "<<5", "=5", "++", "\u0665"]
)
def test_what_is_not_exactly_one_number_is_none(written: str) -> None:
    with pytest.raises(Unclear) as refusal:
        said("NM", written)
    assert refusal.value.place == "OBX[1]-5"
    assert written not in str(refusal.value)


@pytest.mark.parametrize("kind", ["NM", "SN", "ST", "CWE", "", "ED"])
@pytest.mark.parametrize("written", ["", '""'])
def test_an_empty_value_and_a_deleted_one_are_absent_and_never_zero(kind: str, written: str) -> None:
    assert said(kind, written) == Absent("unknown")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("^20", Measured(Decimal(20))),
        ("=^9.2", Measured(Decimal("9.2"))),
        (">^90", Measured(Decimal(90), ">")),
        ("^1^:^128", Text("1:128")),
        ("^100^-^200", Text("100-200")),
        ("^2^+", Text("2+")),
        (">^1^.^3", Text(">1.3")),
    ],
)
def test_a_structured_number_is_a_number_only_when_it_is_one_number(written: str, expected: Said) -> None:
    assert said("SN", written) == expected


@pytest.mark.parametrize(
    "written", ['"^1^:^3', "-^1^+^3", "<>^1", "^x", "^", "^>5", ">^>5", "^1^?^3", "^1^^3", "^1^:^x", "<^", "5"]
)
def test_a_structured_number_of_other_parts_is_refused(written: str) -> None:
    with pytest.raises(Unclear, match=r"OBX\[1\]-5"):
        said("SN", written)


def test_several_values_are_refused_where_one_is_meant() -> None:
    for kind, written in [("NM", "1~2"), ("SN", "^1~^2"), ("CWE", "A^^L~B^^L")]:
        with pytest.raises(Unclear, match="several values"):
            said(kind, written)
    assert said("TX", "one~two") == Text("one~two")


@pytest.mark.parametrize("kind", ["CE", "CWE", "CNE"])
def test_a_coded_value_keeps_all_its_codes_and_the_original_words(kind: str) -> None:
    coding = Coding("260373001", "Detected", "SCT")
    assert said(kind, "260373001^Detected^SCT") == Chosen((coding,))
    found = said(kind, "260373001^Detected^SCT^D^Det^L^1^2^positive^11^Eleven^X")
    assert found == Chosen((coding, Coding("D", "Det", "L"), Coding("11", "Eleven", "X")), "positive")
    assert said(kind, "^positive") == Chosen((Coding("", "positive", ""),))
    assert said(kind, "^^^^^^^^positive") == Chosen((), "positive")
    with pytest.raises(Unclear, match="neither a code nor words"):
        said(kind, "^^L")


@pytest.mark.parametrize("kind", ["ST", "TX", "FT", "DT", "TM", "DTM", "TS"])
def test_words_and_dates_are_kept_as_they_were_written(kind: str) -> None:
    assert said(kind, r"<5 \T\ rising^x") == Text("<5 & rising^x")


@pytest.mark.parametrize("kind", ["", "ED", "RP", "XAD", "DR", "VR", "nm"])
def test_a_type_that_is_not_read_is_named_by_its_place(kind: str) -> None:
    with pytest.raises(Unclear, match=r"OBX\[1\]-2"):
        said(kind, "5")
