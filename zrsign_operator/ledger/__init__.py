"""What the ledger asks of an operator, what of it may be signed, and how answers get there."""
