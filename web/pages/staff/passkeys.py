"""A passkey between page and job: the options go out as JSON, the challenge stays here in the session.

A page has a form made by `staff/passkey_parts.html`; js/passkey.js asks for the options when its button is
pressed, and sends the form with what the authenticator answered in the field `response`.
"""

from __future__ import annotations

from typing import Final

from flask import Response, session

from provisioning.errors import PasskeyRefused
from provisioning.jobs.passkey_options import PasskeyOptions

RESPONSE_FIELD: Final = "response"
_KEPT: Final = "passkey challenge"


def ask(options: PasskeyOptions) -> Response:
    """The options for the browser; their challenge waits for the answer in this session, and no other does."""
    session[_KEPT] = options.challenge.hex()
    return Response(options.json, mimetype="application/json")


def challenge() -> bytes:
    """What the browser was asked to sign last; once."""
    return bytes.fromhex(session.pop(_KEPT, ""))


def refusal(refused: PasskeyRefused) -> str:
    """Code of a sentence in `account_words`."""
    return f"passkey_{refused.fault.value}"
