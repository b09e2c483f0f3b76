"""役席承認: what a second person has to allow, and the words that this person signs (R56)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final, Self

PAYLOAD_VERSION: Final = 1


class ApprovedAct(StrEnum):
    """What an institution may demand a second person for."""

    ISSUE_HARD = "issue_hard"
    REISSUE = "reissue_without_release"
    LIFT_SUSPENSION = "lift_suspension"
    LIFT_RESTRICTION = "lift_restriction"
    CLOSE_PAPER = "close_paper"
    IMPORT_SEEDS = "import_seeds"
    EXPORT_SEEDS = "export_seeds"
    CHANGE_PROFILE = "change_profile"
    ENROL_STATION = "enrol_station"
    ENROL_STAFF = "enrol_staff"


class AskedJob(StrEnum):
    """The job that runs once it is allowed."""

    RESERVE_FOB = "reserve_fob"
    OPEN_BATCH = "open_batch"
    ISSUE_SOFT = "issue_soft"
    LIFT_SUSPENSION = "lift_suspension"
    CARRY_OUT_PAPER = "carry_out_paper"
    IMPORT_PSKC = "import_pskc"
    EXPORT_PSKC = "export_pskc"
    CHANGE_PROFILE = "change_profile"
    ENROL_STATION = "enrol_station"
    CONFIRM_PASSKEY = "confirm_passkey"


class ApprovalState(StrEnum):
    """Where a request stands. GRANTED: signed, and the maker has to bring what nobody else may keep."""

    WAITING = "waiting"
    GRANTED = "granted"
    DONE = "done"
    FAILED = "failed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


OPEN: Final = (ApprovalState.WAITING, ApprovalState.GRANTED)
"""States that something may still come of."""


@dataclass(frozen=True, slots=True)
class ApprovalRules:
    """What the institution demands a second person for, and for how long a request may wait."""

    needed_for: tuple[ApprovedAct, ...] = ()
    expires_after: timedelta = timedelta(hours=8)

    def needs(self, *acts: ApprovedAct) -> bool:
        """Whether any of `acts` is demanded a second person for."""
        return any(act in self.needed_for for act in acts)


@dataclass(frozen=True, slots=True)
class Approval:
    """Who allowed what is being done, by which request. `by_demo`: a demonstration's button, no signature."""

    approval_id: str
    approver_id: str
    by_demo: bool = False

    def facts(self) -> dict[str, Any]:
        """What the audit log says of it in every row of the act (R64)."""
        told = {"approver": self.approver_id, "approval_id": self.approval_id}
        return told | {"approved_by_demo": True} if self.by_demo else told


@dataclass(frozen=True, slots=True)
class ApprovalPayload:
    """Everything that will happen: the job and its arguments, who asks, and the facts that the approver sees.

    `branch` None: any approver of the institution. No secret stands in it, and no mail address.
    """

    approval_id: str
    institution_id: str
    branch: str | None
    job: AskedJob
    arguments: Mapping[str, Any]
    facts: Mapping[str, Any]
    maker_id: str
    maker_origin: str
    made_at: datetime
    expires_at: datetime
    version: int = field(default=PAYLOAD_VERSION)

    def encode(self) -> bytes:
        """The one encoding that is signed: JSON with sorted keys and no spaces, UTF-8."""
        told = {name: getattr(self, name) for name in self.__dataclass_fields__}
        told |= {name: told[name].astimezone(UTC).isoformat() for name in ("made_at", "expires_at")}
        return json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """What `encode` was given. Raises ValueError for anything that it would not write."""
        try:
            told: Any = json.loads(data)
            if not isinstance(told, dict) or set(told) != set(cls.__dataclass_fields__):
                raise ValueError("not an approval payload")
            told |= {name: datetime.fromisoformat(told[name]) for name in ("made_at", "expires_at")}
            payload = cls(**told | {"job": AskedJob(told["job"])})
            is_canonical = told["version"] == PAYLOAD_VERSION and payload.encode() == data
        except (TypeError, OverflowError, RecursionError):
            raise ValueError("not an approval payload") from None
        if not is_canonical:
            raise ValueError("not the canonical encoding of this version")
        return payload


def payload_hash(data: bytes) -> bytes:
    """SHA-256 of an encoded payload: what is signed."""
    return sha256(data).digest()
