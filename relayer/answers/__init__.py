"""Direct answers: zrKeyRes and zrSignRes on the source contract, from the relayer's gas account.

The ledger gives the whole answer with the authority's signature; anyone may submit it. `contract`
speaks the ABI, `builder` makes the transaction.
"""
