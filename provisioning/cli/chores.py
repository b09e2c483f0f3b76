"""What the worker does by itself: mail, expiry, cleaning up. Also runs inside `kagiya demo`."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import structlog

from provisioning.errors import KagiyaError
from provisioning.jobs.abandon_stale import abandon_stale
from provisioning.jobs.audit_standing import audit_alarms
from provisioning.jobs.end_approval import expire_approvals
from provisioning.jobs.erase_addresses import erase_addresses
from provisioning.jobs.expire import expire_credentials
from provisioning.jobs.expire_tickets import expire_tickets
from provisioning.jobs.forget_nonces import forget_nonces
from provisioning.jobs.keep_answer import forget_answers
from provisioning.jobs.seal_audit import seal_audit, sweep_audit
from provisioning.jobs.send_mails import SendMailsCommand, send_mails
from provisioning.jobs.watch_audit import verify_when_due
from provisioning.jobs.web_sessions import purge_sessions
from provisioning.jobs.write_checkpoint import write_checkpoint
from provisioning.mail.mailer import Mailer
from provisioning.mail.smtp import SmtpMailer, SmtpServer
from provisioning.rules.audit_watch import AuditAlarm
from provisioning.services import Services
from provisioning.settings import MailSettings

_log: Final = structlog.get_logger("kagiya.worker")
_TICK_S: Final = 0.25


@dataclass(frozen=True, slots=True)
class Chore:
    """One job, done again `every_s` seconds. A failure is logged; the next turn tries again.

    `ends`: it ends or erases for good what falls due, and so does nothing while the clock is in doubt (R04).
    `apart`: it takes long; the others go on meanwhile, and nobody waits for its end where the worker is stopped.
    """

    name: str
    every_s: float
    act: Callable[[Services, datetime], Any]
    ends: bool = False
    apart: bool = False


def chores(mailer: Mailer) -> tuple[Chore, ...]:
    """Everything the worker has to do."""
    return (
        Chore("send_mails", 1, lambda services, now: send_mails(services, SendMailsCommand(mailer), now)),
        Chore("abandon_stale", 5, abandon_stale, ends=True),
        Chore("expire_tickets", 10, expire_tickets, ends=True),
        Chore("seal_audit", 10, seal_audit),
        Chore("expire_credentials", 60, expire_credentials, ends=True),
        Chore("expire_approvals", 60, expire_approvals, ends=True),
        Chore("forget_nonces", 60, forget_nonces, ends=True),
        Chore("forget_answers", 300, forget_answers, ends=True),
        Chore("purge_sessions", 300, purge_sessions, ends=True),
        Chore("write_checkpoint", 600, write_checkpoint),
        Chore("erase_addresses", 3600, erase_addresses, ends=True),
        Chore("sweep_audit", 86400, sweep_audit),
        Chore("verify_audit", 300, verify_when_due, apart=True),
        Chore("watch_audit", 300, tell_audit_alarms),
    )


def smtp_mailer(settings: MailSettings) -> SmtpMailer:
    """The mailer that the settings describe."""
    return SmtpMailer(
        SmtpServer(
            host=settings.host,
            port=settings.port,
            starttls=settings.starttls,
            user=settings.user,
            password=settings.password,
            timeout_s=settings.timeout_s,
        )
    )


def work(services: Services, mailer: Mailer, clock: Callable[[], datetime], stop: threading.Event) -> None:
    """Do every chore in its turn until `stop` is set; the one at work is finished first."""
    table = chores(mailer)
    due = dict.fromkeys((chore.name for chore in table), 0.0)
    apart: dict[str, threading.Thread] = {}
    while not stop.wait(_TICK_S):
        for chore in table:
            if time.monotonic() < due[chore.name] or stop.is_set() or _is_at_work(apart.get(chore.name)):
                continue
            if chore.apart:
                # it only reads for long: a process that ends may leave it where it is
                apart[chore.name] = threading.Thread(target=_do, args=(chore, services, clock()), daemon=True)
                apart[chore.name].start()
            else:
                _do(chore, services, clock())
            due[chore.name] = time.monotonic() + chore.every_s


def tell_audit_alarms(services: Services, now: datetime) -> tuple[AuditAlarm, ...]:
    """A line for each thing about the audit log that somebody has to see to."""
    found = audit_alarms(services, now)
    for alarm in found:
        _log.error("audit log needs care", alarm=alarm.value)
    return found


def _is_at_work(thread: threading.Thread | None) -> bool:
    return thread is not None and thread.is_alive()


def _do(chore: Chore, services: Services, now: datetime) -> None:
    try:
        if chore.ends:
            services.clock.check(now)
        done = chore.act(services, now)
    except KagiyaError as error:
        _log.warning("chore refused", chore=chore.name, error=type(error).__name__, cause=str(error))
    except Exception:  # noqa: BLE001 - the edge of the process; one chore's fault must not stop the others
        _log.exception("chore failed", chore=chore.name)
    else:
        _log.debug("chore done", chore=chore.name, result=repr(done))
