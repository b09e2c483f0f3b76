"""The OTP application of YubiKeys over their keyboard interface (firmware_profiles/yubikey-otp.md).

driver → wire (reports, waiting) → link; messages holds the layouts.
"""
