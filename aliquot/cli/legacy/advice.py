"""What custody's refusals mean to an integrator: who has to do what, so that the work goes on."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from aliquot.custody.denial import Denial
from aliquot.custody.roles import Role
from aliquot.custody.steps import RULES, Step

_PARKED: Final = "what came in so far stays; nothing is doubled when the load is begun again"
_ADVICE: Final = {
    "service": "custody does not know this loader with this key: `aliquot legacy enrol` prints the public key, an "
    "administrator enrols it in the role loader, and a director or privacy officer approves",
    "mandate": "`aliquot legacy show --login NAME`, typed by a director, privacy officer or biologist, lists "
    "the mandates of this laboratory and how far each is; for what is left a director and a privacy officer sign a new "
    "mandate over the same source, with the same columns (what came in so far stays, and is recognised)",
    "migration-over": "this migration was closed or aborted, or its time ran out: what was staged is destroyed, and a "
    "director and a privacy officer sign a new mandate over the same source to go on; nothing comes in twice",
    "no-such-mandate": "there is no migration of this id in this laboratory",
    "forbidden": "this mandate is not in force for this loader: `aliquot legacy show MANDATE --login NAME`, typed by a "
    "director, privacy officer or biologist, says which service it names and how far it is",
    "signed-out": f"the loader's session is over; type the command again ({_PARKED})",
    "conflict": "a word that was killed was putting this down: `aliquot work` settles it within two minutes; type the "
    "command again then",
    "budget-service": "custody holds this service back: the privacy officer has a notice that says why",
}
_ENDED: Final = (
    "the loader ended with the cut-over; use --login NAME: `aliquot legacy show MANDATE --login NAME`, typed by a "
    "director, privacy officer or biologist, says how far the migration is, and `aliquot legacy close` needs no loader"
)
_WORDS: Final = {
    Step.PROFILE: "profile MANDATE SOURCE",
    Step.REHEARSE: "rehearse MAP SOURCE",
    Step.FINISH: "finish MANDATE",
    Step.WAY_BACK: "back MANDATE SOURCE",
}
"""What the loader types for a step of its own."""


@contextmanager
def given(mandate: str, *, ended: bool = False) -> Iterator[None]:
    """Say of a refusal what has to be done, and by whom; `ended`: a loader that is not known was known before.

    Raises:
        Denial: the same one, in other words.
    """
    try:
        yield
    except Denial as denial:
        said = _ENDED if ended and denial.code == "service" else _said(denial, mandate)
        raise Denial(denial.code, said) from None


def who(step: Step, mandate: str = "MANDATE") -> str:
    """Who takes a step, and what a loader types."""
    parts = RULES[step].parts
    if not parts:
        return f"the loader: aliquot legacy {_WORDS[step].replace('MANDATE', mandate)}"
    people = " with ".join(" or ".join(sorted(_spoken(role) for role in part)) for part in parts)
    return f"{people}, with a fresh factor"


def _said(denial: Denial, mandate: str) -> str:
    if denial.code in {"migration-state", "step", "evidence"}:
        return f"{denial.reason}; `aliquot legacy show {mandate}` says which step follows, and who takes it"
    if denial.code == "mandate":
        return f"{denial.reason}; {_ADVICE[denial.code]}"
    return _ADVICE.get(denial.code, denial.reason)


def _spoken(role: Role) -> str:
    return str(role).replace("-", " ")
