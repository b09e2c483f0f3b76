"""戻る from BOK003: address and activation password anew (BOT005); the ticket issued before is void."""

from __future__ import annotations

from flask import redirect, url_for
from werkzeug.wrappers import Response

from provisioning.errors import BadInput, WrongState
from provisioning.jobs.check_soft_entry import SoftEntry, check_soft_entry, mail_fields, password_fields
from provisioning.jobs.resend_issue_mail import ResendIssueMailCommand, resend_issue_mail
from provisioning.rules.states import CredentialState
from provisioning.store.queries.own_standing import OwnStanding, OwnToken
from web import current, flow, forms
from web.languages import language
from web.pages.customer import issued
from web.pages.customer.guard import actor, institution, notify, page, portal_blueprint, signed_in
from web.pages.customer.waiting import is_in_one_sitting
from web.screens import Screen

issue_again = portal_blueprint("portal_again", "/token/soft/again")


@issue_again.get("/")
@signed_in
def show(own: OwnStanding) -> str | Response:
    """BOT005; the address as it was typed, as long as this session knows it."""
    if _waiting_token(own) is None:
        return _elsewhere()
    again = forms.remembered(Screen.SOFT_AGAIN)
    typed = dict.fromkeys(mail_fields(institution(own)), issued.typed_address(own))
    return page("portal/issue.html", own, errors=again.errors, values=again.values or typed, again=True)


@issue_again.post("/")
@signed_in
def enter(own: OwnStanding) -> Response:
    """トークン発行: a new ticket, a new mail."""
    mail = mail_fields(institution(own))
    typed = forms.read_form(*mail, *password_fields(institution(own)))
    token = _waiting_token(own)
    if token is None:
        return _elsewhere()
    if flow.is_repeat(Screen.SOFT_AGAIN):
        notify("repeated")
        return redirect(url_for("portal_waiting.show"), 303)
    faults = check_soft_entry(current.services(), SoftEntry(own.institution_id, own.user_id, **typed))
    if faults:
        return _refuse(faults, {name: typed[name] for name in mail})
    forms.forget(Screen.SOFT_AGAIN)
    return _issue(own, token, typed["mail_address"], typed["activation_password"])


def _issue(own: OwnStanding, token: OwnToken, mail_address: str, activation_password: str) -> Response:
    command = ResendIssueMailCommand(
        own.institution_id, token.credential_id, language(), actor(own), mail_address, activation_password
    )
    try:
        resent = resend_issue_mail(current.services(), command, current.now())
    except BadInput as fault:
        return _refuse((fault,), {"mail_address": mail_address})
    except WrongState:
        return _elsewhere()
    issued.keep_issued(resent.mail_id, mail_address, resent.setup_code)
    notify("mail_resent")
    return redirect(url_for("portal_waiting.show"), 303)


def _waiting_token(own: OwnStanding) -> OwnToken | None:
    """The token, while its app is not set up."""
    token = own.pending if is_in_one_sitting(own) else None
    return token if token is not None and token.state is CredentialState.ISSUED else None


def _refuse(faults: tuple[BadInput, ...], values: dict[str, str]) -> Response:
    forms.refuse(Screen.SOFT_AGAIN, [(fault.field, fault.fault) for fault in faults], values)
    return redirect(url_for(".show"), 303)


def _elsewhere() -> Response:
    return redirect(url_for("portal_choose.acts"), 303)
