"""What the integrator types so that a migration goes on, or so that there is something to read and to sign."""

from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext_lazy as _

from aliquot.custody.steps import Step
from aliquot.web.moving_words import Words

Line = tuple[Words, str]
"""When it is typed, or nothing for at once; and the whole command, to be copied."""

_PROFILE: Final[Line] = ("", "profile {mandate} SOURCE")
_REHEARSE: Final[Line] = ("", "rehearse map.toml SOURCE")
_RECONCILE: Final[Line] = ("", "reconcile map.toml SOURCE")
_LINES: Final[Mapping[Step, tuple[Line, ...]]] = {
    Step.PROFILE: (_PROFILE,),
    Step.MAP: (
        ("", "draft {mandate} > map.toml"),
        (_("once a biologist has completed it:"), "check map.toml"),
    ),
    Step.REHEARSE: (_REHEARSE,),
    # Who opens the loading reads the rehearsal first.
    Step.LOAD: (_REHEARSE,),
    Step.FINISH: (("", "load map.toml SOURCE"), (_("once everything is in:"), "finish {mandate}")),
    Step.RECONCILE: (_RECONCILE,),
    Step.WAY_BACK: (("", "back {mandate} SOURCE"),),
    Step.CUT_OVER: (_RECONCILE,),
    Step.CLOSE: (("", "close {mandate}"),),
}


def typed(step: Step, mandate: str, *, loaded: bool = False) -> list[Line]:
    """The commands of a step, in their order; `loaded` says that the load has come to its end."""
    lines = _LINES.get(step, ())
    if step is Step.FINISH and loaded:
        lines = lines[-1:]
    return [(when, f"aliquot legacy {line.format(mandate=mandate)}") for when, line in lines]
