"""A reading is filed whole, by exact matches, or waits with every reason that stands against it."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest

from aliquot.intake import filing, results
from aliquot.intake.fates import Cause, Reason
from aliquot.intake.filing import Bearer, Bench, Draft, Filing, OpenAnalysis, Quarantine, Run, Tube
from aliquot.intake.results import Identifier, Intent, Profile, Unreadable
from aliquot.lab import catalogue
from aliquot.terms.identity import Sex
from aliquot.terms.ids import Id
from aliquot.terms.quantities import Absent, Coded, Quantity, Text, Value
from aliquot.terms.states import Analysis
from aliquot.wire.hl7v2 import messages
from tests.intake import worlds

CATALOGUE = catalogue.parse(
    """
version = 1
devices = [{ device = "XN" }, { device = "COBAS" }]
mappings = [
  { device = "XN", code = "718-7", system = "LN", test = "HGB", ucum = "g/dL" },
  { device = "XN", code = "HB", system = "L", test = "HGB", ucum = "g/dL", written = ["gr%"] },
  { device = "XN", code = "777-3", system = "LN", test = "PLT", ucum = "10*9/L" },
  { device = "XN", code = "SARS", system = "L", test = "COV" },
  { device = "COBAS", code = "2951-2", system = "LN", test = "NA", ucum = "mmol/L" },
]

[[tests]]
code = "HGB"
loinc = "718-7"
names = { en = "Haemoglobin", fr = "Hémoglobine" }
section = "haematology"
specimen_type = "BLD"
tube = "EDTA"
method = "-"
ucum = "g/L"

[[tests]]
code = "PLT"
loinc = "777-3"
names = { en = "Platelets", fr = "Plaquettes" }
section = "haematology"
specimen_type = "BLD"
tube = "EDTA"
method = "-"
ucum = "10*9/L"

[[tests]]
code = "NA"
loinc = "2951-2"
names = { en = "Sodium", fr = "Sodium" }
section = "biochemistry"
specimen_type = "SER"
tube = "dry"
method = "-"
ucum = "mmol/L"

[[tests]]
code = "COV"
loinc = "94558-4"
names = { en = "SARS-CoV-2", fr = "SARS-CoV-2" }
section = "serology"
specimen_type = "SER"
tube = "dry"
method = "-"

[[tests.answers]]
system = "http://snomed.info/sct"
code = "260373001"
names = { en = "Detected", fr = "Détecté" }
flag = "A"
written = ["Detected", "POS"]

[[tests.answers]]
system = "http://snomed.info/sct"
code = "260415000"
names = { en = "Not detected", fr = "Non détecté" }
flag = "N"
written = ["Not detected", "NEG"]
"""
)
NOW = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
BENCH = Bench(CATALOGUE, "XN", timedelta(hours=4))
HEAD = r"MSH|^~\&|XN|LAB|LIS|HOSP|20260105103000+0100||ORU^R01^ORU_R01|42|P|2.5.1"
PID = "PID|1||777^^^HOSP^MR||||19800101|F"
SPM = "SPM|1|S1||BLD|||||||P"
HGB = "OBX|1|NM|718-7^^LN||13.20|g/dL|12-16|H|||F||||||Laser|XN-9|20260105102000+0100"
OWN = Identifier("777", "HOSP", "MR")


def open_(test: str, state: Analysis = Analysis.READY) -> OpenAnalysis:
    return OpenAnalysis(Id(test.encode()), test, state)


TUBE = Tube((open_("HGB"), open_("PLT"), open_("COV")))


def file(*lines: str, tube: Tube = TUBE, bench: Bench = BENCH) -> Filing | Quarantine:
    message = messages.parse("\r".join((HEAD, PID, "OBR|1||F1", *lines)).encode())
    return filing.file(results.read(message, Profile()), bench, {"S1": tube, "S2": TUBE}, NOW)


def held(*lines: str, tube: Tube = TUBE, bench: Bench = BENCH) -> list[tuple[str, str]]:
    found = file(*lines, tube=tube, bench=bench)
    assert isinstance(found, Quarantine)
    return [(reason.cause, reason.place) for reason in found.reasons]


def drafted(*lines: str, tube: Tube = TUBE) -> Draft:
    found = file(*lines, tube=tube)
    assert isinstance(found, Filing)
    ((draft,),) = [each.drafts for each in found.tubes]
    return draft


def answered(kind: str, written: str) -> Value:
    return drafted(f"OBX|1|{kind}|SARS^^L||{written}||||||F", SPM).value


def test_a_run_has_the_tests_unit_and_keeps_what_the_machine_wrote() -> None:
    draft = drafted(HGB, "NTE|1||lipaemic", SPM)
    assert draft == Draft(
        analysis=open_("HGB"),
        value=Quantity(Decimal("132.0"), "g/L"),
        run="XN 42 OBX[1]",
        intent=Intent.FINAL,
        instrument_flags=("H",),
        method="Laser",
        device="XN",
        equipment="XN-9",
        measured_at=datetime(2026, 1, 5, 9, 20, tzinfo=UTC),
        place="OBX[1]",
        written="13.20",
        written_unit="g/dL",
        status="F",
        reference="12-16",
        notes=("lipaemic",),
    )
    assert isinstance(draft.value, Quantity)
    assert str(draft.value.number) == "132.0"


def test_zero_is_filed_as_zero_and_blank_as_absent() -> None:
    assert drafted(HGB.replace("13.20", "0"), SPM).value == Quantity(Decimal("0"), "g/L")
    assert drafted(HGB.replace("13.20", ""), SPM).value == Absent("unknown")
    assert drafted(HGB.replace("|F|", "|X|"), SPM).value == Absent("not-performed")


def test_what_is_not_the_last_word_carries_a_flag_that_holds_it() -> None:
    assert drafted(HGB, SPM).instrument_flags == ("H",)
    for status, intent in [("P", Intent.PRELIMINARY), ("C", Intent.CORRECTED), ("X", Intent.UNOBTAINABLE)]:
        draft = drafted(HGB.replace("|F|", f"|{status}|"), SPM)
        assert (draft.intent, draft.instrument_flags) == (intent, ("H", f"OBX-11 {status}"))


def test_a_result_that_is_taken_back_or_has_no_status_needs_a_person() -> None:
    for status in ("D", "W", "U", ""):
        assert held(HGB.replace("|F|", f"|{status}|"), SPM) == [("UNCLEAR", "OBX[1]-11")]


THEN = Run("XN", datetime(2026, 1, 5, 9, 20, tzinfo=UTC), Quantity(Decimal("132"), "g/L"), ("H",))


@pytest.mark.parametrize("state", [Analysis.MEASURED, Analysis.TECH_VALIDATED, Analysis.RELEASED])
def test_the_same_measurement_told_again_is_filed_once_however_far_the_first_has_come(state: Analysis) -> None:
    tube = Tube((msgspec.structs.replace(open_("HGB", state), run=THEN),))
    assert file(HGB, SPM, tube=tube) == Filing((), (), (Reason(Cause.ALREADY_FILED, "OBX[1]"),))


@pytest.mark.parametrize(
    "other",
    [
        {"device": "COBAS"},
        {"measured_at": THEN.measured_at and THEN.measured_at + timedelta(minutes=1)},
        {"measured_at": None},
        {"value": Quantity(Decimal("131"), "g/L")},
        {"flags": ("H", "OBX-11 P")},
    ],
)
def test_another_analyser_time_value_or_flag_is_another_run(other: dict[str, object]) -> None:
    tube = Tube((msgspec.structs.replace(open_("HGB", Analysis.MEASURED), run=msgspec.structs.replace(THEN, **other)),))
    assert drafted(HGB, SPM, tube=tube).value == THEN.value


def test_a_measurement_without_a_time_is_never_the_same() -> None:
    run = msgspec.structs.replace(THEN, measured_at=None)
    tube = Tube((msgspec.structs.replace(open_("HGB", Analysis.MEASURED), run=run),))
    assert drafted(HGB.replace("20260105102000+0100", ""), SPM, tube=tube).measured_at is None


def test_what_is_new_in_a_message_is_filed_beside_what_is_known() -> None:
    known = msgspec.structs.replace(open_("HGB", Analysis.MEASURED), run=THEN)
    platelets = HGB.replace("OBX|1", "OBX|2").replace("718-7", "777-3").replace("13.20|g/dL", "250|10*9/L")
    found = file(HGB, platelets, SPM, tube=Tube((known, open_("PLT"))))
    assert isinstance(found, Filing)
    assert [draft.place for tube in found.tubes for draft in tube.drafts] == ["OBX[2]"]
    assert found.known == (Reason(Cause.ALREADY_FILED, "OBX[1]"),)


def test_what_reports_nothing_is_passed_by_name() -> None:
    assert file(HGB.replace("|F|", "|O|").replace("718-7", "UNMAPPED"), SPM) == Filing((), ("OBX[1]",))


def test_a_tube_is_known_by_its_exact_number_and_nothing_like_it() -> None:
    for spm in ("SPM|1|s1||BLD", "SPM|1|S1 ||BLD", "SPM|1|S10||BLD", "SPM|1|||BLD"):
        assert held(HGB, spm) == [("UNKNOWN_SPECIMEN", "SPM-2.1")]


def test_a_patients_number_in_the_place_of_a_tubes_is_named_as_such() -> None:
    assert held(HGB, "SPM|1|777||BLD") == [("PATIENT_ID_AS_SPECIMEN", "SPM-2.1")]


@pytest.mark.parametrize("role", ["Q", "C", "G", "L"])
def test_what_is_not_one_patients_tube_is_no_patients_result(role: str) -> None:
    assert held(HGB, SPM[:-1] + role) == [("QC_UNRECOGNISED", "SPM-11")]


def test_a_message_about_somebody_else_is_not_filed() -> None:
    bearer = Bearer(Sex.FEMALE, "45 y", date(2025, 12, 31))

    def places(bearer: Bearer, pid: str = PID) -> list[str]:
        lines = "\r".join((HEAD, pid, "OBR|1||F1", HGB, SPM)).encode()
        reading = results.read(messages.parse(lines), Profile())
        found = filing.file(reading, BENCH, {"S1": Tube(TUBE.analyses, bearer)}, NOW)
        if isinstance(found, Filing):
            return []
        assert {reason.cause for reason in found.reasons} == {Cause.PATIENT_MISMATCH}
        return [reason.place for reason in found.reasons]

    assert places(bearer) == []
    assert places(msgspec.structs.replace(bearer, asked_on=date(2026, 1, 1))) == ["PID-7"]
    assert places(msgspec.structs.replace(bearer, sex=Sex.MALE)) == ["PID-8"]
    assert places(bearer, PID.replace("19800101", "DOB")) == []
    assert places(bearer, PID.replace("19800101", "198OO101")) == ["PID-7"]
    assert places(bearer, PID.replace("19800101|F", "|")) == []
    assert places(msgspec.structs.replace(bearer, sex=Sex.OTHER)) == []
    assert places(msgspec.structs.replace(bearer, age="")) == []
    assert places(bearer, PID.replace("19800101", "20990101")) == ["PID-7"]


def test_a_code_is_one_that_this_device_was_mapped_for() -> None:
    for code in ("718-8^^LN", "718-7^^L", "HB^^LN", "hb^^L", "^Haemoglobin", "2951-2^^LN"):
        assert held(HGB.replace("718-7^^LN", code), SPM) == [("UNKNOWN_TEST", "OBX[1]-3")]
    for code in ("X^^L^718-7^^LN", "718-7^^LN^HB^^L"):
        assert drafted(HGB.replace("718-7^^LN", code), SPM).analysis.test == "HGB"
    assert held(HGB.replace("718-7^^LN", "718-7^^LN^777-3^^LN"), SPM) == [("AMBIGUOUS_COMPONENT", "OBX[1]-3")]


def test_a_unit_is_mapped_or_converts_exactly() -> None:
    for unit in ("gr%", "mmol/L", "g/mole", "G/L", "^mmol/L"):
        assert held(HGB.replace("g/dL", unit), SPM) == [("UNIT", "OBX[1]-6")]
    local = HGB.replace("718-7^^LN", "HB^^L")
    for unit in ("", "gr%", "g/dL", "^g/dL"):
        assert drafted(local.replace("g/dL", unit), SPM).value == Quantity(Decimal("132.0"), "g/L")
    assert held(local.replace("g/dL", "^mmol/L"), SPM) == [("UNIT", "OBX[1]-6")]
    assert drafted(local.replace("g/dL", "^gr%"), SPM).written_unit == "gr%"


def test_words_are_a_number_only_if_they_are_nothing_else() -> None:
    words = HGB.replace("|NM|", "|ST|")
    assert drafted(words.replace("13.20", "<5"), SPM).value == Quantity(Decimal(50), "g/L", "<")
    for written in ("about 5", "5 g", "1:128"):
        assert held(words.replace("13.20", written), SPM) == [("UNCLEAR", "OBX[1]-5")]
    # A ratio that reads like a number once its parts are put together is none.
    assert held(HGB.replace("|NM|", "|SN|").replace("13.20", ">^1^.^3"), SPM) == [("UNCLEAR", "OBX[1]-5")]
    assert held(HGB.replace("|NM|", "|DT|").replace("13.20", "2026"), SPM) == [("UNCLEAR", "OBX[1]-5")]


def test_an_answer_is_one_of_the_tests_answers() -> None:
    detected = ("http://snomed.info/sct", "260373001")
    for kind, written in [
        ("CWE", "260373001^Detected^SCT"),
        ("CWE", "260373001^^SCT"),
        ("CWE", "POS^Positif^L"),
        ("CWE", "^Detected"),
        ("CWE", "^^^^^^^^detected"),
        ("CWE", "LOCAL^x^L^260373001^y^SCT"),
        ("ST", "pos"),
    ]:
        value = answered(kind, written)
        assert isinstance(value, Coded)
        assert (value.system, value.code) == detected


def test_an_answer_keeps_the_text_of_the_senders_first_code() -> None:
    value = answered("CWE", "260373001^Detected^SCT^POS^Positive^L^^^Pos")
    assert isinstance(value, Coded)
    assert value.text == "Detected"


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        ("CWE", "10828004^Detected^SCT"),
        ("CWE", "260373001^Not detected^SCT"),
        ("CWE", "260373001^Detected^SCT^NEG^^L"),
        ("CWE", "260373001^Detected^SCT^260415000^^SCT"),
        ("CWE", "260373001^Detected^SCT^^^^^^Not detected"),
        ("CWE", "LOCAL^Detected^L"),
        ("CWE", "^maybe"),
        ("ST", "maybe"),
        ("NM", "260373001"),
    ],
)
def test_an_answer_that_is_not_listed_or_contradicts_itself_is_held(kind: str, written: str) -> None:
    assert held(f"OBX|1|{kind}|SARS^^L||{written}||||||F", SPM) == [("UNCLEAR", "OBX[1]-5")]


@pytest.mark.parametrize(
    ("state", "cause"),
    [
        (Analysis.REQUESTED, "UNKNOWN_SPECIMEN"),
        (Analysis.TECH_VALIDATED, "ALREADY_VALIDATED"),
        (Analysis.MED_VALIDATED, "ALREADY_VALIDATED"),
        (Analysis.RELEASED, "ALREADY_RELEASED"),
        (Analysis.CANCELLED, "NOT_ORDERED"),
        (Analysis.WITHDRAWN, "NOT_ORDERED"),
    ],
)
def test_a_result_needs_an_analysis_that_is_open(state: Analysis, cause: str) -> None:
    assert held(HGB, SPM, tube=Tube((open_("HGB", state),))) == [(cause, "OBX[1]")]
    both = Tube((open_("HGB", state), open_("HGB")))
    assert drafted(HGB, SPM, tube=both).analysis.state is Analysis.READY


def test_a_second_run_of_a_measured_analysis_names_the_first() -> None:
    before = OpenAnalysis(Id(b"order"), "HGB", Analysis.MEASURED, Id(b"first"), 3)
    assert drafted(HGB, SPM, tube=Tube((before,))).analysis == before


def test_what_nobody_asked_for_and_what_fits_two_places_waits() -> None:
    assert held(HGB, SPM, tube=Tube((open_("PLT"),))) == [("NOT_ORDERED", "OBX[1]")]
    assert held(HGB, SPM, tube=Tube((open_("HGB"), open_("HGB")))) == [("AMBIGUOUS_COMPONENT", "OBX[1]")]
    again = HGB.replace("718-7^^LN|", "718-7^^LN|2")
    assert held(HGB, again, SPM) == [("AMBIGUOUS_COMPONENT", "OBX[1]"), ("AMBIGUOUS_COMPONENT", "OBX[2]")]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("102000+0100", "070000+0100"), []),
        (("102000+0100", "065900+0100"), [("STALE", "OBX[1]-19")]),
        (("102000+0100", "111000+0100"), []),
        (("102000+0100", "111100+0100"), [("UNCLEAR", "OBX[1]-19")]),
        (("20260105102000+0100", "20260105"), [("STALE", "OBX[1]-19")]),
        (("||||||Laser|XN-9|20260105102000+0100", "|||20260104102000+0100"), [("STALE", "OBX[1]-14")]),
        (("||||||Laser|XN-9|20260105102000+0100", ""), []),
    ],
)
def test_a_result_was_measured_within_the_time_that_the_bench_allows(
    change: tuple[str, str], expected: list[tuple[str, str]]
) -> None:
    found = file(HGB.replace(*change), SPM)
    assert [(each.cause, each.place) for each in getattr(found, "reasons", ())] == expected


def test_without_any_time_the_message_is_not_known_to_be_fresh() -> None:
    untimed = HGB.replace("||||||Laser|XN-9|20260105102000+0100", "")
    for sent in ("20260105065900+0100", "20260105", ""):
        raw = "\r".join((HEAD.replace("20260105103000+0100", sent), "OBR|1||F1", untimed, SPM)).encode()
        found = filing.file(results.read(messages.parse(raw), Profile()), BENCH, {"S1": TUBE}, NOW)
        assert found == Quarantine((Reason(Cause.STALE, "MSH-7"),))


def test_one_unclear_observation_holds_the_whole_message_with_every_reason() -> None:
    lines = (HGB, HGB.replace("718-7", "1-8"), HGB.replace("718-7", "777-3"), SPM)
    assert held(*lines, "OBR|2||F2", HGB, "SPM|2|S9||BLD") == [
        ("UNKNOWN_TEST", "OBX[2]-3"),
        ("UNIT", "OBX[3]-6"),
        ("UNKNOWN_SPECIMEN", "SPM-2.1"),
    ]


def test_one_tube_named_in_two_places_is_one_tube() -> None:
    by_order = ("OBR|2||S1", HGB)
    assert held(HGB, SPM, *by_order) == [("AMBIGUOUS_COMPONENT", "OBX[1]"), ("AMBIGUOUS_COMPONENT", "OBX[2]")]
    found = file(HGB, SPM, by_order[0], "OBX|1|NM|777-3^^LN||210|G/L|||||F")
    assert isinstance(found, Filing)
    assert [(each.accession, len(each.drafts)) for each in found.tubes] == [("S1", 2)]


def test_a_reason_that_holds_for_two_tubes_is_named_once() -> None:
    assert held(HGB, "SPM|1|S8||BLD", "OBR|2||F2", HGB, "SPM|2|S9||BLD") == [("UNKNOWN_SPECIMEN", "SPM-2.1")]


def test_the_runs_of_a_message_are_filed_tube_by_tube() -> None:
    found = file(HGB, SPM, "OBR|2||F2", HGB, "SPM|2|S2||BLD")
    assert isinstance(found, Filing)
    assert [(each.accession, [draft.place for draft in each.drafts]) for each in found.tubes] == [
        ("S1", ["OBX[1]"]),
        ("S2", ["OBX[2]"]),
    ]


def test_every_message_of_the_folder_that_can_be_filed_is_filed_with_the_values_it_has() -> None:
    causes: dict[str, str] = {}
    counted = {"filed": 0, "named by a person": 0, "runs": 0, "nothing to file": 0}
    for name, raw, message in worlds.reports():
        profile = msgspec.structs.replace(worlds.profile(name), unfiled=worlds.beyond(message))
        try:
            reading = results.read(message, profile)
        except Unreadable as refusal:
            causes[name] = f"unread {refusal.place}"
            continue
        found, how = _filed(reading)
        if isinstance(found, Quarantine):
            causes[name] = f"{found.reasons[0].cause} {found.reasons[0].place}"
        elif not found.tubes:
            counted["nothing to file"] += 1
        else:
            counted[how] += 1
            counted["runs"] += _compare(found, raw)
    assert counted == {"filed": 57, "named by a person": 4, "runs": 372, "nothing to file": 8}
    assert {name: cause for name, cause in causes.items() if cause != "unread OBX"} == {
        # The sender writes the patient's own number where the tube's belongs.
        "cdc-dex/BDB_LAB_17.txt": "PATIENT_ID_AS_SPECIMEN OBR-3",
        # No control id.
        "cdc-dex/PHLIP_FLU_2.5.1_NO_MSH10.txt": "unread MSH-10",
        # No code at all.
        "cdc-mapping-inventory/ei/EI-to-Device-UDI-Carrier.hl7": "UNKNOWN_TEST OBX[1]-3",
        "cdc-mapping-inventory/nte/annotation_author_string_resource_test_file.hl7": "UNKNOWN_TEST OBX[1]-3",
        "cdc-mapping-inventory/prt/prt-to-device.hl7": "UNKNOWN_TEST OBX[1]-3",
        # No status, or one that takes the result back.
        "cdc-mapping-inventory/obx/OBX-to-Observation-cwe-value.hl7": "UNCLEAR OBX[1]-11",
        "cdc-mapping-inventory/obx/OBX-to-Observation-nm-value.hl7": "UNCLEAR OBX[1]-11",
        "cdc-mapping-inventory/obx/OBX-to-Observation-obx25-obx24-not-valued.hl7": "UNCLEAR OBX[1]-11",
        "cdc-mapping-inventory/obx/OBX-to-Observation-sn-as-quantity-value.hl7": "UNCLEAR OBX[1]-11",
        "cdc-reportstream/sample_CO_20240403.hl7": "UNCLEAR OBX[1]-11",
        "cdc-reportstream/sample_SR_ENTEREDINERROR_20240904-0001.hl7": "UNCLEAR OBX[1]-11",
        # A quotation mark and a minus sign where a comparator belongs.
        "cdc-mapping-inventory/obx/OBX-to-Observation-sn-as-ratio-value-colon.hl7": "unread OBX[1]-5",
        "cdc-mapping-inventory/obx/OBX-to-Observation-sn-as-string-value.hl7": "unread OBX[1]-5",
        # A word for a time.
        "cdc-reportstream/ORU_deidentified.hl7": "unread OBR-7",
        # The 29th of February 2017.
        "cdc-trusted-intermediary/002_NewSTEPs_ORU_R01.hl7": "unread OBX[2]-14",
        # An image without a code, so that no agreement can leave it out.
        "ms-fhir-converter/ORU-R01-01.hl7": "unread OBX[2]-2",
        "ms-fhir-converter/OUL-R22-01.hl7": "unread OBX[3]-2",
    }


def _filed(reading: results.Reading) -> tuple[Filing | Quarantine, str]:
    """Filed as it came; if only the tube's number is missing, once more as a person who knows the tube would."""
    world = worlds.world(reading)
    found = filing.file(reading, world.bench, world.tubes, world.now)
    if not isinstance(found, Quarantine) or {each.cause for each in found.reasons} != {Cause.UNKNOWN_SPECIMEN}:
        return found, "filed"
    named = tuple(msgspec.structs.replace(each, accession=each.accession or "T1") for each in reading.reports)
    reading = msgspec.structs.replace(reading, reports=named)
    world = worlds.world(reading)
    return filing.file(reading, world.bench, world.tubes, world.now), "named by a person"


def _compare(found: Filing, raw: bytes) -> int:
    theirs = [segment for segment in worlds.theirs(raw) if str(segment[0]) == "OBX"]
    drafts = [draft for each in found.tubes for draft in each.drafts]
    for draft in drafts:
        obx = theirs[int(re.sub(r"\D", "", draft.place)) - 1]
        code, _, system = [*worlds.field(obx, 3).split("^"), "", ""][:3]
        written = worlds.field(obx, 5)
        assert draft.analysis.test in (f"{code} {system}", " ".join(worlds.field(obx, 3).split("^")[3:6:2]))
        assert (draft.written, draft.status) == (written, worlds.field(obx, 11))
        assert draft.written_unit == worlds.field(obx, 6).split("^")[0]
        match draft.value:
            case Quantity(number, _, comparator):
                assert (comparator, number) == worlds.number(written)
            case Coded(_, answer, text):
                assert answer in (written.split("^")[0], "said")
                parts = [part.strip() for part in written.replace("\\T\\", "&").split("^")]
                assert text in (*parts, "".join(parts))
            case Absent(_):
                assert written in ("", '""') or draft.status == "X"
            case Text(_):
                raise AssertionError("no test of this laboratory is answered in free text")
    return len(drafts)
