"""お客様登録情報の変更: the mail address for notices; entry (BCI001), check (BCI002), result (BCI003).

The new address proves itself by the password sent there; manual 001 also asks for a one-time password.
"""

from __future__ import annotations

from typing import Final

from flask import redirect, url_for
from werkzeug.wrappers import Response

from provisioning.errors import BadInput, ClockUntrusted, NotFound, TooEarly, WrongState
from provisioning.jobs.confirm_address import ConfirmAddressCommand, confirm_address
from provisioning.jobs.propose_address import ProposeAddressCommand, propose_address
from provisioning.rules.address_use import AddressUse
from provisioning.rules.proofs import OtpPurpose
from provisioning.rules.verdict import Outcome
from provisioning.store.queries.own_addresses import code_for, own_addresses
from provisioning.store.queries.own_standing import OwnStanding
from web import current, flow, forms, metrics, sessions
from web.languages import language
from web.pages.customer import mail_codes
from web.pages.customer.confirm import CONFIRMATION
from web.pages.customer.guard import actor, asks_otp, notify, page, portal_blueprint, signed_in
from web.pages.customer.refusals import closed_door, fault_of
from web.screens import Screen

information = portal_blueprint("portal_information", "/information")

_MAIL: Final = ("mail_address", "mail_address_again")
_ENTRY, _CHECK, _DONE = Screen.INFORMATION, Screen.INFORMATION_CHECK, Screen.INFORMATION_DONE


@information.get("/")
@signed_in
def entry(own: OwnStanding) -> str:
    """BCI001."""
    again = forms.remembered(_ENTRY)
    stored = own_addresses(current.services(), own.customer_id)
    return page("portal/information.html", own, errors=again.errors, values=again.values, stored=stored)


@information.post("/")
@signed_in
def enter(own: OwnStanding) -> Response:
    """次へ: the address gets its password."""
    typed = forms.read_form(*_MAIL)
    if flow.is_repeat(_ENTRY):
        return redirect(url_for(".check" if flow.kept(_ENTRY) else ".entry"), 303)
    flow.drop(_ENTRY, _CHECK)
    faults = _propose(own, typed)
    if faults:
        forms.refuse(_ENTRY, faults, typed)
    return redirect(url_for(".entry" if flow.kept(_ENTRY) is None else ".check"), 303)


@information.get("/check")
@signed_in
def check(own: OwnStanding) -> str | Response:
    """BCI002."""
    entered = flow.kept(_ENTRY)
    if entered is None:
        return redirect(url_for(".entry"), 303)
    login, now = sessions.login_name(), current.now()
    sent = code_for(current.services(), own.customer_id, entered["address_id"], login, now)
    if sent is None:
        return _not_now()
    return page(
        "portal/information_check.html",
        own,
        errors=forms.remembered(_CHECK).errors,
        entered=entered,
        asks_otp=asks_otp(own, OtpPurpose.INFORMATION),
        token=own.token,
        sent=sent,
        send_to=url_for(".send"),
        code_address=entered["address_id"],
    )


@information.post("/send")
@signed_in
def send(own: OwnStanding) -> Response:
    """もう一度送信する."""
    entered = flow.kept(_ENTRY)
    if entered is None:
        forms.read_form()
        return redirect(url_for(".entry"), 303)
    mail_codes.send(own, _CHECK, entered["address_id"])
    return redirect(url_for(".check"), 303)


@information.post("/check")
@signed_in
def confirm(own: OwnStanding) -> Response:
    """変更を確定する."""
    typed = forms.read_form(CONFIRMATION, mail_codes.FIELD, "otp")
    entered = flow.kept(_ENTRY)
    if flow.is_repeat(_CHECK) or entered is None:
        notify("repeated")
        return redirect(url_for(".done" if flow.kept(_DONE) else ".entry"), 303)
    forms.forget(_CHECK)
    command = ConfirmAddressCommand(
        own.institution_id,
        own.customer_id,
        entered["address_id"],
        sessions.login_name(),
        typed[mail_codes.FIELD],
        typed[CONFIRMATION],
        actor(own),
        typed["otp"],
    )
    try:
        proved = confirm_address(current.services(), command, current.now())
    except BadInput as fault:
        return _refuse([(fault.field, fault.fault)])
    except ClockUntrusted:
        return _refuse([("otp", "unavailable")])
    except (NotFound, WrongState):
        return _not_now()
    if typed["otp"]:
        metrics.count_decision("information", proved.outcome.value, proved.reason)
    if proved.outcome is Outcome.ACCEPTED:
        flow.drop(_ENTRY, _CHECK)
        flow.keep(_DONE, {"mail_address": entered["mail_address"]})
        return redirect(url_for(".done"), 303)
    door = closed_door(own, proved.reason, suspended_now=proved.suspended_now)
    asked = "otp" if asks_otp(own, OtpPurpose.INFORMATION) else mail_codes.FIELD
    return door or _refuse([fault_of(proved.reason, asked)])


@information.get("/done")
@signed_in
def done(own: OwnStanding) -> str | Response:
    """BCI003."""
    changed = flow.kept(_DONE)
    if changed is None:
        return redirect(url_for(".entry"), 303)
    return page("portal/information_done.html", own, changed=changed)


def _propose(own: OwnStanding, typed: dict[str, str]) -> list[tuple[str, str]]:
    command = ProposeAddressCommand(
        own.institution_id,
        own.customer_id,
        AddressUse.NOTICES,
        typed["mail_address"],
        typed["mail_address_again"],
        language(),
        sessions.login_name(),
        actor(own),
    )
    try:
        proposed = propose_address(current.services(), command, current.now())
    except BadInput as fault:
        return [(fault.field, fault.fault)]
    except TooEarly:
        notify("mail_password_too_often")
        return []
    flow.keep(_ENTRY, {"address_id": proposed.address_id, "mail_address": typed["mail_address"]})
    return []


def _not_now() -> Response:
    flow.drop(_ENTRY, _CHECK)
    notify("not_now")
    return redirect(url_for(".entry"), 303)


def _refuse(faults: list[tuple[str, str]]) -> Response:
    forms.refuse(_CHECK, faults)
    return redirect(url_for(".check"), 303)
