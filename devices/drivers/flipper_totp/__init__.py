"""Flipper Zero with the Authenticator application, host side (firmware_profiles/flipper-totp.md).

driver → console (prompt, echo, waits) → link; messages has the sentences and tables.
"""
