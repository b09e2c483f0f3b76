"""An SMTP server on loopback that keeps whatever it is given, for the rig's inbox.

Mails are kept in SQLite in the rig's data directory, so the inbox is still there after a restart.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as modern
from pathlib import Path
from typing import Any, Final

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

_TABLE: Final = """
CREATE TABLE IF NOT EXISTS mail (
    id INTEGER PRIMARY KEY, received_us INTEGER NOT NULL,
    sender TEXT NOT NULL, recipient TEXT NOT NULL, data BLOB NOT NULL)
"""


@dataclass(frozen=True, slots=True)
class CaughtMail:
    """One mail as one recipient got it; `data` is what came over the wire."""

    id: int
    received_at: datetime
    sender: str
    recipient: str
    data: bytes

    @property
    def message(self) -> EmailMessage:
        """The mail with its headers and parts read."""
        return message_from_bytes(self.data, _class=EmailMessage, policy=modern)

    @property
    def subject(self) -> str:
        """The decoded subject line."""
        return str(self.message.get("Subject", ""))

    @property
    def text(self) -> str:
        """The decoded plain text part, lines ended by a bare newline."""
        part = self.message.get_body(("plain",))
        content = part.get_content() if part is not None else ""
        return str(content).replace("\r\n", "\n")


class Inbox:
    """The caught mails. Safe between threads."""

    def __init__(self, file: Path) -> None:
        """`file` is a SQLite database, made if missing."""
        self._file = file
        self._lock = threading.Lock()
        with self._open() as database:
            database.execute(_TABLE)

    def add(self, sender: str, recipient: str, data: bytes, received_at: datetime) -> None:
        """Keep one mail; it is on disk when this returns."""
        row = (round(received_at.timestamp() * 1_000_000), sender, recipient, data)
        with self._lock, self._open() as database:
            database.execute("INSERT INTO mail (received_us, sender, recipient, data) VALUES (?, ?, ?, ?)", row)

    def count(self) -> int:
        """How many mails there are."""
        with self._open() as database:
            (number,) = database.execute("SELECT count(*) FROM mail").fetchone()
        return int(number)

    def mails(self, to: str | None = None) -> list[CaughtMail]:
        """Oldest first; `to` limits to one recipient, whatever the case and quoting of the address."""
        with self._open() as database:
            rows = database.execute("SELECT id, received_us, sender, recipient, data FROM mail ORDER BY id")
            every = [
                CaughtMail(number, datetime.fromtimestamp(us / 1_000_000, UTC), sender, recipient, data)
                for number, us, sender, recipient, data in rows
            ]
        return [mail for mail in every if to is None or _plain(mail.recipient) == _plain(to)]

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with contextlib.closing(sqlite3.connect(self._file, timeout=5)) as database, database:
            yield database


def _plain(address: str) -> str:
    """An address without the quotes that old carrier addresses such as `"a..b"@…` wear on the wire."""
    local, _, domain = address.strip().lower().rpartition("@")
    return "@".join((local.strip('"'), domain))


class _Keep:
    """aiosmtpd's handler: every recipient is welcome, every mail is kept."""

    def __init__(self, inbox: Inbox, now: Callable[[], datetime]) -> None:
        self._inbox = inbox
        self._now = now

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        content: Any = envelope.content or b""
        for recipient in envelope.rcpt_tos:
            self._inbox.add(envelope.mail_from or "", recipient, bytes(content), self._now())
        return "250 kept"


class _AnyPort(Controller):
    """aiosmtpd's own start-up check connects to the port it was given; ours is only known once bound."""

    def _trigger_server(self) -> None:
        if isinstance(self.server, asyncio.Server):
            self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


class MailCatcher:
    """The SMTP server, in a thread of its own, on 127.0.0.1. Use as a context manager or start() and stop()."""

    def __init__(self, data_dir: Path, now: Callable[[], datetime]) -> None:
        """Keeps its mails in `data_dir/mails.sqlite`; `now` stamps them."""
        data_dir.mkdir(parents=True, exist_ok=True)
        self.inbox = Inbox(data_dir / "mails.sqlite")
        self._now = now
        self._controller: _AnyPort | None = None

    @property
    def port(self) -> int:
        """The port it listens on while started."""
        if self._controller is None:
            raise RuntimeError("the mail catcher is not started")
        return int(self._controller.port)

    def start(self) -> None:
        """Listen on a free port; returns once connections are taken."""
        handler = _Keep(self.inbox, self._now)
        self._controller = _AnyPort(handler, hostname="127.0.0.1", port=0, server_hostname="localhost")
        self._controller.start()

    def stop(self) -> None:
        """Close the port; the inbox stays."""
        if self._controller is not None:
            self._controller.stop(no_assert=True)
            self._controller = None

    def __enter__(self) -> MailCatcher:
        self.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.stop()
