"""The town in which a manual is walked: the server, its mail, its people and their windows and phones."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from playwright.sync_api import Page

from provisioning.jobs.send_mails import SendMailsCommand, send_mails
from provisioning.mail.smtp import SmtpMailer, SmtpServer
from provisioning.services import Services
from provisioning.store.tables import Customer
from tests.browser.conftest import NARROW
from tests.browser.counter import RigTime
from tests.browser.manuals.walk import Manual, Phone, Reader
from tests.fixtures.people import PASSWORD
from tests.fixtures.staff_sessions import new_staff, session_of, sit_down_at
from tests.rig.mail_catcher import CaughtMail, Inbox


@dataclass
class Town:
    """Everything around one walk."""

    services: Services
    base_url: str
    clock: RigTime
    inbox: Inbox
    open_window: Callable[..., Page]
    _phones: list[Phone] = field(default_factory=list)

    def window(self, manual: Manual) -> Reader:
        """A browser on somebody's desk."""
        return Reader(manual, self.open_window(), self.base_url)

    def phone(self, manual: Manual) -> Phone:
        """A phone, whose clock is right."""
        page = self.open_window(NARROW)
        page.clock.set_system_time(self.clock())
        phone = Phone(manual, page, self.base_url)
        self._phones.append(phone)
        return phone

    def teller(self, manual: Manual, institution_id: str) -> Reader:
        """A teller at the counter, signed in."""
        reader = self.window(manual)
        staff_id = new_staff(self.services, self.clock(), institution_id=institution_id)
        sit_down_at(reader.page, self.base_url, session_of(self.services, staff_id, self.clock()))
        return reader

    def logs_in(self, reader: Reader, customer: Customer) -> Reader:
        """Login ID and login password; what comes then depends."""
        reader.goes_to(f"/portal/sign-in/{customer.institution_id}")
        reader.types("ログインID", customer.login_id).types("ログインパスワード", PASSWORD)
        return reader.presses("ログイン")

    def logs_in_anew(self, reader: Reader, customer: Customer) -> Reader:
        """Out, if somebody is in, and in again."""
        reader.page.context.clear_cookies()
        return self.logs_in(reader, customer)

    def mails(self, address: str) -> list[CaughtMail]:
        """What came to `address`, the newest last, once all that is owed was sent."""
        mail = self.services.settings.mail
        send_mails(
            self.services,
            SendMailsCommand(SmtpMailer(SmtpServer(mail.host, mail.port, mail.starttls))),
            self.clock(),
        )
        return self.inbox.mails(address)

    def mail_password(self, address: str) -> str:
        """The newest password that came to `address`."""
        found = [re.search(r"メール通知パスワード: (\d{8})\n", mail.text) for mail in self.mails(address)]
        return [match.group(1) for match in found if match][-1]

    def waits(self, seconds: int) -> None:
        """Time goes by, for everybody."""
        self.clock.rig.advance(seconds)
        for phone in self._phones:
            phone.is_at(self.clock())

    def next_code(self) -> None:
        """Until another code is shown."""
        self.waits(60)
