"""Fobs written one after another: plugged in, written, proved, one key, next; whatever dies, the list stands."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from devices.contract import FailureCode, JobResult
from provisioning.errors import AlreadyTaken, BadInput, NotFound, WrongState
from provisioning.jobs.advance_batch import AdvanceBatchCommand, advance_batch
from provisioning.jobs.open_batch import MAX_ITEMS, OpenBatchCommand, open_batch
from provisioning.jobs.press_batch import (
    BatchCommand,
    Pressed,
    SkipItemCommand,
    close_batch,
    press_batch,
    skip_item,
)
from provisioning.rules.states import FobState, JobState, TokenKind
from provisioning.store.queries.batches import BatchStage, BatchView, batch, batches
from provisioning.store.tables import Application, ApplicationState, AuditEntry, BatchItemState, Fob
from tests.core.papers import ON_PAPER
from tests.core.test_issuance_limit import use_up
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import add_customer, add_fob
from tests.fobs.case import Case
from tests.fobs.desk import PlainFob, open_desk
from tests.fobs.test_two_at_once import at_once
from tests.staff import rows


class Day:
    """A batch for three customers at the case's desk, and fobs enough."""

    def __init__(self, case: Case, at_once: int = 1) -> None:
        self.case, self.desk = case, case.desk
        others = (add_customer(case.services, f"12345678010{n}") for n in range(2))
        self.customers = [case.customer, *others]
        self.fobs = [case.fob, *(add_fob(case.services, f"KF000010{n}") for n in range(4))]
        self.command = OpenBatchCommand(
            "dual", self.desk.station_id, tuple(who.id for who in self.customers), case.teller, at_once
        )
        self.id = open_batch(case.services, self.command, case.now)
        self.act = BatchCommand("dual", self.id, case.teller)

    def page(self) -> BatchView:
        """The batch as the page has it."""
        return batch(self.case.services.store, "dual", self.id, self.case.now)

    def stage(self) -> tuple[BatchStage, int | None]:
        """What to do now, and for whom."""
        page = self.page()
        return page.stage, page.now.position if page.now else None

    def plug(self, fob: Fob) -> PlainFob:
        """Put a fob in."""
        return self.desk.plug(fob)

    def tick(self) -> None:
        """A second passes, the station polls, and what it gets is carried out."""
        self.desk.now += timedelta(seconds=1)
        self.desk.work()

    def press(self) -> Pressed:
        """The one key."""
        return press_batch(self.case.services, self.act, self.case.now)

    def acts(self) -> list[tuple[str, str]]:
        """Audited acts on the batch, in order."""
        with self.case.services.store.read() as session:
            found = session.scalars(select(AuditEntry).order_by(AuditEntry.id))
            return [(row.act, row.result) for row in found if row.facts.get("batch_id") == self.id]

    def fob_state(self, fob: Fob) -> FobState:
        """Where a fob is."""
        with self.case.services.store.read() as session:
            return session.get_one(Fob, fob.id).state


@pytest.fixture
def day(case: Case) -> Day:
    """One fob at a time."""
    return Day(case)


def test_plugged_in_written_proved_next(day: Day) -> None:
    for position, fob in enumerate(day.fobs[:3], 1):
        assert day.stage() == (BatchStage.INSERT, position)
        day.plug(fob)
        day.tick()
        assert day.stage() == (BatchStage.PROVED, position)
        # the next blank fob waits for the key
        day.plug(day.fobs[4])
        day.tick()
        assert day.stage() == (BatchStage.PROVED, position)
        day.desk.fobs.clear()
        assert day.press() == Pressed((position,), ())
    assert day.stage() == (BatchStage.FINISHED, None)
    items = day.page().items
    assert [(item.state, item.serial) for item in items] == [
        (BatchItemState.DONE, fob.serial) for fob in day.fobs[:3]
    ]
    assert day.fob_state(day.fobs[0]) is FobState.PROGRAMMED
    assert day.fob_state(day.fobs[4]) is FobState.IN_STOCK
    assert [act for act, _ in day.acts()] == ["open_batch", *["press_batch"] * 3, "close_batch"]
    # what the station's polls did is done in the teller's name
    with day.desk.services.store.read() as tx:
        reserved = tx.scalars(select(AuditEntry).where(AuditEntry.act == "reserve_fob")).all()
    assert {(one.actor_kind, one.facts["actor_role"], one.origin) for one in reserved} == {
        ("staff", "teller", day.desk.actor.origin)
    }
    with pytest.raises(WrongState):
        day.press()


def test_a_second_press_does_nothing_more(day: Day) -> None:
    day.plug(day.fobs[0])
    assert day.press() == Pressed((), ())
    day.tick()
    assert (day.press(), day.press()) == (Pressed((1,), ()), Pressed((), ()))


def test_as_many_at_once_as_the_hub_holds(case: Case) -> None:
    day = Day(case, at_once=2)
    for fob in day.fobs[:3]:
        day.plug(fob)
    day.tick()
    assert [item.stage for item in day.page().items] == [BatchStage.PROVED, BatchStage.PROVED, BatchStage.INSERT]
    assert day.press() == Pressed((1, 2), ())
    day.tick()
    assert day.stage() == (BatchStage.PROVED, 3)


def test_it_goes_on_where_it_stood_after_a_crash(day: Day) -> None:
    day.plug(day.fobs[0])
    day.desk.now += timedelta(seconds=1)
    (job,) = day.desk.poll()
    assert day.stage() == (BatchStage.WRITING, 1)
    # the agent dies: with its next poll the server knows, and a fresh attempt begins by itself
    day.desk.running.clear()
    day.tick()
    assert day.stage() == (BatchStage.PROVED, 1)
    assert day.page().now.job.attempt == 2  # type: ignore[union-attr]
    assert job.serial == day.fobs[0].serial
    assert day.press() == Pressed((1,), ())


def test_nobody_at_the_desk_and_no_fob_is_taken(day: Day) -> None:
    day.desk.now += timedelta(minutes=11)
    day.plug(day.fobs[0])
    day.tick()
    assert day.stage() == (BatchStage.RESTING, 1)
    assert day.fob_state(day.fobs[0]) is FobState.IN_STOCK
    day.press()
    day.tick()
    assert day.stage() == (BatchStage.PROVED, 1)


def test_a_fob_given_up_makes_room_for_another(day: Day) -> None:
    day.plug(day.fobs[0])
    for _ in range(3):
        day.desk.now += timedelta(seconds=1)
        (job,) = day.desk.poll()
        day.desk.fail(job.job_id, FailureCode.LINK_LOST)
    assert day.stage() == (BatchStage.FAILED, 1)
    day.tick()
    assert day.fob_state(day.fobs[0]) is FobState.RETURNED
    assert day.press() == Pressed((), (1,))
    day.plug(day.fobs[1])
    day.tick()
    assert day.stage() == (BatchStage.PROVED, 1)
    assert day.page().now.serial == day.fobs[1].serial  # type: ignore[union-attr]


def test_a_code_that_must_be_typed_stops_the_row(day: Day) -> None:
    day.plug(day.fobs[0])
    day.desk.now += timedelta(seconds=1)
    (job,) = day.desk.poll()
    receipt = day.desk.write(job).receipt
    assert receipt is not None
    assert day.desk.report(job.job_id, JobResult(receipt=replace(receipt, code=""))) is JobState.WRITTEN
    assert day.stage() == (BatchStage.TYPE_CODE, 1)
    assert day.press() == Pressed((), ())


def test_who_has_a_token_meanwhile_is_skipped(day: Day) -> None:
    rows.add_credential(day.case.services, day.customers[0], TokenKind.SOFT, day.case.now)
    day.plug(day.fobs[0])
    day.tick()
    assert day.stage() == (BatchStage.PROVED, 2)
    first = day.page().items[0]
    assert (first.state, first.reason) == (BatchItemState.SKIPPED, "has_token")
    assert day.acts()[1:] == [("skip_item", "has_token")]


@sqlite_only
def test_who_is_restricted_is_skipped(day: Day) -> None:
    services = day.case.services
    day.case.services = replace(services, institutions={**services.institutions, **ON_PAPER})
    day.desk.services = day.case.services
    use_up(day.case.services, day.customers[0], day.case.now)
    day.plug(day.fobs[0])
    day.tick()
    assert day.stage() == (BatchStage.PROVED, 2)
    assert day.page().items[0].reason == "restricted"


def test_an_application_is_fulfilled(day: Day) -> None:
    rows.add_application(day.case.services, day.customers[0], "261120-000001", day.case.now)
    day.plug(day.fobs[0])
    day.tick()
    with day.case.services.store.read() as session:
        assert session.query(Application).one().state is ApplicationState.FULFILLED


def test_fobs_of_others_and_dead_ones_are_left_alone(day: Day) -> None:
    for fob, state in ((day.fobs[0], FobState.RETURNED), (day.fobs[1], FobState.IN_USE)):
        rows.move_fob_row(day.case.services, fob, state)
        day.plug(fob)
    rows.change(day.case.services, Fob, day.fobs[2].id, branch="駅前支店")
    day.plug(day.fobs[2])
    day.desk.fobs.append(PlainFob("KF7777777"))
    day.tick()
    assert day.stage() == (BatchStage.INSERT, 1)


def test_skipping_and_closing(day: Day) -> None:
    day.plug(day.fobs[0])
    day.tick()
    with pytest.raises(WrongState):
        skip_item(day.case.services, SkipItemCommand("dual", day.id, day.case.teller, 1), day.case.now)
    skip_item(day.case.services, SkipItemCommand("dual", day.id, day.case.teller, 2), day.case.now)
    close_batch(day.case.services, day.act, day.case.now)
    told = [(item.state, item.reason) for item in day.page().items]
    assert day.acts() == [("open_batch", "open"), ("skip_item", "by_hand"), ("close_batch", "closed")]
    assert told == [
        (BatchItemState.DONE, ""),
        (BatchItemState.SKIPPED, "by_hand"),
        (BatchItemState.SKIPPED, "closed"),
    ]
    day.plug(day.fobs[1])
    day.tick()
    assert day.fob_state(day.fobs[1]) is FobState.IN_STOCK
    (line,) = batches(day.case.services.store, "dual", "本店")
    assert (line.done, line.total, line.closed_at) == (1, 3, day.case.now - timedelta(seconds=1))
    assert (
        batches(day.case.services.store, "other", None)
        == batches(day.case.services.store, "dual", "駅前支店")
        == ()
    )


def test_two_polls_and_two_keys_at_once(day: Day) -> None:
    for fob in day.fobs[:3]:
        day.plug(fob)
    usable = [(fob.profile, fob.serial) for fob in day.fobs[:3]]
    command = AdvanceBatchCommand(day.desk.station_id, usable, "127.0.0.1")
    _, lost = at_once(*[lambda: advance_batch(day.case.services, command, day.case.now)] * 4)
    assert lost == []
    assert [item.state for item in day.page().items].count(BatchItemState.BOUND) == 1
    day.tick()
    won, lost = at_once(*[day.press] * 4)
    assert (sorted(won, key=lambda one: one.done), lost) == ([Pressed((), ())] * 3 + [Pressed((1,), ())], [])
    assert day.page().line.done == 1


def test_what_cannot_begin(case: Case, day: Day) -> None:
    services, now = case.services, case.now
    with pytest.raises(AlreadyTaken):
        open_batch(services, day.command, now)
    elsewhere = replace(day.command, station_id=open_desk(services, now, "窓口2").station_id)
    for wrong in (
        replace(elsewhere, customer_ids=()),
        replace(elsewhere, customer_ids=tuple(map(str, range(MAX_ITEMS + 1)))),
        replace(elsewhere, at_once=0),
        replace(elsewhere, at_once=17),
    ):
        with pytest.raises(BadInput):
            open_batch(services, wrong, now)
    foreign = add_customer(services, "999", "other")
    for lost in (
        replace(elsewhere, customer_ids=(foreign.id,)),
        replace(elsewhere, station_id="nowhere"),
        replace(elsewhere, institution_id="other"),
    ):
        with pytest.raises(NotFound):
            open_batch(services, lost, now)
    with pytest.raises(NotFound):
        press_batch(services, replace(day.act, institution_id="other"), now)
    with pytest.raises(NotFound):
        batch(services.store, "other", day.id, now)
    assert open_batch(services, elsewhere, now) != day.id


def test_a_batch_whose_customers_all_have_tokens_by_now_is_over(day: Day) -> None:
    for customer in day.customers:
        rows.add_credential(day.case.services, customer, TokenKind.SOFT, day.case.now)
    day.plug(day.fobs[0])
    day.tick()
    assert (day.stage(), day.acts()[-1]) == ((BatchStage.FINISHED, None), ("close_batch", "closed"))
    assert day.page().line.closed_at == day.case.now
