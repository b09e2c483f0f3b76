"""The app proves that it knows the activation password and gets the seed, once (R19-R24, docs/app-protocol.md)."""

from __future__ import annotations

import hmac
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from provisioning.errors import BadInput, InputFault, ProofRefused
from provisioning.jobs.alert import alert
from provisioning.jobs.app_answer import AppAnswer, check_app_key, encrypt_seed, make_delivery
from provisioning.jobs.app_nonce import check_nonce
from provisioning.jobs.close_ticket import close_ticket
from provisioning.jobs.count_proof import Found, Try, count_proof, find_again, uncount_day
from provisioning.jobs.ticket_box import address_box, answer_context, password_key_context, ticket_box
from provisioning.rules.actor import Actor, ActorKind
from provisioning.rules.app_proof import (
    APP_NONCE_BYTES,
    KEY_BYTES,
    AppKey,
    Setting,
    answer_mac,
    from_base64url,
    listed,
    proof_mac,
    to_base64url,
)
from provisioning.rules.identifiers import lookup_name, read_service_id
from provisioning.rules.parameters import OtpParameters
from provisioning.rules.states import CredentialState
from provisioning.services import Services
from provisioning.store.addresses import confirm_by_set_up
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.journal import changed_rows
from provisioning.store.tables import Credential, OutboxMail, Ticket, TicketState
from provisioning.store.vault import SealedSeed, SeedContext

_ORIGIN: Final = re.compile(r"[!-~]{1,255}")


@dataclass(frozen=True, slots=True)
class AppCompleteCommand:
    """What the app sent, as it sent it; `source` is the network address it came from."""

    service_id: str
    user_id: str
    nonce: str
    app_nonce: str
    origin: str
    app_key: AppKey
    mac: str = field(repr=False)
    source: str


@dataclass(frozen=True, slots=True)
class _Proof:
    """A well-formed request with the ticket it is for, if any, and the key it is judged by."""

    one: Try
    setting: Setting
    app_key: AppKey
    found: Found | None
    key: bytes = field(repr=False)


def app_complete(services: Services, command: AppCompleteCommand, now: datetime) -> AppAnswer:
    """Check the proof and hand over the seed, encrypted to the app's key.

    Raises BadInput, NonceUnusable, TooManyToday, ClockUntrusted, and ProofRefused, which never says why.
    """
    setting, mac = _read(command)
    services.clock.check(now)
    expires_at = check_nonce(ticket_box(services), setting.nonce, setting.service_id, setting.user_id, now)
    actor = Actor(ActorKind.APP, setting.thumbprint, origin=command.source)
    one = Try(setting.service_id, setting.user_id, setting.nonce, expires_at, actor)
    found = count_proof(services, one, now)
    proof = _Proof(one, setting, command.app_key, found, _password_key(services, one, found))
    proved = hmac.compare_digest(proof_mac(proof.key, setting), mac) and _is_from_here(services, setting)
    if proved and found is not None and found.counted:
        with suppress(ProofRefused):
            return _hand_over(services, proof, found, now)
        # somebody was first: perhaps this app itself, by a request that was still under way
        found = find_again(services, one)
        proof = replace(proof, found=found)
    if found is not None and _is_retry(found, setting, now):
        return _hand_over_again(services, one, found, now)
    _note_refusal(services, proof, now)
    raise ProofRefused


def _read(command: AppCompleteCommand) -> tuple[Setting, bytes]:
    check_app_key(command.app_key)
    if not _ORIGIN.fullmatch(command.origin):
        raise BadInput("origin", InputFault.BAD_FORM)
    _bytes("app_nonce", command.app_nonce, APP_NONCE_BYTES)
    setting = Setting(
        origin=command.origin,
        service_id=read_service_id(command.service_id),
        user_id=lookup_name(command.user_id, "user_id"),
        nonce=command.nonce,
        app_nonce=command.app_nonce,
        thumbprint=command.app_key.thumbprint(),
    )
    return setting, _bytes("mac", command.mac, KEY_BYTES)


def _bytes(name: str, text: str, length: int) -> bytes:
    try:
        data = from_base64url(text)
    except ValueError:
        raise BadInput(name, InputFault.BAD_FORM) from None
    if len(data) != length:
        raise BadInput(name, InputFault.WRONG_LENGTH)
    return data


def _password_key(services: Services, one: Try, found: Found | None) -> bytes:
    """The key to judge by; where there is none, one that nobody knows, so that the work is the same."""
    box = ticket_box(services)
    if found is None or found.sealed_password_key is None:
        return box.hash(listed(("no password key", one.service_id, one.user_id)))
    return box.open(found.sealed_password_key, password_key_context(found.ticket_id))


def _is_from_here(services: Services, setting: Setting) -> bool:
    """The app says where it was loaded from; a look-alike's address is not ours."""
    return setting.origin == services.settings.app.origin


def _is_retry(found: Found, setting: Setting, now: datetime) -> bool:
    """The app that was answered already asks again, because the line was cut (R21)."""
    return (
        found.state is TicketState.SPENT
        and found.credential_state is CredentialState.SET_UP
        and now < found.expires_at
        and found.answer is not None
        and hmac.compare_digest(found.app_key_thumbprint or "", setting.thumbprint)
    )


@retried
def _hand_over(services: Services, proof: _Proof, found: Found, now: datetime) -> AppAnswer:
    with services.store.write() as tx:
        # counts, credential, ticket: the order in which every job takes them, so that none waits in a circle
        uncount_day(tx, services, proof.one, now)
        credential = tx.get_one(Credential, found.credential_id)
        otp = credential.parameters
        seed = secrets.token_bytes(otp.seed_bytes)
        answer = _answer(services, proof, found, otp, seed)
        sealed = services.sealer.seal(seed, SeedContext(found.institution_id, found.credential_id, 1))
        _set_up(tx, found.credential_id, sealed, now)
        _spend(tx, services, answer, found, now)
        _confirm_address(tx, services, found, now)
        record(tx, services.audit_key, _audit(proof.one, found, "set_up", now))
    return answer


def _answer(services: Services, proof: _Proof, found: Found, otp: OtpParameters, seed: bytes) -> AppAnswer:
    institution = services.institution(found.institution_id)
    seed_jwe = encrypt_seed(seed, proof.setting, proof.app_key)
    delivery = make_delivery(institution, otp, ticket_id=found.ticket_id, seed_jwe=seed_jwe)
    return AppAnswer(proof.setting, delivery, to_base64url(answer_mac(proof.key, proof.setting, delivery)))


def _spend(tx: Session, services: Services, answer: AppAnswer, found: Found, now: datetime) -> None:
    """Raises ProofRefused if the ticket is not good any more."""
    usable = (Ticket.id == found.ticket_id, Ticket.state == TicketState.OPEN, Ticket.expires_at > now)
    spent = (
        update(Ticket)
        .where(*usable)
        .values(
            state=TicketState.SPENT,
            sealed_password_key=None,
            answer=ticket_box(services).seal(answer.to_bytes(), answer_context(found.ticket_id)),
            app_key_thumbprint=answer.setting.thumbprint,
            closed_at=now,
        )
    )
    if not changed_rows(tx, spent):
        raise ProofRefused


def _confirm_address(tx: Session, services: Services, found: Found, now: datetime) -> None:
    mail = tx.scalars(select(OutboxMail).where(OutboxMail.ticket_id == found.ticket_id)).first()
    if mail is not None:
        confirm_by_set_up(tx, address_box(services), mail, now)


def _set_up(tx: Session, credential_id: str, sealed: SealedSeed, now: datetime) -> None:
    """Whoever comes second changes nothing. Raises ProofRefused."""
    issued = update(Credential).where(
        Credential.id == credential_id, Credential.state == CredentialState.ISSUED, Credential.seed_version == 0
    )
    drawn = issued.values(
        state=CredentialState.SET_UP,
        set_up_at=now,
        seed_version=1,
        sealed_seed=sealed.sealed_seed,
        wrapped_key=sealed.wrapped_key,
        kek_id=sealed.kek_id,
    )
    if not changed_rows(tx, drawn):
        raise ProofRefused


@retried
def _hand_over_again(services: Services, one: Try, found: Found, now: datetime) -> AppAnswer:
    with services.store.write() as tx:
        uncount_day(tx, services, one, now)
        record(tx, services.audit_key, _audit(one, found, "answered_again", now))
    kept = ticket_box(services).open(found.answer or b"", answer_context(found.ticket_id))
    return AppAnswer.from_bytes(kept)


@retried
def _note_refusal(services: Services, proof: _Proof, now: datetime) -> None:
    """Write down why, and void the ticket with the last try (R19)."""
    found = proof.found
    with services.store.write() as tx:
        reason = _reason(services, proof, now)
        record(tx, services.audit_key, _audit(proof.one, found, "refused", now, reason=reason))
        if found is None or found.tries < services.institution(found.institution_id).activation_password_failures:
            return
        if not close_ticket(tx, found.ticket_id, TicketState.VOID, now):
            return
        record(tx, services.audit_key, _audit(proof.one, found, "ticket_void", now, alert=True))
    alert("ticket_void", credential_id=found.credential_id, tries=found.tries)


def _reason(services: Services, proof: _Proof, now: datetime) -> str:
    found = proof.found
    if found is None:
        return "unknown"
    if found.state is TicketState.SPENT:
        return "spent"
    if now >= found.expires_at:
        return "expired"
    if not found.counted:
        return "void"
    return "wrong" if _is_from_here(services, proof.setting) else "wrong_origin"


def _audit(one: Try, found: Found | None, result: str, now: datetime, **facts: str | bool) -> AuditRecord:
    return AuditRecord(
        now,
        one.actor,
        "app_complete",
        result,
        found.institution_id if found else None,
        customer_id=found.customer_id if found else None,
        credential_id=found.credential_id if found else None,
        facts={"service_id": one.service_id, **({"tries": found.tries} if found else {}), **facts},
    )
