"""Why a mail stays here."""

from __future__ import annotations

from enum import StrEnum


class MailFault(StrEnum):
    """Why a mail was not sent where no mail server said so."""

    CONNECTION = "connection"
    TIMEOUT = "timeout"
    TLS = "tls"
    NOT_OFFERED = "not offered"
    BAD_ADDRESS = "bad address"
    TOO_LATE = "too late"
    NOT_COMPOSED = "not composed"
