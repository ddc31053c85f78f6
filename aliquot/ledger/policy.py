"""Whom an auditor trusts: the keys of the logs, the witnesses, and how many of them must have looked.

Source: C2SP tlog-policy; here the file is UTF-8.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from aliquot.ledger import checkpoint, note
from aliquot.terms.errors import Refused

_NUMBER = re.compile(r"[1-9][0-9]{0,8}")


@dataclass(frozen=True, slots=True)
class Group:
    """Witnesses and groups of them, of which `threshold` must have cosigned."""

    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """The trusted logs and witnesses; `quorum` names a witness or a group, or is empty."""

    logs: tuple[note.Key, ...]
    witnesses: dict[str, note.Key]
    groups: dict[str, Group]
    quorum: str

    def check_log(self, signed: checkpoint.SignedCheckpoint) -> None:
        """Establishes that the log signed this checkpoint; witnesses are not asked for.

        Raises:
            Refused: a signature is false, or the log's own is missing.
        """
        signers = checkpoint.verify(signed, self.logs)
        if not any(signer.name == signed.checkpoint.origin for signer in signers):
            raise Refused("checkpoint: not signed by a trusted key of this log")

    def check(self, signed: checkpoint.SignedCheckpoint) -> None:
        """Establishes that the log signed this checkpoint and that enough witnesses did.

        Raises:
            Refused: a signature is false, the log's own is missing, or the quorum is not met.
        """
        self.check_log(signed)
        signers = checkpoint.verify(signed, tuple(self.witnesses.values()))
        if self.quorum and not self._witnessed(self.quorum, signers):
            raise Refused("checkpoint: too few witnesses")

    def _witnessed(self, name: str, signers: Collection[note.Key]) -> bool:
        if name in self.witnesses:
            return self.witnesses[name] in signers
        group = self.groups[name]
        return sum(self._witnessed(member, signers) for member in group.members) >= group.threshold


def unwitnessed(logs: Iterable[note.Key]) -> str:
    """The policy file of logs that nobody cosigns yet."""
    return "".join(f"log {key.render()}\n" for key in logs) + "quorum none\n"


def parse(text: str) -> Policy:
    """A policy from its file.

    Raises:
        Refused: a line is none of the format, or names what was not defined before it; the message gives its number.
    """
    logs: list[note.Key] = []
    witnesses: dict[str, note.Key] = {}
    groups: dict[str, Group] = {}
    quorums: list[str] = []
    for number, line in enumerate(text.split("\n"), start=1):
        place = f"policy line {number}"
        match re.split("[ \t]+", line.strip(" \t")):
            case [""]:
                continue
            case [first, *_] if first.startswith("#"):
                continue
            case ["log", key] | ["log", key, _]:
                logs.append(note.key(key))
            case ["witness", name, key] | ["witness", name, key, _] if name not in {"none", *witnesses, *groups}:
                witnesses[name] = note.key(key)
            case ["group", name, threshold, *members] if name not in {"none", *witnesses, *groups}:
                groups[name] = _group(place, threshold, members, {*witnesses, *groups} - _taken(groups))
            case ["quorum", name] if name in {"none", *witnesses, *groups}:
                quorums.append("" if name == "none" else name)
            case _:
                raise Refused(f"{place}: not a line of a policy, or a name that is used twice or not defined")
    _check(logs, witnesses, quorums)
    return Policy(tuple(logs), witnesses, groups, quorums[0])


def _group(place: str, threshold: str, members: list[str], free: Collection[str]) -> Group:
    if not members or len(set(members)) != len(members) or not set(members) <= set(free):
        raise Refused(f"{place}: a member is not defined before, or belongs to a group already")
    wanted = {"any": 1, "all": len(members)}.get(threshold)
    if wanted is None and _NUMBER.fullmatch(threshold):
        wanted = int(threshold)
    if wanted is None or wanted > len(members):
        raise Refused(f"{place}: not a threshold of this group")
    return Group(wanted, tuple(members))


def _taken(groups: dict[str, Group]) -> set[str]:
    return {member for group in groups.values() for member in group.members}


def _check(logs: list[note.Key], witnesses: dict[str, note.Key], quorums: list[str]) -> None:
    if len(quorums) != 1:
        raise Refused("policy: there must be one quorum line")
    keys = [key.public for key in logs]
    if len(set(keys)) != len(keys):
        raise Refused("policy: a log's key is listed twice")
    seen = [key.public for key in witnesses.values()]
    if len(set(seen)) != len(seen) or any(key.kind == note.ED25519 for key in witnesses.values()):
        raise Refused("policy: a witness's key is listed twice or cannot cosign")
