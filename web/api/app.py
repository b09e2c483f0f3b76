"""The soft-token app's interface: JSON as docs/app-protocol.md describes it, nothing more and nothing less."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from flask import Blueprint, current_app, jsonify, request
from flask.sansio.blueprints import BlueprintSetupState
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response

from provisioning.errors import BadInput, InputFault, NonceUnusable, ProofRefused, TooManyToday
from provisioning.jobs.app_answer import AppAnswer
from provisioning.jobs.app_begin import AppBeginCommand, app_begin
from provisioning.jobs.app_complete import AppCompleteCommand, app_complete
from provisioning.rules.app_proof import VERSION, AppKey, to_base64url
from provisioning.rules.subscriber import subscriber
from web import current
from web.api.strict_json import read_json_object, unknown_member
from web.even_time import hold_refusal
from web.flood import Allowance, FloodGuard

app_api = Blueprint("app_api", __name__, url_prefix="/api/app/v1")

_MOST_BYTES: Final = 8 * 1024
_BEGIN: Final = frozenset({"service_id", "user_id"})
_COMPLETE: Final = _BEGIN | {"nonce", "app_nonce", "origin", "app_key", "mac"}
_JWK: Final = frozenset({"kty", "crv", "x", "y"})
_GUARD: Final = "app flood guard"
_PER_SOURCE: Final = Allowance(burst=60, per_s=2)


@app_api.record_once
def _set_up(state: BlueprintSetupState) -> None:
    state.app.extensions[_GUARD] = FloodGuard(_PER_SOURCE)


@app_api.before_request
def _admit() -> None:
    guard: FloodGuard = current_app.extensions[_GUARD]
    guard.admit(subscriber(current.origin()), current.now())


@app_api.post("/begin")
def begin() -> Response:
    """Salt, iterations and a nonce, alike for IDs that nobody has."""
    sent = _members(_body(), _BEGIN)
    begun = app_begin(current.services(), AppBeginCommand(**_texts(sent)), current.now())
    answer = {"salt": to_base64url(begun.salt), "iterations": begun.iterations, "nonce": begun.nonce}
    needs = {"needs_setup_code": begun.needs_setup_code, "needs_consent": begun.needs_consent}
    return jsonify({"version": VERSION, **answer, **needs, "server_time": _instant(current.now())})


@app_api.post("/complete")
def complete() -> Response:
    """The seed, encrypted to the app's key, for a proof of the activation password."""
    sent = _members(_body(), _COMPLETE)
    app_key = _app_key(sent.pop("app_key"))
    command = AppCompleteCommand(**_texts(sent), app_key=app_key, source=current.origin())
    return jsonify(_answer(app_complete(current.services(), command, current.now())))


@app_api.get("/time")
def time() -> Response:
    """The server's time, for the app's warning about a wrong clock (R26)."""
    return jsonify({"server_time": _instant(current.now())})


@app_api.errorhandler(ProofRefused)
def _refused(_error: ProofRefused) -> tuple[Response, int]:
    hold_refusal()
    return jsonify({"error": "refused"}), 403


@app_api.errorhandler(NonceUnusable)
def _begin_again(_error: NonceUnusable) -> tuple[Response, int]:
    return jsonify({"error": "begin_again"}), 409


@app_api.errorhandler(TooManyToday)
def _too_many(_error: TooManyToday) -> tuple[Response, int]:
    return jsonify({"error": "too_many_today"}), 429


def _answer(answer: AppAnswer) -> dict[str, Any]:
    setting, delivery = answer.setting, answer.delivery
    return {
        "version": VERSION,
        "service_id": setting.service_id,
        "user_id": setting.user_id,
        "nonce": setting.nonce,
        "app_nonce": setting.app_nonce,
        "ticket": delivery.ticket,
        "institution": {"ja": delivery.institution_ja, "en": delivery.institution_en},
        "display_name": current.services().by_service_id(setting.service_id).app.display_name,
        "otp": {
            "type": delivery.otp_type,
            "algorithm": delivery.algorithm,
            "digits": delivery.digits,
            "period_s": delivery.period_s,
        },
        "seed_jwe": delivery.seed_jwe,
        "mac": answer.mac,
        "server_time": _instant(current.now()),
    }


def _body() -> dict[str, Any]:
    """The request's JSON. Raises BadInput naming `body`, RequestEntityTooLarge."""
    body = request.get_data()
    if len(body) > _MOST_BYTES:
        raise RequestEntityTooLarge
    if not request.is_json:
        raise BadInput("body", InputFault.BAD_FORM)
    return read_json_object(body)


def _members(sent: Any, wanted: frozenset[str], within: str = "body") -> dict[str, Any]:
    """An object with exactly the `wanted` members. Raises BadInput naming the first that is not as wanted."""
    if not isinstance(sent, dict):
        raise BadInput(within, InputFault.BAD_FORM)
    for name in sorted(wanted):
        if name not in sent:
            raise BadInput(name, InputFault.MISSING)
    for name in sorted(sent.keys() - wanted):
        raise unknown_member(name, within)
    return sent


def _texts(members: dict[str, Any]) -> dict[str, str]:
    for name, value in members.items():
        if not isinstance(value, str):
            raise BadInput(name, InputFault.BAD_FORM)
    return members


def _app_key(sent: Any) -> AppKey:
    key = _texts(_members(sent, _JWK, "app_key"))
    if (key["kty"], key["crv"]) != ("EC", "P-256"):
        raise BadInput("app_key", InputFault.NOT_OFFERED)
    return AppKey(key["x"], key["y"])


def _instant(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
