"""Send the mails that are owed: one step of the worker (R68).

Each mail is claimed by a conditional update before it is sent and told its fate afterwards, so any number
of workers may run. A worker that dies in between leaves the mail to the next one after `_CLAIM`; the
Message-ID stays the same. What becomes of a mail never changes a credential.

While the clock is in doubt only notices go: whether any other mail is too late nobody can say then, and nobody can
use what it is about (R04).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, Final

from sqlalchemy import select, update

from provisioning.errors import ClockUntrusted, NotFound, VaultError
from provisioning.jobs.ticket_box import address_box
from provisioning.mail.compose import Envelope, Happened, TokenIssued, mail_password, notice, token_issued
from provisioning.mail.mailer import Mail, Mailer, MailNotSent
from provisioning.rules.actor import SYSTEM
from provisioning.rules.mail_fault import MailFault
from provisioning.rules.mail_kind import NOTICES, MailKind
from provisioning.services import Services
from provisioning.store.audit import AuditRecord, record
from provisioning.store.conflicts import retried
from provisioning.store.mail_codes import draw_code
from provisioning.store.tables import MailState, OutboxMail, Ticket, TicketState

BACKOFF: Final = tuple(timedelta(minutes=m) for m in (1, 2, 5, 10, 20, 40, 60, 120, 240, 360, 480))
"""How long to wait after the first failure for now, the second … After the last one the mail has failed."""

_CLAIM: Final = timedelta(minutes=10)
# claims run from the step's begin: where the server is slow, what is begun must end before another worker takes it
_LONGEST_STEP_S: Final = 60


@dataclass(frozen=True, slots=True)
class SendMailsCommand:
    """Send at most `limit` mails through `mailer`."""

    mailer: Mailer
    limit: int = 20


@dataclass(frozen=True, slots=True)
class SentMails:
    """What became of the mails of this step."""

    sent: int = 0
    deferred: int = 0
    failed: int = 0


def send_mails(services: Services, command: SendMailsCommand, now: datetime) -> SentMails:
    """Send what is due at `now`. Raises VaultError in a role without the address key."""
    address_box(services)
    kinds = _kinds(services, now)
    counts = dict.fromkeys(MailState, 0)
    no_more_from = monotonic() + _LONGEST_STEP_S
    for _ in range(command.limit):
        if monotonic() >= no_more_from:
            break
        claimed = _claim(services, kinds, now)
        if claimed is None:
            break
        counts[_send(services, command.mailer, claimed, now)] += 1
    return SentMails(counts[MailState.SENT], counts[MailState.QUEUED], counts[MailState.FAILED])


def _kinds(services: Services, now: datetime) -> Collection[MailKind]:
    try:
        services.clock.check(now)
    except ClockUntrusted:
        return NOTICES
    return tuple(MailKind)


@retried
def _claim(services: Services, kinds: Collection[MailKind], now: datetime) -> OutboxMail | None:
    """The mail of these kinds that waited longest, claimed for this worker; None if nothing is due."""
    due = OutboxMail.state.in_((MailState.QUEUED, MailState.SENDING)) & (OutboxMail.next_attempt_at <= now)
    if len(kinds) < len(MailKind):
        due &= OutboxMail.kind.in_(kinds)
    oldest = select(OutboxMail).where(due).order_by(OutboxMail.next_attempt_at, OutboxMail.id).limit(1)
    with services.store.read() as session:
        if session.scalars(oldest).first() is None:
            return None  # most of the time, and then nobody's writing is held up
    with services.store.write() as tx:
        mail = tx.scalars(oldest.with_for_update(skip_locked=True)).first()
        if mail is None:
            return None
        mail.state = MailState.SENDING
        mail.attempts += 1
        mail.next_attempt_at = now + _CLAIM
    return mail


def _send(services: Services, mailer: Mailer, row: OutboxMail, now: datetime) -> MailState:
    code = _drawn(services, row, now)
    if code is None or _is_of_no_use(services, row):
        return _note(services, row, MailState.CANCELLED, now)
    try:
        mailer.send(_compose(services, row, code, now))
    except MailNotSent as error:
        gives_up = error.permanent or row.attempts > len(BACKOFF)
        return _note(services, row, MailState.FAILED if gives_up else MailState.QUEUED, now, error.reply)
    return _note(services, row, MailState.SENT, now)


@retried
def _drawn(services: Services, row: OutboxMail, now: datetime) -> str | None:
    """The password that the mail is to carry, "" for other mails; None: nobody waits for it any more."""
    if row.kind is not MailKind.MAIL_PASSWORD:
        return ""
    with services.store.write() as tx:
        return draw_code(tx, address_box(services), row, now)


def _is_of_no_use(services: Services, row: OutboxMail) -> bool:
    """While the mail was on its way its ticket was used, replaced or made void; one too old is told apart."""
    with services.store.read() as session:
        state = session.scalar(select(Ticket.state).where(Ticket.id == row.ticket_id))
    return state in (TicketState.SPENT, TicketState.VOID)


def _compose(services: Services, row: OutboxMail, code: str, now: datetime) -> Mail:
    """Raises MailNotSent for a mail that would lead nowhere any more, or whose key or institution is away."""
    try:
        address = address_box(services).open(row)
        institution = services.institution(row.institution_id)
    except (VaultError, NotFound):
        raise MailNotSent(MailFault.NOT_COMPOSED.value, permanent=False) from None
    envelope = Envelope(row.id, address, row.language)
    if row.kind is MailKind.MAIL_PASSWORD:
        return mail_password(institution, code, envelope, now)
    if row.kind is not MailKind.TOKEN_ISSUED:
        return notice(institution, _happened(row), envelope, now)
    expires_at = datetime.fromisoformat(row.facts["expires_at"])
    if expires_at <= now:
        raise MailNotSent(MailFault.TOO_LATE.value, permanent=True)
    issued = TokenIssued(row.facts["user_id"], expires_at, f"{services.settings.app.origin}/app/")
    return token_issued(institution, issued, envelope, now)


def _happened(row: OutboxMail) -> Happened:
    told = {name: row.facts[name] for name in ("limit_yen", "mail_password_over", "name") if name in row.facts}
    return Happened(row.kind, datetime.fromisoformat(row.facts["at"]), **told)


@retried
def _note(
    services: Services, row: OutboxMail, state: MailState, now: datetime, reply: str | None = None
) -> MailState:
    """Write down the fate, unless another worker has taken the mail over meanwhile."""
    values: dict[str, Any] = {"state": state, "last_reply": reply}
    if state is MailState.SENT:
        values["sent_at"] = now
    if state is MailState.QUEUED:
        values["next_attempt_at"] = now + BACKOFF[row.attempts - 1]
    ours = (OutboxMail.id == row.id, OutboxMail.state == MailState.SENDING, OutboxMail.attempts == row.attempts)
    with services.store.write() as tx:
        tx.execute(update(OutboxMail).where(*ours).values(**values))
        if state is not MailState.QUEUED:
            record(tx, services.audit_key, _audit(row, state, now, reply))
    return state


def _audit(row: OutboxMail, state: MailState, now: datetime, reply: str | None) -> AuditRecord:
    return AuditRecord(
        now,
        SYSTEM,
        "send_mail",
        state.value,
        row.institution_id,
        customer_id=row.customer_id,
        credential_id=row.credential_id,
        facts={"mail": row.id, "kind": row.kind.value, "attempts": row.attempts, "reply": reply},
    )
