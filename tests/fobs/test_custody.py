"""Who holds which fob, since when: each move is in the ledger, with the move or not at all (R31)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from provisioning.errors import StoreUnavailable, WrongState
from provisioning.jobs.activate import ActivateCommand, activate
from provisioning.jobs.erase_fob import erase_fob
from provisioning.jobs.hand_over import hand_over
from provisioning.jobs.release import ReleaseCommand, release
from provisioning.jobs.remove_fob import RemoveFobCommand, remove_fob
from provisioning.jobs.take_back import take_back
from provisioning.jobs.take_into_stock import TakeIntoStockCommand, take_into_stock
from provisioning.rules.actor import ActorKind
from provisioning.rules.custody import HOLDER, Holder
from provisioning.rules.states import FobState
from provisioning.store.queries.custody import Custody, custody
from provisioning.store.tables import CustodyEntry, Fob
from tests.fixtures.people import CONFIRMATION_PASSWORD, customer_actor
from tests.fobs.case import Case
from tests.fobs.desk import PlainFob


def ledger(case: Case, institution_id: str = "dual") -> Custody:
    """The fob's moves."""
    return custody(case.services.store, institution_id, case.fob.id)


def hand_over_and_activate(case: Case) -> PlainFob:
    """The customer holds the fob, in use; every act a minute after the one before."""
    case.reserve()
    plain = case.desk.plug(case.fob)
    case.desk.now += timedelta(minutes=1)
    case.desk.work()
    case.desk.now += timedelta(minutes=1)
    hand_over(case.services, case.of_fob(), case.now)
    case.desk.now += timedelta(minutes=1)
    command = ActivateCommand("dual", case.customer.user_id, plain.code(case.now), customer_actor(case.customer))
    activate(case.services, command, case.now)
    return plain


def test_a_fob_goes_from_hand_to_hand_and_back(case: Case) -> None:
    begun = case.now
    plain = hand_over_and_activate(case)
    with_customer = ledger(case)
    assert with_customer.now is not None
    assert (with_customer.now.holder, with_customer.now.customer_id) == (Holder.CUSTOMER, case.customer.id)
    assert with_customer.since == begun + timedelta(minutes=2)
    case.desk.now += timedelta(minutes=1)
    actor = customer_actor(case.customer)
    code = plain.code(case.now)
    release(
        case.services, ReleaseCommand("dual", case.customer.user_id, code, CONFIRMATION_PASSWORD, actor), case.now
    )
    # dead, and still in the same hands
    assert (ledger(case).since, ledger(case).now.holder) == (with_customer.since, Holder.CUSTOMER)  # type: ignore[union-attr]
    case.desk.now += timedelta(hours=1)
    take_back(case.services, case.of_fob(), case.now)
    erase_fob(case.services, case.of_fob(), case.now)
    case.desk.work()
    told = ledger(case)
    assert told.since == begun + timedelta(minutes=4, hours=1)
    assert [(move.to_state, move.actor_kind) for move in reversed(told.moves)] == [
        (FobState.RESERVED, ActorKind.STAFF),
        (FobState.PROGRAMMING, ActorKind.STATION),
        (FobState.PROGRAMMED, ActorKind.STATION),
        (FobState.HANDED_OVER, ActorKind.STAFF),
        (FobState.IN_USE, ActorKind.CUSTOMER),
        (FobState.HANDED_OVER, ActorKind.CUSTOMER),
        (FobState.RETURNED, ActorKind.STAFF),
        (FobState.IN_STOCK, ActorKind.STATION),
    ]
    assert {move.actor_name for move in told.moves} == {"窓口 花子", "窓口1", ""}
    chain = list(reversed(told.moves))
    assert [move.from_state for move in chain[1:]] == [move.to_state for move in chain[:-1]]


def test_a_fob_first_seen_begins_its_ledger(case: Case) -> None:
    case.desk.fobs.append(PlainFob("KF0000777"))
    case.desk.poll()
    command = TakeIntoStockCommand("dual", case.desk.station_id, "kagiya-fob-hid", "KF0000777", case.teller)
    fob_id = take_into_stock(case.services, command, case.now).fob_id
    (move,) = custody(case.services.store, "dual", fob_id).moves
    assert (move.from_state, move.to_state, move.holder) == (None, FobState.IN_STOCK, Holder.BRANCH)
    assert custody(case.services.store, "other", fob_id).moves == ()


@pytest.mark.parametrize("to", [FobState.LOST, FobState.BROKEN])
def test_lost_and_broken_change_hands(case: Case, to: FobState) -> None:
    hand_over_and_activate(case)
    remove_fob(case.services, RemoveFobCommand("dual", case.fob.id, case.teller, to), case.now)
    assert ledger(case).now.holder is HOLDER[to]  # type: ignore[union-attr]
    assert ledger(case).moves[0].to_state is to


def test_what_is_refused_is_not_in_the_ledger(case: Case) -> None:
    with pytest.raises(WrongState):
        take_back(case.services, case.of_fob(), case.now)
    assert ledger(case).moves == ()


def test_without_its_row_in_the_ledger_a_fob_does_not_move(case: Case) -> None:
    with case.services.store.write() as tx:
        tx.execute(text("ALTER TABLE custody_entry RENAME TO custody_entry_away"))
    with pytest.raises((DBAPIError, StoreUnavailable)):
        remove_fob(case.services, RemoveFobCommand("dual", case.fob.id, case.teller, FobState.LOST), case.now)
    with case.services.store.write() as tx:
        tx.execute(text("ALTER TABLE custody_entry_away RENAME TO custody_entry"))
        assert tx.get_one(Fob, case.fob.id).state is FobState.IN_STOCK
        assert tx.scalar(select(func.count()).select_from(CustodyEntry)) == 0


def test_every_state_has_a_holder() -> None:
    assert set(HOLDER) == set(FobState)
