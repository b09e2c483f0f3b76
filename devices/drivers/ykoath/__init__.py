"""The YKOATH application of YubiKey, Nitrokey and CanoKey, host side (firmware_profiles/ykoath.md).

driver → session (one selected application) → devices.ccid → link; messages holds the layouts.
"""
