"""A locked database, a full disk, a killed process: refused, and never half-written (R62, R71)."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import func, make_url, select, text, update

from provisioning.errors import CommitUnanswered, StoreConflict, StoreUnavailable
from provisioning.jobs.activate import ActivateCommand, activate
from provisioning.jobs.release import ReleaseCommand, release
from provisioning.jobs.verify import VerifyCommand, VerifyResult, verify
from provisioning.rules.actor import SYSTEM
from provisioning.rules.states import CredentialState, FobState
from provisioning.rules.verdict import Outcome, Reason
from provisioning.services import Services
from provisioning.settings import Settings
from provisioning.store.engine import Store, fault_of, refusal
from provisioning.store.line import Ending, Line, Statement
from provisioning.store.tables import AuditEntry, Customer, Fob
from tests.fixtures.databases import postgresql_only, sqlite_only
from tests.fixtures.refusals import answers_lost_at_commit, full_disk, locked, refused_rows
from tests.fixtures.services import DUAL, OTHER, assemble
from tests.fixtures.tokens import Token, give_token, read_credential

MINUTE = timedelta(minutes=1)


def submit(services: Services, token: Token, otp: str, now: datetime) -> VerifyResult:
    return verify(services, VerifyCommand("dual", token.user_id, otp, SYSTEM), now)


def audit_rows(services: Services) -> int:
    with services.store.read() as tx:
        return tx.scalar(select(func.count()).select_from(AuditEntry)) or 0


def test_a_locked_database_refuses_and_writes_nothing(
    services: Services, impatient: Services, customer_a: Customer, now: datetime
) -> None:
    token = give_token(services, customer_a, now)
    rows = audit_rows(services)
    with locked(services.settings.store.url):
        for otp in (token.code(now), token.wrong(now)):
            with pytest.raises(StoreUnavailable) as refused:
                submit(impatient, token, otp, now)
            assert refused.value.fault == "locked"
    assert audit_rows(services) == rows
    assert read_credential(services, token).last_step == -1
    assert read_credential(services, token).failures == 0
    assert submit(impatient, token, token.code(now), now).outcome is Outcome.ACCEPTED


@sqlite_only
def test_a_full_disk_refuses_and_writes_nothing(services: Services, customer_a: Customer, now: datetime) -> None:
    token = give_token(services, customer_a, now)
    rows = audit_rows(services)
    with full_disk(services) as cramped:
        accepted = _submit_until_refused(cramped, token, now)
    assert audit_rows(services) == rows + accepted
    at = now + accepted * MINUTE
    last_step = int(at.timestamp()) // 60 - 1 if accepted else -1
    assert read_credential(services, token).last_step == last_step
    assert submit(services, token, token.code(at), at).outcome is Outcome.ACCEPTED


def _submit_until_refused(services: Services, token: Token, now: datetime) -> int:
    """How many codes, one a minute, were accepted before the disk was full."""
    for minute in range(1000):
        at = now + minute * MINUTE
        try:
            submit(services, token, token.code(at), at)
        except StoreUnavailable as refused:
            return minute if refused.fault == "full" else -1
    return -1


def _look(services: Services) -> None:
    with services.store.line() as line:
        Statement("SELECT 1").first(line, {})


def _write(services: Services) -> None:
    with services.store.write() as tx:
        tx.execute(text("SELECT 1"))


@postgresql_only
@pytest.mark.parametrize("first", [_look, _write])
@pytest.mark.parametrize("second", [_look, _write])
def test_after_a_restart_of_the_database_one_request_fails(
    services: Services, first: Callable[[Services], None], second: Callable[[Services], None]
) -> None:
    store = services.store
    with store.line(), store.line(), store.write_connection(), store.read_connection():
        pass  # several connections now wait in the pool
    _end_every_connection(services.settings.store.url)
    with pytest.raises(StoreUnavailable) as refused:
        first(services)
    assert refused.value.fault == "unreachable"
    for _ in range(5):
        second(services)


@postgresql_only
def test_of_two_who_wait_for_each_other_one_is_told_to_try_again(
    services: Services, customer_a: Customer, customer_b: Customer
) -> None:
    both_hold_one = threading.Barrier(2)

    def take(first: Customer, second: Customer) -> str:
        try:
            with services.store.write() as tx:
                tx.execute(update(Customer).where(Customer.id == first.id).values(name="一"))
                both_hold_one.wait(30)
                tx.execute(update(Customer).where(Customer.id == second.id).values(name="二"))
        except StoreUnavailable as refused:
            return refused.fault
        return "written"

    with ThreadPoolExecutor(2) as threads:
        ways = ((customer_a, customer_b), (customer_b, customer_a))
        assert sorted(threads.map(lambda way: take(*way), ways)) == ["locked", "written"]


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (psycopg.errors.LockNotAvailable("ロックのタイムアウトのため文を取り消しました"), "locked"),
        (psycopg.errors.DeadlockDetected("デッドロックを検出しました"), "locked"),
        (psycopg.errors.DiskFull("デバイスに空き領域がありません"), "full"),
        (psycopg.errors.AdminShutdown("管理者のコマンドにより接続を終了しています"), "unreachable"),
        (psycopg.OperationalError("no route to the host blocked-disk-full"), "unreachable"),
    ],
)
def test_a_server_of_any_language_is_understood(error: Exception, cause: str) -> None:
    assert fault_of(error) == cause


def _of_sqlite(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("told by its code")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("error", "committing", "otherwise"),
    [
        # the log's flush failed: the commit may stand in it, and be found by whoever recovers the database
        (_of_sqlite(sqlite3.SQLITE_IOERR_FSYNC), CommitUnanswered, StoreUnavailable),
        (_of_sqlite(sqlite3.SQLITE_IOERR_WRITE), CommitUnanswered, StoreUnavailable),
        (_of_sqlite(sqlite3.SQLITE_FULL), StoreUnavailable, StoreUnavailable),
        (_of_sqlite(sqlite3.SQLITE_BUSY), StoreUnavailable, StoreUnavailable),
        (psycopg.OperationalError("the connection was cut"), CommitUnanswered, StoreUnavailable),
        (psycopg.errors.DiskFull("デバイスに空き領域がありません"), StoreUnavailable, StoreUnavailable),
        (psycopg.errors.DeadlockDetected("デッドロックを検出しました"), StoreConflict, StoreConflict),
    ],
)
def test_what_failed_while_it_committed_is_not_said_to_be_undone_where_nobody_knows(
    error: Exception, committing: type[StoreUnavailable], otherwise: type[StoreUnavailable]
) -> None:
    assert type(refusal(error, Ending(is_committing=True))) is committing
    assert type(refusal(error, Ending())) is otherwise
    assert type(refusal(error, None)) is otherwise


def _end_every_connection(url: str) -> None:
    others = (
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
        "WHERE datname = %s AND pid <> pg_backend_pid()"
    )
    with psycopg.connect(url.replace("+psycopg", "")) as other:
        other.execute(others, [make_url(url).database])


def _verify_right(services: Services, token: Token, now: datetime) -> object:
    return submit(services, token, token.code(now), now)


def _verify_wrong(services: Services, token: Token, now: datetime) -> object:
    return submit(services, token, token.wrong(now), now)


def _release(services: Services, token: Token, now: datetime) -> object:
    return release(services, ReleaseCommand("dual", token.user_id, token.code(now), None, SYSTEM), now)


def _activate(services: Services, token: Token, now: datetime) -> object:
    return activate(services, ActivateCommand("dual", token.user_id, token.code(now), SYSTEM), now)


@pytest.mark.parametrize(
    ("act", "state"),
    [
        (_verify_right, CredentialState.ACTIVE),
        (_verify_wrong, CredentialState.ACTIVE),
        (_release, CredentialState.ACTIVE),
        (_activate, CredentialState.SET_UP),
    ],
)
def test_no_act_without_its_audit_row(
    services: Services,
    customer_a: Customer,
    fob: Fob,
    now: datetime,
    act: Callable[[Services, Token, datetime], object],
    state: CredentialState,
) -> None:
    token = give_token(services, customer_a, now, state, fob)
    fob_state = FobState.IN_USE if state is CredentialState.ACTIVE else FobState.HANDED_OVER
    before = _everything(services, token)
    with (
        refused_rows(services, "audit_entry"),
        pytest.raises((StoreUnavailable, sqlite3.IntegrityError)) as refused,
    ):
        act(services, token, now)
    assert getattr(refused.value, "cause", "full") == "full"
    assert _everything(services, token) == before
    with services.store.read() as tx:
        assert tx.get_one(Fob, fob.id).state is fob_state


def test_killed_between_the_change_and_its_audit_row(
    services: Services, settings: Settings, customer_a: Customer, now: datetime
) -> None:
    token = give_token(services, customer_a, now)
    before, rows = _everything(services, token), audit_rows(services)
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=_die_before_the_audit_row, args=(settings, token, now))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    assert (_everything(services, token), audit_rows(services)) == (before, rows)
    assert submit(services, token, token.code(now), now).outcome is Outcome.ACCEPTED
    assert submit(services, token, token.code(now), now).reason is Reason.USED
    assert audit_rows(services) == rows + 2


def _die_before_the_audit_row(settings: Settings, token: Token, now: datetime) -> None:
    run = Statement._run

    def die(self: Statement, line: Line, parameters: Mapping[str, Any]) -> Any:
        if "mac" in parameters or "row_mac" in parameters:
            os.kill(os.getpid(), signal.SIGKILL)
        return run(self, line, parameters)

    Statement._run = die  # type: ignore[method-assign]
    services = assemble(settings, Store(settings.store.url), {"dual": DUAL, "other": OTHER})
    submit(services, token, token.code(now), now)


def _everything(services: Services, token: Token) -> dict[str, object]:
    row = read_credential(services, token)
    return {column.name: getattr(row, column.name) for column in row.__table__.columns}


@postgresql_only
@pytest.mark.parametrize("act", [_verify_right, _verify_wrong, _release, _activate])
def test_cut_off_while_it_commits_nobody_says_that_nothing_was_done(
    services: Services, customer_a: Customer, now: datetime, act: Callable[[Services, Token, datetime], object]
) -> None:
    state = CredentialState.SET_UP if act is _activate else CredentialState.ACTIVE
    token = give_token(services, customer_a, now, state)
    before = _everything(services, token)
    with answers_lost_at_commit(services) as cut_off, pytest.raises(CommitUnanswered):
        act(cut_off, token, now)
    assert _everything(services, token) != before
