"""What was typed on a screen: exactly the fields it has, kept over a redirect where it must be typed again.

A refused form is answered by a redirect to its own page (303), which shows errors and values from the
session: reloading or going back then sends nothing twice. Errors are kept as codes and become words in
the reader's language; values are kept sealed, and secrets among them not at all.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from flask import request, session
from werkzeug.exceptions import ServiceUnavailable

from provisioning.errors import BadInput, InputFault, VaultError
from provisioning.rules.plain_signs import plain, plain_digits
from web import current, sessions, wording
from web.screens import Screen

_LONGEST_OF_STRANGERS: Final = 400
"""Characters: they have a row in the table of sessions, too, and it keeps nothing that nobody types."""
_FRAME_FIELDS: Final = frozenset({"csrf_token", sessions.STEP_FIELD})
_DIGITS: Final = (
    "otp", "code", "first", "second", "mail_password", "activation_password", "activation_password_again",
    "account_number", "amount_yen", "number",
)  # fmt: skip
_PLAIN: Final = ("login_id", "user_id", "mail_address", "mail_address_again")
_MEANT: Final[dict[str, Callable[[str], str]]] = {
    **dict.fromkeys(_DIGITS, plain_digits),
    **dict.fromkeys(_PLAIN, plain),
}
"""How fields for digits or plain letters are read, whichever keyboard typed them. Passwords stay as they are."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """What a page shows again after a refusal: sentences by field, and values."""

    errors: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)


def read_form(*names: str, several: str = "") -> dict[str, str]:
    """The form's fields as meant, "" where one is missing. Raises BadInput for any field the screen lacks.

    The field `several` may have any number of values: `chosen` gives them.
    """
    for name, values in request.form.lists():
        if name not in _FRAME_FIELDS and name != several and (name not in names or len(values) != 1):
            raise BadInput(name, InputFault.UNKNOWN_FIELD)
        if any("\0" in value for value in values):  # no keyboard types it, and no database takes it
            raise BadInput(name, InputFault.BAD_FORM)
    return {name: _MEANT.get(name, str)(request.form.get(name, "")) for name in names}


def chosen(several: str) -> tuple[str, ...]:
    """What was ticked in a list of a form that `read_form` has read."""
    return tuple(request.form.getlist(several))


def refuse(screen: Screen, faults: Iterable[tuple[str, str]], values: Mapping[str, str] | None = None) -> None:
    """Keep why the form on `screen` was refused: pairs of field and code (InputFault, or one of `wording`)."""
    kept = dict(values or {})
    if sessions.subject_id() is None:
        kept = {name: value for name, value in kept.items() if len(value) <= _LONGEST_OF_STRANGERS}
    session[_key(screen)] = {"faults": [list(fault) for fault in faults], "values": seal(kept)}


def remembered(screen: Screen, in_words: Callable[[str, str], str] = wording.fault) -> Remembered:
    """What was kept for `screen`; stays until the form is accepted or left, so that reloading shows it again."""
    kept = session.get(_key(screen))
    if kept is None:
        return Remembered()
    errors = {name: in_words(name, code) for name, code in kept["faults"]}
    return Remembered(errors, unseal(kept["values"]))


def forget(*screens: Screen) -> None:
    """Drop what was kept for these screens."""
    for screen in screens:
        session.pop(_key(screen), None)


def seal(value: Any) -> str:
    """JSON under the process's key, for keeping in the session; bound to whoever is signed in."""
    box = current.services().tickets
    if box is None:
        raise ServiceUnavailable
    return b64encode(box.seal(json.dumps(value).encode(), _context())).decode()


def unseal(sealed: str) -> Any:
    """What `seal` was given; an empty mapping if it was sealed for somebody else."""
    box = current.services().tickets
    if box is None:
        raise ServiceUnavailable
    try:
        return json.loads(box.open(b64decode(sealed), _context()))
    except VaultError:
        return {}


def _context() -> str:
    return f"web session of {sessions.subject_id()}"


def _key(screen: Screen) -> str:
    return f"form {screen}"
