"""振込: payee and amount (BTR001), check with what the institution asks for (BTR002), done (BTR003)."""

from __future__ import annotations

from typing import Any, Final

from flask import redirect, url_for
from werkzeug.wrappers import Response

from provisioning.errors import BadInput, ClockUntrusted, NotFound, OverLimit
from provisioning.jobs.make_transfer import MakeTransferCommand, TransferMade, make_transfer
from provisioning.rules.money_transfer import Account, read_account, read_amount_yen
from provisioning.rules.proofs import OtpPurpose
from provisioning.rules.verdict import Outcome
from provisioning.store.queries.money_transfers import TransferDesk, transfer_desk
from provisioning.store.queries.own_standing import OwnStanding
from web import current, flow, forms, metrics, sessions
from web.pages.customer import mail_codes
from web.pages.customer.guard import actor, asks_otp, notify, page, portal_blueprint, signed_in
from web.pages.customer.refusals import closed_door, fault_of
from web.screens import Screen

transfers = portal_blueprint("portal_transfer", "/transfer")

_ACCOUNT: Final = ("bank", "branch", "account_number", "holder")
_OTHER: Final = "other"
_ENTRY, _CHECK, _DONE = Screen.TRANSFER, Screen.TRANSFER_CHECK, Screen.TRANSFER_DONE


@transfers.get("/")
@signed_in
def entry(own: OwnStanding) -> str:
    """BTR001. What was typed before is still there."""
    again = forms.remembered(_ENTRY)
    entered = flow.kept(_ENTRY)
    values = again.values or (entered["typed"] if entered else {})
    return page("portal/transfer.html", own, errors=again.errors, values=values, desk=_desk(own), other=_OTHER)


@transfers.post("/")
@signed_in
def enter(own: OwnStanding) -> Response:
    """次へ. A password by mail is on its way where the next page asks for one."""
    typed = forms.read_form("payee", *_ACCOUNT, "amount_yen")
    if flow.is_repeat(_ENTRY):
        return redirect(url_for(".check" if flow.kept(_ENTRY) else ".entry"), 303)
    flow.drop(_ENTRY, _CHECK)
    desk = _desk(own)
    faults, entered = _read(desk, typed)
    if faults:
        forms.refuse(_ENTRY, faults, typed)
        return redirect(url_for(".entry"), 303)
    flow.keep(_ENTRY, entered | {"typed": typed})
    if entered["payee_id"] is None:
        mail_codes.send_first(own)
    return redirect(url_for(".check"), 303)


@transfers.get("/check")
@signed_in
def check(own: OwnStanding) -> str | Response:
    """BTR002."""
    entered = flow.kept(_ENTRY)
    if entered is None:
        return redirect(url_for(".entry"), 303)
    sent = mail_codes.sent(own) if entered["payee_id"] is None else None
    return page(
        "portal/transfer_check.html",
        own,
        errors=forms.remembered(_CHECK).errors,
        entered=entered,
        asks_otp=asks_otp(own, OtpPurpose.TRANSFER),
        token=own.token,
        sent=sent,
        send_to=url_for(".send"),
    )


@transfers.post("/send")
@signed_in
def send(own: OwnStanding) -> Response:
    """メール通知パスワードをもう一度送信する."""
    mail_codes.send(own, _CHECK)
    return redirect(url_for(".check"), 303)


@transfers.post("/check")
@signed_in
def confirm(own: OwnStanding) -> Response:
    """振込を確定する."""
    typed = forms.read_form("otp", mail_codes.FIELD)
    entered = flow.kept(_ENTRY)
    if flow.is_repeat(_CHECK) or entered is None:
        notify("repeated")
        return redirect(url_for(".done" if flow.kept(_DONE) else ".entry"), 303)
    forms.forget(_CHECK)
    try:
        made = _make(own, entered, typed)
    except BadInput as fault:
        return _refuse([(fault.field, fault.fault)])
    except ClockUntrusted:
        return _refuse([("otp", "unavailable")])
    except OverLimit:
        return _back([("amount_yen", "over_limit")], entered)
    except NotFound:
        return _back([("payee", "missing")], entered)
    proved = made.proved
    if proved.outcome is Outcome.ACCEPTED:
        flow.drop(_ENTRY, _CHECK)
        flow.keep(_DONE, entered | {"number": made.number})
        return redirect(url_for(".done"), 303)
    door = closed_door(own, proved.reason, suspended_now=proved.suspended_now)
    asked = "otp" if asks_otp(own, OtpPurpose.TRANSFER) else mail_codes.FIELD
    return door or _refuse([fault_of(proved.reason, asked)])


@transfers.get("/done")
@signed_in
def done(own: OwnStanding) -> str | Response:
    """BTR003."""
    made = flow.kept(_DONE)
    if made is None:
        return redirect(url_for(".entry"), 303)
    return page("portal/transfer_done.html", own, made=made)


def _desk(own: OwnStanding) -> TransferDesk:
    return transfer_desk(current.services(), own.customer_id, current.now())


def _read(desk: TransferDesk, typed: dict[str, str]) -> tuple[list[tuple[str, str]], dict[str, Any]]:
    """Every fault at once, and what the next page needs."""
    faults: list[tuple[str, str]] = []
    payee = next((one for one in desk.payees if one.id == typed["payee"]), None)
    account = payee.account if payee else Account("", "", "", "")
    if payee is None and typed["payee"] == _OTHER:
        account, found = read_account(*(typed[name] for name in _ACCOUNT))
        faults += [(fault.field, fault.fault) for fault in found]
    elif payee is None:
        faults.append(("payee", "missing"))
    amount_yen = 0
    try:
        amount_yen = read_amount_yen(typed["amount_yen"])
        if desk.left_yen is not None and amount_yen > desk.left_yen:
            faults.append(("amount_yen", "over_limit"))
    except BadInput as fault:
        faults.append((fault.field, fault.fault))
    facts = {name: getattr(account, name) for name in _ACCOUNT}
    return faults, {"payee_id": payee.id if payee else None, "amount_yen": amount_yen, **facts}


def _make(own: OwnStanding, entered: dict[str, Any], typed: dict[str, str]) -> TransferMade:
    named = None if entered["payee_id"] else Account(*(entered[name] for name in _ACCOUNT))
    command = MakeTransferCommand(
        own.institution_id,
        own.customer_id,
        entered["amount_yen"],
        sessions.login_name(),
        actor(own),
        entered["payee_id"],
        named,
        typed["otp"],
        typed[mail_codes.FIELD],
    )
    made = make_transfer(current.services(), command, current.now())
    if typed["otp"]:
        metrics.count_decision("transfer", made.proved.outcome.value, made.proved.reason)
    return made


def _refuse(faults: list[tuple[str, str]]) -> Response:
    forms.refuse(_CHECK, faults)
    return redirect(url_for(".check"), 303)


def _back(faults: list[tuple[str, str]], entered: dict[str, Any]) -> Response:
    """To the entry: its facts do not hold any more."""
    flow.drop(_ENTRY, _CHECK)
    forms.refuse(_ENTRY, faults, entered["typed"])
    return redirect(url_for(".entry"), 303)
