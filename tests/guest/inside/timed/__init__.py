"""How long a device is written, on the real USB stack and beside the makers' programs."""
