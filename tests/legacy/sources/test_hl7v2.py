"""Archives of HL7 v2 messages."""

from pathlib import Path

import pytest

from aliquot.legacy.description import Description
from aliquot.terms.errors import Refused
from tests.legacy.sources import old

MESSAGE = (
    "MSH|^~\\&|LIS|LAB|||20200102||ORU^R01|{id}|P|2.5.1\r"
    'PID|1||{id}^^^LAB^PI~99^^^HOSP^MR||DU\\T\\PONT^Anne||19700101|F|||""\r'
    "OBR|1|A{id}|B{id}|NFS^Num\rSPM|1|T{id}||SER\r"
    "OBX|1|NM|718-7^Hb^LN||13.2|g/dL|12-16||||F|||202001020810\rNTE|1||diluted\rNTE|2||twice\r"
    "OBX|2|ST|X^Color^L||yellow^1||||||F\r"
)


def archive(folder: Path, content: str) -> Description:
    (folder / "archive").mkdir()
    (folder / "archive" / "a.hl7").write_bytes(content.encode())
    return old.described(folder, 'kind = "hl7v2"\npath = "archive"\n')


def test_patients_are_addressed_as_the_standard_does(tmp_path: Path) -> None:
    source = archive(tmp_path, MESSAGE.format(id=7))
    wanted = ["PID-3.1", "PID-3[2].1", "PID-5.1", "PID-5.2", "PID-8", "PID-11", "PID-19", "MSH-7", "PID-3"]
    assert old.read(source, "patients", wanted) == {
        1: ("7", "99", "DU&PONT", "Anne", "F", "", None, "20200102", "7^^^LAB^PI~99^^^HOSP^MR")
    }


def test_results_stand_with_their_patient_order_tube_and_notes(tmp_path: Path) -> None:
    source = archive(tmp_path, MESSAGE.format(id=1) + MESSAGE.format(id=2))
    wanted = ["PID-3.1", "OBR-4.1", "OBR-3.1", "SPM-2", "OBX-3.1", "OBX-5", "OBX-6.1", "OBX-14", "NTE-3"]
    rows = old.read(source, "results", wanted)
    assert rows[1] == ("1", "NFS", "B1", "T1", "718-7", "13.2", "g/dL", "202001020810", "diluted\ntwice")
    assert rows[4] == ("2", "NFS", "B2", "T2", "X", "yellow^1", None, None, None)


@pytest.mark.parametrize(
    ("kind", "written", "said"),
    [
        ("NM", "13.2", "13.2"),
        ("SN", ">^100", ">100"),
        ("SN", "^1^:^128", "1:128"),
        ("CWE", "260373001^Detected^SCT", "260373001"),
        ("CE", "^Detected", ""),
        ("ST", "yellow^1", "yellow^1"),
        ("CWE", '""', ""),
    ],
)
def test_a_value_can_be_asked_for_as_its_type_says(tmp_path: Path, kind: str, written: str, said: str) -> None:
    source = archive(tmp_path, MESSAGE.format(id=1).replace("|ST|", f"|{kind}|").replace("yellow^1", written))
    assert "OBX-5*" in old.columns(source)["results"]
    assert old.read(source, "results", ["OBX-5*"])[2] == (said,)


def test_the_addresses_that_messages_fill_are_listed(tmp_path: Path) -> None:
    found = old.columns(archive(tmp_path, MESSAGE.format(id=7)))
    assert {"PID-3.1", "PID-3[2].4", "PID-5.2", "PID-8", "MSH-9.2"} <= set(found["patients"])
    assert "PID-11" not in found["patients"]
    assert {"OBX-3.1", "OBX-5", "SPM-2", "NTE-3"} <= set(found["results"])


def test_what_is_not_a_message_or_unclear_is_a_spoiled_row(tmp_path: Path) -> None:
    source = archive(tmp_path, f"good day\r\n{MESSAGE.format(id=1)}\nMSH|^~\\&|||||||ORU\rhello there\r")
    assert list(old.read(source, "patients", ["PID-3.1"]).values()) == [("1",)]
    assert [one.reason for one in old.spoiled(source, "patients", ["PID-3.1"])] == [
        "not a message",
        "line 2: not a segment",
    ]


def test_a_large_archive_is_cut_between_messages(tmp_path: Path) -> None:
    source = archive(tmp_path, "".join(MESSAGE.format(id=number) for number in range(1, 5001)))
    rows = old.read(source, "patients", ["PID-3.1"])
    assert [row for (row,) in rows.values()] == [str(number) for number in range(1, 5001)]


def test_a_column_that_is_no_address_and_a_file_without_messages_are_refused(tmp_path: Path) -> None:
    source = archive(tmp_path, MESSAGE.format(id=7))
    for wrong in ("name", "OBX-5", "PID"):
        with pytest.raises(Refused, match=f"{wrong} is not an address"):
            old.read(source, "patients", [wrong])
    (tmp_path / "archive" / "a.hl7").write_bytes(b"%PDF-1.4")
    with pytest.raises(Refused, match=r"a\.hl7: no HL7 v2 message"):
        old.columns(source)
