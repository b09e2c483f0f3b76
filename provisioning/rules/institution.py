"""What one institution wants differently, as data (design §1.7)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Final

from provisioning.rules.app_profile import AppProfile
from provisioning.rules.approval import ApprovalRules
from provisioning.rules.issuance import Issuance
from provisioning.rules.papers import PaperKind
from provisioning.rules.parameters import OtpParameters, OtpType
from provisioning.rules.proofs import OtpPurpose
from provisioning.rules.states import TokenKind


class Activation(StrEnum):
    """What a soft-token app is set up with (R20): the activation password alone, or a random code as well."""

    PIN = "pin"
    STRICT = "strict"


class Replacement(StrEnum):
    """How a customer comes from one token to the next (R43): release first, or a successor beside the one in use,
    which works until the successor is activated.
    """

    RELEASE_FIRST = "release-first"
    SUCCESSOR = "successor"


MOST_YEN: Final = 1_000_000_000
"""No transfer limit is higher."""

LONGEST_TICKET_LIFE: Final = {Activation.PIN: timedelta(hours=24), Activation.STRICT: timedelta(minutes=10)}


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence in both languages."""

    ja: str
    en: str

    def in_language(self, language: str) -> str:
        """The sentence in `language` (`ja` or `en`)."""
        return self.en if language == "en" else self.ja


MAIL_ADDRESS: Final = Text("メールアドレス", "Mail address")


@dataclass(frozen=True, slots=True)
class Note:
    """A note (注意事項) on screen BOP001. `heading` stands over it and those after it; None: as the one before."""

    text: Text
    heading: Text | None = None


@dataclass(frozen=True, slots=True)
class StateTexts:
    """Where a customer stands (登録状況 of screen BOP001), in words of the institution or else of the manuals.

    `none`: never had a token, or it ended. `issued`: until the first correct one-time password.
    """

    none: Text = Text("未登録", "Not registered")
    issued: Text = Text("トークン発行済", "Token issued")
    active: Text = Text("利用中", "In use")
    suspended: Text = Text("利用停止", "Suspended")


@dataclass(frozen=True, slots=True)
class TokenIssuedTexts:
    """Own words in the mail トークン発行のご案内, None: the ordinary ones; `notes` are more lines."""

    greeting: Text | None = None
    what_to_do: Text | None = None
    notes: tuple[Text, ...] = ()
    closing: Text | None = None


@dataclass(frozen=True, slots=True)
class Institution:
    """An institution profile, read strictly from `provisioning/institutions/ID.toml`.

    `issuance_limit`: so many issuances until they are restricted; None: never. `papers`: what needs a paper,
    `approval`: what needs a second person.

    `asks_otp_at`: what customers with a token type a code for. `mail_password`: others may use that instead.
    `keep_address`: how long a mail address is stored, and told of what happens, once it is not needed any more.
    `transfer_limit_cap_yen`: what the transfer limit is lowered to at the end of a token; None: nothing is.
    """

    id: str
    service_id: str
    name: Text
    branches: tuple[str, ...]
    user_id_pattern: str
    contact_name: Text
    contact_phone: str
    sender_address: str
    sender_domains: tuple[str, ...]
    kinds: tuple[TokenKind, ...]
    contact_hours: Text | None = None
    otp: OtpParameters = field(default_factory=OtpParameters)
    window_steps: int = 1
    hotp_look_ahead: int = 10
    hotp_first_counter: int = 0
    typed_first: bool = False
    max_drift_steps: int = 10
    resync_steps: int = 60
    failure_limit: int = 5
    activation_password_failures: int = 5
    issuance: Issuance = field(default_factory=Issuance)
    activation: Activation = Activation.PIN
    ticket_life: timedelta = timedelta(hours=24)
    activate_within: timedelta = timedelta(days=30)
    reissue_next_day: bool = True
    wait_after_revocation: bool = False
    asks_otp_at: tuple[OtpPurpose, ...] = (OtpPurpose.LOGIN,)
    mail_password: bool = False
    keep_address: timedelta = timedelta(days=30)
    companies: bool = False
    transfer_limit_cap_yen: int | None = None
    replacement: Replacement = Replacement.RELEASE_FIRST
    issuance_limit: int | None = None
    papers: tuple[PaperKind, ...] = ()
    approval: ApprovalRules = field(default_factory=ApprovalRules)
    menu_path: tuple[Text, ...] = ()
    notes: tuple[Note, ...] = ()
    states: StateTexts = field(default_factory=StateTexts)
    app: AppProfile = field(default_factory=AppProfile)
    token_issued_mail: TokenIssuedTexts = field(default_factory=TokenIssuedTexts)
    mail_address_label: Text = MAIL_ADDRESS
    dotted_carrier_domains: tuple[str, ...] = ()

    def issues(self, kind: TokenKind) -> bool:
        """It has tokens of this kind to give. An app shows codes of the minute; by counter needs a device."""
        return kind in self.kinds and (kind is not TokenKind.SOFT or self.otp.otp_type is OtpType.TOTP)

    @property
    def needs_setup_code(self) -> bool:
        """Apps are set up with a random code beside the activation password (R20)."""
        return self.activation is Activation.STRICT

    def __post_init__(self) -> None:
        """Raises ValueError for a ticket that lives longer than the activation profile allows, and for a
        restriction that nothing lifts.
        """
        if (self.issuance_limit is None) != (PaperKind.ISSUE_RESTRICTION not in self.papers):
            raise ValueError("papers: a limit of issuances is lifted on paper, and nothing else is")
        if self.ticket_life > LONGEST_TICKET_LIFE[self.activation]:
            raise ValueError(f"ticket_life: too long for {self.activation}")
