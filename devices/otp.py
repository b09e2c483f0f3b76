"""The code that a device must tell, reckoned here to hold it against (RFC 4226). Pure."""

from __future__ import annotations

import hmac

from devices.profiles import CredentialForm, OtpType


def truncated(mac: bytes, digits: int) -> str:
    """The code of an HMAC: RFC 4226 section 5.3, zero-padded."""
    start = mac[-1] & 0x0F
    number = int.from_bytes(mac[start : start + 4]) & 0x7FFF_FFFF
    return str(number % 10**digits).zfill(digits)


def otp(secret: bytes, form: CredentialForm, moment: int) -> str:
    """The code of `form` at a counter or time step."""
    return truncated(hmac.digest(secret, moment.to_bytes(8), form.algorithm.value), form.digits)


def moment(form: CredentialForm, unix_time: float) -> int:
    """The time step of a TOTP form; the start counter of an HOTP form."""
    return int(unix_time) // form.period_s if form.otp_type is OtpType.TOTP else form.counter
