"""A mail that the next server took and a later one gave back: its report makes it undelivered (R68, RFC 3464)."""

from __future__ import annotations

import subprocess
from datetime import datetime
from email.message import EmailMessage, Message
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from pathlib import Path

import pytest

from provisioning.errors import BadInput, InputFault, NotFound
from provisioning.jobs.note_returned_mail import NoteReturnedMailCommand, note_returned_mail
from provisioning.jobs.send_mails import SendMailsCommand, send_mails
from provisioning.mail.returned import Returned, read_report
from provisioning.rules.actor import SYSTEM
from provisioning.rules.states import CredentialState
from provisioning.services import Services
from provisioning.store.tables import Customer, MailState
from tests.fixtures.mailers import MemoryMailer
from tests.ground.commands import KAGIYA, run_kagiya
from tests.ground.settings_files import write_settings
from tests.soft.issuing import acts, credential, issue, mails

ID = "0123456789abcdef0123456789abcdef"


def sent_mail(message_id: str = f"<{ID}@dual.example>") -> EmailMessage:
    """A mail of ours as a later server holds it."""
    mail = EmailMessage()
    mail["Message-ID"] = message_id
    mail["To"] = "taro@mihon.example"
    mail["Subject"] = "トークン発行のご案内"
    mail.set_content("ユーザID: 123456780001")
    return mail


def report(action: str = "failed", status: str = "5.1.1", original: Message | None = None) -> bytes:
    """What a mail server sends back to the sender, as RFC 3462 and RFC 3464 have it."""
    facts = Message()
    facts["Final-Recipient"] = "rfc822; taro@mihon.example"
    facts["Action"] = action
    facts["Status"] = status
    about = Message()
    about["Reporting-MTA"] = "dns; mx.mihon.example"
    told = MIMEMultipart("report")
    told.set_param("report-type", "delivery-status")
    told["From"] = "MAILER-DAEMON@mx.mihon.example"
    told.attach(MIMEText("no such user"))
    statuses = Message()
    statuses["Content-Type"] = "message/delivery-status"
    statuses.set_payload([about, facts])
    told.attach(statuses)
    told.attach(MIMEMessage(original or sent_mail()))
    return told.as_bytes()


def test_a_report_tells_which_mail_and_why() -> None:
    assert read_report(report()) == Returned(ID, "5.1.1")
    assert read_report(report(status="5.2.2 (mailbox full)")) == Returned(ID, "5.2.2")


def test_headers_alone_may_come_back() -> None:
    whole = report()
    headers = whole.replace(b"Content-Type: message/rfc822", b"Content-Type: text/rfc822-headers")
    assert headers != whole
    assert read_report(headers) == Returned(ID, "5.1.1")


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed", "expanded"])
def test_what_did_not_fail_is_no_returned_mail(action: str) -> None:
    assert read_report(report(action=action)) is None


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\x00 nothing",
        sent_mail().as_bytes(),
        report(original=sent_mail("<newsletter@elsewhere.example>")),
        report(original=sent_mail("")),
        report(status="no status"),
    ],
    ids=["empty", "garbage", "our own mail", "another's mail", "no number", "no status"],
)
def test_what_is_no_report_about_a_mail_of_ours_is_refused(raw: bytes) -> None:
    with pytest.raises(BadInput) as refused:
        read_report(raw)
    assert (refused.value.field, refused.value.fault) == ("report", InputFault.BAD_FORM)


def come_back(services: Services, mail_id: str, now: datetime, status: str = "5.1.1") -> None:
    note_returned_mail(services, NoteReturnedMailCommand(mail_id, status, SYSTEM), now)


def test_a_returned_mail_is_undelivered_and_the_token_stays(
    services: Services, customer_a: Customer, now: datetime
) -> None:
    issued = issue(services, customer_a, now)
    send_mails(services, SendMailsCommand(MemoryMailer()), now)
    for _ in range(2):  # a report may come twice
        come_back(services, issued.mail_id, now)
    (mail,) = mails(services, issued.credential_id)
    assert (mail.state, mail.last_reply) == (MailState.FAILED, "5.1.1")
    assert credential(services, issued.credential_id).state is CredentialState.ISSUED
    assert acts(services).count(("mail_returned", "failed")) == 1


def test_a_mail_that_was_never_sent_cannot_come_back(
    services: Services, customer_a: Customer, now: datetime
) -> None:
    issued = issue(services, customer_a, now)
    come_back(services, issued.mail_id, now)
    assert mails(services, issued.credential_id)[0].state is MailState.QUEUED
    with pytest.raises(NotFound):
        come_back(services, ID, now)


def test_the_mail_server_hands_reports_to_the_command(tmp_path: Path) -> None:
    settings = ("--settings", str(write_settings(tmp_path)))
    assert run_kagiya(*settings, "db", "upgrade").returncode == 0

    def hand_over(raw: bytes) -> tuple[int, str]:
        ended = subprocess.run(
            [KAGIYA, *settings, "returned-mail"], input=raw, capture_output=True, timeout=60, check=False
        )
        return ended.returncode, ended.stderr.decode()

    assert hand_over(report()) == (1, "kagiya: there is no such mail\n")
    assert hand_over(b"hello") == (1, "kagiya: report has the wrong form\n")
    assert hand_over(report(action="delayed")) == (0, "")
