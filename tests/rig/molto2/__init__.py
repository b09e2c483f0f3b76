"""An emulated Token2 Molto-2: a display token with 50 or 100 TOTP profiles, loaded over CCID."""
