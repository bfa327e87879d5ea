// A local Solana network (Surfpool, offline) until SIGTERM, SIGINT or, if standard input is a pipe, its end.
// Prints one line of JSON when it is ready: {"rpcUrl", "wsUrl"}. Surfpool picks its own ports;
// --rpc-port and --ws-port put a fixed loopback port in front of each.
import { fstatSync } from "node:fs";
import { createRequire } from "node:module";
import { connect, createServer } from "node:net";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    version: { type: "boolean" },
    "rpc-port": { type: "string" },
    "ws-port": { type: "string" },
    "slot-ms": { type: "string", default: "200" },
  },
});

const require = createRequire(import.meta.url);
const addon = `@solana/surfpool-${process.platform}-${process.arch}-gnu`;

if (values.version) {
  console.log(`surfpool ${require(`${addon}/package.json`).version}`);
  process.exit(0);
}

const front = (port, url) =>
  new Promise((resolve) => {
    if (port === undefined) return resolve(url);
    const target = new URL(url);
    const server = createServer((client) => {
      const upstream = connect(Number(target.port), target.hostname);
      for (const [from, to] of [[client, upstream], [upstream, client]]) {
        from.pipe(to);
        from.on("error", () => to.destroy());
      }
    });
    server.on("error", (error) => {
      console.error(`surfnet: port ${port} on 127.0.0.1: ${error.message}`);
      process.exit(1);
    });
    server.listen(Number(port), "127.0.0.1", () =>
      resolve(`${target.protocol}//127.0.0.1:${server.address().port}`),
    );
  });

const surfnet = require(addon).Surfnet.startWithConfig({
  offline: true,
  blockProductionMode: "clock",
  slotTimeMs: Number(values["slot-ms"]),
});

for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => process.exit(0));
const stdin = fstatSync(0);
if (stdin.isFIFO() || stdin.isSocket()) process.stdin.on("end", () => process.exit(0)).resume();
// Surfpool buffers its events for whoever drains them; nobody here wants them.
setInterval(() => surfnet.drainEvents(), 1000);

const rpcUrl = await front(values["rpc-port"], surfnet.rpcUrl);
const wsUrl = await front(values["ws-port"], surfnet.wsUrl);
console.log(JSON.stringify({ rpcUrl, wsUrl }));
