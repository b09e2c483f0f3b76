"""OpenAPI 3.1 of the bank API, made from the operations' data."""

from __future__ import annotations

from itertools import groupby
from typing import Any, Final

from provisioning.rules.bank_scopes import BankScope
from web.api.bank.errors import ERRORS, EVERYWHERE, OF_POSTS
from web.api.bank.fields import MOST_LISTED, POST, PREFIX, Field, Operation
from web.api.bank.once import HEADER, KEY, REPLAYED
from web.api.bank.operations import OPERATIONS
from web.api.bank.schemas import TEXT, Schema, closed, schemas

_JSON: Final = "application/json"
_KEY: Final[Schema] = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "A text of your own for this act, a UUID for instance. The same request of the same client "
    f"under the same key is done once and answered alike for 24 hours (`{REPLAYED}: true` says so).",
    "schema": TEXT | {"pattern": f"^{KEY.pattern}$"},
    "example": "8e6c1f0a-5b0e-4d58-9f0e-6f2f2b7d3a11",
}
_SCOPES: Final = (
    "The API key that `kagiya bank-client add` printed. It reaches the scopes it was made with; an operation's "
    f"security requirement names the one it takes. Scopes: {', '.join(BankScope)}."
)


def openapi() -> Schema:
    """The document."""
    paths: dict[str, Schema] = {}
    for name, operation in OPERATIONS.items():
        paths.setdefault(PREFIX + operation.path, {})[operation.method.lower()] = _operation(name, operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": "kagiya bank API", "version": "1"},
        "paths": paths,
        "components": {
            "schemas": schemas(),
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": _SCOPES}},
        },
    }


def _operation(name: str, operation: Operation) -> Schema:
    told: Schema = {
        "operationId": name,
        "summary": operation.about,
        "security": [{"key": [operation.scope]}],
        "parameters": _parameters(operation),
        "responses": {str(operation.status): _success(operation), **_refusals(operation)},
    }
    if operation.method == POST:
        content = {_JSON: {"schema": _object(operation), "examples": _asks(operation)}}
        told["requestBody"] = {"required": True, "content": content}
    return told


def _parameters(operation: Operation) -> list[Schema]:
    if operation.method == POST:
        return [_KEY]
    return [_parameter(name, wanted, operation) for name, wanted in operation.fields.items()]


def _parameter(name: str, wanted: Field, operation: Operation) -> Schema:
    in_path = f"{{{name}}}" in operation.path
    return {
        "name": name,
        "in": "path" if in_path else "query",
        "required": in_path or wanted.required,
        "description": wanted.about,
        "schema": _bounds(wanted),
        "example": wanted.example,
    }


def _object(operation: Operation) -> Schema:
    required = tuple(name for name, wanted in operation.fields.items() if wanted.required)
    return closed(required, **{name: _field(wanted) for name, wanted in operation.fields.items()})


def _field(wanted: Field) -> Schema:
    told = _bounds(wanted) | {"description": wanted.about}
    if wanted.secret:
        told["writeOnly"] = True
    return told


def _bounds(wanted: Field) -> Schema:
    told: Schema = TEXT | {"minLength": 1, "maxLength": wanted.most}
    if wanted.pattern:
        told["pattern"] = wanted.pattern
    if wanted.choices:
        told["enum"] = list(wanted.choices)
    return {"type": "array", "items": told, "minItems": 1, "maxItems": MOST_LISTED} if wanted.many else told


def _asks(operation: Operation) -> Schema:
    """Whole requests by name."""
    examples: Schema = {
        name: [wanted.example] if wanted.many else wanted.example
        for name, wanted in operation.fields.items()
        if wanted.example
    }
    ids = {name: examples[name] for name in ("service_id", "user_id")}
    whole = {name: ids | dict(asked) for name, asked in operation.asks.items()} or {"request": examples}
    return {name: {"value": value} for name, value in whole.items()}


def _success(operation: Operation) -> Schema:
    headers = {
        REPLAYED: {"description": "Told before, under the same idempotency key.", "schema": {"enum": ["true"]}}
    }
    return {
        "description": "Done.",
        "content": {
            _JSON: {
                "schema": {"$ref": f"#/components/schemas/{operation.answer}"},
                "examples": {"answer": {"value": dict(operation.example)}},
            }
        },
        **({"headers": headers} if operation.method == POST else {}),
    }


def _refusals(operation: Operation) -> dict[str, Schema]:
    """By status: which codes come with it, each with what it means and how it looks."""
    codes = {*EVERYWHERE, *operation.refusals, *(OF_POSTS if operation.method == POST else ())}
    by_status = groupby((code for code in ERRORS if code in codes), key=lambda code: ERRORS[code].status)
    return {str(status): _refusal(list(of_status)) for status, of_status in by_status}


def _refusal(codes: list[str]) -> Schema:
    examples: dict[str, Any] = {code: {"value": {"error": code, **ERRORS[code].facts}} for code in codes}
    only = {"properties": {"error": {"enum": codes}}}
    schema = {"allOf": [{"$ref": "#/components/schemas/Error"}, only]}
    return {
        "description": " ".join(f"`{code}`: {ERRORS[code].about}" for code in codes),
        "content": {_JSON: {"schema": schema, "examples": examples}},
    }
