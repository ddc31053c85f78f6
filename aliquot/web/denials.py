"""What each refusal of custody means to the person at the screen: the HTTP status, what happened, what to do next.

The codes are custody's and stable; a test holds this table against every code that custody can give.
"""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from aliquot.custody.denial import Denial


@dataclass(frozen=True)
class Words:
    """One refusal. `then` is the person's next step."""

    status: int
    title: str | Promise
    then: str | Promise


def words(denial: Denial) -> Words:
    """The words for a refusal; a code that this version does not know is still told as custody put it."""
    return DENIALS.get(denial.code) or Words(403, _("This was refused"), denial.reason)


_ASK = _("If your work needs it, ask your administrator.")
_AGAIN = _("Open the page again and repeat what you wanted.")
_READ_AGAIN = _("Read it again before you decide.")
_GLASS = _("If the patient's care cannot wait, break the glass; the privacy officer is told.")
_LIST = _("Choose one from the list; it may have changed since you opened it.")
_VENDOR = _("Tell your administrator; the program asked for something that it must not ask for.")
_BULK = _("Tell the person who runs the bulk work; it goes on under a mandate that covers it.")
_LOOK = _("Look at how far the migration is, and begin again from there.")
_SECOND = _("Ask a second person whose role allows it.")

DENIALS: dict[str, Words] = {
    # Who you are
    "signed-out": Words(401, _("You are not signed in"), _("Sign in and go on.")),
    "sign-in": Words(422, _("That is not right"), _("Check login, password and code; use a code that is new.")),
    "dormant": Words(403, _("This account has slept too long"), _("Ask your administrator for a new invitation.")),
    "too-many-tries": Words(429, _("Too many tries"), _("Wait up to an hour, or use a passkey.")),
    "factor": Words(422, _("The confirmation was not right"), _("Use a new code, or your passkey.")),
    "one-time-code": Words(422, _("This code is not right"), _("Wait for the next code in your app, and type it.")),
    "invitation": Words(422, _("This invitation is not right, or no longer"), _("Ask your administrator for another.")),
    "weak-password": Words(
        422,
        _("This password is too easy to guess"),
        _("Choose at least 12 characters, without your login and unlike common passwords."),
    ),
    "passkey": Words(422, _("The passkey was not made as asked"), _("Begin again, and finish within five minutes.")),
    "passkey-known": Words(409, _("This passkey is enrolled already"), _("Use it, or make another one.")),
    "passkey-name": Words(422, _("The passkey needs a name"), _("Give it a short name that you will recognise.")),
    "passkey-cloned": Words(
        403, _("There may be a copy of this passkey"), _("Do not use it again, and tell your privacy officer now.")
    ),
    "no-passkey": Words(422, _("You have no passkey"), _("Confirm with a one-time code.")),
    "too-many-passkeys": Words(409, _("You have as many passkeys as one person may have"), _ASK),
    "not-a-person": Words(403, _("This is for people"), _VENDOR),
    # What you may do
    "forbidden": Words(403, _("Your roles do not allow this here"), _ASK),
    "not-yours": Words(403, _("This is for another role to decide"), _SECOND),
    "own": Words(403, _("Nobody decides this about themselves"), _SECOND),
    "second-person": Words(403, _("Somebody else must approve this"), _SECOND),
    "no-work": Words(403, _("This patient has no open work here"), _GLASS),
    "another-site": Words(403, _("This patient's open work is at another site"), _GLASS),
    "another-laboratory": Words(403, _("This patient is not one of this laboratory's"), _ASK),
    "other-organization": Words(403, _("This belongs to another laboratory"), _ASK),
    "break-glass": Words(
        403, _("Breaking the glass needs more"), _("Type a reason and confirm for this patient with a code or passkey.")
    ),
    "mandate": Words(403, _("No mandate in force covers this"), _BULK),
    "service": Words(403, _("This service is not enrolled"), _VENDOR),
    # Migrations
    "scope": Words(422, _("This mandate cannot be signed so"), _("Name other columns, days or sites.")),
    "step": Words(409, _("This step does not follow"), _LOOK),
    "evidence": Words(409, _("This does not name the evidence that is in force"), _LOOK),
    "no-such-mandate": Words(409, _("There is no such mandate in force"), _LIST),
    "migration-over": Words(409, _("This migration is over"), _("Sign a new mandate; what was staged is destroyed.")),
    "migration-state": Words(409, _("This is not done at this point of a migration"), _LOOK),
    "act-unsettled": Words(409, _("Something of this is still being saved"), _("Do it again in two minutes.")),
    "row-registered": Words(409, _("This person came in meanwhile"), _("Nothing is decided any more; take the next.")),
    "no-such-doubt": Words(409, _("Nobody has to decide about this person"), _LIST),
    "bundle": Words(422, _("This bundle is not opened"), _("Have it sent again by the sender of the mandate.")),
    "no-such-part": Words(409, _("This part of a bundle is not open"), _BULK),
    "sample": Words(409, _("You have not compared every dossier that was drawn"), _("Compare the sample, then sign.")),
    "not-sampled": Words(403, _("This dossier was not drawn"), _("Compare those that were drawn.")),
    "not-looked": Words(409, _("You have not looked at this dossier yet"), _("Open it beside the old system's words.")),
    "way-back": Words(
        409, _("The way back is not rehearsed"), _("The integrator types “aliquot legacy back”; then you cut over.")
    ),
    "credentials": Words(
        409,
        _("This is not what may come in now"),
        _("Open the page again: something was enrolled or ended since, or nobody would be left in a role."),
    ),
    # Records that leave
    "kinds": Words(422, _("A kind is not one that leaves"), _("Name each kind once.")),
    "receiver": Words(422, _("The receiver's mandate is not right, or over"), _("Ask the receiver for a mandate.")),
    "sender": Words(422, _("The receiver's mandate names another sender"), _("Tell the receiver your own key.")),
    "count": Words(
        409, _("Nobody is in scope, or more than the mandate names"), _("Name other days or sites, or another number.")
    ),
    # How much
    "budget-doubts": Words(
        429, _("You have seen a day's people who may be known here"), _("Go on tomorrow, or let a colleague go on.")
    ),
    "budget-all": Words(
        429, _("You have opened a day's patients"), _("Confirm with a code or passkey and go on; this refills some.")
    ),
    "budget-person": Words(429, _("You have opened your day's patients without work that explains it"), _GLASS),
    "budget-laboratory": Words(429, _("The laboratory has opened its day's patients without work"), _GLASS),
    "budget-installation": Words(429, _("The laboratories have opened their day's patients without work"), _GLASS),
    "budget-service": Words(429, _("A service opens nobody without work that explains it"), _BULK),
    "too-many": Words(429, _("Too many at once"), _("Ask for fewer.")),
    "too-many-letters": Words(422, _("Too many letters of the name"), _("Give at most three letters of each name.")),
    # What others did meanwhile
    "conflict": Words(409, _("Somebody changed this in the meantime"), _READ_AGAIN),
    "act-reused": Words(409, _("This form was sent before, with other content"), _AGAIN),
    "already-prepared": Words(409, _("This was saved already"), _READ_AGAIN),
    "already-ended": Words(409, _("This has ended otherwise"), _READ_AGAIN),
    "grant-over": Words(409, _("This took too long"), _AGAIN),
    "lapsed": Words(409, _("This has waited too long"), _("Ask for it again.")),
    "other-form": Words(409, _("This is not the change that waits"), _LIST),
    "lost-list": Words(409, _("This list is not what waits any more"), _LIST),
    "founded": Words(409, _("This laboratory has people already"), _("They enrol the others.")),
    "login-taken": Words(409, _("This login is taken"), _("Choose another.")),
    "identifier-taken": Words(409, _("This number is another person's already"), _("Find that person first.")),
    "name-taken": Words(409, _("This name is taken"), _("Choose another.")),
    "last-of-role": Words(409, _("Nobody else holds this role"), _("Grant it to another person first.")),
    # What was meant
    "no-such-change": Words(404, _("No such change waits here"), _LIST),
    "no-such-person": Words(404, _("There is nobody of this kind here"), _LIST),
    "no-such-passkey": Words(404, _("This passkey is none of yours any more"), _LIST),
    "last-factor": Words(409, _("This is the only factor that you have left"), _("Enrol another passkey first.")),
    "no-such-role": Words(404, _("This role is not held there"), _LIST),
    "no-such-service": Words(404, _("No such service works here"), _LIST),
    "no-such-patient": Words(404, _("There is no such patient here"), _LIST),
    "shredded": Words(410, _("Everything about this patient was erased"), _LIST),
    "legal-hold": Words(409, _("A legal hold stands on this patient"), _("It has to be lifted first, by two people.")),
    "open-work": Words(409, _("There is open work of this patient"), _("Wait until it is closed and confirmed.")),
    "held": Words(409, _("A legal hold stands on this patient already"), _LIST),
    "not-held": Words(409, _("No legal hold stands on this patient"), _LIST),
    "unknown-subject": Words(404, _("There is no such record here"), _LIST),
    "unknown-work": Words(404, _("This requisition is not one of this patient's"), _LIST),
    "unknown-letter": Words(404, _("There is no such message here"), _LIST),
    "form": Words(422, _("This form is not right"), _AGAIN),
    "term": Words(422, _("The end date is not right"), _("Choose a day ahead, within what this role may have.")),
    "role": Words(422, _("This role is not for them"), _("Choose another role.")),
    "founders": Words(422, _("Three people begin"), _("Name an administrator, a director and a privacy officer.")),
    "key": Words(422, _("This is not a key of the right kind"), _("Give the public key that the other side printed.")),
    # What only a fault in the program asks for
    "malformed": Words(422, _("The request was not right"), _VENDOR),
    "refused": Words(422, _("The request was not right"), _VENDOR),
    "protocol": Words(503, _("Parts of the program are of different versions"), _VENDOR),
    "not-of-this-act": Words(403, _("This act has no leave for that"), _VENDOR),
    "unknown-act": Words(404, _("There is no such act"), _VENDOR),
    "unknown-role": Words(404, _("There is no such role"), _VENDOR),
    "unknown-purpose": Words(404, _("There is no such purpose"), _VENDOR),
}
