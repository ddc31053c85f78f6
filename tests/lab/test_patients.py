from datetime import date, timedelta

import msgspec
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from aliquot.access import door
from aliquot.access.acts import RegisterPatient
from aliquot.access.door import Intent
from aliquot.custody.denial import Denial
from aliquot.lab import numbers, patients
from aliquot.lab.patients import Letters, Registration
from aliquot.record.models import Subject, Token, Version
from aliquot.terms import canonical
from aliquot.terms.errors import Refused
from aliquot.terms.identifiers import FILE_NUMBER_SYSTEM, NIR_SYSTEM
from aliquot.terms.identity import Contact, Demography, Identifier, Sex, Trust
from aliquot.terms.ids import Id
from tests.lab import desk
from tests.lab.desk import JEANNE, Desk
from tests.world import World

NIR = "2 69 05 49 588 157 80"
HOSPITAL = Identifier("urn:oid:1.2.3", "A-17")
CONTACT = Contact(("4 rue du Canari",), "99001", "Canariville", "01 99 00 00 01", "jeanne@example.org")


def sent(at: Desk, act: RegisterPatient, meant: Intent, person: Registration) -> Id:
    """The same form, sent."""
    with door.enter(at.actor, act, meant) as grant:
        return patients.register(grant, person, at=at.lab.clock())


def full(at: Desk) -> Registration:
    """A person who said everything, and not in one spelling."""
    return Registration(
        Demography("  Ze\N{COMBINING ACUTE ACCENT}lande ", ("Jeanne", " "), JEANNE.born_on, Sex.FEMALE),
        numbers.draw_file_number(),
        at.lab.clock(),
        birth_family="Canari  Dupont",
        birth_given=("Jeanne",),
        birthplace_insee="2A004",
        nir=NIR,
        elsewhere=(HOSPITAL,),
        contact=CONTACT,
        note="Canari fears needles",
    )


def test_a_person_is_kept_in_one_spelling_and_with_provisional_trust(lab: World) -> None:
    secretary = desk.desk(lab, "secretary@nord")
    person = full(secretary)
    found = secretary.shown(secretary.register(person))
    assert found.demography == Demography("Zélande", ("Jeanne",), JEANNE.born_on, Sex.FEMALE)
    assert (found.traits.birth_family, found.traits.birthplace_insee) == ("Canari Dupont", "2A004")
    assert found.traits.trust is Trust.PROVISIONAL
    assert found.identifiers == (
        Identifier(FILE_NUMBER_SYSTEM, person.file_number),
        Identifier(NIR_SYSTEM, "269054958815780"),
        HOSPITAL,
    )
    assert (found.contact, found.missing) == (CONTACT, 0)


def test_nothing_of_a_person_is_in_clear_in_the_record(lab: World) -> None:
    secretary = desk.desk(lab, "secretary@nord")
    person = full(secretary)
    secretary.register(person)
    with connection.cursor() as cursor:
        cursor.execute("SELECT sealed FROM version")
        kept = b"".join(bytes(sealed) for (sealed,) in cursor.fetchall()) + repr(list(Token.objects.values())).encode()
    for canary in (b"Canari", b"Jeanne", b"1961", b"26905", b"A-17", person.file_number.encode(), b"99001"):
        assert canary not in kept


@pytest.mark.parametrize("number", ["file", "nir", "elsewhere"])
def test_a_taken_identifier_is_refused_and_the_way_forward_is_who_has_it(lab: World, number: str) -> None:
    secretary = desk.desk(lab, "secretary@nord")
    person = full(secretary)
    known = secretary.register(person)
    taken = {
        "file": Identifier(FILE_NUMBER_SYSTEM, person.file_number),
        "nir": Identifier(NIR_SYSTEM, NIR),
        "elsewhere": HOSPITAL,
    }[number]
    other = Registration(
        Demography("Autre", (), date(1970, 1, 1), Sex.MALE),
        person.file_number if number == "file" else numbers.draw_file_number(),
        lab.clock(),
        nir=NIR if number == "nir" else "",
        elsewhere=(HOSPITAL,) if number == "elsewhere" else (),
    )
    kept = Version.objects.count()
    with pytest.raises(Denial) as refused:
        secretary.register(other)
    assert refused.value.code == "identifier-taken"
    assert (Subject.objects.count(), Version.objects.count()) == (1, kept)
    assert patients.by_identifier(secretary.actor, taken, lab.clock()) == known


def test_an_identifier_of_one_laboratory_names_nobody_in_another(lab: World) -> None:
    north, south = desk.desk(lab, "secretary@nord"), desk.desk(lab, "secretary@sud")
    known = north.register(full(north))
    assert patients.by_identifier(south.actor, Identifier(NIR_SYSTEM, NIR), lab.clock()) is None
    own = south.register(full(south))
    assert own != known
    with pytest.raises(Denial) as refused:
        south.shown(known)
    assert refused.value.code == "other-organization"


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"nir": "2 69 05 49 588 157 81"}, "the key does not match"),
        ({"file_number": "P00000001A"}, "the check character does not match"),
        ({"demography": Demography("  ", (), JEANNE.born_on, Sex.FEMALE)}, "a family name is needed"),
        ({"demography": Demography("A", (), date(2026, 11, 25), Sex.FEMALE)}, "after today"),
        ({"birthplace_insee": "Ajaccio"}, "not an INSEE code"),
        ({"elsewhere": (Identifier("", "1"),)}, "its system and its value are needed"),
    ],
)
def test_what_cannot_be_true_is_refused_and_leaves_nothing(
    small_lab: World, changes: dict[str, object], place: str
) -> None:
    secretary = desk.desk(small_lab, "secretary@nord")
    wrong = msgspec.structs.replace(full(secretary), **changes)
    with pytest.raises(Refused, match=place) as refused:
        secretary.register(wrong)
    assert "Ajaccio" not in str(refused.value)
    assert Subject.objects.count() == 0


@pytest.mark.parametrize("ago", [61, -1])
def test_nobody_is_registered_without_a_search_within_the_minute(small_lab: World, ago: int) -> None:
    secretary = desk.desk(small_lab, "secretary@nord")
    searched_at = small_lab.clock() - timedelta(seconds=ago)
    person = msgspec.structs.replace(secretary.person(), searched_at=searched_at)
    with pytest.raises(Refused, match="look for the patient first"):
        secretary.register(person)
    secretary.register(msgspec.structs.replace(person, searched_at=small_lab.clock() - timedelta(seconds=60)))


def test_a_double_click_registers_once_and_other_content_is_refused(lab: World) -> None:
    secretary = desk.desk(lab, "secretary@nord")
    person = full(secretary)
    act, meant = RegisterPatient(secretary.id()), secretary.meant(canonical.encode(person))
    assert sent(secretary, act, meant, person) == act.subject
    kept = Version.objects.count()
    assert sent(secretary, act, meant, person) == act.subject
    other = Intent(meant.purpose, meant.id, bytes(32))
    with pytest.raises(Denial) as refused:
        sent(secretary, act, other, person)
    assert refused.value.code == "act-reused"
    assert (Subject.objects.count(), Version.objects.count()) == (1, kept)


def test_a_technician_registers_nobody_and_looks_nobody_up(small_lab: World) -> None:
    secretary, technician = desk.desk(small_lab, "secretary@nord"), desk.desk(small_lab, "technician@nord")
    secretary.register(full(secretary))
    with pytest.raises(Denial) as registering:
        technician.register()
    with pytest.raises(Denial) as looking:
        patients.by_identifier(technician.actor, Identifier(NIR_SYSTEM, NIR), small_lab.clock())
    assert (registering.value.code, looking.value.code) == ("forbidden", "forbidden")


def test_a_search_shows_those_it_found_by_name_and_birth_date(lab: World) -> None:
    secretary = desk.desk(lab, "secretary@nord")
    known = secretary.register()
    found = patients.find(secretary.actor, Letters(JEANNE.born_on, "zel", "j"), lab.clock())
    (candidate,) = patients.candidates(secretary.actor, found, lab.clock())
    assert (candidate.patient, candidate.demography) == (known, JEANNE)
    nobody = patients.find(secretary.actor, Letters(date(1999, 1, 1)), lab.clock())
    assert patients.candidates(secretary.actor, nobody, lab.clock()) == ()


def test_three_candidates_take_as_many_queries_as_one(small_lab: World) -> None:
    secretary = desk.desk(small_lab, "secretary@nord")
    asked = [_queries(secretary, names) for names in (("Un",), ("Deux", "Trois"))]
    assert asked[0] == asked[1]


def _queries(secretary: Desk, names: tuple[str, ...]) -> int:
    for name in names:
        secretary.register(secretary.person(Demography(name, (), JEANNE.born_on, Sex.FEMALE)))
    at = secretary.lab.clock()
    found = patients.find(secretary.actor, Letters(JEANNE.born_on), at)
    with CaptureQueriesContext(connection) as asked:
        shown = patients.candidates(secretary.actor, found, at)
    assert set(names) <= {candidate.demography.family for candidate in shown}
    return len(asked)
