"""The custodian: every request of a group in one transaction, and no answer before it is durable."""

import contextlib
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast, final

from aliquot.custody import (
    accounts,
    brought,
    budgets,
    comparing,
    doctor_protocol,
    doubts,
    elapsed,
    ending,
    entering,
    erasure,
    export_protocol,
    finding,
    leaving,
    letters,
    limits,
    matching,
    migration_protocol,
    passkey_protocol,
    privacy,
    protocol,
    reading,
    rotation,
    running,
    samples,
    staging,
    tallies,
    writing,
)
from aliquot.custody.accounts import Slow
from aliquot.custody.caller import Caller
from aliquot.custody.denial import Denial
from aliquot.custody.factors import Passwords
from aliquot.custody.history import History
from aliquot.custody.holdings import Holdings
from aliquot.custody.keyjournal import KeyJournal
from aliquot.custody.passkeys import Passkeys
from aliquot.custody.policy import Policies
from aliquot.custody.protocol import Answer, Failed, Request
from aliquot.custody.store import Store, Turn
from aliquot.custody.tallies import Alarm
from aliquot.custody.unlocked import Unlocked
from aliquot.terms.clock import Clock
from aliquot.terms.errors import Broken, Refused
from aliquot.terms.installation import Installation
from aliquot.vault.epochs import Epochs
from aliquot.vault.keystore import INSTALLATION, KeyStore

POLICIES = Path(__file__).parent / "policies"
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_NANOSECONDS = 1000

Reply = Answer | Slow | None


@dataclass(frozen=True)
class Continued:
    """A request that was slow, with what was computed for it meanwhile."""

    then: Callable[[Turn, Holdings, object], Answer]
    value: object


@dataclass(frozen=True)
class Asked:
    """One request, and the connection that it came over."""

    caller: Caller
    request: Request | Continued


_Handler = Callable[[Turn, Holdings, Asked], Reply]


def steady() -> int:
    """The machine's monotonic clock in microseconds."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // _NANOSECONDS


@dataclass(frozen=True)
class Times:
    """The clocks: the wall's, and the machine's steady one that no one can set."""

    clock: Clock
    steady: Callable[[], int] = steady


@final
class Custodian:
    """Serves groups of requests. It knows no sockets; `custody.server` does."""

    def __init__(self, installation: Installation, keys: KeyStore, times: Times, passwords: Passwords) -> None:
        self._clock = times.clock
        self._steady = times.steady
        self._boot = _BOOT_ID.read_bytes().strip()
        self._lapsing = 0
        self.store = Store(installation.custody.database)
        unlocked = Unlocked(keys, Epochs(keys, installation.custody.epochs))
        unlocked.load(self.store.db)
        policies = Policies.load(POLICIES)
        self.held = Holdings(
            unlocked=unlocked,
            journal=KeyJournal(installation.custody.key_journal),
            history=History(unlocked, policies.hash),
            policies=policies,
            passwords=passwords,
            passkeys=Passkeys(unlocked, installation.web.origin),
            tiles=installation.custody.tiles,
            installation=_installation(self.store.db),
        )
        self.held.history.load(self.store.db)
        with self._turn(counted=False) as turn:
            erasure.again(turn, self.held)
            staging.again(turn, self.held)
            self.held.load_indexes(turn)

    def serve(self, group: Sequence[Asked]) -> list[Reply]:
        """Answer a group in one transaction. If one request fails, nothing was done, and each is served alone."""
        try:
            return self._serve(group)
        except (sqlite3.OperationalError, OSError):
            return [Failed("locked", "no-history", "history cannot be written: is the disk full?") for _ in group]
        except Exception as error:  # noqa: BLE001  # a door's outermost catch
            # Whatever a caller makes us stumble over, the others are served.
            if len(group) > 1:
                return [reply for asked in group for reply in self.serve([asked])]
            return [self._failed(error)]

    def tick(self) -> None:
        """What time does by itself: orders lapse, grants end, history is witnessed and exported, keys are renewed.

        What cannot be written now is written later: nothing is answered meanwhile, because that writes as well. If an
        invariant fails, the alarm is raised and care goes on.
        """
        self._do(self._pass_time, self._renew_keys, self._cosign, self._export)

    def close(self) -> None:
        """Sign and export what is durable, close the database, and let another custodian have it."""
        self._do(lambda: self._cosign(leaving=True), self._export)
        self.store.close()

    def _do(self, *works: Callable[[], None]) -> None:
        for work in works:
            try:
                work()
            except (sqlite3.OperationalError, OSError):
                return
            except Broken as broken:
                self._failed(broken)

    def _pass_time(self) -> None:
        with self._turn() as turn:
            self.held.sweep(turn.at)
            if self._steady() >= self._lapsing:
                self.held.ring(turn, budgets.lapse(turn))
                staging.lapse(turn, self.held)
                turn.later.append(self._lapsed)
            self.held.history.witness(turn)

    def _renew_keys(self) -> None:
        with self._turn(counted=False) as turn:
            erasure.remember(turn, self.held)
            rotation.step(turn, self.held)

    def _cosign(self, *, leaving: bool = False) -> None:
        with self._turn(counted=False) as turn:
            self.held.history.cosign(turn, leaving=leaving)

    def _export(self) -> None:
        self.held.history.export(self.store.db, self.held.tiles)

    def _lapsed(self) -> None:
        self._lapsing = self._steady() + limits.MINUTE

    def _failed(self, error: Exception) -> Failed:
        """The answer to a request of which nothing was done; if an invariant failed, the alarm is raised."""
        if isinstance(error, Refused):
            return Failed("refused", "refused", str(error))
        with contextlib.suppress(sqlite3.Error, OSError), self._turn() as turn:
            alarm = Alarm("custody-broken", INSTALLATION, b"", 1, type(error).__name__)
            self.held.ring(turn, tallies.once(turn, alarm, elapsed.moment(turn), alarm.detail))
        reason = str(error) if isinstance(error, Broken) else f"the custodian failed with {type(error).__name__}"
        return Failed("broken", "broken", reason)

    def _serve(self, group: Sequence[Asked]) -> list[Reply]:
        if all(isinstance(asked.request, protocol.Release) for asked in group):
            # To let grants die decides nothing and writes nothing: it costs no transaction.
            return [_release(self.held, cast(protocol.Release, asked.request)) for asked in group]
        with self._turn(counted=any(not isinstance(asked.request, _UNCOUNTED) for asked in group)) as turn:
            return [self._answer(turn, asked) for asked in group]

    @contextmanager
    def _turn(self, *, counted: bool = True) -> Iterator[Turn]:
        """One transaction; keys and history are durable when it is. Reading alone writes nothing and counts no time."""
        try:
            with self.store.turn(self._clock()) as turn:
                if counted:
                    elapsed.advance(turn, self._steady(), self._boot)
                yield turn
                self.held.journal.settle()
                self.held.history.settle(turn)
        finally:
            self.held.journal.forget()
            self.held.history.forget()

    def _answer(self, turn: Turn, asked: Asked) -> Reply:
        try:
            if isinstance(asked.request, Continued):
                return asked.request.then(turn, self.held, asked.request.value)
            return _HANDLERS[type(asked.request)](turn, self.held, asked)
        except Denial as denial:
            # A denial comes before any change, or counts what was tried; every other refusal takes the turn back.
            return Failed("refused", denial.code, denial.reason)


def _installation(db: sqlite3.Connection) -> str:
    row = db.execute("SELECT value FROM meta WHERE key = 'installation'").fetchone()
    if row is None:
        raise Broken("custody's database was never founded; `aliquot init` does that")
    return str(row[0].decode())


def _release(held: Holdings, request: protocol.Release) -> Reply:
    for grant in request.grants:
        held.grants.end(grant)
    return None


def _plain(function: Callable[[Turn, Holdings, Any], Reply]) -> _Handler:  # Any: each handler's own request
    return lambda turn, held, asked: function(turn, held, asked.request)


_UNCOUNTED = (
    protocol.Open,
    protocol.Release,
    protocol.WhoAmI,
    doctor_protocol.AskLetters,
    export_protocol.TellHistories,
    migration_protocol.NameRows,
    migration_protocol.ReadBrought,
    migration_protocol.FindElsewhere,
    migration_protocol.OpenChunks,
)
_HANDLERS: dict[type, _Handler] = {
    protocol.Hello: lambda turn, held, asked: accounts.hello(held, asked.caller, cast(protocol.Hello, asked.request)),
    protocol.ProveService: lambda turn, held, asked: accounts.prove_service(
        turn, held, asked.caller, cast(protocol.ProveService, asked.request)
    ),
    protocol.SignIn: _plain(accounts.sign_in),
    protocol.PasskeySignInOptions: _plain(accounts.passkey_sign_in_options),
    protocol.PasskeySignIn: _plain(accounts.passkey_sign_in),
    protocol.PasskeyEnrolOptions: _plain(accounts.passkey_enrol_options),
    protocol.PasskeyEnrol: _plain(accounts.passkey_enrol),
    passkey_protocol.ListPasskeys: _plain(accounts.list_passkeys),
    passkey_protocol.EndPasskeyOptions: _plain(accounts.end_passkey_options),
    passkey_protocol.EndPasskey: _plain(accounts.end_passkey),
    protocol.FactorOptions: _plain(accounts.factor_options),
    protocol.AcceptInvitation: _plain(accounts.accept_invitation),
    protocol.ConfirmInvitation: _plain(accounts.confirm_invitation),
    protocol.WhoAmI: _plain(accounts.who_am_i),
    protocol.SignOut: _plain(accounts.sign_out),
    protocol.Enter: _plain(entering.enter),
    protocol.Open: _plain(reading.read),
    protocol.Prepare: _plain(writing.prepare),
    protocol.End: _plain(ending.end),
    protocol.Release: lambda _, held, asked: _release(held, cast(protocol.Release, asked.request)),
    protocol.Unsettled: _plain(ending.unsettled),
    protocol.Tokens: _plain(finding.tokens),
    protocol.Find: _plain(finding.find),
    protocol.OpenLetters: _plain(letters.read),
    export_protocol.SignExported: _plain(leaving.sign),
    export_protocol.TellHistories: _plain(leaving.histories),
    doctor_protocol.AskLetters: lambda turn, _, asked: letters.told(
        turn, asked.caller, cast(doctor_protocol.AskLetters, asked.request)
    ),
    protocol.Govern: _plain(accounts.govern),
    protocol.Ask: _plain(privacy.answer),
    migration_protocol.TakeStep: _plain(running.take_step),
    migration_protocol.NameRows: _plain(running.name_rows),
    migration_protocol.ReadBrought: _plain(brought.read),
    migration_protocol.FindElsewhere: _plain(brought.elsewhere),
    migration_protocol.Match: _plain(matching.match),
    migration_protocol.CompareRows: _plain(comparing.compare),
    migration_protocol.SettleMatch: _plain(matching.settle),
    migration_protocol.ReadDoubts: _plain(doubts.read),
    migration_protocol.JudgeCompared: _plain(samples.judge),
    migration_protocol.OpenPart: _plain(running.open_part),
    migration_protocol.OpenChunks: _plain(running.open_chunks),
}
