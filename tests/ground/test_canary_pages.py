"""Secrets that people type into pages, wrong and right, and those that they get there: nothing repeats one.

The walks are in canary_pages; afterwards everything that came out of the server is searched (R10, R18, R52).
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from provisioning.cli.request_log import RequestLog
from provisioning.rules.institution import Institution
from tests.fixtures.canaries import everything_stored
from tests.fixtures.databases import sqlite_only
from tests.fixtures.people import CONFIRMATION_PASSWORD, PASSWORD
from tests.ground.canary_pages import WALKS
from tests.ground.canary_steps import Scene, Walk
from tests.ground.canary_watch import Watch
from tests.portal.visitor import Visitor
from web import catalogues

pytestmark = sqlite_only


@pytest.fixture(autouse=True)
def _english() -> None:
    catalogues.compile_all()


@pytest.fixture(params=WALKS)
def walk(request: pytest.FixtureRequest) -> Walk:
    return WALKS[request.param]


@pytest.fixture
def institutions(walk: Walk) -> Mapping[str, Institution]:
    institution = walk.institution()
    return {institution.id: institution}


def test_no_secret_is_found_after_a_walk(watch: Watch, walk: Walk) -> None:
    watch.app.wsgi_app = RequestLog(watch.app.wsgi_app)  # type: ignore[method-assign]
    watch.secrets |= {PASSWORD.encode(), CONFIRMATION_PASSWORD.encode()}
    scene = Scene(watch)
    walk.set_up(scene)
    for step in walk.steps:
        browser = step.go(scene)
        assert step.shows in browser.text, (step, browser.path, browser.answer.status_code, browser.text)
        _look(watch, browser)
    assert '"event": "answered"' in watch.log.getvalue()
    assert scene.names.get("customer", "").encode() in everything_stored(watch.services)
    assert watch.leaks() == []


def _look(watch: Watch, browser: Visitor) -> None:
    """What was answered: but for cookies, which are what they are."""
    for answer in (browser.answer, browser.page):
        headers = [pair for pair in answer.headers if pair[0] != "Set-Cookie"]
        watch.out += [answer.data, repr(headers).encode()]
    for name in ("__Host-kagiya-staff", "__Host-kagiya-customer"):
        if cookie := browser.client.get_cookie(name):
            watch.secrets.add(cookie.value.encode())
