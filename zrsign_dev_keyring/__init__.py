"""Daemon: a keyring of one party for development.

It holds whole keys, so use it with nothing of value. It meets the ledger as any operator does:
pending requests in, fulfilments out. Read in this order: `keys` (what signs), `answer` (request to
answer, pure), `vault` (sealed on disk), `keyring` (the loop).
"""
