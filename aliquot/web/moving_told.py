"""What custody tells of migrations, for every page about them: how far each is, what was signed, who signs second."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from aliquot.access import acts, door, migrating
from aliquot.access.acts import ReadMigration
from aliquot.access.grant import Grant
from aliquot.custody import forms
from aliquot.custody.answers import Migration, WaitingChange
from aliquot.custody.denial import Denial
from aliquot.custody.steps import OVER, RULES, State, Step
from aliquot.terms import clock, mandates
from aliquot.terms.purposes import Purpose
from aliquot.vault import mandate as documents
from aliquot.vault.mandate import MandateDocument
from aliquot.web import addresses
from aliquot.web.moving_words import ROAD
from aliquot.web.visitor import Visitor


@dataclass(frozen=True)
class Before:
    """When a source was moved first: `known`, under names by which custody recognises what came in, and `unknown`,
    under a mandate of before there were any, whose rows would come in a second time."""

    known: datetime | None
    unknown: datetime | None


@contextmanager
def looking(visitor: Visitor) -> Iterator[Grant[ReadMigration]]:
    """Look at migrations, on the record."""
    meant = door.intent(visitor.actor, clock.system(), Purpose.HOPERAT)
    with door.enter(visitor.actor, ReadMigration(acts.organization(visitor.org)), meant) as grant:
        yield grant


def one(grant: Grant[ReadMigration], mandate: str) -> Migration:
    """The migration of this address.

    Raises:
        Denial: `no-such-mandate`.
    """
    found = migrating.state(grant, addresses.read(mandate))
    if not found:
        raise Denial("no-such-mandate", "this laboratory has no such migration")
    return found[0]


def waiting(grant: Grant[ReadMigration], mandate: str = "") -> list[tuple[WaitingChange, forms.Change]]:
    """What waits for a second signature: about this migration, or every mandate and step."""
    changes = [(each, forms.change(each.form.encode())) for each in migrating.signatures(grant)]
    return [(each, change) for each, change in changes if mandate in ("", _about(change))]


def signed(told: Migration) -> MandateDocument:
    """What two people signed."""
    raw = told.document.encode()
    return documents.read(raw, documents.key_of(raw))


def sources(grant: Grant[ReadMigration]) -> list[str]:
    """The names under which sources were moved from or are, in the order of the alphabet."""
    return sorted({signed(each).source for each in migrating.state(grant)})


def before(grant: Grant[ReadMigration], source: str) -> Before:
    """What custody knows of earlier mandates over a source of this name."""
    called = mandates.called(source)
    same = [each for each in migrating.state(grant) if mandates.called(signed(each).source) == called]
    return Before(
        min((each.named_at for each in same if each.named_at is not None), default=None),
        min((each.signed_at for each in same if each.named_at is None), default=None),
    )


def evidence(told: Migration, step: Step) -> str:
    """What a step rests on, as it is in force: the digest that its last taking brought, or nothing."""
    return next((each.evidence for each in reversed(told.steps) if each.step == step), "")


def coming(told: Migration) -> list[Step]:
    """The steps that may follow on the road; the way back is rehearsed before anybody cuts over, and once is enough."""
    road = [Step(step) for step in told.next if step in ROAD]
    taken = [one.step for one in told.steps]
    since = taken[len(taken) - taken[::-1].index(Step.RECONCILE) :] if Step.RECONCILE in taken else []
    return [step for step in road if step is not (Step.WAY_BACK if Step.WAY_BACK in since else Step.CUT_OVER)]


def following(told: Migration) -> Step | None:
    """The step that comes next where all goes well."""
    return max(coming(told), key=list(ROAD).index, default=None)


def takes(visitor: Visitor, step: Step) -> bool:
    """Whether one of the person's roles has a part in this step."""
    return any(part & set(visitor.session.roles) for part in RULES[step].parts)


def over(told: Migration) -> bool:
    """Whether nothing of it can follow any more."""
    return State(told.state) in OVER


def zoned(at: datetime, zone: ZoneInfo) -> str:
    """An instant at the laboratory's place."""
    return f"{at.astimezone(zone):%d/%m/%Y %H:%M}"


def _about(change: forms.Change) -> str:
    return change.mandate if isinstance(change, forms.StepMigration) else ""
