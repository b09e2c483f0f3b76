"""How the databases are used: what is committed is on the disk, what is deleted is overwritten (R06, R46)."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from provisioning.errors import StoreUnavailable
from provisioning.jobs.verify import VerifyCommand, verify
from provisioning.rules.actor import SYSTEM
from provisioning.services import Services
from provisioning.store.engine import Store
from provisioning.store.line import Statement
from provisioning.store.tables import Base, Customer
from tests.fixtures.databases import postgresql_only, sqlite_only
from tests.fixtures.refusals import read_only
from tests.fixtures.tokens import give_token, read_credential

SOURCES = [
    file for folder in ("provisioning", "web") for file in (Path(__file__).parents[2] / folder).rglob("*.py")
]
# sessions, nonces and day counts that are over, and search keys of a customer whose name changed
FORGOTTEN = {"WebSession", "SpentNonce", "StationRequest", "ActivationCount", "CustomerKey", "BankAnswer"} | {
    *("CustomerAddress", "MailCode"),  # R67, and what was sent there
    "ImportedSeed",  # until it is a customer's, or destroyed
    *("StaffInvitation", "PasskeyChallenge", "Passkey"),  # an approval keeps the public half it was signed to
}
# into a file that was verified, with a seam left in the log (R63)
ARCHIVED = {"AuditEntry", "AuditLeaf", "AuditShown"}


def by_session(store: Store, question: str) -> Any:
    with store.read() as tx:
        return tx.scalar(text(question))


def by_writing_session(store: Store, question: str) -> Any:
    with store.write() as tx:
        return tx.scalar(text(question))


def by_connection(store: Store, question: str) -> Any:
    with store.write_connection() as connection:
        return connection.scalar(text(question))


def by_line(store: Store, question: str) -> Any:
    with store.line() as line:
        row = Statement(question).first(line, {})
        return None if row is None else row[0]


WAYS = pytest.mark.parametrize("way", [by_session, by_writing_session, by_connection, by_line])


@sqlite_only
@WAYS
def test_sqlite_writes_ahead_with_full_sync_and_overwrites(store: Store, way: Callable[[Store, str], Any]) -> None:
    assert way(store, "PRAGMA journal_mode") == "wal"
    assert way(store, "PRAGMA synchronous") == 2  # FULL
    assert way(store, "PRAGMA foreign_keys") == 1
    assert way(store, "PRAGMA secure_delete") == 1


@postgresql_only
@WAYS
def test_postgresql_writes_by_what_is_committed_and_commits_to_the_disk(
    store: Store, way: Callable[[Store, str], Any]
) -> None:
    isolation = "repeatable read" if way is by_session else "read committed"
    assert way(store, "SHOW transaction_isolation") == isolation
    assert way(store, "SHOW synchronous_commit") == "on"
    assert way(store, "SHOW lock_timeout") == "5s"


def test_a_database_that_takes_no_writes_refuses(services: Services, customer_a: Customer, now: datetime) -> None:
    token = give_token(services, customer_a, now)
    with read_only(services) as unwritable:
        for otp in (token.code(now), token.wrong(now)):
            with pytest.raises(StoreUnavailable):
                verify(unwritable, VerifyCommand("dual", token.user_id, otp, SYSTEM), now)
    assert read_credential(services, token).failures == 0


def deleted(file: Path) -> Iterator[str]:
    """What a source file deletes: the names of tables, or the piece of code that names none."""
    source = file.read_text()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "delete":
            yield ast.unparse(node.args[0])
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            words = node.value.upper().split()
            if words[:2] in (["DELETE", "FROM"], ["DROP", "TABLE"]) or words[:1] == ["TRUNCATE"]:
                yield node.value


def test_nothing_that_was_bound_or_done_can_be_deleted() -> None:
    versions = Path("migrations", "versions").parts
    archives = [file for file in SOURCES if file.name == "audit_archive.py"]
    others = [file for file in SOURCES if file.parts[-3:-1] != versions and file not in archives]
    assert {name for file in others for name in deleted(file)} == FORGOTTEN
    assert {name for file in archives for name in deleted(file)} == ARCHIVED
    assert {mapper.class_.__name__ for mapper in Base.registry.mappers} > FORGOTTEN


def test_a_reader_sees_one_moment_however_many_questions_it_asks(
    services: Services, customer_a: Customer, now: datetime
) -> None:
    with services.store.read() as tx:
        assert tx.scalar(text("SELECT count(*) FROM credential")) == 0
        give_token(services, customer_a, now)
        assert tx.scalar(text("SELECT count(*) FROM credential")) == 0
    assert by_session(services.store, "SELECT count(*) FROM credential") == 1
