"""Daemon: final events of zrSign contracts on many EVM chains, reported to the ledger.

Read in this order: `finality` (how far to read), `plan` (where to read next), `decode` (what a log
says), `store` (what must not be lost), `listener` (one chain's loop), `report` (the way to the
ledger).
"""
