"""The ledger's door for requests from zrSign contracts: source event in, key or signature out.

A request's road through this room, module by module:

    reports/intake.py        observers' reports of one source event -> agreed content   (pure)
    reports/reporting.py     takes reports, gives receipts, starts requests
    requests/ownership.py    who the owner is, which workspace and wallet are theirs
    requests/keys.py         key requests
    requests/payloads.py     what a contract asked -> what a key signs                   (pure)
    requests/composition.py  simple transactions, until somebody composed them
    requests/signing.py      sign requests: policy, then keyring
    answers/answers.py       what the keyring answered; the authority's signature
    answers/authority.py     what a Direct contract checks before it takes an answer     (pure)
    answers/deliveries.py    what relayers carry and report

Beside the road:

    module.py                the ledger module that puts the parts together
    messages.py, queries.py  what may be sent and asked
    journey.py, state.py     statuses and steps; where everything is stored
    administration.py        parameters and sources
    rest/                    the REST door
"""
