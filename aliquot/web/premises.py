"""Where the person works: what the verbs of the laboratory need to know of it."""

from datetime import datetime

from aliquot.lab import catalogues, setting
from aliquot.lab.setting import Setting
from aliquot.terms.errors import Refused
from aliquot.web.visitor import Visitor


def of(visitor: Visitor, at: datetime) -> Setting:
    """The catalogue in force and the laboratory.

    Raises:
        Refused: no catalogue was published yet, or the installation file does not name the laboratory.
    """
    if visitor.laboratory is None:
        raise Refused("installation: it does not name this laboratory")
    return Setting(catalogues.current(visitor.actor, at), setting.laboratory(visitor.laboratory))
