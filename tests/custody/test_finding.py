"""Looking for somebody: one look for each act, by what may be looked up, and nothing of another laboratory."""

import pytest

from aliquot.cli.scratch import World
from aliquot.custody import holdings
from aliquot.custody.denial import Denial
from aliquot.custody.protocol import Find, Found, Tokens, TokensMade
from tests.custody.speaker import BORN, Speaker, person, worker
from tests.plan import NORD, SUD


@pytest.fixture
def secretary(small_lab: World) -> Speaker:
    return person(small_lab, "secretary@nord")


def looking(speaker: Speaker, name: str = "FindPatient") -> bytes:
    return speaker.granted(speaker.act(name, holdings.organization(speaker.org), "PATADMIN")).grant


def tokens(speaker: Speaker, grant: bytes, field: str = "file", *values: str) -> tuple[int, ...]:
    return speaker.line.ask(Tokens(grant, field, values or ("P1",)), TokensMade).tokens


def find(speaker: Speaker, grant: bytes) -> Found:
    return speaker.line.ask(Find(grant, BORN, "ZEL", "JEA"), Found)


def test_a_kept_patient_is_found_by_id_in_the_own_laboratory_only(small_lab: World, secretary: Speaker) -> None:
    patient, _ = secretary.register()
    assert [hit.patient for hit in find(secretary, looking(secretary)).hits] == [patient]
    stranger = person(small_lab, "secretary@sud")
    assert find(stranger, looking(stranger)).hits == ()


def test_a_grant_is_good_for_one_search(secretary: Speaker) -> None:
    grant = looking(secretary)
    find(secretary, grant)
    with pytest.raises(Denial) as refused:
        find(secretary, grant)
    assert refused.value.code == "grant-over"


def test_a_person_looks_up_one_number_for_each_act(secretary: Speaker) -> None:
    grant = looking(secretary, "LookUpIdentifier")
    with pytest.raises(Denial) as refused:
        tokens(secretary, grant, "file", "P1", "P2")
    assert refused.value.code == "too-many"
    tokens(secretary, grant)
    with pytest.raises(Denial) as refused:
        tokens(secretary, grant, "file", "P2")
    assert refused.value.code == "grant-over"


def test_the_worker_looks_up_what_its_batch_needs(small_lab: World) -> None:
    filing = worker(small_lab, NORD)
    grant = filing.granted(filing.act("LookUpIdentifier", holdings.organization(NORD), "TREAT")).grant
    for number in ("A1", "A2"):
        assert len(tokens(filing, grant, "accession", number, "A3")) == 2


@pytest.mark.parametrize("field", ["login", "name", ""])
def test_nobody_is_looked_up_by_what_is_no_identifier(secretary: Speaker, field: str) -> None:
    with pytest.raises(Denial) as refused:
        tokens(secretary, looking(secretary, "LookUpIdentifier"), field)
    assert refused.value.code == "malformed"


def test_a_number_that_is_none_is_refused(secretary: Speaker) -> None:
    with pytest.raises(Denial):
        tokens(secretary, looking(secretary, "LookUpIdentifier"), "nir", "12")


def test_an_act_of_another_name_looks_nobody_up(secretary: Speaker) -> None:
    for ask in (find, tokens):
        with pytest.raises(Denial) as refused:
            ask(secretary, looking(secretary, "ReadCatalogue"))
        assert refused.value.code == "not-of-this-act"


def test_the_same_number_has_unrelated_tokens_in_two_laboratories(small_lab: World, secretary: Speaker) -> None:
    stranger = person(small_lab, "secretary@sud")
    assert stranger.org == SUD
    ours, theirs = (tokens(speaker, looking(speaker, "LookUpIdentifier")) for speaker in (secretary, stranger))
    assert ours != theirs
