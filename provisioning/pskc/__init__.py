"""PSKC (RFC 6030), read strictly and written: seeds that come with key fobs from their maker.

Every element is honoured or refused. Secrets are believed only when they are encrypted, and their MAC, checked
before anything is decrypted, is right. What the MAC does not cover, serial number and parameters, is proved by a
code from the fob before it is handed over.
"""
