// Run by node: stake.mjs NODE_MODULES RPC_URL direct|amino SECRET_HEX VALIDATOR OTHER_SECRET_HEX.
// A wallet's whole life with stake: delegate, claim, go to another validator, take back, give up.
// The other account becomes a validator, and a proposal is voted on. Prints one JSON object.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [modules, url, mode, secret, validator, other] = process.argv.slice(2);
const require = createRequire(pathToFileURL(`${modules}/`));
const { Secp256k1Wallet } = require("@cosmjs/amino");
const { fromBech32, fromHex, toBech32 } = require("@cosmjs/encoding");
const { DirectSecp256k1Wallet, encodePubkey } = require("@cosmjs/proto-signing");
const stargate = require("@cosmjs/stargate");
const { connectComet } = require("@cosmjs/tendermint-rpc");
const { TextProposal, VoteOption } = require("cosmjs-types/cosmos/gov/v1beta1/gov");

const Wallet = mode === "amino" ? Secp256k1Wallet : DirectSecp256k1Wallet;
const comet = await connectComet(url);
const queries = stargate.QueryClient.withExtensions(
  comet,
  stargate.setupStakingExtension,
  stargate.setupDistributionExtension,
  stargate.setupGovExtension,
);

async function connected(hex) {
  const wallet = await Wallet.fromKey(fromHex(hex), "zen");
  const [{ address }] = await wallet.getAccounts();
  const client = await stargate.SigningStargateClient.connectWithSigner(url, wallet, {
    gasPrice: stargate.GasPrice.fromString("0.0001urock"),
  });
  return { address, client };
}

const fee = { amount: [{ denom: "urock", amount: "60" }], gas: "600000" };
const coin = (amount) => ({ denom: "urock", amount: String(amount) });
const codes = [];
const { address, client } = await connected(secret);
const keep = ({ code, rawLog }) => codes.push(code) && rawLog;

keep(await client.delegateTokens(address, validator, coin(30_000_000), fee));
keep(await client.delegateTokens(address, validator, coin(5), fee));
const rewards = await queries.distribution.delegationRewards(address, validator);
const before = await client.getBalance(address, "urock");
const claimed = await client.withdrawRewards(address, validator, fee);
keep(claimed);
const after = await client.getBalance(address, "urock");

const operator = await connected(other);
const second = toBech32("zenvaloper", fromBech32(operator.address, 90).data);
const message = {
  typeUrl: "/cosmos.staking.v1beta1.MsgCreateValidator",
  value: {
    // CosmJS writes empty texts into amino JSON, which the Cosmos SDK leaves out.
    description: {
      moniker: "second",
      identity: "i",
      website: "w",
      securityContact: "s",
      details: "d",
    },
    commission: {
      rate: "100000000000000000",
      maxRate: "200000000000000000",
      maxChangeRate: "10000000000000000",
    },
    minSelfDelegation: "1",
    delegatorAddress: operator.address,
    validatorAddress: second,
    pubkey: encodePubkey({ type: "tendermint/PubKeyEd25519", value: btoa("k".repeat(32)) }),
    value: coin(2_000_000),
  },
};
keep(await operator.client.signAndBroadcast(operator.address, [message], fee));

const move = {
  typeUrl: "/cosmos.staking.v1beta1.MsgBeginRedelegate",
  value: {
    delegatorAddress: address,
    validatorSrcAddress: validator,
    validatorDstAddress: second,
    amount: coin(10_000_000),
  },
};
keep(await client.signAndBroadcast(address, [move], fee));
const taken = await client.undelegateTokens(address, validator, coin(1_000_000), fee);
keep(taken);
const { unbondingResponses } = await queries.staking.delegatorUnbondingDelegations(address);
const cancel = {
  typeUrl: "/cosmos.staking.v1beta1.MsgCancelUnbondingDelegation",
  value: {
    delegatorAddress: address,
    validatorAddress: validator,
    amount: coin(400_000),
    creationHeight: unbondingResponses[0].entries[0].creationHeight,
  },
};
keep(await client.signAndBroadcast(address, [cancel], fee));
const text = TextProposal.fromPartial({ title: "a title", description: "a text" });
const proposal = {
  typeUrl: "/cosmos.gov.v1beta1.MsgSubmitProposal",
  value: {
    content: {
      typeUrl: "/cosmos.gov.v1beta1.TextProposal",
      value: TextProposal.encode(text).finish(),
    },
    initialDeposit: [coin(10_000_000)],
    proposer: address,
  },
};
keep(await client.signAndBroadcast(address, [proposal], fee));
const ballot = {
  typeUrl: "/cosmos.gov.v1beta1.MsgVote",
  value: { proposalId: 1n, voter: address, option: VoteOption.VOTE_OPTION_YES },
};
keep(await client.signAndBroadcast(address, [ballot], fee));
const { tally } = await queries.gov.tally(1);
const staked = await queries.staking.delegatorDelegations(address);
const validators = await queries.staking.validators("BOND_STATUS_BONDED");
const delegation = await client.getDelegation(address, validator);
console.log(
  JSON.stringify({
    codes,
    earned: rewards.rewards.map((each) => each.amount),
    claimed: Number(after.amount) - Number(before.amount),
    delegations: staked.delegationResponses.map((each) => each.balance.amount).sort(),
    delegation: delegation?.amount,
    validators: validators.validators.map((each) => each.description.moniker).sort(),
    yes: tally.yes,
    left: unbondingResponses[0].entries[0].balance,
  }),
);
client.disconnect();
operator.client.disconnect();
comet.disconnect();
