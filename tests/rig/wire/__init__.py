"""How the emulated fob's messages cross: HID reports and serial frames, written from the document alone."""


class UnreadableFrame(Exception):
    """What arrived is no frame of the document; the fob answers with the frame refusal (§1)."""
