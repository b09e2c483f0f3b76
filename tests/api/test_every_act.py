"""Whatever our own pages do for a customer, a bank with pages of its own does through the API."""

from __future__ import annotations

import ast
from pathlib import Path

import web.api.bank
import web.pages

PAGES, API = (Path(package.__path__[0]) for package in (web.pages, web.api.bank))

AT_THE_COUNTER = {
    *("bind_label", "erase_fob", "hand_over", "prove_typed_code", "remove_fob", "set_expiry", "use_as"),
    *("call_back_fob", "close_stock", "receive_fobs", "send_fobs", "take_back", "take_into_stock", "take_range"),
    *("cancel_job", "close_batch", "open_batch", "press_batch", "skip_item"),
    *("invite_station", "revoke_station"),
}
"""Fobs, stock and stations are the branch's, kept in the staff console; the API issues what is in stock."""
OF_OUR_PAGES = {
    *(
        "check_login",
        "use_passkey",
        "check_fallback",
        "follow_demo_link",
        "accept_invitation",
        "invitation_options",
    ),
    *("sign_in_options", "step_up_options", "enrolment_options", "add_passkey", "remove_passkey"),
    *("set_staff_password", "prepare_fallback", "unlock_fallback", "end_staff_session"),
    *("add_staff", "invite_staff", "disable_staff", "enable_staff"),
}
"""They let somebody into pages of ours, or keep them out."""
AMONG_STAFF = {
    *("approval_options", "ask_approval", "give_approval", "refuse_approval", "withdraw_approval", "note_told"),
    *("refuse_without_grant", "signature_holds", "audit_alarms", "export_audit", "hand_out_proof", "show_address"),
}
"""Approval by a second person, from which the API is exempt (R56), and the auditor's work in the staff console."""
CHANGES_NOTHING = {
    *("check_mail_pair", "check_password_pair", "check_soft_entry", "mail_fields", "password_fields"),
    *("fob_fit", "numbering_of", "needs_mail_password"),
}
"""They look at what was typed or at a fob."""


def jobs_of(folder: Path) -> set[str]:
    """The jobs that the modules below call, by name."""
    found = set()
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("provisioning.jobs."):
                found |= {alias.name for alias in node.names if alias.name.islower()}
    return found


def test_every_act_of_a_page_is_an_operation() -> None:
    ours = jobs_of(PAGES)
    assert {"issue_soft", "release", "carry_out_paper", "manage_users"} <= ours
    assert ours - jobs_of(API) - AT_THE_COUNTER - OF_OUR_PAGES - AMONG_STAFF - CHANGES_NOTHING == set()


def test_nothing_is_left_out_that_the_api_has() -> None:
    assert jobs_of(API) & (AT_THE_COUNTER | OF_OUR_PAGES | AMONG_STAFF | CHANGES_NOTHING) == set()
