"""Requests about who is there: processes introduce themselves, people and services sign in and out."""

import os
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from aliquot.custody import (
    changes,
    erasure,
    exports,
    forms,
    invitations,
    passkeys,
    people,
    protocol,
    services,
    sessions,
    staging,
    store,
)
from aliquot.custody.asker import Asker
from aliquot.custody.caller import Caller
from aliquot.custody.denial import Denial
from aliquot.custody.history import Leaf
from aliquot.custody.holdings import Holdings
from aliquot.custody.passkey_protocol import EndPasskey, EndPasskeyOptions, ListPasskeys, PasskeysListed
from aliquot.custody.protocol import (
    AcceptInvitation,
    Answer,
    ConfirmInvitation,
    Done,
    FactorOptions,
    Failed,
    Hello,
    InvitationAccepted,
    PasskeyEnrol,
    PasskeyEnrolOptions,
    PasskeyOptions,
    PasskeySignIn,
    PasskeySignInOptions,
    ProveService,
    SessionOpened,
    SignIn,
    SignOut,
    Welcome,
    WhoAmI,
)
from aliquot.custody.sessions import Opened
from aliquot.custody.store import Turn
from aliquot.ledger.entry import Step
from aliquot.terms.ids import Id

_CHALLENGE_BYTES = 32
_GOVERNS: dict[str, tuple[type[forms.Form], ...]] = {
    "Administer": tuple(
        set(forms.Form.__args__) - {forms.SignMigration, forms.StepMigration, forms.SignExport, forms.AcknowledgeLost}
    ),
    "SignMandate": tuple(set(forms.Form.__args__) - {forms.StepMigration}),
    "StepMigration": (forms.StepMigration, forms.Approve, forms.Reject),
}
"""Under which act which forms may be sent."""


@dataclass(frozen=True)
class Slow:
    """Something to compute outside the transaction (a password's hash), and what to answer with its result after."""

    compute: Callable[[], object]
    then: Callable[[Turn, Holdings, object], Answer]


def hello(held: Holdings, caller: Caller, request: Hello) -> Welcome:
    """Take note of a process; a service gets a challenge."""
    if request.version != protocol.VERSION:
        raise Denial("protocol", "this process and the custodian are of different versions of Aliquot")
    caller.process, caller.service = request.process, request.service
    caller.challenge = os.urandom(_CHALLENGE_BYTES) if request.service else b""
    return Welcome(held.installation, held.policies.hash, caller.challenge)


def prove_service(turn: Turn, held: Holdings, caller: Caller, request: ProveService) -> SessionOpened:
    """Open a session for a service that signed this connection's challenge."""
    challenge = caller.challenge
    if not challenge:
        raise Denial("service", "say hello as a service first")
    turn.later.append(caller.forget_challenge)
    signed = services.message(held.installation, caller.service, challenge)
    return _opened(turn, held, sessions.prove_service(turn, caller.service, signed, request.signature), "key")


def sign_in(turn: Turn, held: Holdings, request: SignIn) -> Slow:
    """Begin to sign in: the try is counted, the password's hash is then computed outside."""
    tried = sessions.begin(turn, held.unlocked, request.login)

    def compute() -> object:
        return held.passwords.right(tried.hashed, request.password)

    def then(turn: Turn, held: Holdings, right: object) -> Answer:
        opened = sessions.sign_in(turn, held.unlocked, tried, request.code, right=bool(right))
        return _opened(turn, held, opened, "password-totp")

    return Slow(compute, then)


def accept_invitation(turn: Turn, held: Holdings, request: AcceptInvitation) -> Slow:
    """Somebody new has chosen a password; its hash is computed outside."""

    def compute() -> object:
        try:
            return held.passwords.hashed(request.login, request.password)
        except Denial as denial:
            return denial

    def then(turn: Turn, held: Holdings, hashed: object) -> Answer:
        if isinstance(hashed, Denial):
            raise hashed
        return InvitationAccepted(
            invitations.accept(turn, held.unlocked, request.login, request.invitation, str(hashed))
        )

    return Slow(compute, then)


def confirm_invitation(turn: Turn, held: Holdings, request: ConfirmInvitation) -> Done:
    """The first one-time code was right."""
    org, person = invitations.confirm(turn, held.unlocked, request.login, request.invitation, request.code)
    held.history.append(turn, org, _leaf("account-confirmed", person))
    return Done()


def passkey_sign_in_options(turn: Turn, held: Holdings, request: PasskeySignInOptions) -> PasskeyOptions:
    """What the browser's authenticator must sign."""
    return held.passkeys.sign_in_options(turn, request.login)


def passkey_sign_in(turn: Turn, held: Holdings, request: PasskeySignIn) -> SessionOpened:
    """Open a session for the person whose passkey answered."""
    opened = sessions.passkey_sign_in(turn, held.passkeys, request.handle, request.response)
    return _opened(turn, held, opened, "passkey")


def passkey_enrol_options(turn: Turn, held: Holdings, request: PasskeyEnrolOptions) -> PasskeyOptions:
    """What an authenticator needs to make a passkey."""
    asker = sessions.asker(turn, held.unlocked, request.ticket)
    person = people.by_id(turn, held.unlocked, asker.person)
    if person is None:
        raise Denial("not-a-person", "a service has no passkey")
    return held.passkeys.enrol_options(turn, person)


def passkey_enrol(turn: Turn, held: Holdings, request: PasskeyEnrol) -> Answer:
    """Keep a new passkey; a wrong code is counted and refused."""
    asker = sessions.asker(turn, held.unlocked, request.ticket)
    if not sessions.enrol_passkey(turn, held.unlocked, held.passkeys, asker, request):
        return Failed("refused", "factor", "this code is not right, or was used before")
    held.history.append(turn, asker.org, _leaf("passkey-enrolled", asker.person, asker.session))
    return Done()


def list_passkeys(turn: Turn, held: Holdings, request: ListPasskeys) -> PasskeysListed:
    """The person's own passkeys."""
    asker = sessions.asker(turn, held.unlocked, request.ticket)
    return PasskeysListed(held.passkeys.listed(turn, Id(asker.person)))


def end_passkey_options(turn: Turn, held: Holdings, request: EndPasskeyOptions) -> PasskeyOptions:
    """A challenge that binds the end of one passkey."""
    asker = sessions.asker(turn, held.unlocked, request.ticket)
    person = Id(asker.person)
    passkeys.check_ending(turn, person, request.passkey)
    return held.passkeys.act_options(turn, person, passkeys.ending(person, request.passkey))


def end_passkey(turn: Turn, held: Holdings, request: EndPasskey) -> Answer:
    """End a passkey; a wrong code is counted and refused."""
    asker = sessions.asker(turn, held.unlocked, request.ticket)
    if not sessions.end_passkey(turn, held.unlocked, held.passkeys, asker, request):
        return Failed("refused", "factor", "this code is not right, or was used before")
    held.history.append(turn, asker.org, _leaf("passkey-ended", asker.person, asker.session))
    return Done()


def factor_options(turn: Turn, held: Holdings, request: FactorOptions) -> PasskeyOptions:
    """A challenge that binds one act."""
    asker = sessions.asker(turn, held.unlocked, request.ticket)
    return held.passkeys.act_options(turn, Id(asker.person), request.act)


def who_am_i(turn: Turn, held: Holdings, request: WhoAmI) -> SessionOpened:
    """Who holds a ticket."""
    return _told(held, sessions.who(turn, held.unlocked, request.ticket))


def sign_out(turn: Turn, held: Holdings, request: SignOut) -> Done:
    """End a session."""
    try:
        asker = sessions.asker(turn, held.unlocked, request.ticket)
    except Denial:
        return Done()
    sessions.sign_out(turn, request.ticket)
    held.history.append(turn, asker.org, _leaf("signed-out", asker.person, asker.session))
    return Done()


def govern(turn: Turn, held: Holdings, request: protocol.Govern) -> protocol.Governed:
    """Change who may do what, under a grant whose factor covered this very form."""
    grant = held.grant(turn, request.grant)
    asker = grant.asker
    form = forms.read(request.change, request.form)
    if not isinstance(form, _GOVERNS.get(grant.name, ())) or grant.digest != forms.digest(form):
        raise Denial("not-of-this-act", "the confirmation was for another change")
    governed = changes.govern(turn, held.unlocked, asker, form)
    staging.decided(turn, held, governed)
    wanted = changes.in_force(turn, held.unlocked, governed.id)
    if wanted is not None and isinstance(wanted[0], forms.SignExport):
        exports.begin(turn, held, Id(governed.id), wanted[0], wanted[1])
    if wanted is not None and isinstance(wanted[0], forms.Erasing):
        erased = erasure.carry_out(turn, held, asker, Id(governed.id), wanted[0])
        governed = msgspec.structs.replace(governed, erased=erased)
    turn.later.append(lambda: held.grants.end(request.grant))
    held.history.append(turn, asker.org, _leaf(f"change.{type(form).__name__}", asker.person, asker.session))
    return governed


def _opened(turn: Turn, held: Holdings, opened: Opened, how: str) -> SessionOpened:
    asker = opened.asker
    held.history.append(turn, asker.org, _leaf(f"signed-in.{how}", asker.person, asker.session))
    if opened.others:
        held.alarm(turn, asker.org, "second-session", person=asker.person, n=opened.others)
    return _told(held, opened)


def _told(held: Holdings, opened: Opened) -> SessionOpened:
    asker: Asker = opened.asker
    return SessionOpened(
        ticket=opened.ticket,
        person=asker.person,
        name=asker.name,
        org=asker.org,
        roles=tuple(sorted(asker.roles)),
        sites=tuple(sorted(asker.sites)),
        acts=held.policies.possible_acts(asker.roles, service=bool(asker.service)),
        factor_at=store.instant(asker.factor),
        expires_at=store.instant(opened.expires),
        passkey=opened.passkey,
    )


def _leaf(what: str, person: bytes, session: bytes = b"") -> Leaf:
    return Leaf(act=what, step=Step.EVENT, actor=person.hex(), id="", ses=session.hex()[:16])
