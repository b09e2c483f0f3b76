"""The schemas of the bank API's answers."""

from __future__ import annotations

from typing import Any, Final

from provisioning.errors import InputFault
from provisioning.rules.address_use import AddressUse
from provisioning.rules.company import CompanyAct, CompanyRole, UserOutcome
from provisioning.rules.institution import Activation, Replacement
from provisioning.rules.papers import IdentityCheck, PaperAct, PaperKind, PaperState
from provisioning.rules.proofs import OtpPurpose
from provisioning.rules.states import CredentialState, EndedHow, TokenKind
from provisioning.rules.verdict import Outcome, Reason
from web.api.bank.meanings import FAULTS, REASONS, described

Schema = dict[str, Any]

TEXT: Final[Schema] = {"type": "string"}
_INSTANT: Final[Schema] = TEXT | {"format": "date-time"}


_ID: Final[Schema] = TEXT | {"pattern": "^[0-9a-f]{32}$"}
_YEN: Final[Schema] = {"type": "integer", "minimum": 0}
_STATE: Final[Schema] = {"enum": ["none", *CredentialState]}
_DECISION: Final[Schema] = {
    "outcome": {"enum": list(Outcome)},
    "reason": {"enum": list(Reason), "description": described(REASONS)},
}
# where apps are set up with a code, too: told this once, for the page of the customer who is signed in
_SETUP: Final[Schema] = {"setup_code": TEXT, "setup_until": _INSTANT}


def schemas() -> dict[str, Schema]:
    """By name. An answer has no members but these."""
    subjects = (_of_tokens, _of_institutions, _of_papers, _of_mail_and_money, _of_companies)
    found = {name: schema for subject in subjects for name, schema in subject().items()}
    return found | {"Error": _error()}


def _of_tokens() -> dict[str, Schema]:
    state = closed(
        ("state", "credential_id"),
        state=_STATE,
        credential_id=_ID | {"type": ["string", "null"]},
        kind={"enum": list(TokenKind)},
        ended_how={"enum": list(EndedHow)},
        expires_at=_INSTANT | {"description": "From then on its codes do not count."},
        successor=closed(
            ("credential_id", "kind", "state"),
            credential_id=_ID,
            kind={"enum": list(TokenKind)},
            state={"enum": list(CredentialState)},
        ),
        application=TEXT | {"description": "Number of an application that is open."},
        issue_restricted={"const": True, "description": "No further token until the restriction is lifted."},
        issuable_from=_INSTANT | {"description": "No token is issued before."},
        may_log_in_from=_INSTANT | {"description": "No login before, after a revocation."},
        may_replace={"const": True, "description": "A token that is to replace the one in use can be issued."},
        uses_mail_password={"const": True},
        transfer_limit_yen=_YEN | {"description": "Where the limit is kept here."},
        **_SETUP,
    )
    event = closed(
        ("number", "at", "user_id", "credential_id", "ended_how"),
        number={"type": "integer", "minimum": 1},
        at=_INSTANT,
        user_id=TEXT,
        credential_id=_ID,
        ended_how={"enum": list(EndedHow)},
        limit_cap_yen=_YEN,
        limit_from_yen=_YEN,
    )
    return {
        "Decision": closed(("outcome",), **_DECISION),
        "Issued": closed(("credential_id", "state"), credential_id=_ID, state=_STATE, **_SETUP),
        "Applied": closed(("application_id", "number"), application_id=_ID, number=TEXT),
        "State": state,
        "Events": closed(("events",), events=_list(event)),
    }


def _of_institutions() -> dict[str, Schema]:
    members: Schema = {
        "name": closed(("ja", "en"), ja=TEXT, en=TEXT),
        "kinds": _list({"enum": list(TokenKind)}),
        "digits": {"type": "integer"},
        "activation": {"enum": list(Activation)},
        "replacement": {"enum": list(Replacement)},
        "asks_otp_at": _list({"enum": list(OtpPurpose)}),
        "mail_password": {"type": "boolean"},
        "companies": {"type": "boolean"},
        "papers": _list({"enum": list(PaperKind)}),
    }
    return {"Institution": closed(tuple(members), **members, transfer_limit_cap_yen=_YEN)}


def _of_papers() -> dict[str, Schema]:
    paper = closed(
        ("paper_id", "kind", "form_number", "identity_check", "state", "taken_at"),
        paper_id=_ID,
        kind={"enum": list(PaperKind)},
        form_number=TEXT,
        identity_check={"enum": list(IdentityCheck)},
        note=TEXT,
        state={"enum": list(PaperState)},
        act={"enum": list(PaperAct)},
        refusal=TEXT,
        taken_at=_INSTANT,
        closed_at=_INSTANT,
    )
    return {"Paper": paper, "Papers": closed(("papers",), papers=_list(_reference("Paper")))}


def _of_mail_and_money() -> dict[str, Schema]:
    account = dict.fromkeys(("bank", "branch", "account_number", "holder"), TEXT)
    address = closed(
        ("use", "masked_address"),
        use={"enum": list(AddressUse)},
        masked_address=TEXT,
        retired_at=_INSTANT | {"description": "Not needed since then, and still told of what happens."},
    )
    return {
        "Addresses": closed(("addresses",), addresses=_list(address)),
        "Sent": closed(("mail_id",), mail_id=_ID),
        "Proposed": closed(("outcome",), **_DECISION, address_id=_ID),
        "Transferred": closed(("outcome",), **_DECISION, number=TEXT),
        "Payee": closed(("payee_id", *account), payee_id=_ID, **account),
        "TransferDesk": closed(("payees",), left_yen=_YEN, payees=_list(_reference("Payee"))),
    }


def _of_companies() -> dict[str, Schema]:
    result = closed(
        ("login_id", "credential_id", "result", "state"),
        login_id=TEXT,
        credential_id=_ID,
        result={"enum": list(UserOutcome)},
        state={"enum": list(CredentialState)},
        may_log_in_from=_INSTANT,
        earlier_at=_INSTANT,
        earlier_by=TEXT,
    )
    user = closed(
        ("login_id", "name", "role", "credential_id", "state", "open_to"),
        login_id=TEXT,
        name=TEXT,
        role={"enum": list(CompanyRole)},
        credential_id=_ID | {"type": ["string", "null"]},
        state=_STATE,
        open_to=_list({"enum": list(CompanyAct)}),
    )
    return {
        "Managed": closed(("outcome", "users"), **_DECISION, users=_list(result)),
        "Company": closed(("name", "users"), name=TEXT, users=_list(user)),
    }


def _error() -> Schema:
    texts = ("field", "what", "state", "scope", "kind", "limit", "asked", "allowed")
    return closed(
        ("error",),
        error=TEXT | {"description": "One of the codes that the status is described with."},
        fault={"enum": list(InputFault), "description": described(FAULTS)},
        until=_INSTANT,
        limit_yen=_YEN,
        left_yen=_YEN,
        **dict.fromkeys(texts, TEXT),
    )


def _list(of: Schema) -> Schema:
    return {"type": "array", "items": of}


def _reference(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def closed(required: tuple[str, ...], **properties: Schema) -> Schema:
    """An object with these members and no others."""
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(required),
        "properties": properties,
    }
