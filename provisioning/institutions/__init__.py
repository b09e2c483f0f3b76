"""Institution profiles: one TOML file each, read strictly. README.md beside this file explains every key."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from provisioning.errors import SettingsInvalid
from provisioning.institutions.app import read_app
from provisioning.institutions.approval import read_approval
from provisioning.institutions.issuance import read_issuance
from provisioning.institutions.papers import read_papers
from provisioning.institutions.proofs import read_purposes
from provisioning.rules.institution import (
    LONGEST_TICKET_LIFE,
    MAIL_ADDRESS,
    MOST_YEN,
    Activation,
    Institution,
    Note,
    Replacement,
    StateTexts,
    Text,
    TokenIssuedTexts,
)
from provisioning.rules.parameters import Algorithm, OtpParameters, OtpType
from provisioning.rules.states import TokenKind
from provisioning.rules.strict_table import StrictTable, parse

SHIPPED: Final = Path(__file__).parent
"""Folder of the profiles that come with the program."""

_ID: Final = re.compile(r"[a-z][a-z0-9-]{0,31}")
_SERVICE_ID: Final = re.compile(r"[0-9]{8}")
_DOMAIN: Final = re.compile(r"(?=.{1,253}\Z)[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+")
_ADDRESS: Final = re.compile(rf"[A-Za-z0-9._+-]{{1,64}}@{_DOMAIN.pattern}")
_ADDRESSED: Final = re.compile(r"://|\bwww\.|@")
_PHONE: Final = re.compile(r"[0-9+][0-9-]{5,19}")
_TICKET_LIFE: Final = {
    Activation.PIN: ("ticket_life_h", timedelta(hours=1)),
    Activation.STRICT: ("ticket_life_min", timedelta(minutes=1)),
}


def load_institutions(folder: Path | None = None) -> dict[str, Institution]:
    """Every profile in `folder` (the shipped ones without it), by id.

    Raises SettingsInvalid for a profile that cannot be used, or for a folder that has none.
    """
    place = folder or SHIPPED
    files = sorted(place.glob("*.toml"))
    if not files:
        raise SettingsInvalid(str(place), "institutions", "has no profile (*.toml)")
    return load_profiles(files)


def profile_texts(folder: Path | None = None) -> dict[str, str]:
    """The files that `load_institutions` reads, as they are, by id."""
    return {file.stem: file.read_text(encoding="utf-8") for file in sorted((folder or SHIPPED).glob("*.toml"))}


def load_profiles(files: Iterable[Path]) -> dict[str, Institution]:
    """The profiles in `files`, by id. Raises SettingsInvalid, also where two share an id or a service ID."""
    found: dict[str, Institution] = {}
    for file in files:
        institution = load_profile(file)
        for other in found.values():
            if other.id == institution.id:
                raise SettingsInvalid(str(file), "id", f"{institution.id} is the id of another profile, too")
            if other.service_id == institution.service_id:
                raise SettingsInvalid(str(file), "service_id", f"is the service ID of {other.id}, too")
        found[institution.id] = institution
    return found


def load_profile(file: Path) -> Institution:
    """One profile; its id is the file's name. Raises SettingsInvalid naming file and key."""
    if not _ID.fullmatch(file.stem):
        raise SettingsInvalid(str(file), "id", "the file's name must be lower-case letters, digits and hyphens")
    try:
        root = parse(str(file), file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsInvalid(str(file), "(whole file)", f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SettingsInvalid(str(file), "(whole file)", "is not UTF-8 text") from None
    institution = _institution(file.stem, root)
    root.finish()
    return institution


def _institution(name: str, root: StrictTable) -> Institution:
    contact, otp = root.table("contact"), root.table("otp")
    activation = root.choice("activation", Activation, Activation.PIN)
    kinds, parameters = _kinds(root), _otp_parameters(otp)
    offers_soft = TokenKind.SOFT in kinds and parameters.otp_type is OtpType.TOTP
    mail_password = root.flag("mail_password", default=False)
    institution = Institution(
        id=name,
        service_id=_matching(root, "service_id", _SERVICE_ID, "must be 8 digits"),
        name=_text(root.table("name")),
        branches=_some(root, "branches"),
        user_id_pattern=_pattern(root),
        contact_name=_text(contact.table("name")),
        contact_phone=_matching(contact, "phone", _PHONE, "must be a telephone number: digits and hyphens"),
        contact_hours=_text(contact.table("hours")) if "hours" in contact else None,
        **_mail(root.table("mail")),
        kinds=kinds,
        otp=parameters,
        issuance=read_issuance(root.table("issuance"), offers_soft=offers_soft, has_mail_password=mail_password),
        activation=activation,
        companies=root.flag("companies", default=False),
        **_otp_rules(otp),
        **_limits(root.table("limits"), activation),
        **_conditions(root, kinds, has_mail_password=mail_password),
        menu_path=tuple(_text(table) for table in root.tables("menu_path")),
        notes=tuple(_note(table) for table in root.tables("notes")),
        asks_otp_at=read_purposes(root),
        mail_password=mail_password,
        states=_states(root.table("states")),
        app=read_app(root, offers_soft=offers_soft),
    )
    for table in (contact, otp):
        table.finish()
    return institution


def _conditions(root: StrictTable, kinds: Collection[TokenKind], *, has_mail_password: bool) -> dict[str, Any]:
    """The tables `[papers]` and `[approval]`: what staff do on paper only, or with a second person."""
    is_limited = "issuance_limit" in root.table("limits")
    papers = read_papers(root.table("papers"), is_limited=is_limited, has_mail_password=has_mail_password)
    return {"papers": papers, "approval": read_approval(root.table("approval"), kinds=kinds, papers=papers)}


def _mail(mail: StrictTable) -> dict[str, Any]:
    """The table `[mail]`."""
    read = {
        "sender_address": _matching(mail, "sender_address", _ADDRESS, "must be a mail address"),
        "sender_domains": _domains(mail, "sender_domains"),
        "keep_address": timedelta(days=mail.integer("keep_address_days", 1, 365, 30)),
        "token_issued_mail": _token_issued(mail.table("token_issued")),
        "mail_address_label": _text(mail.table("address_label")) if "address_label" in mail else MAIL_ADDRESS,
        "dotted_carrier_domains": _domains(mail, "dotted_carrier_domains", ()),
    }
    mail.finish()
    return read


def _otp_rules(otp: StrictTable) -> dict[str, Any]:
    """What the table `[otp]` says beside the parameters themselves."""
    max_drift_steps = otp.integer("max_drift_steps", 0, 60, 10)
    return {
        "window_steps": otp.integer("window_steps", 0, 2, 1),
        "hotp_look_ahead": otp.integer("hotp_look_ahead", 1, 50, 10),
        "hotp_first_counter": otp.integer("hotp_first_counter", 0, 1_000_000, 0),
        "typed_first": otp.flag("typed_first", default=False),
        "max_drift_steps": max_drift_steps,
        # as far as use alone may carry a clock, two codes must find it
        "resync_steps": otp.integer("resync_steps", max(10, max_drift_steps), 1000, 60),
    }


def _limits(limits: StrictTable, activation: Activation) -> dict[str, Any]:
    """The table `[limits]`."""
    read = {
        "failure_limit": limits.integer("failure_limit", 1, 100, 5),
        "activation_password_failures": limits.integer("activation_password_failures", 1, 10, 5),
        "ticket_life": _ticket_life(limits, activation),
        "activate_within": timedelta(days=limits.integer("activate_within_days", 1, 365, 30)),
        "reissue_next_day": limits.flag("reissue_next_day", default=True),
        "wait_after_revocation": limits.flag("wait_after_revocation", default=False),
        "transfer_limit_cap_yen": _optional(limits, "transfer_limit_cap_yen", MOST_YEN),
        "issuance_limit": _optional(limits, "issuance_limit", 100),
        "replacement": limits.choice("replacement", Replacement, Replacement.RELEASE_FIRST),
    }
    limits.finish()
    return read


def _ticket_life(limits: StrictTable, activation: Activation) -> timedelta:
    """Hours or minutes: each profile has a key of its own, and the other's is unknown to it."""
    longest = LONGEST_TICKET_LIFE[activation]
    key, unit = _TICKET_LIFE[activation]
    return limits.integer(key, 1, longest // unit, longest // unit) * unit


def _optional(limits: StrictTable, key: str, most: int) -> int | None:
    return limits.integer(key, 1, most) if key in limits else None


def _text(table: StrictTable) -> Text:
    """A sentence of one line; a missing language is refused, so no page is half translated."""
    text = Text(ja=table.text("ja"), en=table.text("en"))
    table.finish()
    for language in ("ja", "en"):
        if not text.in_language(language).isprintable():  # names stand in the headers of mails
            table.fail(language, "must be one line without control characters")
    return text


def _note(table: StrictTable) -> Note:
    heading = _text(table.table("heading")) if "heading" in table else None
    return Note(_text(table), heading)


def _states(table: StrictTable) -> StateTexts:
    """Whichever words the profile has of its own."""
    own = {one.name: _text(table.table(one.name)) for one in fields(StateTexts) if one.name in table}
    table.finish()
    return StateTexts(**own)


def _token_issued(table: StrictTable) -> TokenIssuedTexts:
    """The institution's own lines in that mail. They bring no link and no address (R25)."""
    own = {name: _mail_line(table.table(name)) for name in ("greeting", "what_to_do", "closing") if name in table}
    notes = tuple(_mail_line(note) for note in table.tables("notes"))
    table.finish()
    return TokenIssuedTexts(**own, notes=notes)


def _mail_line(table: StrictTable) -> Text:
    line = _text(table)
    for language in ("ja", "en"):
        if _ADDRESSED.search(line.in_language(language)):
            table.fail(language, "must not hold an address: the mail's only links are those of our own pages")
    return line


def _some(table: StrictTable, key: str) -> tuple[str, ...]:
    texts = table.texts(key)
    if not texts or len(set(texts)) != len(texts):
        table.fail(key, "must name at least one, and none twice")
    return texts


def _matching(table: StrictTable, key: str, form: re.Pattern[str], problem: str) -> str:
    text = table.text(key)
    if not form.fullmatch(text):
        table.fail(key, problem)
    return text


def _domains(table: StrictTable, key: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
    domains = table.texts(key, default)
    for domain in domains:
        if not _DOMAIN.fullmatch(domain):
            table.fail(key, f"{domain} is not a domain in lower case")
    return domains


def _pattern(root: StrictTable) -> str:
    text = root.text("user_id_pattern")
    try:
        re.compile(text)
    except re.error as error:
        root.fail("user_id_pattern", f"is not a regular expression: {error}", 'Write one such as "[0-9]{12}".')
    return text


def _kinds(root: StrictTable) -> tuple[TokenKind, ...]:
    try:
        return tuple(TokenKind(text) for text in _some(root, "kinds"))
    except ValueError:
        root.fail("kinds", f"must be of {', '.join(TokenKind)}")


def _otp_parameters(otp: StrictTable) -> OtpParameters:
    otp_type = otp.choice("type", OtpType, OtpType.TOTP)
    algorithm = otp.choice("algorithm", Algorithm, Algorithm.SHA1)
    digits = otp.integer("digits", 6, 8, 8)
    period_s = otp.integer("period_s", 0, 60, 60 if otp_type is OtpType.TOTP else 0)
    try:
        return OtpParameters(otp_type, algorithm, digits, period_s)
    except ValueError as error:
        otp.fail("period_s" if "period_s" in str(error) else "digits", str(error))
