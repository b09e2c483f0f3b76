"""The station API: what devices/contract.py describes, over HTTP. Every request but `enrol` is signed."""

from __future__ import annotations

import contextlib
from typing import Final, TypeVar

from flask import Blueprint, current_app, g, jsonify, request
from flask.sansio.blueprints import BlueprintSetupState
from werkzeug.wrappers import Response

from devices.contract import (
    ANSWER_HEADER,
    Authorization,
    ContractError,
    Enrol,
    JobResult,
    Poll,
    Progress,
    dump,
    load,
    parse_authorization,
)
from provisioning.errors import AuthFault, NotAuthentic, NotFound
from provisioning.jobs.answer_station import sign_answer
from provisioning.jobs.check_station import SignedRequest, check_station
from provisioning.jobs.enrol_station import EnrolStationCommand, enrol_station
from provisioning.jobs.poll_station import PollCommand, poll_station
from provisioning.jobs.record_progress import RecordProgressCommand, record_progress
from provisioning.jobs.record_result import RecordResultCommand, record_result
from provisioning.rules.actor import Actor, ActorKind
from web import current, metrics
from web.flood import Allowance, FloodGuard

T = TypeVar("T")

station_api = Blueprint("station_api", __name__, url_prefix="/api/station/v1")

_SIGNED_BY_THE_STATION: Final = frozenset({AuthFault.CLOCK, AuthFault.REPLAYED, AuthFault.REVOKED})
"""Refusals of what is really the station's."""

_GUARD: Final = "kagiya_enrol_guard"
# codes have 100 random bits; the guard only keeps a mistaken script from filling the log
_ENROL: Final = Allowance(burst=20, per_s=0.2)


@station_api.record_once
def _set_up(state: BlueprintSetupState) -> None:
    state.app.extensions[_GUARD] = FloodGuard(_ENROL)


@station_api.post("/poll")
def poll() -> Response:
    """What the station sees, against the work that is for it."""
    station = _station()
    command = PollCommand(station.id, _message(Poll), station)
    return Response(dump(poll_station(current.services(), command, current.now())), mimetype="application/json")


@station_api.post("/jobs/<job_id>/progress")
def progress(job_id: str) -> tuple[str, int]:
    """How far a write has come."""
    station = _station()
    command = RecordProgressCommand(station.id, job_id, _message(Progress))
    record_progress(current.services(), command, current.now())
    return "", 204


@station_api.post("/jobs/<job_id>/result")
def result(job_id: str) -> tuple[str, int]:
    """What became of a job. The same again: 204; another: 409."""
    station = _station()
    command = RecordResultCommand(station.id, job_id, _message(JobResult), station)
    state = record_result(current.services(), command, current.now())
    metrics.count_job(state.value)
    return "", 204


@station_api.post("/enrol")
def enrol() -> Response:
    """A new station's keys, for its one-time code."""
    guard: FloodGuard = current_app.extensions[_GUARD]
    guard.admit(current.origin(), current.now())
    message = _message(Enrol)
    command = EnrolStationCommand(message.code, message.signing_key, message.sealing_key, current.origin())
    try:
        enrolled = enrol_station(current.services(), command, current.now())
    except NotFound:
        raise NotAuthentic(AuthFault.UNKNOWN) from None
    return Response(dump(enrolled), mimetype="application/json")


@station_api.after_request
def _sign(response: Response) -> Response:
    """Every answer to a request that a station of ours signed; whoever else asks gets no signature of ours."""
    claim: Authorization | None = g.get("station_claim")
    if claim is not None:
        signature = sign_answer(current.services(), claim, response.status_code, response.get_data())
        response.headers[ANSWER_HEADER] = signature.hex()
    return response


@station_api.errorhandler(NotAuthentic)
def _not_believed(error: NotAuthentic) -> tuple[Response, int]:
    if error.fault not in _SIGNED_BY_THE_STATION:
        g.pop("station_claim", None)
    told = {"error": "not_authentic", "fault": error.fault.value, "unix_time": int(current.now().timestamp())}
    return jsonify(told), 401


@station_api.errorhandler(ContractError)
def _not_of_the_contract(error: ContractError) -> tuple[Response, int]:
    return jsonify({"error": "bad_message", "message": error.what, "problem": error.problem}), 422


def _station() -> Actor:
    """Who signed this request, as somebody who acts. Raises NotAuthentic."""
    header = request.headers.get("Authorization", "")
    asked = SignedRequest(header, request.method, request.path, request.get_data())
    with contextlib.suppress(ContractError):
        g.station_claim = parse_authorization(header)
    known = check_station(current.services(), asked, current.now())
    return Actor(ActorKind.STATION, known.id, known.institution_id, known.branch, current.origin())


def _message(kind: type[T]) -> T:
    """The request's body, strictly. Raises ContractError."""
    return load(kind, request.get_data())
