"""Who opened a patient, as it leaves with the patient under an export mandate that names the history.

Only what belongs to the mandate: its days, and no entry about a requisition that is not in scope. Staff of this
laboratory stand as roles and a pseudonym of this one export: whoever has to know more asks the laboratory, by the
number of the entry. Source: CRYPTO 10; docs/decisions/0016-the-way-out.md.
"""

from collections.abc import Iterator

from aliquot.custody import actors, answers, exports, inquiry, store
from aliquot.custody.actors import Named
from aliquot.custody.forms import SignExport
from aliquot.custody.grants import Grant
from aliquot.custody.store import Turn
from aliquot.custody.unlocked import Unlocked
from aliquot.ledger.entry import Entry

_PSEUDONYM_BYTES = 16


class Leaving:
    """The histories of some patients under one export mandate."""

    def __init__(self, turn: Turn, unlocked: Unlocked, grant: Grant, form: SignExport) -> None:
        self._turn, self._unlocked, self._form = turn, unlocked, form
        self._org, self._mandate = grant.asker.org, grant.mandate
        self._staff: dict[str, Named] = {}

    def of(self, patient: bytes) -> answers.Accesses:
        """The history of one patient, newest first.

        Raises:
            Denial: `shredded`.
        """
        explanations = inquiry.explanations(self._turn, patient)
        return answers.Accesses(
            tuple(
                answers.Access(
                    at=leaf.t,
                    person=self._pseudonym(leaf.actor),
                    roles=self._named(leaf.actor).roles,
                    act=leaf.act,
                    step=leaf.step,
                    why=leaf.why,
                    portion=leaf.portion,
                    explained=inquiry.how(leaf, explanations),
                    seq=leaf.seq,
                )
                for leaf in self._in_scope(patient)
            )
        )

    def _in_scope(self, patient: bytes) -> Iterator[Entry]:
        since, until = exports.days(self._form)
        works = exports.works(self._turn, self._org, self._form, patient) | {b""}
        for leaf in inquiry.entries(self._turn, self._org, patient, inquiry.ALL):
            about = self._turn.db.execute("SELECT work FROM act WHERE id = ?", (bytes.fromhex(leaf.id),)).fetchone()
            if since <= store.micros(leaf.t) < until and (about is None or about[0] in works):
                yield leaf

    def _named(self, reference: str) -> Named:
        if reference not in self._staff:
            self._staff[reference] = actors.of(self._turn, self._unlocked, reference)
        return self._staff[reference]

    def _pseudonym(self, reference: str) -> str:
        content = self._mandate + bytes.fromhex(reference)
        return self._unlocked.digest(self._org, "leaving-staff", content)[:_PSEUDONYM_BYTES].hex() if reference else ""
