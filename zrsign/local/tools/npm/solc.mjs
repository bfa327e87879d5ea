// The Solidity compiler from npm behind the part of solc's command line that build tools use:
// --version, and --standard-json [FILE] with --base-path and --include-path (default: standard input).
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { parseArgs } from "node:util";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    version: { type: "boolean" },
    "standard-json": { type: "boolean" },
    "base-path": { type: "string", default: "" },
    "include-path": { type: "string", multiple: true, default: [] },
    "allow-paths": { type: "string" }, // accepted: this program reads only below the paths above
  },
});

if (!values.version && !values["standard-json"]) {
  console.error("usage: solc --version | solc --standard-json [--base-path DIR] [FILE]");
  process.exit(2);
}

const solc = createRequire(import.meta.url)("solc");

if (values.version) {
  console.log(`solc, the solidity compiler commandline interface\nVersion: ${solc.version()}`);
  process.exit(0);
}

const roots = [values["base-path"], ...values["include-path"]];
const source = positionals[0] && positionals[0] !== "-" ? positionals[0] : 0;
const readImport = (path) => {
  const file = roots.map((root) => join(root, path)).find((candidate) => existsSync(candidate));
  return file ? { contents: readFileSync(file, "utf8") } : { error: `File not found: ${path}` };
};
process.stdout.write(solc.compile(readFileSync(source, "utf8"), { import: readImport }) + "\n");
