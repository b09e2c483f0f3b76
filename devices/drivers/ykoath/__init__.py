"""The YKOATH application of YubiKey, Nitrokey and CanoKey, host side (firmware_profiles/ykoath.md).

driver → wire (answers in parts, touches) → devices.ccid → link; messages holds the layouts.
"""
