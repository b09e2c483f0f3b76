"""The migrated schema is exactly the one the tables describe, on both databases."""

from __future__ import annotations

import multiprocessing
import re
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, wait
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from pytest_mock import MockerFixture
from sqlalchemy import Connection, create_engine, delete, select, text, update
from sqlalchemy.exc import IntegrityError, ProgrammingError

from provisioning import migrations
from provisioning.errors import StoreUnavailable
from provisioning.rules.approval import AskedJob
from provisioning.rules.mail_kind import MailKind
from provisioning.services import Services
from provisioning.store import turns
from provisioning.store.address_keys import FIRST
from provisioning.store.engine import Store
from provisioning.store.line import JoinedLine
from provisioning.store.notices import Notice, owe_notices
from provisioning.store.tables import (
    ApprovalRequest,
    Base,
    Batch,
    Credential,
    Customer,
    OutboxMail,
    Staff,
    Station,
)
from provisioning.store.tables.base import with_dialects
from tests.fixtures.addresses import owed, store_address, stored_addresses
from tests.fixtures.people import NOON, add_customer
from tests.fixtures.refusals import locked
from tests.fixtures.tokens import give_token

# everything but the version table: columns, constraints and indexes in the database's own words
_POSTGRESQL_SCHEMA = """
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull::text
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), contype::text
FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL
SELECT tablename, indexname, indexdef, '' FROM pg_indexes WHERE schemaname = 'public'
"""
_SQLITE_SCHEMA = "SELECT tbl_name, name, sql, type FROM sqlite_master WHERE sql IS NOT NULL"


def test_autogenerate_finds_nothing_to_do(store: Store) -> None:
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, with_dialects(Base.metadata)) == []


def test_constraints_and_partial_indexes_agree(store: Store) -> None:
    with store.engine.connect() as connection:
        migrated = _schema(connection)
        Base.metadata.drop_all(connection)
        with_dialects(Base.metadata).create_all(connection)
        assert _schema(connection) == migrated
    assert {"uq_credential_open_slot", "uq_credential_open_fob"} <= {row[1] for row in migrated}


def test_current_tells_the_revision(database_url: str, tmp_path: Path) -> None:
    files = Path(migrations.__file__).parent.glob("versions/0*.py")
    assert migrations.current(database_url) == migrations.newest() == max(file.name[:4] for file in files)
    assert migrations.current(f"sqlite:///{tmp_path}/empty.db") is None


def test_upgrading_twice_changes_nothing(database_url: str) -> None:
    migrations.upgrade(database_url)
    assert migrations.current(database_url) == migrations.newest()


def test_unreachable_database_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable):
        migrations.upgrade(f"sqlite:///{tmp_path}/no/such/folder.db")


def test_downgrade_leaves_nothing(database_url: str) -> None:
    engine = create_engine(database_url)
    with engine.begin() as connection:
        command.downgrade(migrations.configuration(connection), "base")
        assert {row[0] for row in _schema(connection)} == set()
    engine.dispose()


def test_customers_and_what_is_theirs_survive_every_upgrade(database_url: str, services: Services) -> None:
    customer = add_customer(services, "999800000001")
    token = give_token(services, customer, NOON)
    services.store.close()
    engine = create_engine(database_url)
    with engine.begin() as connection:
        command.downgrade(migrations.configuration(connection), "0001")
    migrations.upgrade(database_url)
    with services.store.read() as tx:
        kept = tx.get_one(Customer, customer.id)
        assert (kept.user_id, kept.name, kept.transfer_limit_yen) == (customer.user_id, customer.name, None)
        assert tx.get_one(Credential, token.credential_id).customer_id == customer.id
    alone = delete(Customer).where(Customer.id == customer.id)
    with services.store.write() as tx, pytest.raises(IntegrityError):
        tx.execute(alone)
    engine.dispose()


def test_addresses_of_before_are_under_the_first_key(database_url: str, services: Services) -> None:
    customer = add_customer(services, "999800000001")
    store_address(services, customer, "taro@mihon.example")
    with services.store.write() as tx:
        erased = Notice(MailKind.ADDRESS_CHANGED, customer.institution_id, customer.id, NOON)
        assert owe_notices(JoinedLine(tx.connection()), erased) == 1
        tx.execute(update(OutboxMail).values(sealed_address=b"", address_hash=b"", address_key_id=None))
    services.store.close()
    engine = create_engine(database_url)
    with engine.begin() as connection:
        command.downgrade(migrations.configuration(connection), "0014")
    migrations.upgrade(database_url)
    (row,), (mail,) = stored_addresses(services, customer), owed(services, customer)
    assert (row.address_key_id, mail.address_key_id) == (FIRST, None)
    assert services.addresses is not None
    assert services.addresses.open(row) == "taro@mihon.example"
    engine.dispose()


def test_what_was_approved_survives_every_upgrade_since(
    database_url: str, services: Services, station: Station, teller: Staff
) -> None:
    asked = ApprovalRequest(
        institution_id="dual",
        job=AskedJob.OPEN_BATCH,
        subject="batch",
        payload=b"{}",
        payload_hash=bytes(32),
        maker_id=teller.id,
        made_at=NOON,
        expires_at=NOON,
        approver_id=teller.id,
    )
    with services.store.write() as tx:
        tx.add(asked)
        tx.flush()
        rest = {"institution_id": "dual", "branch": "本店", "at_once": 4, "opened_at": NOON, "pressed_at": NOON}
        tx.add(Batch(station_id=station.id, opened_by=teller.id, approval_id=asked.id, **rest))
    services.store.close()
    engine = create_engine(database_url)
    with engine.begin() as connection:
        command.downgrade(migrations.configuration(connection), "0010")
    migrations.upgrade(database_url)
    with services.store.read() as tx:
        batch = tx.scalars(select(Batch)).one()
        assert tx.get_one(ApprovalRequest, batch.approval_id).approver_id == teller.id
    engine.dispose()


def test_an_upgrade_that_fails_on_the_way_leaves_nothing_of_itself(database_url: str) -> None:
    engine = create_engine(database_url)
    with engine.begin() as connection:
        command.downgrade(migrations.configuration(connection), "base")
        # in the way of the last table of the first revision
        connection.execute(text("CREATE TABLE outbox_mail (id INTEGER)"))
        before = _schema(connection)
    with pytest.raises((StoreUnavailable, ProgrammingError)):
        migrations.upgrade(database_url)
    assert migrations.current(database_url) is None
    with engine.begin() as connection:
        assert _schema(connection) == before
        connection.execute(text("DROP TABLE outbox_mail"))
    migrations.upgrade(database_url)
    assert migrations.current(database_url) == migrations.newest()
    engine.dispose()


def test_two_upgrades_at_once_do_what_one_does(database_url: str) -> None:
    engine = create_engine(database_url)
    with engine.begin() as connection:
        migrated = _schema(connection)
        command.downgrade(migrations.configuration(connection), "base")
    with ProcessPoolExecutor(3, multiprocessing.get_context("spawn")) as processes:
        assert list(processes.map(migrations.upgrade, [database_url] * 3)) == [None] * 3
    with engine.connect() as connection:
        assert _schema(connection) == migrated
    engine.dispose()


def _schema(connection: Connection) -> set[tuple[str, str, frozenset[str]]]:
    """Table, name and definition; SQLite's is a text whose lines may stand in any order, and columns that were
    added later behind others in a line.
    """
    query = _POSTGRESQL_SCHEMA if connection.dialect.name == "postgresql" else _SQLITE_SCHEMA
    rows = connection.execute(text(query))
    parts = re.compile(r"\n|, (?=\w+ [A-Z])")
    return {
        (table, name, frozenset(part.strip(" ,\t") for part in parts.split(definition.replace('"', ""))) | {kind})
        for table, name, definition, kind in rows
        if table != "alembic_version"
    }


def test_where_it_stands_is_told_while_others_write(database_url: str) -> None:
    """Whoever starts waits for nobody, and is refused for nobody, who only does their work."""
    with locked(database_url):
        assert migrations.current(database_url) == migrations.newest()


def test_an_upgrade_in_whose_way_somebody_is_gives_up_and_has_changed_nothing(
    database_url: str, mocker: MockerFixture
) -> None:
    for module in (migrations, turns):
        mocker.patch.object(module, "BUSY_TIMEOUT_S", 0.1)
    engine = create_engine(database_url)
    with engine.begin() as connection:
        command.downgrade(migrations.configuration(connection), "0014")
        before = _schema(connection)
    with locked(database_url, "customer_address"), pytest.raises(StoreUnavailable) as refused:
        migrations.upgrade(database_url)
    assert refused.value.fault == "locked"
    with engine.begin() as connection:
        assert _schema(connection) == before
    migrations.upgrade(database_url)
    assert migrations.current(database_url) == migrations.newest()
    engine.dispose()


def test_whoever_starts_during_an_upgrade_waits_for_it(database_url: str) -> None:
    engine = create_engine(database_url)
    with engine.begin() as connection:
        command.downgrade(migrations.configuration(connection), "0014")
    with ThreadPoolExecutor(1) as another:
        with migrations._own_turn(database_url) as connection:
            told = another.submit(migrations.current, database_url)
            command.upgrade(migrations.configuration(connection), "head")
            assert not wait([told], 0.2).done
        assert told.result(timeout=30) == migrations.newest()
    engine.dispose()
