"""The set-up code (初期設定コード) on its way to the page that shows it, as long as its ticket lives (R20)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from provisioning.rules.setup_code import SetupCode
from web import current


def facts(code: SetupCode | None) -> dict[str, str]:
    """For `flow.keep` with what else the screen keeps, and for the bank's own page; nothing without a code."""
    return {} if code is None else {"setup_code": code.text, "setup_until": code.expires_at.isoformat()}


def living(kept: Mapping[str, Any] | None) -> SetupCode | None:
    """The code that `facts` put among what was kept, or None once its ticket's time is up."""
    if not kept or "setup_code" not in kept:
        return None
    code = SetupCode(kept["setup_code"], datetime.fromisoformat(kept["setup_until"]))
    return code if current.now() < code.expires_at else None
