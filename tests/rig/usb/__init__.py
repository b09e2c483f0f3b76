"""Emulated devices as the USB sees them: descriptors, transfers, and how they reach the kernel."""
