"""A fresh factor over what a form wants: the page asks for it, the browser gives it, custody verifies it.

A passkey signs exactly this act with this content, so its challenge is asked for with the filled form: the script sends
the form with `factor-options` to the same address, and again with the answer. A one-time code needs no script.
"""

import binascii

from django.http import HttpRequest, JsonResponse

from aliquot.access import people
from aliquot.access.acts import Act
from aliquot.access.door import Intent
from aliquot.access.people import Ceremony
from aliquot.custody.protocol import Factor, PasskeyOptions
from aliquot.terms.errors import Refused
from aliquot.web.visitor import Visitor


def asked(request: HttpRequest) -> bool:
    """Whether the script wants to know what the passkey must sign."""
    return "factor-options" in request.POST


def challenge(visitor: Visitor, act: Act, meant: Intent) -> JsonResponse:
    """What the passkey must sign to confirm this act with this content.

    Raises:
        Denial: `no-passkey`.
    """
    return shown(people.factor_options(visitor.actor, act, meant))


def shown(options: PasskeyOptions) -> JsonResponse:
    """A ceremony as our script reads it."""
    return JsonResponse({"handle": options.handle.hex(), "options": options.options})


def posted(request: HttpRequest) -> Factor | None:
    """The factor that came with a form, if one did. A passkey goes before a code."""
    if request.POST.get("factor-response"):
        made = ceremony(request)
        return Factor(handle=made.handle, response=made.response)
    code = request.POST.get("factor-code", "").strip()
    return Factor(code=code) if code else None


def ceremony(request: HttpRequest) -> Ceremony:
    """What the browser's authenticator answered.

    Raises:
        Refused: the handle is not one that was given out.
    """
    try:
        return Ceremony(
            binascii.unhexlify(request.POST.get("factor-handle", "")), request.POST.get("factor-response", "")
        )
    except ValueError:
        raise Refused("passkey: begin again") from None
