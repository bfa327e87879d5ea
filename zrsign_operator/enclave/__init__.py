"""Enclaves: what holds an operator's secrets together, and how peers prove that they run in one.

`simulated` is an enclave and its verifier; `nitro`, `dcap` (SGX, TDX) and `sev_snp` verify the
documents of real ones; `verifiers` admits by kind, binding and measurement.
"""
