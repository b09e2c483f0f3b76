"""What can go wrong on the server, as types that carry facts; words are found at the face (web, command line).

KagiyaError
├── Refused                 the request is understood and not allowed
│   ├── BadInput            a field has a form that cannot be used (names the field and the reason)
│   ├── NotFound            no such thing for this institution
│   ├── WrongState          the credential, fob or job is not where this act needs it
│   ├── AlreadyTaken        somebody else was first (unique slot, fob, number)
│   ├── CannotHold          the fob is of a kind that cannot hold the institution's credentials
│   ├── NotAuthentic        the caller did not show who it is (a station's signature, a bank's key)
│   ├── OutOfScope          the bank's system is known, and its key does not reach this operation
│   ├── KeyReused           the idempotency key was used for another request
│   ├── InProgress          the same request under the same idempotency key is being worked on
│   ├── OutcomeUnknown      … was begun, and what became of it was never written down
│   ├── ProofRefused        the app's proof opens nothing; deliberately says no more
│   ├── NonceUnusable       the app's server nonce is not ours, too old or used: begin again
│   ├── TooManyToday        so many wrong proofs today that none is looked at until tomorrow
│   ├── PasskeyRefused      what a passkey answered is worth nothing
│   ├── IssueRestricted     so many tokens were issued that staff must lift the restriction first, on paper
│   ├── PaperNeeded         staff of this institution do this only on a paper request
│   ├── ApprovalNeeded      … only once a second person has allowed it
│   ├── ApprovalRefused     what a second person was asked for cannot be allowed, or not by this one
│   ├── PskcRefused         a file of seeds cannot be imported; tells of every key that is in the way
│   ├── OverLimit           a transfer above what is left of the customer's limit
│   └── TooEarly            a waiting rule holds until an instant
├── SettingsInvalid         the settings file or a profile cannot be used; names file, key and mend
├── StoreUnavailable        the database refuses: locked, full, unreachable; nothing was written
│   ├── StoreConflict       the transaction was given up for another's: running it again is right
│   └── CommitUnanswered    the database went away, or its disk failed, while it committed: done or not
├── MailNotSent             the mail server did not take a mail, for now or for good
├── VaultError              a seed could not be sealed or opened
│   ├── HsmAway             the hardware security module cannot be used
│   ├── AddressKeyAway      a key of mail addresses, which rows name, is not here
│   └── VerifierAway        the role that opens seeds does not answer, or does not believe this process
├── AuditBroken             the audit log is not whole, or not the one that was signed; names the first bad entry
└── ClockUntrusted          the server's time cannot be relied upon (R04)
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class KagiyaError(Exception):
    """Root of everything this program raises on purpose."""


class Refused(KagiyaError):
    """The request was understood and is not allowed."""


class InputFault(StrEnum):
    """Why a field's value cannot be used."""

    MISSING = "missing"
    NOT_DIGITS = "not_digits"
    WRONG_LENGTH = "wrong_length"
    BAD_FORM = "bad_form"
    TOO_SIMPLE = "too_simple"
    PART_OF_ID = "part_of_id"
    DO_NOT_MATCH = "do_not_match"
    UNCHANGED = "unchanged"
    UNKNOWN_FIELD = "unknown_field"
    NOT_OFFERED = "not_offered"


@dataclass
class BadInput(Refused):
    """`field` (its name in the form or JSON body) cannot be used because of `fault`. Never holds the value."""

    field: str
    fault: InputFault


@dataclass
class NotFound(Refused):
    """No `what` (customer, fob, job …) by that name within the caller's institution."""

    what: str


@dataclass
class WrongState(Refused):
    """`what` is in `state`, from which this act does not lead anywhere."""

    what: str
    state: str


@dataclass
class AlreadyTaken(Refused):
    """`what` (slot, fob, login_id …) belongs to somebody else by now."""

    what: str


@dataclass
class CannotHold(Refused):
    """The fob takes `allowed` for `limit` (otp_type, digits, period_s, …), and `asked` would be needed."""

    limit: str
    asked: str
    allowed: str


class AuthFault(StrEnum):
    """Why a caller is not believed."""

    MISSING = "missing"
    BAD_FORM = "bad_form"
    UNKNOWN = "unknown"
    REVOKED = "revoked"
    BAD_SIGNATURE = "bad_signature"
    CLOCK = "clock"
    REPLAYED = "replayed"
    EXPIRED = "expired"


@dataclass
class NotAuthentic(Refused):
    """The caller did not show who it is, because of `fault`."""

    fault: AuthFault


@dataclass
class OutOfScope(Refused):
    """The calling system's key lacks `scope`."""

    scope: str


class KeyReused(Refused):
    """Another request of this system was sent under the same idempotency key."""


class InProgress(Refused):
    """The first of two equal requests is not answered yet: ask again in a moment."""


class OutcomeUnknown(Refused):
    """The process that worked on the first of two equal requests ended before it could say what it did."""


class ProofRefused(Refused):
    """Unknown IDs, a wrong activation password, a ticket void, spent or expired: alike to strangers (R09)."""


class NonceUnusable(Refused):
    """The nonce from `begin` cannot be used (any more); says nothing about the IDs."""


class TooManyToday(Refused):
    """The day's wrong activation proofs are used up for this customer, source or service (R19)."""


class PasskeyFault(StrEnum):
    """What is wrong with a passkey's answer."""

    BAD_FORM = "bad_form"
    CHALLENGE = "challenge"
    TOO_LATE = "too_late"
    UNKNOWN = "unknown"
    NOT_THEIRS = "not_theirs"
    DISABLED = "disabled"
    ORIGIN = "origin"
    RELYING_PARTY = "relying_party"
    NOT_VERIFIED = "not_verified"
    SIGNATURE = "signature"
    COUNTER_BACK = "counter_back"
    KNOWN = "known"
    TOO_MANY = "too_many"
    UNCONFIRMED = "unconfirmed"


@dataclass
class PasskeyRefused(Refused):
    """The answer of a passkey is worth nothing, because of `fault`."""

    fault: PasskeyFault


@dataclass
class OverLimit(Refused):
    """The transfer is above `left_yen`, which is left today of the customer's `limit_yen`."""

    limit_yen: int
    left_yen: int


@dataclass
class TooEarly(Refused):
    """The waiting rule ends at `until` (aware, UTC)."""

    until: datetime


class IssueRestricted(Refused):
    """発行規制: the institution's number of issuances is used up, until a paper request lifts it (R40)."""


@dataclass
class PaperNeeded(Refused):
    """A paper request of kind `kind` (a PaperKind) comes first, and does this itself (R39)."""

    kind: str


@dataclass
class ApprovalNeeded(Refused):
    """An approver's consent comes first: `acts` (values of ApprovedAct) are what it is demanded for (R56)."""

    acts: tuple[str, ...]


class ApprovalFault(StrEnum):
    """Why a request for a second person, or the answer to it, is worth nothing."""

    OWN = "own"
    OWN_TOKEN = "own_token"
    NOT_APPROVER = "not_approver"
    CHANGED = "changed"
    NOT_SIGNED = "not_signed"
    MAKER_GONE = "maker_gone"
    MOVED_ON = "moved_on"


@dataclass
class ApprovalRefused(Refused):
    """Nothing was done, because of `fault`."""

    fault: ApprovalFault


@dataclass
class SettingsInvalid(KagiyaError):
    """`file` cannot be used: `key` is wrong in the way `problem` tells; `mend` says what to write."""

    file: str
    key: str
    problem: str
    mend: str = ""

    def __str__(self) -> str:
        mend = f" {self.mend}" if self.mend else ""
        return f"{self.file}: {self.key}: {self.problem}.{mend}"


class StoreFault(StrEnum):
    """Why the database refused."""

    LOCKED = "locked"
    FULL = "full"
    UNREACHABLE = "unreachable"


@dataclass
class StoreUnavailable(KagiyaError):
    """The database refused, because of `fault`, and nothing was written."""

    fault: StoreFault


class StoreConflict(StoreUnavailable):
    """A deadlock, or transactions that have no order: this one was given up for another, and may run again."""


class CommitUnanswered(StoreUnavailable):
    """The exception to "nothing was written": the database was cut off, or its disk failed, while it committed, or
    later, when what was done was to be read. Done or not; look."""


class VaultError(KagiyaError):
    """A seed could not be sealed or opened; carries no key material."""


class HsmFault(StrEnum):
    """Why a hardware security module cannot be used."""

    MODULE = "module"
    TOKEN = "token"
    PIN = "pin"
    KEY = "key"
    SLOW = "slow"
    SOFTWARE = "software"
    FAILED = "failed"


@dataclass
class HsmAway(VaultError):
    """The hardware security module cannot be used, because of `fault`; nothing was opened."""

    fault: HsmFault


@dataclass
class VerifierAway(VaultError):
    """The verifier cannot be asked, because of `cause`; nothing was written."""

    cause: str


class ClockUntrusted(KagiyaError):
    """The server's clock is not to be relied upon; every code is refused (R04)."""


class AuditFault(StrEnum):
    """What the verification of the audit log found."""

    ENTRY_CHANGED = "entry_changed"
    ENTRY_MISSING = "entry_missing"
    ENTRY_COPIED = "entry_copied"
    ENTRY_MOVED = "entry_moved"
    KEY_UNKNOWN = "key_unknown"
    KEY_CLOSED = "key_closed"
    TREE_CHANGED = "tree_changed"
    CHECKPOINT_FORGED = "checkpoint_forged"
    OLDER_THAN_CHECKPOINT = "older_than_checkpoint"
    NOT_WHAT_WAS_SIGNED = "not_what_was_signed"
    ARCHIVE_UNREADABLE = "archive_unreadable"


@dataclass
class AuditBroken(KagiyaError):
    """The first bad entry is `entry`, or one from `entry` to `last`; `file` is what it shows by, if any."""

    fault: AuditFault
    entry: int | None = None
    last: int | None = None
    file: str = ""
