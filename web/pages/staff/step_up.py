"""Showing anew who sits there, before something that counts (R57); by what they signed in with."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from flask import Blueprint, redirect, url_for
from werkzeug.exceptions import Forbidden
from werkzeug.wrappers import Response

from provisioning.errors import ClockUntrusted, PasskeyRefused
from provisioning.jobs.check_fallback import CheckFallbackCommand, check_fallback
from provisioning.jobs.passkey_options import step_up_options
from provisioning.jobs.use_passkey import UsePasskeyCommand, use_passkey
from provisioning.rules.staff_proof import SignInProof
from web import current, forms, sessions
from web.even_time import hold_refusal
from web.pages.staff import account_words, going_on, passkeys
from web.pages.staff.desk import Desk, at_desk, page
from web.pages.staff.sign_in import first_page, on_loopback
from web.screens import Screen

step_up = Blueprint("staff_step_up", __name__, url_prefix="/staff/step-up")


@step_up.get("/")
@at_desk()
def show(desk: Desk) -> str:
    """Why it is asked, and with what it is answered."""
    again = forms.remembered(Screen.STAFF_STEP_UP, account_words.fault)
    waiting = going_on.interrupted()
    return page("staff/step_up.html", desk, proof=sessions.proof(), waiting=waiting, errors=again.errors)


@step_up.get("/on")
@at_desk()
def go_on(desk: Desk) -> str | Response:
    """What was interrupted is sent as it was typed."""
    waiting = going_on.interrupted()
    going_on.forget()
    if waiting is None:
        return redirect(url_for(first_page(desk.staff.role)), 303)
    if waiting.fields is None:
        return redirect(waiting.path, 303)
    return page("staff/step_up_on.html", desk, waiting=waiting)


@step_up.post("/options")
@at_desk()
def passkey_options(desk: Desk) -> Response:
    """What the browser is to sign."""
    forms.read_form()
    return passkeys.ask(step_up_options(current.services(), desk.staff.id, current.now()))


@step_up.post("/passkey")
@at_desk()
def by_passkey(desk: Desk) -> Response:
    """パスキーで確認する."""
    typed = forms.read_form(passkeys.RESPONSE_FIELD)
    response, origin = typed[passkeys.RESPONSE_FIELD], current.origin()
    command = UsePasskeyCommand(passkeys.challenge(), response, origin, desk.staff.id)
    return _answer(desk, SignInProof.PASSKEY, partial(_passkey_fault, command))


@step_up.post("/fallback")
@at_desk()
def by_fallback(desk: Desk) -> Response:
    """パスワードとワンタイムパスワードで確認する."""
    typed = forms.read_form("password", "otp")
    command = CheckFallbackCommand("", typed["password"], typed["otp"], current.origin(), desk.staff.id)
    return _answer(desk, SignInProof.FALLBACK, partial(_fallback_fault, command))


@step_up.post("/demo")
@at_desk()
def by_demo(desk: Desk) -> Response:
    """確認する, where everything is a demonstration on one machine."""
    forms.read_form()
    if not (current.services().settings.server.demo and on_loopback()):
        raise Forbidden
    return _answer(desk, SignInProof.DEMO, lambda: "")


_FORM: Final = Screen.STAFF_STEP_UP


def _answer(desk: Desk, proof: SignInProof, find_fault: Callable[[], str]) -> Response:
    """By nothing weaker, and nothing else, than what they signed in with."""
    if sessions.proof() is not proof:
        raise Forbidden
    fault = find_fault()
    if fault:
        hold_refusal()
        forms.refuse(_FORM, [("", fault)])
        return redirect(url_for(".show"), 303)
    forms.forget(_FORM)
    sessions.step_up(desk.actor)
    return redirect(url_for(".go_on"), 303)


def _passkey_fault(command: UsePasskeyCommand) -> str:
    try:
        use_passkey(current.services(), command, current.now())
    except PasskeyRefused as refused:
        return passkeys.refusal(refused)
    return ""


def _fallback_fault(command: CheckFallbackCommand) -> str:
    try:
        return "" if check_fallback(current.services(), command, current.now()) else "fallback_refused"
    except ClockUntrusted:
        return "unavailable"
