"""The schemas of the bank API's answers."""

from __future__ import annotations

from typing import Any, Final

from provisioning.errors import InputFault
from provisioning.rules.states import EndedHow, TokenKind
from web.api.bank.operations import OUTCOMES, REASONS, STATES

Schema = dict[str, Any]

TEXT: Final[Schema] = {"type": "string"}
_INSTANT: Final[Schema] = TEXT | {"format": "date-time"}


def schemas() -> dict[str, Schema]:
    """By name. An answer has no members but these."""
    # where apps are set up with a code, too: told this once, for the page of the customer who is signed in
    code: Schema = {"setup_code": TEXT, "setup_until": _INSTANT}
    credential_id = TEXT | {"pattern": "^[0-9a-f]{32}$"}
    return {
        "Decision": closed(("outcome",), outcome={"enum": list(OUTCOMES)}, reason={"enum": list(REASONS)}),
        "Issued": closed(
            ("credential_id", "state"), credential_id=credential_id, state={"enum": list(STATES)}, **code
        ),
        "Applied": closed(("application_id", "number"), application_id=TEXT, number=TEXT),
        "State": closed(
            ("state", "credential_id"),
            state={"enum": list(STATES)},
            credential_id=credential_id | {"type": ["string", "null"]},
            kind={"enum": [kind.value for kind in TokenKind]},
            ended_how={"enum": [how.value for how in EndedHow]},
            expires_at=_INSTANT | {"description": "From then on its codes do not count."},
            **code,
        ),
        "Error": closed(
            ("error",),
            error=TEXT | {"description": "One of the codes that the status is described with."},
            fault={"enum": [fault.value for fault in InputFault]},
            until=_INSTANT,
            **dict.fromkeys(("field", "what", "state", "scope", "kind", "limit", "asked", "allowed"), TEXT),
        ),
    }


def closed(required: tuple[str, ...], **properties: Schema) -> Schema:
    """An object with these members and no others."""
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(required),
        "properties": properties,
    }
