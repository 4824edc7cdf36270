"""The bytes of the eufy protocol, both directions: what a client sends and what a station sends.

Pure functions and small state: no clock, no socket, no source of randomness. Whatever must be
random (nonces, ephemeral keys, padding) is an argument. Every decoder is total: it returns a
value or raises `WireError` / `AuthenticityError`, never anything else.
"""
