"""Every act that a second person can be asked for: how it is told, and how it is done once it is allowed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from provisioning.errors import AlreadyTaken
from provisioning.jobs import asked_issuances, asked_relief, asked_staff, asked_stock
from provisioning.jobs.asked import Asked
from provisioning.jobs.close_paper import CarryOutPaperCommand, carry_out_in
from provisioning.jobs.confirm_passkey import ConfirmPasskeyCommand, confirm_in
from provisioning.jobs.invite_station import InviteStationCommand
from provisioning.jobs.issue_soft import IssueSoftCommand
from provisioning.jobs.lift_suspension import LiftSuspensionCommand, lift_alone
from provisioning.jobs.open_batch import OpenBatchCommand, open_in
from provisioning.jobs.reserve_fob import ReserveFobCommand, reserve_in
from provisioning.rules.actor import Actor
from provisioning.rules.approval import ApprovalPayload, AskedJob
from provisioning.rules.permissions import StaffAct
from provisioning.services import Services

Askable = (
    ReserveFobCommand
    | OpenBatchCommand
    | IssueSoftCommand
    | LiftSuspensionCommand
    | CarryOutPaperCommand
    | InviteStationCommand
    | ConfirmPasskeyCommand
)
"""Commands of jobs that may need an approval."""


@dataclass(frozen=True, slots=True)
class Runs:
    """How the job is done by the approver's signature, and what the maker must still be allowed to do then."""

    command: Callable[..., Any]
    do: Callable[[Session, Services, Any, datetime], object]
    maker_may: StaffAct

    def command_of(self, payload: ApprovalPayload, actor: Actor) -> Any:
        """The command as it was asked for. Lists come back as they are; JSON knows no tuples."""
        arguments = {
            name: tuple(value) if isinstance(value, list) else value for name, value in payload.arguments.items()
        }
        return self.command(institution_id=payload.institution_id, actor=actor, **arguments)


_TOLD: Final[dict[type, Callable[[Session, Services, Any], Asked]]] = {
    ReserveFobCommand: asked_issuances.one_fob,
    OpenBatchCommand: asked_issuances.batch_of_fobs,
    IssueSoftCommand: asked_issuances.soft_token,
    LiftSuspensionCommand: asked_relief.lifting,
    CarryOutPaperCommand: asked_relief.paper,
    InviteStationCommand: asked_stock.new_station,
    ConfirmPasskeyCommand: asked_staff.new_passkey,
}


def tell(tx: Session, services: Services, command: Askable) -> Asked:
    """What `command` would do, as things stand. Raises NotFound, BadInput."""
    return _TOLD[type(command)](tx, services, command)


def _open_batch(tx: Session, services: Services, command: OpenBatchCommand, now: datetime) -> None:
    try:
        open_in(tx, services, command, now)
    except IntegrityError:
        raise AlreadyTaken("batch") from None


RUNS: Final[dict[AskedJob, Runs]] = {
    AskedJob.RESERVE_FOB: Runs(ReserveFobCommand, reserve_in, StaffAct.ISSUE),
    AskedJob.OPEN_BATCH: Runs(OpenBatchCommand, _open_batch, StaffAct.ISSUE),
    AskedJob.LIFT_SUSPENSION: Runs(LiftSuspensionCommand, lift_alone, StaffAct.LIFT),
    AskedJob.CARRY_OUT_PAPER: Runs(CarryOutPaperCommand, carry_out_in, StaffAct.TAKE_PAPERS),
    AskedJob.CONFIRM_PASSKEY: Runs(ConfirmPasskeyCommand, confirm_in, StaffAct.MANAGE_STAFF),
}
"""The others are granted: their makers carry them out (`spend_approval`)."""
