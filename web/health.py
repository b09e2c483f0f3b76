"""For the operator: alive, ready, and the numbers."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from time import monotonic
from typing import Final, Generic, TypeVar

from flask import Blueprint, current_app, jsonify
from flask.sansio.blueprints import BlueprintSetupState
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from werkzeug.wrappers import Response

from provisioning.errors import StoreUnavailable
from provisioning.jobs.audit_standing import audit_alarms
from provisioning.jobs.check_ready import Readiness, check_ready
from provisioning.rules.audit_watch import AuditAlarm
from provisioning.store.queries.backlog import Backlog, backlog
from web import current, metrics

health = Blueprint("health", __name__)

T = TypeVar("T")
_READY: Final = "kagiya_ready"
_NUMBERS: Final = "kagiya_numbers"
_SHARED_FOR_S: Final = 0.1


class _Shared(Generic[T]):
    """One look at a time, and ten a second: whoever asks meanwhile is told the same.

    A look takes the database's turn to write and the HSM's, which codes need; and nobody shows who they are here.
    """

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._seen: tuple[float, T] | None = None

    def of(self, look: Callable[[], T]) -> T:
        with self._turn:
            at, seen = self._seen or (-math.inf, None)
            if seen is None or monotonic() - at >= _SHARED_FOR_S:
                seen = look()
                self._seen = (monotonic(), seen)
            return seen


@health.record_once
def _set_up(state: BlueprintSetupState) -> None:
    state.app.extensions |= {_READY: _Shared[Readiness](), _NUMBERS: _Shared[bytes]()}


@health.get("/healthz")
def healthz() -> Response:
    """The process answers; nothing else is asked."""
    return jsonify({"status": "alive"})


@health.get("/readyz")
def readyz() -> tuple[Response, int]:
    """200 where database, vault, clock and certificates can be relied upon, else 503 naming what cannot.

    What is wrong with the audit log is told, too, and shuts nobody out: somebody has to be called.
    """
    shared: _Shared[Readiness] = current_app.extensions[_READY]
    found = shared.of(lambda: check_ready(current.services(), current.now()))
    status = "ready" if found.ready else "not_ready"
    ends = {name: ends_at.isoformat() for name, ends_at in current.services().certificate_ends.items()}
    told = {"status": status, **asdict(found), "certificate_ends": ends}
    return jsonify(told), 200 if found.ready else 503


@health.get("/metrics")
def prometheus() -> Response:
    """Counters of this server's processes, and what waits in the database."""
    shared: _Shared[bytes] = current_app.extensions[_NUMBERS]
    return Response(metrics.of_app().text() + shared.of(_waiting), content_type=CONTENT_TYPE_LATEST)


def _waiting() -> bytes:
    """Gauges read now; without what waits while the database does not answer: the rest must still be told."""
    registry = CollectorRegistry()
    registry.register(_Certificates(current.services().certificate_ends))
    try:
        registry.register(_Waiting(backlog(current.services().store)))
        registry.register(_AuditLog(audit_alarms(current.services(), current.now())))
    except StoreUnavailable:
        return generate_latest(registry)
    return generate_latest(registry)


@dataclass(frozen=True, eq=False)
class _Certificates(Collector):
    """When what this process shows to others ends: somebody is to be called weeks before."""

    ends: Mapping[str, datetime]

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Unix time by certificate."""
        words = "When the certificate ends, in seconds since 1970."
        family = GaugeMetricFamily("kagiya_certificate_ends_timestamp_seconds", words, labels=("certificate",))
        for name, ends_at in self.ends.items():
            family.add_metric((name,), ends_at.timestamp())
        yield family


@dataclass(frozen=True, eq=False)
class _Waiting(Collector):
    """Families made for one scrape, so that nothing of them is shared between workers."""

    found: Backlog

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The backlog as gauges."""
        counts = {"kagiya_mails": self.found.mails, "kagiya_open_jobs": self.found.open_jobs}
        for name, by_state in counts.items():
            family = GaugeMetricFamily(name, "Waiting or done, by state.", labels=("state",))
            for state, count in by_state.items():
                family.add_metric((state,), count)
            yield family


@dataclass(frozen=True, eq=False)
class _AuditLog(Collector):
    """What of the audit log an operator has to see to, each 0 or 1."""

    alarms: tuple[AuditAlarm, ...]

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Every alarm there is, so that one that is absent is told from one that is off."""
        about = "The audit log: 1 where somebody has to see to it."
        family = GaugeMetricFamily("kagiya_audit_alarm", about, labels=("alarm",))
        for alarm in AuditAlarm:
            family.add_metric((alarm.value,), float(alarm in self.alarms))
        yield family
