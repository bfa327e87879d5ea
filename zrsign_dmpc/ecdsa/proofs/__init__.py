"""The zero-knowledge proofs of CGGMP24, one file a proof, under the paper's names and letters.

`enc_elg`, `aff_g` and `elog` accompany presigning; `mod`, `prm` and `fac` prove auxiliary
information; `dec` and `aff_g_star` name the culprit of a failed presigning. Each file has a
`Statement`, a `Witness`, a `Proof`, `prove` and `verify`; `verify` returns nothing or raises
MalformedValueError (ProofError where an equation fails) with the check that failed.
"""
