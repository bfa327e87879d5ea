// Run by node: client.mjs NODE_MODULES RPC_URL SECRET_HEX RECIPIENT AMOUNT.
// Simulates, signs, sends and finds a transfer; prints one JSON object.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [modules, url, secret, recipient, amount] = process.argv.slice(2);
const require = createRequire(pathToFileURL(`${modules}/`));
const { DirectSecp256k1Wallet } = require("@cosmjs/proto-signing");
const { GasPrice, SigningStargateClient } = require("@cosmjs/stargate");
const { connectComet } = require("@cosmjs/tendermint-rpc");

const wallet = await DirectSecp256k1Wallet.fromKey(Buffer.from(secret, "hex"), "zen");
const [{ address }] = await wallet.getAccounts();
const comet = await connectComet(url);
const client = await SigningStargateClient.createWithSigner(comet, wallet, {
  gasPrice: GasPrice.fromString("0.0001urock"),
  broadcastPollIntervalMs: 100,
});
const coins = [{ denom: "urock", amount }];
const sent = await client.sendTokens(address, recipient, coins, "auto", "cosmjs");
const block = await client.getBlock(sent.height);
console.log(
  JSON.stringify({
    client: comet.constructor.name,
    chainId: await client.getChainId(),
    sender: address,
    sequence: (await client.getSequence(address)).sequence,
    balance: (await client.getBalance(recipient, "urock")).amount,
    code: sent.code,
    height: sent.height,
    found: (await client.getTx(sent.transactionHash)).height,
    searched: (await client.searchTx(`transfer.recipient='${recipient}'`)).length,
    blockTxs: block.txs.length,
    results: (await comet.blockResults(sent.height)).results.length,
    staked: (await client.getBalanceStaked(address))?.amount ?? "0",
    delegation: await client.getDelegation(address, "zenvaloper1vux25709r4uw6rzc8wyl7wwecjdhrx08jpnlsz"),
    validators: (await comet.validatorsAll()).total,
    genesis: (await comet.genesis()).chainId,
  }),
);
process.exit(0);
