"""Words for errors on the command line: what, why, and what now, in one line."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from devices import errors as desk
from provisioning import errors
from provisioning.errors import InputFault

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
# the first that fits; anything of ours that is not here tells its own facts
_WORDS: Final[tuple[tuple[type[Exception], Callable[[Any], str]], ...]] = (
    (errors.SettingsInvalid, str),
    (errors.StoreUnavailable, lambda error: _CAUSES[error.cause]),
    (errors.BadInput, lambda error: f"{error.field} {_FAULTS[error.fault]}"),
    (errors.NotFound, lambda error: f"there is no such {error.what}"),
    (errors.WrongState, lambda error: f"the {error.what} is {error.state}, where this cannot be done"),
    (errors.AlreadyTaken, lambda error: f"the {error.what} is taken already"),
    (errors.TooEarly, lambda error: f"this is possible from {error.until:%Y-%m-%d %H:%M:%S} UTC"),
    (errors.IssueRestricted, lambda _: "too many tokens were issued to this customer; staff lift that on paper"),
    (errors.PaperNeeded, lambda error: f"this needs a paper request ({error.kind})"),
    (errors.VaultError, lambda _: "a seed cannot be opened with this process's keys"),
    (errors.ClockUntrusted, lambda _: "this machine's clock is not synchronised"),
    (desk.NotEnrolled, lambda error: f"{error.directory} holds no enrolment; first `kagiya station enrol`"),
    (desk.StationRuns, lambda error: f"another `kagiya station run` works with {error.directory}; end it first"),
    (desk.KeyFileUnsafe, lambda error: f"{error.file} may be used by others (mode {error.mode}); chmod 600 it"),
    (desk.ServerUnreachable, lambda error: f"the server cannot be reached: {error.cause}"),
    (
        desk.ServerRefused,
        lambda error: f"the server refused ({error.status}); is the code right, and not an hour old?",
    ),
    (desk.ProfileInvalid, str),
    (desk.DeviceError, lambda error: f"{type(error).__name__}: {error}"),
    (errors.KagiyaError, lambda error: f"{type(error).__name__}: {error}"),
    (OSError, lambda error: f"{error.filename or 'the system'}: {error.strerror or type(error).__name__}"),
)


def sentence(error: Exception) -> str:
    """One line for an error. A fault of the program is told by its place: its own text might hold a secret."""
    for kind, words in _WORDS:
        if isinstance(error, kind):
            return words(error)
    return f"a fault of the program, {type(error).__name__} at {_place(error)}; please report it"


def _place(error: Exception) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{'/'.join(Path(frame.filename).parts[-2:])}:{frame.lineno}"
