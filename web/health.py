"""For the operator: alive, ready, and the numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass

from flask import Blueprint, jsonify
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from werkzeug.wrappers import Response

from provisioning.errors import StoreUnavailable
from provisioning.jobs.check_ready import check_ready
from provisioning.store.queries.backlog import Backlog, backlog
from web import current, metrics

health = Blueprint("health", __name__)


@health.get("/healthz")
def healthz() -> Response:
    """The process answers; nothing else is asked."""
    return jsonify({"status": "alive"})


@health.get("/readyz")
def readyz() -> tuple[Response, int]:
    """200 where database, vault and clock can be relied upon, else 503 naming what cannot."""
    found = check_ready(current.services(), current.now())
    status = "ready" if found.ready else "not_ready"
    return jsonify({"status": status, **asdict(found)}), 200 if found.ready else 503


@health.get("/metrics")
def prometheus() -> Response:
    """Counters of this server's processes, and what waits in the database."""
    return Response(metrics.of_app().text() + _waiting(), content_type=CONTENT_TYPE_LATEST)


def _waiting() -> bytes:
    """Gauges read now; left out while the database does not answer, for the counters must still be told."""
    try:
        found = backlog(current.services().store)
    except StoreUnavailable:
        return b""
    registry = CollectorRegistry()
    registry.register(_Waiting(found))
    return generate_latest(registry)


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
