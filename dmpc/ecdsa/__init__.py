"""Threshold ECDSA: CGGMP24 (ePrint 2021/060, revision of 2024-10-21) over secp256k1."""
