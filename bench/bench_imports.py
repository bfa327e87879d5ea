"""What programs import: processor time, modules, and the packages that take most of it.

`python -X importtime` says how long each module took without those that it imports; here they are
added up by package. The processor's time is that of an interpreter which imports and ends, without
that of one which imports nothing; the least of several, because caches only ever add to it.
"""

from __future__ import annotations

import argparse
import re
import resource
import subprocess
import sys
from collections import Counter

from rich.console import Console
from rich.table import Table

PROGRAMS = {
    "zrsign --help": "zrsign.cli",
    "zrsign track, keys": "zrsign.cli, zrchain_lite.client, zrsign.track",
    "zrsign request": "zrsign.cli, zrsign.sdk.client, eth_account",
    "zrsign up": "zrsign.cli, zrsign.local.network.local",
    "ledger": "zrsign.node",
    "listener": "zrsign_listener.service",
    "relayer": "relayer.service, relayer.destinations.evm, relayer.destinations.bitcoin",
    "operator": "zrsign_operator.service",
    "Bitcoin proxy": "zrsign_btc_proxy.service",
}
"""What each has imported when it begins to work."""
LINE = re.compile(r"import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)")
SHOWN = 5


def cpu_s(code: str) -> float:
    """Processor seconds of an interpreter that runs `code`."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-P", "-c", code], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def by_package(modules: str) -> tuple[int, Counter[str]]:
    """How many modules are imported, and the milliseconds of each package, its own modules'."""
    command = [sys.executable, "-P", "-X", "importtime", "-c", f"import {modules}"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found = LINE.findall(done.stderr)
    spent: Counter[str] = Counter()
    for microseconds, module in found:
        top = module.partition(".")[0]
        spent["standard library" if top in sys.stdlib_module_names else top] += int(microseconds)
    return len(found), Counter({name: each // 1000 for name, each in spent.items()})


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    empty = min(cpu_s("pass") for _ in range(rounds))
    table = Table(box=None)
    for name in ("program", "CPU s", "modules", "packages, ms"):
        table.add_column(name, justify="right" if name in ("CPU s", "modules") else "left")
    for name, modules in PROGRAMS.items():
        least = min(cpu_s(f"import {modules}") for _ in range(rounds)) - empty
        count, spent = by_package(modules)
        most = ", ".join(f"{package} {ms}" for package, ms in spent.most_common(SHOWN))
        table.add_row(name, f"{least:.2f}", str(count), most)
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
