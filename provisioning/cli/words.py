"""Words for errors on the command line: what, why, and what now, in one line."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Final

from devices.errors import DeviceError
from provisioning.errors import (
    AlreadyTaken,
    BadInput,
    InputFault,
    KagiyaError,
    NotFound,
    SettingsInvalid,
    StoreUnavailable,
    TooEarly,
    WrongState,
)

_FAULTS: Final[dict[InputFault, str]] = {
    InputFault.MISSING: "is missing",
    InputFault.NOT_DIGITS: "must be digits only",
    InputFault.WRONG_LENGTH: "has the wrong length",
    InputFault.BAD_FORM: "has the wrong form",
    InputFault.TOO_SIMPLE: "is too easy to guess",
    InputFault.PART_OF_ID: "is part of an ID",
    InputFault.DO_NOT_MATCH: "was typed differently the second time",
    InputFault.UNKNOWN_FIELD: "is not known here",
    InputFault.NOT_OFFERED: "is not offered by this institution",
}
_CAUSES: Final[dict[str, str]] = {
    "locked": "the database is locked by another program; nothing was written, try again",
    "full": "the disk is full; nothing was written, free some space and try again",
    "unreachable": "the database cannot be reached; check [store] in the settings and `kagiya db upgrade`",
}


def sentence(error: Exception) -> str:
    """One line for an error. A fault of the program is told by its place: its own text might hold a secret."""
    match error:
        case SettingsInvalid():
            return str(error)
        case StoreUnavailable():
            return _CAUSES[error.cause]
        case BadInput():
            return f"{error.field} {_FAULTS.get(error.fault, error.fault.value)}"
        case NotFound():
            return f"there is no such {error.what}"
        case WrongState():
            return f"the {error.what} is {error.state}, where this cannot be done"
        case AlreadyTaken():
            return f"the {error.what} is taken already"
        case TooEarly():
            return f"this is possible from {error.until:%Y-%m-%d %H:%M:%S} UTC"
        case KagiyaError() | DeviceError():
            return str(error) or type(error).__name__
        case OSError():
            return f"{error.filename or 'the system'}: {error.strerror or type(error).__name__}"
        case _:
            return f"a fault of the program, {type(error).__name__} at {_place(error)}; please report it"


def _place(error: Exception) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{'/'.join(Path(frame.filename).parts[-2:])}:{frame.lineno}"
