"""A throw-away machine with Debian's stock kernel, in which the devices' tests meet the real USB stack."""
