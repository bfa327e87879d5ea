"""Daemon: final events of zrSign contracts on many EVM chains, reported to the ledger.

Read in this order: `finality` (how far to read), `plan` (where to read next), `proof` (whether all
was read), `decode` (what a log says), `orphans` (what a reorganisation took), `store` (what must
not be lost), `evm` and `nodes` (what is asked of whom), `reader` and `listener` (one contract, one
chain), `report` (the way to the ledger).
"""
