"""The integrator sees how a message is built, and nobody's name or value."""

from aliquot.wire.hl7v2 import masks, messages
from tests.wire.hl7v2 import samples

PLANTED = (
    "Zebrowski", "Ottoline", "19430217", "0612345678", "Rue-du-Lac", "positive++", "17.35", "haemolytic", "Kindred",
    "secret-Z", "ACC-99871", "MSG-5512", "Prescriber", "20260704081233", "POL-7719", "diagnosed",
)  # fmt: skip
LINES = (
    r"MSH|^~\&|XN|LAB|LIS|HOSP|20260704081233||ORU^R01^ORU_R01|MSG-5512|P|2.5.1||||||8859/1",
    "PID|1||ACC-99871^^^LAB||Zebrowski^Ottoline||19430217|F|||Rue-du-Lac^^Lyon||0612345678",
    "NK1|1|Kindred^Zebrowski|SPO||0612345678",
    "GT1|1||Kindred",
    "IN1|1|POL-7719",
    "PV1|1|O|||||Prescriber",
    "ORC|RE|ACC-99871|ACC-99871||CM||||20260704081233|Prescriber",
    "OBR|1|ACC-99871|ACC-99871|CBC^Blood count^L|||20260704081233|||||||||Prescriber||||||||H|F",
    r'OBX|1|NM|718-7^Hemoglobin^LN||17.35~positive++|g/dL|12-16|H|""||F|||20260704081233',
    r"OBX|2|FT|X||haemolytic\T\diagnosed",
    "NTE|1||Zebrowski is haemolytic",
    "DG1|1||diagnosed",
    "SPM|1|ACC-99871|| BLD^Blood",
    "ZZZ|secret-Z|718-7",
)


def masked() -> tuple[masks.Masked, ...]:
    return masks.segments(messages.parse("\r".join(LINES).encode()))


def test_nothing_that_was_planted_is_in_the_view() -> None:
    written = "\r".join(LINES)
    shown = "\r".join("|".join(segment.fields) for segment in masked())
    assert [planted for planted in PLANTED if planted not in written] == []
    assert [planted for planted in PLANTED if planted in shown] == []


def test_structure_and_codes_are_in_the_view_and_values_are_shapes() -> None:
    view = {segment.name: segment.fields for segment in reversed(masked())}
    assert [segment.name for segment in masked()] == [line[:3] for line in LINES]
    assert view["MSH"][9] == "ORU^R01^ORU_R01"
    assert view["OBR"][4] == "CBC^Blood count^L"
    assert [view["OBX"][number] for number in (2, 3, 6, 8, 11)] == ["NM", "718-7^Hemoglobin^LN", "g/dL", "H", "F"]
    assert (view["OBX"][5], view["OBX"][7], view["OBX"][9]) == ("99.99~aaaaaaaa**", "99*99", '""')
    assert (view["PID"][5], view["PID"][7], view["PID"][8]) == ("Aaaaaaaaa^Aaaaaaaa", "99999999", "A")
    assert view["ZZZ"][1:] == ("aaaaaa*A", "999*9")


def test_signs_and_letters_of_any_script_are_shapes() -> None:
    assert masks.shape("Ünal-Ж 王 ٣+") == "Aaaa*A a 9*"


def test_the_identity_of_every_message_of_the_data_folder_is_shapes() -> None:
    for name, raw in samples.messages():
        message = messages.parse(raw)
        for segment, view in zip(message.segments, masks.segments(message), strict=True):
            assert len(view.fields) == len(segment.fields)
            if segment.name in ("PID", "NK1", "GT1", "IN1", "MRG", "PD1"):
                assert not set("".join(view.fields[1:])) - set('Aa9*^~\\& .,:/"'), name
