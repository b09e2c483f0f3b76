"""An emulated YubiKey's OTP application behind its keyboard interface (firmware_profiles/yubikey-otp.md)."""
