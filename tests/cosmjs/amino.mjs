// Run by node: amino.mjs NODE_MODULES RPC_URL SECRETS_HEX,… MEMO DOCUMENTS_JSON.
// The first secret's account has coins. Signs in amino JSON, alone and as two of three keys; prints
// one JSON object.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [modules, url, secrets, memo, documents] = process.argv.slice(2);
const require = createRequire(pathToFileURL(`${modules}/`));
const {
  createMultisigThresholdPubkey,
  makeSignDoc,
  pubkeyToAddress,
  Secp256k1Wallet,
  serializeSignDoc,
} = require("@cosmjs/amino");
const { toHex } = require("@cosmjs/encoding");
const { encodePubkey, Registry } = require("@cosmjs/proto-signing");
const {
  AminoTypes,
  createDefaultAminoConverters,
  defaultRegistryTypes,
  GasPrice,
  SigningStargateClient,
} = require("@cosmjs/stargate");
const { connectComet } = require("@cosmjs/tendermint-rpc");
const { BinaryWriter } = require("cosmjs-types/binary");
const { MultiSignature } = require("cosmjs-types/cosmos/crypto/multisig/v1beta1/multisig");
const { SignMode } = require("cosmjs-types/cosmos/tx/signing/v1beta1/signing");
const { AuthInfo, TxRaw } = require("cosmjs-types/cosmos/tx/v1beta1/tx");

const WORKSPACE = "/zrchain.identity.MsgNewWorkspace";
// As a generator would write it, by zrChain's numbers.
const MsgNewWorkspace = {
  encode(message) {
    const writer = BinaryWriter.create();
    if (message.creator) writer.uint32(10).string(message.creator);
    if (message.adminPolicyId) writer.uint32(16).uint64(BigInt(message.adminPolicyId));
    if (message.signPolicyId) writer.uint32(24).uint64(BigInt(message.signPolicyId));
    for (const owner of message.additionalOwners) writer.uint32(34).string(owner);
    return writer;
  },
  fromPartial: (message) => message,
};
const converters = {
  ...createDefaultAminoConverters(),
  [WORKSPACE]: {
    aminoType: WORKSPACE,
    toAmino: ({ creator, additionalOwners }) => ({
      creator,
      additional_owners: additionalOwners.length ? additionalOwners : undefined,
    }),
    fromAmino: (value) => ({
      creator: value.creator,
      additionalOwners: value.additional_owners ?? [],
    }),
  },
};
const aminoTypes = new AminoTypes(converters);
const registry = new Registry([...defaultRegistryTypes, [WORKSPACE, MsgNewWorkspace]]);
const wallets = await Promise.all(
  secrets.split(",").map((each) => Secp256k1Wallet.fromKey(Buffer.from(each, "hex"), "zen")),
);
const accounts = await Promise.all(wallets.map(async (each) => (await each.getAccounts())[0]));
const comet = await connectComet(url);
const settings = {
  aminoTypes,
  registry,
  gasPrice: GasPrice.fromString("0.0001urock"),
  broadcastPollIntervalMs: 100,
};
const client = await SigningStargateClient.createWithSigner(comet, wallets[0], settings);
const chainId = await client.getChainId();
const [{ address }] = accounts;
const several = createMultisigThresholdPubkey(
  accounts.map(({ pubkey }) => ({
    type: "tendermint/PubKeySecp256k1",
    value: Buffer.from(pubkey).toString("base64"),
  })),
  2,
  true,
);
const shared = pubkeyToAddress(several, "zen");
const send = (from, to, amount) => ({
  typeUrl: "/cosmos.bank.v1beta1.MsgSend",
  value: { fromAddress: from, toAddress: to, amount: [{ denom: "urock", amount }] },
});

const alone = await client.signAndBroadcast(
  address,
  [
    send(address, shared, "1000000"),
    { typeUrl: WORKSPACE, value: { creator: address, additionalOwners: [shared] } },
  ],
  "auto",
  memo,
);

// What makeMultisignedTxBytes does; that of 0.39.0 fails on its own call of fromBech32.
function multisigned(sequence, fee, bodyBytes, signers, signatures) {
  const bits = signers.reduce((found, at) => found | (0x80 >> at), 0);
  const mode = { single: { mode: SignMode.SIGN_MODE_LEGACY_AMINO_JSON } };
  const authInfo = AuthInfo.fromPartial({
    signerInfos: [
      {
        publicKey: encodePubkey(several),
        modeInfo: {
          multi: {
            bitarray: { extraBitsStored: accounts.length, elems: Uint8Array.of(bits) },
            modeInfos: signers.map(() => mode),
          },
        },
        sequence: BigInt(sequence),
      },
    ],
    fee: { amount: fee.amount, gasLimit: BigInt(fee.gas) },
  });
  return TxRaw.encode({
    bodyBytes,
    authInfoBytes: AuthInfo.encode(authInfo).finish(),
    signatures: [MultiSignature.encode({ signatures }).finish()],
  }).finish();
}

async function together(signers, memo) {
  const { accountNumber, sequence } = await client.getSequence(shared);
  const fee = { amount: [{ denom: "urock", amount: "40" }], gas: "400000" };
  const messages = [send(shared, address, "7")];
  const signatures = [];
  let bodyBytes;
  for (const at of signers) {
    const member = await SigningStargateClient.offline(wallets[at], settings);
    const signed = await member.sign(accounts[at].address, messages, fee, memo, {
      accountNumber,
      sequence,
      chainId,
    });
    bodyBytes = signed.bodyBytes;
    signatures.push(signed.signatures[0]);
  }
  const tx = multisigned(sequence, fee, bodyBytes, signers, signatures);
  try {
    const { code } = await client.broadcastTx(tx);
    return code;
  } catch (error) {
    return error.code ?? String(error);
  }
}

const asked = JSON.parse(documents).map(({ messages, fee, memo, number, sequence, timeout }) =>
  toHex(
    serializeSignDoc(
      makeSignDoc(
        messages.map((each) => aminoTypes.toAmino(each)),
        fee,
        chainId,
        memo,
        number,
        sequence,
        timeout ? BigInt(timeout) : undefined,
      ),
    ),
  ),
);
const oneOfThree = await together([1], "too few");
const twoOfThree = await together([0, 2], memo);
const again = await together([1, 2], "the key is known");
console.log(
  JSON.stringify({
    address,
    shared,
    alone: alone.code,
    height: alone.height,
    oneOfThree,
    twoOfThree,
    again,
    sequence: (await client.getSequence(shared)).sequence,
    balance: (await client.getBalance(shared, "urock")).amount,
    documents: asked,
  }),
);
process.exit(0);
