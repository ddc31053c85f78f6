"""The laboratories of the demonstration and who works there: one person for each desk, and two biologists."""

import tomllib
from importlib import resources

import msgspec

from aliquot.custody.changes import Founder
from aliquot.custody.roles import Role
from aliquot.terms import installation
from aliquot.terms.ids import Org

LOADS_THE_ANALYSER = "automate"
"""The login of the person whom the talking analyser stands in for: somebody puts the tubes into it."""
ANALYSER = "ANALYSER-1"
"""What the catalogue calls it."""
PATIENTS = 150
"""In each laboratory."""


class Member(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody who works in a laboratory."""

    name: str
    role: Role


class Laboratory(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A laboratory with one site; `people` are by the first part of their login, `seed` gives its patients."""

    org: str
    name: str
    site: str
    lines: tuple[str, ...]
    phone: str
    seed: int
    people: dict[str, Member]

    @property
    def id(self) -> Org:
        """The organization that it is."""
        return Org(bytes.fromhex(self.org))

    def who(self, role: Role, nth: int = 0) -> str:
        """The login of a person in a role: of the first, unless another is meant."""
        return [self.login(name) for name, member in self.people.items() if member.role is role][nth]

    def login(self, name: str) -> str:
        """What a person types to sign in: `claire@estuaire`."""
        return f"{name}@{self.site}"

    def founders(self) -> tuple[Founder, ...]:
        """Its people as they are there at the founding."""
        return tuple(
            Founder(self.login(name), member.name, (member.role,), self.site) for name, member in self.people.items()
        )

    def described(self) -> installation.Laboratory:
        """The laboratory as `aliquot.toml` describes it. Quality control is kept outside, so that results may go."""
        return installation.Laboratory(
            org=self.org,
            name=self.name,
            lines=self.lines,
            phone=self.phone,
            director=next(member.name for member in self.people.values() if member.role is Role.DIRECTOR),
            accreditation="",
            time_zone="Europe/Paris",
            language="fr",
            sites=(self.site,),
            quality_control="outside",
        )


class _Staff(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    laboratories: tuple[Laboratory, ...]


LABORATORIES = msgspec.convert(
    tomllib.loads(resources.files(__package__).joinpath("staff.toml").read_text("utf-8")), _Staff
).laboratories
"""The first has the analyser."""
