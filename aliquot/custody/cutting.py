"""The cut-over: what belonged to the old system is revoked, and what may still come in is what two people declared.

A server that stayed connected for a year after a migration was the way into a register. So nobody cuts over with
"revoke the rest": the two name everything that ends and everything that stays, and custody refuses a declaration that
differs from what lives, by name. The mandate ends, and with it whatever it allowed. The migration's own loader ends
without being named; one that another mandate names is declared like anything else, and ends with the last of them.
Source: CONTROLS D5; docs/decisions/0011-how-a-laboratory-moves.md, 0017-what-a-cut-over-ends.md.
"""

from collections.abc import Iterable

import msgspec

from aliquot.custody import answers, equipment, forms, migrations, people, sessions, store
from aliquot.custody.answers import Credential
from aliquot.custody.denial import Denial
from aliquot.custody.forms import CutOver
from aliquot.custody.holdings import Holdings
from aliquot.custody.migrations import Migration
from aliquot.custody.people import State
from aliquot.custody.roles import KEPT_ROLES
from aliquot.custody.steps import Step
from aliquot.custody.store import Turn
from aliquot.custody.unlocked import Unlocked
from aliquot.terms.ids import Id, Org
from aliquot.vault.keystore import INSTALLATION

_NAMED = 12
"""So many names stand in a refusal."""
_REMEMBERED = 60_000_000
"""Microseconds for which a count of the work beside a migration is answered again."""
_LIVING = """
SELECT 'device', name FROM device WHERE org = ?1 AND until IS NULL
UNION ALL SELECT 'listener', name FROM listener WHERE org = ?1
UNION ALL SELECT 'service', name FROM service WHERE org = ?1 AND until > ?2
"""
_SHARED = """
SELECT 1 FROM mandate JOIN mandate AS other ON (other.org, other.service) = (mandate.org, mandate.service)
WHERE mandate.id = ?1 AND other.id != ?1 AND other.state = 'in-force' AND other.until > ?2
"""
_SPENT = """
SELECT DISTINCT mandate.org, mandate.service FROM migration_step AS cut JOIN mandate ON mandate.id = cut.mandate
JOIN service ON (service.name, service.org) = (mandate.service, mandate.org) AND service.until > ?1
WHERE cut.step = 'cut-over' AND NOT EXISTS (
  SELECT 1 FROM mandate AS other WHERE (other.org, other.service) = (mandate.org, mandate.service)
  AND other.state = 'in-force' AND other.until > ?1)
"""
_NEW = """
SELECT name, count(*) FROM act WHERE org = ?1 AND mandate != ?2 AND state = 'kept' AND prepared >= ?3
GROUP BY name ORDER BY name
"""


def living(turn: Turn, unlocked: Unlocked, org: Org) -> frozenset[Credential]:
    """Everything that lets somebody or something into a laboratory now, also what serves the whole installation.

    A session, ticket, code or passkey lives as long as the person or service whose it is.
    """
    enrolled = [row for whose in (org, INSTALLATION) for row in turn.db.execute(_LIVING, (whose, turn.at))]
    known = (person.login for person in people.of(turn, unlocked, org) if person.state is not State.ENDED)
    return frozenset(
        {*(Credential(kind, name) for kind, name in enrolled), *(Credential("person", one) for one in known)}
    )


def told(turn: Turn, unlocked: Unlocked, migration: Migration) -> answers.Cutting:
    """What two people decide on before a cut-over."""
    lives = tuple(sorted(living(turn, unlocked, migration.org)))
    shared = _is_shared(turn, migration)
    return answers.Cutting(lives, _loader(turn, migration), shared, _way_back(turn, migration).hex())


def new_work(turn: Turn, held: Holdings, migration: Migration) -> answers.NewWork:
    """What was kept beside a migration since it began to load, by the name of the act; up to a minute old.

    All acts are read for it, while everybody else waits: whoever asks again and again holds up no care.
    """
    at, found = held.counted.get(migration.mandate, (0, None))
    if found is None or not at <= turn.at < at + _REMEMBERED:
        found = _counted(turn, migration)
        held.counted[migration.mandate] = (turn.at, found)
    return found


def _counted(turn: Turn, migration: Migration) -> answers.NewWork:
    # Since it first did: a last difference begins no new count.
    since = next((one.at for one in migrations.taken(turn, migration.mandate) if one.step == Step.LOAD), None)
    if since is None:
        return answers.NewWork(None, ())
    rows = turn.db.execute(_NEW, (migration.org, migration.mandate, since))
    return answers.NewWork(store.instant(since), tuple(answers.ActCount(name, n) for name, n in rows))


def check(turn: Turn, unlocked: Unlocked, migration: Migration, form: forms.StepMigration) -> None:
    """Whether a cut-over declares what lives and what ends, and any other step nothing.

    Raises:
        Denial: `credentials`, with the difference by name, or because somebody would be left without whom nothing can
            be governed; `way-back`, it was not rehearsed after the last reconciliation, or another one is named.
    """
    if (form.step is Step.CUT_OVER) != isinstance(form.cut, CutOver):
        raise Denial("credentials", "a cut-over declares what ends and what stays, and no other step does")
    if isinstance(form.cut, msgspec.UnsetType):
        return
    back = _way_back(turn, migration)
    if not back or bytes.fromhex(form.cut.back) != back:
        raise Denial("way-back", "the way back is rehearsed after the last reconciliation, and the cut-over names that")
    _check_ends(turn, unlocked, migration, form.cut)
    _check_stays(turn, unlocked, migration, form.cut)


def revoke(turn: Turn, held: Holdings, migration: Migration, cut: CutOver) -> None:
    """End the mandate, and whatever was checked and belongs to the old system, with all that was opened by either."""
    for one in cut.ends:
        match one.kind:
            case "device":
                equipment.apply(turn, migration.mandate, forms.EndDevice(one.name))
            case "listener":
                equipment.apply(turn, migration.mandate, forms.EndListener(one.name))
            case "service":
                equipment.apply(turn, migration.mandate, forms.EndService(one.name))
            case "person":
                sessions.leave(turn, _person(turn, held.unlocked, one.name))
    turn.db.execute("UPDATE mandate SET state = 'ended' WHERE id = ?", (migration.mandate,))
    held.grants.end_under(turn, migration.mandate, ())
    turn.later.append(lambda: held.parts.drop(migration.mandate))
    end_loaders(turn)


def end_loaders(turn: Turn) -> None:
    """End every loader under one of whose mandates people cut over, and that no mandate in force names any more.

    To be called when a mandate has ended, and every few minutes: some end by their time.
    """
    for org, name in turn.db.execute(_SPENT, (turn.at,)).fetchall():
        equipment.end_service(turn, org, name)


def _check_ends(turn: Turn, unlocked: Unlocked, migration: Migration, cut: CutOver) -> None:
    own = living(turn, unlocked, migration.org) - _of_the_installation(turn)
    if foreign := {*cut.ends} - own:
        raise Denial("credentials", f"not of this laboratory, or ended already: {_told(foreign)}")
    ending = {_person(turn, unlocked, one.name) for one in cut.ends if one.kind == "person"}
    for role in sorted(KEPT_ROLES):
        holding = people.holders(turn, migration.org, role)
        if holding & ending and holding <= ending:
            raise Denial("credentials", f"nobody would be left in the role {role}")


def _check_stays(turn: Turn, unlocked: Unlocked, migration: Migration, cut: CutOver) -> None:
    expected = living(turn, unlocked, migration.org) - {*cut.ends}
    if not _is_shared(turn, migration):
        expected -= {_loader(turn, migration)}
    hidden, gone = expected - {*cut.stays}, {*cut.stays} - expected
    said = [
        *([f"it lives and is not declared: {_told(hidden)}"] if hidden else []),
        *([f"it is declared and will not live: {_told(gone)}"] if gone else []),
    ]
    if said:
        raise Denial("credentials", "; ".join(said))


def _of_the_installation(turn: Turn) -> frozenset[Credential]:
    return frozenset(Credential(kind, name) for kind, name in turn.db.execute(_LIVING, (INSTALLATION, turn.at)))


def _loader(turn: Turn, migration: Migration) -> Credential:
    (name,) = turn.db.execute("SELECT service FROM mandate WHERE id = ?", (migration.mandate,)).fetchone()
    return Credential("service", name)


def _is_shared(turn: Turn, migration: Migration) -> bool:
    """Whether the loader works under another mandate, too."""
    return turn.db.execute(_SHARED, (migration.mandate, turn.at)).fetchone() is not None


def _way_back(turn: Turn, migration: Migration) -> bytes:
    """The evidence of the way back, if it was rehearsed after the last reconciliation."""
    for one in reversed(migrations.taken(turn, migration.mandate)):
        if one.step in (Step.WAY_BACK, Step.RECONCILE):
            return one.evidence if one.step == Step.WAY_BACK else b""
    return b""


def _person(turn: Turn, unlocked: Unlocked, login: str) -> Id:
    found = people.by_login(turn, unlocked, people.token(unlocked, login))
    return Id(b"") if found is None else found.id


def _told(some: Iterable[Credential]) -> str:
    names = [f"{one.kind} {one.name}" for one in sorted(some)]
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
