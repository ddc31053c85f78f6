"""The export key: with it a laboratory signs what leaves custody to be believed elsewhere, and nothing else.

It is made when it is first needed, wrapped by the laboratory's own root, and enrolled in the history by a leaf that
carries its public half.
"""

import os

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from aliquot.custody.history import Leaf
from aliquot.custody.holdings import Holdings
from aliquot.custody.store import Turn
from aliquot.ledger.entry import Step
from aliquot.terms.ids import Org


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
