"""What the demo runs, and in which order."""

from __future__ import annotations

from functools import partial

from zrsign.local.demo import policy
from zrsign.local.demo.flows import (
    DESTINATION,
    SOURCE,
    Scene,
    bitcoin_payment,
    contract_call,
    cosmos_payment,
    cosmos_workspace,
    request_key,
    request_key_direct,
    sign_data,
    sign_hash_direct,
    solana_transfer,
    transfer,
)
from zrsign.local.demo.rows import Row
from zrsign.sdk import Options
from zrsign_chains import (
    BITCOIN_REGTEST,
    BITCOIN_TEST,
    COSMOS,
    COSMOS_LOCAL,
    EVM,
    SOLANA,
    SOLANA_LOCALNET,
    WalletType,
)


def acts() -> tuple[tuple[Scene, ...], ...]:
    """The whole programme: keys first, then everything that signs with them."""

    def key(name: str, chain: str, wallet: WalletType, options: Options) -> Scene:
        flow = partial(request_key, wallet=wallet, options=options)
        return Scene(((Row(name, "omni", chain), flow),))

    keys = (
        key("key: EVM", SOURCE, EVM, Options.NORMAL),
        key("key: Bitcoin", BITCOIN_REGTEST, BITCOIN_TEST, Options.MONITORING),
        key("key: Solana", SOLANA_LOCALNET, SOLANA, Options.NORMAL),
        key("key: Cosmos", COSMOS_LOCAL, COSMOS, Options.MONITORING),
        Scene(((Row("key: EVM, written back", "direct", SOURCE), request_key_direct),)),
    )
    signatures = (
        Scene(((Row("sign data", "omni", SOURCE), sign_data),)),
        Scene(((Row("sign hash, written back", "direct", SOURCE), sign_hash_direct),)),
        Scene(
            (
                (Row("EVM transfer", "omni", DESTINATION), transfer),
                (Row("EVM contract call", "omni", DESTINATION), contract_call),
            )
        ),
        Scene(((Row("Bitcoin payment, simple", "omni", BITCOIN_REGTEST), bitcoin_payment),)),
        Scene(((Row("Solana transfer", "omni", SOLANA_LOCALNET), solana_transfer),)),
        Scene(
            (
                (Row("Cosmos payment, simple", "omni", COSMOS_LOCAL), cosmos_payment),
                (Row("workspace on the ledger", "omni", COSMOS_LOCAL), cosmos_workspace),
            )
        ),
        policy.scene(),
    )
    return keys, signatures
