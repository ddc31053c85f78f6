"""The archive of messages, read with the house's own parser: what it refuses is what the truth says is broken."""

from datetime import datetime
from pathlib import Path

import pytest

from aliquot.cli.simulate import key
from aliquot.cli.simulate.rates import Mess
from aliquot.cli.simulate.truth import ResultTruth
from aliquot.terms.errors import Unclear
from aliquot.terms.quantities import Quantity
from aliquot.wire.hl7v2 import batches, groups, messages
from aliquot.wire.hl7v2.messages import Message
from tests.cli.simulate import laboratory


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A laboratory as an archive."""
    return laboratory.made("hl7v2", tmp_path_factory.mktemp("hl7v2"))


@pytest.fixture(scope="module")
def pieces(out: Path) -> list[bytes]:
    """Every message of every file, in no particular order."""
    return [piece.raw for file in out.iterdir() for piece in batches.split(file.read_bytes()).messages]


def parsed(raw: bytes) -> Message | None:
    """A message, if it is one."""
    try:
        return messages.parse(raw)
    except Unclear:
        return None


def test_there_are_as_many_messages_patients_and_results_as_the_truth_says(out: Path, pieces: list[bytes]) -> None:
    told = laboratory.counts(out)
    assert len(pieces) == told["MSH"].rows
    assert len(laboratory.patients(out)) == told["PID"].rows
    assert len(laboratory.results(out)) == told["OBX"].rows
    assert sum(line.startswith(b"OBX|") for raw in pieces for line in raw.splitlines()) == told["OBX"].rows


def test_what_the_parser_refuses_has_an_undeclared_charset_or_a_line_break(out: Path, pieces: list[bytes]) -> None:
    told = laboratory.counts(out)
    refused = [raw for raw in pieces if parsed(raw) is None]
    undeclared = [raw for raw in refused if not raw.splitlines()[0].count(b"|") > 12]
    broken = told["OBX"].mess[Mess.LINE_BREAK] + told["PID"].mess[Mess.LINE_BREAK]
    assert told["MSH"].mess[Mess.OTHER_CHARSET] > 0
    assert len(undeclared) >= told["MSH"].mess[Mess.OTHER_CHARSET]
    assert len(refused) <= told["MSH"].mess[Mess.OTHER_CHARSET] + broken
    assert len(refused) > told["MSH"].mess[Mess.OTHER_CHARSET]


def test_each_result_that_can_be_read_is_as_its_truth_says(out: Path, pieces: list[bytes]) -> None:
    told = {row.place: row for row in laboratory.results(out)}
    read = 0
    for message in filter(None, map(parsed, pieces)):
        (patient,) = groups.patients(message)
        for order in patient.orders:
            for found in order.observations:
                row = told[f"{message.header[10].text}/{found.obx[1].text}"]
                assert found.obx[3, 1].text == row.code
                assert key.key().hl7_statuses[found.obx[11].text] == row.status
                assert (found.obx[2].text == "NM") == measured(row)
                read += 1
    assert read > len(told) * 0.9


def measured(row: ResultTruth) -> bool:
    """Whether a result is a plain number."""
    return isinstance(row.value, Quantity) and not row.value.comparator


def test_files_are_of_one_month_and_end_their_segments_in_three_ways(out: Path) -> None:
    ends = set()
    for file in out.iterdir():
        raw = file.read_bytes()
        ends.add("crlf" if b"\r\n" in raw else "cr" if b"\r" in raw else "lf")
        month = datetime.strptime(file.name, "ORU_%Y_%m.hl7")  # noqa: DTZ007  # a month, not an instant
        sent = {piece.raw.split(b"|")[6][:6].decode() for piece in batches.split(raw).messages}
        assert sent == {f"{month:%Y%m}"}
    assert ends == {"crlf", "cr", "lf"}


def test_some_files_are_batches_and_their_envelopes_count_rightly(out: Path) -> None:
    contents = [batches.split(file.read_bytes()) for file in out.iterdir()]
    assert {
        piece.raw[:3] for content in contents for piece in content.pieces if piece.sort is batches.Sort.ENVELOPE
    } == {
        b"FHS",
        b"BHS",
        b"BTS",
        b"FTS",
    }
    assert [content.findings for content in contents if content.findings] == []


def test_no_password_is_in_the_archive(out: Path) -> None:
    said = b"".join(file.read_bytes() for file in out.iterdir())
    assert b"MDP" not in said
    assert Mess.PASSWORD not in laboratory.counts(out)["PID"].mess
