"""The fifty controls: what went wrong somewhere, how it is tried here, and the figure that is wanted."""

import tomllib
from importlib import resources

import msgspec


class Control(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One row of the table. A control may be tried in two ways; without `attack` it is not built yet."""

    id: str
    weakness: str
    does: str
    wanted: str
    attack: str = ""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    control: tuple[Control, ...]


CONTROLS = msgspec.convert(
    tomllib.loads(resources.files(__package__).joinpath("controls.toml").read_text("utf-8")), _File
).control
IDS = tuple(dict.fromkeys(control.id for control in CONTROLS))


def chosen(ids: list[str]) -> tuple[Control, ...]:
    """The controls of these ids, or all."""
    return tuple(control for control in CONTROLS if not ids or control.id in ids)
