"""What a kind of fob can hold of what the institution wants, and what must be known before it is written."""

from __future__ import annotations

from dataclasses import dataclass

from devices import profiles
from devices.notices import FOR_CUSTOMER, Notice, notices
from devices.profiles import CodeShown, CredentialForm, FirmwareProfile
from provisioning.errors import CannotHold
from provisioning.rules.institution import Institution
from provisioning.rules.parameters import OtpParameters, OtpType
from provisioning.services import Services


@dataclass(frozen=True, slots=True)
class FobFit:
    """`otp` is what would be written, unless `refusal` says that the fob cannot hold what is wanted."""

    otp: OtpParameters
    refusal: CannotHold | None = None
    notices: tuple[Notice, ...] = ()

    @property
    def for_customer(self) -> tuple[Notice, ...]:
        """What the customer must know, too, when the fob is handed over."""
        return tuple(notice for notice in self.notices if notice in FOR_CUSTOMER)


def fob_fit(services: Services, institution: Institution, profile_name: str) -> FobFit:
    """TOTP as the institution wants it where the fob can hold that, else HOTP of the same length.

    The other way round for a fob that types codes of HOTP alone, where the institution wants them typed.
    A profile that this server does not know is left to the station, which checks the same once more.
    """
    profile = services.profiles.get(profile_name)
    if profile is None:
        return FobFit(institution.otp)
    refusal: CannotHold | None = None
    for otp in _wanted(institution, profile):
        fault = profile.fault(_form(otp, institution.hotp_first_counter))
        if fault is None:
            return FobFit(otp, notices=notices(profile, profiles.OtpType(otp.otp_type)))
        refusal = refusal or CannotHold(fault.limit, fault.asked, fault.allowed)
    return FobFit(institution.otp, refusal)


def _wanted(institution: Institution, profile: FirmwareProfile) -> list[OtpParameters]:
    """In the order of preference; of a type that the fob does not know at all only where there is no other."""
    known = {OtpType(otp_type) for otp_type in profile.limits.otp_types}
    wanted = institution.otp
    found = [wanted] if wanted.otp_type in known or OtpType.HOTP not in known else []
    if wanted.otp_type is OtpType.TOTP and OtpType.HOTP in known:
        found.append(OtpParameters(OtpType.HOTP, wanted.algorithm, wanted.digits, period_s=0))
    return found[::-1] if institution.typed_first and _types_by_counter_alone(profile) else found


def _types_by_counter_alone(profile: FirmwareProfile) -> bool:
    return profile.use.hotp is CodeShown.TYPED and profile.use.totp is not CodeShown.TYPED


def _form(otp: OtpParameters, first_counter: int) -> CredentialForm:
    return CredentialForm(
        profiles.OtpType(otp.otp_type),
        profiles.Algorithm(otp.algorithm),
        otp.digits,
        otp.period_s,
        otp.seed_bytes,
        counter=first_counter if otp.otp_type is OtpType.HOTP else 0,
    )
