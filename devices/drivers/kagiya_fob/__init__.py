"""The open fob protocol, host side (firmware_profiles/kagiya-fob.md).

driver → session (keys, seals) → wire (frames, ids) → link; messages holds the layouts.
"""
