"""What nodes mean by their error texts: that they have this very transaction, or nothing certain.

Nodes have no common error codes for a transaction that they do not take, so the text decides. Each
destination lists the texts of its nodes that say "I have it". Every other refusal is a reason to
wait, for none proves that another node, or this one later, will not take the same bytes.
"""

from __future__ import annotations


def means_known(known: tuple[str, ...], text: str) -> bool:
    """Whether a node's error text says that the node or the chain has the transaction."""
    lowered = text.lower()
    return any(part in lowered for part in known)
