"""The groups that keys live in, and what is computed in them: sharing, proofs, child keys."""
