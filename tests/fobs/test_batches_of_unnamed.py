"""A row of fobs that tell no serial number: each label is typed, each is out before the next is written (R28)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from devices.contract import FailureCode
from provisioning.errors import AlreadyTaken, BadInput, NotFound, StoreUnavailable, WrongState
from provisioning.jobs.bind_label import BindLabelCommand, bind_label
from provisioning.jobs.open_batch import open_batch
from provisioning.jobs.press_batch import Pressed, close_batch
from provisioning.rules.states import FobState, JobState, TokenKind
from provisioning.store.queries.batches import BatchStage
from provisioning.store.queries.stations import CONNECTED_WITHIN
from provisioning.store.tables import BatchItemState, Fob
from tests.fixtures.people import add_fob
from tests.fixtures.refusals import refused_rows
from tests.fobs.case import Case
from tests.fobs.desk import PlainFob
from tests.fobs.kinds import NAME, UNNAMED, as_kind
from tests.fobs.test_batches import Day
from tests.staff import rows


class NamelessDay(Day):
    """The same row with fobs that only their labels tell apart."""

    def plug(self, fob: Fob) -> PlainFob:
        """Put one in; the station tells that something is there."""
        plain = super().plug(fob)
        plain.named = False
        self.tick()
        return plain

    def pull(self) -> None:
        """Take out whatever is in."""
        self.desk.fobs.clear()
        self.tick()

    def label(self, serial: str) -> int | None:
        """Type what stands on the back."""
        command = BindLabelCommand("dual", self.id, self.case.teller, NAME, serial)
        return bind_label(self.case.services, command, self.case.now)


@pytest.fixture
def day(case: Case) -> NamelessDay:
    return NamelessDay(as_kind(case, UNNAMED))


def test_plugged_in_label_typed_written_pulled_next(day: NamelessDay) -> None:
    for position, fob in enumerate(day.fobs[:3], 1):
        plain = day.plug(fob)
        assert day.stage() == (BatchStage.INSERT, position), "nobody knows which one it is"
        assert day.label(fob.serial) == position
        day.tick()
        assert day.stage() == (BatchStage.PROVED, position)
        assert plain.seed is not None
        day.pull()
        assert day.press() == Pressed((position,), ())
    assert day.stage() == (BatchStage.FINISHED, None)
    assert {day.fob_state(fob) for fob in day.fobs[:3]} == {FobState.PROGRAMMED}


def test_one_that_is_done_must_be_out_before_the_key_is_taken(case: Case) -> None:
    """Else the next label would write the next customer's seed over this one's."""
    day = NamelessDay(as_kind(case, UNNAMED), at_once=2)
    first = day.plug(day.fobs[0])
    day.label(day.fobs[0].serial)
    day.tick()
    seed = first.seed
    for act in (day.press, lambda: close_batch(day.case.services, day.act, day.case.now)):
        with pytest.raises(WrongState) as refused:
            act()
        assert refused.value == WrongState("device", "still_there")
    with pytest.raises(AlreadyTaken) as taken:
        day.label(day.fobs[1].serial)
    assert taken.value == AlreadyTaken("device")
    day.desk.now += CONNECTED_WITHIN + timedelta(seconds=1)
    with pytest.raises(WrongState):
        day.press()  # a station that is not heard cannot say that it is out
    assert (first.seed, day.stage()) == (seed, (BatchStage.PROVED, 1))
    day.pull()
    assert day.press() == Pressed((1,), ())


def test_a_label_that_does_not_fit(day: NamelessDay) -> None:
    with pytest.raises(WrongState) as refused:
        day.label(day.fobs[0].serial)
    assert refused.value == WrongState("device", "not_found")
    day.plug(day.fobs[0])
    for serial in ("KF7777777", ""):
        with pytest.raises(BadInput):
            day.label(serial)
    day.plug(day.fobs[1])
    with pytest.raises(WrongState) as refused:
        day.label(day.fobs[0].serial)
    assert refused.value == WrongState("device", "not_alone")
    assert [item.state for item in day.page().items] == [BatchItemState.WAITING] * 3
    elsewhere = add_fob(day.case.services, "KF0000777", "other")
    with pytest.raises(BadInput):
        day.label(elsewhere.serial)


def test_a_customer_who_has_a_token_meanwhile_is_passed_over(day: NamelessDay) -> None:
    rows.add_credential(day.case.services, day.case.customer, TokenKind.SOFT, day.case.now)
    day.plug(day.fobs[0])
    assert day.label(day.fobs[0].serial) == 2
    assert day.page().items[0].reason == "has_token"


def test_a_label_that_is_refused_has_passed_nobody_over(day: NamelessDay) -> None:
    """Whoever typed it reads that nothing has changed."""
    rows.add_credential(day.case.services, day.case.customer, TokenKind.SOFT, day.case.now)
    day.plug(day.fobs[0])
    with (
        refused_rows(day.case.services, "programming_job"),
        pytest.raises((StoreUnavailable, AlreadyTaken)),
    ):
        day.label(day.fobs[0].serial)
    assert [item.state for item in day.page().items] == [BatchItemState.WAITING] * 3
    assert day.label(day.fobs[0].serial) == 2


def test_with_the_last_customer_passed_over_the_batch_is_over(day: NamelessDay) -> None:
    for customer in day.customers:
        rows.add_credential(day.case.services, customer, TokenKind.SOFT, day.case.now)
    day.plug(day.fobs[0])
    assert day.label(day.fobs[0].serial) is None
    assert [item.reason for item in day.page().items] == ["has_token"] * 3
    assert day.acts()[-1] == ("close_batch", "closed")
    assert day.fob_state(day.fobs[0]) is FobState.IN_STOCK
    assert open_batch(day.case.services, day.command, day.case.now) != day.id, "the station is free for another"


def test_a_failed_one_waits_for_another_label(day: NamelessDay) -> None:
    day.plug(day.fobs[0])
    day.label(day.fobs[0].serial)
    for _ in range(3):
        for job in day.desk.poll():
            day.desk.fail(job.job_id, FailureCode.LINK_LOST)
    assert day.stage() == (BatchStage.FAILED, 1)
    with pytest.raises(WrongState):
        day.press()  # another label would go into the one that failed
    day.pull()
    assert day.press() == Pressed((), (1,))
    day.plug(day.fobs[1])
    assert day.label(day.fobs[1].serial) == 1


def test_only_an_open_batch_of_the_institution_takes_a_label(day: NamelessDay) -> None:
    day.plug(day.fobs[0])
    command = BindLabelCommand("other", day.id, day.case.teller, NAME, day.fobs[0].serial)
    with pytest.raises(NotFound):
        bind_label(day.case.services, command, day.case.now)
    close_batch(day.case.services, day.act, day.case.now)
    with pytest.raises(WrongState):
        day.label(day.fobs[0].serial)
    assert day.fob_state(day.fobs[0]) is FobState.IN_STOCK


def test_a_batch_closed_while_one_is_written_does_not_say_that_it_is_out(day: NamelessDay) -> None:
    plain = day.plug(day.fobs[0])
    day.label(day.fobs[0].serial)
    (job,) = day.desk.poll()
    close_batch(day.case.services, day.act, day.case.now)
    day.desk.now += timedelta(seconds=1)
    assert day.desk.report(job.job_id, day.desk.write(job)) is JobState.PROVED
    seed = plain.seed
    day.case.customer, day.case.fob = day.customers[1], day.fobs[1]
    with pytest.raises(AlreadyTaken) as refused:
        day.case.reserve()
    assert (refused.value, plain.seed) == (AlreadyTaken("device"), seed)


def test_no_more_at_a_time_than_the_batch_takes(day: NamelessDay) -> None:
    day.plug(day.fobs[0])
    day.label(day.fobs[0].serial)
    with pytest.raises(WrongState) as refused:
        day.label(day.fobs[1].serial)
    assert refused.value == WrongState("batch", "full")
