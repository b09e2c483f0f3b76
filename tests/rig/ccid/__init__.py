"""The device's side of CCID (USB CCID rev. 1.1): a reader with one slot, and a card that is always in it."""
