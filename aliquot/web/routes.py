"""Every page there is, with the acts that it needs. A test walks Django's own list and finds no other."""

from django.utils.translation import gettext_lazy as _

from aliquot.web import account, gate, home, invitation, language, people
from aliquot.web.gate import Desk, Open

ROUTES: tuple[gate.Route, ...] = (
    Desk("", home.start, reason="lists the desks that the person's roles could open", menu=_("Start"), keys="g s"),
    Open("sign-in", people.sign_in, "nobody is known yet"),
    Open("sign-in/passkey", people.sign_in_with_passkey, "nobody is known yet"),
    Desk("sign-out", people.sign_out, reason="whoever is signed in may leave"),
    Open("invitation", invitation.accept, "the invitation is what proves the person"),
    Open("invitation/confirm", invitation.confirm, "the invitation and the code are what prove the person"),
    Desk("account", account.show, reason="shows only the person's own account"),
    Desk("account/passkey", account.enrol_passkey, reason="custody asks for a fresh code of the person's own"),
    Open("language", language.choose, "remembers a choice in the browser and nothing else"),
)

urlpatterns = gate.patterns(ROUTES)
handler400 = "aliquot.web.answers.bad_request"
handler404 = "aliquot.web.answers.not_found"
handler500 = "aliquot.web.answers.failed"
