"""Whoever sends us bytes may send anything: each parser of them is fuzzed, its corpus kept (`make fuzz`)."""
