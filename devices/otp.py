"""The code that a device must tell, reckoned here to hold it against (RFC 4226). Pure."""

from __future__ import annotations

import hmac

from devices.profiles import CredentialForm, OtpType


def truncated(mac: bytes) -> int:
    """The 31 bits of an HMAC that its code is made of (section 5.3)."""
    start = mac[-1] & 0x0F
    return int.from_bytes(mac[start : start + 4]) & 0x7FFF_FFFF


def decimal_code(number: int, digits: int) -> str:
    """As many decimal digits of the 31 bits, zero-padded."""
    return str(number % 10**digits).zfill(digits)


def otp(secret: bytes, form: CredentialForm, moving_factor: int) -> str:
    """The code of `form` at a counter or time step."""
    mac = hmac.digest(secret, moving_factor.to_bytes(8), form.algorithm.value)
    return decimal_code(truncated(mac), form.digits)


def moving_factor(form: CredentialForm, unix_time: float) -> int:
    """The time step of a TOTP form; the start counter of an HOTP form."""
    return int(unix_time) // form.period_s if form.otp_type is OtpType.TOTP else form.counter
