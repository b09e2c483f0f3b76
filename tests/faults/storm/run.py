"""One storm from beginning to end: build, work while things break, calm down, and keep what is to be checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Final

from sqlalchemy import select

from provisioning.jobs.erase_fob import erase_fob
from provisioning.jobs.fob_acts import FobCommand
from provisioning.rules.actor import SYSTEM
from provisioning.rules.states import FobState
from provisioning.store.tables import Fob, MailState, OutboxMail, ProgrammingJob
from tests.faults.nursery import Nursery
from tests.faults.storm.breaking import let_happen
from tests.faults.storm.customer import PERIOD_S, Customer
from tests.faults.storm.database import Database
from tests.faults.storm.house import PROCESSES, House, build, until
from tests.faults.storm.institution import STORMY
from tests.faults.storm.ledger import Ledger
from tests.faults.storm.parts import HSM, server_clock
from tests.faults.storm.plan import CUSTOMERS, Intent, Plan, Round, Turn
from tests.fixtures.softhsm import configured

_REQUESTS_A_ROUND: Final = 6
_CALM_ROUNDS: Final = 4
_CLAIM_S: Final = 660
"""Longer than a mail stays claimed by a worker that died."""


@dataclass
class Storm:
    """What is left of it: the house with its processes ended, and the ledger."""

    plan: Plan
    house: House
    ledger: Ledger
    took_s: float = 0.0


@contextmanager
def storm(plan: Plan, directory: Path, database: Database, nursery: Nursery) -> Iterator[Storm]:
    """Let it rage; the books can be read until the end of the context."""
    clients = _REQUESTS_A_ROUND * (len(plan.rounds) + _CALM_ROUNDS) + 1
    (directory / HSM).mkdir(parents=True)
    with configured(directory / HSM):
        yield from _storm(plan, build(directory, database, nursery, clients))


def _storm(plan: Plan, house: House) -> Iterator[Storm]:
    ledger, begun = Ledger(), monotonic()
    customers = [Customer(number, house, ledger) for number in range(CUSTOMERS)]
    try:
        house.open()
        with ThreadPoolExecutor(16) as pool:
            for one in plan.rounds:
                _rage(house, ledger, customers, one, pool)
            _calm_down(house, ledger, customers, pool)
        house.end()
        yield Storm(plan, house, ledger, monotonic() - begun)
    finally:
        house.close()


def _rage(house: House, ledger: Ledger, customers: list[Customer], one: Round, pool: ThreadPoolExecutor) -> None:
    if one.minute_passes:
        pass_time(house, PERIOD_S)
    acts: list[Callable[[], None]] = [partial(let_happen, house, ledger, fault) for fault in one.faults]
    acts += [partial(customers[turn.customer].turn, turn) for turn in one.turns]
    at_once: list[Future[None]] = [pool.submit(act) for act in acts]
    for done in at_once:
        done.result()
    for part in PROCESSES:
        until(partial(_works, house, part), f"the {part} works after a round")
    _attend_to_fobs(house)


def _works(house: House, part: str) -> bool:
    house.supervise()
    return house.works(part)


def pass_time(house: House, seconds: int) -> None:
    """Everybody's clock goes on."""
    house.clock.advance(seconds)
    server_clock(house.directory).advance(seconds)


def _attend_to_fobs(house: House) -> None:
    """The teller has what came back erased. A database that was restarted has ended our connections, too."""
    house.services.store.close()
    waiting = select(ProgrammingJob.fob_id).where(ProgrammingJob.closed_at.is_(None))
    back = select(Fob.id).where(Fob.state == FobState.RETURNED, Fob.id.not_in(waiting))
    with house.services.store.read() as tx:
        found = list(tx.scalars(back))
    for fob_id in found:
        erase_fob(house.services, FobCommand(STORMY.id, fob_id, SYSTEM), server_clock(house.directory).now())


def _calm_down(house: House, ledger: Ledger, customers: list[Customer], pool: ThreadPoolExecutor) -> None:
    """Nothing breaks any more: what waits is done, and everybody comes to a login."""
    for _ in range(_CALM_ROUNDS):
        pass_time(house, PERIOD_S)
        until(lambda: not _fobs_being_written(house), "every fob is written")
        turns = tuple(Turn(one.number, (Intent.GO_ON,), 0) for one in customers)
        _rage(house, ledger, customers, Round(False, turns, ()), pool)
    for _ in range(2):
        pass_time(house, _CLAIM_S)
        until(lambda: not _mails_waiting(house), "every mail is sent")


def _fobs_being_written(house: House) -> bool:
    with house.services.store.read() as tx:
        return tx.scalar(select(ProgrammingJob.id).where(ProgrammingJob.closed_at.is_(None)).limit(1)) is not None


def _mails_waiting(house: House) -> bool:
    now = server_clock(house.directory).now()
    waits = OutboxMail.state.in_((MailState.QUEUED, MailState.SENDING)) & (OutboxMail.next_attempt_at <= now)
    with house.services.store.read() as tx:
        return tx.scalar(select(OutboxMail.id).where(waits).limit(1)) is not None
