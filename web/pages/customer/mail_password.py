"""メール通知パスワード利用変更 (manual 002): entry (BMP001), check (BMP002), result (BMP003)."""

from __future__ import annotations

from typing import Any, Final

from flask import redirect, url_for
from werkzeug.wrappers import Response

from provisioning.errors import BadInput, NotFound, TooEarly, WrongState
from provisioning.jobs.confirm_address import ConfirmAddressCommand, confirm_address
from provisioning.jobs.end_mail_password import EndMailPasswordCommand, end_mail_password
from provisioning.jobs.propose_address import ProposeAddressCommand, propose_address
from provisioning.jobs.prove_purpose import Proved
from provisioning.rules.address_use import AddressUse
from provisioning.rules.verdict import Outcome
from provisioning.store.queries.own_addresses import code_for
from provisioning.store.queries.own_standing import OwnStanding
from web import current, flow, forms, sessions
from web.languages import language
from web.pages.customer import mail_codes
from web.pages.customer.confirm import CONFIRMATION
from web.pages.customer.guard import actor, institution, notify, page, portal_blueprint, signed_in
from web.pages.customer.refusals import fault_of
from web.screens import Screen

mail_password = portal_blueprint("portal_mail_password", "/mail-password")

_MAIL: Final = ("mail_address", "mail_address_again")
_ENTRY, _CHECK, _DONE = Screen.MAIL_PASSWORD, Screen.MAIL_PASSWORD_CHECK, Screen.MAIL_PASSWORD_DONE


@mail_password.get("/")
@signed_in
def entry(own: OwnStanding) -> str:
    """BMP001; who has a token reads why there is nothing to enter."""
    _offered(own)
    again = forms.remembered(_ENTRY)
    return page(
        "portal/mail_password.html",
        own,
        errors=again.errors,
        values=again.values,
        sent=mail_codes.sent(own),
        send_to=url_for(".send"),
    )


@mail_password.post("/send")
@signed_in
def send(own: OwnStanding) -> Response:
    """メール通知パスワードを送信する: the current one."""
    mail_codes.send(own, _ENTRY)
    return redirect(url_for(".entry"), 303)


@mail_password.post("/")
@signed_in
def enter(own: OwnStanding) -> Response:
    """メール通知パスワード情報の変更確認画面へ."""
    typed = forms.read_form("use", *_MAIL, mail_codes.FIELD)
    _offered(own)
    if flow.is_repeat(_ENTRY):
        return redirect(url_for(".check" if flow.kept(_ENTRY) else ".entry"), 303)
    flow.drop(_ENTRY, _CHECK)
    if typed["use"] not in ("on", "off"):
        return _refuse([("use", "missing")], typed)
    faults = _stop(own, typed) if typed["use"] == "off" else _propose(own, typed)
    if faults is None:
        return redirect(url_for(".entry"), 303)
    return _refuse(faults, typed) if faults else redirect(url_for(".check"), 303)


@mail_password.get("/check")
@signed_in
def check(own: OwnStanding) -> str | Response:
    """BMP002."""
    _offered(own)
    entered = flow.kept(_ENTRY)
    if entered is None:
        return redirect(url_for(".entry"), 303)
    shown: dict[str, Any] = {"errors": forms.remembered(_CHECK).errors, "entered": entered}
    if entered["use"] == "on":
        login, now = sessions.login_name(), current.now()
        sent = code_for(current.services(), own.customer_id, entered["address_id"], login, now)
        if sent is None:
            return _not_now()
        shown |= {"sent": sent, "send_to": url_for(".send_again"), "code_address": entered["address_id"]}
    return page("portal/mail_password_check.html", own, **shown)


@mail_password.post("/check/send")
@signed_in
def send_again(own: OwnStanding) -> Response:
    """もう一度送信する, to the new address."""
    entered = flow.kept(_ENTRY)
    mail_codes.send(own, _CHECK, entered["address_id"] if entered and entered["use"] == "on" else None)
    return redirect(url_for(".check"), 303)


@mail_password.post("/check")
@signed_in
def confirm(own: OwnStanding) -> Response:
    """変更を確定する."""
    typed = forms.read_form(CONFIRMATION, mail_codes.FIELD)
    _offered(own)
    entered = flow.kept(_ENTRY)
    if flow.is_repeat(_CHECK) or entered is None:
        notify("repeated")
        return redirect(url_for(".done" if flow.kept(_DONE) else ".entry"), 303)
    forms.forget(_CHECK)
    try:
        proved = _confirm(own, entered, typed)
    except BadInput as fault:
        return _refuse_check([(fault.field, fault.fault)])
    except (NotFound, WrongState):
        return _not_now()
    if proved.outcome is not Outcome.ACCEPTED:
        return _refuse_check([fault_of(proved.reason, mail_codes.FIELD)])
    flow.drop(_ENTRY, _CHECK)
    flow.keep(_DONE, {"use": entered["use"], "mail_address": entered.get("mail_address", "")})
    return redirect(url_for(".done"), 303)


@mail_password.get("/done")
@signed_in
def done(own: OwnStanding) -> str | Response:
    """BMP003."""
    _offered(own)
    changed = flow.kept(_DONE)
    if changed is None or own.uses_mail_password != (changed["use"] == "on"):
        return redirect(url_for(".entry"), 303)
    return page("portal/mail_password_done.html", own, changed=changed)


def _propose(own: OwnStanding, typed: dict[str, str]) -> list[tuple[str, str]] | None:
    """What is wrong with the entry; None where something else stands in the way, which is told."""
    command = ProposeAddressCommand(
        own.institution_id,
        own.customer_id,
        AddressUse.MAIL_PASSWORD,
        typed["mail_address"],
        typed["mail_address_again"],
        language(),
        sessions.login_name(),
        actor(own),
        typed[mail_codes.FIELD],
    )
    try:
        proposed = propose_address(current.services(), command, current.now())
    except BadInput as fault:
        return [(fault.field, fault.fault)]
    except TooEarly:
        notify("mail_password_too_often")
        return None
    except WrongState:
        notify("not_now")
        return None
    if proposed.address_id is None:
        return [fault_of(proposed.reason, mail_codes.FIELD)]
    address = typed["mail_address"]
    flow.keep(_ENTRY, {"use": "on", "address_id": proposed.address_id, "mail_address": address})
    return []


def _stop(own: OwnStanding, typed: dict[str, str]) -> list[tuple[str, str]] | None:
    if not own.uses_mail_password:
        notify("not_now")
        return None
    faults = mail_codes.faults(own, typed)
    if not faults:
        flow.keep(_ENTRY, {"use": "off", "mail_password": typed[mail_codes.FIELD]})
    return faults


def _confirm(own: OwnStanding, entered: dict[str, Any], typed: dict[str, str]) -> Proved:
    ids = (own.institution_id, own.customer_id)
    login, confirmation, who = sessions.login_name(), typed[CONFIRMATION], actor(own)
    if entered["use"] == "off":
        ending = EndMailPasswordCommand(*ids, login, entered["mail_password"], confirmation, who)
        return end_mail_password(current.services(), ending, current.now())
    code = typed[mail_codes.FIELD]
    change = ConfirmAddressCommand(*ids, entered["address_id"], login, code, confirmation, who)
    return confirm_address(current.services(), change, current.now())


def _offered(own: OwnStanding) -> None:
    """Raises NotFound where the institution has no mail password."""
    if not institution(own).mail_password:
        raise NotFound("mail_password")


def _not_now() -> Response:
    flow.drop(_ENTRY, _CHECK)
    notify("not_now")
    return redirect(url_for(".entry"), 303)


def _refuse(faults: list[tuple[str, str]], typed: dict[str, str]) -> Response:
    forms.refuse(_ENTRY, faults, {name: typed[name] for name in ("use", *_MAIL)})
    return redirect(url_for(".entry"), 303)


def _refuse_check(faults: list[tuple[str, str]]) -> Response:
    forms.refuse(_CHECK, faults)
    return redirect(url_for(".check"), 303)
