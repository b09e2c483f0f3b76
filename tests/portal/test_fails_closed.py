"""HSM, database, clock or audit log fail: verification, activation and sign-in are denied, nothing is spent (R71).

Afterwards the very code that was denied is good: whatever failed has neither used nor counted it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

import psycopg
import pytest
from sqlalchemy import make_url

from provisioning.clock import ClockGuard
from provisioning.errors import StoreUnavailable, VaultError
from provisioning.jobs.activate import ActivateCommand, activate
from provisioning.jobs.verify import VerifyCommand, verify
from provisioning.rules.actor import SYSTEM
from provisioning.rules.roles import ALL_ROLES
from provisioning.rules.states import CredentialState
from provisioning.rules.verdict import Outcome
from provisioning.services import Services
from provisioning.settings import VaultSettings
from provisioning.store.data_keys import DataKeys
from provisioning.store.hsm import Token as HsmToken
from provisioning.store.tables import Customer
from tests.fixtures.databases import POSTGRESQL, SQLITE
from tests.fixtures.people import NOON, PASSWORD
from tests.fixtures.refusals import locked, refused_rows
from tests.fixtures.softhsm import SoftToken
from tests.fixtures.tokens import Token, give_token, read_credential
from tests.fixtures.vaults import halves_with
from tests.portal.visitor import Form, Visitor
from web.app import create_app


@dataclass
class Bank:
    """What can fail, and whether it has. Time for the HSM's pauses is the test's own."""

    services: Services
    hsm: SoftToken | None = None
    is_synchronised: bool = True
    seconds: float = 0.0


@pytest.fixture
def bank(impatient: Services, request: pytest.FixtureRequest) -> Iterator[Bank]:
    """Nobody waits long for a lock; where the HSM is to fail, seeds are sealed to a key inside one."""
    made = Bank(impatient)
    made.services = replace(impatient, clock=ClockGuard(lambda: made.is_synchronised))
    if "hsm" not in request.node.name:
        yield made
        return
    made.hsm = request.getfixturevalue("soft_token")
    vault: VaultSettings = request.getfixturevalue("token_vault")
    assert vault.hsm is not None
    token = HsmToken(vault.hsm, clock=lambda: made.seconds)
    sealer, opener = halves_with(vault, token)
    # no data key is remembered
    made.services = replace(made.services, sealer=sealer, opener=replace(opener, data_keys=DataKeys(1, 0)))
    yield made
    token.close()


@contextmanager
def _hsm_away(bank: Bank) -> Iterator[None]:
    assert bank.hsm is not None
    bank.hsm.take_out()
    yield
    bank.hsm.put_back()
    bank.seconds += 2


@contextmanager
def _database_locked(bank: Bank) -> Iterator[None]:
    with locked(bank.services.settings.store.url):
        yield


@contextmanager
def _database_away(bank: Bank) -> Iterator[None]:
    url = bank.services.settings.store.url
    bank.services.store.close()
    if url.startswith("sqlite"):
        file = Path(url.removeprefix("sqlite:///"))
        away = file.rename(file.with_name("away.db"))
        file.mkdir()
        yield
        file.rmdir()
        away.rename(file)
        return
    with psycopg.connect(
        make_url(url).set(drivername="postgresql", database="postgres").render_as_string()
    ) as other:
        other.autocommit = True
        name = make_url(url).database
        other.execute(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS false'.encode())
        yield
        other.execute(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS true'.encode())


@contextmanager
def _clock_doubted(bank: Bank) -> Iterator[None]:
    bank.is_synchronised = False
    yield
    bank.is_synchronised = True


@contextmanager
def _audit_refused(bank: Bank) -> Iterator[None]:
    with refused_rows(bank.services, "audit_entry"):
        yield


FAILURES: Final[tuple[Callable[[Bank], AbstractContextManager[None]], ...]] = (
    _hsm_away,
    _database_locked,
    _database_away,
    _clock_doubted,
    _audit_refused,
)
DENIALS: Final = (StoreUnavailable, VaultError, sqlite3.IntegrityError)

Ask = Callable[[str], bool]
"""Types a code; whether it was accepted."""
Way = Callable[[], Ask]
"""Comes, while all is well, to where the code is typed."""


def _verification(bank: Bank, customer: Customer) -> Way:
    command = VerifyCommand("dual", customer.user_id, "", SYSTEM)
    return lambda: lambda otp: verify(bank.services, replace(command, otp=otp), NOON).outcome is Outcome.ACCEPTED


def _activation(bank: Bank, customer: Customer) -> Way:
    command = ActivateCommand("dual", customer.user_id, "", SYSTEM)
    return lambda: lambda otp: activate(bank.services, replace(command, otp=otp), NOON).outcome is Outcome.ACCEPTED


def _sign_in(bank: Bank, customer: Customer) -> Way:
    browser = Visitor(create_app(bank.services, ALL_ROLES, lambda: NOON)).get("/portal/sign-in/dual")
    browser.submit(browser.path, login_id=customer.login_id, password=PASSWORD)

    def come() -> Ask:
        form = next(form for form in browser.get(_CODE_PAGE).forms if form.action == _CODE_PAGE)
        return lambda otp: type_code(form, otp)

    def type_code(form: Form, otp: str) -> bool:
        browser.post(_CODE_PAGE, form.fields | {"otp": otp})
        return browser.get("/portal/token/").path == "/portal/token/" and browser.page.status_code == 200

    return come


_CODE_PAGE: Final = "/portal/sign-in-code"
# pages add to a job what is the same on both databases
WAYS: Final = (
    (SQLITE, _verification, CredentialState.ACTIVE),
    (POSTGRESQL, _verification, CredentialState.ACTIVE),
    (SQLITE, _activation, CredentialState.SET_UP),
    (POSTGRESQL, _activation, CredentialState.SET_UP),
    (SQLITE, _sign_in, CredentialState.ACTIVE),
)


@pytest.mark.parametrize(
    ("database_url", "path", "state"),
    WAYS,
    indirect=["database_url"],
    ids=[f"{path.__name__[1:]}-{database}" for database, path, _ in WAYS],
)
@pytest.mark.parametrize("failure", FAILURES, ids=[failure.__name__[1:] for failure in FAILURES])
def test_what_fails_denies(
    bank: Bank,
    customer_a: Customer,
    now: datetime,
    failure: Callable[[Bank], AbstractContextManager[None]],
    path: Callable[[Bank, Customer], Way],
    state: CredentialState,
) -> None:
    token = give_token(bank.services, customer_a, now, state)
    way, before = path(bank, customer_a), _row(bank, token)
    for typed in (token.wrong(now), token.code(now)):
        ask = way()
        with failure(bank):
            try:
                accepted = ask(typed)
            except DENIALS:
                accepted = False
            assert not accepted
        assert {**_row(bank, token), "highest_seen_step": -1} == {**before, "highest_seen_step": -1}
    assert way()(token.code(now))


def _row(bank: Bank, token: Token) -> dict[str, object]:
    bank.services.store.close()
    row = read_credential(bank.services, token)
    return {column.name: getattr(row, column.name) for column in row.__table__.columns}
