"""Every page of the staff console in Chromium, in both languages, wide and narrow, with axe."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from devices.contract import JobResult, Progress
from provisioning.jobs.invite_staff import InviteStaffCommand, invite_staff
from provisioning.jobs.record_progress import RecordProgressCommand, record_progress
from provisioning.rules.actor import SYSTEM, Actor
from provisioning.rules.permissions import StaffRole
from provisioning.store.tables import Fob
from tests.browser import staff_day
from tests.browser.conftest import ACT, LANGUAGES, Live, OpenPage, fits, is_well_made, look, press, serious
from tests.browser.staff_day import Day
from tests.fixtures.databases import sqlite_only
from tests.fixtures.soft_authenticator import give_passkey
from tests.fixtures.staff_sessions import new_staff, session_of, sit_down_at
from tests.staff import rows

pytestmark = sqlite_only


@pytest.fixture
def day(live: Live, teller_actor: Actor) -> Day:
    """A busy day."""
    return staff_day.begin(live.services, teller_actor, live.clock())


class Looker:
    """A member of staff who looks at one page after another."""

    def __init__(self, page: Page, live: Live, name: str) -> None:
        self.page = page
        self.live = live
        self.name = name

    def sign_in(self, role: StaffRole = StaffRole.TELLER, branch: str = "本店") -> None:
        """As somebody new."""
        staff_id = new_staff(self.live.services, self.live.clock(), role, branch)
        session = session_of(self.live.services, staff_id, self.live.clock())
        sit_down_at(self.page, self.live.url(""), session)

    def open(self, path: str, screen: str, case: str = "") -> None:
        """Open a page and look at it."""
        self.page.goto(self.live.url(path))
        self.at(screen, case)

    def becomes(self, stage: str, screen: str, case: str) -> None:
        """Without anybody's doing the page comes to `stage`; look at it then."""
        self.page.locator(f"[data-stage^='{stage}']").wait_for()
        self.page.wait_for_load_state()
        self.at(screen, case)

    def press(self, selector: str = ACT) -> None:
        """Press a button, the first that fits, and wait for the page it leads to."""
        press(self.page, self.page.locator(selector).first)

    def at(self, screen: str, case: str = "") -> None:
        """This page is `screen`, and well made."""
        expect(self.page.locator(".screen-id b")).to_have_text(screen)
        is_well_made(self.page, f"staff-{screen}{case}-{self.name}")


@pytest.fixture(params=LANGUAGES)
def looker(request: pytest.FixtureRequest, open_page: OpenPage, live: Live) -> Looker:
    """A page in one language."""
    return Looker(open_page(request.param), live, request.param)


def test_signing_in_and_out(looker: Looker, live: Live) -> None:
    staff_id = new_staff(live.services, live.clock())
    path = invite_staff(live.services, InviteStaffCommand(staff_id, SYSTEM), live.clock()).path
    looker.open("/staff/", "SIN001", "-closed")
    looker.open("/staff/sign-in/fallback", "SIN002")
    looker.open("/staff/welcome/", "SIN003", "-no-link")
    looker.page.goto("about:blank")
    looker.page.goto(looker.live.url(path))
    looker.page.wait_for_selector("[data-passkey]")
    looker.at("SIN003")
    looker.page.goto(looker.live.url("/staff/welcome/#invented"))
    looker.page.reload()
    looker.at("SIN001", "-refused")
    looker.sign_in()
    looker.at("SWK001", "-empty")
    looker.open("/staff/account/", "SIN005")
    for opens in ("staff-menu", "staff-tools"):
        looker.page.click(f"[popovertarget={opens}]")
        look(looker.page, f"staff-SIN005-{opens}-{looker.name}")
        assert serious(looker.page) == []
        assert fits(looker.page)
    looker.press(".page-header__tools form button")
    looker.at("SIN001", "-out")


def test_staff_accounts(looker: Looker, live: Live) -> None:
    staff_id = new_staff(live.services, live.clock(), name="窓口 新人")
    give_passkey(live.services, staff_id, live.clock())
    session_of(live.services, staff_id, live.clock())
    looker.sign_in(StaffRole.ADMINISTRATOR)
    looker.open("/staff/people/", "SPE001")
    looker.open(f"/staff/people/{staff_id}/", "SPE002")
    looker.press("main .button--main")
    looker.at("SPE002", "-invited")
    looker.open("/staff/account/passkeys/new", "SIN006")
    live.clock.advance(minutes=6)
    looker.open("/staff/account/passkeys/new", "SIN004")


def test_lists_and_search(looker: Looker, day: Day) -> None:
    looker.sign_in()
    looker.open("/staff/", "SWK001")
    looker.open("/staff/search/", "SSR001", "-empty")
    looker.page.fill("#staff-search", "9998")
    looker.page.press("#staff-search", "Enter")
    looker.page.wait_for_selector("tbody tr")
    looker.at("SSR001")
    looker.page.fill("#staff-search", "さくら")
    looker.page.press("#staff-search", "Enter")
    looker.page.wait_for_url("**/staff/customers/**")
    looker.open("/staff/search/?q=nobody", "SSR001", "-none")
    looker.open("/staff/mails/", "SMA001")
    looker.open("/staff/mails/?only=sent", "SMA001", "-none")
    looker.open("/staff/stock/", "SST001")
    for number, case in ((0, "-in-use"), (1, "-outside"), (2, "-returned"), (3, "-lost"), (6, "-stock")):
        looker.open(f"/staff/stock/{day.fobs[number].id}/", "SST002", case)
    looker.open("/staff/stations/", "SDV001")
    looker.open(f"/staff/stations/{day.desk.station_id}/", "SDV002")
    looker.page.goto(looker.live.url("/staff/customers/nobody/"))
    assert serious(looker.page) == []


def test_customers_in_every_state(looker: Looker, day: Day) -> None:
    looker.sign_in()
    for case in ("fresh", "active", "mail_failed", "suspended", "applied", "waiting", "locked"):
        looker.open(f"/staff/customers/{getattr(day, case).id}/", "SCU001", f"-{case}")
    about = f"/staff/customers/{day.active.id}"
    looker.open(f"{about}/end", "SEN001")
    looker.press()
    looker.at("SEN001", "-refused")
    looker.open(f"{about}/resync", "SRS001")
    looker.page.fill("[name=first]", "1234")
    looker.press()
    looker.at("SRS001", "-refused")
    looker.open(f"/staff/mails/{day.mail.id}/again", "SOT004")
    looker.page.goto(looker.live.url(f"/staff/customers/{day.suspended.id}/"))
    looker.press()
    looker.at("SAC001", "-lifted")
    looker.page.goto(looker.live.url(f"{about}/end"))
    looker.page.check("[value=lost]")
    looker.press()
    looker.at("SAC001", "-ended")


def test_a_soft_token_at_the_counter(looker: Looker, day: Day) -> None:
    looker.sign_in()
    looker.open(f"/staff/customers/{day.fresh.id}/issue/", "BOT010")
    looker.press("a[href$='/soft/']")
    looker.at("SOT001")
    looker.press()
    looker.at("SOT001", "-refused")
    for name in ("mail_address", "mail_address_again"):
        looker.page.fill(f"[name={name}]", "hanako@carrier.example")
    looker.press()
    looker.at("SOT002")
    assert "hanako" not in looker.page.content()
    for name in ("activation_password", "activation_password_again"):
        looker.page.fill(f"[name={name}]", "1234")
    looker.press()
    looker.at("SOT002", "-refused")
    for name in ("activation_password", "activation_password_again"):
        looker.page.fill(f"[name={name}]", "294618")
    looker.press()
    looker.at("SOT003")
    looker.press()
    looker.at("SAC001", "-issued")
    looker.open(f"/staff/customers/{day.fresh.id}/", "SCU001", "-issued")


def test_a_fob_at_the_counter(looker: Looker, day: Day, live: Live, teller_actor: Actor) -> None:
    looker.sign_in()
    looker.open(f"/staff/customers/{day.fresh.id}/hard/", "SOH001")
    absent = staff_day.reserve(live.services, day, day.fobs[7], teller_actor, live.clock())
    looker.open(f"/staff/programming/{absent}/", "SPR001", "-unseen")
    plain = day.desk.plug(day.fobs[7])
    (job,) = day.desk.poll()
    tell = RecordProgressCommand(day.desk.station_id, job.job_id, Progress(64, 100))
    record_progress(live.services, tell, live.clock())
    live.clock.advance(seconds=2)
    looker.becomes("writing", "SPR001", "-writing")
    looker.open("/staff/programming/", "SPR002", "-writing")
    looker.page.goto(looker.live.url(f"/staff/programming/{absent}/"))
    receipt = day.desk.write(job).receipt
    assert receipt is not None
    day.desk.report(job.job_id, JobResult(receipt=replace(receipt, code="")))
    looker.becomes("written", "SPR001", "-code")
    looker.page.fill("[name=code]", "１２３４")
    looker.press()
    looker.at("SPR001", "-code-refused")
    looker.page.fill("[name=code]", plain.code(live.clock()))
    looker.press()
    looker.at("SPR001", "-proved")
    looker.open(f"/staff/customers/{day.fresh.id}/", "SCU001", "-proved")
    looker.page.goto(looker.live.url(f"/staff/programming/{absent}/"))
    live.clock.advance(seconds=1)
    looker.press("form[action$='/hand-over'] button")
    looker.at("SAC001", "-handed-over")
    looker.open(f"/staff/customers/{day.fresh.id}/", "SCU001", "-handed-over")
    looker.open("/staff/programming/", "SPR002")


def test_the_stock_its_count_and_its_papers(looker: Looker, day: Day) -> None:
    looker.sign_in()
    looker.open("/staff/ranges/", "SST005", "-empty")
    looker.open("/staff/ranges/?profile=kagiya-fob&lowest=KF-000118&highest=KF-000130", "SST005")
    looker.open("/staff/closings/", "SST003", "-empty")
    looker.press()
    looker.at("SST003", "-refused")
    for name, number in (("blank", "6"), ("ready", "0"), ("returned", "1"), ("broken", "0")):
        looker.page.fill(f"[name={name}]", number)
    looker.press()
    looker.at("SST004", "-differs")
    looker.open("/staff/closings/", "SST003")
    looker.open("/staff/batches/", "SPB001")
    looker.page.fill("[name=user_ids]", day.fresh.user_id)
    looker.press()
    looker.at("SPB002", "-insert")
    day.desk.fobs = day.desk.fobs[:1]
    day.desk.now = looker.live.clock()
    day.desk.work()
    looker.becomes("proved", "SPB002", "-proved")
    looker.press(".batch-key button")
    looker.at("SPB002", "-second")
    batch = looker.page.url.split("/")[-2]
    looker.open(f"/staff/papers/labels?batch={batch}", "SST006")
    looker.open(f"/staff/papers/slips?batch={batch}", "SST007")
    looker.open(f"/staff/stock/{day.fobs[4].id}/", "SST002", "-custody")


def test_fobs_go_to_another_branch(looker: Looker, day: Day) -> None:
    looker.sign_in()
    looker.open("/staff/transfers/", "SST008", "-empty")
    looker.press()
    looker.at("SST008", "-refused")
    looker.page.select_option("[name=to_branch]", "駅前支店")
    looker.page.fill("[name=serials]", "\n".join(fob.serial for fob in day.fobs[4:7]))
    looker.page.fill("[name=packed]", "3")
    looker.press()
    looker.at("SST009", "-sent")
    slip = looker.page.url
    looker.open(f"/staff/stock/{day.fobs[4].id}/", "SST002", "-on-way")
    looker.press("form[action$='/call-back'] button")
    looker.at("SAC001", "-called-back")
    looker.open("/staff/stock/", "SST001", "-on-way")
    looker.open("/staff/transfers/", "SST008")
    looker.sign_in(branch="駅前支店")
    looker.open("/staff/stock/", "SST001", "-coming")
    looker.page.goto(slip)
    looker.at("SST009", "-arrives")
    looker.page.fill("[name=arrived]", "2")
    looker.press()
    looker.at("SST009", "-over")


def test_a_fob_with_a_last_day(looker: Looker, day: Day, live: Live) -> None:
    soon = live.clock() + timedelta(days=20)
    rows.change(live.services, Fob, day.fobs[0].id, expires_at=soon)
    rows.change(live.services, Fob, day.fobs[4].id, expires_at=live.clock())
    looker.sign_in()
    looker.open("/staff/", "SWK001", "-expiring")
    looker.open(f"/staff/customers/{day.active.id}/", "SCU001", "-expiring")
    looker.open(f"/staff/stock/{day.fobs[0].id}/", "SST002", "-expiring")
    looker.open(f"/staff/stock/{day.fobs[4].id}/", "SST002", "-expired")
    looker.open(f"/staff/customers/{day.fresh.id}/hard/", "SOH001", "-expired")
    looker.page.goto(looker.live.url(f"/staff/stock/{day.fobs[6].id}/"))
    looker.page.fill("[name=last_day]", "2026-11-01")
    looker.press("form[action$='/expiry'] button")
    looker.at("SST002", "-last-day-refused")
    looker.page.fill("[name=last_day]", "2029-03-31")
    looker.press("form[action$='/expiry'] button")
    looker.at("SAC001", "-last-day")


def test_auditor_and_administrator(looker: Looker, day: Day) -> None:
    looker.sign_in(StaffRole.AUDITOR)
    looker.open(f"/staff/customers/{day.suspended.id}/", "SCU001", "-auditor")
    assert looker.page.locator("main form").count() == 0
    looker.page.context.clear_cookies(name="kagiya-staff")
    looker.sign_in(StaffRole.ADMINISTRATOR)
    looker.at("SDV001", "-administrator")
    looker.page.fill("[name=name]", "本店-2")
    looker.press("form[action='/staff/stations/'] .button--main")
    looker.at("SDV002", "-invited")
