"""The daily closing: what was counted, what the books say, and every way in which they can disagree (R31)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from provisioning.errors import BadInput, NotFound
from provisioning.jobs.close_stock import MAX_SCANNED, CloseStockCommand, close_stock
from provisioning.jobs.hand_over import hand_over
from provisioning.jobs.remove_fob import RemoveFobCommand, remove_fob
from provisioning.jobs.take_into_stock import TakeIntoStockCommand, take_into_stock
from provisioning.rules.closing import Finding, FindingKind
from provisioning.rules.custody import COMPARTMENT, HOLDER, Compartment, Holder
from provisioning.rules.states import FobState, TokenKind
from provisioning.store.queries.closings import ClosingView, MoveCount, closing, closings, moves_since
from provisioning.store.tables import Fob
from tests.fixtures.people import add_fob
from tests.fobs.case import Case
from tests.fobs.desk import PlainFob
from tests.staff import rows


def close(case: Case, scanned: frozenset[str] = frozenset(), **counted: int) -> ClosingView:
    """Count and close, a second later than the last time; what is not named was not found."""
    case.desk.now += timedelta(seconds=1)
    numbers = {one: counted.get(one.value, 0) for one in Compartment}
    command = CloseStockCommand("dual", "本店", case.teller, numbers, scanned)
    return closing(case.services.store, "dual", close_stock(case.services, command, case.now))


def test_a_day_that_adds_up(case: Case) -> None:
    assert close(case, blank=1).findings == ()
    for serial in ("KF0000700", "KF0000701"):
        case.desk.fobs.append(PlainFob(serial))
        case.desk.poll()
        take = TakeIntoStockCommand("dual", case.desk.station_id, "kagiya-fob-hid", serial, case.teller)
        take_into_stock(case.services, take, case.now)
    case.reserve()
    case.desk.plug(case.fob)
    case.desk.work()
    broken = RemoveFobCommand("dual", _fob(case, "KF0000701"), case.teller, FobState.BROKEN)
    remove_fob(case.services, broken, case.now)
    evening = close(case, blank=1, ready=1, broken=1)
    assert evening.findings == ()
    told = {line.compartment: (line.before, line.came, line.went, line.books) for line in evening.lines}
    assert told == {
        Compartment.BLANK: (1, 2, 2, 1),
        Compartment.READY: (0, 1, 0, 1),
        Compartment.RETURNED: (0, 0, 0, 0),
        Compartment.BROKEN: (0, 1, 0, 1),
    }
    hand_over(case.services, case.of_fob(), case.now)
    assert close(case, blank=1, broken=1).findings == ()
    assert len(closings(case.services.store, "dual", "本店")) == 3


def test_a_fob_too_few_and_one_too_many(case: Case) -> None:
    add_fob(case.services, "KF0000002")
    assert close(case, blank=1, returned=1).findings == (
        Finding(FindingKind.COUNT, Compartment.BLANK, expected=2, found=1),
        Finding(FindingKind.COUNT, Compartment.RETURNED, expected=0, found=1),
    )


def test_reading_the_barcodes_names_them(case: Case) -> None:
    add_fob(case.services, "KF0000002")
    read = close(case, scanned=frozenset({"KF0000001", "KF7777777"}))
    assert [line.counted for line in read.lines] == [1, 0, 0, 0]
    assert read.findings == (
        Finding(FindingKind.COUNT, Compartment.BLANK, expected=2, found=1),
        Finding(FindingKind.MISSING, Compartment.BLANK, "KF0000002"),
        Finding(FindingKind.SURPLUS, serial="KF7777777"),
    )


def test_books_that_do_not_follow_from_the_ledger(case: Case) -> None:
    close(case, blank=1)
    rows.move_fob_row(case.services, case.fob, FobState.RETURNED)
    assert close(case, returned=1).findings == (
        Finding(FindingKind.LEDGER, Compartment.BLANK, expected=1, found=0),
        Finding(FindingKind.LEDGER, Compartment.RETURNED, expected=0, found=1),
    )


def test_books_that_tell_two_things(case: Case) -> None:
    lost, used, reserved, written = (add_fob(case.services, f"KF000000{n}") for n in (2, 3, 4, 5))
    rows.add_credential(case.services, case.customer, TokenKind.HARD, case.now, lost)
    rows.move_fob_row(case.services, lost, FobState.LOST)
    rows.move_fob_row(case.services, used, FobState.IN_USE)
    rows.move_fob_row(case.services, reserved, FobState.RESERVED)
    rows.move_fob_row(case.services, written, FobState.PROGRAMMED)
    assert close(case, blank=2, ready=1).findings == (
        Finding(FindingKind.NO_JOB, serial="KF0000004"),
        Finding(FindingKind.NO_TOKEN, serial="KF0000003"),
        Finding(FindingKind.NO_TOKEN, serial="KF0000005"),
        Finding(FindingKind.HAS_TOKEN, serial="KF0000002"),
    )


def test_another_branch_is_closed_by_itself(case: Case) -> None:
    rows.change(case.services, Fob, case.fob.id, branch="駅前支店")
    done = close(case)
    assert done.findings == ()
    assert closings(case.services.store, "dual", "駅前支店") == closings(case.services.store, "other", None) == ()
    with pytest.raises(NotFound):
        closing(case.services.store, "other", done.id)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"counted": {}}, "blank"),
        ({"counted": dict.fromkeys(Compartment, -1)}, "blank"),
        ({"scanned": frozenset(map(str, range(MAX_SCANNED + 1)))}, "scanned"),
        ({"note": "a" * 201}, "note"),
        ({"note": "a\nb"}, "note"),
    ],
)
def test_what_cannot_be_a_count(case: Case, wrong: dict[str, object], field: str) -> None:
    command = CloseStockCommand("dual", "本店", case.teller, dict.fromkeys(Compartment, 0))
    with pytest.raises(BadInput) as refused:
        close_stock(case.services, replace(command, **wrong), case.now)  # type: ignore[arg-type]
    assert refused.value.field == field
    assert closings(case.services.store, "dual", None) == ()


def test_moves_by_kind(case: Case) -> None:
    since = case.now
    case.reserve()
    assert moves_since(case.services.store, "dual", "本店", since) == (
        MoveCount(FobState.IN_STOCK, FobState.RESERVED, 1),
    )
    assert moves_since(case.services.store, "dual", None, since + timedelta(seconds=1)) == ()


def test_what_lies_in_the_branch_is_what_it_holds() -> None:
    assert set(COMPARTMENT) == {state for state, holder in HOLDER.items() if holder is Holder.BRANCH}


def _fob(case: Case, serial: str) -> str:
    with case.services.store.read() as session:
        return session.query(Fob).filter_by(serial=serial).one().id
