"""Mail through an SMTP server: STARTTLS and sign-in where asked for, and never longer than told."""

from __future__ import annotations

import contextlib
import re
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.policy import SMTP
from typing import Final

from provisioning.mail.mailer import Mail, MailNotSent
from provisioning.rules.mail_fault import MailFault

_ENHANCED: Final = re.compile(rb"[245]\.[0-9]{1,3}\.[0-9]{1,3}")


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where and how to hand mail over. With `starttls` a server that does not offer it gets nothing.

    `timeout_s` is for one answer; a whole conversation may take six times that. `tls` holds the
    certificates that are believed; None: the system's.
    """

    host: str
    port: int
    starttls: bool = True
    user: str = ""
    password: str = field(default="", repr=False)
    timeout_s: float = 10.0
    tls: ssl.SSLContext | None = None


@dataclass(frozen=True, slots=True)
class SmtpMailer:
    """One conversation a mail: no connection is held while there is nothing to say."""

    server: SmtpServer

    def send(self, mail: Mail) -> None:
        """Raises MailNotSent: permanent for a 5xx answer about this mail, else to be tried again."""
        try:
            with self._conversation(mail) as smtp:
                self._sign_in(smtp)
                _expect(250, smtp.mail(mail.sender))
                _expect(250, smtp.rcpt(mail.recipient))
                _expect(250, smtp.data(mail.message.as_bytes(policy=SMTP)))
        except smtplib.SMTPDataError as error:
            raise _refused(error.smtp_code, error.smtp_error) from None
        except smtplib.SMTPResponseException as error:
            # greeting, EHLO, STARTTLS, sign-in: our set-up or their state, not this mail
            raise MailNotSent(_reply(error.smtp_code, error.smtp_error), permanent=False) from None
        except smtplib.SMTPNotSupportedError:
            raise MailNotSent(MailFault.NOT_OFFERED.value, permanent=False) from None
        except ssl.SSLError:
            raise MailNotSent(MailFault.TLS.value, permanent=False) from None
        except (smtplib.SMTPException, OSError) as error:
            late = isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError)
            fault = MailFault.TIMEOUT if late else MailFault.CONNECTION
            raise MailNotSent(fault.value, permanent=False) from None
        except UnicodeEncodeError:
            raise MailNotSent(MailFault.BAD_ADDRESS.value, permanent=True) from None

    def _sign_in(self, smtp: smtplib.SMTP) -> None:
        smtp.ehlo_or_helo_if_needed()
        if self.server.starttls:
            smtp.starttls(context=self.server.tls or ssl.create_default_context())
        if self.server.user:
            smtp.login(self.server.user, self.server.password)

    @contextlib.contextmanager
    def _conversation(self, mail: Mail) -> Iterator[smtplib.SMTP]:
        """A greeted connection that is cut when the whole takes too long, by whatever trickle it lives."""
        smtp = _Smtp(self.server, local_hostname=mail.sender.rpartition("@")[2])
        smtp._host = (
            self.server.host
        )  # what the certificate must name; only the constructor sets it, by connecting
        watch = threading.Timer(6 * self.server.timeout_s, _cut, [smtp])
        watch.daemon = True
        watch.start()
        try:
            code, words = smtp.connect(self.server.host, self.server.port)
            _expect(220, (code, words), about_mail=False)
            yield smtp
            with contextlib.suppress(smtplib.SMTPException, OSError):
                smtp.quit()
        finally:
            watch.cancel()
            smtp.close()


class _Smtp(smtplib.SMTP):
    """smtplib connects in its constructor or forgets whose certificate to expect; this one does neither."""

    def __init__(self, server: SmtpServer, local_hostname: str) -> None:
        super().__init__(local_hostname=local_hostname, timeout=server.timeout_s)
        self._host = server.host


def _cut(smtp: smtplib.SMTP) -> None:
    line = smtp.sock
    if line is not None:
        with contextlib.suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)


def _expect(wanted: int, answer: tuple[int, bytes], *, about_mail: bool = True) -> None:
    code, words = answer
    if code // 10 == wanted // 10:
        return
    if not about_mail:
        raise MailNotSent(_reply(code, words), permanent=False)
    raise _refused(code, words)


def _refused(code: int, words: bytes | str) -> MailNotSent:
    # 421: the server is going down; 530, 535: it wants another sign-in; neither is about this mail
    return MailNotSent(_reply(code, words), permanent=code // 100 == 5 and code not in (530, 535))


def _reply(code: int, words: bytes | str) -> str:
    """Reply code and enhanced status (RFC 3463), nothing else of what the other side wrote."""
    text = words.encode(errors="replace") if isinstance(words, str) else words
    status = _ENHANCED.search(text)
    return f"{code} {status.group().decode()}" if status else str(code)
