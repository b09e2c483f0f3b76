"""Who acts: named on every command and, with the act, in the audit log (R64)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class ActorKind(StrEnum):
    """Who acted."""

    STAFF = "staff"
    CUSTOMER = "customer"
    BANK = "bank"
    STATION = "station"
    APP = "app"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who acts: row id (or a fixed name for SYSTEM), where they sit and where the request came from."""

    kind: ActorKind
    id: str
    institution_id: str | None = None
    branch: str | None = None
    origin: str = ""


SYSTEM: Final = Actor(ActorKind.SYSTEM, "worker")
