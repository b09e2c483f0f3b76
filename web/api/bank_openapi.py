"""OpenAPI 3.1 of the bank API, made from the operations' data."""

from __future__ import annotations

from typing import Any, Final

from provisioning.rules.states import EndedHow, TokenKind
from web.api.bank_operations import OPERATIONS, OUTCOMES, PREFIX, REASONS, STATES, Field, Operation

Schema = dict[str, Any]

_TEXT: Final[Schema] = {"type": "string"}


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
            "schemas": _schemas(),
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"key": []}],
    }


def _operation(name: str, operation: Operation) -> Schema:
    answers = {str(operation.status): _answer("Done.", operation.answer)}
    answers |= {status: _answer(about, "Error") for status, about in _ERRORS.items()}
    if operation.conflicts:
        answers["409"] = _answer(
            "The token is not where this act needs it, somebody was first, or the fob cannot hold such a token.",
            "Error",
        )
    told: Schema = {"operationId": name, "summary": operation.about, "responses": answers}
    if operation.method == "POST":
        content = {"application/json": {"schema": _object(operation)}}
        told["requestBody"] = {"required": True, "content": content}
    else:
        told["parameters"] = [
            {"name": name, "in": "path", "required": True, "schema": _TEXT} for name in ("service_id", "user_id")
        ]
    return told


def _object(operation: Operation) -> Schema:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [name for name, wanted in operation.fields.items() if wanted.required],
        "properties": {name: _field(wanted) for name, wanted in operation.fields.items()},
    }


def _field(wanted: Field) -> Schema:
    told: Schema = {"type": "string", "description": wanted.about, "minLength": 1, "maxLength": wanted.most}
    if wanted.choices:
        told["enum"] = list(wanted.choices)
    if wanted.secret:
        told["writeOnly"] = True
    return told


def _answer(about: str, schema: str) -> Schema:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {"description": about, "content": content}


def _schemas() -> dict[str, Schema]:
    nullable: Schema = {"type": ["string", "null"]}
    # where apps are set up with a code, too: told this once, for the page of the customer who is signed in
    code: Schema = {"setup_code": _TEXT, "setup_until": _TEXT | {"format": "date-time"}}
    return {
        "Decision": _closed(("outcome",), outcome={"enum": list(OUTCOMES)}, reason={"enum": list(REASONS)}),
        "Issued": _closed(("credential_id", "state"), credential_id=_TEXT, state={"enum": list(STATES)}, **code),
        "Applied": _closed(("application_id", "number"), application_id=_TEXT, number=_TEXT),
        "State": _closed(
            ("state", "credential_id"),
            state={"enum": list(STATES)},
            credential_id=nullable,
            kind={"enum": [kind.value for kind in TokenKind]},
            ended_how={"enum": [how.value for how in EndedHow]},
            expires_at=_TEXT | {"format": "date-time", "description": "From then on its codes do not count."},
            **code,
        ),
        "Error": _closed(("error",), error=_TEXT, field=_TEXT, fault=_TEXT, what=_TEXT, state=_TEXT, until=_TEXT),
    }


def _closed(required: tuple[str, ...], **properties: Schema) -> Schema:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(required),
        "properties": properties,
    }


_ERRORS: Final = {
    "401": "No key, or none that we know.",
    "404": "No such institution for this key, user, fob or credential.",
    "422": "A member of the body is missing, unknown or malformed; `field` names it. Nothing was counted.",
    "429": "Too many requests at once.",
    "503": "The database, the vault or the clock cannot be relied upon; nothing was decided.",
}
