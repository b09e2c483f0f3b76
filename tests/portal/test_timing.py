"""From outside, unknown, wrong and used are one: the same answer, in the same time (R08, R09).

In this process, where nothing hides a difference but the step at which refusals leave; `kagiya bench timing`
measures longer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest
from werkzeug.test import TestResponse

from provisioning.services import Services
from tests.fixtures.databases import sqlite_only
from tests.fixtures.timing import Prepare, interleaved
from tests.portal.conftest import MovableClock
from tests.portal.faces import (
    Faces,
    app_kinds,
    code_kinds,
    login_kinds,
    number_kinds,
    open_faces,
    quick_passwords,
)
from web.even_time import left_s

SAMPLES = 200
STEP_S = 0.01
"""Short, to keep the test quick, and still several times what a refusal takes here."""
ODDS = 0.25
"""How far from even the odds may be that a time of one kind is the longer of two."""


def seen(answer: TestResponse) -> tuple[int, bytes, list[tuple[str, str]]]:
    """All of an answer but what is drawn anew for each."""
    headers = [(name, re.sub(r"(=|nonce-)[\w-]{20,}", "…", value)) for name, value in answer.headers]
    return answer.status_code, answer.data, headers


@sqlite_only
@pytest.mark.parametrize(
    ("kinds", "status"),
    [(login_kinds, 303), (code_kinds, 303), (app_kinds, 403), (number_kinds, 303)],
    ids=["login", "code", "app", "staff"],
)
def test_what_is_wrong_shows_neither_in_the_answer_nor_in_its_time(
    services: Services,
    clock: MovableClock,
    monkeypatch: pytest.MonkeyPatch,
    kinds: Callable[[Faces], Mapping[str, Prepare]],
    status: int,
) -> None:
    quick_passwords(monkeypatch)
    server = replace(services.settings.server, refusal_step_s=STEP_S)
    faces = open_faces(replace(services, settings=replace(services.settings, server=server)), clock)
    alike = kinds(faces)
    compared = interleaved(alike, SAMPLES // len(alike))
    first, *others = map(seen, faces.answers.values())
    assert first[0] == status
    assert all(other == first for other in others)
    assert all(abs(one.odds - 0.5) < ODDS for one in compared.values()), compared


def test_a_few_statements_more_would_show() -> None:
    def worked(sum_to: int) -> Prepare:
        return lambda: lambda: sum(range(sum_to))

    compared = interleaved({"less": worked(4_000), "as much": worked(4_000), "more": worked(6_000)}, SAMPLES // 2)
    assert abs(compared["as much"].odds - 0.5) < ODDS
    assert compared["more"].odds > 0.5 + ODDS


def test_a_refusal_leaves_at_the_next_whole_step() -> None:
    assert left_s(0.0375, 0.25) == pytest.approx(0.2125)
    assert left_s(0.2501, 0.25) == pytest.approx(0.2499)
    assert left_s(0.5, 0.25) == pytest.approx(0)
    assert left_s(0.3, 0) == 0
