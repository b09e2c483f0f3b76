"""Requests to public faces that must look alike from outside: unknown, wrong and used (R09).

Tests let Argon2 run at its least cost, which hides least of what is beside it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from http import HTTPStatus
from itertools import count
from typing import Any, Final

import pytest
from argon2 import PasswordHasher
from cryptography.hazmat.primitives.asymmetric import ec
from flask import Flask
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from provisioning.jobs import check_fallback, passwords
from provisioning.jobs.staff_fallback import (
    PrepareFallbackCommand,
    SetStaffPasswordCommand,
    prepare_fallback,
    set_staff_password,
)
from provisioning.jobs.verify import VerifyCommand, verify
from provisioning.rules.actor import SYSTEM, Actor, ActorKind
from provisioning.rules.roles import ALL_ROLES
from provisioning.services import Services
from provisioning.store.tables import Customer
from tests.fixtures.people import PASSWORD, add_customer
from tests.fixtures.staff_sessions import new_staff
from tests.fixtures.timing import Prepare
from tests.fixtures.tokens import give_token
from tests.portal.conftest import MovableClock
from tests.portal.visitor import BASE, Visitor
from tests.soft.independent_client import b64, jwk_of
from tests.soft.issuing import issue
from web.app import create_app

SIGN_IN: Final = "/portal/sign-in/dual"
CODE: Final = "/portal/sign-in-code"
FALLBACK: Final = "/staff/sign-in/fallback"
APP: Final = "/api/app/v1"
_NEVER: Final = 10**9


@dataclass
class Faces:
    """A server where nothing is ever locked, so that the thousandth try is like the first; its answers, kept."""

    services: Services
    app: Flask
    clock: MovableClock
    customer: Customer
    answers: dict[str, TestResponse]

    def login(self, name: str, login_id: str) -> Prepare:
        """A password that is wrong."""
        browser = Visitor(self.app)

        def prepare() -> Callable[[], object]:
            self.clock.advance(seconds=2)
            browser.get(SIGN_IN)
            fields = browser.form(SIGN_IN) | {"login_id": login_id, "password": "not this one"}
            return lambda: self._keep(name, self._post(browser, SIGN_IN, fields))

        return prepare

    def code(self, name: str, otp: str) -> Prepare:
        """A code of somebody whose password was right."""
        browser = Visitor(self.app).get(SIGN_IN)
        browser.submit(SIGN_IN, login_id=self.customer.login_id, password=PASSWORD)
        sources = count()

        def prepare() -> Callable[[], object]:
            # time stands still, so that the code stays what it is: no source may have posted too often
            browser.client.environ_base["REMOTE_ADDR"] = f"10.0.0.{next(sources) // 100}"
            browser.get(CODE)
            fields = browser.form(CODE) | {"otp": otp}
            return lambda: self._keep(name, self._post(browser, CODE, fields))

        return prepare

    def proof(self, name: str, user_id: str, service_id: str = "") -> Prepare:
        """An app that does not know the activation password."""
        client = self.app.test_client()
        own_id = self.services.institution("dual").service_id
        ids = {"service_id": service_id or own_id, "user_id": user_id}
        jwk = jwk_of(ec.generate_private_key(ec.SECP256R1()))

        def prepare() -> Callable[[], object]:
            self.clock.advance(seconds=2)
            nonce = client.post(f"{APP}/begin", json=ids, base_url=BASE).get_json()["nonce"]
            own: dict[str, Any] = {"app_nonce": b64(secrets.token_bytes(32)), "mac": b64(secrets.token_bytes(32))}
            sent = ids | own | {"nonce": nonce, "origin": BASE, "app_key": jwk}
            return lambda: self._keep(name, client.post(f"{APP}/complete", json=sent, base_url=BASE))

        return prepare

    def number(self, name: str, number: str, password: str = "not this one") -> Prepare:
        """A password or a code that is wrong, at the console."""
        browser = Visitor(self.app)

        def prepare() -> Callable[[], object]:
            self.clock.advance(seconds=2)
            browser.get(FALLBACK)
            fields = browser.form(FALLBACK) | {"number": number, "password": password, "otp": "12345678"}
            return lambda: self._keep(name, self._post(browser, FALLBACK, fields))

        return prepare

    @staticmethod
    def _post(browser: Visitor, path: str, fields: dict[str, str]) -> TestResponse:
        headers = {"Referer": f"{BASE}{path}"}
        return browser.client.post(path, data=fields, base_url=BASE, headers=headers)

    def _keep(self, name: str, answer: TestResponse) -> None:
        assert answer.status_code != HTTPStatus.TOO_MANY_REQUESTS, name
        self.answers[name] = answer


def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Right ones, wrong ones, and those of nobody."""
    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    for module in (passwords, check_fallback):
        monkeypatch.setattr(module, "_decoy", cache(module._decoy.__wrapped__))


def open_faces(services: Services, clock: MovableClock) -> Faces:
    """With one customer."""
    dual = replace(services.institution("dual"), failure_limit=_NEVER, activation_password_failures=_NEVER)
    limits = replace(
        services.settings.app,
        wrong_a_day_per_customer=_NEVER,
        wrong_a_day_per_source=_NEVER,
        wrong_a_day_per_service=_NEVER,
    )
    services = replace(
        services,
        institutions={**services.institutions, "dual": dual},
        settings=replace(services.settings, app=limits),
    )
    customer = add_customer(services, "123456780001")
    with services.store.write() as tx:
        tx.execute(update(Customer).values(password_hash=passwords.hash_password(PASSWORD)))
    return Faces(services, create_app(services, ALL_ROLES, clock), clock, customer, {})


def login_kinds(faces: Faces) -> Mapping[str, Prepare]:
    """Login ID and password."""
    return {
        "wrong password": faces.login("wrong password", faces.customer.login_id),
        "unknown login ID": faces.login("unknown login ID", "nobody"),
    }


def code_kinds(faces: Faces) -> Mapping[str, Prepare]:
    """The one-time password after it."""
    token, now = give_token(faces.services, faces.customer, faces.clock()), faces.clock()
    used = token.code(now)
    verify(faces.services, VerifyCommand("dual", token.user_id, used, SYSTEM), now)
    return {"wrong code": faces.code("wrong code", token.wrong(now)), "used code": faces.code("used code", used)}


def number_kinds(faces: Faces) -> Mapping[str, Prepare]:
    """Number and password of a member of staff."""
    services, now = faces.services, faces.clock()
    owner = Actor(ActorKind.STAFF, new_staff(services, now), "dual", "本店")
    number = prepare_fallback(
        services, PrepareFallbackCommand(owner.id, "999800009001", replace(owner, id="")), now
    )
    set_staff_password(services, SetStaffPasswordCommand("right, and long", owner), now)
    with services.store.read() as session:
        holder = session.scalars(select(Customer).where(Customer.user_id == "999800009001")).one()
    give_token(services, holder, now)
    return {
        "wrong password": faces.number("wrong password", number),
        "wrong code": faces.number("wrong code", number, "right, and long"),
        "unknown number": faces.number("unknown number", "00000000"),
    }


def app_kinds(faces: Faces) -> Mapping[str, Prepare]:
    """The app's proof."""
    issue(faces.services, faces.customer, faces.clock())
    without = add_customer(faces.services, "123456780002")
    return {
        "wrong proof": faces.proof("wrong proof", faces.customer.user_id),
        "unknown user": faces.proof("unknown user", "999999999999"),
        "no ticket": faces.proof("no ticket", without.user_id),
        "unknown service": faces.proof("unknown service", faces.customer.user_id, "99999999"),
    }
