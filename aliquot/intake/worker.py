"""The worker: letters become results, the rules look at them, and what was repaired in quarantine is tried again.

It holds a service identity and no key. What it does not finish waits where it was: a letter is removed only when what
became of it is durable.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, final
from zoneinfo import ZoneInfo

from django.db import InterfaceError, OperationalError

from aliquot.access import acts, door
from aliquot.access.acts import RetryQuarantined, VerifyResults
from aliquot.access.custodian import Line
from aliquot.access.door import Actor, Intent
from aliquot.custody import protocol
from aliquot.custody.denial import CustodyGone
from aliquot.custody.protocol import LetterOpened, LettersOpened, OpenLetters
from aliquot.intake import batch, quarantine, repairing
from aliquot.intake.batch import Arrival, Outcome, Ready, Terms
from aliquot.intake.fates import Cause, Fate, Reason
from aliquot.intake.lanes import Claim, Lanes
from aliquot.intake.letterbox import LONGEST_WAIT, Tray, Waiting
from aliquot.intake.results import Profile
from aliquot.lab import catalogues, queue, rules, setting
from aliquot.lab.setting import Setting
from aliquot.lab.verification import Policy, Quality
from aliquot.terms import events, ids
from aliquot.terms.clock import Clock
from aliquot.terms.errors import Unclear
from aliquot.terms.events import Failed
from aliquot.terms.ids import Id, Org
from aliquot.terms.installation import Installation, Peer

AT_ONCE: Final = 800
"""Letters that are taken in one round, from a letterbox that is full."""
PORTION: Final = 100
_JUDGED: Final = 200
_TREAT: Final = "TREAT"
_LATER: Final = timedelta(seconds=30)
_DOUBLINGS: Final = 7
_RULES: Final = Policy(rules="1", technical=False)
"""The rules flag and hold; validating technically without a person waits for a policy that the director has signed."""


@dataclass(frozen=True)
class Step:
    """What one round did: outcomes of letters by number, requisitions judged, messages tried again."""

    letters: dict[int, Outcome]
    judged: int
    retried: int

    @property
    def idle(self) -> bool:
        """Whether there was nothing to do."""
        return not self.letters and not self.judged and not self.retried


@final
class Worker:
    """One worker of an installation, over its own line to custody."""

    def __init__(self, installation: Installation, line: Line, clock: Clock) -> None:
        self._line = line
        self._clock = clock
        self._tray: Tray | None = None
        self._lanes = Lanes(line)
        self._letterbox = installation.listen.letterbox
        self._peers = installation.listen.peers
        self._laboratories = {Org(bytes.fromhex(each.org)): each for each in installation.laboratories}

    def step(self) -> Step:
        """One round: letters, then the rules, then repaired messages.

        Raises:
            CustodyGone: custody does not answer; nothing is lost.
        """
        return Step(self.letters(), self.judge(), self.retry())

    def letters(self) -> dict[int, Outcome]:
        """Open waiting letters, file what they say, remove those whose fate is durable."""
        tray = self._open_tray()
        if tray is None:
            return {}
        at = self._clock()
        waiting = tray.waiting(AT_ONCE, at)
        if not waiting:
            return {}
        portions = [waiting[start : start + PORTION] for start in range(0, len(waiting), PORTION)]
        outcomes: dict[int, Outcome] = {}
        try:
            for filed in self._lanes.run(portions, self._opened, self._filed):
                outcomes |= filed
        finally:
            tray.done(list(outcomes))
        for came in waiting:
            if came.letter.envelope.number not in outcomes:
                tray.put_off([came.letter.envelope.number], at + _distance(came.tries))
        return outcomes

    def judge(self) -> int:
        """Let the rules look at what was filed; the number of requisitions judged."""
        at = self._clock()
        waiting = queue.take(_JUDGED, at)
        judged = 0
        for one in waiting:
            # A tube that was not judged waits until its lease is over; tried often enough, it waits for a person.
            with self._apart():
                self._verify(one, at)
                judged += 1
        return judged

    def retry(self) -> int:
        """Try again what an integrator has repaired; the number of messages."""
        tried = 0
        for org in self._laboratories:
            for message in quarantine.due(acts.organization(org), _JUDGED, self._clock()):
                with self._apart():
                    self._retry(self._actor(org), message)
                    tried += 1
        return tried

    def setting(self, actor: Actor, at: datetime) -> Setting:
        """The catalogue in force and the laboratory, for one organization."""
        return Setting(catalogues.current(actor, at), setting.laboratory(self._laboratories[actor.org]))

    @contextmanager
    def _apart(self) -> Iterator[None]:
        """What goes wrong with one letter, requisition or repair is said, and stops nothing else.

        It stays where it was. An altered row, or a message that no one foresaw, must not keep a laboratory's analysers
        waiting.
        """
        try:
            yield
        except (CustodyGone, OperationalError, InterfaceError):
            raise
        except Exception as error:  # noqa: BLE001 - the outermost loop: what it was at waits where it was
            events.log(Failed.of(error), self._clock())

    def _opened(self, portion: Sequence[Waiting]) -> list[tuple[Actor, list[Arrival]]]:
        """The messages of a portion, by laboratory. Custody looks for gaps in their numbers: portions come in order."""
        opened = self._line.ask(OpenLetters(self._ticket(), tuple(map(_told, portion))), LettersOpened).letters
        messages: dict[Org, list[Arrival]] = {}
        for letter, came in zip(opened, portion, strict=True):
            if not letter.error:
                messages.setdefault(Org(letter.org), []).append(_arrival(letter, came))
        return [(self._actor(org), arrivals) for org, arrivals in messages.items()]

    def _filed(self, batches: Sequence[tuple[Actor, list[Arrival]]], claim: Claim) -> dict[int, Outcome]:
        outcomes: dict[int, Outcome] = {}
        ready: list[Ready] = []
        for actor, arrivals in batches:
            with self._apart():
                ready.append(self._read(actor, arrivals))
        # Without its word on what it is about, later portions wait for the whole of this one.
        if len(ready) == len(batches):
            claim(frozenset().union(*(each.about for each in ready)))
        for each in ready:
            with self._apart():
                outcomes |= batch.file(each).outcomes
        # If one of them cannot be filed now, each is tried alone, and what fails waits in the letterbox.
        for actor, arrivals in batches:
            for arrival in [each for each in arrivals if each.number not in outcomes]:
                with self._apart():
                    outcomes |= batch.file(self._read(actor, [arrival])).outcomes
        return outcomes

    def _read(self, actor: Actor, arrivals: Sequence[Arrival]) -> Ready:
        return batch.read(actor, arrivals, self._terms(actor, self._clock()))

    def _verify(self, one: queue.Waiting, at: datetime) -> None:
        actor = self._actor(Org(one.requisition[:4]))
        meant = Intent(_TREAT, ids.new(actor.org, at))
        where = self.setting(actor, at)
        with door.enter(actor, VerifyResults(one.subject, one.requisition), meant) as grant:
            rules.verify(grant, where, _RULES, self._quality(actor.org, where), at=at)

    def _retry(self, actor: Actor, message: Id) -> None:
        at = self._clock()
        meant = Intent(_TREAT, ids.new(actor.org, at))
        with door.enter(actor, RetryQuarantined(acts.organization(actor.org)), meant) as grant:
            (taken,) = quarantine.take(grant, [message])
            outcome = self._try(actor, taken, at)
            quarantine.settle(grant, taken, _settled(outcome), outcome.reasons, outcome.open)

    def _try(self, actor: Actor, taken: quarantine.Waiting, at: datetime) -> Outcome:
        try:
            arrival = repairing.repaired(taken)
        except Unclear as fault:
            return Outcome(Fate.QUARANTINED, (Reason(Cause.UNCLEAR, fault.place),))
        return batch.try_again(actor, arrival, self._terms(actor, at))

    def _terms(self, actor: Actor, at: datetime) -> Terms:
        where = self.setting(actor, at)
        zone = where.laboratory.time_zone
        return Terms(where, defaultdict(lambda: agreed(None, zone), self._agreed(zone)), at)

    def _agreed(self, zone: str) -> dict[str, Profile]:
        return {peer.device: agreed(peer, zone) for peer in self._peers}

    def _quality(self, org: Org, where: Setting) -> dict[str, Quality]:
        """Quality control that the laboratory keeps outside is its director's word; otherwise it is unknown."""
        outside = self._laboratories[org].quality_control == "outside"
        return {test.code: "not-required" if outside else "unknown" for test in where.catalogue.tests}

    def _actor(self, org: Org) -> Actor:
        return Actor(self._line, self._ticket(), org)

    def _ticket(self) -> bytes:
        return self._line.session().ticket

    def _open_tray(self) -> Tray | None:
        """The letterbox, once its listener has made it."""
        if self._tray is None and self._letterbox.exists():
            self._tray = Tray(self._letterbox)
        return self._tray

    def close(self) -> None:
        """Close the letterbox and end the lanes."""
        self._lanes.close()
        if self._tray is not None:
            self._tray.close()


def _settled(outcome: Outcome) -> str:
    """The state in which a second try leaves a message of quarantine.

    A duplicate without a reason is this very try, made before a worker died: the message was filed.
    """
    if outcome.fate is Fate.QUARANTINED:
        return quarantine.WAITING
    return Fate.DUPLICATE if outcome.reasons else quarantine.FILED


def _distance(tries: int) -> timedelta:
    """How long a letter that could not be filed waits: each time twice as long, at most an hour."""
    return min(_LATER * (1 << min(tries - 1, _DOUBLINGS)), LONGEST_WAIT)


def agreed(peer: Peer | None, zone: str) -> Profile:
    """What was agreed with a sender; a device that was enrolled before it was connected is read by the defaults."""
    if peer is None:
        return Profile(zone=ZoneInfo(zone))
    return Profile(
        accession=peer.accession,
        without_specimen=peer.without_specimen,
        processing=frozenset(peer.processing),
        unfiled=frozenset(peer.unfiled),
        zone=ZoneInfo(peer.zone or zone),
        fresh=timedelta(hours=peer.fresh_hours),
    )


def _told(waiting: Waiting) -> protocol.Letter:
    envelope = waiting.letter.envelope
    return protocol.Letter(
        envelope.listener,
        envelope.number,
        envelope.received_at,
        envelope.peer,
        waiting.letter.sealed,
        waiting.letter.signature,
    )


def _arrival(letter: LetterOpened, came: Waiting) -> Arrival:
    return Arrival(
        letter.number, letter.name, letter.site, letter.body, letter.digest, came.letter.envelope.received_at
    )
