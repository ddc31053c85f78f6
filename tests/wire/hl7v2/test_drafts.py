"""What we write can be read, and what we read can be written again."""

import pytest

from aliquot.terms.errors import Unclear
from aliquot.wire.hl7v2 import drafts, messages
from aliquot.wire.hl7v2.encodings import Encoding
from aliquot.wire.hl7v2.messages import Element, Message, Presence, Segment
from tests.wire.hl7v2 import samples


def drafted(segment: Segment) -> drafts.Draft:
    first = 3 if segment.name == "MSH" else 1
    return segment.name, {number: field(segment[number]) for number in range(first, len(segment) + 1)}


def field(element: Element) -> drafts.Field:
    return [tuple(tuple(leaf(sub) for sub in component) or "" for component in part) or "" for part in element] or ""


def leaf(element: Element) -> drafts.Leaf:
    return drafts.NULL if element.presence is Presence.NULL else element.text


def texts(message: Message) -> list[list[object]]:
    first = [3] + [1] * (len(message.segments) - 1)
    return [
        [segment.name, *(field(segment[number]) for number in range(start, len(segment) + 1))]
        for start, segment in zip(first, message.segments, strict=True)
    ]


def test_a_result_is_written_by_the_standards_addresses() -> None:
    raw = drafts.message(
        [
            ("MSH", {3: "XN", 9: ("ORU", "R01", "ORU_R01"), 10: "42"}),
            ("PID", {3: [("1", "", "", ("LAB", "1.2")), "9"], 5: ("O|Hara", "J^")}),
            ("OBX", {2: "NM", 5: drafts.NULL, 8: '""'}),
        ]
    )
    assert raw.decode().split("\r") == [
        r"MSH|^~\&|XN||||||ORU^R01^ORU_R01|42",
        r"PID|||1^^^LAB&1.2~9||O\F\Hara^J\S\ ".strip(),
        r'OBX||NM|||""|||\X2222\ '.strip(),
        "",
    ]


def test_every_message_of_the_data_folder_keeps_its_content_when_written_again() -> None:
    count = 0
    for name, raw in samples.messages():
        message = messages.parse(raw)
        again = messages.parse(drafts.message([drafted(segment) for segment in message.segments], message.encoding))
        assert texts(again) == texts(message), name
        assert again.encoding.characters == message.encoding.characters
        count += 1
    assert count == 301


def test_a_character_that_the_character_set_lacks_is_refused_and_not_replaced() -> None:
    with pytest.raises(Unclear, match="MSH-18"):
        drafts.message([("NTE", {3: "€"})], Encoding(codec="iso8859-1"))


def test_parts_that_have_no_separator_are_refused() -> None:
    with pytest.raises(Unclear, match="MSH-2"):
        drafts.message([("PID", {3: (("a", "b"),)})], Encoding(escape="", subcomponent=""))
