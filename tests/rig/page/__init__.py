"""The rig's own small web application: fobs, inbox, clock. Loopback only, never in production."""
