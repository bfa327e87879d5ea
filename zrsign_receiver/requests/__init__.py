"""Requests: what an owner may ask for, and what becomes of it up to the keyring's answer."""
