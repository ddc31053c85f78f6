"""Who opened one patient, when, as what and why: the history of a patient, told to the privacy desk.

What explained an opening stands in `opening` and is settled later than the leaf is written: an order that follows a
search explains it, an order that lapses explains nothing any more.
"""

from collections.abc import Callable

from aliquot.custody import actors, answers, elapsed, exports, store, subjects
from aliquot.custody.actors import Named
from aliquot.custody.denial import Denial
from aliquot.custody.portions import PORTIONS, Identity
from aliquot.custody.store import Turn
from aliquot.custody.subjects import Subject
from aliquot.custody.unlocked import Unlocked
from aliquot.ledger import entry
from aliquot.ledger.entry import Entry, Step
from aliquot.terms.ids import Id, Org

_MOST = 2000
ALL = -1
"""No bound on how much is told."""

_Day = tuple[str, int, str]


def who_opened(turn: Turn, unlocked: Unlocked, org: Org, patient: bytes) -> answers.Openings:
    """The latest that the history of a laboratory has about one patient, newest first.

    Raises:
        Denial: `shredded`: nothing tells any more which leaves are about this patient.
    """
    found = entries(turn, org, patient, _MOST)
    explained = explanations(turn, patient)
    subject = subjects.load(turn, unlocked, Id(patient))
    known: dict[str, Named] = {}

    def who(reference: str) -> Named:
        if reference not in known:
            known[reference] = actors.of(turn, unlocked, reference)
        return known[reference]

    return answers.Openings(
        tuple(_opening(leaf, who, (how(leaf, explained), _reason(turn, unlocked, subject, leaf))) for leaf in found)
    )


def entries(turn: Turn, org: Org, patient: bytes, most: int) -> list[Entry]:
    """The latest entries about one patient, newest first; `ALL` for all of them.

    Raises:
        Denial: `shredded`.
    """
    if subjects.is_shredded(turn, patient):
        raise Denial("shredded", "what was kept about this patient was erased")
    rows = turn.db.execute(
        "SELECT leaf.entry FROM leaf_subject JOIN leaf ON leaf.org = leaf_subject.org"
        " AND leaf.seq = leaf_subject.seq WHERE leaf_subject.subject = ? AND leaf_subject.org = ?"
        " ORDER BY leaf_subject.seq DESC LIMIT ?",
        (patient, org, most),
    )
    return [entry.decode(raw) for (raw,) in rows]


def explanations(turn: Turn, patient: bytes) -> dict[_Day, str]:
    """How the openings of a patient were explained, by person, day and act: the gravest where there are several."""
    rows = turn.db.execute("SELECT person, at, act, how FROM opening WHERE subject = ?", (patient,)).fetchall()
    found: dict[_Day, str] = {}
    for person, at, act, explained in rows:
        day = (person.hex(), elapsed.day(at), act)
        found[day] = min(explained, found.get(day, explained), key=answers.GRAVEST_FIRST.index)
    return found


def how(leaf: Entry, explanations: dict[_Day, str]) -> str:
    """How the opening of an entry was explained."""
    portion = PORTIONS.get(leaf.act)
    if portion is None or portion.identity is Identity.FREE or not portion.reads:
        return "own"
    return explanations.get((leaf.actor, elapsed.day(store.micros(leaf.t)), leaf.act), answers.FORGOTTEN)


def _opening(leaf: Entry, who: Callable[[str], Named], told: tuple[str, str]) -> answers.Opening:
    named = who(leaf.actor)
    explained, reason = told
    return answers.Opening(
        at=leaf.t,
        person=leaf.actor,
        name=named.name,
        roles=named.roles,
        act=leaf.act,
        step=leaf.step,
        why=leaf.why,
        portion=leaf.portion,
        explained=explained,
        reason=reason,
        seq=leaf.seq,
    )


def _reason(turn: Turn, unlocked: Unlocked, subject: Subject | None, leaf: Entry) -> str:
    """What was typed as the reason of an act, told beside its entry only; of an export, to whom and what for."""
    if leaf.step is not Step.ENTER or subject is None:
        return ""
    row = turn.db.execute("SELECT reason, mandate FROM act WHERE id = ?", (bytes.fromhex(leaf.id),)).fetchone()
    if row and leaf.act == "ExportDossier":
        return exports.told_of(turn, unlocked, subject.org, row[1])
    return subjects.unseal(unlocked, subject, "reason", row[0]).decode() if row and row[0] else ""
