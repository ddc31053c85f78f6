"""Doing attacks one after the other, each in a copy of its own, and saying what came out."""

from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

from aliquot.cli.attack import (
    copyists,
    disk,
    doors,
    historians,
    insiders,
    leavers,
    leftovers,
    relays,
    repeaters,
    rewriters,
    saboteurs,
    shortcuts,
    stragglers,
    surplus,
    thieves,
    vendors,
    workday,
)
from aliquot.cli.attack.controls import Control
from aliquot.cli.attack.ground import Grounds
from aliquot.cli.attack.measured import Attack
from aliquot.cli.attack.plan import Scale

ATTACKS: dict[str, Attack] = {
    "working-day": workday.working_day,
    "whole-base": disk.whole_base,
    "one-laboratory": disk.one_laboratory,
    "numbers": disk.numbers_in_the_index,
    "every-door": doors.every_door,
    "other-laboratory": insiders.the_other_laboratory,
    "stolen-session": thieves.stolen_session,
    "hostile-web": thieves.hostile_web,
    "shortcuts": shortcuts.take_shortcuts,
    "second-mandate": repeaters.move_again,
    "ordered-portion": surplus.more_than_ordered,
    "relay": relays.relay,
    "left-behind": leftovers.leave_behind,
    "old-credentials": stragglers.come_back,
    "default-export": leavers.leave_by_default,
    "export-alone": leavers.export_alone,
    "open-format": leavers.read_the_format,
    "support-bundle": vendors.send_a_bundle,
    "rewritten-history": historians.rewrite_history,
    "crash": saboteurs.crash,
    "altered-records": rewriters.alter_records,
    "miscopied-results": copyists.copy_wrongly,
}
_IN_A_CROWD = frozenset({"stolen-session", "hostile-web", "export-alone"})


class Outcome(msgspec.Struct, frozen=True):
    """One line of the table."""

    control: str
    attack: str
    wanted: str
    measured: str
    outcome: Literal["holds", "falls", "not-yet"]


def hold(controls: Sequence[Control], grounds: Grounds, scale: Scale) -> Iterator[Outcome]:
    """Try each control; those that are not built yet are said to be."""
    for control in controls:
        yield _try(control, grounds, scale)


def _try(control: Control, grounds: Grounds, scale: Scale) -> Outcome:
    if control.attack not in ATTACKS:
        return Outcome(control.id, control.does, control.wanted, "", "not-yet")
    patients = scale.crowd if control.attack in _IN_A_CROWD else scale.patients
    with grounds.copy(patients) as ground:
        found = ATTACKS[control.attack](ground)
    return Outcome(control.id, control.does, control.wanted, found.figure, "holds" if found.holds else "falls")
