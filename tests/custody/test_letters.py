"""Letters: only the worker opens them, only what a listener signed, and none is taken away unseen."""

from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from aliquot.cli.scratch import World
from aliquot.custody.client import Client
from aliquot.custody.denial import Denial
from aliquot.custody.doctor_protocol import AskLetters, LettersTold
from aliquot.custody.protocol import Letter, LetterOpened, LettersOpened, OpenLetters
from aliquot.intake import seat
from aliquot.intake.seat import Seat
from aliquot.terms.ids import Id
from aliquot.vault import letterbox
from tests.custody.speaker import Speaker, notices, person, worker
from tests.plan import NORD, SUD

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.fixture
def seated(small_lab: World) -> Seat:
    """The listener, and an analyser that is enrolled at NORD."""
    small_lab.custodian.custodian.store.db.execute(
        "INSERT INTO device (id, org, name, site) VALUES (?, ?, 'ANALYSER-1', 'nord')", (NORD + bytes(12), NORD)
    )
    return seat.read(small_lab.installation.listen)


def letter(seated: Seat, number: int, body: bytes = b"MSH|", peer: str = "ANALYSER-1") -> Letter:
    envelope = letterbox.Envelope(seated.listener, number, AT, peer)
    signed = letterbox.sign(seated.key, envelope, letterbox.seal(seated.slot, envelope, body))
    return Letter(seated.listener, number, AT, peer, signed.sealed, signed.signature)


def read(speaker: Speaker, *letters: Letter) -> tuple[LetterOpened, ...]:
    return speaker.line.ask(OpenLetters(speaker.ticket, letters), LettersOpened).letters


def test_a_letter_says_what_came_and_from_whom(small_lab: World, seated: Seat) -> None:
    (opened,) = read(worker(small_lab, NORD), letter(seated, 1, b"a message"))
    assert (opened.error, opened.org, opened.name, opened.site, opened.body) == (
        *("", NORD, "ANALYSER-1", "nord"),
        b"a message",
    )


def test_a_resend_has_the_same_digest_and_another_message_another(small_lab: World, seated: Seat) -> None:
    letters = [letter(seated, n, body) for n, body in ((1, b"one"), (2, b"one"), (3, b"two"))]
    first, again, other = read(worker(small_lab, NORD), *letters)
    assert first.digest == again.digest != other.digest


def test_people_open_no_letters(small_lab: World, seated: Seat) -> None:
    with pytest.raises(Denial) as refused:
        read(person(small_lab, "integrator@nord"), letter(seated, 1))
    assert refused.value.code == "forbidden"


def test_what_the_listener_did_not_sign_is_not_opened_and_rings(small_lab: World, seated: Seat) -> None:
    good = letter(seated, 1)
    stranger = letter(Seat(seated.listener, Ed25519PrivateKey.generate(), seated.slot), 1)
    renumbered = Letter(good.listener, 2, good.received_at, good.peer, good.sealed, good.signature)
    renamed = Letter(good.listener, 1, good.received_at, "ANALYSER-2", good.sealed, good.signature)
    nobody = letter(Seat(Id(NORD + b"\7" * 12), seated.key, seated.slot), 1)
    opened = read(worker(small_lab, NORD), stranger, renumbered, renamed, nobody)
    assert [one.error for one in opened] == ["forged", "forged", "forged", "unknown-listener"]
    assert not any(one.body for one in opened)
    assert notices(small_lab) == ["letter-forged"] * 3 + ["letter-unknown-listener"]


def test_a_number_that_is_missing_rings_and_one_that_does_not_open_is_not_missing(
    small_lab: World, seated: Seat
) -> None:
    filing = worker(small_lab, NORD)
    first = letter(seated, 1)
    read(filing, first, letter(seated, 2, peer="ANALYSER-9"), letter(seated, 3))
    assert notices(small_lab) == ["letter-unknown-device"]
    read(filing, letter(seated, 6))
    assert notices(small_lab) == ["letter-unknown-device", "letter-missing"]
    read(filing, first)
    assert len(notices(small_lab)) == 2


def test_a_letterbox_that_counts_anew_rings_once_and_its_letters_are_read(small_lab: World, seated: Seat) -> None:
    filing = worker(small_lab, NORD)
    old = [letter(seated, n) for n in (1, 2, 3)]
    read(filing, *old)
    read(filing, *old)
    assert notices(small_lab) == []
    anew = read(filing, letter(seated, 1, b"another"), letter(seated, 2, b"one more"))
    assert [one.body for one in anew] == [b"another", b"one more"]
    assert notices(small_lab) == ["letter-renumbered"]
    read(filing, letter(seated, 3, b"still another"), letter(seated, 4))
    assert notices(small_lab) == ["letter-renumbered"]
    read(filing, letter(seated, 6))
    assert notices(small_lab) == ["letter-renumbered", "letter-missing"]


def test_a_letter_that_comes_late_is_no_letterbox_made_anew(small_lab: World, seated: Seat) -> None:
    filing = worker(small_lab, NORD)
    read(filing, letter(seated, 2))
    read(filing, letter(seated, 1))
    read(filing, letter(seated, 3))
    assert notices(small_lab) == ["letter-missing"]


def test_the_doctor_learns_of_names_numbers_and_alarms_and_no_other_process_does(
    small_lab: World, seated: Seat
) -> None:
    asked = AskLetters(seated.listener, ("ANALYSER-1", "ANALYSER-9"))
    doctor = Client(small_lab.installation.custody.socket, "cli")
    assert doctor.ask(asked, LettersTold) == LettersTold(1, ("ANALYSER-9",), ())
    read(worker(small_lab, NORD), letter(seated, 3))
    told = doctor.ask(asked, LettersTold)
    assert (told.next, [(one.kind, one.count, one.since) for one in told.rung]) == (
        4,
        [("letter-missing", 1, small_lab.clock())],
    )
    small_lab.custodian.custodian.store.db.execute("UPDATE notice SET seen = 1")
    assert doctor.ask(asked, LettersTold).rung == ()
    doctor.close()
    pages = Client(small_lab.installation.custody.socket, "web")
    with pytest.raises(Denial) as refused:
        pages.ask(asked, LettersTold)
    assert refused.value.code == "forbidden"
    pages.close()


def test_a_listener_or_worker_of_one_laboratory_speaks_for_no_other(small_lab: World, seated: Seat) -> None:
    filing = worker(small_lab, NORD)
    db = small_lab.custodian.custodian.store.db
    for table in ("listener", "service"):
        db.execute(f"UPDATE {table} SET org = ?", (SUD,))
        (opened,) = read(filing, letter(seated, 1))
        assert (opened.error, opened.body) == ("unknown-device", b"")
        db.execute(f"UPDATE {table} SET org = x'00000000'")
    assert db.execute("SELECT count(*) FROM letter").fetchone() == (0,)


def test_a_letter_without_a_time_zone_is_malformed(small_lab: World, seated: Seat) -> None:
    filing = worker(small_lab, NORD)
    good = letter(seated, 1)
    naive = Letter(good.listener, 1, AT.replace(tzinfo=None), good.peer, good.sealed, good.signature)
    with pytest.raises(Denial) as refused:
        read(filing, naive)
    assert refused.value.code == "malformed"
    with pytest.raises(Denial) as refused:
        read(filing, *[good] * 501)
    assert refused.value.code == "too-many"
