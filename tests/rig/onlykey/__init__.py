"""An emulated OnlyKey or OnlyKey DUO, written from the protocol facts in firmware_profiles/onlykey.md alone."""
