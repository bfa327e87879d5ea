// Run by node: grants.mjs NODE_MODULES RPC_URL direct|amino GRANTER_SECRET GRANTEE_SECRET RECIPIENT.
// The granter lets the grantee send 100 urock and pays its fees; prints one JSON object.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [modules, url, mode, granterSecret, granteeSecret, recipient] = process.argv.slice(2);
const require = createRequire(pathToFileURL(`${modules}/`));
const { Secp256k1Wallet } = require("@cosmjs/amino");
const { DirectSecp256k1Wallet } = require("@cosmjs/proto-signing");
const {
  AminoTypes,
  createDefaultAminoConverters,
  QueryClient,
  setupAuthzExtension,
  setupBankExtension,
  setupFeegrantExtension,
  SigningStargateClient,
} = require("@cosmjs/stargate");
const { connectComet } = require("@cosmjs/tendermint-rpc");
const { SendAuthorization } = require("cosmjs-types/cosmos/bank/v1beta1/authz");
const { MsgSend } = require("cosmjs-types/cosmos/bank/v1beta1/tx");
const {
  AllowedMsgAllowance,
  BasicAllowance,
  PeriodicAllowance,
} = require("cosmjs-types/cosmos/feegrant/v1beta1/feegrant");

const SEND = "/cosmos.bank.v1beta1.MsgSend";
const EXEC = "/cosmos.authz.v1beta1.MsgExec";
const coin = (amount) => ({ denom: "urock", amount });
// CosmJS writes seconds from 2^31 on as zeros.
const end = 2145830400;
const endText = "2037-12-31T00:00:00Z";
// CosmJS brings no amino converters of these messages: what a wallet would add.
const spend = SendAuthorization.fromPartial({ spendLimit: [coin("100")], allowList: [recipient] });
const limit = { spendLimit: [coin("1000")], expiration: { seconds: BigInt(end), nanos: 0 } };
const periodic = PeriodicAllowance.fromPartial({
  basic: BasicAllowance.fromPartial(limit),
  period: { seconds: 3600n, nanos: 0 },
  periodSpendLimit: [coin("500")],
  periodCanSpend: [coin("500")],
  periodReset: { seconds: BigInt(end), nanos: 5_000_000 },
});
const packed = (typeUrl, kind, value) => ({ typeUrl, value: kind.encode(value).finish() });
const allowance = packed(
  "/cosmos.feegrant.v1beta1.AllowedMsgAllowance",
  AllowedMsgAllowance,
  AllowedMsgAllowance.fromPartial({
    allowance: packed("/cosmos.feegrant.v1beta1.PeriodicAllowance", PeriodicAllowance, periodic),
    allowedMessages: [EXEC],
  }),
);
const authorization = packed(
  "/cosmos.bank.v1beta1.SendAuthorization",
  SendAuthorization,
  spend,
);
const converters = {
  ...createDefaultAminoConverters(),
  "/cosmos.authz.v1beta1.MsgGrant": {
    aminoType: "cosmos-sdk/MsgGrant",
    toAmino: ({ granter, grantee }) => ({
      granter,
      grantee,
      grant: {
        authorization: {
          type: "cosmos-sdk/SendAuthorization",
          value: { spend_limit: [coin("100")], allow_list: [recipient] },
        },
        expiration: endText,
      },
    }),
    fromAmino: ({ granter, grantee }) => ({
      granter,
      grantee,
      grant: { authorization, expiration: { seconds: BigInt(end), nanos: 0 } },
    }),
  },
  [EXEC]: {
    aminoType: "cosmos-sdk/MsgExec",
    toAmino: ({ grantee, msgs }) => ({
      grantee,
      msgs: msgs.map(({ typeUrl, value }) =>
        new AminoTypes(createDefaultAminoConverters()).toAmino({
          typeUrl,
          value: MsgSend.decode(value),
        }),
      ),
    }),
    fromAmino: ({ grantee, msgs }) => ({
      grantee,
      msgs: msgs
        .map((each) => new AminoTypes(createDefaultAminoConverters()).fromAmino(each))
        .map(({ typeUrl, value }) => packed(typeUrl, MsgSend, MsgSend.fromPartial(value))),
    }),
  },
  "/cosmos.authz.v1beta1.MsgRevoke": {
    aminoType: "cosmos-sdk/MsgRevoke",
    toAmino: ({ granter, grantee, msgTypeUrl }) => ({ granter, grantee, msg_type_url: msgTypeUrl }),
    fromAmino: ({ granter, grantee, msg_type_url }) => ({
      granter,
      grantee,
      msgTypeUrl: msg_type_url,
    }),
  },
  "/cosmos.feegrant.v1beta1.MsgGrantAllowance": {
    aminoType: "cosmos-sdk/MsgGrantAllowance",
    toAmino: ({ granter, grantee }) => ({
      granter,
      grantee,
      allowance: {
        type: "cosmos-sdk/AllowedMsgAllowance",
        value: {
          allowance: {
            type: "cosmos-sdk/PeriodicAllowance",
            value: {
              basic: { spend_limit: [coin("1000")], expiration: endText },
              period: "3600000000000",
              period_spend_limit: [coin("500")],
              period_can_spend: [coin("500")],
              period_reset: "2037-12-31T00:00:00.005Z",
            },
          },
          allowed_messages: [EXEC],
        },
      },
    }),
    fromAmino: ({ granter, grantee }) => ({ granter, grantee, allowance }),
  },
};
const comet = await connectComet(url);
const kind = mode === "amino" ? Secp256k1Wallet : DirectSecp256k1Wallet;
const settings = { aminoTypes: new AminoTypes(converters), broadcastPollIntervalMs: 100 };
async function signer(secret) {
  const wallet = await kind.fromKey(Buffer.from(secret, "hex"), "zen");
  const [{ address }] = await wallet.getAccounts();
  return [address, await SigningStargateClient.createWithSigner(comet, wallet, settings)];
}
const [granter, owner] = await signer(granterSecret);
const [grantee, friend] = await signer(granteeSecret);
const fee = (by) => ({ amount: [coin("40")], gas: "400000", ...by });
const queries = QueryClient.withExtensions(
  comet,
  setupAuthzExtension,
  setupBankExtension,
  setupFeegrantExtension,
);

const granted = await owner.signAndBroadcast(
  granter,
  [
    {
      typeUrl: "/cosmos.authz.v1beta1.MsgGrant",
      value: {
        granter,
        grantee,
        grant: { authorization, expiration: { seconds: BigInt(end), nanos: 0 } },
      },
    },
    {
      typeUrl: "/cosmos.feegrant.v1beta1.MsgGrantAllowance",
      value: { granter, grantee, allowance },
    },
  ],
  fee(),
);
const execute = (amount) => ({
  typeUrl: EXEC,
  value: {
    grantee,
    msgs: [
      packed(
        SEND,
        MsgSend,
        MsgSend.fromPartial({ fromAddress: granter, toAddress: recipient, amount: [coin(amount)] }),
      ),
    ],
  },
});
async function attempt(messages, by) {
  try {
    return (await friend.signAndBroadcast(grantee, messages, fee(by))).code;
  } catch (error) {
    return error.code ?? String(error);
  }
}
const sent = await attempt([execute("60")], { granter });
const over = await attempt([execute("60")], { granter });
const listed = await queries.authz.grants(granter, grantee, SEND);
const allowed = await queries.feegrant.allowance(granter, grantee);
const several = {
  typeUrl: "/cosmos.bank.v1beta1.MsgMultiSend",
  value: {
    inputs: [{ address: granter, coins: [coin("3")] }],
    outputs: [1, 2].map((amount) => ({ address: recipient, coins: [coin(String(amount))] })),
  },
};
const revoked = await owner.signAndBroadcast(
  granter,
  [
    several,
    {
      typeUrl: "/cosmos.authz.v1beta1.MsgRevoke",
      value: { granter, grantee, msgTypeUrl: SEND },
    },
  ],
  fee(),
);
console.log(
  JSON.stringify({
    codes: [granted.code, sent, over, revoked.code, await attempt([execute("1")], { granter })],
    left: SendAuthorization.decode(listed.grants[0].authorization.value).spendLimit[0].amount,
    spendable: PeriodicAllowance.decode(
      AllowedMsgAllowance.decode(allowed.allowance.allowance.value).allowance.value,
    ).periodCanSpend[0].amount,
    balance: (await queries.bank.balance(recipient, "urock")).amount,
    grantee: (await queries.bank.allBalances(grantee)).length,
  }),
);
process.exit(0);
