"""Writing a row of fobs at the desk: plug in, written, proved, one key, next; kept on the server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from provisioning.errors import (
    AlreadyTaken,
    ApprovalNeeded,
    BadInput,
    CannotHold,
    InputFault,
    NotFound,
    WrongState,
)
from provisioning.jobs.bind_label import BindLabelCommand, bind_label
from provisioning.jobs.erase_fob import erase_fob
from provisioning.jobs.fob_acts import FobCommand
from provisioning.jobs.fob_fit import fob_fit
from provisioning.jobs.open_batch import MAX_AT_ONCE, OpenBatchCommand, open_batch
from provisioning.jobs.press_batch import BatchCommand, SkipItemCommand, close_batch, press_batch, skip_item
from provisioning.rules.permissions import StaffAct
from provisioning.rules.search_text import normal
from provisioning.rules.states import FobState, TokenKind
from provisioning.store.queries.batches import BatchView, batch, batches
from provisioning.store.queries.staff_accounts import token_holder
from provisioning.store.queries.stations import DeviceView, StationStatus
from provisioning.store.queries.user_ids import customers_by_user_id
from provisioning.store.queries.work import open_applications
from web import current, forms
from web.pages.staff import batch_words, telling
from web.pages.staff.desk import Desk, at_desk, page, part
from web.pages.staff.proving import try_code
from web.pages.staff.reading import read_serial
from web.screens import Screen

batch_pages = Blueprint("staff_batches", __name__, url_prefix="/staff/batches")

_CHOSEN: Final = "customer-"
_AT_ONCE: Final = (1, 2, 4, 8, MAX_AT_ONCE)
_TOLD: Final = 10
"""So many wrong user IDs are named."""


@batch_pages.get("/")
@at_desk(StaffAct.ISSUE)
def index(desk: Desk) -> str:
    """Batches under way, and the form that begins one: the customers who applied, and others by user ID."""
    store = current.services().store
    again = telling.remembered(Screen.STAFF_BATCHES, desk.institution.id)
    return page(
        "staff/batches.html",
        desk,
        batches=batches(store, desk.institution.id, desk.branch),
        stations=[(one.id, one.name) for one in desk.stations() if one.status is not StationStatus.INVITED],
        at_once=[(str(n), str(n)) for n in _AT_ONCE],
        applications=open_applications(store, desk.institution.id, desk.branch, TokenKind.HARD),
        chosen=_CHOSEN,
        unknown=_unknown(desk, again.values["user_ids"]) if "user_ids" in again.errors else [],
        errors=again.errors,
        values=again.values,
    )


@batch_pages.post("/")
@at_desk(StaffAct.ISSUE)
def begin(desk: Desk) -> Response:
    """はじめる."""
    boxes = [name for name in request.form if name.startswith(_CHOSEN)]
    typed = forms.read_form("station", "at_once", "user_ids", *boxes)
    try:
        station = desk.station(typed["station"])
        others = _named(desk, typed["user_ids"])
        applied = [name.removeprefix(_CHOSEN) for name in boxes if typed[name]]
        at_once = int(typed["at_once"]) if typed["at_once"] in map(str, _AT_ONCE) else 0
        command = OpenBatchCommand(desk.institution.id, station.id, (*applied, *others), desk.actor, at_once)
        batch_id = open_batch(current.services(), command, current.now())
    except ApprovalNeeded:
        return telling.ask(command, url_for(".index"))
    except (BadInput, NotFound) as fault:
        refused = BadInput("station", InputFault.NOT_OFFERED) if isinstance(fault, NotFound) else fault
        telling.refuse(Screen.STAFF_BATCHES, desk.institution.id, [refused], typed)
        return redirect(url_for(".index"), 303)
    except AlreadyTaken as refused:
        telling.tell_refusal(refused)
        return redirect(url_for(".index"), 303)
    telling.forget()
    return _page_of(batch_id)


@batch_pages.get("/<batch_id>/")
@at_desk(StaffAct.ISSUE)
def show(desk: Desk, batch_id: str) -> str:
    """What to do now, large; and everybody on the list."""
    again = telling.remembered(Screen.STAFF_BATCH, batch_id)
    return page("staff/batch.html", desk, **_facts(desk, _batch(desk, batch_id)), errors=again.errors)


@batch_pages.get("/<batch_id>/live")
@at_desk(StaffAct.ISSUE)
def live(desk: Desk, batch_id: str) -> str:
    """Only what moves."""
    return part("staff/batch_live.html", desk, Screen.STAFF_BATCH, **_facts(desk, _batch(desk, batch_id)))


@batch_pages.post("/<batch_id>/next")
@at_desk(StaffAct.ISSUE)
def press(desk: Desk, batch_id: str) -> Response:
    """次へ: the one key."""
    forms.read_form()
    return _act(desk, batch_id, lambda act: press_batch(current.services(), act, current.now()))


@batch_pages.post("/<batch_id>/skip")
@at_desk(StaffAct.ISSUE)
def skip(desk: Desk, batch_id: str) -> Response:
    """後に回す: this customer is left out."""
    typed = forms.read_form("position")["position"]

    def leave_out(act: BatchCommand) -> None:
        if not (typed.isascii() and typed.isdecimal() and len(typed) < 5):
            raise BadInput("position", InputFault.NOT_OFFERED)
        command = SkipItemCommand(act.institution_id, act.batch_id, act.actor, int(typed))
        skip_item(current.services(), command, current.now())

    return _act(desk, batch_id, leave_out)


@batch_pages.post("/<batch_id>/label")
@at_desk(StaffAct.ISSUE)
def label(desk: Desk, batch_id: str) -> Response:
    """この番号のフォブを使う: the one that is plugged in tells no number, and this stands on its back."""
    typed = forms.read_form("profile", "serial")
    act = BatchCommand(desk.institution.id, _batch(desk, batch_id).line.id, desk.actor)
    serial = read_serial(typed["serial"])
    command = BindLabelCommand(act.institution_id, act.batch_id, act.actor, typed["profile"], serial)
    try:
        bind_label(current.services(), command, current.now())
    except BadInput as fault:
        telling.refuse(Screen.STAFF_BATCH, batch_id, [fault])
        return _page_of(batch_id)
    except (AlreadyTaken, CannotHold, WrongState) as refused:
        telling.tell_refusal(refused)
    telling.forget()
    return _page_of(batch_id)


@batch_pages.post("/<batch_id>/erase")
@at_desk(StaffAct.KEEP_STOCK)
def erase(desk: Desk, batch_id: str) -> Response:
    """消去して使う: a returned fob that is plugged in; once erased it is blank, and the batch takes it."""
    fob = desk.fob(forms.read_form("fob_id")["fob_id"])

    def erase_it(act: BatchCommand) -> None:
        erase_fob(current.services(), FobCommand(act.institution_id, fob.id, act.actor), current.now())

    return _act(desk, batch_id, erase_it)


@batch_pages.post("/<batch_id>/close")
@at_desk(StaffAct.ISSUE)
def close(desk: Desk, batch_id: str) -> Response:
    """ここで終える."""
    forms.read_form()
    return _act(desk, batch_id, lambda act: close_batch(current.services(), act, current.now()))


@batch_pages.post("/<batch_id>/code")
@at_desk(StaffAct.ISSUE)
def prove(desk: Desk, batch_id: str) -> Response:
    """照合する: the code on the display of the fob whose turn it is."""
    typed = forms.read_form("code")["code"]
    now = _batch(desk, batch_id).now
    if now is None or now.job is None:
        telling.tell_refusal(WrongState("batch", "closed"))
    else:
        try_code(desk, now.job.id, typed, Screen.STAFF_BATCH, batch_id)
    return _page_of(batch_id)


def _act(desk: Desk, batch_id: str, do: Callable[[BatchCommand], object]) -> Response:
    """Do it and stay on the page; where somebody was first, say so."""
    command = BatchCommand(desk.institution.id, _batch(desk, batch_id).line.id, desk.actor)
    try:
        do(command)
    except (WrongState, AlreadyTaken) as refused:
        telling.tell_refusal(refused)
    return _page_of(batch_id)


def _batch(desk: Desk, batch_id: str) -> BatchView:
    found = batch(current.services().store, desk.institution.id, batch_id, current.now())
    if not desk.sees(found.line.branch):
        raise NotFound("batch")
    return found


def _facts(desk: Desk, found: BatchView) -> dict[str, object]:
    station = desk.station(found.line.station_id) if found.line.closed_at is None else None
    devices = station.devices if station else ()
    fits = {one.profile: fob_fit(current.services(), desk.institution, one.profile) for one in devices}
    return {
        "batch": found,
        "station": station,
        "batch_words": batch_words,
        "unusable": [
            one
            for one in devices
            if _is_unusable(one) or fits[one.profile].refusal or one.fob_branch not in ("", found.line.branch)
        ],
        "erasable": [one for one in devices if one.fob_state is FobState.RETURNED and one.problem is None],
        "nameless": [
            one for one in devices if one.is_unnamed and one.problem is None and fits[one.profile].refusal is None
        ],
        "fits": fits,
    }


def _is_unusable(device: DeviceView) -> bool:
    """Plugged in, and nothing that a batch would take or is writing. One without a number goes by its label."""
    expected = {FobState.IN_STOCK, *_ON_THEIR_WAY}
    if device.problem is not None or device.is_expired:
        return True
    return not device.is_unnamed and device.fob_state not in expected


_ON_THEIR_WAY: Final = frozenset({FobState.RESERVED, FobState.PROGRAMMING, FobState.PROGRAMMED})


def _named(desk: Desk, typed: str) -> list[str]:
    """Customers by user ID, one a line. Raises BadInput if one of them is none of this branch's."""
    found = _known(desk, typed)
    if None in found.values():
        raise BadInput("user_ids", InputFault.NOT_OFFERED)
    return [customer_id for customer_id in found.values() if customer_id]


def _unknown(desk: Desk, typed: str) -> list[str]:
    """The user IDs for which `_named` refuses, as far as a page can tell them."""
    return [user_id for user_id, customer_id in _known(desk, typed).items() if customer_id is None][:_TOLD]


def _known(desk: Desk, typed: str) -> dict[str, str | None]:
    """User IDs as typed, one a line, with their customers of this branch; nobody is on their own list."""
    wanted = [normal(line).upper() for line in typed[:8000].split()]
    store = current.services().store
    found = customers_by_user_id(store, desk.institution.id, desk.branch, wanted)
    own = token_holder(store, desk.staff.id)
    return {user_id: None if found.get(user_id) == own else found.get(user_id) for user_id in wanted}


def _page_of(batch_id: str) -> Response:
    return redirect(url_for("staff_batches.show", batch_id=batch_id), 303)
