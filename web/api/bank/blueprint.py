"""The bank API: what `operations` lists. The authenticated bank gets reasons, not only outcomes (R09)."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, jsonify
from flask.sansio.blueprints import BlueprintSetupState
from werkzeug.wrappers import Response

from provisioning.errors import NotAuthentic
from web.api.bank.acts import act_of
from web.api.bank.calls import CALLS, CLIENTS, PER_STRANGER, PER_USER, STRANGERS, call_of
from web.api.bank.fields import PREFIX, Operation
from web.api.bank.known_clients import KnownClients
from web.api.bank.once import answer
from web.api.bank.openapi import openapi
from web.api.bank.operations import OPERATIONS
from web.flood import FloodGuard

bank_api = Blueprint("bank_api", __name__, url_prefix=PREFIX)


@bank_api.record_once
def _set_up(state: BlueprintSetupState) -> None:
    state.app.extensions[CALLS] = FloodGuard(PER_USER)
    state.app.extensions[STRANGERS] = FloodGuard(PER_STRANGER)
    state.app.extensions[CLIENTS] = KnownClients()


@bank_api.get("/openapi.json")
def describe() -> Response:
    """OpenAPI 3.1 of this API."""
    return jsonify(openapi())


@bank_api.errorhandler(NotAuthentic)
def _not_believed(error: NotAuthentic) -> tuple[Response, int, dict[str, str]]:
    """Which keys exist is nobody's business: every wrong key gets the same answer."""
    return jsonify({"error": "not_authentic"}), 401, {"WWW-Authenticate": "Bearer"}


def _view(operation: Operation, name: str) -> Callable[..., Response]:
    def view(**parts: str) -> Response:
        return answer(operation, call_of(operation, parts), act_of(name))

    return view


for _name, _operation in OPERATIONS.items():
    _rule = _operation.path.replace("{", "<").replace("}", ">")
    _respond = _view(_operation, _name)
    _endpoint = f"{_operation.method.lower()}_{_name}"  # what the metrics count it under
    bank_api.add_url_rule(_rule, _endpoint, _respond, methods=[_operation.method])
