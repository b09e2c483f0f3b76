"""The bank to which the guest is a desk: a real server process with its books, on the machine that runs the guest.

In the guest it would cost ten times as much processor time. What its staff, its customers and the bank's own
systems do is asked for over the guest's network: one line `{"act": …, "with": {…}}`, one answer.
"""

from __future__ import annotations

import json
import logging
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any, Final, cast

from tests.guest.books import check_books
from tests.guest.till import Till

_ACTS: Final = (
    "devices", "stock", "customer", "issue", "activate", "type_code", "attempts", "busy", "log",
)  # fmt: skip

log = logging.getLogger(__name__)


@contextmanager
def open_bank() -> Iterator[int]:
    """For one guest; the port on this machine's loopback at which it takes orders."""
    with TemporaryDirectory(prefix="kagiya-bank-") as name, _Hall(("127.0.0.1", 0), _Clerk) as hall:
        hall.folder = Path(name)
        threading.Thread(target=hall.serve_forever, name="bank", daemon=True).start()
        try:
            yield int(hall.server_address[1])
        finally:
            hall.shutdown()


class _Hall(socketserver.ThreadingTCPServer):
    daemon_threads = False
    folder: Path


class _Clerk(socketserver.StreamRequestHandler):
    """One institution at a time, until the guest hangs up."""

    till: Till | None = None

    def handle(self) -> None:
        for line in self.rfile:
            self.wfile.write(self._answer(json.loads(line)).encode() + b"\n")

    def finish(self) -> None:
        if self.till:
            self.till.close()
        super().finish()

    def _answer(self, order: dict[str, Any]) -> str:
        try:
            return json.dumps({"done": self._do(order["act"], order["with"])})
        except Exception as error:  # the edge of a process: the test in the guest tells it
            log.exception("%s", order["act"])
            return json.dumps({"failed": f"{type(error).__name__}: {error}"})

    def _do(self, act: str, facts: dict[str, Any]) -> Any:
        if act == "open":
            if self.till:
                self.till.close()
            self.till = Till(
                Path(mkdtemp(dir=cast(_Hall, self.server).folder)), facts["digits"], facts["period_s"]
            )
            return {"port": self.till.port, "code": self.till.invite_station()}
        assert self.till is not None
        if act == "check_books":
            return check_books(self.till.services)
        assert act in _ACTS
        return getattr(self.till, act)(**facts)
