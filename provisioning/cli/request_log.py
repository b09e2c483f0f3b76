"""A WSGI layer around the application: an id for every request, and one log line when it was answered."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

import structlog

from provisioning.logs import new_request_id

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_FAILED: Final = 500
_REFUSED: Final = 400
_PROBES: Final = ("/healthz", "/readyz", "/metrics")
_AGAIN_AND_AGAIN: Final = (*_PROBES, "/api/station/v1/poll", "/live")
"""How paths end that programs ask for every few seconds: what came of each would bury what people did."""


class RequestLog:
    """Answers and their log lines carry `X-Request-Id`. Failures are warnings, probes and polls debug."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app
        self._log = structlog.get_logger("kagiya.request")

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Pass the request on. The logged time ends where the body begins."""
        request_id = new_request_id()
        answered: list[str] = []

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            answered[:] = [status]
            headers.append(("X-Request-Id", request_id))
            return start_response(status, headers, exc_info) if exc_info else start_response(status, headers)

        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        started = time.perf_counter()
        body = self._app(environ, start)
        path = environ.get("PATH_INFO", "")
        status = int(answered[0][:3]) if answered else 0
        self._report(path, status)(
            "answered",
            method=environ.get("REQUEST_METHOD"),
            path=path,
            status=status,
            took_ms=round((time.perf_counter() - started) * 1000, 2),
        )
        return body

    def _report(self, path: str, status: int) -> Any:
        if status >= _FAILED:
            return self._log.warning
        return self._log.debug if status < _REFUSED and path.endswith(_AGAIN_AND_AGAIN) else self._log.info
