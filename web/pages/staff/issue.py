"""BOT010 for staff: two choices, what each needs today, and why one is not available."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from flask import Blueprint, redirect, url_for
from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from provisioning.jobs.fob_fit import fob_fit
from provisioning.rules.institution import Institution
from provisioning.rules.permissions import StaffAct
from provisioning.rules.states import TokenKind
from provisioning.store.queries.customers import CustomerCard
from provisioning.store.queries.work import WorkCounts, work_counts
from web import current
from web.pages.staff.desk import Desk, at_desk, notify, page
from web.pages.staff.fob_words import notice_words, refusal_words

issue = Blueprint("staff_issue", __name__, url_prefix="/staff/customers/<customer_id>/issue")


_FIRST: Final = {TokenKind.SOFT: "staff_soft.entry", TokenKind.HARD: "staff_hard.choose"}


@dataclass(frozen=True, slots=True)
class Need:
    """One thing a choice needs today, and whether it is there; None: to be known, not to be there."""

    is_met: bool | None
    text: LazyString | str


@dataclass(frozen=True, slots=True)
class Choice:
    """One kind of token. `blocked` says why it cannot be chosen, None if it can."""

    kind: TokenKind
    needs: tuple[Need, ...]
    blocked: LazyString | None


@issue.get("/")
@at_desk(StaffAct.ISSUE)
def choose(desk: Desk, customer_id: str) -> str | Response:
    """BOT010; where one kind alone is offered and can be had, its own first screen."""
    card = desk.card(customer_id)
    if not may_issue(card):
        return turned_away(card)
    counts = work_counts(current.services().store, desk.institution.id, desk.branch, current.now())
    choices = (_soft(desk.institution), _hard(desk, counts))
    open_now = [choice.kind for choice in choices if choice.blocked is None]
    if len(desk.institution.kinds) == 1 and open_now:
        return redirect(url_for(_FIRST[open_now[0]], customer_id=card.id), 303)
    return page("staff/issue.html", desk, card=card, choices=choices)


def may_issue(card: CustomerCard) -> bool:
    """No open token but one that may be replaced, no waiting rule, no restriction."""
    has_room = card.current is None or card.may_replace
    return has_room and card.waiting_until is None and not card.is_restricted


def turned_away(card: CustomerCard) -> Response:
    """Back to the customer page, with the reason."""
    if card.current is not None and not card.may_replace:
        notify("under_way")
    elif card.is_restricted:
        notify("restricted")
    elif card.waiting_until is not None:
        notify("too_early", until=card.waiting_until.isoformat())
    return redirect(url_for("staff_customer.show", customer_id=card.id), 303)


_NOT_OFFERED: Final = _l("この金融機関では取り扱っていません。")


def _soft(institution: Institution) -> Choice:
    needs = (
        Need(True, _l("お客さまのスマートフォンで受け取れるメールアドレス")),
        Need(True, _l("お客さまが決める利用開始パスワード（4～8桁）")),
    )
    return Choice(TokenKind.SOFT, needs, None if TokenKind.SOFT in institution.kinds else _NOT_OFFERED)


def _plugged(desk: Desk) -> Iterator[Need]:
    """What the customer must know of each kind of fob that is plugged in."""
    devices = (device for station in desk.stations() for device in station.devices if device.problem is None)
    for profile, model in sorted({(device.profile, device.model) for device in devices}):
        fit = fob_fit(current.services(), desk.institution, profile)
        if fit.refusal is not None:
            yield Need(False, f"{model}: {refusal_words(fit.refusal, desk.institution.otp).sentence}")
        for sentence in notice_words(fit.for_customer):
            yield Need(None, f"{model}: {sentence}")


def _hard(desk: Desk, counts: WorkCounts) -> Choice:
    institution, connected = desk.institution, counts.stations_connected > 0
    needs = (
        Need(counts.stock > 0, _l("在庫のフォブ: %(n)s個", n=counts.stock)),
        Need(
            connected, _l("書込み端末: %(up)s/%(all)s 接続中", up=counts.stations_connected, all=counts.stations)
        ),
        *_plugged(desk),
    )
    if TokenKind.HARD not in institution.kinds:
        return Choice(TokenKind.HARD, needs, _NOT_OFFERED)
    if not counts.stock:
        return Choice(
            TokenKind.HARD, needs, _l("在庫のフォブがありません。端末に差し込んで、在庫に受け入れてください。")
        )
    # without a station the fob can be reserved all the same; the page says that the writing waits
    return Choice(TokenKind.HARD, needs, None)
