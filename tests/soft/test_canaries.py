"""Secrets followed through an entire life: they are in no mail, log, page, answer or database (R10, R18, R52)."""

from __future__ import annotations

import logging

import httpx
import pytest

from provisioning.jobs.activate import ActivateCommand, activate
from provisioning.jobs.release import ReleaseCommand, release
from provisioning.jobs.resend_issue_mail import ResendIssueMailCommand, resend_issue_mail
from provisioning.jobs.send_mails import SendMailsCommand, send_mails
from provisioning.rules.actor import SYSTEM
from provisioning.rules.verdict import Outcome
from provisioning.store.tables import Customer
from tests.fixtures.canaries import everything_stored, leaked
from tests.fixtures.mailers import MemoryMailer
from tests.fixtures.people import CONFIRMATION_PASSWORD, customer_actor
from tests.soft.independent_client import IndependentClient, Refused, password_key, unb64
from tests.soft.issuing import issue
from tests.soft.serving import MovableClock, Served

CANARY_PASSWORD = "83920571"
CANARY_ADDRESS = "canary-of-the-mine@mihon.example"


def test_no_secret_is_found_anywhere(
    server: Served, customer_a: Customer, clock: MovableClock, caplog: pytest.LogCaptureFixture
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
    seen.append(everything_stored(services))  # while the answer is kept

    code = token.code(clock())
    activate(services, ActivateCommand("dual", issued.user_id, code, SYSTEM), clock())
    seen += [httpx.get(server.url(path)).content for path in ("/app/", "/metrics", "/healthz", "/readyz")]
    clock.advance(minutes=1)
    last = token.code(clock())
    ended = release(services, ReleaseCommand("dual", issued.user_id, last, CONFIRMATION_PASSWORD, SYSTEM), clock())
    assert ended.outcome is Outcome.ACCEPTED
    seen.append(everything_stored(services))
    seen += [record.getMessage().encode() + repr(record.__dict__).encode() for record in caplog.records]

    elsewhere = b"\n".join(seen)
    assert issued.user_id.encode() in elsewhere  # the search does find what is there
    key = password_key(CANARY_PASSWORD, unb64(begun["salt"]), begun["iterations"])
    secrets = (CANARY_PASSWORD.encode(), token.seed, key, code.encode(), last.encode())
    assert leaked(secrets, b"\n".join([*mails, elsewhere])) == []
    assert CANARY_ADDRESS.encode() in b"\n".join(mails)
    assert CANARY_ADDRESS.encode() not in elsewhere
