"""The shapes that several acts answer in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from provisioning.errors import CommitUnanswered, StoreUnavailable
from provisioning.jobs.record_view import RecordViewCommand, record_view
from web import current
from web.api.bank.calls import Call

Answer = dict[str, Any]


def decision(outcome: str, reason: str | None) -> Answer:
    """Accepted, or refused for a reason."""
    return {"outcome": outcome} if reason is None else {"outcome": outcome, "reason": reason}


def known(**members: Any) -> Answer:
    """The members that have something to say; instants as text."""
    told = {name: value for name, value in members.items() if value not in (None, "")}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in told.items()}


@contextmanager
def afterwards() -> Iterator[None]:
    """What is read when the act is done: that it cannot be read does not mean that nothing was changed.

    Raises CommitUnanswered.
    """
    try:
        yield
    except StoreUnavailable as error:
        raise CommitUnanswered(error.fault) from error


def told_of(call: Call, operation: str, *customer_ids: str) -> None:
    """What is answered says more of these customers than the caller did: that is recorded first (R64)."""
    command = RecordViewCommand(call.actor, call.institution.id, operation, customer_ids)
    record_view(current.services(), command, current.now())
