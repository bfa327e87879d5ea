"""The ledger.

A deterministic application with the shape of ABCI 2.0, its modules, store, engines, APIs and
client.
"""
