"""Who acts: named on every command and, with the act, in the audit log (R64)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from provisioning.rules.approval import Approval


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
    """Somebody who acts: row id (or a fixed name for SYSTEM), where they sit and where the request came from.

    `role`: what they were then, of staff and of users of companies. `approval`: the second person who allowed it.
    """

    kind: ActorKind
    id: str
    institution_id: str | None = None
    branch: str | None = None
    origin: str = ""
    approval: Approval | None = None
    role: str = ""

    def facts(self) -> dict[str, Any]:
        """What every entry about them says besides its columns (R64)."""
        told = {} if self.approval is None else self.approval.facts()
        return told | {"actor_role": self.role} if self.role else told


SYSTEM: Final = Actor(ActorKind.SYSTEM, "worker")
