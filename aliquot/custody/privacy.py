"""Questions about who did what, answered from history and facts: for the privacy desk, supervisors and auditors."""

from collections.abc import Callable
from typing import Annotated

import msgspec

from aliquot.custody import (
    actors,
    answers,
    changes,
    cutting,
    doubts,
    elapsed,
    exports,
    inquiry,
    inventory,
    leaving,
    limits,
    losses,
    migrations,
    openings,
    rotation,
    samples,
    store,
    subjects,
    tallies,
)
from aliquot.custody.denial import Denial
from aliquot.custody.grants import Grant
from aliquot.custody.holdings import Holdings
from aliquot.custody.migrations import Migration
from aliquot.custody.protocol import Answered, Ask
from aliquot.custody.steps import OVER, State
from aliquot.custody.store import Turn
from aliquot.terms import canonical
from aliquot.terms.ids import Id, Org, org_of
from aliquot.vault.keystore import INSTALLATION

_PAGE = 2000
_MANY_NOTICES = 300
_CLOSES = OVER | {State.CUT_OVER}
"""What the worker closes, or prints the certificate of: the loader's own access ended with the cut-over."""


_Hex = Annotated[str, msgspec.Meta(pattern="^([0-9a-f]{2}){0,16}$")]


class _About(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The form of a question; each question reads the field that it needs."""

    patient: _Hex = ""
    notice: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] = 0
    after: _Hex = ""
    mandate: _Hex = ""
    form: str = ""


class _NoticeBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a notice is sealed with."""

    person: str
    n: int
    subject: str
    leaf: int
    reason: str = ""
    typed: str = ""


_Question = Callable[[Turn, Holdings, Grant, _About], msgspec.Struct]


def answer(turn: Turn, held: Holdings, request: Ask) -> Answered:
    """Answer a question of an act that may ask it.

    How far the weekly keys are, how much lost work waits, and whether a migration whose mandate is named is over, every
    process of ours may ask.

    Raises:
        Denial: `not-of-this-act`, `form`.
    """
    if request.question == "epoch":
        return Answered(canonical.encode(rotation.told(turn, held)))
    if request.question == "losses":
        return Answered(canonical.encode(losses.counted(turn)))
    if request.question == "standing":
        return Answered(canonical.encode(migrations.fate(turn, bytes.fromhex(_about(request).mandate))))
    grant = held.grant(turn, request.grant)
    act, question = _QUESTIONS.get(request.question, ("", _nothing))
    if grant.name != act:
        raise Denial("not-of-this-act", "this act does not ask that")
    return Answered(canonical.encode(question(turn, held, grant, _about(request))))


def _about(request: Ask) -> _About:
    try:
        return _ABOUT.decode(request.form)
    except canonical.UNREADABLE:
        raise Denial("form", "this question is not one that custody knows") from None


def _nothing(turn: Turn, held: Holdings, grant: Grant, about: _About) -> msgspec.Struct:
    raise Denial("form", "this question is not one that custody knows")


def _who_opened(turn: Turn, held: Holdings, grant: Grant, about: _About) -> answers.Openings:
    return inquiry.who_opened(turn, held.unlocked, grant.asker.org, bytes.fromhex(about.patient))


def _notices(turn: Turn, held: Holdings, grant: Grant, about: _About) -> answers.Notices:
    org = grant.asker.org
    rows = turn.db.execute(
        "SELECT id, org, at, kind, sealed, seen_by, seen FROM notice WHERE org IN (?, ?)"
        " ORDER BY seen IS NOT NULL, id DESC LIMIT ?",
        (org, INSTALLATION, _MANY_NOTICES),
    ).fetchall()
    return answers.Notices(tuple(_notice(turn, held, grant.asker.org, row) for row in rows))


def _notice(
    turn: Turn, held: Holdings, reader: Org, row: tuple[int, Org, int, str, bytes, bytes | None, int | None]
) -> answers.Notice:
    number, org, at, kind, sealed, seen_by, seen = row
    body = _NOTICE.decode(held.unlocked.box(org).open("notice", sealed))
    return answers.Notice(
        id=number,
        at=store.instant(at),
        kind=kind,
        person=body.person,
        name=actors.of(turn, held.unlocked, body.person).name,
        n=body.n,
        subject=body.subject,
        leaf=body.leaf,
        reason=_typed(turn, held, body),
        # One of the whole installation may have been seen next door, by somebody who is nobody here.
        seen_by=actors.of(turn, held.unlocked, seen_by.hex()).name if seen_by and org_of(Id(seen_by)) == reader else "",
        seen_at=store.instant(seen) if seen else None,
    )


def _typed(turn: Turn, held: Holdings, body: _NoticeBody) -> str:
    """What was typed, as long as the patient whom it is about is not forgotten."""
    subject = held.subject(turn, Id(bytes.fromhex(body.subject))) if body.typed else None
    if subject is None:
        return body.reason
    return subjects.unseal(held.unlocked, subject, "notice", bytes.fromhex(body.typed)).decode()


def _acknowledge(turn: Turn, held: Holdings, grant: Grant, about: _About) -> answers.Notices:
    turn.db.execute(
        "UPDATE notice SET seen_by = ?, seen = ? WHERE id = ? AND org IN (?, ?) AND seen IS NULL",
        (grant.asker.person, turn.at, about.notice, grant.asker.org, INSTALLATION),
    )
    return _notices(turn, held, grant, about)


def _lost(turn: Turn, held: Holdings, grant: Grant, about: _About) -> answers.Lost:
    return losses.waiting(turn, held.unlocked, grant.asker.org)


def _checkpoint(turn: Turn, held: Holdings, grant: Grant, about: _About) -> answers.Checkpoint:
    size, root, note, at = turn.db.execute(
        "SELECT size, root, note, at FROM log WHERE org = ?", (grant.asker.org,)
    ).fetchone()
    return answers.Checkpoint(size, root.hex(), note, store.instant(at))


def _budgets(turn: Turn, held: Holdings, grant: Grant, about: _About) -> answers.Budgets:
    at = elapsed.moment(turn)
    org = grant.asker.org
    rows = turn.db.execute("SELECT key, level, rate, at FROM bucket").fetchall()
    full: list[answers.Budget] = []
    for key, level, rate, since in rows:
        kind, _, whose = key.partition(":")
        if whose[:8] == org.hex() and rate:
            used = max(0, level - rate * (at - since)) // 86_400_000_000
            who = "" if kind == "organization" else actors.of(turn, held.unlocked, whose).name
            full.append(answers.Budget(who, kind, int(used), int(rate)))
    return answers.Budgets(
        tuple(sorted(full, key=lambda one: -one.used / one.a_day)),
        openings.waiting(turn, org),
        limits.unconfirmed(*tallies.recent(turn, org, "confirmed", elapsed.day(at))),
    )


def _people(turn: Turn, held: Holdings, grant: Grant, about: _About) -> answers.Accounts:
    return inventory.taken(turn, held.unlocked, grant.asker.org)


def _kept(turn: Turn, held: Holdings, grant: Grant, about: _About) -> answers.KeptPage:
    """A page of the fold, for the state check: what should be in the record database."""
    org = grant.asker.org
    first, last = max(org, bytes.fromhex(about.after)), org + b"\xff" * 12
    rows = turn.db.execute(
        "SELECT id, version, hash FROM resource WHERE id > ? AND id <= ? ORDER BY id LIMIT ?", (first, last, _PAGE)
    ).fetchall()
    pending = turn.db.execute("SELECT id FROM pending WHERE id > ? AND id <= ?", (org, last)).fetchall()
    return answers.KeptPage(
        tuple(answers.Kept(identifier.hex(), version, digest.hex()) for identifier, version, digest in rows),
        tuple(identifier.hex() for (identifier,) in pending),
    )


def _migrations(turn: Turn, held: Holdings, grant: Grant, about: _About) -> answers.Migrations:
    """All of them for people; for a loader, the one that its grant is under; for the worker, one that it closes."""
    found = list(migrations.of(turn, grant.subject.org))
    asked = grant.mandate.hex() or about.mandate
    if asked or grant.asker.service:
        found = [one for one in found if one.mandate.hex() == asked]
    if grant.asker.service and not grant.mandate:
        found = [one for one in found if one.state in _CLOSES]
    return answers.Migrations(tuple(migrations.told(turn, held.unlocked, one) for one in found))


def _signatures(turn: Turn, held: Holdings, grant: Grant, about: _About) -> answers.Signatures:
    """For people only: who signs second reads here what the first has signed, without the desk of people."""
    if grant.asker.service:
        return answers.Signatures(())
    leaving = _officer(grant)
    return answers.Signatures(inventory.unsigned(turn, held.unlocked, grant.subject.org, leaving=leaving))


def _leavings(turn: Turn, held: Holdings, grant: Grant, about: _About) -> answers.Leavings:
    """For the two who sign what leaves; whoever else may look at a migration is told of none."""
    if not _officer(grant):
        return answers.Leavings(())
    return answers.Leavings(inventory.leavings(turn, held.unlocked, grant.subject.org, bytes.fromhex(about.mandate)))


def _in_scope(turn: Turn, held: Holdings, grant: Grant, about: _About) -> answers.InScope:
    """For who signs what leaves, before anybody gives a factor for it."""
    if not _officer(grant):
        raise Denial("not-yours", "this is for another role to decide")
    form = exports.read(about.form.encode())
    return answers.InScope(exports.counted(turn, held.unlocked, grant.subject.org, form))


def _officer(grant: Grant) -> bool:
    return not grant.asker.service and bool(grant.asker.roles & changes.OFFICERS)


def _cutting(turn: Turn, held: Holdings, grant: Grant, about: _About) -> answers.Cutting:
    """For who cuts over: whoever else may look at a migration has no use for the names of everybody."""
    if not grant.asker.roles & changes.OFFICERS:
        raise Denial("not-yours", "this is for another role to decide")
    return cutting.told(turn, held.unlocked, _one(turn, grant, about))


def _new_work(turn: Turn, held: Holdings, grant: Grant, about: _About) -> answers.NewWork:
    """For the loader, who rehearses the way back, and for who cuts over: it is counted over all acts."""
    if not (grant.mandate and grant.asker.service) and not grant.asker.roles & changes.OFFICERS:
        raise Denial("not-yours", "this is for the loader, and for another role to ask")
    return cutting.new_work(turn, held, _one(turn, grant, about))


def _one(turn: Turn, grant: Grant, about: _About) -> Migration:
    """The migration that a loader works for, or that somebody names."""
    return migrations.standing(turn, grant.subject.org, grant.mandate or bytes.fromhex(about.mandate))


def _sample(turn: Turn, held: Holdings, grant: Grant, about: _About) -> answers.Sample:
    """For people only: the loader is not told which of its dossiers are looked at."""
    if grant.asker.service:
        return answers.Sample(())
    return samples.told(turn, held, grant.subject.org, bytes.fromhex(about.mandate))


def _doubtful(turn: Turn, held: Holdings, grant: Grant, about: _About) -> answers.Doubtfuls:
    return doubts.waiting(turn, held, grant)


def _shredded(turn: Turn, held: Holdings, grant: Grant, about: _About) -> answers.Shredded:
    rows = turn.db.execute(
        "SELECT subject FROM shredded WHERE org = ? AND subject > ? ORDER BY subject LIMIT ?",
        (grant.asker.org, bytes.fromhex(about.after), _PAGE),
    )
    return answers.Shredded(tuple(patient.hex() for (patient,) in rows))


def _sender(turn: Turn, held: Holdings, grant: Grant, about: _About) -> answers.Sender:
    return leaving.own_sender(turn, held, grant.asker.org)


def _export(turn: Turn, held: Holdings, grant: Grant, about: _About) -> answers.Export:
    return leaving.told(turn, held, grant)


def _export_list(turn: Turn, held: Holdings, grant: Grant, about: _About) -> answers.Patients:
    return leaving.listed(turn, grant, bytes.fromhex(about.after))


_ABOUT = msgspec.json.Decoder(_About)
_NOTICE = msgspec.json.Decoder(_NoticeBody)
_QUESTIONS: dict[str, tuple[str, _Question]] = {
    "who-opened": ("ReadHistory", _who_opened),
    "checkpoint": ("ReadHistory", _checkpoint),
    "notices": ("ReviewNotice", _notices),
    "acknowledge": ("ReviewNotice", _acknowledge),
    "lost": ("ReviewNotice", _lost),
    "budgets": ("WatchBudgets", _budgets),
    "people": ("ReadStaff", _people),
    "migrations": ("ReadMigration", _migrations),
    "signatures": ("ReadMigration", _signatures),
    "cutting": ("ReadMigration", _cutting),
    "new-work": ("ReadMigration", _new_work),
    "leavings": ("ReadMigration", _leavings),
    "in-scope": ("ReadMigration", _in_scope),
    "sender": ("ReadMigration", _sender),
    "export": ("RunExport", _export),
    "export-list": ("RunExport", _export_list),
    "sample": ("ReadMigration", _sample),
    "doubtful": ("DecideMatch", _doubtful),
    "kept": ("SettleActs", _kept),
    "shredded": ("SettleActs", _shredded),
}
