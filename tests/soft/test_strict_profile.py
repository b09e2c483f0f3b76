"""The strict activation profile: a set-up code beside the activation password, for ten minutes (R20)."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from math import log2

import httpx
import pytest
from sqlalchemy import select

from provisioning.errors import BadInput, InputFault
from provisioning.jobs.issue_soft import IssuedSoft
from provisioning.jobs.resend_issue_mail import ResendIssueMailCommand, ResentMail, resend_issue_mail
from provisioning.jobs.send_mails import SendMailsCommand, send_mails
from provisioning.rules.institution import Activation, Institution
from provisioning.rules.setup_code import ALPHABET, LENGTH
from provisioning.rules.states import CredentialState
from provisioning.services import Services
from provisioning.store.tables import AuditEntry, Customer, TicketState
from tests.fixtures.canaries import everything_stored, shapes
from tests.fixtures.databases import sqlite_only
from tests.fixtures.mailers import MemoryMailer
from tests.fixtures.people import add_customer, customer_actor
from tests.soft.conftest import app_for
from tests.soft.independent_client import IndependentClient, password_key, unb64
from tests.soft.issuing import ACTIVATION_PASSWORD, credential, issue, strict, ticket
from tests.soft.serving import MovableClock, Served
from tests.soft.trying import refusal


@pytest.fixture
def institutions(institutions: Mapping[str, Institution]) -> Mapping[str, Institution]:
    """`dual` is strict, `other` stays on pin."""
    return strict(institutions)


def code_of(issued: IssuedSoft) -> str:
    assert issued.setup_code is not None
    return issued.setup_code.text


def audited_facts(services: Services, act: str) -> list[dict[str, object]]:
    with services.store.read() as session:
        entries = session.scalars(select(AuditEntry).where(AuditEntry.act == act).order_by(AuditEntry.id))
        return [entry.facts for entry in entries]


def resend(
    services: Services, customer: Customer, credential_id: str, clock: MovableClock, password: str | None
) -> ResentMail:
    actor = customer_actor(customer)
    command = ResendIssueMailCommand("dual", credential_id, "ja", actor, activation_password=password)
    return resend_issue_mail(services, command, clock())


def test_password_and_code_together_set_the_app_up(
    server: Served, issued: IssuedSoft, client: IndependentClient
) -> None:
    client.setup_code = client.setup_code.lower()
    client.set_up()
    assert credential(server.services, issued.credential_id).state is CredentialState.SET_UP
    other = replace(app_for(server, issued), setup_code=code_of(issued))
    assert refusal(other.set_up) == (403, {"error": "refused"})


@pytest.mark.parametrize("typed", ["", "2222222222", "pin"])
def test_the_right_password_without_the_right_code_is_refused_and_counted(
    server: Served, issued: IssuedSoft, client: IndependentClient, typed: str
) -> None:
    wrong = replace(client, setup_code=typed)
    begun = wrong.begin() | ({"needs_setup_code": False} if typed == "pin" else {})
    assert refusal(lambda: wrong.post("complete", wrong.request(begun))) == (403, {"error": "refused"})
    one = ticket(server.services, issued.credential_id)
    assert (one.state, one.attempts) == (TicketState.OPEN, 1)
    client.set_up()


@sqlite_only
def test_the_right_code_with_a_wrong_password_is_refused_until_the_ticket_is_void(
    server: Served, issued: IssuedSoft, client: IndependentClient
) -> None:
    for _ in range(5):
        assert refusal(replace(client, activation_password="715304").set_up)[0] == 403
    assert refusal(client.set_up)[0] == 403
    assert ticket(server.services, issued.credential_id).state is TicketState.VOID


def test_a_ticket_lives_ten_minutes_to_the_second(
    server: Served, issued: IssuedSoft, client: IndependentClient, clock: MovableClock
) -> None:
    assert issued.setup_code is not None
    assert issued.setup_code.expires_at == clock() + timedelta(minutes=10)
    clock.advance(minutes=10)
    assert refusal(client.set_up) == (403, {"error": "refused"})
    clock.advance(seconds=-1)
    client.set_up()


def test_a_cut_line_is_no_loss_within_the_ten_minutes(client: IndependentClient, clock: MovableClock) -> None:
    client.post("complete", client.request(client.begin()))
    clock.advance(minutes=9, seconds=59)
    client.set_up()
    clock.advance(seconds=1)
    assert refusal(client.set_up)[0] == 403


@sqlite_only
def test_begin_tells_by_service_alone(client: IndependentClient, customer_b: Customer) -> None:
    def asked(service_id: str, user_id: str) -> object:
        return replace(client, service_id=service_id, user_id=user_id).begin()["needs_setup_code"]

    assert [asked("10112231", user) for user in (client.user_id, customer_b.user_id, "999999999999")] == [True] * 3
    assert [asked(service, client.user_id) for service in ("10112249", "99999999")] == [False] * 2


@sqlite_only
def test_codes_are_random_and_long_enough(services: Services, clock: MovableClock) -> None:
    assert LENGTH * log2(len(set(ALPHABET))) >= 40
    issued = [issue(services, add_customer(services, f"12345678{n:04}"), clock()) for n in range(20)]
    codes = {code_of(one) for one in issued}
    assert len(codes) == 20
    assert all(len(code) == LENGTH and set(code) <= set(ALPHABET) for code in codes)
    assert len(set("".join(codes))) > 20
    shown = issued[0].setup_code
    assert shown is not None
    assert [len(group) for group in shown.grouped.split(" ")] == [5, 5]
    assert shown.text not in repr(issued[0])


@sqlite_only
def test_a_resend_takes_a_new_password_and_gives_a_new_code(
    server: Served, issued: IssuedSoft, client: IndependentClient, customer_a: Customer, clock: MovableClock
) -> None:
    services = server.services
    with pytest.raises(BadInput) as caught:
        resend(services, customer_a, issued.credential_id, clock, None)
    assert (caught.value.field, caught.value.fault) == ("activation_password", InputFault.MISSING)
    clock.advance(minutes=7)
    resent = resend(services, customer_a, issued.credential_id, clock, ACTIVATION_PASSWORD)
    assert resent.setup_code is not None
    assert resent.setup_code.text != code_of(issued)
    assert resent.setup_code.expires_at == clock() + timedelta(minutes=10)
    assert refusal(client.set_up)[0] == 403
    replace(client, setup_code=resent.setup_code.grouped).set_up()
    kept = [audited_facts(services, act)[0]["activation"] for act in ("issue_soft", "resend_issue_mail")]
    assert kept == ["strict", "strict"]


@sqlite_only
def test_an_institution_on_pin_is_as_before(services: Services, clock: MovableClock) -> None:
    issued = issue(services, add_customer(services, "ABC1", "other"), clock())
    assert issued.setup_code is None
    one = ticket(services, issued.credential_id)
    assert one.expires_at == clock() + timedelta(hours=1)
    assert audited_facts(services, "issue_soft")[0]["activation"] == "pin"


@pytest.mark.parametrize(
    ("activation", "longest"), [(Activation.PIN, timedelta(hours=24)), (Activation.STRICT, timedelta(minutes=10))]
)
def test_no_institution_has_tickets_that_live_longer(
    institutions: Mapping[str, Institution], activation: Activation, longest: timedelta
) -> None:
    replace(institutions["dual"], activation=activation, ticket_life=longest)
    with pytest.raises(ValueError, match="ticket_life"):
        replace(institutions["dual"], activation=activation, ticket_life=longest + timedelta(seconds=1))


def test_the_code_is_in_no_mail_log_or_table(
    server: Served, customer_a: Customer, clock: MovableClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    services, memory = server.services, MemoryMailer()
    issued = issue(services, customer_a, clock())
    resent = resend(services, customer_a, issued.credential_id, clock, ACTIVATION_PASSWORD)
    assert resent.setup_code is not None
    send_mails(services, SendMailsCommand(memory), clock())
    mails = "".join(mail.message.as_string() + mail.message.get_content() for mail in memory.sent)
    assert "初期設定コードも入力" in mails
    client = replace(app_for(server, issued), setup_code=resent.setup_code.text)
    seen = [mails.encode(), everything_stored(services)]
    begun = client.begin()
    answer = client.post("complete", client.request(begun))
    client.receive(begun, answer)
    seen += [repr(begun).encode(), repr(answer).encode(), everything_stored(services)]
    seen += [httpx.get(server.url(path)).content for path in ("/metrics", "/app/")]
    seen += [record.getMessage().encode() + repr(record.__dict__).encode() for record in caplog.records]
    everything = b"\n".join(seen)
    assert issued.user_id.encode() in everything
    for code in (issued.setup_code, resent.setup_code):
        assert code is not None
        key = password_key(ACTIVATION_PASSWORD, unb64(begun["salt"]), begun["iterations"], code.text)
        for secret in (code.text.encode(), code.grouped.encode(), key):
            assert [shape for shape in shapes(secret) if shape in everything] == []
