"""A busy day at 本店 of `dual`: customers in every state, fobs in most, a station that sees some of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from devices.contract import FailureCode, Problem
from provisioning.jobs.end_token import EndTokenCommand, end_token
from provisioning.jobs.issue_soft import IssueSoftCommand, issue_soft
from provisioning.jobs.reserve_fob import ReserveFobCommand, reserve_fob
from provisioning.rules.actor import Actor
from provisioning.rules.states import CredentialState, EndReason, FobState
from provisioning.services import Services
from provisioning.store.tables import Credential, Customer, Fob, MailState, OutboxMail
from tests.fixtures.people import add_customer, add_fob
from tests.fixtures.tokens import give_token
from tests.fobs.desk import Desk, PlainFob, open_desk
from tests.staff import rows

NAMES = (
    ("鈴木　花子", "スズキ ハナコ"),
    ("佐藤　健一", "サトウ ケンイチ"),
    ("高橋　みどり", "タカハシ ミドリ"),
    ("渡辺　幸子", "ワタナベ サチコ"),
    ("伊藤　一郎", "イトウ イチロウ"),
    ("山本　さくら", "ヤマモト サクラ"),
    ("中村　太郎", "ナカムラ タロウ"),
)


@dataclass
class Day:
    """Who stands where. The station is connected as long as the clock does not move far."""

    fresh: Customer
    active: Customer
    mail_failed: Customer
    suspended: Customer
    applied: Customer
    waiting: Customer
    locked: Customer
    desk: Desk
    fobs: list[Fob]
    mail: OutboxMail


def begin(services: Services, teller: Actor, now: datetime) -> Day:
    """Fill the books."""
    fresh, active, failed, suspended, applied, waiting, locked = (
        _named(services, f"99980000000{number}", *names) for number, names in enumerate(NAMES, 1)
    )
    fobs = [add_fob(services, f"KF-00012{number}") for number in range(8)]
    earlier = now - timedelta(days=40)
    _once_had(services, active, fobs[0], teller, earlier)
    give_token(services, active, now - timedelta(days=20), fob=fobs[0])
    _drifted(services, active)
    mail = _undelivered(services, failed, teller, now - timedelta(hours=2))
    token = give_token(services, suspended, now - timedelta(days=3))
    rows.change(
        services,
        Credential,
        token.credential_id,
        state=CredentialState.SUSPENDED,
        resume_state=CredentialState.ACTIVE,
        suspended_at=now - timedelta(minutes=50),
        failures=5,
    )
    rows.add_application(services, applied, "261120-483920", now - timedelta(hours=1))
    _once_had(services, waiting, fobs[1], teller, now - timedelta(minutes=5))
    rows.change(services, Customer, locked.id, password_failures=5)
    for fob, state in ((fobs[2], FobState.RETURNED), (fobs[3], FobState.LOST)):
        rows.move_fob_row(services, fob, state)
    desk = open_desk(services, now, "本店-1")
    for fob in fobs[4:6]:
        desk.plug(fob)
    desk.fobs.append(PlainFob("KF-000777"))
    weak = PlainFob(
        "KF-000666", problem=Problem(FailureCode.LOW_BATTERY, {"percent": "7", "minimum_percent": "20"})
    )
    desk.fobs.append(weak)
    desk.poll()
    return Day(fresh, active, failed, suspended, applied, waiting, locked, desk, fobs, mail)


def reserve(services: Services, day: Day, fob: Fob, teller: Actor, now: datetime) -> str:
    """The fob for the customer who has nothing yet; the job's id."""
    return reserve_fob(services, ReserveFobCommand("dual", day.fresh.id, fob.id, teller), now).job_id


def _named(services: Services, user_id: str, name: str, kana: str) -> Customer:
    customer = add_customer(services, user_id)
    rows.change(services, Customer, customer.id, name=name, name_kana=kana)
    customer.name = name
    return customer


def _once_had(services: Services, customer: Customer, fob: Fob, teller: Actor, ended: datetime) -> None:
    token = give_token(services, customer, ended - timedelta(days=1), fob=fob)
    command = EndTokenCommand("dual", token.credential_id, EndReason.CUSTOMERS_WISH, teller)
    end_token(services, command, ended)


def _drifted(services: Services, customer: Customer) -> None:
    with services.store.write() as tx:
        credential = tx.query(Credential).filter_by(customer_id=customer.id, ended_at=None).one()
        credential.drift_steps, credential.failures = -2, 1


def _undelivered(services: Services, customer: Customer, teller: Actor, at: datetime) -> OutboxMail:
    command = IssueSoftCommand("dual", customer.id, "hanako@carrier.example", "850417", "ja", teller)
    issued = issue_soft(services, command, at)
    rows.change(services, OutboxMail, issued.mail_id, state=MailState.FAILED, attempts=6, last_reply="550 5.1.1")
    with services.store.read() as session:
        return session.get_one(OutboxMail, issued.mail_id)
