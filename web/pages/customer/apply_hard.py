"""A key fob: check (BOH001) and the application's number (BOH002); the branch fulfils it (design §7)."""

from __future__ import annotations

from flask import redirect, url_for
from werkzeug.wrappers import Response

from provisioning.errors import AlreadyTaken, IssueRestricted, WrongState
from provisioning.jobs.apply import ApplyCommand, apply
from provisioning.jobs.cancel_application import CancelApplicationCommand, cancel_application
from provisioning.rules.states import TokenKind
from provisioning.store.queries.own_standing import OwnStanding
from web import current, flow, forms
from web.pages.customer.choose import choices
from web.pages.customer.guard import actor, institution, notify, page, portal_blueprint, signed_in
from web.screens import Screen

hard = portal_blueprint("portal_hard", "/token/hard")


@hard.get("/")
@signed_in
def check(own: OwnStanding) -> str | Response:
    """BOH001."""
    elsewhere = _elsewhere(own)
    return elsewhere or page("portal/hard_check.html", own)


@hard.post("/")
@signed_in
def confirm(own: OwnStanding) -> Response:
    """申し込む."""
    forms.read_form()
    elsewhere = _elsewhere(own)
    if flow.is_repeat(Screen.HARD_CHECK) or elsewhere is not None:
        return elsewhere or redirect(url_for(".check"), 303)
    try:
        command = ApplyCommand(own.institution_id, own.customer_id, TokenKind.HARD, actor(own))
        apply(current.services(), command, current.now())
    except (AlreadyTaken, WrongState):
        notify("already_taken")
        return redirect(url_for("portal_choose.acts"), 303)
    except IssueRestricted:
        notify("restricted")
        return redirect(url_for("portal_choose.acts"), 303)
    return redirect(url_for(".done"), 303)


@hard.get("/done")
@signed_in
def done(own: OwnStanding) -> str | Response:
    """BOH002; there as long as the application is open."""
    if not _is_waiting(own):
        return redirect(url_for("portal_choose.acts"), 303)
    return page("portal/hard_done.html", own, application=own.application)


@hard.post("/withdraw")
@signed_in
def withdraw(own: OwnStanding) -> Response:
    """お申込を取り消す."""
    forms.read_form()
    if not flow.is_repeat(Screen.HARD_DONE) and own.application is not None and _is_waiting(own):
        command = CancelApplicationCommand(own.institution_id, own.application.id, actor(own), own.customer_id)
        try:
            cancel_application(current.services(), command, current.now())
            notify("application_withdrawn")
        except WrongState:
            notify("already_taken")
    return redirect(url_for("portal_choose.acts"), 303)


def _is_waiting(own: OwnStanding) -> bool:
    return own.has_applied_for(TokenKind.HARD)


def _elsewhere(own: OwnStanding) -> Response | None:
    if _is_waiting(own):
        return redirect(url_for(".done"), 303)
    if TokenKind.HARD in institution(own).kinds and own.application is None and choices(own).issue is None:
        return None
    notify("not_now")
    return redirect(url_for("portal_choose.acts"), 303)
