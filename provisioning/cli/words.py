"""Words for errors on the command line: what, why, and what now, in one line."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from devices import errors as desk
from provisioning import errors
from provisioning.errors import AuditBroken, AuditFault, HsmFault, InputFault, StoreFault
from provisioning.pskc_refusals import PskcFault, PskcRefusal, PskcRefused
from provisioning.rules.audit_watch import AuditAlarm
from provisioning.store.address_keys import AddressKeyAway

_FAULTS: Final[dict[InputFault, str]] = {
    InputFault.MISSING: "is missing",
    InputFault.NOT_DIGITS: "must be digits only",
    InputFault.WRONG_LENGTH: "has the wrong length",
    InputFault.BAD_FORM: "has the wrong form",
    InputFault.TOO_SIMPLE: "is too easy to guess",
    InputFault.PART_OF_ID: "is part of an ID",
    InputFault.DO_NOT_MATCH: "was typed differently the second time",
    InputFault.UNCHANGED: "is the one in use already",
    InputFault.UNKNOWN_FIELD: "is not known here",
    InputFault.NOT_OFFERED: "is not offered by this institution",
}
_OF_PSKC: Final[dict[PskcFault, str]] = {
    PskcFault.NOT_XML: "is not well-formed XML in UTF-8",
    PskcFault.DOCUMENT_TYPE: "has a document type, entities or instructions, which are never read",
    PskcFault.TOO_BIG: "is too large",
    PskcFault.TOO_DEEP: "is nested too deeply",
    PskcFault.UNKNOWN_ELEMENT: "has something that is not understood",
    PskcFault.REPEATED_ELEMENT: "has something twice",
    PskcFault.MISSING: "lacks something",
    PskcFault.BAD_VALUE: "has a value of the wrong form",
    PskcFault.UNSUPPORTED: "asks for something that is not supported",
    PskcFault.NO_KEYS: "holds no key",
    PskcFault.OTHER_KIND_OF_KEY: "is protected by another kind of passphrase or key than the one given",
    PskcFault.WRONG_KEY: "is not opened by this passphrase or key",
    PskcFault.NOT_AUTHENTIC: "was changed, or the passphrase or key is wrong",
    PskcFault.PLAIN_SECRET: "holds a secret in plain text",
    PskcFault.SEED_LENGTH: "holds a seed that is too short for its hash, or too long",
    PskcFault.POLICY: "is under a policy that cannot be kept",
    PskcFault.SOMEBODYS: "is bound to a user already",
    PskcFault.NOT_YET_VALID: "is not valid yet",
    PskcFault.EXPIRED: "has expired",
    PskcFault.NOT_WANTED: "is not what the institution's profile asks for (type, digits, period)",
    PskcFault.DRIFTED: "is of a clock that is off by more than the institution allows",
    PskcFault.TWICE_IN_FILE: "is of a serial number that the file has already",
    PskcFault.IN_STOCK: "is of a serial number that is in stock already",
}
_STORE: Final[dict[StoreFault, str]] = {
    StoreFault.LOCKED: "the database is locked by another program; nothing was written, try again",
    StoreFault.FULL: "the disk is full, or fails; nothing was written, look at it (df, dmesg) and try again",
    StoreFault.UNREACHABLE: "the database is out of reach; check [store] in the settings and `kagiya db upgrade`",
}
_HSM: Final[dict[HsmFault, str]] = {
    HsmFault.MODULE: "the PKCS#11 module cannot be loaded; check vault.hsm.module",
    HsmFault.TOKEN: "there is no such token (or more than one, or none in the settings); check [vault.hsm]",
    HsmFault.PIN: "the token refused the PIN of vault.hsm.pin_file, or the file cannot be read",
    HsmFault.KEY: "the token has no such key, or one that could be taken out",
    HsmFault.SLOW: "the token did not answer within vault.hsm.timeout_s",
    HsmFault.SOFTWARE: "the token is one of SoftHSM, which is for tests",
    HsmFault.FAILED: "the PKCS#11 module failed",
}
_FINDINGS: Final[dict[AuditFault, str]] = {
    AuditFault.ENTRY_CHANGED: "was changed after it was written",
    AuditFault.ENTRY_MISSING: "was deleted",
    AuditFault.ENTRY_COPIED: "is a copy of another one",
    AuditFault.ENTRY_MOVED: "stands where another one was sealed",
    AuditFault.KEY_UNKNOWN: "names a key that is not in the settings ([[audit.former_key]])",
    AuditFault.KEY_CLOSED: "was written with a key that had been closed",
    AuditFault.TREE_CHANGED: "is where the tree over the log was changed",
    AuditFault.CHECKPOINT_FORGED: "nobody here signed this checkpoint",
    AuditFault.OLDER_THAN_CHECKPOINT: "is the last one, and more had been signed: the end was cut off, or the "
    "database was set back",
    AuditFault.NOT_WHAT_WAS_SIGNED: "is not what was signed",
    AuditFault.ARCHIVE_UNREADABLE: "this is no archive of the audit log, or it was changed",
}

AUDIT_ALARMS: Final[dict[AuditAlarm, str]] = {
    AuditAlarm.NOT_SEALED: "entries have waited for their place in the tree for minutes: does the worker run?",
    AuditAlarm.NOT_SIGNED: "no checkpoint was written for half an hour: does the worker run, with its key?",
    AuditAlarm.NOT_VERIFIED: "the log was not verified for more than a day: does the worker run?",
    AuditAlarm.NOT_WHOLE: "the log is not whole: `kagiya audit verify` says where",
}


def audit_finding(broken: AuditBroken) -> str:
    """What verification found, and where the first bad entry is."""
    where = ""
    if broken.entry is not None:
        where = f"entry {broken.entry} "
    if broken.last is not None and broken.last != broken.entry:
        where = f"one of the entries {broken.entry} to {broken.last} "
    file = f" ({broken.file})" if broken.file else ""
    return f"the audit log is not whole: {where}{_FINDINGS[broken.fault]}{file}"


# the first that fits; anything of ours that is not here tells its own facts
_WORDS: Final[tuple[tuple[type[Exception], Callable[[Any], str]], ...]] = (
    (errors.SettingsInvalid, str),
    (
        errors.CommitUnanswered,
        lambda _: "the database or its disk failed while it committed: done or not; look first",
    ),
    (errors.StoreUnavailable, lambda error: _STORE[error.fault]),
    (errors.BadInput, lambda error: f"{error.field} {_FAULTS[error.fault]}"),
    (errors.NotFound, lambda error: f"there is no such {error.what}"),
    (errors.WrongState, lambda error: f"the {error.what} is {error.state}, where this cannot be done"),
    (errors.AlreadyTaken, lambda error: f"the {error.what} is taken already"),
    (PskcRefused, lambda error: _pskc(error.refusals)),
    (errors.TooEarly, lambda error: f"this is possible from {error.until:%Y-%m-%d %H:%M:%S} UTC"),
    (errors.IssueRestricted, lambda _: "too many tokens were issued to this customer; staff lift that on paper"),
    (errors.PaperNeeded, lambda error: f"this needs a paper request ({error.kind})"),
    (errors.ApprovalNeeded, lambda error: f"this takes an approver ({', '.join(error.acts)})"),
    (errors.ApprovalRefused, lambda error: f"what an approver allowed is not what this would do ({error.fault})"),
    (errors.AuditBroken, audit_finding),
    (errors.HsmAway, lambda error: _HSM[error.fault]),
    (errors.VerifierAway, lambda error: f"the verifier cannot be asked ({error.cause}); nothing was written"),
    (AddressKeyAway, lambda away: f"the key of mail addresses {away.key_id or 'in force'} cannot be read"),
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


def pskc_refusal(refusal: PskcRefusal) -> str:
    """Which key, what is wrong with it, and where: never what it holds."""
    serial = f" (serial {refusal.serial})" if refusal.serial else ""
    key = f"key {refusal.number}{serial}" if refusal.number else "the file"
    return f"{key} {_OF_PSKC[refusal.fault]}" + (f": {refusal.what}" if refusal.what else "")


def _pskc(refusals: Sequence[PskcRefusal]) -> str:
    more = f"; and {len(refusals) - 1} more, see --dry-run" if len(refusals) > 1 else ""
    return f"nothing was imported: {pskc_refusal(refusals[0])}{more}"


def _place(error: Exception) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{'/'.join(Path(frame.filename).parts[-2:])}:{frame.lineno}"
