"""A nursery for each worker, and worlds copied from one template for each database."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.nursery import Nursery
from tests.faults.world import World, copied_world, prepare
from tests.fixtures.postgresql import Cluster


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """Forks servers and stations."""
    nursery = Nursery()
    yield nursery
    nursery.close()


@pytest.fixture(scope="session")
def sqlite_world(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Path:
    """A counter with both fobs reserved, over SQLite."""
    directory = tmp_path_factory.mktemp("counter")
    shutil.copyfile(sqlite_template, directory / "kagiya.db")
    prepare(directory, f"sqlite:///{directory / 'kagiya.db'}")
    return directory


@pytest.fixture
def world(sqlite_world: Path, tmp_path: Path, nursery: Nursery) -> Iterator[World]:
    """A copy of its own for the test."""
    with copied_world(sqlite_world, tmp_path, nursery, f"sqlite:///{tmp_path / 'kagiya.db'}") as world:
        yield world


@pytest.fixture(scope="session")
def postgresql_world(
    tmp_path_factory: pytest.TempPathFactory, cluster: Cluster, postgresql_template: str
) -> tuple[Path, str]:
    """The same over PostgreSQL, and the name of the database to copy."""
    directory = tmp_path_factory.mktemp("counter")
    name = f"{postgresql_template}_counter"
    cluster.administer(f'CREATE DATABASE "{name}" TEMPLATE "{postgresql_template}"')
    prepare(directory, cluster.url(name))
    return directory, name


@pytest.fixture
def postgresql_copy(
    postgresql_world: tuple[Path, str], cluster: Cluster, tmp_path: Path, nursery: Nursery
) -> Iterator[World]:
    """A copy of its own for the test."""
    template, database = postgresql_world
    name = f"kagiya_{secrets.token_hex(6)}"
    cluster.administer(f'CREATE DATABASE "{name}" TEMPLATE "{database}"')
    with copied_world(template, tmp_path, nursery, cluster.url(name)) as world:
        yield world
    cluster.administer(f'DROP DATABASE "{name}" WITH (FORCE)')
