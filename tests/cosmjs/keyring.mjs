// Run by node: keyring.mjs NODE_MODULES RPC_URL SECRET_HEX WIRE_JSON.
// A client and a keyring that know zrChain alone: every message is encoded and read by protobufjs
// with the names, numbers and types of WIRE_JSON. Prints one JSON object.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [modules, url, secret, wire] = process.argv.slice(2);
const require = createRequire(pathToFileURL(`${modules}/`));
const { Secp256k1 } = require("@cosmjs/crypto");
const { toHex } = require("@cosmjs/encoding");
const { DirectSecp256k1Wallet, Registry } = require("@cosmjs/proto-signing");
const { createProtobufRpcClient, GasPrice, QueryClient, SigningStargateClient } = require("@cosmjs/stargate");
const { connectComet } = require("@cosmjs/tendermint-rpc");
const protobuf = require("protobufjs");

const known = JSON.parse(readFileSync(wire, "utf8"));
const root = new protobuf.Root();
const define = (name, made) => {
  const path = name.split(".");
  made.name = path.pop();
  root.define(path.join(".")).add(made);
};
// What zrChain's messages hold of others.
known.messages["google.protobuf.Any"] = [["type_url", 1, "string"], ["value", 2, "bytes"]];
known.messages["cosmos.base.query.v1beta1.PageRequest"] = [["limit", 3, "uint64"]];
known.messages["cosmos.base.query.v1beta1.PageResponse"] = [["total", 2, "uint64"]];
const packages = ["zrchain.identity.", "zrchain.policy.", "zrchain.treasury.", "google.", "cosmos."];
const chosen = (entries) =>
  Object.entries(entries).filter(([name]) => packages.some((each) => name.startsWith(each)));
for (const [name, values] of chosen(known.enums)) define(name, new protobuf.Enum("", values));
for (const [name, fields] of chosen(known.messages)) {
  const type = new protobuf.Type("");
  for (const [field, number, kind] of fields) {
    const [what, rule] = kind.split(" ").reverse();
    type.add(new protobuf.Field(field, number, what, rule));
  }
  define(name, type);
}
const type = (name) => root.lookupType(`zrchain.${name}`);
const plain = { longs: Number, enums: String, defaults: true };

const wallet = await DirectSecp256k1Wallet.fromKey(Buffer.from(secret, "hex"), "zen");
const [{ address, pubkey }] = await wallet.getAccounts();
const comet = await connectComet(url);
const messages = ["identity.MsgNewKeyring", "identity.MsgAddKeyringParty", "identity.MsgUpdateKeyring",
  "identity.MsgNewWorkspace", "treasury.MsgNewKeyRequest", "treasury.MsgFulfilKeyRequest",
  "treasury.MsgNewSignatureRequest", "treasury.MsgFulfilSignatureRequest"];
const client = await SigningStargateClient.createWithSigner(comet, wallet, {
  registry: new Registry(messages.map((name) => [`/zrchain.${name}`, type(name)])),
  gasPrice: GasPrice.fromString("0.0001urock"),
  broadcastPollIntervalMs: 100,
});
const rpc = createProtobufRpcClient(new QueryClient(comet));

async function send(name, value) {
  const message = { typeUrl: `/zrchain.${name}`, value: { creator: address, ...value } };
  const sent = await client.signAndBroadcast(address, [message], "auto", "");
  if (sent.code !== 0) throw new Error(`${name}: ${sent.rawLog}`);
  const answer = type(name + "Response");
  return answer.toObject(answer.decode(sent.msgResponses[0].value), plain);
}

async function ask(module, method, value) {
  const [, request, response] = known.services[`zrchain.${module}.Query`].find(([name]) => name === method);
  const raw = await rpc.request(`zrchain.${module}.Query`, method, root.lookupType(request).encode(value).finish());
  return root.lookupType(response).toObject(root.lookupType(response).decode(raw), plain);
}

const sha256 = (...parts) => createHash("sha256").update(Buffer.concat(parts)).digest();
const signed = async (digest) => {
  const signature = await Secp256k1.createSignature(digest, Buffer.from(secret, "hex"));
  return Buffer.concat([signature.r(32), signature.s(32)]);
};
const number = (id) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(id));
  return bytes;
};

const keyring = (await send("identity.MsgNewKeyring", { description: "of zrChain", party_threshold: 1 })).addr;
await send("identity.MsgAddKeyringParty", { keyring_addr: keyring, party: address });
await send("identity.MsgUpdateKeyring", { keyring_addr: keyring, party_threshold: 1, is_active: true });
const workspace = (await send("identity.MsgNewWorkspace", {})).addr;
await send("treasury.MsgNewKeyRequest", {
  workspace_addr: workspace, keyring_addr: keyring, key_type: "ecdsa", index: 5, mpc_btl: 50,
});

const wanted = await ask("treasury", "KeyRequests", {
  keyring_addr: keyring, status: 1, workspace_addr: workspace, pagination: { limit: 10 },
});
const [asked] = wanted.key_requests;
await send("treasury.MsgFulfilKeyRequest", {
  request_id: asked.id, status: 3, key: { public_key: pubkey },
  keyring_party_signature: await signed(sha256(number(asked.id), pubkey)),
});
const { keys } = await ask("treasury", "Keys", { workspace_addr: workspace, wallet_type: 2 });

const digest = sha256(Buffer.from("to be signed"));
await send("treasury.MsgNewSignatureRequest", {
  key_ids: [keys[0].key.id], data_for_signing: toHex(digest), mpc_btl: 40,
});
const open = await ask("treasury", "SignatureRequests", { keyring_addr: keyring, status: 1 });
const [request] = open.sign_requests;
await send("treasury.MsgFulfilSignatureRequest", {
  request_id: request.id, status: 3,
  keyring_party_signature: await signed(sha256(number(request.id))),
  signed_data: await signed(request.data_for_signing[0]),
});
const done = (await ask("treasury", "SignatureRequestByID", { id: request.id })).sign_request;
const { workspaces } = await ask("identity", "Workspaces", { owner: address, pagination: { limit: 10 } });
console.log(
  JSON.stringify({
    workspace: workspaces.map((each) => [each.address, each.owners]),
    asked: [asked.creator, asked.keyring_addr, asked.key_type, asked.status, asked.index, asked.mpc_btl > 0],
    total: wanted.pagination.total,
    key: [keys[0].key.type, toHex(keys[0].key.public_key), keys[0].key.index],
    wallets: keys[0].wallets,
    request: [request.key_ids, toHex(request.data_for_signing[0]), request.status],
    done: [done.status, done.keyring_party_sigs.map((each) => each.creator)],
    signature: toHex(done.signed_data[0].signed_data),
  }),
);
process.exit(0);
