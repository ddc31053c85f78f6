"""The same form sent twice: one act, one outcome."""

from aliquot.access.acts import Act
from aliquot.access.grant import Grant
from aliquot.custody.denial import Denial


def is_done(grant: Grant[Act]) -> bool:
    """Whether this act was done before, so that its verb only says again what came of it.

    Raises:
        Denial: `act-unsettled` (it is not known yet whether it was kept), `act-over` (it was not kept).
    """
    if grant.done == "prepared":
        raise Denial("act-unsettled", "this was sent already and is being looked into; look again in a minute")
    if grant.done in {"abandoned", "lost"}:
        raise Denial("act-over", "this was sent already and was not kept; open the form anew")
    return grant.done == "kept"
