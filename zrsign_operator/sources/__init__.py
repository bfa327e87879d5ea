"""Operators that see themselves what contracts ask: nothing else is signed where `[[chains]]` is.

`receipts` looks for an event on its chain, `asked` says what follows from it, `kept` remembers whom
each key serves, and `sources` puts them together.
"""
