"""Key ceremonies: a key-encryption key among custodians, none of whom has it alone (R49)."""
