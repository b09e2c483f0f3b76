"""Fobs between two branches: in the books of one until they are in those of the other, and the ledger of both."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from provisioning.errors import BadInput, InputFault, NotFound, WrongState
from provisioning.jobs.close_stock import CloseStockCommand, close_stock
from provisioning.jobs.fob_acts import FobCommand
from provisioning.jobs.receive_fobs import ReceiveFobsCommand, call_back_fob, receive_fobs
from provisioning.jobs.remove_fob import RemoveFobCommand, remove_fob
from provisioning.jobs.send_fobs import MAX_SENT, SendFobsCommand, send_fobs
from provisioning.rules.actor import Actor
from provisioning.rules.closing import OVERDUE_AFTER, Finding, FindingKind
from provisioning.rules.custody import Compartment, Holder
from provisioning.rules.states import FobState
from provisioning.services import Services
from provisioning.store.queries.closings import ClosingView, closing
from provisioning.store.queries.custody import custody
from provisioning.store.queries.fobs import FobStep, fob_by_serial
from provisioning.store.queries.stock import StockFilter, stock
from provisioning.store.queries.transfers import Fate, coming, transfer, transfers
from tests.fixtures.people import add_fob
from tests.fobs.case import Case
from tests.fobs.test_two_at_once import at_once

HERE, THERE = "本店", "駅前支店"
SENT = ("KF0000001", "KF0000002", "KF0000003")


@pytest.fixture
def colleague(case: Case) -> Actor:
    """Who opens the parcel in the other branch."""
    return replace(case.teller, branch=THERE)


@pytest.fixture
def three(case: Case) -> Case:
    """Three blank fobs of 本店."""
    for serial in SENT[1:]:
        add_fob(case.services, serial)
    return case


def parcel(case: Case, *serials: str) -> SendFobsCommand:
    wanted = frozenset(serials or SENT)
    return SendFobsCommand("dual", HERE, THERE, wanted, len(wanted), case.teller, "便 A-1")


def arrival(transfer_id: str, colleague: Actor, arrived: int, *not_arrived: str) -> ReceiveFobsCommand:
    return ReceiveFobsCommand("dual", THERE, transfer_id, arrived, colleague, frozenset(not_arrived))


def of_fob(case: Case, serial: str) -> FobCommand:
    return FobCommand("dual", fob_by_serial(case.services.store, "dual", serial).id, case.teller)


def close(case: Case, branch: str, blank: int) -> ClosingView:
    counted = dict.fromkeys(Compartment, 0) | {Compartment.BLANK: blank}
    actor = replace(case.teller, branch=branch)
    closing_id = close_stock(case.services, CloseStockCommand("dual", branch, actor, counted), case.now)
    return closing(case.services.store, "dual", closing_id)


def in_books(services: Services, branch: str) -> dict[FobState, int]:
    counts = stock(services.store, "dual", StockFilter(branch=branch)).counts
    return {state: count for state, count in counts.items() if count}


def test_the_ledger_has_both_sides(three: Case, colleague: Actor) -> None:
    transfer_id = send_fobs(three.services, parcel(three), three.now)
    sent_at = three.now
    on_way = fob_by_serial(three.services.store, "dual", SENT[0])
    assert (on_way.state, on_way.branch, on_way.bound_for) == (FobState.IN_TRANSIT, HERE, THERE)
    assert on_way.next_step is FobStep.AWAIT_ARRIVAL
    three.desk.now += timedelta(days=1)
    assert receive_fobs(three.services, arrival(transfer_id, colleague, 3), three.now) == 3
    arrived, left = custody(three.services.store, "dual", on_way.id).moves
    assert (left.at, left.to_state, left.holder, left.branch) == (
        sent_at, FobState.IN_TRANSIT, Holder.IN_TRANSIT, HERE,
    )  # fmt: skip
    assert (left.bound_for, left.transfer_id, left.actor_name) == (THERE, transfer_id, "窓口 花子")
    assert (arrived.from_state, arrived.to_state) == (FobState.IN_TRANSIT, FobState.IN_STOCK)
    assert (arrived.holder, arrived.branch, arrived.bound_for) == (Holder.BRANCH, THERE, "")
    assert custody(three.services.store, "dual", on_way.id).since == three.now
    here = fob_by_serial(three.services.store, "dual", SENT[0])
    assert (here.state, here.branch, here.bound_for, here.transfer_id) == (FobState.IN_STOCK, THERE, "", None)
    assert in_books(three.services, HERE) == {}
    assert in_books(three.services, THERE) == {FobState.IN_STOCK: 3}


def test_the_closings_of_both_branches_add_up(three: Case, colleague: Actor) -> None:
    assert close(three, HERE, 3).findings == close(three, THERE, 0).findings == ()
    three.desk.now += timedelta(hours=1)
    transfer_id = send_fobs(three.services, parcel(three), three.now)
    sender, receiver = close(three, HERE, 0), close(three, THERE, 0)
    assert sender.findings == receiver.findings == ()
    (blank,) = [line for line in sender.lines if line.compartment is Compartment.BLANK]
    assert (blank.before, blank.came, blank.went, blank.books) == (3, 0, 3, 0)
    assert sender.states[FobState.IN_TRANSIT] == 3
    three.desk.now += timedelta(hours=1)
    receive_fobs(three.services, arrival(transfer_id, colleague, 2, SENT[2]), three.now)
    sender, receiver = close(three, HERE, 0), close(three, THERE, 2)
    assert sender.findings == receiver.findings == ()
    (blank,) = [line for line in receiver.lines if line.compartment is Compartment.BLANK]
    assert (blank.before, blank.came, blank.went, blank.books) == (0, 2, 0, 2)
    # every fob is in the books of exactly one branch
    assert sender.states[FobState.IN_TRANSIT] + receiver.states[FobState.IN_STOCK] == 3


def test_what_does_not_arrive_is_asked_after_in_both_branches(three: Case, colleague: Actor) -> None:
    transfer_id = send_fobs(three.services, parcel(three), three.now)
    receive_fobs(three.services, arrival(transfer_id, colleague, 2, SENT[1]), three.now)
    three.desk.now += OVERDUE_AFTER - timedelta(seconds=1)
    assert close(three, HERE, 0).findings == close(three, THERE, 2).findings == ()
    three.desk.now += timedelta(seconds=1)
    overdue = (Finding(FindingKind.ON_WAY, serial=SENT[1]),)
    assert (close(three, HERE, 0).findings, close(three, THERE, 2).findings) == (overdue, overdue)
    remove = RemoveFobCommand("dual", of_fob(three, SENT[1]).fob_id, three.teller, FobState.LOST)
    remove_fob(three.services, remove, three.now)
    assert close(three, HERE, 0).findings == close(three, THERE, 2).findings == ()


def test_what_became_of_each_is_told(three: Case, colleague: Actor) -> None:
    transfer_id = send_fobs(three.services, parcel(three), three.now)
    assert coming(three.services.store, "dual", THERE) == 3
    assert coming(three.services.store, "dual", HERE) == coming(three.services.store, "other", THERE) == 0
    receive_fobs(three.services, arrival(transfer_id, colleague, 1, *SENT[1:]), three.now)
    call_back_fob(three.services, of_fob(three, SENT[1]), three.now)
    sent, fobs = transfer(three.services.store, "dual", transfer_id)
    assert (sent.from_branch, sent.to_branch, sent.note, sent.staff_name) == (HERE, THERE, "便 A-1", "窓口 花子")
    assert (sent.sent, sent.on_way) == (3, 1)
    assert [(one.serial, one.fate) for one in fobs] == [
        (SENT[0], Fate.ARRIVED), (SENT[1], Fate.CAME_BACK), (SENT[2], Fate.ON_WAY),
    ]  # fmt: skip
    remove = RemoveFobCommand("dual", of_fob(three, SENT[2]).fob_id, three.teller, FobState.LOST)
    remove_fob(three.services, remove, three.now)
    sent, fobs = transfer(three.services.store, "dual", transfer_id)
    assert (sent.on_way, fobs[2].fate, fobs[2].at) == (0, Fate.LOST, three.now)
    for branch in (HERE, THERE, None):
        assert [one.id for one in transfers(three.services.store, "dual", branch)] == [transfer_id]
    assert transfers(three.services.store, "other", None) == ()
    with pytest.raises(NotFound):
        transfer(three.services.store, "other", transfer_id)


def test_a_fob_goes_there_and_back_again(case: Case, colleague: Actor) -> None:
    first = send_fobs(case.services, parcel(case, SENT[0]), case.now)
    receive_fobs(case.services, arrival(first, colleague, 1), case.now)
    home = SendFobsCommand("dual", THERE, HERE, frozenset({SENT[0]}), 1, colleague)
    second = send_fobs(case.services, home, case.now)
    back = ReceiveFobsCommand("dual", HERE, second, 1, case.teller)
    assert receive_fobs(case.services, back, case.now) == 1
    fates = [transfer(case.services.store, "dual", one)[1][0].fate for one in (first, second)]
    assert fates == [Fate.ARRIVED, Fate.ARRIVED]
    assert in_books(case.services, HERE) == {FobState.IN_STOCK: 1}


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"to_branch": HERE}, BadInput("to_branch", InputFault.NOT_OFFERED)),
        ({"to_branch": "大阪"}, BadInput("to_branch", InputFault.NOT_OFFERED)),
        ({"serials": frozenset()}, BadInput("serials", InputFault.MISSING)),
        ({"serials": frozenset({*SENT, "KF9"}), "packed": 4}, BadInput("serials", InputFault.NOT_OFFERED)),
        ({"branch": THERE, "to_branch": HERE}, BadInput("serials", InputFault.NOT_OFFERED)),
        ({"serials": frozenset(map(str, range(MAX_SENT + 1)))}, BadInput("serials", InputFault.WRONG_LENGTH)),
        ({"packed": 2}, BadInput("packed", InputFault.DO_NOT_MATCH)),
        ({"note": "x" * 201}, BadInput("note", InputFault.WRONG_LENGTH)),
        ({"note": "a\nb"}, BadInput("note", InputFault.BAD_FORM)),
    ],
)
def test_a_parcel_that_does_not_agree_is_not_sent(
    three: Case, changed: dict[str, object], fault: BadInput
) -> None:
    with pytest.raises(BadInput) as refused:
        send_fobs(three.services, replace(parcel(three), **changed), three.now)  # type: ignore[arg-type]
    assert refused.value == fault
    assert in_books(three.services, HERE) == {FobState.IN_STOCK: 3}


def test_a_serial_that_two_kinds_share_names_neither(three: Case) -> None:
    add_fob(three.services, SENT[0], profile="kagiya-fob-cradle")
    with pytest.raises(BadInput) as refused:
        send_fobs(three.services, parcel(three), three.now)
    assert refused.value == BadInput("serials", InputFault.NOT_OFFERED)


def test_only_blank_fobs_are_sent(case: Case) -> None:
    case.reserve()
    with pytest.raises(BadInput) as refused:
        send_fobs(case.services, parcel(case, SENT[0]), case.now)
    assert refused.value == BadInput("serials", InputFault.NOT_OFFERED)


def test_what_arrives_is_counted_and_only_where_it_goes(three: Case, colleague: Actor) -> None:
    transfer_id = send_fobs(three.services, parcel(three), three.now)
    for refused, fault in (
        (arrival(transfer_id, colleague, 2), BadInput("arrived", InputFault.DO_NOT_MATCH)),
        (arrival(transfer_id, colleague, 0, *SENT), BadInput("arrived", InputFault.DO_NOT_MATCH)),
        (arrival(transfer_id, colleague, 3, "KF9"), BadInput("not_arrived", InputFault.NOT_OFFERED)),
    ):
        with pytest.raises(BadInput) as told:
            receive_fobs(three.services, refused, three.now)
        assert told.value == fault
    right = arrival(transfer_id, colleague, 3)
    for elsewhere in (
        replace(right, branch=HERE),
        replace(right, institution_id="other"),
        replace(right, transfer_id="0"),
    ):
        with pytest.raises(NotFound):
            receive_fobs(three.services, elsewhere, three.now)
    assert in_books(three.services, HERE) == {FobState.IN_TRANSIT: 3}
    receive_fobs(three.services, right, three.now)
    with pytest.raises(WrongState) as again:
        receive_fobs(three.services, right, three.now)
    assert again.value == WrongState("transfer", "received")


def test_a_fob_on_its_way_is_issued_to_nobody_and_not_called_back_twice(case: Case) -> None:
    send_fobs(case.services, parcel(case, SENT[0]), case.now)
    with pytest.raises(WrongState) as refused:
        case.reserve()
    assert refused.value == WrongState("fob", "in_transit")
    call_back_fob(case.services, case.of_fob(), case.now)
    with pytest.raises(WrongState):
        call_back_fob(case.services, case.of_fob(), case.now)
    case.reserve()


def test_two_who_send_and_two_who_open_the_parcel_at_once(three: Case, colleague: Actor) -> None:
    sent, lost = at_once(*[lambda: send_fobs(three.services, parcel(three), three.now)] * 4)
    assert (len(sent), lost) == (1, [BadInput("serials", InputFault.NOT_OFFERED)] * 3)
    assert [one.sent for one in transfers(three.services.store, "dual", None)] == [3]
    opened, lost = at_once(*[lambda: receive_fobs(three.services, arrival(sent[0], colleague, 3), three.now)] * 4)
    assert (opened, lost) == ([3], [WrongState("transfer", "received")] * 3)
    assert in_books(three.services, THERE) == {FobState.IN_STOCK: 3}


def test_a_fob_is_sent_or_reserved_and_never_both(three: Case) -> None:
    def reserve() -> str:
        return three.reserve().job_id

    def send() -> str:
        return send_fobs(three.services, parcel(three), three.now)

    won, lost = at_once(reserve, send)
    assert (len(won), len(lost)) == (1, 1)
    books = in_books(three.services, HERE)
    assert books in ({FobState.IN_TRANSIT: 3}, {FobState.RESERVED: 1, FobState.IN_STOCK: 2})
