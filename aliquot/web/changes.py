"""A change as a page carries it between what is shown and what is signed: the very bytes that the factor covers."""

from django.http import HttpRequest

from aliquot.custody import forms
from aliquot.custody.forms import Change
from aliquot.terms import canonical
from aliquot.terms.errors import Refused


def sent(request: HttpRequest) -> Change:
    """The change in the hidden field of a page that was confirmed.

    Raises:
        Refused: no page writes such a field.
    """
    try:
        return forms.change(request.POST.get("form", "").encode())
    except canonical.UNREADABLE:
        raise Refused("change: open the page again") from None


def decided(request: HttpRequest, change: str) -> forms.Form:
    """What a second person chose. The digest is that of the page that was read, so that nobody approves unseen.

    Raises:
        Refused: it is no decision.
    """
    if request.POST.get("decision") == "approve":
        return forms.Approve(change, request.POST.get("digest", ""))
    if request.POST.get("decision") == "reject":
        return forms.Reject(change)
    raise Refused("decision: approve or reject")
