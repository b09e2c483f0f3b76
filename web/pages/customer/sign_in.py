"""Signing in: login ID and password, then the one-time password once a token is in force (design §7)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from flask import redirect, request, session, url_for
from werkzeug.wrappers import Response

from provisioning.errors import BadInput, ClockUntrusted
from provisioning.jobs.passwords import CheckLoginCommand, check_login
from provisioning.jobs.verify import VerifyCommand, VerifyResult, verify
from provisioning.rules.actor import Actor, ActorKind
from provisioning.rules.otp_input import read_otp
from provisioning.rules.proofs import OtpPurpose
from provisioning.rules.states import CredentialState
from provisioning.rules.verdict import Outcome, Reason
from provisioning.store.queries.own_standing import OwnStanding, own_standing
from web import current, flow, forms, metrics, sessions
from web.even_time import hold_refusal
from web.pages.customer.at_login import page_at_login
from web.pages.customer.guard import CLOSED_DOOR, actor, here, notify, page, portal_blueprint, shut_out
from web.screens import Screen

sign_in_pages = portal_blueprint("portal_sign_in", "")

INSTITUTION_COOKIE: Final = "kagiya-institution"
_HALF: Final = "password_passed"
_HALF_LIFE: Final = timedelta(minutes=5)
_COOKIE_LIFE_S: Final = 365 * 86_400


@sign_in_pages.get("/sign-in/")
def begin() -> str | Response:
    """The institution's own sign-in: the only one, the one used last, or a choice (BLG000)."""
    institutions = current.services().institutions
    last = request.cookies.get(INSTITUTION_COOKIE, "")
    only = next(iter(institutions)) if len(institutions) == 1 else last
    if only in institutions and "choose" not in request.args:
        return redirect(url_for(".show", institution_id=only), 303)
    return page("portal/institutions.html", None, institutions=institutions.values())


@sign_in_pages.get("/sign-in/<institution_id>")
def show(institution_id: str) -> str | Response:
    """BLG001."""
    institution = current.services().institution(institution_id)
    if here() is not None:
        return redirect(url_for("portal_top.show"), 303)
    again = forms.remembered(Screen.LOGIN)
    return page(
        "portal/sign_in.html",
        None,
        institution,
        errors=again.errors,
        values=again.values,
        door=_door(),
        lost=sessions.is_lost(),
        several=len(current.services().institutions) > 1,
    )


@sign_in_pages.post("/sign-in/<institution_id>")
def submit(institution_id: str) -> Response:
    """ログイン. Every refusal has the same words, whoever asks (R09)."""
    institution = current.services().institution(institution_id)
    typed = forms.read_form("login_id", "password")
    again = redirect(url_for(".show", institution_id=institution.id), 303)
    if flow.is_repeat(Screen.LOGIN):
        return again
    session.pop(CLOSED_DOOR, None)
    forms.forget(Screen.LOGIN)
    nobody = Actor(ActorKind.CUSTOMER, "", institution.id, None, current.origin())
    try:
        command = CheckLoginCommand(institution.id, typed["login_id"], typed["password"], nobody)
        result = check_login(current.services(), command, current.now())
    except BadInput as fault:
        forms.refuse(Screen.LOGIN, [(fault.field, fault.fault)], {"login_id": typed["login_id"]})
        return again
    if result.outcome is not Outcome.ACCEPTED or result.customer_id is None:
        hold_refusal()
        forms.refuse(Screen.LOGIN, [("", "login_refused")], {"login_id": typed["login_id"]})
        return again
    own = own_standing(current.services(), institution.id, result.customer_id)
    return again if own is None else _passed(own)


@sign_in_pages.get("/sign-in-code")
def show_code() -> str | Response:
    """BLG002."""
    own = _half()
    if own is None or own.token is None:
        return _back_to_the_password()
    institution = current.services().institution(own.institution_id)
    errors = forms.remembered(Screen.LOGIN_CODE).errors
    replacing = own.successor is not None
    return page("portal/sign_in_code.html", None, institution, errors=errors, token=own.token, replacing=replacing)


@sign_in_pages.post("/sign-in-code")
def submit_code() -> Response:
    """次へ: the one-time password decides."""
    typed = forms.read_form("otp")
    own = _half()
    if own is None or own.token is None:
        return _back_to_the_password()
    if flow.is_repeat(Screen.LOGIN_CODE):
        return redirect(url_for(".show_code"), 303)
    forms.forget(Screen.LOGIN_CODE)
    try:
        read_otp(typed["otp"], own.token.digits)
        command = VerifyCommand(own.institution_id, own.user_id, typed["otp"], actor(own))
        result = verify(current.services(), command, current.now())
        metrics.count_decision("verify", result.outcome.value, result.reason)
    except BadInput as fault:
        return _refuse_code(fault.fault)
    except ClockUntrusted:
        return _refuse_code("unavailable")
    return _judged(own, result)


@sign_in_pages.post("/sign-out")
def sign_out() -> Response:
    """ログアウト."""
    forms.read_form()
    own = here()
    sessions.sign_out(actor(own) if own else None)
    notify("signed_out")
    return redirect(url_for(".begin"), 303)


def _passed(own: OwnStanding) -> Response:
    """The password was right: in, or to the one-time password, or a closed door."""
    if own.is_suspended:
        return shut_out(own, "suspended")
    if own.is_shut_out(current.now()):
        return _shut_out_until(own)
    asked = OtpPurpose.LOGIN in current.services().institution(own.institution_id).asks_otp_at
    if not asked or own.token is None or own.token.state is not CredentialState.ACTIVE:
        return _enter(own)
    sessions.sign_out(None)
    session[_HALF] = [own.institution_id, own.customer_id, current.now().isoformat()]
    return redirect(url_for(".show_code"), 303)


def _enter(own: OwnStanding) -> Response:
    sessions.sign_in(own.customer_id, own.institution_id, actor(own))
    response = redirect(url_for(page_at_login(own)), 303)
    response.set_cookie(
        INSTITUTION_COOKIE,
        own.institution_id,
        max_age=_COOKIE_LIFE_S,
        path="/portal/",
        secure=request.is_secure,
        httponly=True,
        samesite="Lax",
    )
    return response


def _judged(own: OwnStanding, result: VerifyResult) -> Response:
    if result.outcome is Outcome.ACCEPTED:
        return _enter(own)
    if result.suspended_now or result.reason is Reason.SUSPENDED:
        return shut_out(own, "suspended")
    if result.reason is Reason.WAITING:
        return _shut_out_until(own)
    if result.reason in (Reason.WRONG, Reason.USED):
        hold_refusal()
        return _refuse_code("wrong")
    return _refuse_code("unavailable")


def _back_to_the_password() -> Response:
    """Nobody owes a code here; whoever did, and took too long over it, is told so."""
    kept = session.pop(_HALF, None)
    if kept is None:
        return redirect(url_for(".begin"), 303)
    notify("code_too_late")
    return redirect(url_for(".show", institution_id=kept[0]), 303)


def _shut_out_until(own: OwnStanding) -> Response:
    until = {"until": own.login_from.isoformat()} if own.login_from else {}
    return shut_out(own, "waiting", **until)


def _refuse_code(code: str) -> Response:
    forms.refuse(Screen.LOGIN_CODE, [("otp", code)])
    return redirect(url_for(".show_code"), 303)


def _half() -> OwnStanding | None:
    """Whoever gave the right password a short while ago and still owes the code."""
    kept = session.get(_HALF)
    if kept is None or here() is not None:
        return None
    institution_id, customer_id, at = kept
    if current.now() - datetime.fromisoformat(at) >= _HALF_LIFE:
        return None
    return own_standing(current.services(), institution_id, customer_id)


def _door() -> dict[str, Any] | None:
    door: dict[str, Any] | None = session.get(CLOSED_DOOR)
    if door and "until" in door:
        return door | {"until": datetime.fromisoformat(door["until"])}
    return door
