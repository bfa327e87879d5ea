"""How each command is called: what stands below its help."""

from __future__ import annotations

TX_HASH = "0x4ae9eca7000000000000000000000000000000000000000000000000cea24cb8"
GRPC = "https://grpc.example:443"
DOORS = "--rpc https://rpc.example --rest https://rest.example"
EXAMPLES: dict[str, tuple[str, ...]] = {
    "up": ("zrsign up", "zrsign up --keep", "zrsign up --keyring local --no-btc --no-sol"),
    "demo": ("zrsign demo", "zrsign demo --keyring 2-of-3"),
    "status": ("zrsign status", 'eval "$(zrsign status -o env)"; cast block-number'),
    "dump": ("zrsign dump", "zrsign dump --output report.tar.gz --requests 50"),
    "reset": ("zrsign reset", "zrsign reset --state .zrsign/demo --yes"),
    "init": (
        "zrsign init notary --foundry",
        "zrsign init notary --web3",
        "zrsign init notary --ape",
    ),
    "chaos": ("zrsign chaos --profile crash --seed 7 --minutes 2",),
    "testnet init": (
        "zrsign testnet init --output net",
        "zrsign testnet init --output net --validators 2 --host a.example --host b.example",
    ),
    "deploy": (
        "zrsign deploy deployment.yaml --network sepolia --dry-run",
        "zrsign deploy deployment.yaml --network sepolia --key-file deployer.key",
    ),
    "pause": ("zrsign pause deployment.yaml --network sepolia --key-file pauser.key",),
    "unpause": ("zrsign unpause deployment.yaml --network sepolia --key-file pauser.key",),
    "contracts path": ("forge build --remappings @zrsign/contracts/=$(zrsign contracts path)/",),
    "contracts abi": (
        "zrsign contracts abi ZrSignOmni",
        "zrsign contracts abi out/Mine.sol/Mine.json",
    ),
    "contracts example": ("zrsign contracts example",),
    "networks list": ("zrsign networks list",),
    "networks add": (
        f"zrsign networks add mine --ledger {GRPC} --ledger-id zrchain-1 --chain sepolia",
    ),
    "networks use": ("zrsign networks use mine", "zrsign networks use local"),
    "networks check": ("zrsign networks check mine",),
    "doctor": ("zrsign doctor",),
    "tools install": ("zrsign tools install", "zrsign tools install anvil"),
    "tools list": ("zrsign tools list --json",),
    "request key": ("zrsign request key evm --monitoring", "zrsign request key btc-test --as gas"),
    "request hash": (f"zrsign request hash evm {TX_HASH}",),
    "request data": ('zrsign request data evm "hello"', "zrsign request data sol 0x1234 --no-wait"),
    "request tx": ("zrsign request tx evm 0x02ef82 --chain eip155:31338 --no-broadcast",),
    "request simple": (
        "zrsign request simple evm 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 1000",
        "zrsign request simple btc-test bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080 50000",
    ),
    "request workspace": ("zrsign request workspace --index 0",),
    "track": (
        "zrsign track 5",
        f"zrsign track {TX_HASH} --follow",
        "zrsign track --trace 0 --mode direct",
    ),
    "ids": ("zrsign ids",),
    "decode": (
        "zrsign decode 0xe146c2986893c43af5ff396310220be92058fb9f4ce76b929b80ef0d5307100a",
        "zrsign decode 0x02ef82 --chain eip155:1",
    ),
    "keys": ("zrsign keys", "zrsign keys user --json"),
    "workspaces": ("zrsign workspaces --owner user",),
    "workspaces add-owner": ("zrsign workspaces add-owner WORKSPACE approver-1 approver-2",),
    "workspaces set-policy": ("zrsign workspaces set-policy WORKSPACE 3 --admin 3",),
    "policies": ("zrsign policies",),
    "policies new": ("zrsign policies new approver-1 approver-2 approver-3 --need 2",),
    "policies show": ("zrsign policies show 10",),
    "policies approve": ("zrsign policies approve 10 --as approver-1",),
    "policies revoke": ("zrsign policies revoke 10 --as user",),
    "run ledger": ("zrsign run ledger --config ledger.toml",),
    "run listener": ("zrsign run listener --config listener.toml",),
    "run relayer": ("zrsign run relayer --config relayer.toml --log-level debug",),
    "run operator": ("zrsign run operator --config operator.toml",),
    "run keyring": ("zrsign run keyring --config keyring.toml",),
    "run btc-proxy": ("zrsign run btc-proxy --config btc-proxy.toml",),
    "operators": ("zrsign operators",),
    "operators group": ("zrsign operators group",),
    "operators refresh": ("zrsign operators refresh",),
    "operators reshare": (
        "zrsign operators reshare --threshold 11 --members 1-16",
        "zrsign operators reshare -t 2 --card card-1.json --card card-2.json --card card-3.json",
    ),
    "operators faults": ("zrsign operators faults",),
    "operators pardon": ("zrsign operators pardon 3",),
    "operators allow": ("zrsign operators allow", "zrsign operators allow simulated:00ff --only"),
    "operators join": ("zrsign operators join --count 8",),
    "operators card": (
        "zrsign operators card --config operator.toml --index 3 --endpoint op3.example:9301",
    ),
    "operators restore": ("zrsign operators restore --config operator.toml backup/state",),
    "ledger export": ("zrsign ledger export --home ledger --output genesis.json",),
    "ledger verify": ("zrsign ledger verify --home ledger",),
    "ledger registry": (f"zrsign ledger registry --grpc 127.0.0.1:9090 {DOORS}",),
    "relayer list": ("zrsign relayer list",),
    "relayer retry": ("zrsign relayer retry request-5-transaction",),
    "relayer drop": ("zrsign relayer drop request-5-transaction --may-land",),
    "help": ("zrsign help exit-codes", "zrsign help policies show"),
}
"""How each command is called, by its path. A group that lists by itself has some as well."""
