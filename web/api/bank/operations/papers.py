"""Operations on paper requests, and on the restriction that is lifted on paper alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from provisioning.rules.bank_scopes import BankScope
from provisioning.rules.papers import NOTE_LENGTH, IdentityCheck, PaperAct, PaperKind
from web.api.bank.fields import CREDENTIAL_ID, GET, IDS, Field, Operation
from web.faults import FaultName

_FORM: Final = {
    "form_number": Field("The number on the form: capital letters, digits and hyphens.", "W-260017", most=32),
    "identity_check": Field("How whoever handed it in was identified.", "photo_id", choices=tuple(IdentityCheck)),
}
_PAPER: Final = {"paper_id": Field("Which paper.", CREDENTIAL_ID, most=32)}
_TAKEN: Final = {
    "paper_id": CREDENTIAL_ID,
    "kind": "suspension",
    "form_number": "W-260017",
    "identity_check": "photo_id",
    "state": "open",
    "taken_at": "2026-11-20T03:00:00+00:00",
}

PAPERS: Final[Mapping[str, Operation]] = {
    "take_paper": Operation(
        "Take a paper request in. Nothing follows from it yet.",
        "/papers",
        BankScope.PAPERS,
        "Paper",
        _TAKEN,
        status=201,
        fields=IDS
        | {
            "kind": Field(
                "What it is for: one that the institution takes.", "suspension", choices=tuple(PaperKind)
            )
        }
        | _FORM
        | {"note": Field("One line for the record.", "電話で確認済", required=False, most=NOTE_LENGTH)},
        refusals=(FaultName.ALREADY_TAKEN,),
    ),
    "carry_out_paper": Operation(
        "Do what a paper asks for and close it, both or neither.",
        "/papers/carry-out",
        BankScope.PAPERS,
        "Paper",
        _TAKEN | {"state": "done", "act": "lift_suspension", "closed_at": "2026-11-20T03:05:00+00:00"},
        fields=IDS
        | _PAPER
        | {
            "act": Field(
                "What follows: one that belongs to its kind.", "lift_suspension", choices=tuple(PaperAct)
            ),
            "credential_id": Field(
                "The token that it is about, as you saw it; where the act is about one.",
                CREDENTIAL_ID,
                required=False,
                most=32,
            ),
        },
        refusals=(FaultName.WRONG_STATE,),
    ),
    "refuse_paper": Operation(
        "Close a paper without anything done.",
        "/papers/refuse",
        BankScope.PAPERS,
        "Paper",
        _TAKEN | {"state": "refused", "refusal": "本人確認不可", "closed_at": "2026-11-20T03:05:00+00:00"},
        fields=IDS | _PAPER | {"refusal": Field("Why, in one line.", "本人確認不可", most=NOTE_LENGTH)},
        refusals=(FaultName.WRONG_STATE,),
    ),
    "papers": Operation(
        "The customer's paper requests: open ones first, then the newest outcome; at most 50.",
        "/papers/{service_id}/{user_id}",
        BankScope.PAPERS,
        "Papers",
        {"papers": [_TAKEN]},
        method=GET,
        fields=IDS,
    ),
    "lift_restriction": Operation(
        "Lift the restriction of issuances on a paper: as taking it in and carrying it out.",
        "/restriction/lift",
        BankScope.RESTRICT,
        "Paper",
        _TAKEN
        | {
            "kind": "issue_restriction",
            "state": "done",
            "act": "lift_restriction",
            "closed_at": "2026-11-20T03:05:00+00:00",
        },
        fields=IDS | _FORM,
        refusals=(FaultName.ALREADY_TAKEN, FaultName.WRONG_STATE),
    ),
}
