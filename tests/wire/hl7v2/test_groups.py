"""Each result is found with its order, its tube and its patient."""

from aliquot.wire.hl7v2 import groups, messages
from aliquot.wire.hl7v2.groups import Observation, Patient
from aliquot.wire.hl7v2.messages import Segment
from tests.wire.hl7v2 import samples


def read(kind: str, *lines: str) -> tuple[Patient, ...]:
    return groups.patients(messages.parse("\r".join((rf"MSH|^~\&|A|B|C|D|2026||{kind}|1|P|2.5.1", *lines)).encode()))


def named(*segments: Segment | None) -> list[str]:
    return [f"{segment.name}{segment[1].text}" for segment in segments if segment]


def results(observations: list[Observation]) -> list[list[str]]:
    return [named(found.obx, *found.notes) for found in observations]


def everything(patient: Patient) -> list[Segment]:
    found = [patient.pid, *patient.notes, *patient.others]
    observations = [*patient.observations]
    specimens = {id(specimen): specimen for specimen in patient.specimens}
    for order in patient.orders:
        found += [order.orc, order.obr, *order.notes, *order.others]
        observations += order.observations
        specimens |= {id(specimen): specimen for specimen in order.specimens}
    for specimen in specimens.values():
        found += [specimen.spm, *specimen.notes, *specimen.others]
        observations += specimen.observations
    for observation in observations:
        found += [observation.obx, *observation.notes]
    return [segment for segment in found if segment]


def test_results_stand_under_their_order_and_notes_under_what_they_follow() -> None:
    (patient,) = read(
        "ORU^R01^ORU_R01",
        *("SFT|1", "PID|1", "NTE|p", "PV1|1", "ORC|a", "OBR|a", "NTE|o", "TQ1|1"),
        *("OBX|1", "NTE|1a", "NTE|1b", "OBX|2", "SPM|s", "NTE|t", "OBX|3", "OBR|b", "OBX|4"),
    )
    first, second = patient.orders
    assert named(patient.pid, *patient.notes, *patient.others) == ["PID1", "NTEp", "SFT1", "PV11"]
    assert named(first.orc, first.obr, *first.notes, *first.others) == ["ORCa", "OBRa", "NTEo", "TQ11"]
    assert results(first.observations) == [["OBX1", "NTE1a", "NTE1b"], ["OBX2"]]
    (tube,) = first.specimens
    assert (named(tube.spm, *tube.notes), results(tube.observations)) == (["SPMs", "NTEt"], [["OBX3"]])
    assert (named(second.orc, second.obr), results(second.observations)) == (["OBRb"], [["OBX4"]])
    assert second.specimens == []


def test_in_a_specimen_oriented_message_the_orders_follow_their_tube() -> None:
    (patient,) = read(
        "OUL^R22^OUL_R22",
        *("PID|1", "SPM|s", "OBX|v", "SAC|s", "OBR|a", "ORC|a", "OBX|1", "OBR|b", "ORC|b", "OBX|2"),
        *("SPM|t", "OBR|c", "OBX|3"),
    )
    assert [named(order.orc, order.obr, *(tube.spm for tube in order.specimens)) for order in patient.orders] == [
        ["ORCa", "OBRa", "SPMs"],
        ["ORCb", "OBRb", "SPMs"],
        ["OBRc", "SPMt"],
    ]
    assert [results(order.observations) for order in patient.orders] == [[["OBX1"]], [["OBX2"]], [["OBX3"]]]
    assert results(patient.specimens[0].observations) == [["OBXv"]]
    assert named(*patient.specimens[0].others) == ["SACs"]


def test_two_patients_of_one_message_stay_apart() -> None:
    one, two = read("ORU^R01", "PID|1", "OBR|a", "OBX|1", "PID|2", "NTE|p", "OBR|b", "OBX|2")
    assert [named(patient.pid, patient.orders[0].obr) for patient in (one, two)] == [["PID1", "OBRa"], ["PID2", "OBRb"]]
    assert (named(*two.notes), results(two.orders[0].observations)) == (["NTEp"], [["OBX2"]])


def test_results_without_a_patient_or_an_order_are_kept() -> None:
    (patient,) = read("ORU^R01", "OBX|1", "NTE|x")
    assert (patient.pid, patient.orders, results(patient.observations)) == (None, [], [["OBX1", "NTEx"]])
    assert read("ORU^R01") == ()


def test_a_result_before_the_first_patient_is_not_given_to_that_patient() -> None:
    loose, patient = read("ORU^R01", "OBX|1", "PID|1")
    assert (results(loose.observations), named(patient.pid)) == ([["OBX1"]], ["PID1"])


def test_every_segment_of_the_data_folder_is_in_exactly_one_place() -> None:
    for name, raw in samples.messages():
        message = messages.parse(raw)
        placed = [segment for patient in groups.patients(message) for segment in everything(patient)]
        assert sorted(map(id, placed)) == sorted(map(id, message.segments[1:])), name
