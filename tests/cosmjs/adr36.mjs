// Run by node: adr36.mjs NODE_MODULES SECRET_HEX TEXT. Signs text as ADR-036 says, for two chains;
// prints a JSON list.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [modules, secret, text] = process.argv.slice(2);
const require = createRequire(pathToFileURL(`${modules}/`));
const { makeSignDoc, Secp256k1Wallet } = require("@cosmjs/amino");

const signed = [];
for (const prefix of ["zen", "cosmos"]) {
  const wallet = await Secp256k1Wallet.fromKey(Buffer.from(secret, "hex"), prefix);
  const [{ address }] = await wallet.getAccounts();
  const value = { signer: address, data: Buffer.from(text).toString("base64") };
  const message = { type: "sign/MsgSignData", value };
  const document = makeSignDoc([message], { gas: "0", amount: [] }, "", "", 0, 0);
  const { signature } = await wallet.signAmino(address, document);
  signed.push({ address, publicKey: signature.pub_key.value, signature: signature.signature });
}
console.log(JSON.stringify(signed));
