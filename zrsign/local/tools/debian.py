"""bitcoind from Debian's archive, without root and without touching the system.

A private apt (its own state, cache and source list) downloads `bitcoin-knots` and the libraries
that it needs from the unstable suite. The mirror and the acquire settings are the machine's own,
read at run time; apt checks the archive's signature with the machine's Debian keyring. The
packages are unpacked side by side and run through the loader among them, so that the system's
older libc does not matter.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from zrsign.local.tools.errors import InstallFailed
from zrsign.local.tools.recipes import Build, run_step

SUITE = "unstable"
PACKAGE = "bitcoin-knots"
PROGRAMS = ("bitcoind", "bitcoin-cli")
LAYOUT = "2"
# Asked for by the package's service scripts, not by the programs: apt is told that they are there.
NOT_NEEDED = ("systemd", "debconf")
KEYRINGS = tuple(
    Path(f"/usr/share/keyrings/debian-archive-keyring.{kind}") for kind in ("gpg", "pgp")
)
OWN_BUILD = "Install Bitcoin Core 26 or newer and put bitcoind on PATH, or set BITCOIND to its path"
MAX_MIRRORS = 3


class BitcoinKnots(Build):
    """The `bitcoind` and `bitcoin-cli` of Debian's `bitcoin-knots`."""

    label = "bitcoind, bitcoin-cli"

    def fingerprint(self) -> str:
        return f"{PACKAGE}/{LAYOUT}"

    def build(self, folder: Path, scratch: Path) -> None:
        for program in ("apt-get", "apt-config", "dpkg", "dpkg-deb"):
            if shutil.which(program) is None:
                raise InstallFailed(
                    f"bitcoind: this machine is not a Debian ({program} is missing). {OWN_BUILD}."
                )
        architecture = run_step("dpkg", "--print-architecture", cwd=folder).strip()
        env = {"APT_CONFIG": str(_private_apt(scratch, architecture)), "LC_ALL": "C"}
        _update(scratch, architecture, env)
        fetch = ("install", "--download-only", "--yes", "--no-install-recommends", PACKAGE)
        run_step("apt-get", *fetch, cwd=folder, env=env)
        run_step("apt-get", "autoclean", cwd=folder, env=env)  # versions of an earlier attempt
        for archive in sorted((scratch / "cache" / "archives").glob("*.deb")):
            run_step("dpkg-deb", "--extract", archive, folder, cwd=folder)
        for unneeded in ("usr/share", "usr/sbin", "usr/include", "etc", "var"):
            shutil.rmtree(folder / unneeded, ignore_errors=True)
        _link_loader(folder)

    def launchers(self) -> dict[str, str]:
        root = "$here/../bitcoin"
        libraries = f"{root}/lib"
        return {
            name: f'exec "{root}/loader" --library-path "{libraries}" '
            f'"{root}/usr/bin/{name}" "$@"\n'
            for name in PROGRAMS
        }


def mirrors(index_targets: str) -> list[str]:
    """Archive addresses from `apt-get indextargets` lines `origin|suite|component|address`.

    Debian's own come first; a list that was never updated does not know its origin yet and
    stays in, one that is known to be somebody else's or is a security archive does not.
    """
    known: dict[str, None] = {}
    unknown: dict[str, None] = {}
    for line in index_targets.splitlines():
        origin, suite, component, address = line.split("|", 3)
        if component != "main" or "security" in suite or "/" in suite:
            continue
        if origin == "Debian":
            known[address] = None
        elif not origin:
            unknown[address] = None
    return list(known | unknown)[:MAX_MIRRORS]


def source_list(address: str, architecture: str, keyring: Path | None) -> str:
    """The deb822 source of the suite at this mirror."""
    signed = f"Signed-By: {keyring}\n" if keyring else ""
    return (
        f"Types: deb\nURIs: {address}\nSuites: {SUITE}\nComponents: main\n"
        f"Architectures: {architecture}\n{signed}"
    )


def _private_apt(scratch: Path, architecture: str) -> Path:
    """Write the private configuration below `scratch` and return its path."""
    for folder in ("state/lists/partial", "cache/archives/partial", "etc/sources.list.d"):
        (scratch / folder).mkdir(parents=True, exist_ok=True)
    status = "".join(
        f"Package: {name}\nStatus: install ok installed\nArchitecture: {architecture}\n"
        f"Multi-Arch: foreign\nVersion: 9999\nMaintainer: none\nDescription: stand-in\n\n"
        for name in NOT_NEEDED
    )
    (scratch / "state" / "status").write_text(status)
    dump = run_step("apt-config", "dump", cwd=scratch).splitlines()
    settings = [line for line in dump if line.startswith("Acquire::")]
    settings += [
        f'Dir::Etc "{scratch}/etc";',
        'Dir::Etc::main "/dev/null";',
        'Dir::Etc::parts "/dev/null";',
        'Dir::Etc::trustedparts "/etc/apt/trusted.gpg.d";',
        f'Dir::State "{scratch}/state";',
        f'Dir::State::status "{scratch}/state/status";',
        f'Dir::Cache "{scratch}/cache";',
        'APT::Sandbox::User "root";',
        'Acquire::Languages "none";',
        'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";',
        'Acquire::IndexTargets::deb::CNF::DefaultEnabled "false";',
    ]
    config = scratch / "apt.conf"
    config.write_text("\n".join(settings) + "\n")
    return config


def _update(scratch: Path, architecture: str, env: dict[str, str]) -> None:
    """Fetch the signed package list from the first of the machine's mirrors that has the suite."""
    layout = "$(ORIGIN)|$(RELEASE)|$(COMPONENT)|$(REPO_URI)"
    targets = run_step(
        "apt-get", "indextargets", "--format", layout, "Created-By: Packages", cwd=scratch
    )
    addresses = mirrors(targets)
    if not addresses:
        raise InstallFailed(
            f"bitcoind: this machine's apt names no Debian archive (apt-get indextargets). "
            f"{OWN_BUILD}."
        )
    keyring = next((path for path in KEYRINGS if path.is_file()), None)
    failures = []
    for address in addresses:
        source = source_list(address, architecture, keyring)
        (scratch / "etc" / "sources.list.d" / "debian.sources").write_text(source)
        try:
            run_step("apt-get", "update", "--error-on=any", cwd=scratch, env=env)
        except InstallFailed as failure:
            failures.append(str(failure))
        else:
            return
    raise InstallFailed(f"bitcoind: {failures[0]}\n{OWN_BUILD}.")


def _link_loader(folder: Path) -> None:
    """Name the loader and the library folder the same on every architecture."""
    loader = next(iter(sorted(folder.glob("usr/lib*/ld-linux-*.so.*"))), None)
    loader = loader or next(iter(sorted(folder.glob("usr/lib/*/ld-linux-*.so.*"))), None)
    library = next(iter(sorted(folder.glob("usr/lib/*/libc.so.6"))), None)
    if loader is None or library is None:
        raise InstallFailed(
            f"bitcoind: no loader or libc among the unpacked packages. {OWN_BUILD}."
        )
    (folder / "loader").symlink_to(loader.relative_to(folder))
    (folder / "lib").unlink(missing_ok=True)
    (folder / "lib").symlink_to(library.parent.relative_to(folder))
