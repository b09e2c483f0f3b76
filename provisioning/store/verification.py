"""The verification core's statements: one read, and one conditional write that decides (R06, R11).

Each finds again in its WHERE clause what the judgement was based on, so that of any number of processes
only one gets a step accepted, and no more wrong codes are taken than the limit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from provisioning.rules.expiry import Expiry, expiry
from provisioning.rules.institution import Institution
from provisioning.rules.otp import Counters, Expected, Tolerance
from provisioning.rules.parameters import Algorithm, OtpParameters, OtpType
from provisioning.rules.states import CredentialState, EndedHow, Slot, TokenKind
from provisioning.store.audit import COLUMNS, JSON_COLUMNS
from provisioning.store.line import Decision, JoinedLine, Line, Statement
from provisioning.store.slots import open_in
from provisioning.store.tables.base import from_microseconds, to_microseconds
from provisioning.store.vault import SealedSeed, SeedContext


@dataclass(frozen=True, slots=True)
class Standing:
    """An open credential as it was read. `sealed` is None before the seed is drawn.

    `beside_suspended`: it is a successor, and the token in use is suspended.
    """

    customer_id: str
    credential_id: str
    slot: Slot
    beside_suspended: bool
    fob_id: str | None
    state: CredentialState
    failures: int
    activate_by: datetime
    # of its fob
    expires_at: datetime | None
    expected: Expected
    context: SeedContext
    sealed: SealedSeed | None

    def has_expired(self, now: datetime) -> bool:
        """The fob's expiry is past (R33), or the token was to be activated by now and was not."""
        if expiry(self.expires_at, now) is Expiry.PAST:
            return True
        return self.state is CredentialState.SET_UP and now >= self.activate_by


@dataclass(frozen=True, slots=True)
class NoCredential:
    """A customer without an open credential; `ended_how` and `ended_at` tell of the last one."""

    customer_id: str
    ended_how: EndedHow | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """A wrong code was counted: failures in a row, and whether that suspended the credential."""

    failures: int
    suspended: bool


def read_standing(
    line: Line, institution: Institution, user_id: str, *, to_activate: bool
) -> Standing | NoCredential | None:
    """The current credential of a user, or their successor if it is `to_activate`; None for an unknown user."""
    read = _READ_TO_ACTIVATE if to_activate else _READ
    row = read.first(line, {"institution_id": institution.id, "user_id": user_id})
    if row is None:
        return None
    if row[1] is not None:
        return _standing(institution, row)
    ended = _LAST_END.first(line, {"customer_id": row[0]})
    if ended is None:
        return NoCredential(row[0])
    return NoCredential(row[0], EndedHow(ended[0]), from_microseconds(ended[1]))


def current_is_suspended(line: JoinedLine, customer_id: str) -> bool:
    """Of the token that a successor is about to replace; it stays as it is until the transaction ends."""
    with line.session() as tx:
        current = open_in(tx, customer_id, Slot.CURRENT)
        return current is not None and current.state is CredentialState.SUSPENDED


def accept(line: Line, standing: Standing, counters: Counters, limit: int, activated_at: datetime | None) -> bool:
    """Take the step if nothing changed since `standing` was read. `activated_at` also makes it ACTIVE."""
    values = _taken(standing, counters, limit)
    if activated_at is None:
        return _ACCEPT.change(line, values) == 1
    return _ACTIVATE.change(line, values | {"at": to_microseconds(activated_at)}) == 1


def accept_and_record(
    line: Line, standing: Standing, counters: Counters, limit: int, audit_row: Mapping[str, Any]
) -> bool:
    """`accept` with its audit row and nothing else, in a transaction of its own: the way of every login."""
    return _ACCEPT_AND_RECORD.take(line, _taken(standing, counters, limit), audit_row)


def count_wrong(line: Line, standing: Standing, counters: Counters, limit: int, now: datetime) -> Counted | None:
    """Count one wrong code, and suspend at the limit in the same statement. None if the state changed."""
    values = _found_again(standing, limit) | {"seen": counters.highest_seen_step, "at": to_microseconds(now)}
    row = _COUNT_WRONG.first(line, values)
    return None if row is None else Counted(row[0], row[1] == CredentialState.SUSPENDED)


def remember(line: Line, standing: Standing | None, counters: Counters) -> None:
    """Keep the highest step whose code was ever submitted, also where nothing is judged (R07).

    Whatever is refused takes the same statements, without a credential too: the time it takes tells nothing (R09).
    """
    seen = {
        "credential_id": standing.credential_id if standing else "",
        "version": standing.context.seed_version if standing else 0,
        "seen": counters.highest_seen_step,
    }
    _REMEMBER.change(line, seen)


def _taken(standing: Standing, counters: Counters, limit: int) -> dict[str, Any]:
    return _found_again(standing, limit) | {
        "step": counters.last_step,
        "seen": counters.highest_seen_step,
        "drift": counters.drift_steps,
    }


def _found_again(standing: Standing, limit: int) -> dict[str, Any]:
    return {
        "credential_id": standing.credential_id,
        "version": standing.context.seed_version,
        "expected": standing.state.value,
        "limit": limit,
    }


def _standing(institution: Institution, row: Sequence[Any]) -> Standing:
    customer_id, credential_id, slot, beside, fob_id, kind, state, failures, activate_by, expires_at = row[:10]
    otp_type, algorithm, digits, period_s, last_step, seen, drift, version, sealed, wrapped, kek_id = row[10:]
    return Standing(
        customer_id=customer_id,
        credential_id=credential_id,
        slot=Slot(slot),
        beside_suspended=beside == CredentialState.SUSPENDED,
        fob_id=fob_id,
        state=CredentialState(state),
        failures=failures,
        activate_by=from_microseconds(activate_by),
        expires_at=None if expires_at is None else from_microseconds(expires_at),
        expected=Expected(
            OtpParameters(OtpType(otp_type), Algorithm(algorithm), digits, period_s),
            Tolerance.of(institution, TokenKind(kind)),
            Counters(last_step, seen, drift),
        ),
        context=SeedContext(institution.id, credential_id, version),
        sealed=None if sealed is None else SealedSeed(sealed, wrapped, kek_id),
    )


_READ_SQL: Final = """
    SELECT customer.id, credential.id, credential.slot, {beside}, credential.fob_id, credential.kind,
           credential.state, credential.failures, credential.activate_by, expires_at,
           credential.otp_type, credential.algorithm, credential.digits, credential.period_s,
           credential.last_step, credential.highest_seen_step, credential.drift_steps,
           credential.seed_version, credential.sealed_seed, credential.wrapped_key, credential.kek_id
    FROM customer LEFT JOIN credential
      ON credential.customer_id = customer.id AND credential.state <> 'ended'{slot}
    LEFT JOIN fob ON fob.id = credential.fob_id{more}
    WHERE customer.institution_id = :institution_id AND customer.user_id = :user_id{order}
"""
_READ: Final = Statement(
    _READ_SQL.format(beside="NULL", slot=" AND credential.slot = 'current'", more="", order="")
)
_READ_TO_ACTIVATE: Final = Statement(
    _READ_SQL.format(
        beside="beside.state",
        slot="",
        more="""
    LEFT JOIN credential beside
      ON beside.customer_id = customer.id AND beside.slot = 'current' AND beside.state <> 'ended'
      AND credential.slot = 'successor'""",
        order=" ORDER BY credential.slot DESC",
    )
)

_LAST_END: Final = Statement("""
    SELECT ended_how, ended_at FROM credential WHERE customer_id = :customer_id AND state = 'ended'
    ORDER BY ended_at DESC LIMIT 1
""")

_ACCEPT_SQL: Final = """
    UPDATE credential
    SET last_step = :step, drift_steps = :drift, failures = 0,
        highest_seen_step = CASE WHEN highest_seen_step < :seen THEN :seen ELSE highest_seen_step END{more}
    WHERE id = :credential_id AND last_step < :step AND failures < :limit
      AND state = :expected AND seed_version = :version
"""
_ACCEPT: Final = Statement(_ACCEPT_SQL.format(more=""))
_ACCEPT_AND_RECORD: Final = Decision(_ACCEPT_SQL.format(more=""), "audit_entry", COLUMNS, JSON_COLUMNS)
_ACTIVATE: Final = Statement(_ACCEPT_SQL.format(more=", state = 'active', activated_at = :at"))

# it writes the row whatever it finds there, as the counting of a wrong code does
_REMEMBER: Final = Statement("""
    UPDATE credential
    SET highest_seen_step = CASE WHEN highest_seen_step < :seen THEN :seen ELSE highest_seen_step END
    WHERE id = :credential_id AND seed_version = :version
""")

_COUNT_WRONG: Final = Statement("""
    UPDATE credential
    SET failures = failures + 1,
        highest_seen_step = CASE WHEN highest_seen_step < :seen THEN :seen ELSE highest_seen_step END,
        state = CASE WHEN failures + 1 >= :limit THEN 'suspended' ELSE state END,
        resume_state = CASE WHEN failures + 1 >= :limit THEN state ELSE resume_state END,
        suspended_at = CASE WHEN failures + 1 >= :limit THEN :at ELSE suspended_at END
    WHERE id = :credential_id AND failures < :limit AND state = :expected AND seed_version = :version
    RETURNING failures, state
""")
