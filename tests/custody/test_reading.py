"""What an act may open: its kinds, its patient, its requisition, and only what was kept at this place."""

from datetime import timedelta

import pytest

from aliquot.cli.scratch import World
from aliquot.custody.denial import Denial
from aliquot.custody.frames import Row
from aliquot.custody.portions import PORTIONS
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Kind
from tests.custody.speaker import Speaker, altered, identity, notices, observation, person, row
from tests.plan import NORD, SUD

_MOMENT = timedelta(milliseconds=1)


@pytest.fixture
def secretary(small_lab: World) -> Speaker:
    return person(small_lab, "secretary@nord")


@pytest.fixture
def technician(small_lab: World) -> Speaker:
    return person(small_lab, "technician@nord")


@pytest.fixture
def bench(secretary: Speaker) -> tuple[Id, Id]:
    """A patient with open work."""
    patient, _ = secretary.register()
    return patient, secretary.order(patient)[0]


@pytest.fixture
def versions(technician: Speaker, bench: tuple[Id, Id]) -> list[Row]:
    """Two kept versions of one result."""
    known = technician.id()
    return [technician.result(*bench, observation(known, bench[1], n, b'{"n":%d}' % n)) for n in (1, 2)]


def grant(speaker: Speaker, bench: tuple[Id, Id], name: str = "ListBench") -> bytes:
    return speaker.granted(speaker.act(name, bench[0], "TREAT", bench[1])).grant


def alarms(lab: World) -> int:
    return notices(lab).count("record-altered")


def test_the_latest_version_opens_and_says_what_was_written(
    technician: Speaker, bench: tuple[Id, Id], versions: list[Row]
) -> None:
    (content,) = technician.open(grant(technician, bench), versions[1]).contents
    assert (content.state, content.body) == ("open", b'{"n":2}')


def test_an_older_version_opens_only_as_history_and_else_rings(
    small_lab: World, technician: Speaker, bench: tuple[Id, Id], versions: list[Row]
) -> None:
    given = grant(technician, bench, "ValidateTechnically")
    assert technician.state(given, versions[0], history=True) == "open"
    assert alarms(small_lab) == 0
    assert technician.state(given, versions[0]) == "broken"
    assert alarms(small_lab) == 1


def test_a_version_that_gave_way_after_the_act_was_entered_is_still_read(
    small_lab: World, technician: Speaker, bench: tuple[Id, Id], versions: list[Row]
) -> None:
    given = grant(technician, bench)
    small_lab.clock.pass_(_MOMENT)
    technician.result(*bench, observation(versions[0].id, bench[1], 3))
    assert technician.state(given, versions[1]) == "open"
    assert technician.state(given, versions[0]) == "broken"
    assert technician.state(grant(technician, bench), versions[1]) == "broken"


@pytest.mark.parametrize(
    "changed",
    [
        {"sealed": b""},
        {"state": "released"},
        {"parents": ()},
        {"parents": (b"torn",)},
        {"version": 3},
        {"version": 0},
        {"version": -1},
        {"version": 2**63},
        {"schema": 2},
        {"schema": -1},
        {"schema": 2**16},
        {"id": NORD + bytes(12)},
        {"id": b"short"},
    ],
)
def test_a_row_that_was_altered_in_storage_is_broken_and_rings(
    small_lab: World, technician: Speaker, bench: tuple[Id, Id], versions: list[Row], changed: dict[str, object]
) -> None:
    assert technician.state(grant(technician, bench), altered(versions[1], **changed)) == "broken"
    assert alarms(small_lab) == 1


def test_a_flipped_bit_and_swapped_rows_are_broken(
    technician: Speaker, bench: tuple[Id, Id], versions: list[Row]
) -> None:
    given, kept = grant(technician, bench), versions[1]
    for at in (0, 3, 10, 30, len(kept.sealed) - 1):
        flipped = bytearray(kept.sealed)
        flipped[at] ^= 1
        assert technician.state(given, altered(kept, sealed=bytes(flipped))) == "broken"
    another = technician.result(*bench, observation(technician.id(), bench[1]))
    assert technician.state(given, altered(kept, sealed=another.sealed)) == "broken"
    assert technician.state(given, altered(kept, sealed=versions[0].sealed)) == "broken"


def test_a_row_of_another_patient_is_not_opened(secretary: Speaker, technician: Speaker, bench: tuple[Id, Id]) -> None:
    _another, theirs = secretary.register()
    given = secretary.granted(secretary.act("OpenIdentity", bench[0], "PATADMIN")).grant
    assert secretary.state(given, theirs) == "broken"


def test_rows_of_another_requisition_are_withheld_and_relabelled_ones_ring(
    secretary: Speaker, technician: Speaker, bench: tuple[Id, Id], versions: list[Row]
) -> None:
    other_work, requisition = secretary.order(bench[0])
    given = grant(technician, bench)
    assert technician.state(given, requisition) == "withheld"
    assert technician.state(given, altered(versions[1], kind=Kind.COMMENT)) == "broken"
    assert technician.state(given, altered(versions[1], kind=99)) == "broken"
    assert technician.state(given, altered(versions[1], kind=Kind.ORDER)) == "broken"
    elsewhere = technician.granted(technician.act("ListBench", bench[0], "TREAT", other_work)).grant
    assert technician.state(elsewhere, versions[1]) == "withheld"


def test_a_more_harmful_record_is_withheld_from_an_act_of_a_lower_class(
    technician: Speaker, bench: tuple[Id, Id]
) -> None:
    kept = technician.result(*bench, observation(technician.id(), bench[1], harm=1))
    (content,) = technician.open(grant(technician, bench), kept).contents
    assert (content.state, content.body) == ("withheld", b"")


def test_what_waits_for_its_end_is_opened_by_nobody(technician: Speaker, bench: tuple[Id, Id]) -> None:
    act = technician.act("TypeResult", bench[0], "TREAT", bench[1])
    write = observation(technician.id(), bench[1])
    (sealed,) = technician.prepare(technician.granted(act).grant, write)
    waiting = row(write, sealed)
    (content,) = technician.open(grant(technician, bench), waiting).contents
    assert (content.state, content.body) == ("pending", b"")
    technician.end(act.id)
    assert technician.state(grant(technician, bench), waiting) == "open"


def test_an_abandoned_version_is_never_opened_and_its_place_is_free(
    small_lab: World, technician: Speaker, bench: tuple[Id, Id]
) -> None:
    act = technician.act("TypeResult", bench[0], "TREAT", bench[1])
    write = observation(technician.id(), bench[1])
    (sealed,) = technician.prepare(technician.granted(act).grant, write)
    technician.end(act.id, "abandoned")
    abandoned = row(write, sealed)
    assert technician.state(grant(technician, bench), abandoned) == "broken"
    kept = technician.result(*bench, write)
    assert technician.state(grant(technician, bench), kept) == "open"
    assert technician.state(grant(technician, bench), abandoned) == "broken"
    assert technician.state(grant(technician, bench, "ValidateTechnically"), abandoned, history=True) == "broken"
    assert alarms(small_lab) == 3


def test_a_dossier_with_a_row_too_few_or_too_many_rings(small_lab: World, secretary: Speaker) -> None:
    patient, kept = secretary.register()
    given = secretary.granted(secretary.act("OpenIdentity", patient, "PATADMIN")).grant
    assert secretary.open(given, kept, stored=1).missing == 0
    assert secretary.open(given, kept, stored=0).missing == 1
    assert secretary.open(given, kept, stored=2).missing == 1
    assert notices(small_lab).count("rows-missing") == 2


def test_rows_on_their_way_may_be_counted_or_not(technician: Speaker, bench: tuple[Id, Id]) -> None:
    given = grant(technician, bench)
    act = technician.act("TypeResult", bench[0], "TREAT", bench[1])
    technician.prepare(technician.granted(act).grant, observation(technician.id(), bench[1]))
    kept = technician.granted(technician.act("ListBench", bench[0], "TREAT", bench[1])).kept
    assert [technician.open(given, stored=kept + more).missing for more in (-1, 0, 1, 2)] == [1, 0, 0, 1]
    technician.end(act.id)
    # Who entered before the end may have counted before the rows came.
    assert [technician.open(given, stored=kept + more).missing for more in (-1, 0, 1, 2)] == [1, 0, 0, 1]


def test_a_grant_that_never_was_or_was_given_back_opens_nothing(secretary: Speaker) -> None:
    with pytest.raises(Denial) as refused:
        secretary.open(bytes(16))
    assert refused.value.code == "grant-over"


def test_people_of_another_laboratory_open_nothing(small_lab: World, secretary: Speaker) -> None:
    _patient, kept = secretary.register()
    stranger = person(small_lab, "secretary@sud")
    theirs, _ = stranger.register()
    given = stranger.granted(stranger.act("OpenIdentity", theirs, "PATADMIN")).grant
    assert stranger.state(given, kept) == "broken"
    assert stranger.state(given, altered(kept, id=SUD + kept.id[4:])) == "broken"


def test_an_identity_of_somebody_being_registered_is_pending(secretary: Speaker) -> None:
    patient, kept = secretary.register()
    given = secretary.granted(secretary.act("OpenIdentity", patient, "PATADMIN")).grant
    act = secretary.act("RegisterPatient", secretary.id(), "PATADMIN")
    write = identity(secretary.id())
    (sealed,) = secretary.prepare(secretary.granted(act).grant, write)
    assert secretary.state(given, row(write, sealed)) == "pending"
    assert secretary.state(given, kept) == "open"


def test_an_act_without_history_is_shown_no_superseded_version_even_if_it_asks(
    small_lab: World, technician: Speaker, bench: tuple[Id, Id], versions: list[Row]
) -> None:
    assert not PORTIONS["TypeResult"].history
    assert not PORTIONS["RecordResults"].history
    typing = technician.granted(technician.act("TypeResult", bench[0], work=bench[1])).grant
    assert technician.state(typing, versions[0], history=True) == "withheld"
    assert alarms(small_lab) == 0
