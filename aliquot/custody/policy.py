"""May this role do this act, in these circumstances: the laboratory's rules, as policies that an auditor can read.

The port is ours (`Policies.decide`) and the engine behind it is Cedar. The policies are read once, checked against
their schema and against the portions of the acts; what does not hold together does not start.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cedarpy

from aliquot.custody.denial import Denial
from aliquot.custody.portions import PORTIONS, About
from aliquot.custody.roles import Role
from aliquot.terms import canonical
from aliquot.terms.errors import Broken
from aliquot.terms.purposes import Purpose

SHIPPED = Path(__file__).with_name("policies")
"""The policies that the house comes with."""

_SUBJECTS = {
    About.PATIENT: "Patient",
    About.NEW_PATIENT: "NewPatient",
    About.LETTER: "Letter",
    About.ORGANIZATION: "Organization",
}
_ROLES = frozenset(role.value for role in Role)
_PURPOSES = frozenset(purpose.value for purpose in Purpose)
_REMEMBERED = 8192


@dataclass(frozen=True)
class Question:
    """What one decision rests on: facts that custody itself recorded, and the purpose that the caller states.

    `explained` says that work at one of the asker's sites, open or just closed, explains seeing this patient;
    `confirmed`, that something outside web confirmed that work. `factor` says that a fresh factor was verified for this
    act or, under break-glass, for this patient within its hour. `mandate` says that the act falls under a mandate in
    force. `idle` says that the session had rested for more than ten minutes. `same_org` holds for a service of the
    installation too. A fact that nobody established gives no leave: that is what the defaults say.
    """

    act: str
    roles: frozenset[str]
    purpose: str
    service: bool = False
    same_org: bool = False
    explained: bool = False
    confirmed: bool = False
    factor: bool = False
    mandate: bool = False
    idle: bool = True


@dataclass(frozen=True)
class Decision:
    """The answer, and the policies that made it: those that permit, or those that forbid (none: nobody permits it)."""

    allowed: bool
    reasons: tuple[str, ...]


class Policies:
    """The policies in force. `hash` names them in every leaf of history."""

    def __init__(self, schema: str, policies: str, digest: str) -> None:
        self.hash = digest
        self._schema = cedarpy.Schema.from_str(schema)
        self._policies = cedarpy.PolicySet.from_str(policies)
        # A decision is a pure function of a question made of enumerable fields. Measured with the shipped policies:
        # 86 us to evaluate, 0.4 us to recall.
        self._decided = lru_cache(maxsize=_REMEMBERED)(self._evaluate)
        self._entities: Callable[[bool, frozenset[str]], cedarpy.Entities] = lru_cache(maxsize=256)(self._asker)

    @classmethod
    def load(cls, directory: Path) -> "Policies":
        """Read `*.cedarschema` and `*.cedar`, in the order of their names.

        Raises:
            Broken: they do not parse, the policies do not fit the schema, or the schema does not fit the portions.
        """
        files = [*_read(directory, "*.cedarschema"), *_read(directory, "*.cedar")]
        schema = "\n".join(text for name, text in files if name.endswith(".cedarschema"))
        policies = "\n".join(text for name, text in files if name.endswith(".cedar"))
        _check(schema, policies)
        loaded = cls(schema, policies, hashlib.sha256(canonical.encode(files)).hexdigest())
        for act in PORTIONS:
            loaded.decide(Question(act, frozenset(), Purpose.TREAT))
        return loaded

    def decide(self, question: Question) -> Decision:
        """Whether the rules allow it.

        Raises:
            Denial: the act, a role or the purpose is not one that the house knows.
            Broken: the policies cannot be evaluated.
        """
        if question.act not in PORTIONS:
            raise Denial("unknown-act", "there is no such act")
        if not question.roles <= _ROLES:
            raise Denial("unknown-role", "there is no such role")
        if question.purpose not in _PURPOSES:
            raise Denial("unknown-purpose", "there is no such purpose")
        return self._decided(question)

    def possible_acts(self, roles: frozenset[str], *, service: bool) -> tuple[str, ...]:
        """The acts that these roles could ever be allowed, in whatever circumstances: for menus, never a decision."""
        return tuple(
            act
            for act in PORTIONS
            if any(self.decide(question).allowed for question in _favourable(act, roles, service=service))
        )

    def _evaluate(self, question: Question) -> Decision:
        result = cedarpy.is_authorized(
            _request(question), self._policies, self._entities(question.service, question.roles), self._schema
        )
        # Cedar passes over a policy that cannot be evaluated; passing over a prohibition would be a permission.
        if result.diagnostics.errors:
            raise Broken(f"the policies could not be evaluated for {question.act}")
        names = result.diagnostics.id_annotations_by_reason
        return Decision(result.allowed, tuple(sorted(names[reason] for reason in result.diagnostics.reasons)))

    def _asker(self, service: bool, roles: frozenset[str]) -> cedarpy.Entities:
        parents = [_entity("Role", role) for role in sorted(roles)]
        asker = {"uid": _principal(service=service), "attrs": {}, "parents": parents}
        return cedarpy.Entities.from_json_str(json.dumps([asker]), self._schema)


def _read(directory: Path, pattern: str) -> list[list[str]]:
    files = sorted(directory.glob(pattern))
    if not files:
        raise Broken(f"no {pattern} among the policies")
    return [[file.name, file.read_text("utf-8")] for file in files]


def _check(schema: str, policies: str) -> None:
    result = cedarpy.validate_policies(policies, schema)
    if not result.validation_passed:
        raise Broken("the policies do not hold together: " + "; ".join(str(error) for error in result.errors))
    for rule in json.loads(cedarpy.policies_to_json_str(policies))["staticPolicies"].values():
        if "id" not in rule.get("annotations", {}):
            raise Broken("a policy has no name of its own (@id)")


def _request(question: Question) -> dict[str, object]:
    return {
        "principal": _principal(service=question.service),
        "action": _entity("Action", question.act),
        "resource": _entity(_SUBJECTS[PORTIONS[question.act].about], "subject"),
        "context": {
            "sameOrganization": question.same_org,
            "explained": question.explained,
            "confirmed": question.confirmed,
            "factor": question.factor,
            "mandate": question.mandate,
            "idle": question.idle,
            "purpose": {"__entity": _entity("Purpose", question.purpose)},
        },
    }


def _principal(*, service: bool) -> dict[str, str]:
    return _entity("Service" if service else "Person", "asker")


def _entity(kind: str, name: str) -> dict[str, str]:
    return {"type": kind, "id": name}


def _favourable(act: str, roles: frozenset[str], *, service: bool) -> Iterator[Question]:
    """Every fact that can help, under each purpose: no rule turns a fact against the asker, as a test holds."""
    for purpose in Purpose:
        yield Question(
            act,
            roles,
            purpose,
            service,
            same_org=True,
            explained=True,
            confirmed=True,
            factor=True,
            mandate=True,
            idle=False,
        )
