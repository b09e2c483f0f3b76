"""Emulated keys with the YKOATH application on a card: YubiKey 4 and 5, Nitrokey 3, CanoKey."""
