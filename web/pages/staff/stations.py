"""Provisioning workstations: devices as they come and go, taking fobs into stock, enrolling a new station."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response

from provisioning.errors import ApprovalNeeded, ApprovalRefused, BadInput
from provisioning.jobs.invite_station import InviteStationCommand, invite_station
from provisioning.jobs.revoke_station import RevokeStationCommand, revoke_station
from provisioning.jobs.take_into_stock import TakeIntoStockCommand, take_into_stock
from provisioning.rules.permissions import StaffAct
from web import current, flow, forms
from web.pages.staff import telling
from web.pages.staff.desk import Desk, at_desk, notify, page
from web.pages.staff.reading import read_serial
from web.screens import Screen

stations = Blueprint("staff_stations", __name__, url_prefix="/staff/stations")


@stations.get("/")
@at_desk(StaffAct.SEE_STOCK)
def index(desk: Desk) -> str:
    """Every station the desk sees, with what is plugged in."""
    again = telling.remembered(Screen.STAFF_STATIONS, desk.institution.id)
    return page(
        "staff/stations.html", desk, stations=desk.stations(), errors=again.errors, values=again.values,
        branches=[(branch, branch) for branch in desk.institution.branches],
    )  # fmt: skip


@stations.get("/live")
@at_desk(StaffAct.SEE_STOCK)
def live(desk: Desk) -> str:
    """Only what moves."""
    return render_template("staff/stations_live.html", desk=desk, stations=desk.stations())


@stations.get("/<station_id>/")
@at_desk(StaffAct.SEE_STOCK)
def show(desk: Desk, station_id: str) -> str:
    """One station."""
    return page("staff/station.html", desk, station=desk.station(station_id), invitation=_invitation(station_id))


@stations.get("/<station_id>/live")
@at_desk(StaffAct.SEE_STOCK)
def show_live(desk: Desk, station_id: str) -> str:
    """Only what moves."""
    return render_template("staff/stations_live.html", desk=desk, stations=[desk.station(station_id)])


@stations.post("/<station_id>/take")
@at_desk(StaffAct.KEEP_STOCK)
def take(desk: Desk, station_id: str) -> Response:
    """在庫に受け入れる: a device that the station sees."""
    typed = forms.read_form("profile", "serial")
    station = desk.station(station_id)
    unnamed = any(device.is_unnamed and device.profile == typed["profile"] for device in station.devices)
    serial = read_serial(typed["serial"]) if unnamed else typed["serial"]
    command = TakeIntoStockCommand(desk.institution.id, station.id, typed["profile"], serial, desk.actor)
    back = url_for(".show", station_id=station.id)
    try:
        return telling.act(desk, lambda: take_into_stock(current.services(), command, current.now()), back)
    except BadInput:
        notify("bad_label")
        return redirect(back, 303)


@stations.post("/")
@at_desk(StaffAct.ENROL_STATION)
def invite(desk: Desk) -> Response:
    """登録番号を発行する: shown once on the station's page, to whoever asked for it."""
    typed = forms.read_form("name", "branch")
    command = InviteStationCommand(desk.institution.id, typed["branch"], typed["name"], desk.actor)
    try:
        made = invite_station(current.services(), command, current.now())
    except ApprovalNeeded:
        return telling.ask(command, url_for(".index"))
    except ApprovalRefused as refused:
        telling.tell_refusal(refused)
        return redirect(url_for(".index"), 303)
    except BadInput as fault:
        telling.refuse(Screen.STAFF_STATIONS, desk.institution.id, [fault], typed)
        return redirect(url_for(".index"), 303)
    telling.forget()
    facts = {"station": made.station_id, "code": made.code, "expires_at": made.expires_at.isoformat()}
    flow.keep(Screen.STAFF_STATION, facts)
    return redirect(url_for(".show", station_id=made.station_id), 303)


@stations.post("/<station_id>/revoke")
@at_desk(StaffAct.ENROL_STATION)
def revoke(desk: Desk, station_id: str) -> Response:
    """端末の登録を取り消す."""
    forms.read_form()
    command = RevokeStationCommand(desk.institution.id, desk.station(station_id).id, desk.actor)
    return telling.act(desk, lambda: revoke_station(current.services(), command, current.now()), url_for(".index"))


def _invitation(station_id: str) -> dict[str, str] | None:
    """The code made in this session for this station."""
    kept = flow.kept(Screen.STAFF_STATION)
    return kept if kept is not None and kept["station"] == station_id else None
