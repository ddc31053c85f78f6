"""Every decision that the shipped policies can give, as a table that is read in a review.

For each act, asker and purpose, the table gives the least facts that allow it; a fact more never takes leave away, so
these say everything. `python -m tests.custody.golden` writes the table anew; the difference is what a change of the
policies means.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from aliquot.custody import policy
from aliquot.custody.policy import Decision, Policies, Question
from aliquot.custody.portions import PORTIONS
from aliquot.custody.roles import SERVICES, Role
from aliquot.terms.purposes import Purpose

FILE = Path(__file__).parents[1] / "vectors" / "custody" / "decisions.tsv"
PURPOSES = (Purpose.TREAT, Purpose.PATADMIN, Purpose.BTG)
FACTS = ("same-org", "explained", "confirmed", "factor", "mandate", "awake")
FACT_SETS = tuple(frozenset(chosen) for size in range(len(FACTS) + 1) for chosen in combinations(FACTS, size))
HEAD = ("act", "asker", *PURPOSES)


@dataclass(frozen=True)
class Asker:
    """One role, or a pair of roles that a wall keeps apart, held by a person or by a service."""

    roles: tuple[Role, ...]
    service: bool

    @property
    def name(self) -> str:
        """How the table calls the asker."""
        return ("service:" if self.service else "") + "+".join(self.roles)


ASKERS = (
    *(Asker((role,), service=role in SERVICES) for role in Role),
    Asker((Role.BIOLOGIST, Role.ADMINISTRATOR), service=False),
    Asker((Role.BIOLOGIST, Role.QUALITY_MANAGER), service=False),
    Asker((Role.BIOLOGIST, Role.PRIVACY_OFFICER), service=False),
    Asker((Role.SECRETARY, Role.TECHNICIAN), service=False),
    Asker((Role.WORKER,), service=False),
    Asker((Role.BIOLOGIST,), service=True),
)


def questions(act: str, asker: Asker, purpose: Purpose) -> Iterator[tuple[frozenset[str], Question]]:
    """Every question that differs in its facts only, beside those facts."""
    for facts in FACT_SETS:
        yield (
            facts,
            Question(
                act,
                frozenset(role.value for role in asker.roles),
                purpose,
                service=asker.service,
                same_org="same-org" in facts,
                explained="explained" in facts,
                confirmed="confirmed" in facts,
                factor="factor" in facts,
                mandate="mandate" in facts,
                idle="awake" not in facts,
            ),
        )


def decisions(policies: Policies) -> dict[tuple[str, str, str], dict[frozenset[str], tuple[Question, Decision]]]:
    """All of them: by act, asker and purpose, then by the facts that hold."""
    return {
        (act, asker.name, purpose): {
            facts: (question, policies.decide(question)) for facts, question in questions(act, asker, purpose)
        }
        for act in PORTIONS
        for asker in ASKERS
        for purpose in PURPOSES
    }


def least(allowed: set[frozenset[str]]) -> str:
    """The least sets of facts among those that allow, in the table's words."""
    minimal = [facts for facts in FACT_SETS if facts in allowed and not any(other < facts for other in allowed)]
    return " or ".join("+".join(fact for fact in FACTS if fact in facts) for facts in minimal) or "never"


def rows(table: dict[tuple[str, str, str], dict[frozenset[str], tuple[Question, Decision]]]) -> list[str]:
    """The lines of the table."""
    lines = ["\t".join(HEAD)]
    for act in PORTIONS:
        for asker in ASKERS:
            cells = (allowed(table[act, asker.name, purpose]) for purpose in PURPOSES)
            lines.append("\t".join((act, asker.name, *(least(cell) for cell in cells))))
    return lines


def allowed(cell: dict[frozenset[str], tuple[Question, Decision]]) -> set[frozenset[str]]:
    """The sets of facts under which the answer is yes."""
    return {facts for facts, (_, decision) in cell.items() if decision.allowed}


if __name__ == "__main__":
    FILE.write_text("\n".join(rows(decisions(Policies.load(policy.SHIPPED)))) + "\n", "utf-8")
