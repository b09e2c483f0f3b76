"""Token2 Molto-2, host side (firmware_profiles/molto2.md).

driver → wire (commands, seals) → devices.ccid → link; messages holds the layouts.
"""
