"""Deploy and operate contracts: a file says what should be, the difference is sent.

    settings.py   the file (YAML)
    create2.py    addresses that are the same on every chain
    state.py      what a chain says of a deployment
    changes.py    the difference, as transactions with who must send each
    layout.py     whether an implementation may follow another in the same storage
    migration.py what the older contracts left behind a proxy, carried into these
    operate.py    read, compare, send

`plan.py` and `deploy.py` are the short way for a chain that lives for an hour: they write once
and never look.
"""
