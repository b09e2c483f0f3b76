"""Logs: one JSON object a line on standard error, and one point at which secrets are kept out of them.

Our own events and those of libraries pass through `redact` last, whatever their level (R10, R65). JSON
escapes line ends and control characters, so a value cannot forge a line.
"""

from __future__ import annotations

import logging
import re
import secrets
import sys
import threading
from collections.abc import MutableMapping
from functools import lru_cache
from typing import IO, Any, Final

import structlog

HIDDEN: Final = "…"
_EVERY_REQUEST: Final = ("httpx",)
"""Libraries that tell of each request at info: a desk polls every second, a role asks for every code."""

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
    r"|(?P<long>(?<![\w+-])[\w+-]{33,}=*)"
)

# what a text shorter than that must have to be any of the above
_SHORT: Final = 16
_FEW_SIGNS: Final = re.compile(r"[@?]|[Bb]earer|\d{2}")


def configure(level: str, stream: IO[str] | None = None) -> None:
    """Send every log of this process, from `level` (debug, info, warning) on, to `stream` (standard error)."""
    lines = _Lines(stream or sys.stderr)
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, structlog.processors.add_log_level, *_FINISH],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda name="": _LineLogger(name, lines),
    )
    handler = LibraryHandler(lines)
    handler.setFormatter(_library_formatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _EVERY_REQUEST:
        logging.getLogger(name).setLevel(logging.NOTSET if level == "debug" else logging.WARNING)


def new_request_id() -> str:
    """Name of one request, on its log lines and in its answer: 16 hexadecimal digits."""
    return secrets.token_hex(8)


def redact(logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Hide what its name or its form gives away as secret or personal."""
    event.setdefault("logger", getattr(logger, "name", ""))
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
    text = str(value)
    if len(text) < _SHORT and not _FEW_SIGNS.search(text):
        return text  # too little to be any of them; spares the long search
    return _SECRET_TEXTS.sub(HIDDEN, text)


@lru_cache(maxsize=1000)
def _secret(name: str) -> bool:
    return _SECRET_NAMES.search(name) is not None


_FINISH: Final[tuple[Any, ...]] = (
    structlog.processors.format_exc_info,
    redact,
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    structlog.processors.JSONRenderer(),
)


class _Lines:
    """Whole lines, one at a time, whichever thread writes."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def write(self, line: str) -> None:
        with self._lock:
            self._stream.write(line + "\n")
            self._stream.flush()


class _LineLogger:
    """The end of structlog's way for our own events: no record of the standard library is made for them."""

    def __init__(self, name: str, lines: _Lines) -> None:
        self.name = name
        self.msg = lines.write

    debug = info = warning = error = critical = exception = lambda self, line: self.msg(line)


class LibraryHandler(logging.Handler):
    """The end of the way for everybody else's."""

    def __init__(self, lines: _Lines) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.write(self.format(record))


def _library_formatter() -> structlog.stdlib.ProcessorFormatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.contextvars.merge_contextvars, structlog.stdlib.add_log_level],
        processors=[
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            *_FINISH,
        ],
    )
