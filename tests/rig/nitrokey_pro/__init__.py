"""An emulated Nitrokey Pro, Librem Key or Nitrokey Storage (firmware_profiles/nitrokey-pro.md)."""
