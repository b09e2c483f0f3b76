"""An emulated Flipper Zero with the Authenticator application, written from the protocol note alone."""
