"""Secrets that are let in, by everybody who may send them: then the log of debug level, the database, mails, pages
and errors, and what is measured are searched for them (R10, R18, R52).

What strangers send to every route is in test_canary_logs, pages on which something succeeds in test_canary_pages,
whole lives of tokens in tests/soft and tests/fobs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from devices.contract import JobResult, Poll, Work, dump, load
from provisioning.cli.request_log import RequestLog
from provisioning.jobs.add_bank_client import AddBankClientCommand, add_bank_client
from provisioning.jobs.export_pskc import ExportPskcCommand, export_pskc
from provisioning.jobs.import_pskc import ImportPskcCommand, import_pskc
from provisioning.pskc.ciphers import Passphrase
from provisioning.pskc.writer import write_pskc
from provisioning.pskc_refusals import PskcRefused
from provisioning.rules.actor import SYSTEM, Actor
from provisioning.rules.institution import Institution
from provisioning.rules.permissions import StaffRole
from provisioning.rules.states import CredentialState
from provisioning.store.tables import Customer, Fob
from tests.api.planted import ACTIVE, SET_UP, WITH_EVERYTHING, plant
from tests.fixtures.canaries import everything_stored, shapes
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import CONFIRMATION_PASSWORD, PASSWORD, add_customer
from tests.fixtures.services import OTHER
from tests.fixtures.staff_sessions import new_staff, session_of, sit_down
from tests.fixtures.tokens import give_token
from tests.fobs.case import Case
from tests.fobs.desk import open_desk
from tests.fuzz.server import sign
from tests.ground.canary_watch import TYPED, Watch
from tests.portal.crawl import forms_met
from tests.portal.visitor import BASE, Visitor
from tests.pskc.conftest import ITERATIONS, key
from web import catalogues
from web.api.bank.fields import POST, Operation
from web.api.bank.operations import OPERATIONS

pytestmark = sqlite_only


@pytest.fixture(autouse=True)
def _english() -> None:
    catalogues.compile_all()


@pytest.fixture
def institutions() -> Mapping[str, Institution]:
    return {"dual": WITH_EVERYTHING, "other": OTHER}


def test_every_operation_of_the_bank(watch: Watch) -> None:
    people, services = plant(watch.services, watch.clock()), watch.services
    bearer = add_bank_client(services, AddBankClientCommand("dual", "host", SYSTEM), watch.clock()).key
    watch.secrets |= {bearer.encode(), *(token.seed for token in people.tokens.values())}
    client = Client(RequestLog(watch.app))
    right = {name: people.tokens[name].code(watch.clock()) for name in (ACTIVE, SET_UP)}
    watch.secrets |= {code.encode() for code in right.values()}
    statuses = set()
    for name, operation in OPERATIONS.items():
        members = {**_example(operation), **people.examples.get(name, {})}
        for sent in (members, members | _canaries(operation), members | {"otp": right[ACTIVE], "user_id": ACTIVE}):
            path = "/api/v1" + operation.path.format(**{"service_id": "10112231", "user_id": ACTIVE} | members)
            body: dict[str, Any] = {"json": sent} if operation.method == POST else {}
            answer = client.open(
                path, method=operation.method, base_url=BASE, headers={"Authorization": f"Bearer {bearer}"}, **body
            )
            statuses.add(watch.saw(answer).status_code)
    assert {200, 201, 409, 422} <= statuses
    assert ACTIVE.encode() in b"\n".join(watch.out) + everything_stored(services)
    assert watch.leaks() == []


def _example(operation: Operation) -> dict[str, Any]:
    """A good call, whose secrets are canaries, too."""
    plain = {
        name: [one.example] if one.many else one.example for name, one in operation.fields.items() if one.example
    }
    return plain | _canaries(operation)


def _canaries(operation: Operation) -> dict[str, str]:
    return {name: TYPED[name] for name in operation.fields if name in TYPED}


@pytest.mark.parametrize("who", ["customer", "teller", "administrator"])
def test_every_form_of_those_who_are_signed_in(watch: Watch, who: str) -> None:
    customers = [add_customer(watch.services, f"12345678000{number}") for number in range(4)]
    states = (CredentialState.ACTIVE, CredentialState.ISSUED, CredentialState.SUSPENDED)
    tokens = [
        give_token(watch.services, one, watch.clock(), state)
        for one, state in zip(customers[1:], states, strict=True)
    ]
    watch.secrets |= {token.seed for token in tokens} | {PASSWORD.encode(), CONFIRMATION_PASSWORD.encode()}
    browser, starts = Visitor(watch.app), ["/portal/"]
    if who == "customer":
        code = tokens[0].code(watch.clock())
        watch.secrets.add(code.encode())
        browser.get("/portal/sign-in/dual")
        browser.submit(browser.path, login_id=customers[1].login_id, password=PASSWORD)
        browser.submit("/portal/sign-in-code", otp=code)
        assert browser.path == "/portal/"
    else:
        role = StaffRole(who)
        session = session_of(watch.services, new_staff(watch.services, watch.clock(), role), watch.clock())
        sit_down(browser, session)
        watch.secrets.add(session.encode())
        starts = ["/staff/", *(f"/staff/customers/{one.id}/" for one in customers), "/staff/stock/"]
    met = 0
    for form in forms_met(browser, *starts):
        fields = form.form.fields
        browser.post(form.form.action, fields | {name: TYPED[name] for name in fields if name in TYPED})
        watch.out += [browser.answer.data, browser.page.data]
        met += 1
    assert met > 0
    assert watch.leaks() == []


def test_a_fob_that_is_written_through_the_station_api(
    watch: Watch, customer_a: Customer, fob: Fob, teller_actor: Actor
) -> None:
    desk = open_desk(watch.services, watch.clock())
    plain = desk.plug(fob)
    Case(watch.services, desk, fob, customer_a, teller_actor).reserve()
    client = Client(RequestLog(watch.app))

    def send(path: str, body: bytes) -> TestResponse:
        headers = {"Authorization": sign(desk, watch.clock(), f"/api/station/v1{path}", body)}
        return watch.saw(client.post(f"/api/station/v1{path}", data=body, headers=headers, base_url=BASE))

    answer = send("/poll", dump(Poll((plain.seen(),), ())))
    (job,) = load(Work, answer.data).jobs
    result = desk.write(job)
    assert plain.seed is not None
    assert isinstance(result, JobResult)
    watch.secrets |= {plain.seed, plain.code(watch.clock()).encode()}
    for body in (dump(result)[:-1], dump(result), dump(result)):
        send(f"/jobs/{job.job_id}/result", body)
    assert job.job_id.encode() in everything_stored(watch.services)
    assert watch.leaks() == []


def test_a_makers_box(watch: Watch, teller_actor: Actor) -> None:
    passphrase, keys = Passphrase(TYPED["passphrase"]), [key("A1"), key("A2")]
    watch.secrets |= {one.seed for one in keys}
    file = write_pskc(keys, passphrase, ITERATIONS)
    bad = file.replace(b"<pskc:ValueMAC>", b"<pskc:ValueMAC>AAAA", 1)
    for data in (bad, file[:900], file, file):
        command = ImportPskcCommand("dual", "本店", data, passphrase, teller_actor)
        try:
            import_pskc(watch.services, command, watch.clock())
        except PskcRefused as refused:
            watch.out.append(repr(refused).encode())
        watch.out.append(repr(command).encode())
    export_pskc(
        watch.services, ExportPskcCommand("dual", passphrase, teller_actor), watch.out.append, watch.clock()
    )
    assert b"A1" in everything_stored(watch.services)
    assert watch.leaks() == []


def test_the_search_finds_a_secret_in_every_shape(watch: Watch) -> None:
    for shape in shapes(TYPED["otp"].encode()):
        watch.out = [b"x" + shape + b"x"]
        assert shape in watch.leaks()
