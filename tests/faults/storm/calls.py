"""One HTTP request of the bank's, over a line that may be cut at any moment."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tests.faults.storm.house import Client

_PATIENCE_S: Final = 6.0


@dataclass(frozen=True, slots=True)
class Answer:
    """`status` None: none came. `sent` False: the request surely never left."""

    status: int | None = None
    body: Mapping[str, Any] = field(default_factory=dict)
    sent: bool = True


def call(
    port: int,
    method: str,
    path: str,
    body: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Ask once, over a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE_S)
    sent = False
    try:
        connection.connect()
        sent = True
        content = None if body is None else json.dumps(body)
        connection.request(method, path, content, {"Content-Type": "application/json", **(headers or {})})
        response = connection.getresponse()
        text = response.read()
        return Answer(response.status, json.loads(text) if text else {})
    except (OSError, http.client.HTTPException, json.JSONDecodeError):
        return Answer(sent=sent)
    finally:
        connection.close()


def call_bank_api(
    port: int, client: Client, path: str, body: Mapping[str, Any] | None = None, key: str | None = None
) -> Answer:
    """As one of the bank's systems; a POST where there is a body."""
    headers = {"Authorization": f"Bearer {client.key}"} | ({} if key is None else {"Idempotency-Key": key})
    return call(port, "GET" if body is None else "POST", f"/api/v1{path}", body, headers)
