"""Letters of a house: put into the letterbox as the listener does, and filed as the worker does."""

from collections.abc import Sequence

from aliquot.cli.bench.ground import DEVICE
from aliquot.cli.bench.house import Case, House
from aliquot.intake import seat
from aliquot.intake.fates import Fate
from aliquot.intake.letterbox import Arrival, Slot
from aliquot.intake.worker import AT_ONCE, Worker
from aliquot.terms import clock
from aliquot.terms.errors import Broken


def post(house: House, messages: Sequence[bytes]) -> None:
    """Put messages into the letterbox."""
    slot = Slot(house.described.listen.letterbox, seat.read(house.described.listen))
    for start in range(0, len(messages), AT_ONCE):
        slot.drop([Arrival(DEVICE, clock.system(), raw) for raw in messages[start : start + AT_ONCE]])
    slot.close()


def file(worker: Worker, number: int) -> None:
    """File so many waiting letters.

    Raises:
        Broken: one was not filed.
    """
    left = number
    while left > 0:
        outcomes = worker.letters()
        if not outcomes or any(outcome.fate is not Fate.FILED for outcome in outcomes.values()):
            raise Broken("bench: a message was not filed")
        left -= len(outcomes)


def filed(house: House, number: int) -> list[Case]:
    """Cases whose results are filed."""
    cases = house.take(number)
    post(house, [case.message for case in cases])
    line = house.worker()
    worker = Worker(house.described, line, clock.system)
    file(worker, number)
    worker.close()
    line.hang_up()
    return cases
