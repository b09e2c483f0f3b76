"""Logs: one JSON object a line on standard error, and one point at which secrets are kept out of them.

Our own events and those of libraries pass through `redact` last, whatever their level (R10, R65). JSON
escapes line ends and control characters, so a value cannot forge a line.
"""

from __future__ import annotations

import logging
import logging.config
import re
import secrets
from collections.abc import MutableMapping
from typing import IO, Any, Final

import structlog

HIDDEN: Final = "…"

_SECRET_NAMES: Final = re.compile(
    r"(^|_)(otps?|codes?|passwords?|passphrase|pins?|seeds?|secrets?|keys?|cookies?|authorization|tokens?"
    r"|nonces?|macs?|address(es)?|body|query)\d?$"
)
_SECRET_TEXTS: Final = re.compile(
    r"(?P<mail>[^\s<>\"'@]+@[^\s<>\"'@]+)"
    r"|(?P<bearer>\bBearer\s+\S+)"
    r"|(?P<query>\?[^\s\"']*)"
    # codes, activation passwords inside longer text, user IDs; also in two groups of four
    r"|(?P<digits>(?<!\w)\d{4}[ \u3000-]?\d{2,}(?!\w))"
    # seeds and keys in hexadecimal, base32 or base64; our own row ids are 32 hexadecimal digits and stay
    r"|(?P<base32>(?<!\w)[A-Z2-7]{16,}=*(?!\w))"
    r"|(?P<long>(?<![\w/+-])[\w+-]{33,}=*)"
)


def configure(level: str, stream: IO[str] | None = None) -> None:
    """Send every log of this process, from `level` (debug, info, warning) on, to `stream` (standard error)."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_formatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())


def new_request_id() -> str:
    """Name of one request, on its log lines and in its answer: 16 hexadecimal digits."""
    return secrets.token_hex(8)


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Hide what its name or its form gives away as secret or personal."""
    return {name: _redacted(name, value) for name, value in event.items()}


def _redacted(name: str, value: Any) -> Any:
    if value is None or isinstance(value, bool | float) or (isinstance(value, int) and not _secret(name)):
        return value
    if _secret(name) or isinstance(value, bytes | bytearray | memoryview):
        return HIDDEN
    if isinstance(value, dict):
        return {str(key): _redacted(str(key), item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_redacted(name, item) for item in value]
    return _SECRET_TEXTS.sub(HIDDEN, str(value))


def _secret(name: str) -> bool:
    return _SECRET_NAMES.search(name) is not None


def _formatter() -> structlog.stdlib.ProcessorFormatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.contextvars.merge_contextvars, structlog.stdlib.add_log_level],
        processors=[
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            redact,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            structlog.processors.JSONRenderer(),
        ],
    )
