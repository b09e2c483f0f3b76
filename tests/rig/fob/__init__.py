"""The emulated key fob, built from firmware_profiles/kagiya-fob.md alone.

It shares no code with the driver, so that the two can only agree where the document is clear. "§" in
this package are that document's sections.
"""
