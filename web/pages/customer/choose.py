"""What to apply for (BOP001), and which kind of token (BOT010)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from flask import redirect, url_for
from werkzeug.wrappers import Response

from provisioning.rules.states import CredentialState, FobState, TokenKind
from provisioning.store.queries.own_standing import OwnStanding, OwnToken
from web import current, flow, forms, wording
from web.pages.customer.guard import institution, notify, page, portal_blueprint, signed_in
from web.screens import Screen

choose = portal_blueprint("portal_choose", "/token")


_FIRST: Final = {TokenKind.SOFT: "portal_soft.entry", TokenKind.HARD: "portal_hard.check"}


@dataclass(frozen=True, slots=True)
class Choices:
    """Which of BOP001's three acts can be done now; where not, a code for the reason, told under the button."""

    issue: str | None
    activate: str | None
    release: str | None


@choose.get("/")
@signed_in
def acts(own: OwnStanding) -> str:
    """BOP001. Whoever is here has left the forms: what was refused there is not told again."""
    forms.forget(Screen.ACTIVATE, Screen.RELEASE, Screen.SOFT_CHECK, Screen.WAITING, Screen.SOFT_AGAIN)
    state = wording.state(own.token.state if own.token else None, institution(own))
    notes = wording.note_groups(institution(own))
    return page("portal/acts.html", own, choices=choices(own), state=state, note_groups=notes)


@choose.get("/kind")
@signed_in
def kind(own: OwnStanding) -> str | Response:
    """BOT010; where one kind alone is offered or was applied for, its own first screen."""
    if choices(own).issue:
        notify("not_now")
        return redirect(url_for(".acts"), 303)
    if own.has_applied_for(TokenKind.SOFT):
        return redirect(url_for(_FIRST[TokenKind.SOFT]), 303)
    kinds = institution(own).kinds
    if len(kinds) == 1:
        return redirect(url_for(_FIRST[kinds[0]]), 303)
    return page("portal/kind.html", own, kinds=kinds, kind=TokenKind)


@choose.post("/cancel")
@signed_in
def cancel(own: OwnStanding) -> Response:
    """申込を中止する: whatever was typed is forgotten, nothing has changed."""
    forms.read_form()
    flow.forget_everything()
    notify("cancelled")
    return redirect(url_for(".acts"), 303)


def choices(own: OwnStanding) -> Choices:
    """What the customer may do, and why not."""
    return Choices(_issue(own), _activate(own), _release(own.token))


def _issue(own: OwnStanding) -> str | None:
    if own.token is not None and not own.may_replace:
        return "has_token" if own.successor is None else "has_successor"
    if own.is_restricted:
        return "restricted"
    if own.must_wait(current.now()):
        return "must_wait"
    needs_application = institution(own).issuance.needs_application
    return "apply_at_counter" if needs_application and not own.has_applied_for(TokenKind.SOFT) else None


def _activate(own: OwnStanding) -> str | None:
    token = own.pending
    if token is None:
        if own.has_applied_for(TokenKind.HARD):
            return "fob_not_handed_over"
        return "fob_released" if own.has_released_fob else "no_token"
    if token.state is CredentialState.ACTIVE:
        return "in_use"
    if token.state is CredentialState.SUSPENDED:
        return "successor_suspended"
    if token.state is CredentialState.ISSUED:
        return "app_not_set_up" if token.kind is TokenKind.SOFT else "fob_not_ready"
    if token.fob_state is FobState.PROGRAMMED:
        return "fob_not_handed_over"
    return None


def _release(token: OwnToken | None) -> str | None:
    if token is None:
        return "no_token"
    return None if token.state is CredentialState.ACTIVE else "not_in_use"
