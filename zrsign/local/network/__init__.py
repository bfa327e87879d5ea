"""A whole zrSign network on one machine.

Chains, ledger and daemons, started together and stopped together.
"""
