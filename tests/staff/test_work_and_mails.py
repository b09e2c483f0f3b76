"""The work bar's numbers, the lists behind them, and the fate of mails, each within one's branch."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from provisioning.errors import NotFound
from provisioning.rules.states import CredentialState, FobState, JobState, TokenKind
from provisioning.services import Services
from provisioning.store.queries.mails import MailFilter, mail, mails, masked
from provisioning.store.queries.work import not_activated, open_applications, suspended, work_counts
from provisioning.store.tables import Customer, Fob, MailState, Station
from tests.fixtures.people import add_customer, add_fob
from tests.staff import rows


def test_the_numbers_of_the_day(services: Services, customer_a: Customer, station: Station, now: datetime) -> None:
    soft = rows.add_credential(services, customer_a, TokenKind.SOFT, now)
    rows.suspend(services, soft, now)
    held = add_fob(services, "KF1")
    customer_b = add_customer(services, "123456780002")
    rows.add_application(services, customer_b, "H1", now)
    hard = rows.add_credential(services, customer_b, TokenKind.HARD, now, held)
    rows.move_fob_row(services, held, FobState.RESERVED)
    rows.add_job(services, hard, JobState.QUEUED, now)
    for serial in range(6):
        add_fob(services, f"KF9{serial}")
    rows.change(services, Station, station.id, signing_key=b"k" * 32, last_seen_at=now)

    counts = work_counts(services.store, "dual", "本店", now)
    assert (counts.applications, counts.suspended, counts.writing) == (1, 1, 1)
    assert (counts.stock, counts.stock_low, counts.mails_undelivered) == (6, False, 0)
    assert (counts.stations_connected, counts.stations) == (1, 1)
    assert work_counts(services.store, "dual", None, now) == counts

    later = work_counts(services.store, "dual", "本店", now + timedelta(minutes=1))
    assert (later.stations_connected, later.stations) == (0, 1)
    for institution, branch in (("dual", "駅前支店"), ("other", "本店"), ("other", None)):
        nothing = work_counts(services.store, institution, branch, now)
        assert (nothing.applications, nothing.suspended, nothing.writing, nothing.stock) == (0, 0, 0, 0)
        assert nothing.stock_low


def test_the_lists_name_who_waits(
    services: Services, customer_a: Customer, customer_b: Customer, now: datetime
) -> None:
    first = rows.add_credential(services, customer_a, TokenKind.SOFT, now)
    second = rows.add_credential(services, customer_b, TokenKind.SOFT, now)
    rows.suspend(services, second, now)
    rows.suspend(services, first, now + timedelta(hours=1))
    assert [who.customer_id for who in suspended(services.store, "dual", "本店")] == [customer_b.id, customer_a.id]
    assert suspended(services.store, "dual", "駅前支店") == ()
    rows.change(services, type(first), first.id, state=CredentialState.SET_UP, set_up_at=now)
    (waiting,) = not_activated(services.store, "dual", "本店")
    assert (waiting.customer_id, waiting.kind, waiting.since) == (customer_a.id, TokenKind.SOFT, now)
    assert waiting.fob_state is None
    rows.add_application(services, customer_b, "H7", now)
    (applied,) = open_applications(services.store, "dual", "本店")
    assert (applied.number, applied.since, applied.user_id) == ("H7", now, customer_b.user_id)
    assert open_applications(services.store, "other", None) == ()


def test_a_mail_given_up_must_be_cared_for_until_a_newer_one(
    services: Services, customer_a: Customer, now: datetime
) -> None:
    credential = rows.add_credential(services, customer_a, TokenKind.SOFT, now)
    old = rows.add_mail(services, credential, MailState.FAILED, now, attempts=6, last_reply="550 5.1.1")
    undelivered = MailFilter(branch="本店", only_undelivered=True)
    (view,) = mails(services, "dual", undelivered)
    assert (view.id, view.masked_address, view.last_reply) == (old.id, "h***@carrier.example", "550 5.1.1")
    assert view.may_resend
    assert work_counts(services.store, "dual", "本店", now).mails_undelivered == 1

    new = rows.add_mail(services, credential, MailState.QUEUED, now + timedelta(minutes=1))
    assert mails(services, "dual", undelivered) == ()
    assert work_counts(services.store, "dual", "本店", now).mails_undelivered == 0
    listed = mails(services, "dual", MailFilter(customer_id=customer_a.id))
    assert [(item.id, item.may_resend) for item in listed] == [(new.id, True), (old.id, False)]
    assert [item.id for item in mails(services, "dual", MailFilter(states=(MailState.QUEUED,)))] == [new.id]

    rows.change(services, type(credential), credential.id, state=CredentialState.SET_UP)
    assert not mail(services, "dual", new.id, "本店").may_resend


def test_foreign_mails_are_not_there(services: Services, customer_a: Customer, now: datetime) -> None:
    credential = rows.add_credential(services, customer_a, TokenKind.SOFT, now)
    mine = rows.add_mail(services, credential, MailState.SENT, now)
    assert mails(services, "other", MailFilter()) == mails(services, "dual", MailFilter(branch="駅前支店")) == ()
    for institution, branch in (("other", None), ("dual", "駅前支店")):
        with pytest.raises(NotFound):
            mail(services, institution, mine.id, branch)


def test_addresses_are_masked() -> None:
    assert masked("hanako.yamada@example.jp") == "h***@example.jp"
    assert masked('"a..b"@docomo.ne.jp') == '"***@docomo.ne.jp'
    assert masked("a@b.jp") == "a***@b.jp"


def test_a_stock_of_one(services: Services, fob: Fob, now: datetime) -> None:
    counts = work_counts(services.store, fob.institution_id, fob.branch, now)
    assert (counts.stock, counts.stock_low) == (1, True)
