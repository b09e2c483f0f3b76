"""What happens here, counted for Prometheus: no secrets, and no label that names a person.

Where several worker processes serve one port, PROMETHEUS_MULTIPROC_DIR must name a directory of theirs before
they start; a scrape of any of them then tells of all.
"""

from __future__ import annotations

import os
import time
from typing import Final

from flask import Flask, current_app, g, request
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from werkzeug.wrappers import Response

EXTENSION: Final = "kagiya_metrics"
_DIRECTORY: Final = "PROMETHEUS_MULTIPROC_DIR"
_BUCKETS_S: Final = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


class Metrics:
    """The counters of one application."""

    def __init__(self) -> None:
        """Counters begin at nought with the process."""
        self.registry = CollectorRegistry()
        self.decisions = Counter(
            "kagiya_decisions",
            "One-time passwords judged, by use, outcome and reason.",
            ("use", "outcome", "reason"),
            registry=self.registry,
        )
        self.jobs = Counter(
            "kagiya_station_jobs",
            "Results of stations, by the job's state then.",
            ("state",),
            registry=self.registry,
        )
        self.questions = Counter(
            "kagiya_verifier_questions",
            "Questions of other roles to the verifier, by operation and whether they were theirs to ask.",
            ("operation", "outcome"),
            registry=self.registry,
        )
        self.requests = Histogram(
            "kagiya_request_seconds",
            "Server time of requests, by endpoint and status.",
            ("endpoint", "status"),
            buckets=_BUCKETS_S,
            registry=self.registry,
        )

    def text(self) -> bytes:
        """Everything in Prometheus's text format, of all workers where they share a directory."""
        if not os.environ.get(_DIRECTORY):
            return generate_latest(self.registry)
        shared = CollectorRegistry()
        MultiProcessCollector(shared)  # type: ignore[no-untyped-call]
        return generate_latest(shared)


def set_up_metrics(app: Flask) -> None:
    """Time every request."""
    app.extensions[EXTENSION] = Metrics()
    app.before_request(_begin)
    app.after_request(_end)


def of_app() -> Metrics:
    """The counters of the application at hand."""
    found: Metrics = current_app.extensions[EXTENSION]
    return found


def count_decision(use: str, outcome: str, reason: str | None) -> None:
    """A code was judged for `use` (verify, activate, release, transfer, information)."""
    of_app().decisions.labels(use, outcome, reason or "none").inc()


def count_job(state: str) -> None:
    """A station's result left a job in `state`."""
    of_app().jobs.labels(state).inc()


def count_question(operation: str, outcome: str) -> None:
    """Another role asked the verifier (`asked`), and may (not: `forbidden`), or was not believed (`refused`)."""
    of_app().questions.labels(operation, outcome).inc()


def _begin() -> None:
    g.began_at = time.perf_counter()


def _end(response: Response) -> Response:
    began_at: float | None = g.get("began_at")
    if began_at is not None:
        endpoint = request.endpoint or "unknown"
        of_app().requests.labels(endpoint, response.status_code).observe(time.perf_counter() - began_at)
    return response
