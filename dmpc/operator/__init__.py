"""Daemon: one operator of a threshold keyring.

It reads what the ledger approved, makes keys and signatures with its peers, and answers. Read in
this order: `members` (who), `frames` (what they say to each other), `agenda` (what comes next),
`tasks` (how each kind of work runs), `desk` (what an operator holds), `operator` (the whole).
"""
