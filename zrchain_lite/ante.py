"""What a transaction must satisfy before its messages run, in the order in which it is checked.

Limits (gas, memo, time-out height), the fee, each required signer's account, key, sequence and
signature; then the sequences advance and the fee is taken, within an allowance where a granter is
named. Error codes are the Cosmos SDK's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from zrchain_lite import amino, gas
from zrchain_lite.account_keys import AccountKey
from zrchain_lite.errors import NotFound, TxRejected, Unauthorized
from zrchain_lite.module import Context
from zrchain_lite.modules.auth.keeper import (
    FEE_COLLECTOR,
    AuthKeeper,
    check_address,
    require_key_of,
)
from zrchain_lite.modules.bank.keeper import BankKeeper, parse_coin
from zrchain_lite.modules.consensus.keeper import ConsensusKeeper
from zrchain_lite.modules.feegrant.keeper import FeegrantKeeper
from zrchain_lite.tx import DecodedTx, sign_bytes
from zrchain_lite.wire.cosmos.auth.v1beta1.auth_pb2 import BaseAccount
from zrchain_lite.wire.cosmos.tx.signing.v1beta1.signing_pb2 import (
    SIGN_MODE_DIRECT,
    SIGN_MODE_LEGACY_AMINO_JSON,
    SIGN_MODE_TEXTUAL,
    SignMode,
)
from zrchain_lite.wire.cosmos.tx.v1beta1.tx_pb2 import SignerInfo
from zrsign_chains.errors import ChainError

MAX_TX_GAS = 40_000_000
MAX_SIMULATED_GAS = 20_000_000
_OFFERED = "sign with SIGN_MODE_DIRECT or SIGN_MODE_LEGACY_AMINO_JSON"
_REFUSED_MODES = {
    SIGN_MODE_TEXTUAL: f"SIGN_MODE_TEXTUAL has no renderers on this ledger; {_OFFERED}"
}


@dataclass(frozen=True)
class Ante:
    """The checks, over the keepers that they read."""

    auth: AuthKeeper
    bank: BankKeeper
    consensus: ConsensusKeeper
    feegrant: FeegrantKeeper

    def check(
        self,
        ctx: Context,
        tx: DecodedTx,
        *,
        simulate: bool,
        ahead: int,
        verify: bool,
    ) -> gas.GasMeter:
        """Verify, take the fee, advance sequences; returns the meter for the messages.

        A sequence may be as many as `ahead` above the account's: others wait before it. Without
        `verify` the signatures were verified before.

        Raises TxRejected, Unauthorized, NotFound, InsufficientFunds or OutOfGas, and the caller
        drops what was written to `ctx.store`. With `simulate`, signatures, sequences and fee are
        not looked at.
        """
        params = self.auth.params(ctx)
        meter = self._limits(ctx, tx, params.max_memo_characters, simulate=simulate)
        signers = self._signers(tx, params.tx_sig_limit, simulate=simulate)
        fee, denom = (0, "") if simulate else self._fee(ctx, tx)
        meter.consume(gas.TRANSACTION + tx.size * params.tx_size_cost_per_byte)
        keys = 0
        for position, address in enumerate(signers):
            info = tx.auth_info.signer_infos[position] if tx.auth_info.signer_infos else None
            account, key = self._account(ctx, address), None
            if info is None:
                meter.consume(params.sig_verify_cost_secp256k1)
            else:
                key = _key(account, info)
                require_key_of(address, key)
                keys += len(key.keys)
                if keys > params.tx_sig_limit:
                    raise TxRejected(f"more than {params.tx_sig_limit} keys would sign", code=14)
                count = max(key.threshold, 1) if simulate else key.signatures(info.mode_info)
                meter.consume(params.sig_verify_cost_secp256k1 * count)
                if not simulate:
                    _check_sequence(info.sequence, account.sequence, ahead)
                    if verify:
                        _authenticate(ctx, tx, position, account, key)
            ctx.emit("tx", acc_seq=f"{address}/{account.sequence}")
            self.auth.count_transaction(ctx, account, key)
        payer = self._payer(ctx, tx, {denom: fee}, meter)
        self.bank.send(ctx, payer, self.bank.module_address(FEE_COLLECTOR), fee, denom)
        ctx.emit("tx", fee=f"{fee}{denom}" if fee else "", fee_payer=payer)
        return meter

    def _limits(self, ctx: Context, tx: DecodedTx, longest: int, *, simulate: bool) -> gas.GasMeter:
        limit = tx.auth_info.fee.gas_limit
        block_gas = self.consensus.params(ctx).block.max_gas
        most = min(MAX_TX_GAS, block_gas) if block_gas >= 0 else MAX_TX_GAS
        if not simulate and not 0 < limit <= most:
            raise TxRejected(f"gas limit {limit} is not within 1 and {most}", code=18)
        if len(tx.body.memo) > longest:
            raise TxRejected(
                f"the memo has {len(tx.body.memo)} characters; {longest} are allowed", code=12
            )
        timeout = tx.body.timeout_height
        if timeout and ctx.height > timeout:
            raise TxRejected(f"timeout height {timeout} has passed; it is {ctx.height}", code=30)
        return gas.GasMeter(min(most, MAX_SIMULATED_GAS) if simulate else limit)

    def _signers(self, tx: DecodedTx, most: int, *, simulate: bool) -> tuple[str, ...]:
        signers = tx.signers
        if len(signers) > most:
            raise TxRejected(f"{len(signers)} signatures are required; {most} are allowed", code=14)
        for address in signers:
            if address in self.auth.module_accounts:
                raise Unauthorized(f"{address} is a module's account; nobody signs for it")
        infos, signatures = len(tx.auth_info.signer_infos), len(tx.raw.signatures)
        if simulate and infos == 0:
            return signers
        if signatures == 0 and not simulate:
            raise TxRejected("the transaction has no signature", code=15)
        if infos != len(signers) or (signatures != len(signers) and not simulate):
            raise Unauthorized(
                f"{len(signers)} signers are required ({', '.join(signers)}); the transaction has "
                f"{infos} signer infos and {signatures} signatures"
            )
        return signers

    def _payer(self, ctx: Context, tx: DecodedTx, fee: dict[str, int], meter: gas.GasMeter) -> str:
        """Who pays: the first signer, or the signer that is named, or who allows it to."""
        named = tx.auth_info.fee
        payer = named.payer or tx.signers[0]
        if named.granter in ("", payer):
            return payer
        check_address(named.granter)
        metered = replace(ctx, store=gas.MeteredStore(ctx.store, meter), charge=meter.consume)
        types = [handler.type_url for handler, _ in tx.messages]
        self.feegrant.use(metered, named.granter, payer, fee, types)
        return named.granter

    def _fee(self, ctx: Context, tx: DecodedTx) -> tuple[int, str]:
        fee = tx.auth_info.fee
        required, denom = self.consensus.required_fee(ctx, fee.gas_limit)
        if len(fee.amount) > 1:
            raise TxRejected(f"the fee is one coin of {denom}", code=13)
        given_denom, given = parse_coin(fee.amount[0]) if fee.amount else (denom, 0)
        if given_denom != denom or given < required:
            raise TxRejected(
                f"insufficient fee: got {given}{given_denom}, required {required}{denom}", code=13
            )
        return given, denom

    def _account(self, ctx: Context, address: str) -> BaseAccount:
        try:
            return self.auth.account(ctx, address)
        except NotFound as error:
            raise NotFound(str(error), code=9, codespace="sdk") from None


def _key(account: BaseAccount, info: SignerInfo) -> AccountKey:
    """The key that the transaction names, or else the account's, which its first one named."""
    if info.HasField("public_key"):
        return AccountKey.read(info.public_key)
    if not account.HasField("pub_key"):
        raise TxRejected(f"the first transaction of {account.address} names its key", code=8)
    return AccountKey.read(account.pub_key)


def _authenticate(
    ctx: Context, tx: DecodedTx, position: int, account: BaseAccount, key: AccountKey
) -> None:
    info = tx.auth_info.signer_infos[position]

    def document(mode: SignMode) -> bytes:
        if mode == SIGN_MODE_DIRECT:
            return sign_bytes(tx.raw, ctx.chain_id, account.account_number)
        if mode == SIGN_MODE_LEGACY_AMINO_JSON:
            return amino.sign_bytes(
                tx.body, tx.auth_info, ctx.chain_id, account.account_number, info.sequence
            )
        raise TxRejected(_REFUSED_MODES.get(mode, _OFFERED), code=37)

    try:
        key.verify(info.mode_info, tx.raw.signatures[position], document)
    except ChainError as error:
        raise Unauthorized(
            f"signature verification failed ({error}); check account number "
            f"({account.account_number}), sequence ({account.sequence}) and chain id "
            f"({ctx.chain_id})"
        ) from None


def _check_sequence(given: int, expected: int, ahead: int) -> None:
    if not expected <= given <= expected + ahead:
        raise TxRejected(f"account sequence mismatch, expected {expected}, got {given}", code=32)
