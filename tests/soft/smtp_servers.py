"""Real SMTP servers on loopback that are up, down, slow, mute, refuse on purpose, or insist on TLS and sign-in."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as modern
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.fixtures.ports import free_port


@dataclass
class Kept:
    """One mail as it crossed the wire."""

    sender: str
    recipient: str
    data: bytes
    encrypted: bool
    signed_in_as: str

    @property
    def message(self) -> EmailMessage:
        return message_from_bytes(self.data, _class=EmailMessage, policy=modern)

    @property
    def text(self) -> str:
        return str(self.message.get_content()).replace("\r\n", "\n")


@dataclass
class Behaviour:
    """What the server answers, after a while; an empty answer means yes."""

    slow_s: float = 0.0
    at_mail: str = ""
    at_rcpt: str = ""
    at_data: str = ""
    kept: list[Kept] = field(default_factory=list)
    rcpt_commands: list[str] = field(default_factory=list)

    async def handle_MAIL(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return self.at_mail or "250 2.1.0 ok"

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        await asyncio.sleep(self.slow_s)
        envelope.rcpt_tos.append(address)
        return self.at_rcpt or "250 2.1.5 ok"

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.at_data:
            return self.at_data
        who: Any = session.auth_data
        name = who.login.decode() if isinstance(who, LoginPassword) else ""
        content: Any = envelope.content
        self.kept.append(
            Kept(envelope.mail_from or "", envelope.rcpt_tos[0], bytes(content), session.ssl is not None, name)
        )
        return "250 2.0.0 kept"


class _Listening(SMTP):
    """Remembers the recipient as it was written on the wire, quotes and all."""

    async def smtp_RCPT(self, arg: str | None) -> None:  # noqa: N802
        self.event_handler.rcpt_commands.append(arg)
        await super().smtp_RCPT(arg)


class _Controller(Controller):
    def factory(self) -> SMTP:
        return _Listening(self.handler, **self.SMTP_kwargs)


@contextlib.contextmanager
def smtp_server(behaviour: Behaviour, **options: Any) -> Iterator[int]:
    """Serves on 127.0.0.1; yields the port."""
    port = free_port()
    controller = _Controller(behaviour, hostname="127.0.0.1", port=port, server_hostname="localhost", **options)
    controller.start()
    try:
        yield port
    finally:
        controller.stop(no_assert=True)


@contextlib.contextmanager
def trickling_server(first: bytes, drop: bytes, every_s: float) -> Iterator[int]:
    """A server that says `first` and then `drop` again and again; with both empty it is simply mute."""
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def serve() -> None:
        with contextlib.suppress(OSError):
            line, _ = listener.accept()
            with line:
                line.sendall(first)
                while not over.wait(every_s):
                    line.sendall(drop)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        over.set()
        listener.close()
        thread.join(5)


def only(user: str, password: str) -> Any:
    """An authenticator that believes one user."""

    def authenticate(_server: SMTP, _session: Session, _envelope: Envelope, _how: str, data: Any) -> AuthResult:
        right = isinstance(data, LoginPassword) and data == LoginPassword(user.encode(), password.encode())
        return AuthResult(success=right, handled=False, auth_data=data)

    return authenticate


def certificate(directory: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """TLS contexts of a server named 127.0.0.1 and of a client that believes it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = directory / "mail.pem"
    file.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    return server, ssl.create_default_context(cafile=str(file))
