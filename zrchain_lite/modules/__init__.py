"""The modules of the ledger: each holds one part of the state, with its messages and queries."""
