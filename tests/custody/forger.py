"""A custodian without a socket, in which grants are forged: what a hostile process could at most have."""

from contextlib import AbstractContextManager

from aliquot.cli import scratch
from aliquot.cli.scratch import World
from aliquot.custody.asker import Asker
from aliquot.custody.caller import Caller
from aliquot.custody.custodian import Asked, Reply, Times
from aliquot.custody.grants import Grant
from aliquot.custody.portions import PORTIONS
from aliquot.custody.protocol import Request
from aliquot.custody.store import Turn
from aliquot.terms.ids import Id
from tests.custody import bureau
from tests.plan import NORD


class Forger:
    """Stands in for the custodian of a laboratory until it is closed. What it grants, nobody decided."""

    def __init__(self, lab: World, asker: Asker) -> None:
        lab.hang_up()
        lab.custodian.stop()
        self._lab, self._asker, self._made = lab, asker, 0
        self._custodian = scratch.custodian(lab.installation, Times(lab.clock, lab.clock.steady))

    def close(self) -> None:
        """Let the custodian serve again."""
        self._custodian.close()
        self._lab.custodian.start()

    def turn(self) -> AbstractContextManager[Turn]:
        """A transaction to put things in."""
        return self._custodian.store.turn(self._lab.clock())

    def id(self) -> Id:
        """A fresh id."""
        self._made += 1
        return Id(NORD + b"\1\1" + self._made.to_bytes(10, "big"))

    def grant(self, turn: Turn, act: str, subject: Id, work: bytes, mandate: bytes = b"") -> tuple[Id, bytes]:
        """An act that was entered, and its living grant."""
        found = self._custodian.held.subject(turn, subject)
        assert found is not None
        identity = self.id()
        turn.db.execute(
            "INSERT INTO act (id, org, name, actor, session, subject, work, letter, mandate, digest, state, entered)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, 0, x'', x'', 'entered', 0)",
            (identity, NORD, act, self._asker.person, self._asker.session, subject, work),
        )
        grant = Grant(b"", identity, act, self._asker, found, PORTIONS[act], work, 0, mandate, b"", 0)
        self._custodian.held.grants.give(turn, grant)
        return identity, grant.token

    def say(self, *requests: Request) -> list[Reply]:
        """What custody answers to requests that come together."""
        return self._custodian.serve([Asked(Caller(0, "web"), request) for request in requests])


def service(lab: World) -> Asker:
    """A session of a service that works at every site."""
    asker = bureau.asker("worker", "worker", NORD)
    lab.custodian.custodian.store.db.execute(
        "INSERT INTO session VALUES (?, ?, ?, '', 0, 0, 0, '', NULL)", (asker.session, asker.person, NORD)
    )
    return asker
