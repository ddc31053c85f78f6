"""The two installations between which records move out again, each with its custodian in this process."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from aliquot.access.acts import StepMigration
from aliquot.cli import layout
from aliquot.cli.demo import loading
from aliquot.cli.demo.staff import Laboratory
from aliquot.cli.legacy import folder, keys
from aliquot.cli.scratch import World
from aliquot.custody import forms
from aliquot.custody.roles import Role
from aliquot.custody.steps import Step
from aliquot.terms.ids import Id

LASTS: Final = timedelta(days=10)


@dataclass(frozen=True)
class Side:
    """One installation, and the laboratory that gives or takes."""

    home: Path
    world: World
    laboratory: Laboratory

    def who(self, *roles: Role) -> tuple[str, str]:
        """Two people in these roles."""
        first, second = (self.laboratory.who(role) for role in roles)
        return first, second

    def enrol(self, name: str, role: Role) -> None:
        """A service whose key lies here, wanted by two people."""
        key = layout.key(keys.file(self.home, name, role)).public_key().public_bytes_raw()
        form = forms.EnrolService(name, role, key, self.world.clock() + 2 * LASTS)
        loading.agree(self.world, self.who(Role.ADMINISTRATOR, Role.DIRECTOR), form)


@dataclass(frozen=True)
class Sides:
    """Both, what is between them, and the mandate under which the second takes it in."""

    first: Side
    second: Side
    bundle: Path
    mandate: Id

    @property
    def migration(self) -> Path:
        """What lies between two words of the second side's migration."""
        return folder.of(self.second.home, self.mandate.hex())

    def sign(self, role: Role, step: Step, evidence: str = "", rests: str = "") -> None:
        """Somebody of the second side answers for a step."""
        form = forms.StepMigration(self.mandate.hex(), step, evidence, rests)
        loading.decide(self.second.world, self.second.laboratory.who(role), form, StepMigration)
