"""Nitrokey Pro, Librem Key and Nitrokey Storage over HID feature reports (firmware_profiles/nitrokey-pro.md).

driver → wire (request and answer) → link; messages holds the layouts, pins chooses the admin PIN.
"""
