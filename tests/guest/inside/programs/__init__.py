"""The devices' makers' own programs, as they are, with the emulated devices on the real USB stack."""
