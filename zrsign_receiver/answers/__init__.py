"""Answers: what a keyring said, who authorises it for a contract, and what relayers carry."""
