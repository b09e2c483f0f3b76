"""What somebody was about to do when they had to show anew who they are: kept sealed, and then gone on with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from web import flow
from web.screens import Screen

_PATH_LENGTH: Final = 500
_SECRETS: Final = frozenset({"password", "password_again", "otp"})
"""A form with one of these is not kept: its page is opened again, and it is typed anew."""


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The request: `fields` is what was typed, None of a mere look. `back` is the page it came from."""

    path: str
    fields: list[tuple[str, str]] | None
    back: str


def turn_aside() -> Response:
    """Keep this request, and first ask who sits there."""
    back = _page_before()
    flow.keep(Screen.STAFF_STEP_UP, {**_kept(back), "back": back})
    return redirect(url_for("staff_step_up.show"), 303)


def _kept(back: str) -> dict[str, Any]:
    if request.method != "POST":
        return {"path": request.full_path.rstrip("?"), "fields": None}
    if _SECRETS & request.form.keys():
        return {"path": back, "fields": None}
    return {"path": request.path, "fields": list(request.form.items(multi=True))}


def interrupted() -> Interrupted | None:
    """What waits to be gone on with."""
    kept = flow.kept(Screen.STAFF_STEP_UP)
    if kept is None:
        return None
    fields = kept["fields"]
    return Interrupted(kept["path"], fields and [(name, value) for name, value in fields], kept["back"])


def forget() -> None:
    """It is gone on with, or given up."""
    flow.drop(Screen.STAFF_STEP_UP)


def _page_before() -> str:
    """A page of the console by the browser's own account; else its first."""
    parts = urlsplit(request.referrer or "")
    ours = parts.netloc == request.host and parts.path.startswith("/staff/") and len(parts.path) <= _PATH_LENGTH
    if not ours:
        return url_for("staff_work.index")
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
