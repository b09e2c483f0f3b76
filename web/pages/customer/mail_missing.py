"""The mail does not come, or its address was wrong (BOT004): send again, with a new ticket (R68)."""

from __future__ import annotations

from flask import redirect, url_for
from werkzeug.wrappers import Response

from provisioning.errors import BadInput, TooEarly, WrongState
from provisioning.jobs.cancel_issuance import CancelIssuanceCommand, cancel_issuance
from provisioning.jobs.check_soft_entry import (
    SoftEntry,
    check_mail_pair,
    check_password_pair,
    mail_fields,
    password_fields,
)
from provisioning.jobs.resend_issue_mail import ResendIssueMailCommand, resend_issue_mail
from provisioning.rules.states import CredentialState, TokenKind
from provisioning.store.queries.own_standing import OwnStanding, OwnToken
from web import current, flow, forms
from web.languages import language
from web.pages.customer import issued
from web.pages.customer.confirm import CONFIRMATION, confirmation_faults
from web.pages.customer.guard import actor, institution, notify, page, portal_blueprint, signed_in
from web.screens import Screen

mail_missing = portal_blueprint("portal_mail", "/token/soft/mail")


@mail_missing.get("/")
@signed_in
def show(own: OwnStanding) -> str | Response:
    """BOT004."""
    token = _waiting_token(own)
    if token is None:
        return _elsewhere()
    again = forms.remembered(Screen.MAIL_MISSING)
    return page("portal/mail_missing.html", own, token=token, errors=again.errors, values=again.values)


@mail_missing.post("/resend")
@signed_in
def resend(own: OwnStanding) -> Response:
    """同じ宛先にもう一度送る."""
    forms.read_form()
    token = _waiting_token(own)
    if token is None:
        return _elsewhere()
    if flow.is_repeat(Screen.MAIL_MISSING):
        return redirect(url_for(".show"), 303)
    return _resend(own, token, {})


@mail_missing.post("/change")
@signed_in
def change(own: OwnStanding) -> Response:
    """内容を変えて送る: another address, another activation password, or both."""
    mail, password = mail_fields(institution(own)), password_fields(institution(own))
    typed = forms.read_form(*mail, *password, CONFIRMATION)
    token = _waiting_token(own)
    if token is None:
        return _elsewhere()
    if flow.is_repeat(Screen.MAIL_MISSING):
        return redirect(url_for(".show"), 303)
    pairs = {name: typed[name] for name in (*mail, *password)}
    entry = SoftEntry(own.institution_id, own.user_id, **pairs)
    faults: list[BadInput] = []
    if any(typed[name] for name in mail) or not any(typed[name] for name in password):
        faults += check_mail_pair(current.services(), entry)
    if any(typed[name] for name in password):
        faults += check_password_pair(current.services(), entry)
    told = [(fault.field, str(fault.fault)) for fault in faults] or confirmation_faults(own, typed[CONFIRMATION])
    if told:
        forms.refuse(Screen.MAIL_MISSING, told, {name: typed[name] for name in mail})
        return redirect(url_for(".show"), 303)
    return _resend(own, token, typed)


@mail_missing.post("/withdraw")
@signed_in
def withdraw(own: OwnStanding) -> Response:
    """この申込を取り消す."""
    forms.read_form()
    token = _waiting_token(own)
    if token is None or flow.is_repeat(Screen.MAIL_MISSING):
        return _elsewhere()
    try:
        command = CancelIssuanceCommand(own.institution_id, token.credential_id, actor(own))
        cancel_issuance(current.services(), command, current.now())
        flow.drop(Screen.SOFT_DONE, Screen.MAIL_MISSING)
        notify("issuance_withdrawn")
    except WrongState:
        notify("not_now")
    return _elsewhere()


def _resend(own: OwnStanding, token: OwnToken, typed: dict[str, str]) -> Response:
    address = typed.get("mail_address") or None
    command = ResendIssueMailCommand(
        own.institution_id,
        token.credential_id,
        language(),
        actor(own),
        address,
        typed.get("activation_password") or None,
    )
    forms.forget(Screen.MAIL_MISSING)
    try:
        resent = resend_issue_mail(current.services(), command, current.now())
    except BadInput as fault:
        # the ticket has run out and with it the password it was made for; with a set-up code it is always new
        code = str(fault.fault) if institution(own).needs_setup_code else "run_out"
        forms.refuse(Screen.MAIL_MISSING, [(fault.field, code)])
        return redirect(url_for(".show"), 303)
    except TooEarly:
        notify("mails_too_often")
        return redirect(url_for(".show"), 303)
    except WrongState:
        return _elsewhere()
    issued.keep_issued(resent.mail_id, address or issued.typed_address(own), resent.setup_code)
    notify("mail_resent")
    return redirect(url_for("portal_soft.done"), 303)


def _waiting_token(own: OwnStanding) -> OwnToken | None:
    """The soft token whose app is not set up yet; where it is issued on one page, that page is opened again."""
    token = own.pending
    if (
        institution(own).issuance.is_one_page
        or token is None
        or token.kind is not TokenKind.SOFT
        or token.state is not CredentialState.ISSUED
    ):
        return None
    return token


def _elsewhere() -> Response:
    return redirect(url_for("portal_choose.acts"), 303)
