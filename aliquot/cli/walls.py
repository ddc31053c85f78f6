"""What keeps the processes of an installation apart from each other: their Unix users, and the listener's address."""

from collections import defaultdict
from collections.abc import Iterator

from aliquot.cli.ailments import Check
from aliquot.terms.installation import Installation

_HAND_OVER = "`systemd-tmpfiles --create` hands each process what is its own; then restart aliquot.target"
# What the web unit may reach (127.0.0.1), and what includes it.
_REACHED_BY_WEB = frozenset({"127.0.0.1", "localhost", "0.0.0.0", "::"})  # noqa: S104  # nobody binds to it here


def users(described: Installation) -> Iterator[Check]:
    """Processes are walled from each other only if each has a Unix user of its own, whom custody knows."""
    if not (described.custody.web_uids and described.custody.work_uids):
        yield Check(
            "users",
            "warning",
            "all processes run under one Unix user: who breaks into one is in all of them. This is for trial",
            "install the units, which give each process its own user, and name them in web_uids and work_uids",
        )
        return
    found = [*_shared(described), *_unnamed(described)]
    yield from found or [Check("users", "ok", "custodian, pages, listener and worker have Unix users of their own")]


def listener(described: Installation) -> Iterator[Check]:
    """The pages cannot speak to the listener, or they could confirm their own orders. Their unit denies addresses."""
    if not described.custody.web_uids:
        return
    host = described.listen.host
    if host in _REACHED_BY_WEB or host == described.web.host:
        words = f"the listener is at {host}, where the pages may speak to it and confirm their own orders"
        remedy = "let [listen] host name another address of this machine than 127.0.0.1; the web unit denies it"
        yield Check("listener", "warning", words, remedy)
    else:
        yield Check("listener", "ok", f"the listener is at {host}, which the web unit denies to the pages")


def _shared(described: Installation) -> Iterator[Check]:
    """Secrets of two processes that one Unix user reads."""
    secrets = {
        "custodian": described.custody.keyring,
        "pages": described.web.signing_key,
        "listener": described.listen.key,
        "worker": described.work.key,
    }
    of: dict[int, list[str]] = defaultdict(list)
    for process, secret in secrets.items():
        if secret.exists():
            of[secret.stat().st_uid].append(process)
    for uid, processes in of.items():
        if len(processes) > 1:
            yield Check("users", "warning", f"the keys of {' and '.join(processes)} are all user {uid}'s", _HAND_OVER)


def _unnamed(described: Installation) -> Iterator[Check]:
    """A process whose Unix user custody would hang up on."""
    named = (
        ("web_uids", described.custody.web_uids, described.web.signing_key),
        ("work_uids", described.custody.work_uids, described.work.key),
    )
    for key, uids, secret in named:
        if secret.exists() and secret.stat().st_uid not in uids:
            words = f"[custody] {key} does not name user {secret.stat().st_uid}, to whom {secret} belongs"
            yield Check("users", "warning", words, f"write that number into {key}, or: {_HAND_OVER}")
