"""A soft token: entry (BOT001), check (BOT003), done (BOT002).

Where the institution issues on one page, the entry issues at once, and BOK003 follows.
"""

from __future__ import annotations

from flask import redirect, url_for
from werkzeug.wrappers import Response

from provisioning.errors import AlreadyTaken, BadInput, IssueRestricted, TooEarly
from provisioning.jobs.check_soft_entry import SoftEntry, check_soft_entry, mail_fields, password_fields
from provisioning.jobs.issue_soft import IssueSoftCommand, issue_soft
from provisioning.rules.states import CredentialState, TokenKind
from provisioning.store.queries.own_standing import OwnStanding
from web import current, flow, forms
from web.languages import language
from web.pages.customer import issued, mail_codes
from web.pages.customer.choose import choices
from web.pages.customer.confirm import CONFIRMATION, confirmation_faults
from web.pages.customer.guard import actor, institution, notify, page, portal_blueprint, signed_in
from web.pages.customer.waiting import is_in_one_sitting
from web.screens import Screen

soft = portal_blueprint("portal_soft", "/token/soft")


@soft.get("/")
@signed_in
def entry(own: OwnStanding) -> str | Response:
    """BOT001. What was typed before is still there, but for the passwords."""
    elsewhere = _elsewhere(own)
    if elsewhere is not None:
        return elsewhere
    again = forms.remembered(Screen.SOFT_ENTRY)
    typed = flow.kept(Screen.SOFT_ENTRY)
    values = again.values or (_everywhere(own, typed["mail_address"]) if typed else {})
    template = "portal/issue.html" if institution(own).issuance.is_one_page else "portal/soft_entry.html"
    return page(template, own, errors=again.errors, values=values)


@soft.post("/")
@signed_in
def enter(own: OwnStanding) -> Response:
    """次へ: keep the entry, sealed, for BOT003; トークン発行: issue."""
    mail = mail_fields(institution(own))
    typed = forms.read_form(*mail, *password_fields(institution(own)))
    if flow.is_repeat(Screen.SOFT_ENTRY):
        return _again(_after_entry(own))
    faults = check_soft_entry(current.services(), SoftEntry(own.institution_id, own.user_id, **typed))
    flow.drop(Screen.SOFT_ENTRY, Screen.SOFT_CHECK)
    if faults:
        return _refuse(faults, {name: typed[name] for name in mail})
    if institution(own).issuance.is_one_page:
        return _issue(own, typed["mail_address"], typed["activation_password"])
    kept = {"mail_address": typed["mail_address"], "password": typed["activation_password"]}
    flow.keep(Screen.SOFT_ENTRY, kept)
    mail_codes.send_first(own)
    return redirect(url_for(".check"), 303)


@soft.get("/check")
@signed_in
def check(own: OwnStanding) -> str | Response:
    """BOT003."""
    typed = flow.kept(Screen.SOFT_ENTRY)
    elsewhere = _elsewhere(own)
    if elsewhere is not None:
        return elsewhere
    if typed is None:
        return redirect(url_for(".entry"), 303)
    errors = forms.remembered(Screen.SOFT_CHECK).errors
    return page(
        "portal/soft_check.html",
        own,
        errors=errors,
        mail_address=typed["mail_address"],
        sent=mail_codes.sent(own),
        send_to=url_for(".send"),
    )


@soft.post("/send")
@signed_in
def send(own: OwnStanding) -> Response:
    """メール通知パスワードをもう一度送信する."""
    mail_codes.send(own, Screen.SOFT_CHECK)
    return redirect(url_for(".check"), 303)


@soft.post("/check")
@signed_in
def confirm(own: OwnStanding) -> Response:
    """確定する: the confirmation password first, the mail password where in use, then everything at once."""
    given = forms.read_form(CONFIRMATION, *mail_codes.fields(own))
    typed = flow.kept(Screen.SOFT_ENTRY)
    if flow.is_repeat(Screen.SOFT_CHECK) or typed is None:
        return _again(".done" if flow.kept(Screen.SOFT_DONE) else ".check")
    faults = confirmation_faults(own, given[CONFIRMATION]) or mail_codes.faults(own, given)
    if faults:
        forms.refuse(Screen.SOFT_CHECK, faults)
        return redirect(url_for(".check"), 303)
    return _issue(own, typed["mail_address"], typed["password"])


@soft.get("/done")
@signed_in
def done(own: OwnStanding) -> str | Response:
    """BOT002; there as long as the app is not set up, also after signing in anew."""
    if is_in_one_sitting(own):
        return redirect(url_for("portal_waiting.show"), 303)
    if own.pending is None or own.pending.kind is not TokenKind.SOFT:
        return redirect(url_for("portal_choose.acts"), 303)
    if own.pending.state is not CredentialState.ISSUED and flow.kept(Screen.SOFT_DONE) is None:
        return redirect(url_for("portal_choose.acts"), 303)
    return page(
        "portal/soft_done.html", own, mail_address=issued.mail_address(own), setup_code=issued.setup_code(own)
    )


def _issue(own: OwnStanding, mail_address: str, activation_password: str) -> Response:
    if choices(own).issue == "apply_at_counter":
        return _not_now()
    command = IssueSoftCommand(
        own.institution_id, own.customer_id, mail_address, activation_password, language(), actor(own)
    )
    try:
        sent = issue_soft(current.services(), command, current.now())
    except BadInput as fault:
        flow.drop(Screen.SOFT_ENTRY, Screen.SOFT_CHECK)
        return _refuse((fault,), _everywhere(own, mail_address))
    except AlreadyTaken:
        flow.forget_everything()
        notify("already_taken")
        return redirect(url_for("portal_choose.acts"), 303)
    except (TooEarly, IssueRestricted) as refused:
        flow.forget_everything()
        notify("restricted" if isinstance(refused, IssueRestricted) else "not_now")
        return redirect(url_for("portal_choose.acts"), 303)
    flow.forget_everything()
    issued.keep_issued(sent.mail_id, mail_address, sent.setup_code)
    return redirect(url_for(".done"), 303)


def _after_entry(own: OwnStanding) -> str:
    """Where a post that was taken has led."""
    if institution(own).issuance.is_one_page:
        return ".done" if is_in_one_sitting(own) else ".entry"
    return ".check" if flow.kept(Screen.SOFT_ENTRY) else ".entry"


def _everywhere(own: OwnStanding, mail_address: str) -> dict[str, str]:
    """The address in every field that is for it."""
    return dict.fromkeys(mail_fields(institution(own)), mail_address)


def _elsewhere(own: OwnStanding) -> Response | None:
    """A customer who cannot have a token now is shown where they stand instead."""
    if TokenKind.SOFT in institution(own).kinds and choices(own).issue is None:
        return None
    token = own.pending
    if token is not None and token.kind is TokenKind.SOFT and token.state is CredentialState.ISSUED:
        return redirect(url_for(".done"), 303)
    return redirect(url_for("portal_waiting.show"), 303) if is_in_one_sitting(own) else _not_now()


def _not_now() -> Response:
    notify("not_now")
    return redirect(url_for("portal_choose.acts"), 303)


def _refuse(faults: tuple[BadInput, ...], values: dict[str, str]) -> Response:
    forms.refuse(Screen.SOFT_ENTRY, [(fault.field, fault.fault) for fault in faults], values)
    return redirect(url_for(".entry"), 303)


def _again(endpoint: str) -> Response:
    notify("repeated")
    return redirect(url_for(endpoint), 303)
