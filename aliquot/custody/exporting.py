"""The export key: with it a laboratory signs what leaves custody to be believed elsewhere, and nothing else.

It is made when it is first needed, wrapped by the laboratory's own root, and enrolled in the history by a leaf that
carries its public half. Bundles are signed with a second key beside it (ML-DSA-44): they outlive Ed25519.
"""

import os

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from aliquot.custody.history import Leaf
from aliquot.custody.holdings import Holdings
from aliquot.custody.store import Turn
from aliquot.custody.unlocked import Unlocked
from aliquot.ledger.entry import Step
from aliquot.terms.ids import Org
from aliquot.vault import bundle
from aliquot.vault.bundle import SenderKey


def key(turn: Turn, held: Holdings, org: Org) -> Ed25519PrivateKey:
    """The laboratory's export key."""
    row = turn.db.execute("SELECT wrapped FROM export_key WHERE org = ?", (org,)).fetchone()
    if row is not None:
        return Ed25519PrivateKey.from_private_bytes(held.unlocked.unwrap_export(org, row[0]))
    secret = os.urandom(32)
    made = Ed25519PrivateKey.from_private_bytes(secret)
    public = made.public_key().public_bytes_raw()
    turn.db.execute(
        "INSERT INTO export_key (org, public, wrapped) VALUES (?, ?, ?)",
        (org, public, held.unlocked.wrap_export(org, secret)),
    )
    held.history.append(turn, org, Leaf(act="export-key", step=Step.EVENT, actor="", id="", root=public.hex()))
    return made


def sender(turn: Turn, held: Holdings, org: Org) -> SenderKey:
    """The keys with which the laboratory signs what it carries out: the export key, and the one beside it."""
    first = key(turn, held, org).private_bytes_raw()
    known = _known(turn, held.unlocked, org)
    if known is not None:
        return known
    second = os.urandom(32)
    wrapped = held.unlocked.wrap_second_export(org, second)
    turn.db.execute("UPDATE export_key SET second = ? WHERE org = ?", (wrapped, org))
    made = SenderKey(first + second)
    print_ = bundle.fingerprint(made.public())
    held.history.append(turn, org, Leaf(act="export-sender", step=Step.EVENT, actor="", id="", root=print_))
    return made


def fingerprint(turn: Turn, unlocked: Unlocked, org: Org) -> str:
    """What a receiving side names this laboratory by; nothing, as long as nobody has asked for it."""
    known = _known(turn, unlocked, org)
    return "" if known is None else bundle.fingerprint(known.public())


def _known(turn: Turn, unlocked: Unlocked, org: Org) -> SenderKey | None:
    row = turn.db.execute(
        "SELECT wrapped, second FROM export_key WHERE org = ? AND second IS NOT NULL", (org,)
    ).fetchone()
    if row is None:
        return None
    return SenderKey(unlocked.unwrap_export(org, row[0]) + unlocked.unwrap_second_export(org, row[1]))
