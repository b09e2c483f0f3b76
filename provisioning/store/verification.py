"""The verification core's statements: one read, and one conditional write that decides (R06, R11).

Built once; each finds again in its WHERE clause what the judgement was based on, so that of any number
of processes only one gets a step accepted, and no more wrong codes are taken than the limit.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast

from sqlalchemy import Connection, Row, Table, Update, and_, bindparam, case, literal, select, update

from provisioning.rules.institution import Institution
from provisioning.rules.otp import Counters, Expected, Tolerance
from provisioning.rules.parameters import OtpParameters
from provisioning.rules.states import CredentialState, EndedHow, Slot
from provisioning.store.engine import Store
from provisioning.store.tables import Credential, Customer, Instant
from provisioning.store.vault import SealedSeed, SeedContext

_CREDENTIAL: Final = cast(Table, Credential.__table__)
_CUSTOMER: Final = cast(Table, Customer.__table__)
_C: Final = _CREDENTIAL.c


@dataclass(frozen=True, slots=True)
class Standing:
    """An open credential as it was read. `sealed` is None before the seed is drawn."""

    customer_id: str
    credential_id: str
    fob_id: str | None
    state: CredentialState
    failures: int
    activate_by: datetime
    expected: Expected
    context: SeedContext
    sealed: SealedSeed | None


@dataclass(frozen=True, slots=True)
class NoCredential:
    """A customer without an open credential; `ended_how` tells of the last one."""

    customer_id: str
    ended_how: EndedHow | None


@dataclass(frozen=True, slots=True)
class Counted:
    """A wrong code was counted: failures in a row, and whether that suspended the credential."""

    failures: int
    suspended: bool


def read_standing(store: Store, institution: Institution, user_id: str) -> Standing | NoCredential | None:
    """The current credential of a user; None for an unknown user. Raises StoreUnavailable."""
    with store.read_connection() as connection:
        row = connection.execute(_READ, {"institution_id": institution.id, "user_id": user_id}).first()
        if row is None:
            return None
        if row.credential_id is None:
            how = connection.scalar(_LAST_END, {"customer_id": row.customer_id})
            return NoCredential(row.customer_id, how)
    return _standing(institution, row)


def accept(
    connection: Connection, standing: Standing, counters: Counters, limit: int, activated_at: datetime | None
) -> bool:
    """Take the step if nothing changed since `standing` was read. `activated_at` also makes it ACTIVE."""
    values = _found_again(standing, limit) | {
        "step": counters.last_step,
        "seen": counters.highest_seen_step,
        "drift": counters.drift_steps,
    }
    if activated_at is None:
        return connection.execute(_ACCEPT, values).rowcount == 1
    return connection.execute(_ACTIVATE, values | {"at": activated_at}).rowcount == 1


def count_wrong(
    connection: Connection, standing: Standing, counters: Counters, limit: int, now: datetime
) -> Counted | None:
    """Count one wrong code, and suspend at the limit in the same statement. None if the state changed."""
    values = _found_again(standing, limit) | {"seen": counters.highest_seen_step, "at": now}
    row = connection.execute(_COUNT_WRONG, values).first()
    return None if row is None else Counted(row.failures, row.state is CredentialState.SUSPENDED)


def _found_again(standing: Standing, limit: int) -> dict[str, Any]:
    return {
        "credential_id": standing.credential_id,
        "version": standing.context.seed_version,
        "expected": standing.state,
        "limit": limit,
    }


def _standing(institution: Institution, row: Row[*tuple[Any, ...]]) -> Standing:
    sealed = None if row.sealed_seed is None else SealedSeed(row.sealed_seed, row.wrapped_key, row.kek_id)
    return Standing(
        customer_id=row.customer_id,
        credential_id=row.credential_id,
        fob_id=row.fob_id,
        state=row.state,
        failures=row.failures,
        activate_by=row.activate_by,
        expected=Expected(
            OtpParameters(row.otp_type, row.algorithm, row.digits, row.period_s),
            Tolerance.of(institution, row.kind),
            Counters(row.last_step, row.highest_seen_step, row.drift_steps),
        ),
        context=SeedContext(institution.id, row.credential_id, row.seed_version),
        sealed=sealed,
    )


_READ: Final = (
    select(
        _CUSTOMER.c.id.label("customer_id"),
        _C.id.label("credential_id"),
        *(_C.fob_id, _C.kind, _C.state, _C.failures, _C.activate_by),
        *(_C.otp_type, _C.algorithm, _C.digits, _C.period_s),
        *(_C.last_step, _C.highest_seen_step, _C.drift_steps),
        *(_C.seed_version, _C.sealed_seed, _C.wrapped_key, _C.kek_id),
    )
    .select_from(
        _CUSTOMER.outerjoin(
            _CREDENTIAL,
            and_(
                _C.customer_id == _CUSTOMER.c.id,
                _C.slot == Slot.CURRENT,
                _C.state != CredentialState.ENDED,
            ),
        )
    )
    .where(
        _CUSTOMER.c.institution_id == bindparam("institution_id"),
        _CUSTOMER.c.user_id == bindparam("user_id"),
    )
)

_LAST_END: Final = (
    select(_C.ended_how)
    .where(_C.customer_id == bindparam("customer_id"), _C.state == CredentialState.ENDED)
    .order_by(_C.ended_at.desc())
    .limit(1)
)

_UNCHANGED: Final = (
    _C.id == bindparam("credential_id"),
    _C.failures < bindparam("limit"),
    _C.state == bindparam("expected"),
    _C.seed_version == bindparam("version"),
)
_RAISED: Final = case((_C.highest_seen_step < bindparam("seen"), bindparam("seen")), else_=_C.highest_seen_step)
_AT_LIMIT: Final = _C.failures + 1 >= bindparam("limit")

_ACCEPT: Final[Update] = (
    update(_CREDENTIAL)
    .where(*_UNCHANGED, _C.last_step < bindparam("step"))
    .values(last_step=bindparam("step"), highest_seen_step=_RAISED, drift_steps=bindparam("drift"), failures=0)
)
_ACTIVATE: Final = _ACCEPT.values(state=CredentialState.ACTIVE, activated_at=bindparam("at"))

_COUNT_WRONG: Final = (
    update(_CREDENTIAL)
    .where(*_UNCHANGED)
    .values(
        failures=_C.failures + 1,
        highest_seen_step=_RAISED,
        state=case((_AT_LIMIT, literal(CredentialState.SUSPENDED, _C.state.type)), else_=_C.state),
        resume_state=case((_AT_LIMIT, _C.state), else_=_C.resume_state),
        suspended_at=case((_AT_LIMIT, bindparam("at", type_=Instant())), else_=_C.suspended_at),
    )
    .returning(_C.failures, _C.state)
)
