"""The ledger's door for requests that come from zrSign contracts: source event in, key or signature out, the answer kept.

A request's road through this room, module by module:

    intake.py       observers' reports of one source event -> agreed content       (pure)
    ownership.py    who the owner is, which workspace and wallet are theirs
    payloads.py     what a contract asked -> what a key signs                       (pure)
    authority.py    what a Direct contract checks before it takes an answer         (pure)
    state.py        where everything is stored, and the indexes over it
    journey.py      a request's steps and statuses
    keys.py         key requests
    signing.py      sign requests: policy, treasury, simple transactions
    answers.py      what the keyring answered; the authority's signature
    deliveries.py   what relayers carry and report
    queries.py      what may be asked
    module.py       messages, queries and genesis of the ledger module
    api.py          REST and server-sent events
"""
