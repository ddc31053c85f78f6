"""The worker puts a certificate down once two people have cut over: no other paper, and no earlier."""

import hashlib

import msgspec
import pytest

from aliquot.access import acts, door
from aliquot.access.acts import CertifyMigration, ReadMigration
from aliquot.cli.scratch import World
from aliquot.custody.denial import Denial
from aliquot.legacy import closing, papers
from aliquot.legacy.closing import Certificate
from aliquot.terms import canonical
from tests.custody import moving
from tests.custody.moving import Move
from tests.legacy.certified import MADE
from tests.legacy.test_papers import drawn
from tests.plan import NORD


def certify(move: Move, form: papers.Form[papers.T], content: papers.T) -> None:
    worker = move.lab.work()
    meant = door.intent(worker, move.lab.clock(), "HOPERAT")
    with door.enter(worker, CertifyMigration(acts.organization(NORD)), meant) as grant:
        papers.put(grant, move.mandate, form, content)


def made(move: Move) -> Certificate:
    return msgspec.structs.replace(MADE, mandate=move.mandate.hex())


def test_the_two_who_close_read_the_certificate_that_they_sign(small_lab: World) -> None:
    move = moving.declared(small_lab).until("cut-over")
    certify(move, papers.CERTIFICATE, made(move))
    director = small_lab.sign_in("director@nord")
    told = move.told()
    with door.enter(
        director, ReadMigration(acts.organization(NORD)), door.intent(director, small_lab.clock(), "HOPERAT")
    ) as grant:
        found = papers.newest(grant, told, papers.CERTIFICATE)
    assert found is not None
    assert found.content == made(move)
    assert found.digest == closing.digest(made(move)) == hashlib.sha256(canonical.encode(made(move))).hexdigest()
    assert not found.in_force


def test_before_the_cut_over_there_is_nothing_to_certify(small_lab: World) -> None:
    move = moving.declared(small_lab).until("reconcile")
    with pytest.raises(Denial) as refused:
        certify(move, papers.CERTIFICATE, made(move))
    assert refused.value.code == "not-of-this-act"


def test_whoever_certifies_brings_no_other_paper(small_lab: World) -> None:
    move = moving.declared(small_lab).until("cut-over")
    with pytest.raises(Denial) as refused:
        certify(move, papers.MAP, drawn(move))
    assert refused.value.code == "not-of-this-act"
