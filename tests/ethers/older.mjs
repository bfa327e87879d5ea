// Run by node: older.mjs NODE_MODULES INTERFACE_FILE RPC_URL CONTRACT SECRET WALLET_TYPE CHAIN.
// A client of October 2024: the older interface, and functions by name. Without RPC_URL it prints the
// interface as JSON; with it, what it saw.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [modules, file, url, address, secret, walletTypeId, dstChainId] = process.argv.slice(2);
const { ethers } = createRequire(pathToFileURL(`${modules}/`))("ethers");
const lines = readFileSync(file, "utf8").trim().split("\n");

if (!url) {
  console.log(new ethers.Interface(lines).formatJson());
  process.exit(0);
}

const provider = new ethers.JsonRpcProvider(url, undefined, { staticNetwork: true });
provider.pollingInterval = 50;
const signer = new ethers.NonceManager(new ethers.Wallet(secret, provider));
const contract = new ethers.Contract(address, lines, signer);
const owner = await signer.getAddress();
const plain = (value) => JSON.parse(JSON.stringify(value, (_, each) => (typeof each === "bigint" ? each.toString() : each)));
const events = async (sent) => (await (await sent).wait()).logs.map((log) => [contract.interface.parseLog(log).name, plain(contract.interface.parseLog(log).args)]);

const seen = {};
const price = await contract["estimateFee(uint8,uint256)"](1, 0);
seen.price = plain([price.mpc, price.netResp, price.total]);
const type = await contract.getWalletTypeInfo(walletTypeId);
seen.type = plain([type.purpose, type.coinType]);
seen.version = plain(await contract.version());
const count = (await contract.getZrKeys(walletTypeId, owner)).length;
if (count === 0) {
  seen.key = await events(contract.zrKeyReq({ owner, walletTypeId, options: 1 }, { value: price.total }));
} else {
  const fee = (await contract["estimateFee(bytes32,address,uint256,uint256)"](walletTypeId, owner, 0, 0)).total;
  const request = { walletTypeId, walletIndex: 0, dstChainId, payload: "0x" + "07".repeat(32), broadcast: false };
  seen.hash = await events(contract.zrSignHash(request, { value: fee }));
  seen.tx = await events(contract.zrSignTx({ ...request, broadcast: true }, { value: fee }));
  seen.keys = await contract.getZrKeys(walletTypeId, owner);
  seen.resolved = (await contract.queryFilter(contract.filters.ZrKeyResolve(walletTypeId, owner))).map((log) => log.args.addr);
  try {
    await contract.zrSignHash.staticCall(request, { value: 1 });
  } catch (error) {
    seen.refused = error.revert && [error.revert.name, plain(error.revert.args)];
  }
}
console.log(JSON.stringify(seen));
