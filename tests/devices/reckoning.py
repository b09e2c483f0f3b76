"""Codes, reckoned by a library that the product does not use for its emulators."""

from __future__ import annotations

import hashlib
from base64 import b32encode

import pyotp

from devices.profiles import CredentialForm, OtpType


def otp_code(secret: bytes, form: CredentialForm, at: float) -> str:
    """The code of `form` at a Unix time (HOTP: a counter), by pyotp."""
    text, digest = b32encode(secret).decode(), getattr(hashlib, form.algorithm)
    if form.otp_type is OtpType.HOTP:
        return pyotp.HOTP(text, digits=form.digits, digest=digest).at(int(at))
    return pyotp.TOTP(text, digits=form.digits, digest=digest, interval=form.period_s).at(int(at))
