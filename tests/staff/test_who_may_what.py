"""Foreign rows are on no route there, for no role; auditors see and do nothing; administrators issue nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, fields

import pytest
from flask import Flask

from provisioning.jobs.ask_approval import ask_approval
from provisioning.jobs.close_paper import CarryOutPaperCommand
from provisioning.jobs.close_stock import CloseStockCommand, close_stock
from provisioning.rules.actor import Actor
from provisioning.rules.custody import Compartment
from provisioning.rules.papers import IdentityCheck, PaperKind
from provisioning.rules.permissions import WHOLE_INSTITUTION, StaffRole
from provisioning.rules.states import JobState, TokenKind
from provisioning.services import Services
from provisioning.store.queries.timeline import number_of_act
from provisioning.store.tables import Batch, Customer, Fob, MailState, PaperRequest, Station, StockTransfer
from tests.fixtures.databases import sqlite_only
from tests.portal.conftest import MovableClock
from tests.staff import rows
from tests.staff.conftest import AtDesk, Colleague

pytestmark = sqlite_only


@dataclass
class Things:
    """One of each, all at 本店 of `dual`; names are those of the routes' arguments."""

    customer_id: str
    fob_id: str
    job_id: str
    mail_id: str
    station_id: str
    number: int
    batch_id: str
    closing_id: str
    transfer_id: str
    paper_id: str
    approval_id: str
    staff_id: str


@pytest.fixture
def things(
    services: Services, customer_a: Customer, customer_b: Customer, fob: Fob, station: Station,
    teller_actor: Actor, clock: MovableClock,
) -> Things:  # fmt: skip
    """A hard token being written for A, a mail to B, a station, an act, a batch, a closing, fobs sent far away."""
    hard = rows.add_credential(services, customer_a, TokenKind.HARD, clock(), fob)
    job = rows.add_job(services, hard, JobState.QUEUED, clock())
    soft = rows.add_credential(services, customer_b, TokenKind.SOFT, clock())
    mail = rows.add_mail(services, soft, MailState.FAILED, clock())
    number = number_of_act(services.store, "dual", "worker", clock())
    batch = Batch(
        institution_id="dual", branch="本店", station_id=station.id, opened_by=teller_actor.id, opened_at=clock(),
        pressed_at=clock(),
    )  # fmt: skip
    sent = StockTransfer(
        institution_id="dual", from_branch="本店", to_branch="港支店", sent_at=clock(), staff_id=teller_actor.id
    )
    paper = PaperRequest(
        institution_id="dual", customer_id=customer_a.id, kind=PaperKind.PHONE_GONE, form_number="A-1",
        identity_check=IdentityCheck.PHOTO_ID, taken_by=teller_actor.id, taken_at=clock(),
    )  # fmt: skip
    with services.store.write() as tx:
        tx.add_all((batch, sent, paper))
    counted = CloseStockCommand("dual", "本店", teller_actor, dict.fromkeys(Compartment, 0))
    closing_id = close_stock(services, counted, clock())
    ending = CarryOutPaperCommand("dual", paper.id, "end_as_revoked", hard.id, teller_actor)
    approval_id = ask_approval(services, ending, clock())
    return Things(
        customer_a.id, fob.id, job, mail.id, station.id, number, batch.id, closing_id, sent.id, paper.id,
        approval_id,
        teller_actor.id,
    )  # fmt: skip


_OF_OTHERS = ("/staff/people/", "/staff/audit/")
"""For roles that the counter has not."""
_SECRETS = {"token"}
"""What names a session rather than a row."""


def addresses(app: Flask, things: Things) -> list[tuple[str, str]]:
    """Method and path of every route of the console that names a row."""
    found = []
    with app.test_request_context():
        for rule in app.url_map.iter_rules():
            if rule.rule.startswith("/staff/") and rule.arguments - _SECRETS:
                values = {name: getattr(things, name) for name in rule.arguments}
                methods = (rule.methods or set()) & {"GET", "POST"}
                found += [(method, app.url_for(rule.endpoint, **values)) for method in methods]
    assert len(found) > 30
    return found


NOTHING = Things(**{field.name: "0" * 32 for field in fields(Things)} | {"number": 999_999})  # type: ignore[arg-type]
"""What exists nowhere."""


def token_of(desk: Colleague) -> str:
    """What every form of theirs carries."""
    return desk.get("/staff/account/").form("/staff/sign-in/out")["csrf_token"]


def ask(desk: Colleague, method: str, path: str, token: str) -> int:
    """Status of a request; a post carries the form token and nothing else."""
    if method == "GET":
        return desk.get(path).answer.status_code
    return desk.post(path, {"csrf_token": token}).answer.status_code


ELSEWHERE = [
    *((role, {"institution_id": "other"}) for role in StaffRole),
    *((role, {"branch": "駅前支店"}) for role in StaffRole if role not in WHOLE_INSTITUTION),
]


@pytest.mark.parametrize(("role", "where"), ELSEWHERE)
def test_nothing_of_elsewhere_is_there(
    app: Flask, things: Things, at_desk: AtDesk, role: StaffRole, where: dict[str, str]
) -> None:
    """Every route that names a row, for every role: the very answer of what exists nowhere."""
    desk = at_desk(role=role, **where)
    token, answers = token_of(desk), Counter[int]()
    for (method, path), (_, nowhere) in zip(addresses(app, things), addresses(app, NOTHING), strict=True):
        answer, status, told = ask(desk, method, path, token), desk.page.status_code, desk.text
        assert (answer, told) == (ask(desk, method, nowhere, token), desk.text), (method, path)
        # what they may nowhere do is refused before anything is looked up; a bad form leads back to a page
        assert status in (403, 404), (method, path)
        answers[status] += 1
        if role is StaffRole.APPROVER:  # may do whatever a teller may, and more
            assert (status == 403) == (path.endswith("/revoke") or path.startswith(_OF_OTHERS)), (method, path)
    assert answers[404] >= {StaffRole.AUDITOR: 15}.get(role, 20), answers


def test_an_auditor_sees_and_changes_nothing(app: Flask, things: Things, at_desk: AtDesk) -> None:
    desk = at_desk(role=StaffRole.AUDITOR, branch="駅前支店")
    token = token_of(desk)
    for method, path in addresses(app, things):
        status = ask(desk, method, path, token)
        assert status != 200 if method == "POST" else status in (200, 303, 403), (method, path)
        assert method == "GET" or status == 403, path
    desk.get(f"/staff/customers/{things.customer_id}/")
    assert desk.says("見本 0001 様", "フォブを書き込む")
    own_acts = {form.action for form in desk.forms}
    assert own_acts == {"/staff/search/", "/staff/sign-in/out"}


def test_an_administrator_keeps_stations_and_issues_nothing(things: Things, at_desk: AtDesk) -> None:
    desk = at_desk(role=StaffRole.ADMINISTRATOR)
    assert not desk.says("顧客")
    for path in (
        "/staff/search/?q=a",
        f"/staff/customers/{things.customer_id}/",
        f"/staff/customers/{things.customer_id}/issue/",
        "/staff/mails/",
    ):
        assert desk.get(path).page.status_code == 403, path
    assert "見本 0001" not in desk.get(f"/staff/programming/{things.job_id}/").text
    assert "見本 0001" not in desk.get(f"/staff/stock/{things.fob_id}/").text


def test_a_teller_enrols_no_station(teller_desk: Colleague) -> None:
    teller_desk.get("/staff/stations/")
    token = teller_desk.form("/staff/sign-in/out")["csrf_token"]
    teller_desk.post("/staff/stations/", {"csrf_token": token, "name": "本店-9", "branch": "本店"})
    assert teller_desk.page.status_code == 403


def test_fields_that_a_form_lacks_are_refused(teller_desk: Colleague, things: Things) -> None:
    teller_desk.get(f"/staff/customers/{things.customer_id}/end")
    teller_desk.press(f"/staff/customers/{things.customer_id}/end", reason="lost", how="released")
    assert teller_desk.page.status_code == 422
