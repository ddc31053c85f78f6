"""Every message of results in the shared folder is read as another parser reads it, or refused with all its places."""

import re
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal

import hl7
import pytest

from aliquot.intake import results
from aliquot.intake.fates import Cause, Reason
from aliquot.intake.results import Identifier, Intent, Moment, Named, Profile, Reported, Unreadable
from aliquot.intake.values import Chosen, Coding, Measured
from aliquot.terms.quantities import Absent, Text
from aliquot.wire.hl7v2 import messages
from aliquot.wire.hl7v2.messages import Message
from aliquot.wire.hl7v2.times import Precision
from tests.intake import worlds

HEAD = r"MSH|^~\&|XN|LAB|LIS|HOSP|20260105103000+0100||ORU^R01^ORU_R01|42|P|2.5.1"
PID = "PID|1||777^^^HOSP^MR~888^^^STATE^SS||DOE^JANE||19800101|F|||1 ROAD^^TOWN"
OBR = "OBR|1|P1^EPIC|F1^LAB|CBC^^L|||20260105093000+0100"
SPM = "SPM|1|S1&EPIC^S2&LAB||SER|||||||P"
OBX = "OBX|1|NM|718-7^Haemoglobin^LN||13.20|g/dL|||||F"

AGREED = Profile()


def message(*lines: str) -> Message:
    return messages.parse("\r".join(lines).encode())


def read(*lines: str, profile: Profile = AGREED) -> results.Reading:
    return results.read(message(*lines), profile)


def only(reading: results.Reading) -> Reported:
    ((reported,),) = [report.results for report in reading.reports]
    return reported


def faults(*lines: str, profile: Profile = AGREED) -> list[str]:
    with pytest.raises(Unreadable) as refusal:
        read(*lines, profile=profile)
    assert {reason.cause for reason in refusal.value.reasons} == {Cause.UNCLEAR}
    return [reason.place for reason in refusal.value.reasons]


def test_every_message_of_the_folder_is_read_value_by_value_as_another_parser_reads_it() -> None:
    unread: dict[str, list[str]] = {}
    count: Counter[str] = Counter()
    for name, raw, parsed in worlds.reports():
        try:
            reading = results.read(parsed, worlds.profile(name))
        except Unreadable as refusal:
            count["refused"] += 1
            if [reason.place for reason in refusal.reasons] == ["OBX"]:
                count["without a result"] += 1
            else:
                unread[name] = [reason.place for reason in refusal.reasons]
            continue
        count["read"] += 1
        count["results"] += _compare(reading, worlds.theirs(raw))
    assert count == {"read": 74, "refused": 122, "without a result": 110, "results": 416}
    assert {name: (places[0], len(places)) for name, places in unread.items()} == {
        # No control id, so that nobody could say which message this is.
        "cdc-dex/PHLIP_FLU_2.5.1_NO_MSH10.txt": ("MSH-10", 1),
        # Ranges of times, parsed versions, images and references to them, addresses, telephone numbers.
        "cdc-mapping-inventory/obx/OBX-to-Observation-dr-value.hl7": ("OBX[1]-2", 1),
        "cdc-mapping-inventory/obx/OBX-to-Observation-vr-value.hl7": ("OBX[1]-2", 1),
        "cdc-trusted-intermediary/002_CA_ORU_R01.hl7": ("OBX[62]-2", 1),
        "cdc-trusted-intermediary/003_AL_ORU_R01_NBS_Normal_And_Abnormal_Results_0_initial_message.hl7": (
            "OBX[9]-2",
            2,
        ),
        "ms-fhir-converter/ORU-R01-01.hl7": ("OBX[1]-2", 4),
        # A quotation mark and a minus sign where a comparator belongs.
        "cdc-mapping-inventory/obx/OBX-to-Observation-sn-as-ratio-value-colon.hl7": ("OBX[1]-5", 1),
        "cdc-mapping-inventory/obx/OBX-to-Observation-sn-as-string-value.hl7": ("OBX[1]-5", 1),
        # Two numbers in one NM.
        "ms-fhir-converter/OUL-R22-01.hl7": ("OBX[1]-5", 7),
        # Words, a year of five digits and the 29th of February 2017 for times.
        "cdc-reportstream/ORU_deidentified.hl7": ("OBR-7", 1),
        "cdc-reportstream/sample_oru_CDPH_NBS_20241021-001.hl7": ("OBX[4]-14", 2),
        "cdc-trusted-intermediary/002_NewSTEPs_ORU_R01.hl7": ("OBX[2]-14", 109),
    }


def _compare(reading: results.Reading, theirs: list[hl7.Segment]) -> int:
    found = {each.place: each for report in reading.reports for each in report.results}
    at = 0
    for index, segment in enumerate(theirs):
        if str(segment[0]) != "OBX":
            continue
        at += 1
        ours = found.pop(f"OBX[{at}]")
        fields = [worlds.field(segment, number) for number in range(20)]
        _compare_result(ours, [*fields])
        notes = []
        for after in theirs[index + 1 :]:
            if str(after[0]) != "NTE":
                break
            notes.append(worlds.field(after, 3))
        assert list(ours.notes) == [_plain(note) for note in notes]
    assert not found
    return at


def _compare_result(ours: Reported, fields: list[str]) -> None:
    assert (ours.set_id, ours.type, ours.written, ours.status) == (fields[1], fields[2], fields[5], fields[11])
    assert (ours.sub_id, ours.reference) == (_plain(fields[4]), _plain(fields[7]))
    assert (ours.equipment, ours.method) == (_plain(fields[18]), _plain(fields[17]))
    assert list(ours.codings) == _codings(fields[3])
    assert ours.unit == next(iter(_codings(fields[6])), Coding("", "", ""))
    assert list(ours.flags) == [code for code in (each.split("^")[0] for each in fields[8].split("~")) if code]
    for moment, written in [(ours.observed, fields[14]), (ours.analysed, fields[19])]:
        assert (moment.at if moment else None) == _instant(written)
    match ours.value:
        case Measured(number, comparator):
            assert (comparator, number) == worlds.number(fields[5])
            assert str(number).lstrip("0") == re.sub("^[<>=^0]+", "", fields[5]) or number == 0
        case Chosen(codings, original):
            assert list(codings) == _codings(fields[5])
            assert original == _plain([*fields[5].split("^"), *[""] * 9][8])
        case Text(text):
            assert text == _plain(fields[5].replace("^", "") if fields[2] == "SN" else fields[5])
        case Absent(reason):
            assert (fields[5] in ("", '""'), reason) == (True, "unknown")


def _codings(written: str) -> list[Coding]:
    parts = [_plain(part).strip() for part in written.split("~")[0].split("^")] + [""] * 12
    triplets = [Coding(*parts[at : at + 3]) for at in (0, 3, 9)]
    return [each for each in triplets if each.code or each.text]


def _plain(written: str) -> str:
    for name, meant in {"T": "&", "S": "^", "R": "~", "F": "|", ".br": "\n", "X0d0a": "\r\n", "E": "\\"}.items():
        written = written.replace(f"\\{name}\\", meant)
    return "" if written == '""' else written


def _instant(written: str) -> datetime | None:
    digits = written.partition("+")[0].partition("-")[0]
    whole, zone = digits.partition(".")[0], written[len(digits) :]
    if len(whole) < 12:
        return None
    return datetime.strptime(whole.ljust(14, "0") + (zone or "+0000"), "%Y%m%d%H%M%S%z").astimezone(UTC)


def test_one_result_is_read_with_everything_that_was_said_about_it() -> None:
    reading = read(
        HEAD,
        PID,
        OBR,
        r"OBX|7|NM|718-7^Hb^LN^HGB^Hb^L|a|13.20|g/dL^gram^UCUM|12-16|H~*^star|||C|||20260105100000+0100|||M1^Laser"
        "|XN^9|20260105101500+0100",
        "NTE|1||haemolysed",
        SPM,
    )
    reported = only(reading)
    assert (reading.type, reading.control_id) == ("ORU^R01", "42")
    assert reading.sent is not None
    assert reading.sent.at == datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
    assert reported.codings == (Coding("718-7", "Hb", "LN"), Coding("HGB", "Hb", "L"))
    assert (reported.value, reported.written) == (Measured(Decimal("13.20")), "13.20")
    assert reported.unit == Coding("g/dL", "gram", "UCUM")
    assert (reported.sub_id, reported.reference, reported.flags) == ("a", "12-16", ("H", "*"))
    assert (reported.status, reported.intent, reported.notes) == ("C", Intent.CORRECTED, ("haemolysed",))
    assert (reported.method, reported.equipment) == ("M1^Laser", "XN^9")
    clocks = (reported.collected, reported.observed, reported.analysed)
    assert [(clock.place, clock.at) for clock in clocks if clock] == [
        ("OBR-7", datetime(2026, 1, 5, 8, 30, tzinfo=UTC)),
        ("OBX[1]-14", datetime(2026, 1, 5, 9, 0, tzinfo=UTC)),
        ("OBX[1]-19", datetime(2026, 1, 5, 9, 15, tzinfo=UTC)),
    ]


def test_a_message_gives_no_more_of_the_patient_than_the_comparison_needs() -> None:
    (report,) = read(HEAD, PID, OBR, OBX).reports
    assert report.named == Named((Identifier("777", "HOSP", "MR"), Identifier("888", "STATE", "SS")), "19800101", "F")
    assert not any(name in repr(report) for name in ("DOE", "JANE", "ROAD", "TOWN"))


@pytest.mark.parametrize(
    ("accession", "without", "lines", "number", "place"),
    [
        ("SPM-2.1", "OBR-3", (OBR, OBX, SPM), "S1", "SPM-2.1"),
        ("SPM-2.2", "OBR-3", (OBR, OBX, SPM), "S2", "SPM-2.2"),
        ("OBR-2", "OBR-3", (OBR, OBX, SPM), "P1", "OBR-2"),
        ("SPM-2.1", "OBR-3", (OBR, OBX), "F1", "OBR-3"),
        ("SPM-2.1", "OBR-2", (OBR, OBX), "P1", "OBR-2"),
        ("SPM-2.1", "OBR-3", (OBR, OBX, "SPM|1|^S2||SER"), "", "SPM-2.1"),
        ("SPM-2.1", "SPM-2.1", (OBR, OBX), "", "SPM-2.1"),
        ("OBR-3", "OBR-3", (OBX,), "", "OBR-3"),
    ],
)
def test_the_number_of_the_tube_stands_in_the_agreed_place_or_is_not_known(
    accession: results.Place, without: results.Place, lines: tuple[str, ...], number: str, place: str
) -> None:
    (report,) = read(HEAD, *lines, profile=Profile(accession, without)).reports
    assert (report.accession, report.place) == (number, place)


def test_results_are_gathered_by_tube_whatever_the_order_they_were_asked_in() -> None:
    other = "SPM|2|S9||SER|||||||Q"
    reports = read(HEAD, OBR, OBX, SPM, OBR, OBX, SPM, OBR, OBX, other).reports
    assert [(each.accession, each.role, [one.place for one in each.results]) for each in reports] == [
        ("S1", "P", ["OBX[1]", "OBX[2]"]),
        ("S9", "Q", ["OBX[3]"]),
    ]


def test_results_about_a_tube_itself_and_specimens_named_first_are_read_once() -> None:
    head = HEAD.replace("ORU^R01^ORU_R01", "OUL^R22^OUL_R22")
    (report,) = read(head, PID, SPM, OBX, OBR, OBX, OBR, OBX).reports
    assert (report.accession, [each.place for each in report.results]) == ("S1", ["OBX[1]", "OBX[2]", "OBX[3]"])
    (report,) = read(HEAD, OBR, OBX, SPM, OBX).reports
    assert [each.place for each in report.results] == ["OBX[1]", "OBX[2]"]


def test_an_order_with_two_tubes_and_a_tube_of_two_patients_say_no_one_thing() -> None:
    assert faults(HEAD, OBR, OBX, SPM, "SPM|2|S3||SER") == ["SPM-2.1"]
    assert faults(HEAD, PID, OBR, OBX, PID.replace("777", "778"), OBR, OBX) == ["PID"]
    assert len(read(HEAD, PID, OBR, OBX, PID, OBR, OBX).reports) == 1


def test_tubes_that_matter_to_no_result_and_tubes_without_a_number_contradict_nothing() -> None:
    assert len(read(HEAD, OBR, SPM, "SPM|2|S3||SER", OBR, OBX).reports) == 1
    nameless = ("OBR|1", OBX)
    reports = read(HEAD, PID, *nameless, PID.replace("777", "778"), *nameless).reports
    assert [report.accession for report in reports] == ["", ""]


@pytest.mark.parametrize(
    ("status", "intent"),
    [
        ("F", Intent.FINAL),
        ("P", Intent.PRELIMINARY),
        ("R", Intent.PRELIMINARY),
        ("S", Intent.PRELIMINARY),
        ("C", Intent.CORRECTED),
        ("X", Intent.UNOBTAINABLE),
        ("D", Intent.WITHDRAWN),
        ("W", Intent.WITHDRAWN),
        ("I", Intent.NOTHING),
        ("N", Intent.NOTHING),
        ("O", Intent.NOTHING),
        ("U", Intent.UNSTATED),
        ("", Intent.UNSTATED),
    ],
)
def test_a_status_says_what_the_sender_wants_and_none_is_taken_for_final(status: str, intent: Intent) -> None:
    reported = only(read(HEAD, OBR, f"{OBX[:-1]}{status}"))
    assert (reported.status, reported.intent) == (status, intent)


def test_what_cannot_be_obtained_is_absent_whatever_stands_beside_it() -> None:
    reported = only(read(HEAD, OBR, "OBX|1|NM|718-7^^LN||0|g/dL|||||X"))
    assert (reported.value, reported.written) == (Absent("not-performed"), "0")


def test_all_places_that_are_unclear_are_named_at_once_and_none_of_their_content() -> None:
    lines = (HEAD.replace("20260105103000+0100", "TODAY"), OBR, "OBX|1|NM|A^^L||SECRET", "OBX|2|ED|B^^L||SECRET", OBX)
    assert faults(*lines) == ["MSH-7", "OBX[1]-5", "OBX[2]-2"]
    with pytest.raises(Unreadable) as refusal:
        read(*lines)
    assert "SECRET" not in f"{refusal.value}{refusal.value.reasons}"
    assert refusal.value.reasons[1] == Reason(Cause.UNCLEAR, "OBX[1]-5")


def test_a_time_of_the_order_that_cannot_be_read_is_named_once() -> None:
    assert faults(HEAD, OBR.replace("20260105093000+0100", "MORNING"), OBX, OBX) == ["OBR-7"]


def test_a_code_that_is_not_filed_may_be_of_any_type_and_is_counted() -> None:
    unfiled = Profile(unfiled=frozenset({("IMG", "L")}))
    reading = read(HEAD, OBR, OBX, "OBX|2|ED|1^^LN^IMG^Histogram^L||^IM^PNG^Base64^AAAA", profile=unfiled)
    assert (reading.unfiled, only(reading).place) == (("OBX[2]",), "OBX[1]")
    assert faults(HEAD, OBR, "OBX|1|ED|IMG^^LN||x", profile=unfiled) == ["OBX[1]-2"]


def test_a_message_is_of_results_has_an_id_is_patients_work_and_holds_a_result() -> None:
    assert faults(HEAD.replace("ORU^R01", "ORM^O01"), OBR, OBX) == ["MSH-9"]
    assert faults(HEAD.replace("|42|", "||"), OBR, OBX) == ["MSH-10"]
    assert faults(HEAD.replace("|P|", "|T|"), OBR, OBX) == ["MSH-11"]
    assert faults(HEAD, OBR) == ["OBX"]
    assert read(HEAD.replace("|P|", "|T|"), OBR, OBX, profile=Profile(processing=frozenset({"T"}))).control_id == "42"


def test_a_time_without_a_zone_is_on_the_senders_clock_if_that_is_known() -> None:
    head = HEAD.replace("20260105103000+0100", "20260105103000")
    assert faults(head, OBR, OBX) == ["MSH-7"]
    sent = read(head, OBR, OBX, profile=Profile(zone=UTC)).sent
    assert sent is not None
    assert sent.at == datetime(2026, 1, 5, 10, 30, tzinfo=UTC)


def test_a_time_that_is_exact_to_the_day_is_no_instant() -> None:
    observed = only(read(HEAD, OBR, f"{OBX}|||20260105")).observed
    assert isinstance(observed, Moment)
    assert (observed.at, observed.time.precision) == (None, Precision.DAY)
