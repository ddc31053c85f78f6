"""A form sent twice is one act, and a factor covers what the form says."""

import hashlib

import pytest
from django.test import RequestFactory

from aliquot.access import door, people
from aliquot.access.acts import Administer, organization
from aliquot.custody.denial import Denial
from aliquot.custody.protocol import Factor
from aliquot.terms.errors import Refused
from aliquot.terms.purposes import Purpose
from aliquot.web import factors, intents
from aliquot.web.visitor import Visitor
from tests.plan import SUD
from tests.world import World


def visitor(lab: World, who: str = "administrator@nord") -> Visitor:
    actor = lab.sign_in(who)
    return Visitor(actor, people.who(actor.line, actor.ticket), (), "")


def test_the_intent_of_a_form_is_its_own_act_over_what_it_wants(small_lab: World) -> None:
    somebody = visitor(small_lab)
    act = intents.fresh(somebody)
    request = RequestFactory().post("/", {"act": act, "factor-code": " 123456 "})
    meant = intents.posted(request, somebody, Purpose.HSYSADMIN, b"wanted", reason="why")
    assert meant.id.hex() == act
    assert meant.digest == hashlib.sha256(b"wanted").digest()
    assert (meant.purpose, meant.reason) == (Purpose.HSYSADMIN, "why")
    assert meant.factor == Factor(code="123456")


@pytest.mark.parametrize("act", ["", "zz", "00", (SUD + bytes(12)).hex()])
def test_a_form_without_an_act_of_this_laboratory_is_refused(small_lab: World, act: str) -> None:
    request = RequestFactory().post("/", {"act": act})
    with pytest.raises(Refused, match="act"):
        intents.posted(request, visitor(small_lab), Purpose.TREAT, b"")


def test_a_posted_code_is_a_fresh_factor_that_custody_takes_once(small_lab: World) -> None:
    somebody = visitor(small_lab)
    code = small_lab.code("administrator@nord")
    act = Administer(organization(somebody.org))

    def entered() -> None:
        request = RequestFactory().post("/", {"act": intents.fresh(somebody), "factor-code": code})
        door.note(somebody.actor, act, intents.posted(request, somebody, Purpose.HSYSADMIN, b""))

    entered()
    with pytest.raises(Denial):
        entered()


def test_who_has_no_passkey_gets_no_challenge(small_lab: World) -> None:
    somebody = visitor(small_lab)
    request = RequestFactory().post("/", {"act": intents.fresh(somebody), "factor-options": "1"})
    assert factors.asked(request)
    meant = intents.posted(request, somebody, Purpose.HSYSADMIN, b"")
    assert meant.factor is None
    with pytest.raises(Denial) as refused:
        factors.challenge(somebody, Administer(organization(somebody.org)), meant)
    assert refused.value.code == "no-passkey"


def test_a_handle_that_is_no_handle_is_refused() -> None:
    with pytest.raises(Refused, match="passkey"):
        factors.posted(RequestFactory().post("/", {"factor-handle": "zz", "factor-response": "{}"}))
