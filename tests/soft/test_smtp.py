"""Mail over real SMTP: servers that are up, down, slow, mute, refuse, or insist on TLS and sign-in (R68)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from provisioning.mail.addresses import accept_address
from provisioning.mail.compose import Envelope, TokenIssued, token_issued
from provisioning.mail.mailer import Mail, MailNotSent
from provisioning.mail.smtp import SmtpMailer, SmtpServer
from tests.fixtures.ports import free_port
from tests.fixtures.services import DUAL
from tests.soft.smtp_servers import Behaviour, certificate, only, smtp_server, trickling_server

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)


def mail(to: str = "taro@mihon.example") -> Mail:
    facts = TokenIssued("999800000001", NOW, "https://otp.example/app/")
    return token_issued(DUAL, facts, Envelope("0123abcd", to, "ja"), NOW)


def plain(port: int, timeout_s: float = 5.0) -> SmtpMailer:
    return SmtpMailer(SmtpServer("127.0.0.1", port, starttls=False, timeout_s=timeout_s))


def not_sent(mailer: SmtpMailer) -> tuple[str, bool]:
    with pytest.raises(MailNotSent) as caught:
        mailer.send(mail())
    return caught.value.reply, caught.value.permanent


@pytest.fixture
def behaviour() -> Behaviour:
    return Behaviour()


@pytest.fixture
def port(behaviour: Behaviour) -> Iterator[int]:
    with smtp_server(behaviour) as port:
        yield port


def test_a_japanese_mail_arrives_as_it_was_composed(behaviour: Behaviour, port: int) -> None:
    plain(port).send(mail())
    (kept,) = behaviour.kept
    assert (kept.sender, kept.recipient) == ("otp@dual.example", "taro@mihon.example")
    assert kept.message["Subject"] == "【見本第一銀行】トークン発行のご案内"
    assert "サービスID: 10112231\nユーザID: 999800000001\n" in kept.text
    assert max(len(line) for line in kept.data.splitlines()) <= 998


@pytest.mark.parametrize("address", ["ta..ro@carrier.example", "taro.@carrier.example"])
def test_an_old_carrier_address_is_quoted_on_the_wire(behaviour: Behaviour, port: int, address: str) -> None:
    plain(port).send(mail(address))
    local = address.partition("@")[0]
    assert behaviour.rcpt_commands == [f'TO:<"{local}"@carrier.example>']


def test_a_japanese_domain_crosses_the_wire_in_its_ascii_form(behaviour: Behaviour, port: int) -> None:
    plain(port).send(mail(accept_address("taro@xn--wgv71a119e.example", ())))
    assert behaviour.kept[0].recipient == "taro@xn--wgv71a119e.example"
    assert behaviour.kept[0].message["To"] == "taro@xn--wgv71a119e.example"


def test_an_address_that_no_server_understands_is_given_up(port: int) -> None:
    foreign = replace(mail(), recipient="taro@見本.example")
    with pytest.raises(MailNotSent) as caught:
        plain(port).send(foreign)
    assert (caught.value.reply, caught.value.permanent) == ("bad address", True)


@pytest.mark.parametrize(
    ("step", "answer", "expected"),
    [
        ("at_mail", "451 4.3.0 later", ("451 4.3.0", False)),
        ("at_rcpt", "450 4.2.1 mailbox is busy", ("450 4.2.1", False)),
        ("at_rcpt", "550 5.1.1 no such user here", ("550 5.1.1", True)),
        ("at_rcpt", "553 what?", ("553", True)),
        ("at_data", "452 4.2.2 full", ("452 4.2.2", False)),
        ("at_data", "554 5.7.1 taro@mihon.example looks like spam", ("554 5.7.1", True)),
        ("at_data", "530 5.7.0 sign in first", ("530 5.7.0", False)),
    ],
)
def test_a_refusal_is_for_now_or_for_good(
    behaviour: Behaviour, port: int, step: str, answer: str, expected: tuple[str, bool]
) -> None:
    setattr(behaviour, step, answer)
    assert not_sent(plain(port)) == expected
    assert behaviour.kept == []


def test_a_server_that_is_down_is_tried_again_later() -> None:
    assert not_sent(plain(free_port())) == ("connection", False)


def test_a_slow_server_is_waited_for_as_long_as_told(behaviour: Behaviour, port: int) -> None:
    behaviour.slow_s = 0.8
    plain(port, timeout_s=5).send(mail())
    assert len(behaviour.kept) == 1
    assert not_sent(plain(port, timeout_s=0.3)) == ("timeout", False)
    assert len(behaviour.kept) == 1


def test_a_mute_server_costs_one_timeout() -> None:
    with trickling_server(b"", b"", 60) as port:
        begun = time.monotonic()
        assert not_sent(plain(port, timeout_s=0.3)) == ("timeout", False)
    assert time.monotonic() - begun < 2


def test_a_server_that_trickles_is_cut_off() -> None:
    with trickling_server(b"220-wait", b".", 0.05) as port:
        begun = time.monotonic()
        assert not_sent(plain(port, timeout_s=0.2)) == ("connection", False)
    assert time.monotonic() - begun < 5


def test_a_server_that_is_not_ready_says_so_in_its_greeting() -> None:
    with trickling_server(b"554 5.3.2 not today\r\n", b"", 60) as port:
        assert not_sent(plain(port)) == ("554 5.3.2", False)


def test_starttls_and_sign_in(behaviour: Behaviour, tmp_path: Path) -> None:
    server, client = certificate(tmp_path)
    secured = {"tls_context": server, "require_starttls": True, "auth_required": True}
    with smtp_server(behaviour, authenticator=only("bank", "mail-secret"), **secured) as port:
        right = SmtpServer("127.0.0.1", port, user="bank", password="mail-secret", tls=client)
        SmtpMailer(right).send(mail())
        wrong = SmtpServer("127.0.0.1", port, user="bank", password="other", tls=client)
        assert not_sent(SmtpMailer(wrong)) == ("535 5.7.8", False)
        stranger = SmtpServer("127.0.0.1", port, user="bank", password="mail-secret")
        assert not_sent(SmtpMailer(stranger)) == ("tls", False)
        # believed, but in somebody else's name
        elsewhere = SmtpServer("localhost", port, user="bank", password="mail-secret", tls=client)
        assert not_sent(SmtpMailer(elsewhere)) == ("tls", False)
    (kept,) = behaviour.kept
    assert (kept.encrypted, kept.signed_in_as) == (True, "bank")
    assert "mail-secret" not in repr(SmtpMailer(right))


def test_nothing_is_said_to_a_server_without_the_encryption_asked_for(behaviour: Behaviour, port: int) -> None:
    for server in (
        SmtpServer("127.0.0.1", port, user="bank", password="mail-secret"),
        SmtpServer("127.0.0.1", port),
    ):
        assert not_sent(SmtpMailer(server)) == ("not offered", False)
    assert behaviour.kept == []
