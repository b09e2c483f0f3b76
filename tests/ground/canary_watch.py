"""Secrets that go in, and all that comes out meanwhile: answers, mails, the log of debug level, what is stored and
measured (R10, R18, R52).
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from flask import Flask
from werkzeug.test import Client, TestResponse

from provisioning import logs
from provisioning.cli.request_log import RequestLog
from provisioning.mail.mailer import Mail
from provisioning.rules.roles import ALL_ROLES
from provisioning.services import Services
from tests.fixtures.addresses import deliver
from tests.fixtures.canaries import everything_stored, leaked
from tests.portal.conftest import MovableClock
from web.app import create_app

TYPED: Final[Mapping[str, str]] = {
    "otp": "83920571",
    "otp1": "83920572",
    "otp2": "83920573",
    "first": "83920574",
    "second": "83920575",
    "code": "83920576",
    "mail_password": "83920577",
    "activation_password": "60418275",
    "activation_password_again": "60418275",
    "password": "Kanariya2026",
    "confirmation_password": "Kanariya77",
    "passphrase": "canary in the mine",
    "setup_code": "KNRY-KNRY-KNRY",
}
"""By the names that fields and members have."""


@dataclass
class Watch:
    """Everything that comes out while secrets go in.

    `secrets`: those that are drawn on the way; `mailed`: those that stand in a mail, and nowhere else.
    """

    services: Services
    clock: MovableClock
    log: io.StringIO
    app: Flask
    out: list[bytes] = field(default_factory=list)
    mails: list[bytes] = field(default_factory=list)
    secrets: set[bytes] = field(default_factory=set)
    mailed: set[bytes] = field(default_factory=set)

    def saw(self, answer: TestResponse) -> TestResponse:
        """An answer, with its headers."""
        self.out += [answer.data, str(answer.headers).encode()]
        return answer

    def deliver(self) -> list[Mail]:
        """Mails that are due are written and sent."""
        sent = deliver(self.services, self.clock())
        self.mails += [str(mail.message.get_content()).encode() + mail.message.as_bytes() for mail in sent]
        return sent

    def leaks(self) -> list[bytes]:
        """What of all secrets is found anywhere; mails are written first."""
        self.deliver()
        self.out.append(Client(RequestLog(self.app)).get("/metrics").data)
        self.out += [everything_stored(self.services), self.log.getvalue().encode()]
        nowhere = (*(text.encode() for text in TYPED.values()), *self.secrets)
        return leaked(nowhere, b"\n".join(self.out + self.mails)) + leaked((*self.mailed,), b"\n".join(self.out))


def watch_over(services: Services, now: datetime) -> Watch:
    """A server whose log is production's, at its most talkative (tests.fixtures.own_logs ends it)."""
    stream, clock = io.StringIO(), MovableClock(now)
    logs.configure("debug", stream)
    return Watch(services, clock, stream, create_app(services, ALL_ROLES, clock))
