"""One ticket yields one seed: who comes first, who may ask again, how often, and until when."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

from pytest_mock import MockerFixture

from provisioning.jobs.activate import ActivateCommand, activate
from provisioning.jobs.cancel_issuance import CancelIssuanceCommand, cancel_issuance
from provisioning.jobs.expire_tickets import expire_tickets
from provisioning.jobs.issue_soft import IssuedSoft
from provisioning.rules.actor import SYSTEM
from provisioning.rules.states import CredentialState
from provisioning.store.tables import TicketState
from tests.soft.conftest import app_for
from tests.soft.independent_client import IndependentClient, Refused
from tests.soft.issuing import acts, credential, facts, ticket
from tests.soft.serving import MovableClock, Served
from tests.soft.trying import WRONG, refusal, wrong_times


def test_of_two_parallel_fetches_one_wins(server: Served, issued: IssuedSoft) -> None:
    apps = [app_for(server, issued) for _ in range(4)]
    requests = [(app, begun, app.request(begun)) for app in apps for begun in [app.begin()]]
    ready = threading.Barrier(len(requests))
    seeds: list[bytes] = []
    statuses: list[int] = []

    def fetch(app: IndependentClient, begun: dict[str, Any], request: dict[str, Any]) -> None:
        ready.wait(10)
        try:
            seeds.append(app.receive(begun, app.post("complete", request)).seed)
        except Refused as error:
            statuses.append(error.status)

    threads = [threading.Thread(target=fetch, args=one) for one in requests]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(seeds) == 1
    assert statuses == [403] * 3
    assert [result for act, result in acts(server.services) if act == "app_complete"].count("set_up") == 1
    assert {told["reason"] for told in facts(server.services, "app_complete", "refused")} == {"spent"}


def test_one_app_in_a_hurry_gets_one_seed_however_often_it_asks(
    server: Served, issued: IssuedSoft, client: IndependentClient
) -> None:
    begun = client.begin()
    requests = [client.request(client.begin()) for _ in range(4)]
    ready = threading.Barrier(len(requests))
    seeds: list[bytes] = []

    def ask(request: dict[str, Any]) -> None:
        ready.wait(10)
        seeds.append(client.receive(begun, client.post("complete", request)).seed)

    threads = [threading.Thread(target=ask, args=[request]) for request in requests]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (len(seeds), len(set(seeds))) == (4, 1)
    row = credential(server.services, issued.credential_id)
    assert (row.state, row.seed_version) == (CredentialState.SET_UP, 1)


def test_after_a_cut_line_the_same_key_gets_the_same_seed(
    server: Served, issued: IssuedSoft, client: IndependentClient, clock: MovableClock
) -> None:
    lost = client.begin()
    client.post("complete", client.request(lost))  # the answer never arrives
    clock.advance(hours=3)
    first, second = client.set_up(), client.set_up()
    row = credential(server.services, issued.credential_id)
    assert (first.seed, row.seed_version) == (second.seed, 1)
    assert refusal(app_for(server, issued).set_up)[0] == 403


def test_no_second_answer_after_activation(
    server: Served, issued: IssuedSoft, client: IndependentClient, clock: MovableClock
) -> None:
    token = client.set_up()
    activate(server.services, ActivateCommand("dual", issued.user_id, token.code(clock()), SYSTEM), clock())
    one = ticket(server.services, issued.credential_id)
    assert (one.answer, one.app_key_thumbprint, one.sealed_password_key) == (None, None, None)
    assert refusal(client.set_up)[0] == 403


def test_no_second_answer_after_expiry(
    server: Served, issued: IssuedSoft, client: IndependentClient, clock: MovableClock
) -> None:
    client.set_up()
    clock.advance(hours=23, minutes=59, seconds=59)
    client.set_up()
    clock.advance(seconds=1)
    assert refusal(client.set_up)[0] == 403
    expire_tickets(server.services, clock())
    one = ticket(server.services, issued.credential_id)
    assert (one.state, one.answer, one.app_key_thumbprint) == (TicketState.SPENT, None, None)


def test_no_second_answer_after_the_issuance_was_taken_back(
    server: Served, issued: IssuedSoft, client: IndependentClient, clock: MovableClock
) -> None:
    client.set_up()
    assert ticket(server.services, issued.credential_id).answer is not None
    cancel_issuance(server.services, CancelIssuanceCommand("dual", issued.credential_id, SYSTEM), clock())
    one = ticket(server.services, issued.credential_id)
    assert (one.answer, one.app_key_thumbprint, one.sealed_password_key) == (None, None, None)
    assert refusal(client.set_up)[0] == 403


def test_a_ticket_lives_to_the_second(
    server: Served, issued: IssuedSoft, client: IndependentClient, clock: MovableClock
) -> None:
    clock.advance(hours=24)
    assert refusal(client.set_up) == (403, {"error": "refused"})
    clock.now -= timedelta(seconds=1)
    client.set_up()


def test_the_sixth_try_fails_with_the_right_password(
    server: Served, issued: IssuedSoft, client: IndependentClient, mocker: MockerFixture
) -> None:
    log = mocker.patch("provisioning.jobs.alert._log")
    assert wrong_times(server, issued, 5) == [403] * 5
    assert refusal(client.set_up) == (403, {"error": "refused"})
    one = ticket(server.services, issued.credential_id)
    assert (one.state, one.attempts, one.sealed_password_key) == (TicketState.VOID, 5, None)
    (told,) = facts(server.services, "app_complete", "ticket_void")
    assert (told["alert"], told["tries"]) == (True, 5)
    log.warning.assert_called_once_with("alert", what="ticket_void", credential_id=issued.credential_id, tries=5)


def test_the_fifth_try_still_counts_with_the_right_password(
    server: Served, issued: IssuedSoft, client: IndependentClient
) -> None:
    wrong_times(server, issued, 4)
    client.set_up()


def test_parallel_wrong_tries_are_counted_exactly(
    server: Served, issued: IssuedSoft, client: IndependentClient
) -> None:
    apps = [app_for(server, issued, WRONG) for _ in range(8)]
    requests = [(app, app.request(app.begin())) for app in apps]
    ready = threading.Barrier(len(requests))
    statuses: list[int] = []

    def guess(app: IndependentClient, request: dict[str, Any]) -> None:
        ready.wait(10)
        try:
            app.post("complete", request)
        except Refused as error:
            statuses.append(error.status)

    threads = [threading.Thread(target=guess, args=one) for one in requests]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert statuses == [403] * 8
    one = ticket(server.services, issued.credential_id)
    assert (one.attempts, one.state) == (5, TicketState.VOID)
    assert refusal(client.set_up)[0] == 403
