"""Lines that are typed, and what the answers say (firmware_profiles/flipper-totp.md)."""

from __future__ import annotations

import re
from base64 import b32encode
from calendar import timegm
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from devices.errors import BadAnswer, DeviceError, DeviceLocked, RefusedByDevice
from devices.profiles import CredentialForm, Version

_VERSION: Final = re.compile(r"([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})(\+\S{1,40})?")
_DATE: Final = re.compile(r"(?:New datetime is: )?(\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}) [1-7]")
_ZONE_SET: Final = re.compile(r"Timezone is set to -?0(\.0*)?")
_NO_TOKENS: Final = "There are no tokens"
_LIST_HEAD: Final = ["#", "Name", "Algo", "Ln", "Type"]
_DETAILS_HEAD: Final = ["Property", "Value"]
_REFUSALS: Final[Mapping[str, str]] = {
    "Invalid command arguments": "invalid_arguments",
    "is incorrect value for argument": "incorrect_value",
    "Missed or incorrect value for argument": "incorrect_value",
    "Token secret seems to be invalid": "invalid_secret",
    "An error has occurred during updating config file": "storage",
    "An error has occurred during loading token information": "storage",
    "Invalid timezone offset": "invalid_timezone",
    "Invalid datetime": "invalid_datetime",
    "is unknown. Use": "unknown_command",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the token list. `number` counts from 1 and changes when another token is deleted."""

    number: int
    name: str


def add_line(name: str, form: CredentialForm) -> str:
    """`totp add`; the secret follows on a prompt of its own."""
    return f'totp add "{name}" -a {form.algorithm} -e base32 -d {form.digits} -l {form.period_s} -b none'


def secret_line(secret: bytes) -> bytes:
    """Base32 without padding, which the application does not take."""
    return b32encode(secret).rstrip(b"=")


def date_line(unix_time: int) -> str:
    """`date`, in UTC; the last number is the weekday, Monday 1."""
    return f"date {datetime.fromtimestamp(unix_time, UTC):%Y-%m-%d %H:%M:%S %u}"


def version(text: str) -> Version:
    """The application's version. Raises BadAnswer."""
    match = _VERSION.fullmatch(text.strip())
    if match is None:
        raise BadAnswer("version", "no version")
    return Version(*(int(part) for part in match.groups()[:3]))


def date(text: str) -> int:
    """The clock as Unix time, taken as UTC. Raises BadAnswer."""
    match = _DATE.fullmatch(text.strip())
    if match is None:
        raise BadAnswer("date", "no date")
    try:
        return timegm(datetime.fromisoformat(match.group(1)).timetuple())
    except ValueError:
        raise BadAnswer("date", "no date") from None


def check_zone_is_utc(text: str) -> None:
    """The answer to `totp timezone 0`. Raises BadAnswer."""
    if not _ZONE_SET.fullmatch(text.strip()):
        raise BadAnswer("timezone", "not set")


def entries(text: str) -> tuple[Entry, ...]:
    """The answer to `totp list --tsv`. A tab inside a name is its own. Raises BadAnswer."""
    if text.strip() == _NO_TOKENS:
        return ()
    head, *rows = [line.split("\t") for line in text.strip("\r\n").split("\r\n")]
    if head != _LIST_HEAD:
        raise BadAnswer("list", "no table")
    found = []
    for number, row in enumerate(rows, start=1):
        if len(row) < len(_LIST_HEAD) or row[0] != str(number):
            raise BadAnswer("list", "no table")
        found.append(Entry(number, "\t".join(row[1:-3])))
    return tuple(found)


def details(text: str) -> dict[str, str]:
    """The answer to `totp lsattr N --tsv`. Raises BadAnswer."""
    head, *rows = [line.split("\t", 1) for line in text.strip("\r\n").split("\r\n")]
    if head != _DETAILS_HEAD or any(len(row) != 2 for row in rows):
        raise BadAnswer("details", "no table")
    return {name: value for name, value in rows if name}


def expected_details(number: int, name: str, form: CredentialForm) -> dict[str, str]:
    """What `details` must tell of a token that was just added."""
    return {
        "Index": str(number),
        "Type": "totp",
        "Name": name,
        "Hashing algorithm": form.algorithm,
        "Number of digits": str(form.digits),
        "Token lifetime": str(form.period_s),
    }


def is_added(text: str, name: str) -> bool:
    """Whether the answer to a secret says that the token is in the list."""
    return f'Token "{name}" has been successfully added' in text


def is_deleted(text: str, name: str) -> bool:
    """Whether the answer to `totp delete` says that it is gone."""
    return f'Token "{name}" has been successfully deleted' in text


def refusal(text: str, command: str) -> DeviceError | None:
    """What an answer complains about; None when it does not."""
    if "could not find command" in text or "command not found" in text:
        return DeviceLocked("application_closed")
    if "Cancelled by user" in text:
        return DeviceLocked("pin")
    status = next((status for words, status in _REFUSALS.items() if words in text), None)
    return None if status is None else RefusedByDevice(command, status)
