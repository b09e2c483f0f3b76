"""Refusals that must not tell by their time what was wrong (R08, R09).

They leave at a whole step after their request came, however long it took to refuse: what one statement more or
less takes is lost in it. What is let in does not wait.
"""

from __future__ import annotations

from time import monotonic, sleep
from typing import Final

from flask import Flask, after_this_request, g
from werkzeug.wrappers import Response

from web import current

_BEGAN: Final = "began_s"


def set_up_even_time(app: Flask) -> None:
    """Look at the clock before anything else is done."""
    app.before_request(_note)


def hold_refusal() -> None:
    """Let the answer to this request leave at the next whole step (`server.refusal_step_s`)."""
    after_this_request(_wait)


def left_s(passed_s: float, step_s: float) -> float:
    """Until the next whole step; with a step of nothing, nothing."""
    return -passed_s % step_s if step_s else 0.0


def _note() -> None:
    setattr(g, _BEGAN, monotonic())


def _wait(response: Response) -> Response:
    sleep(left_s(monotonic() - getattr(g, _BEGAN), current.services().settings.server.refusal_step_s))
    return response
