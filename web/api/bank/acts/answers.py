"""The shapes that several acts answer in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

Answer = dict[str, Any]


def decision(outcome: str, reason: str | None) -> Answer:
    """Accepted, or refused for a reason."""
    return {"outcome": outcome} if reason is None else {"outcome": outcome, "reason": reason}


def known(**members: Any) -> Answer:
    """The members that have something to say; instants as text."""
    told = {name: value for name, value in members.items() if value not in (None, "")}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in told.items()}
