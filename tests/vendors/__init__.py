"""Programs that we did not write, unmodified, against the emulated devices: the proof that those are right.

Here the programs run in the test's own process and meet the device behind their own seam, without USB; in
tests/guest/inside they run as they are over a real USB stack. Each test says what it shows (`shows`), and
docs/devices.md has the table of it.
"""
