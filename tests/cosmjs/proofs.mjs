// Run by node: proofs.mjs NODE_MODULES RPC_URL KEY_HEX…
// Asks for each key with a proof, and verifies it against the header of the block after by ICS-23's
// own library; prints one JSON object for each. The library's release on npm (0.6.8) has the hash of
// a key as the key of a sparse Merkle tree; the proofs, of later releases' SmtSpec, name the key. It
// does not know that a branch may be empty: `plain` says where no absence depends on that.
import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [modules, url, ...keys] = process.argv.slice(2);
const require = createRequire(pathToFileURL(`${modules}/`));
const { connectComet } = require("@cosmjs/tendermint-rpc");
const { ics23, verifyMembership, verifyNonMembership } = require("@confio/ics23");
const { smtSpec } = require("@confio/ics23/build/proofs");

const sha256 = (bytes) => createHash("sha256").update(bytes).digest();
const hashed = (leaf) =>
  leaf && { ...leaf, key: sha256(leaf.key), leaf: { ...leaf.leaf, prehashKey: 0, length: 0 } };
const empty = Buffer.alloc(32);
const plain = (leaf) =>
  !leaf?.path.some(({ prefix, suffix }) => empty.equals(suffix) || empty.equals(prefix.slice(1)));

const comet = await connectComet(url);
const seen = [];
for (const hex of keys) {
  const key = Buffer.from(hex, "hex");
  const answer = await comet.abciQuery({ path: "/key", data: key, prove: true });
  const { block } = await comet.block(answer.height + 1);
  const root = block.header.appHash;
  const [op] = answer.proof.ops;
  const { exist, nonexist } = ics23.CommitmentProof.decode(op.data);
  const proof = exist
    ? { exist: hashed(exist) }
    : { nonexist: { ...nonexist, left: hashed(nonexist.left), right: hashed(nonexist.right) } };
  const named = sha256(key);
  const wrong = Buffer.concat([answer.value, Buffer.from([1])]);
  seen.push({
    height: answer.height,
    value: Buffer.from(answer.value).toString("hex"),
    plain: plain(nonexist?.left) && plain(nonexist?.right),
    present: verifyMembership(proof, smtSpec, root, named, answer.value),
    absent: verifyNonMembership(proof, smtSpec, root, named),
    other: verifyMembership(proof, smtSpec, root, named, wrong),
    elsewhere: verifyMembership(proof, smtSpec, sha256(root), named, answer.value),
  });
}
console.log(JSON.stringify(seen));
process.exit(0);
