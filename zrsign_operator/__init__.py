"""Daemon: one operator of a threshold keyring.

It reads what the ledger approved, makes keys and signatures with its peers, and answers. Read in
this order: `peers.members` (who), `peers.frames` (what they say to each other), `work.agenda` (what
comes next), `work.tasks` (how each kind of work runs), `keys.holdings` (what an operator holds),
`peers.peers` and `work.work` (the others, and what is done with them), `operator` (the whole).
"""
