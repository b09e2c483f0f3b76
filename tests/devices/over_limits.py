"""Credentials that a device cannot hold, each for one reason."""

from __future__ import annotations

from dataclasses import replace

from devices.profiles import Algorithm, CredentialForm, Limits, OtpType


def forms_over(limits: Limits, form: CredentialForm) -> list[tuple[str, CredentialForm]]:
    """For each limit a form that breaks it alone, with the limit's name."""
    broken = [
        ("slot", replace(form, slot=0)),
        ("slot", replace(form, slot=limits.slots + 1)),
        ("digits", replace(form, digits=next(n for n in range(4, 12) if n not in limits.digits))),
        ("seed_bytes", replace(form, seed_bytes=max(limits.seed_bytes) + 1)),
    ]
    if form.otp_type is OtpType.TOTP:
        over = next(n for n in range(1, 4000) if n not in limits.periods_s)
        broken.append(("period_s", replace(form, period_s=over)))
    elif limits.counter_step > 1:
        broken.append(("counter", replace(form, counter=form.counter + 1)))
    broken += [("algorithm", replace(form, algorithm=a)) for a in Algorithm if a not in limits.algorithms]
    for otp_type in OtpType:
        if otp_type not in limits.otp_types:
            broken.append(("otp_type", replace(form, otp_type=otp_type, period_s=0)))
    return broken
