"""Who stands at the door: signing in and out, and fresh factors. Custody verifies; these functions only carry."""

from dataclasses import dataclass

from aliquot.access import door
from aliquot.access.acts import Act
from aliquot.access.custodian import Line
from aliquot.access.door import Actor, Intent
from aliquot.custody.denial import Denial
from aliquot.custody.passkey_protocol import EndPasskey, EndPasskeyOptions, ListPasskeys, PasskeyKept, PasskeysListed
from aliquot.custody.protocol import (
    AcceptInvitation,
    ConfirmInvitation,
    Done,
    Factor,
    FactorOptions,
    InvitationAccepted,
    PasskeyEnrol,
    PasskeyEnrolOptions,
    PasskeyOptions,
    PasskeySignIn,
    PasskeySignInOptions,
    SessionOpened,
    SignIn,
    SignOut,
    WhoAmI,
)


@dataclass(frozen=True)
class Ceremony:
    """What the browser's authenticator answered, and the handle under which custody remembers what it asked."""

    handle: bytes
    response: str


def reach(line: Line) -> None:
    """Establish that the custodian is there and unlocked.

    Raises:
        CustodyGone: it is not.
    """
    try:
        line.ask(WhoAmI(b""), SessionOpened)
    except Denial:
        # Nobody holds the empty ticket: to be refused is to be answered.
        return


def sign_in(line: Line, asked: SignIn) -> SessionOpened:
    """Open a session with password and one-time code.

    Raises:
        Denial: `sign-in`, `dormant`, `too-many-tries`.
    """
    return line.ask(asked, SessionOpened)


def passkey_sign_in_options(line: Line, login: str) -> PasskeyOptions:
    """What an authenticator must sign to sign in; the answer does not tell whether the login exists."""
    return line.ask(PasskeySignInOptions(login), PasskeyOptions)


def passkey_sign_in(line: Line, ceremony: Ceremony, origin: str) -> SessionOpened:
    """Open a session with a passkey.

    Raises:
        Denial: `sign-in`, `dormant`, `passkey-cloned`.
    """
    return line.ask(PasskeySignIn(ceremony.handle, ceremony.response, origin), SessionOpened)


def who(line: Line, ticket: bytes) -> SessionOpened:
    """Who holds this ticket now, with the roles of this instant.

    Raises:
        Denial: `signed-out`.
    """
    return line.ask(WhoAmI(ticket), SessionOpened)


def sign_out(actor: Actor) -> None:
    """End the session, on whatever host it is used."""
    actor.line.ask(SignOut(actor.ticket), Done)


def accept_invitation(line: Line, login: str, invitation: str, password: str) -> str:
    """Choose a password; the answer is the URI of the secret for one-time codes, told once.

    Raises:
        Denial: `invitation`, `weak-password`.
    """
    return line.ask(AcceptInvitation(login, invitation, password), InvitationAccepted).uri


def confirm_invitation(line: Line, login: str, invitation: str, code: str) -> None:
    """Show with a first one-time code that the secret arrived; from now on the person can sign in.

    Raises:
        Denial: `invitation`, `one-time-code`.
    """
    line.ask(ConfirmInvitation(login, invitation, code), Done)


def passkey_enrol_options(actor: Actor) -> PasskeyOptions:
    """What an authenticator needs to make a passkey for this person.

    Raises:
        Denial: `too-many-passkeys`.
    """
    return actor.line.ask(PasskeyEnrolOptions(actor.ticket), PasskeyOptions)


def enrol_passkey(actor: Actor, ceremony: Ceremony, name: str, code: str) -> None:
    """Keep a passkey that was just made; the unused one-time code shows that its owner wants it.

    Raises:
        Denial: `passkey`, `passkey-known`, `one-time-code`, `too-many-tries`.
    """
    actor.line.ask(PasskeyEnrol(actor.ticket, ceremony.handle, ceremony.response, name, code), Done)


def factor_options(actor: Actor, act: Act, meant: Intent) -> PasskeyOptions:
    """What an authenticator must sign to confirm exactly this act with this content.

    Raises:
        Denial: `no-passkey`.
    """
    return actor.line.ask(FactorOptions(actor.ticket, door.told(act, meant)), PasskeyOptions)


def passkeys(actor: Actor) -> tuple[PasskeyKept, ...]:
    """The person's own passkeys."""
    return actor.line.ask(ListPasskeys(actor.ticket), PasskeysListed).passkeys


def end_passkey_options(actor: Actor, passkey: int) -> PasskeyOptions:
    """What an authenticator must sign to confirm that this passkey of the person's own ends.

    Raises:
        Denial: `no-passkey`, `no-such-passkey`, `last-factor`.
    """
    return actor.line.ask(EndPasskeyOptions(actor.ticket, passkey), PasskeyOptions)


def end_passkey(actor: Actor, passkey: int, factor: Factor) -> None:
    """End one of the person's own passkeys; others that are signed in with one are signed out.

    Raises:
        Denial: `factor`, `no-such-passkey`, `last-factor`, `too-many-tries`, `passkey-cloned`.
    """
    actor.line.ask(EndPasskey(actor.ticket, passkey, factor.code, factor.handle, factor.response), Done)
