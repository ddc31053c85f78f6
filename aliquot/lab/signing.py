"""Who signs at the bench and in the office, and what a signature says. Pure."""

from datetime import datetime
from typing import Literal

import msgspec

from aliquot.lab.content import Signature
from aliquot.lab.statuses import Role
from aliquot.terms.ids import Id

Meaning = Literal["technical", "medical", "correction"]

RULES = "rule-engine"
"""The role under which the rules sign, as themselves and never as a person."""


class Signer(msgspec.Struct, frozen=True):
    """A person as their session names them; the evidence is the act in history, which custody wrote itself."""

    person: str
    name: str
    role: Role


def sign(signer: Signer, meaning: Meaning, act: Id, at: datetime) -> Signature:
    """A person's signature, resting on the act."""
    return Signature(signer.person, signer.name, signer.role.value, meaning, at, act.hex())


def sign_as_rules(rules: str, act: Id, at: datetime) -> Signature:
    """The rules' own signature: `rules` names their approved version."""
    return Signature(RULES, rules, RULES, "technical", at, act.hex())
