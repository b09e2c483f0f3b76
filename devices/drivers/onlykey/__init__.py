"""OnlyKey and OnlyKey DUO, host side (firmware_profiles/onlykey.md).

driver → messages (layouts, sentences) → link.
"""
