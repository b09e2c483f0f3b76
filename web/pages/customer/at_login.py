"""Where signing in leads: to the top page, or to an issuance that opens by itself or is under way."""

from __future__ import annotations

from typing import Final

from provisioning.rules.issuance import OpensAtLogin
from provisioning.rules.states import CredentialState, TokenKind
from provisioning.store.queries.own_standing import OwnStanding
from web.pages.customer.choose import choices
from web.pages.customer.guard import institution
from web.pages.customer.waiting import is_in_one_sitting

_TOP: Final = "portal_top.show"


def page_at_login(own: OwnStanding) -> str:
    """The endpoint."""
    opens = institution(own).issuance.opens_at_login
    if opens is OpensAtLogin.NEVER:
        return _TOP
    if is_in_one_sitting(own):
        return "portal_waiting.show"
    token = own.pending
    if token is not None and token.kind is TokenKind.SOFT and token.state in _UNDER_WAY:
        return _UNDER_WAY[token.state]
    if own.token is not None and own.application is None:
        return _TOP
    if choices(own).issue is not None or own.has_applied_for(TokenKind.HARD):
        return _TOP
    return "portal_choose.kind"


_UNDER_WAY: Final = {CredentialState.ISSUED: "portal_soft.done", CredentialState.SET_UP: "portal_activate.show"}
