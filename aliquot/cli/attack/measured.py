"""What an attack found out: the figure, and whether it is the one that is wanted."""

from collections.abc import Callable
from dataclasses import dataclass

from aliquot.cli.attack.ground import Ground


@dataclass(frozen=True)
class Measured:
    """The figure in words, and whether the control holds."""

    figure: str
    holds: bool


Attack = Callable[[Ground], Measured]
