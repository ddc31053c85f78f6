"""A morning at the laboratory: requests placed, and most of their tubes taken in, before anybody signs in.

The loader places them under its mandate. That explains nothing to anybody until an analyser's letter confirms them.
"""

from collections.abc import Sequence
from datetime import timedelta
from random import Random

from aliquot.access import door
from aliquot.access.acts import PlaceOrder, ReceiveSpecimen
from aliquot.cli.demo import histories, loading, results
from aliquot.cli.demo.loading import Loader
from aliquot.cli.demo.people import Person
from aliquot.lab import orders, specimens
from aliquot.lab.orders import Placed, Tube
from aliquot.lab.specimens import Arrival, Checks
from aliquot.lab.statuses import Role
from aliquot.terms import ids
from aliquot.terms.ids import Id

_BEFORE_ARRIVAL = timedelta(minutes=20)


def begin(loader: Loader, known: Sequence[tuple[Id, Person]], received: int, expected: int) -> None:
    """Place so many requests whose tubes are there, and some more whose tubes are still expected."""
    rng = Random(loader.laboratory.seed + 1)  # noqa: S311 - invented requests, not secrets
    chosen = rng.sample([patient for patient, _ in known], received + expected)
    placed = _place(loader, chosen, rng)[:received]
    most = max((len(each.tubes) for _, each in placed), default=0)
    for number in range(most):
        # One tube of each requisition at a time: what a requisition waits for is counted after each.
        _receive(loader, [(patient, each, each.tubes[number]) for patient, each in placed if number < len(each.tubes)])


def _place(loader: Loader, chosen: Sequence[Id], rng: Random) -> list[tuple[Id, Placed]]:
    at = loader.lab.clock()
    acts = [(PlaceOrder(patient, ids.new(loader.actor.org, at)), loader.meant()) for patient in chosen]
    with door.enter_many(loader.actor, acts) as outcomes:
        return [
            (patient, orders.place(loading.granted(outcome), _request(loader, rng), loader.where, at=at))
            for patient, outcome in zip(chosen, outcomes, strict=True)
        ]


def _request(loader: Loader, rng: Random) -> orders.Wanted:
    return histories.wanted(loader.where, results.ask(rng), loader.laboratory.site, rng)


def _receive(loader: Loader, tubes: Sequence[tuple[Id, Placed, Tube]]) -> None:
    at = loader.lab.clock()
    acts = [(ReceiveSpecimen(patient, placed.requisition), loader.meant()) for patient, placed, _ in tubes]
    with door.enter_many(loader.actor, acts) as outcomes:
        for outcome, (_, _, tube) in zip(outcomes, tubes, strict=True):
            checks = Checks(tube.need.tube, readable=True, identity_agrees=True, enough=True)
            arrival = Arrival(tube.specimen, tube.need.accession, Role.TECHNICIAN, at - _BEFORE_ARRIVAL, checks)
            specimens.receive(loading.granted(outcome), arrival, at=at)
