"""The mail catcher takes real SMTP and keeps its inbox."""

from __future__ import annotations

import smtplib
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

from tests.rig.mail_catcher import MailCatcher

NOW = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)


def _mail(subject: str, text: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = "otp@mihon.example"
    message["Subject"] = subject
    message.set_content(text)
    return message


def _send(port: int, to: str, message: EmailMessage) -> None:
    with smtplib.SMTP("localhost", port, timeout=5) as smtp:
        smtp.send_message(message, from_addr="otp@mihon.example", to_addrs=[to])


def test_a_japanese_mail_arrives_readable(tmp_path: Path) -> None:
    with MailCatcher(tmp_path, lambda: NOW) as catcher:
        _send(catcher.port, "hanako@mihon.example", _mail("トークン発行のお知らせ", "サービスID 10112231\n次\n"))
        (mail,) = catcher.inbox.mails()
    assert (mail.sender, mail.recipient, mail.received_at) == ("otp@mihon.example", "hanako@mihon.example", NOW)
    assert mail.subject == "トークン発行のお知らせ"
    assert mail.text == "サービスID 10112231\n次\n"


def test_the_inbox_is_searched_by_recipient(tmp_path: Path) -> None:
    with MailCatcher(tmp_path, lambda: NOW) as catcher:
        _send(catcher.port, "a@mihon.example", _mail("one", "1"))
        _send(catcher.port, "b@mihon.example", _mail("two", "2"))
        _send(catcher.port, "A@mihon.example", _mail("three", "3"))
        assert [mail.subject for mail in catcher.inbox.mails(to="a@mihon.example")] == ["one", "three"]
        assert catcher.inbox.mails(to="nobody@mihon.example") == []


def test_an_old_carrier_address_is_found_with_and_without_its_quotes(tmp_path: Path) -> None:
    with MailCatcher(tmp_path, lambda: NOW) as catcher:
        _send(catcher.port, '"hana..ko"@docomo.example', _mail("quoted", "."))
        assert len(catcher.inbox.mails(to="hana..ko@docomo.example")) == 1
        assert len(catcher.inbox.mails(to='"hana..ko"@docomo.example')) == 1


def test_the_inbox_is_still_there_after_a_restart(tmp_path: Path) -> None:
    with MailCatcher(tmp_path, lambda: NOW) as catcher:
        _send(catcher.port, "a@mihon.example", _mail("kept", "text"))
    with MailCatcher(tmp_path, lambda: NOW) as catcher:
        assert [mail.subject for mail in catcher.inbox.mails()] == ["kept"]
