"""Every page there is, with the acts that it needs. A test walks Django's own list and finds no other."""

from django.utils.translation import gettext_lazy as _

from aliquot.access.acts import (
    ConfirmOrder,
    FindPatient,
    FindTube,
    LookUpIdentifier,
    OpenIdentity,
    PlaceOrder,
    PrintLabels,
    ReceiveSpecimen,
    RegisterPatient,
    RejectSpecimen,
)
from aliquot.web import (
    account,
    gate,
    home,
    invitation,
    language,
    orders,
    patients,
    people,
    reception,
    registration,
    tubes,
)
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
    Desk("reception", reception.search, (FindPatient, LookUpIdentifier), menu=_("Reception"), keys="g r"),
    Desk("reception/register", registration.register, (RegisterPatient,)),
    Desk("patients/<str:patient>", patients.show, (OpenIdentity,)),
    Desk("patients/<str:patient>/order", orders.place, (PlaceOrder,)),
    Desk("patients/<str:patient>/order/tubes", orders.needed, (PlaceOrder,)),
    Desk("patients/<str:patient>/requests/<str:work>", orders.show, (PrintLabels,)),
    Desk("patients/<str:patient>/requests/<str:work>/labels", orders.labels, (PrintLabels,)),
    Desk("patients/<str:patient>/requests/<str:work>/confirm", orders.confirm, (ConfirmOrder,)),
    Desk("tubes", tubes.scan, (FindTube,), menu=_("Tubes"), keys="g t"),
    Desk("tubes/<str:specimen>", tubes.show, (ReceiveSpecimen,)),
    Desk("tubes/<str:specimen>/receive", tubes.receive, (ReceiveSpecimen,)),
    Desk("tubes/<str:specimen>/reject", tubes.reject, (RejectSpecimen,)),
)

urlpatterns = gate.patterns(ROUTES)
handler400 = "aliquot.web.answers.bad_request"
handler404 = "aliquot.web.answers.not_found"
handler500 = "aliquot.web.answers.failed"
