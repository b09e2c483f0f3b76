"""What somebody is to be called for: a line of the log, after what it tells of was committed (R19)."""

from __future__ import annotations

from typing import Final

import structlog

_log: Final = structlog.get_logger("kagiya.alert")


def alert(what: str, **facts: str | int) -> None:
    """Call. The audit entry that is marked as an alert has the details; nothing here names a person."""
    _log.warning("alert", what=what, **facts)
