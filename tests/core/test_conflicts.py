"""Deadlocks and transactions without an order are run again; no half-created token is left (R72)."""

from __future__ import annotations

import ast
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import func, select, text, update

from provisioning import jobs
from provisioning.errors import StoreConflict, StoreUnavailable
from provisioning.jobs.activate import ActivateCommand, activate
from provisioning.jobs.issue_soft import IssueSoftCommand, issue_soft
from provisioning.jobs.release import ReleaseCommand, release
from provisioning.jobs.verify import VerifyCommand, verify
from provisioning.rules.actor import SYSTEM
from provisioning.rules.states import CredentialState
from provisioning.services import Services
from provisioning.store.conflicts import TRIES, retried
from provisioning.store.tables import AuditEntry, Credential, Customer, OutboxMail, Ticket
from tests.fixtures.databases import postgresql_only
from tests.fixtures.tokens import Token, give_token, read_credential

WRITING: Final = frozenset({"write", "write_connection"})
# what is not run again, and why
ONCE: Final = {
    "check_ready._database": "a question, which a conflict answers",
    "export_pskc._record": "its file is written within the transaction",
    "judge_code.judge": "the round that holds it is run again",
}


@dataclass(frozen=True)
class Writer:
    """A function of a job with the transactions that it begins itself."""

    name: str
    transactions: int
    is_retried: bool
    in_loop: bool


def writers() -> Iterator[Writer]:
    """Every function of the jobs that begins a transaction."""
    for file in sorted(Path(jobs.__file__).parent.glob("*.py")):
        for function in ast.walk(ast.parse(file.read_text())):
            if isinstance(function, ast.FunctionDef):
                found = [node for node in ast.walk(function) if _begins(node)]
                marks = {mark.id for mark in function.decorator_list if isinstance(mark, ast.Name)}
                loops = [node for node in ast.walk(function) if isinstance(node, ast.While)]
                in_loop = any(_begins(node) for loop in loops for node in ast.walk(loop))
                if found:
                    yield Writer(f"{file.stem}.{function.name}", len(found), "retried" in marks, in_loop)


def _begins(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(attr=begin, value=ast.Attribute(attr="store"))):
            return begin in WRITING
        case _:
            return False


def test_every_transaction_of_a_job_is_run_again_after_a_conflict() -> None:
    found = {writer.name: writer for writer in writers()}
    assert {name for name, writer in found.items() if not writer.is_retried} == set(ONCE)
    # what was committed before the conflict must not be done a second time
    assert [name for name, writer in found.items() if writer.transactions > 1 or writer.in_loop] == []
    assert len(found) > 80


@postgresql_only
def test_of_two_who_wait_for_each_other_both_come_to_their_end(
    services: Services, customer_a: Customer, customer_b: Customer
) -> None:
    meeting = _Meeting(2)
    with ThreadPoolExecutor(2) as threads:
        ways = ((customer_a, customer_b), (customer_b, customer_a))
        list(threads.map(lambda way: rename_both(services, way[0], way[1], meeting), ways))
    # they met, and whoever was given up may have been so quick that it met the other once more
    assert meeting.attempts >= 3
    with services.store.read() as tx:
        # whoever was given up came last, and changed both
        assert len({name.split()[0] for name in tx.scalars(select(Customer.name))}) == 1


class _Meeting:
    """Everybody's first attempt waits for the others'."""

    def __init__(self, parties: int) -> None:
        self._barrier = threading.Barrier(parties)
        self._lock = threading.Lock()
        self._parties = parties
        self.attempts = 0

    def come(self) -> None:
        with self._lock:
            self.attempts += 1
            first = self.attempts <= self._parties
        if first:
            self._barrier.wait(30)


@retried
def rename_both(services: Services, first: Customer, second: Customer, meeting: _Meeting) -> None:
    with services.store.write() as tx:
        for customer in (first, second):
            tx.execute(update(Customer).where(Customer.id == customer.id).values(name=f"{first.id} {customer.id}"))
            tx.flush()
            if customer is first:
                meeting.come()


Act = Callable[[Services, Token, datetime], object]


def _log_in(services: Services, token: Token, now: datetime) -> object:
    return verify(services, VerifyCommand("dual", token.user_id, token.code(now), SYSTEM), now).outcome


def _mistype(services: Services, token: Token, now: datetime) -> object:
    return verify(services, VerifyCommand("dual", token.user_id, token.wrong(now), SYSTEM), now).outcome


def _put_in_force(services: Services, token: Token, now: datetime) -> object:
    return activate(services, ActivateCommand("dual", token.user_id, token.code(now), SYSTEM), now).outcome


def _let_go(services: Services, token: Token, now: datetime) -> object:
    return release(services, ReleaseCommand("dual", token.user_id, token.code(now), None, SYSTEM), now).outcome


ACTS: Final[tuple[tuple[Act, CredentialState, CredentialState, str], ...]] = (
    (_log_in, CredentialState.ACTIVE, CredentialState.ACTIVE, "accepted"),
    (_mistype, CredentialState.ACTIVE, CredentialState.ACTIVE, "refused"),
    (_put_in_force, CredentialState.SET_UP, CredentialState.ACTIVE, "accepted"),
    (_let_go, CredentialState.ACTIVE, CredentialState.ENDED, "accepted"),
)


@contextmanager
def conflicts(services: Services, state: str, times: int) -> Iterator[None]:
    """The next `times` transactions that write an audit row end in a real error `state` of the server's."""
    body = f"IF nextval('met') <= {times} THEN RAISE 'given up' USING ERRCODE = '{state}'; END IF; RETURN NEW;"
    with services.store.write_connection() as connection:
        connection.execute(text("CREATE SEQUENCE met"))
        made = f"CREATE FUNCTION meet() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$"
        connection.exec_driver_sql(made)
        placed = "CREATE TRIGGER meet BEFORE INSERT ON audit_entry FOR EACH ROW EXECUTE FUNCTION meet()"
        connection.execute(text(placed))
    yield
    with services.store.write_connection() as connection:
        connection.execute(text("DROP FUNCTION meet CASCADE"))
        connection.execute(text("DROP SEQUENCE met"))


def audit_rows(services: Services) -> int:
    with services.store.read() as tx:
        return tx.scalar(select(func.count()).select_from(AuditEntry)) or 0


@postgresql_only
@pytest.mark.parametrize("state", ["40001", "40P01"])
@pytest.mark.parametrize(("act", "before", "after", "outcome"), ACTS)
def test_a_code_is_judged_again_and_once(
    services: Services,
    customer_a: Customer,
    now: datetime,
    act: Act,
    before: CredentialState,
    after: CredentialState,
    outcome: str,
    state: str,
) -> None:
    token = give_token(services, customer_a, now, before)
    with conflicts(services, state, TRIES - 1):
        assert act(services, token, now) == outcome
    row = read_credential(services, token)
    assert (row.state, row.failures) == (after, int(outcome == "refused"))
    with services.store.read() as tx:
        told = select(func.count()).where(AuditEntry.act.in_(("verify", "activate", "release")))
        assert tx.scalar(told) == 1


@postgresql_only
@pytest.mark.parametrize(("act", "before"), [(act, before) for act, before, *_ in ACTS])
def test_tries_are_bounded_and_nothing_is_written(
    services: Services, customer_a: Customer, now: datetime, act: Act, before: CredentialState
) -> None:
    token = give_token(services, customer_a, now, before)
    rows = audit_rows(services)
    with conflicts(services, "40001", TRIES):
        with pytest.raises(StoreUnavailable) as refused:
            act(services, token, now)
        assert (refused.value.fault, type(refused.value)) == ("locked", StoreUnavailable)
    assert audit_rows(services) == rows
    row = read_credential(services, token)
    assert (row.state, row.failures, row.last_step) == (before, 0, -1)
    assert isinstance(refused.value.__cause__, StoreConflict)


@postgresql_only
@pytest.mark.parametrize("times", [1, TRIES - 1, TRIES])
def test_no_half_created_token(services: Services, customer_a: Customer, now: datetime, times: int) -> None:
    command = IssueSoftCommand("dual", customer_a.id, "taro@carrier.example", "83719264", "ja", SYSTEM)
    issued = True
    with conflicts(services, "40P01", times):
        try:
            issue_soft(services, command, now)
        except StoreUnavailable:
            issued = False
    assert issued is (times < TRIES)
    with services.store.read() as tx:
        counts = [tx.scalar(select(func.count()).select_from(table)) for table in (Credential, Ticket, OutboxMail)]
    assert counts == [int(issued)] * 3
