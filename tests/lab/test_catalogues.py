import msgspec
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from aliquot.lab import catalogues
from aliquot.terms.errors import Refused
from tests.lab import desk
from tests.lab.desk import CATALOGUE
from tests.world import World


def test_the_catalogue_that_the_director_published_is_in_force_for_everybody(lab: World) -> None:
    desk.publish(lab)
    technician = lab.sign_in("technician@nord")
    assert catalogues.current(technician, lab.clock()) == CATALOGUE


def test_a_version_is_opened_once_and_the_next_one_is_noticed(lab: World) -> None:
    desk.publish(lab)
    technician = lab.sign_in("technician@nord")
    first = catalogues.current(technician, lab.clock())
    with CaptureQueriesContext(connection) as asked:
        assert catalogues.current(technician, lab.clock()) is first
    assert len(asked) == 1
    second = msgspec.structs.replace(CATALOGUE, version=2, panels=())
    desk.publish(lab, second)
    assert catalogues.current(technician, lab.clock()) == second


def test_a_version_that_does_not_follow_is_refused(small_lab: World) -> None:
    with pytest.raises(Refused, match=r"catalogue\.version: the next version is 1"):
        desk.publish(small_lab, msgspec.structs.replace(CATALOGUE, version=2))


def test_without_a_catalogue_the_director_is_named(small_lab: World) -> None:
    with pytest.raises(Refused, match="the director publishes one"):
        catalogues.current(small_lab.sign_in("technician@nord"), small_lab.clock())


def test_one_laboratory_does_not_see_the_catalogue_of_another(small_lab: World) -> None:
    desk.publish(small_lab)
    with pytest.raises(Refused, match="none is in force"):
        catalogues.current(small_lab.sign_in("technician@sud"), small_lab.clock())
