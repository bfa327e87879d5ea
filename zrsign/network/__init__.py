"""A whole zrSign network on one machine: chains, ledger and daemons, started together and stopped together."""
