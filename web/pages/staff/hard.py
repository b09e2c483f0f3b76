"""A key fob at the counter: choose it — those plugged in first, or by its barcode — and reserve it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from flask import Blueprint, redirect, url_for
from werkzeug.wrappers import Response

from provisioning.errors import (
    AlreadyTaken,
    ApprovalNeeded,
    BadInput,
    CannotHold,
    InputFault,
    IssueRestricted,
    NotFound,
    TooEarly,
    WrongState,
)
from provisioning.jobs.fob_fit import FobFit, fob_fit
from provisioning.jobs.reserve_fob import ReserveFobCommand, reserve_fob
from provisioning.rules.permissions import StaffAct
from provisioning.rules.states import FobState, TokenKind
from provisioning.store.queries.customers import CustomerCard
from provisioning.store.queries.fobs import FobView, fob_by_serial
from provisioning.store.queries.stations import DeviceView, StationView
from provisioning.store.queries.stock import StockFilter, stock
from web import current, forms
from web.pages.staff import telling
from web.pages.staff.desk import Desk, at_desk, page, part
from web.pages.staff.issue import may_issue, turned_away
from web.pages.staff.reading import read_serial
from web.screens import Screen

hard = Blueprint("staff_hard", __name__, url_prefix="/staff/customers/<customer_id>/hard")


@dataclass(frozen=True, slots=True)
class Plugged:
    """A device at a station, with the fob in stock that it is, if it is one, and what it can hold.

    `is_customers_own`: it is the fob of the customer's last token, which has ended.
    """

    station: StationView
    device: DeviceView
    fit: FobFit
    is_customers_own: bool

    @property
    def is_free(self) -> bool:
        """It can be written at once."""
        may_be_had = self.is_customers_own or self.device.fob_state is FobState.IN_STOCK
        return self._is_in_order and may_be_had and not self.is_elsewhere

    @property
    def can_be_taken(self) -> bool:
        """There is a button for it."""
        return self.is_free or self.is_free_unnamed

    @property
    def is_elsewhere(self) -> bool:
        """By the books it is another branch's."""
        return self.device.fob_id is not None and self.device.fob_branch != self.station.branch

    @property
    def is_free_unnamed(self) -> bool:
        """It can be written once its label is typed."""
        return self._is_in_order and self.device.is_unnamed

    @property
    def _is_in_order(self) -> bool:
        return self.device.problem is None and self.fit.refusal is None and not self.device.is_expired


@hard.get("/")
@at_desk(StaffAct.ISSUE)
def choose(desk: Desk, customer_id: str) -> str | Response:
    """Fobs plugged in, then the rest of the stock."""
    card = desk.card(customer_id)
    if not may_issue(card):
        return turned_away(card)
    stations = desk.stations()
    plugged = _plugged(desk, card, stations)
    here = {found.device.fob_id for found in plugged}
    wanted = StockFilter(branch=desk.branch, state=FobState.IN_STOCK, limit=20)
    in_stock = stock(current.services().store, desk.institution.id, wanted)
    again = telling.remembered(Screen.STAFF_HARD, card.id)
    return page(
        "staff/hard.html",
        desk,
        card=card,
        stations=stations,
        plugged=plugged,
        drawer=[fob for fob in in_stock.fobs if fob.id not in here],
        fits={fob.profile: _fit(desk, fob.profile) for fob in in_stock.fobs},
        in_stock=in_stock.counts[FobState.IN_STOCK],
        errors=again.errors,
        values=again.values,
    )


@hard.get("/live")
@at_desk(StaffAct.ISSUE)
def choose_live(desk: Desk, customer_id: str) -> str:
    """Only what is plugged in, for the page that follows it."""
    card, stations = desk.card(customer_id), desk.stations()
    plugged = _plugged(desk, card, stations)
    return part("staff/hard_live.html", desk, Screen.STAFF_HARD, card=card, stations=stations, plugged=plugged)


def _plugged(desk: Desk, card: CustomerCard, stations: Iterable[StationView]) -> list[Plugged]:
    """Devices at the stations: the customer's own old fob first, then what else can be written."""
    plugged = [
        Plugged(station, device, _fit(desk, device.profile), _is_own(card, device))
        for station in stations
        for device in station.devices
    ]
    return sorted(plugged, key=_order)


def _is_own(card: CustomerCard, device: DeviceView) -> bool:
    """Whether the device is the customer's old fob, still theirs: brought along, it may serve again."""
    own = card.fob_outside
    return own is not None and own.id == device.fob_id and own.state is FobState.HANDED_OVER


def _order(found: Plugged) -> tuple[bool, bool, bool, str]:
    return (not found.is_free, not found.is_customers_own, not found.is_free_unnamed, found.device.serial)


def _fit(desk: Desk, profile: str) -> FobFit:
    return fob_fit(current.services(), desk.institution, profile)


@hard.post("/")
@at_desk(StaffAct.ISSUE)
def reserve(desk: Desk, customer_id: str) -> Response:
    """このフォブを使う: by the button beside it, or by the typed serial (of an unnamed one with its station)."""
    typed = forms.read_form("fob_id", "serial", "station_id", "profile")
    card = desk.card(customer_id)
    try:
        fob = desk.fob(typed["fob_id"]) if typed["fob_id"] else _scanned(desk, typed["serial"], typed["profile"])
        station_id = desk.station(typed["station_id"]).id if typed["station_id"] else None
        command = _command(desk, card, fob, station_id)
        job_id = reserve_fob(current.services(), command, current.now()).job_id
    except ApprovalNeeded:
        return telling.ask(command, url_for(".choose", customer_id=card.id))
    except BadInput as fault:
        telling.refuse(Screen.STAFF_HARD, card.id, [fault], {"serial": typed["serial"]})
        return redirect(url_for(".choose", customer_id=card.id), 303)
    except CannotHold as refused:
        telling.tell_refusal(refused)
        return redirect(url_for(".choose", customer_id=card.id), 303)
    except (AlreadyTaken, TooEarly, IssueRestricted, WrongState) as refused:
        telling.tell_refusal(refused)
        of_fob = isinstance(refused, AlreadyTaken | WrongState) and refused.what in ("fob", "device")
        back = ".choose" if of_fob else "staff_customer.show"
        return redirect(url_for(back, customer_id=card.id), 303)
    telling.forget()
    return redirect(url_for("staff_programming.show", job_id=job_id), 303)


def _command(desk: Desk, card: CustomerCard, fob: FobView, station_id: str | None) -> ReserveFobCommand:
    fulfils = card.application is not None and card.application.kind is TokenKind.HARD
    return ReserveFobCommand(
        desk.institution.id,
        card.id,
        fob.id,
        desk.actor,
        station_id=station_id,
        application_id=card.application.id if card.application and fulfils else None,
    )


def _scanned(desk: Desk, typed: str, profile: str) -> FobView:
    serial = read_serial(typed)
    if not serial:
        raise BadInput("serial", InputFault.MISSING)
    try:
        fob = fob_by_serial(current.services().store, desk.institution.id, serial, profile)
    except NotFound:
        raise BadInput("serial", InputFault.NOT_OFFERED) from None
    if not desk.sees(fob.branch):
        raise BadInput("serial", InputFault.NOT_OFFERED)
    return fob
