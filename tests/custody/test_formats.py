"""The formats that custody writes for itself, held to vectors that any other language could run."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from aliquot.custody import subjects
from aliquot.custody.keyjournal import KeyJournal
from aliquot.custody.subjects import Subject
from aliquot.custody.unlocked import Box
from aliquot.terms.errors import Broken
from aliquot.terms.ids import Id, Org
from aliquot.vault import keys, wrapping
from aliquot.vault.keys import LabKek, LabLabel, LabSecret, PatientKey
from aliquot.vault.record import Sealer
from aliquot.vault.wrapping import WrappedKey
from tests.custody import staff

VECTORS = Path(__file__).parents[1] / "vectors" / "custody"
BOXES = json.loads((VECTORS / "box.json").read_text())
JOURNAL = json.loads((VECTORS / "key-journal.json").read_text())
HEAD = b"aliquot/key-journal/v1\n"


def box(vector: dict[str, str]) -> Box:
    """The box of a vector's laboratory."""
    return Box(_key(vector))


def _key(vector: dict[str, str]) -> keys.DerivedKey:
    return keys.derive(LabSecret(bytes.fromhex(vector["secret"])), Org(bytes.fromhex(vector["lab"])), LabLabel.CONFIG)


@pytest.mark.parametrize("vector", BOXES, ids=[each["label"] for each in BOXES])
def test_a_box_opens_as_written_down_and_under_no_other_label(vector: dict[str, str]) -> None:
    sealed = bytes.fromhex(vector["box"])
    assert box(vector).open(vector["label"], sealed) == bytes.fromhex(vector["plain"])
    with pytest.raises(Broken):
        box(vector).open(vector["label"] + "x", sealed)


@pytest.mark.parametrize("vector", BOXES, ids=[each["label"] for each in BOXES])
def test_a_box_is_sealed_in_the_layout_that_is_written_down(vector: dict[str, str]) -> None:
    sealed = box(vector).seal(vector["label"], bytes.fromhex(vector["plain"]))
    opened = AESGCM(_key(vector).reveal()).decrypt(sealed[1:13], sealed[13:], vector["label"].encode())
    assert (sealed[:1], opened) == (b"\x01", bytes.fromhex(vector["plain"]))


@pytest.mark.parametrize("at", [0, 1, 12, 13, -1])
def test_a_box_with_one_flipped_bit_does_not_open(at: int) -> None:
    flipped = bytearray(bytes.fromhex(BOXES[0]["box"]))
    flipped[at] ^= 1
    with pytest.raises(Broken):
        box(BOXES[0]).open(BOXES[0]["label"], bytes(flipped))


def test_the_key_journal_is_written_as_it_is_written_down(tmp_path: Path) -> None:
    path, whole = tmp_path / "keys", bytes.fromhex(JOURNAL["journal"])
    journal = KeyJournal(path)
    for number, record in enumerate(JOURNAL["records"]):
        raw = whole[len(HEAD) + 85 * number : len(HEAD) + 85 * (number + 1)]
        journal.add(Id(bytes.fromhex(record["subject"])), record["n"], record["epoch"], raw[24:])
    journal.settle()
    assert path.read_bytes() == whole


def test_the_keys_of_the_journal_unwrap() -> None:
    whole, lab = bytes.fromhex(JOURNAL["journal"]), Org(bytes.fromhex(JOURNAL["lab"]))
    for number, record in enumerate(JOURNAL["records"]):
        raw = whole[len(HEAD) + 85 * number :][:85]
        binding = wrapping.Binding(
            lab, Id(raw[:16]), int.from_bytes(raw[16:20], "big"), int.from_bytes(raw[20:24], "big")
        )
        key = wrapping.unwrap(LabKek(bytes.fromhex(JOURNAL["kek"])), WrappedKey(raw[24:]), binding)
        assert key.reveal().hex() == record["key"]


ASIDE = json.loads((VECTORS / "aside.json").read_text())


def _subject(vector: dict[str, str]) -> Subject:
    key = PatientKey(bytes.fromhex(vector["patient_key"]))
    return Subject(Id(b"p" * 16), Org(b"labo"), subjects.KNOWN, 0, Sealer(key, 1), subjects.Card("00"))


@pytest.mark.parametrize("vector", ASIDE, ids=[each["label"] for each in ASIDE])
def test_what_is_forgotten_with_a_patient_is_sealed_as_written_down(vector: dict[str, str], tmp_path: Path) -> None:
    subject, unlocked = _subject(vector), staff.house(tmp_path).unlocked
    assert subject.sealer.aside().reveal().hex() == vector["derived"]
    assert subjects.unseal(unlocked, subject, vector["label"], bytes.fromhex(vector["box"])).hex() == vector["plain"]
    sealed = subjects.seal(subject, vector["label"], bytes.fromhex(vector["plain"]))
    assert sealed[:2] == b"\x02\x01"
    assert subjects.unseal(unlocked, subject, vector["label"], sealed).hex() == vector["plain"]
    with pytest.raises(Broken):
        subjects.unseal(unlocked, subject, vector["label"] + "x", sealed)
    with pytest.raises(Broken):
        subjects.unseal(unlocked, _subject({"patient_key": "00" * 32}), vector["label"], sealed)


def test_what_was_typed_before_format_2_opens_under_the_laboratory(tmp_path: Path) -> None:
    unlocked = staff.house(tmp_path).unlocked
    subject = replace(_subject(ASIDE[0]), org=staff.LAB)
    before = unlocked.box(staff.LAB).seal("reason", b"typed long ago")
    assert subjects.unseal(unlocked, subject, "reason", before) == b"typed long ago"
