"""Secrets followed through an entire life: they are in no mail, log, page, answer or database (R10, R18, R52)."""

from __future__ import annotations

import base64
import logging
from pathlib import Path

import httpx
import pytest
from sqlalchemy import inspect, text

from provisioning.jobs.activate import ActivateCommand, activate
from provisioning.jobs.release import ReleaseCommand, release
from provisioning.jobs.resend_issue_mail import ResendIssueMailCommand, resend_issue_mail
from provisioning.jobs.send_mails import SendMailsCommand, send_mails
from provisioning.mail.mailer import MemoryMailer
from provisioning.rules.verdict import Outcome
from provisioning.services import Services
from provisioning.store.audit import SYSTEM
from provisioning.store.tables import Customer
from tests.fixtures.databases import SQLITE
from tests.fixtures.people import CONFIRMATION_PASSWORD, customer_actor
from tests.soft.independent_client import IndependentClient, Refused, password_key, unb64
from tests.soft.issuing import issue
from tests.soft.serving import MovableClock, Served

CANARY_PASSWORD = "83920571"
CANARY_ADDRESS = "canary-of-the-mine@mihon.example"


def everything_stored(services: Services, database_url: str) -> bytes:
    """Every row of every table as text and, for SQLite, the bytes of its files."""
    parts: list[bytes] = []
    with services.store.read() as session:
        for table in inspect(services.store.engine).get_table_names():
            for row in session.execute(text(f'SELECT * FROM "{table}"')):
                parts += [value if isinstance(value, bytes) else str(value).encode() for value in row]
    if database_url.startswith(SQLITE):
        file = Path(database_url.removeprefix("sqlite:///"))
        parts += [one.read_bytes() for one in file.parent.glob(f"{file.name}*")]
    return b"\n".join(parts)


def shapes(secret: bytes) -> set[bytes]:
    """A secret as it might be written down."""
    return {
        secret,
        secret.hex().encode(),
        secret.hex().upper().encode(),
        base64.b64encode(secret).rstrip(b"="),
        base64.urlsafe_b64encode(secret).rstrip(b"="),
        base64.b32encode(secret).rstrip(b"="),
    }


def leaked(secrets: tuple[bytes, ...], everything: bytes) -> list[bytes]:
    """The shapes of secrets that are found."""
    return [shape for secret in secrets for shape in shapes(secret) if shape in everything]


def test_no_secret_is_found_anywhere(
    server: Served, customer_a: Customer, clock: MovableClock, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    services, memory, seen = server.services, MemoryMailer(), list[bytes]()
    issued = issue(services, customer_a, clock(), activation_password=CANARY_PASSWORD, mail_address=CANARY_ADDRESS)
    again = ResendIssueMailCommand("dual", issued.credential_id, "en", customer_actor(customer_a))
    resend_issue_mail(services, again, clock())
    send_mails(services, SendMailsCommand(memory), clock())
    mails = [mail.message.as_bytes() + str(mail.message.get_content()).encode() for mail in memory.sent]

    app = IndependentClient(
        server.origin, issued.service_id, issued.user_id, CANARY_PASSWORD, least_iterations=1000
    )
    wrong = IndependentClient(server.origin, issued.service_id, issued.user_id, "715304", least_iterations=1000)
    with pytest.raises(Refused) as refused:
        wrong.set_up()
    seen.append(repr(refused.value.body).encode())
    begun = app.begin()
    token = app.receive(begun, answer := app.post("complete", app.request(begun)))
    seen += [repr(begun).encode(), repr(answer).encode()]
    seen.append(everything_stored(services, database_url))  # while the answer is kept

    code = token.code(clock())
    activate(services, ActivateCommand("dual", issued.user_id, code, SYSTEM), clock())
    seen += [httpx.get(server.url(path)).content for path in ("/app/", "/metrics", "/healthz", "/readyz")]
    clock.advance(minutes=1)
    last = token.code(clock())
    ended = release(services, ReleaseCommand("dual", issued.user_id, last, CONFIRMATION_PASSWORD, SYSTEM), clock())
    assert ended.outcome is Outcome.ACCEPTED
    seen.append(everything_stored(services, database_url))
    seen += [record.getMessage().encode() + repr(record.__dict__).encode() for record in caplog.records]

    elsewhere = b"\n".join(seen)
    assert issued.user_id.encode() in elsewhere  # the search does find what is there
    key = password_key(CANARY_PASSWORD, unb64(begun["salt"]), begun["iterations"])
    secrets = (CANARY_PASSWORD.encode(), token.seed, key, code.encode(), last.encode())
    assert leaked(secrets, b"\n".join([*mails, elsewhere])) == []
    assert CANARY_ADDRESS.encode() in b"\n".join(mails)
    assert CANARY_ADDRESS.encode() not in elsewhere
