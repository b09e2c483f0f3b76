"""An approver signs what a maker asked for, and it is done in the same transaction (R56)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioning.errors import ApprovalFault, ApprovalRefused, NotFound, PasskeyRefused, Refused
from provisioning.jobs.approval_case import close_request, find_request, record_approval, refuse_closed
from provisioning.jobs.asked_jobs import RUNS, tell
from provisioning.jobs.passkey_assertion import AssertionClaim, SignedAssertion, verify_assertion
from provisioning.rules.actor import Actor, ActorKind
from provisioning.rules.approval import Approval, ApprovalPayload, ApprovalState, payload_hash
from provisioning.rules.passkeys import ChallengePurpose, ChallengeUse
from provisioning.rules.permissions import StaffAct, allows
from provisioning.services import Services
from provisioning.store.conflicts import retried
from provisioning.store.tables import ApprovalRequest, Passkey, Staff, StaffFallback


@dataclass(frozen=True, slots=True)
class Signature:
    """What the approver's browser answered to the options with `challenge`."""

    challenge: bytes = field(repr=False)
    response: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class GiveApprovalCommand:
    """`seen_hash` is that of the payload on the approver's page. `signature` None: a demonstration's button."""

    institution_id: str
    approval_id: str
    seen_hash: bytes
    actor: Actor
    signature: Signature | None


@retried
def give_approval(services: Services, command: GiveApprovalCommand, now: datetime) -> ApprovalState:
    """DONE with the act in the same transaction; GRANTED where the maker has to carry it out; FAILED, with nothing
    done but that, where the state has moved on.

    Raises NotFound (also for another branch's), WrongState("approval"), ApprovalRefused, PasskeyRefused.
    """
    with services.store.write() as tx:
        refused = _give(tx, services, command, now)
        state = find_request(tx, command.institution_id, command.approval_id).state
    if refused is not None:
        raise refused
    return state


def _give(tx: Session, services: Services, command: GiveApprovalCommand, now: datetime) -> Refused | None:
    """What is refused stays on record: the caller raises it after the transaction."""
    row = find_request(tx, command.institution_id, command.approval_id)
    approver = tx.get(Staff, command.actor.id, with_for_update={"read": True}, populate_existing=True)
    if approver is None or row.branch not in (None, approver.branch):
        raise NotFound("approval")
    refuse_closed(row, now, ApprovalState.WAITING)
    fault = _fault(row, approver, command)
    if fault is None and _is_about(tx, row, approver):
        fault = ApprovalFault.OWN_TOKEN
    if fault is None and command.signature is None and not _may_by_demo(services, approver):
        fault = ApprovalFault.NOT_SIGNED
    if fault is not None:
        _record(tx, services, row, command, "refused", now, fault=fault.value)
        return ApprovalRefused(fault)
    if command.signature is not None:
        signed = _signed(tx, services, row, command, command.signature, now)
        if isinstance(signed, PasskeyRefused):
            return signed
        _keep(tx, row, signed)
    row.by_demo = command.signature is None
    row.approver_id, row.granted_at = approver.id, now
    _do(tx, services, row, command, now)
    return None


def _fault(row: ApprovalRequest, approver: Staff, command: GiveApprovalCommand) -> ApprovalFault | None:
    """Asked with both rows held: who is demoted or disabled meanwhile waits, or was first."""
    if approver.institution_id != row.institution_id or not approver.enabled:
        return ApprovalFault.NOT_APPROVER
    if not allows(approver.role, StaffAct.APPROVE):
        return ApprovalFault.NOT_APPROVER
    if approver.id == row.maker_id:
        return ApprovalFault.OWN
    unchanged = payload_hash(row.payload) == row.payload_hash == command.seen_hash
    return None if unchanged and _is_of(row) else ApprovalFault.CHANGED


def _is_of(row: ApprovalRequest) -> bool:
    """The words are those of this very request."""
    try:
        payload = ApprovalPayload.decode(row.payload)
    except ValueError:
        return False
    same = ("institution_id", "branch", "job", "maker_id", "made_at", "expires_at")
    return payload.approval_id == row.id and all(getattr(payload, name) == getattr(row, name) for name in same)


def _is_about(tx: Session, row: ApprovalRequest, approver: Staff) -> bool:
    """Their own passkey, and the token that they sign in with where one is missing, are another's to let in."""
    arguments = ApprovalPayload.decode(row.payload).arguments
    holder = tx.scalar(select(StaffFallback.holder_id).where(StaffFallback.staff_id == approver.id))
    has_theirs = holder is not None and holder in (row.customer_id, *arguments.get("customer_ids", ()))
    return has_theirs or arguments.get("staff_id") == approver.id


def _may_by_demo(services: Services, approver: Staff) -> bool:
    return approver.demo and services.settings.server.demo


def _signed(  # noqa: PLR0917 - one transaction's
    tx: Session,
    services: Services,
    row: ApprovalRequest,
    command: GiveApprovalCommand,
    signature: Signature,
    now: datetime,
) -> tuple[str, SignedAssertion] | PasskeyRefused:
    use = ChallengeUse(ChallengePurpose.APPROVE, command.actor.id, row.payload_hash)
    claim = AssertionClaim(use, signature.challenge, signature.response, command.actor.origin)
    found = verify_assertion(tx, services, claim, now)
    if found.fault is not None:
        return PasskeyRefused(found.fault)
    if found.signed is None or found.staff_id != command.actor.id:
        raise ApprovalRefused(ApprovalFault.NOT_SIGNED)
    return found.passkey_id, found.signed


def _keep(tx: Session, row: ApprovalRequest, signed: tuple[str, SignedAssertion]) -> None:
    """Everything that anybody needs to check the signature again."""
    passkey_id, proof = signed
    row.credential_id = tx.get_one(Passkey, passkey_id).credential_id
    row.nonce, row.public_key, row.signature = proof.nonce, proof.public_key, proof.signature
    row.client_data, row.authenticator_data = proof.client_data, proof.authenticator_data


def _do(
    tx: Session, services: Services, row: ApprovalRequest, command: GiveApprovalCommand, now: datetime
) -> None:
    if row.job not in RUNS:
        row.state = ApprovalState.GRANTED
        _record(tx, services, row, command, "granted", now)
        return
    try:
        with tx.begin_nested():
            _run(tx, services, row, command, now)
    except Refused as refused:
        code = refused.fault.value if isinstance(refused, ApprovalRefused) else ApprovalFault.MOVED_ON.value
        close_request(row, ApprovalState.FAILED, None, code, now)
        _record(tx, services, row, command, "failed", now, fault=code, refused=type(refused).__name__)
        return
    close_request(row, ApprovalState.DONE, None, "", now)
    _record(tx, services, row, command, "done", now)


def _run(
    tx: Session, services: Services, row: ApprovalRequest, command: GiveApprovalCommand, now: datetime
) -> None:
    """Raises Refused where anything that was asked for is not so any more."""
    payload, runs = ApprovalPayload.decode(row.payload), RUNS[row.job]
    maker = tx.get(Staff, payload.maker_id)
    if maker is None or not maker.enabled or not allows(maker.role, runs.maker_may):
        raise ApprovalRefused(ApprovalFault.MAKER_GONE)
    approval = Approval(row.id, command.actor.id, row.by_demo)
    actor = Actor(
        ActorKind.STAFF,
        maker.id,
        row.institution_id,
        maker.branch,
        payload.maker_origin,
        approval=approval,
        role=maker.role.value,
    )
    asked = runs.command_of(payload, actor)
    told = tell(tx, services, asked).as_written()
    if (told.arguments, told.facts) != (payload.arguments, payload.facts):
        raise ApprovalRefused(ApprovalFault.MOVED_ON)
    runs.do(tx, services, asked, now)


def _record(  # noqa: PLR0917 - one line for each outcome
    tx: Session,
    services: Services,
    row: ApprovalRequest,
    command: GiveApprovalCommand,
    result: str,
    now: datetime,
    **facts: str,
) -> None:
    how = {"by_demo": True} if command.signature is None else {}
    record_approval(tx, services, row, command.actor, "give_approval", result, now, **how, **facts)
