"""What the app does not take from anybody, not even from somebody who knows the activation password."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from provisioning.jobs.issue_soft import IssuedSoft
from tests.browser.soft_token.conftest import ITERATIONS
from tests.browser.soft_token.hands import fill, send, set_up
from tests.fixtures.databases import sqlite_only
from tests.soft import independent_client as independent
from tests.soft.issuing import ACTIVATION_PASSWORD, ticket
from tests.soft.serving import Served

pytestmark = sqlite_only


def kept(page: Page) -> int:
    """How many tokens the phone has."""
    found: int = page.evaluate(
        "import('/app/store.js').then((store) => store.tokens()).then((list) => list.length)"
    )
    return found


def signed_again(route: Route, change: Callable[[dict[str, Any]], object]) -> None:
    """The server's answer, changed and given the MAC that only the institution can make."""
    asked, answer = json.loads(route.request.post_data or ""), route.fetch().json()
    change(answer)
    salt = salt_of(asked)
    key = independent.password_key(ACTIVATION_PASSWORD, salt, ITERATIONS)
    covered = independent.answer_input(asked["origin"], answer, independent.thumbprint(asked["app_key"]))
    made = hmac.digest(independent.direction_key(key, independent.TO_APP), covered, "sha256")
    route.fulfill(json=answer | {"mac": independent.b64(made)})


def salt_of(asked: dict[str, Any]) -> bytes:
    """The salt of the IDs, as anybody may ask for it."""
    client = independent.IndependentClient(asked["origin"], asked["service_id"], asked["user_id"], "")
    return independent.unb64(client.begin()["salt"])


@pytest.mark.parametrize("iterations", [599_999, 10_000_001])
def test_too_few_iterations_and_too_many_get_no_proof(
    site: Served, phone: Callable[..., Page], issued: IssuedSoft, iterations: int
) -> None:
    page = phone()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.route(
        "**/api/app/v1/begin",
        lambda route: route.fulfill(json=route.fetch().json() | {"iterations": iterations}),
    )
    page.goto(site.url("/app/"))
    fill(page, issued)
    send(page)
    expect(page.locator(".notice.bad")).to_contain_text("本物と確かめられません")
    assert not any("/complete" in url for url in asked)
    assert ticket(site.services, issued.credential_id).attempts == 0


@pytest.mark.parametrize(
    "change",
    [
        lambda answer: answer.update(version=2),
        lambda answer: answer.update(user_id="123456780002"),
        lambda answer: answer["otp"].update(type="hotp"),
        lambda answer: answer["otp"].update(algorithm="md5"),
        lambda answer: answer["otp"].update(digits=7),
        lambda answer: answer["otp"].update(period_s=45),
        lambda answer: answer.update(seed_jwe=answer["seed_jwe"][:-4] + "AAAA"),
    ],
    ids=["version", "another's", "type", "algorithm", "digits", "period", "seed"],
)
def test_an_answer_that_the_protocol_does_not_know_sets_nothing_up(
    site: Served, phone: Callable[..., Page], issued: IssuedSoft, change: Callable[[dict[str, Any]], object]
) -> None:
    page = phone()
    page.route("**/api/app/v1/complete", lambda route: signed_again(route, change), times=1)
    page.goto(site.url("/app/"))
    fill(page, issued)
    send(page)
    expect(page.locator(".notice.bad")).to_be_visible()
    assert kept(page) == 0
    # the app key is still there: the same ticket serves once the answer is right
    set_up(page, site, issued)
    assert kept(page) == 1


def test_the_changed_answers_are_refused_for_what_was_changed(
    site: Served, phone: Callable[..., Page], issued: IssuedSoft
) -> None:
    page = phone()
    page.route("**/api/app/v1/complete", lambda route: signed_again(route, lambda answer: answer), times=1)
    set_up(page, site, issued)
    assert kept(page) == 1
