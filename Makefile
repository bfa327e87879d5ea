# Each target sets up what it needs: Python 3.11 or newer, make and git are all that must be there already.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.ONESHELL:
.SILENT:
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
# Images of containers set it. Each daemon and each command would compile the sources again.
unexport PYTHONDONTWRITEBYTECODE

# The first Python on PATH that is new enough; name another with `make PYTHON=/path/to/python3`.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.14; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
BIN := .venv/bin
# One worker more than cores, because tests also wait; networks run in two of them (tests/e2e/conftest.py).
# A part that ARGS names runs in one process, which starts sooner.
WORKERS ?= $(if $(ARGS),0,$(shell expr $$(getconf _NPROCESSORS_ONLN) + 1))
OPENZEPPELIN := contracts/node_modules/.synced
COSMJS := tests/cosmjs/node_modules/.synced
ETHERS := tests/ethers/node_modules/.synced
SOLIDITY := contracts/src contracts/test contracts/proofs

.PHONY: help demo test mutants lint fmt contracts proto bench bench-operators bench-dmpc bench-peers bench-gas coverage audit prove mutants-solidity docs clean setup tools lock

help: ## List the targets
	grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: setup ## Real chains on this machine, every kind of request, one table at the end
	$(BIN)/zrsign demo

test: setup $(OPENZEPPELIN) $(COSMJS) $(ETHERS) .venv-cosmpy/.synced .venv-ape/.synced ## Unit, property and end-to-end tests
	$(BIN)/pytest -n $(WORKERS) --dist loadgroup $(ARGS)

lint: setup $(OPENZEPPELIN) ## Style, types, and whether generated files are fresh
	echo "· ruff"
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --check --quiet .
	echo "· mypy --strict"
	$(BIN)/mypy --no-error-summary .
	echo "· forge fmt"
	$(BIN)/python -m zrsign.local.tools run forge fmt --check $(SOLIDITY)
	echo "· generated files are fresh"
	$(BIN)/python scripts/compile_contracts.py --check
	$(BIN)/python scripts/compile_proto.py --check
	$(BIN)/python scripts/settings_reference.py --check
	$(BIN)/python -m scripts.fault_matrix --check
	echo "· locks hold no addresses"
	! grep -nE '://|"resolved"' locks/*.lock zrsign/local/tools/*.lock
	! grep -n '"resolved"' zrsign/local/tools/npm/package-lock.json {contracts,tests/cosmjs,tests/ethers}/package-lock.json

fmt: setup ## Format Python and Solidity
	$(BIN)/ruff check --fix --quiet --exit-zero .
	$(BIN)/ruff format --quiet .
	$(BIN)/python -m zrsign.local.tools run forge fmt $(SOLIDITY)

contracts: setup $(OPENZEPPELIN) ## Compile the contracts into the packaged artifacts
	$(BIN)/python scripts/compile_contracts.py

proto: setup ## Compile proto/ into zrchain_lite/wire
	$(BIN)/python scripts/compile_proto.py

mutants: setup ## Change one thing at a time in ROOM and see whether its tests notice; rooms are in tests/mutants.toml
	$(BIN)/python -m scripts.mutants $(ROOM) $(ARGS)

bench: setup ## Run every benchmark in bench/
	shopt -s nullglob
	for file in bench/bench_*.py; do echo "· $$file"; $(BIN)/python -m "bench.$$(basename "$$file" .py)"; done

bench-operators: setup ## A threshold keyring beside one process, from pending to fulfilled
	$(BIN)/python -m bench.bench_operators
	$(BIN)/python -m bench.bench_wallets

bench-dmpc: setup ## Threshold signatures: every figure beside plain powers
	$(BIN)/python -m bench.bench_dmpc

bench-peers: setup ## Threshold signatures beside Rust crates that do the same; wants cargo
	$(BIN)/python -m bench.bench_peers

bench-gas: setup $(OPENZEPPELIN) ## Gas of the contracts, beside the older ones; build/bench/gas.json
	$(BIN)/python bench/bench_gas.py

coverage: setup $(OPENZEPPELIN) ## Line and branch coverage of the contracts, at least 98 %
	$(BIN)/python scripts/contract_coverage.py

audit: setup $(OPENZEPPELIN) .venv-slither/.synced ## Slither and solhint; each finding is answered in docs/contracts-security.md
	$(BIN)/python scripts/audit_contracts.py

prove: setup $(OPENZEPPELIN) .venv-halmos/.synced ## Halmos: what contracts/proofs says holds for every value there is
	$(BIN)/python scripts/prove_contracts.py $(ARGS)

mutants-solidity: setup $(OPENZEPPELIN) ## Change one thing at a time in the contracts and see whether forge's tests notice
	$(BIN)/python -m scripts.solidity_mutants $(ARGS)

docs: setup ## Write docs/settings.md from the settings classes, and the matrix of docs/faults.md
	$(BIN)/python scripts/settings_reference.py
	$(BIN)/python -m scripts.fault_matrix

clean: ## Remove environments, tools and everything that is made
	rm -rf .venv .venv-ape .venv-cosmpy .venv-slither .tools .zrsign .build build dist
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis contracts/out contracts/cache {contracts,tests/cosmjs,tests/ethers}/node_modules
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

setup: .venv/.synced tools

tools: .venv/.synced
	$(BIN)/python -m zrsign.local.tools install

%/node_modules/.synced: %/package-lock.json | tools
	echo "· $*/node_modules"
	$(BIN)/python -m zrsign.local.tools run npm ci --prefix $* --ignore-scripts --silent
	touch $@

lock: .venv/.synced ## Resolve the locks again, with the newest versions
	$(BIN)/python scripts/environment.py lock --upgrade

.venv/.synced: pyproject.toml locks/dev.lock locks/uv.lock locks/build.lock scripts/environment.py
	$(call sync,dev)

.venv-ape/.synced: pyproject.toml locks/ape.lock locks/build.lock scripts/environment.py | .venv/.synced
	$(call sync,ape)

.venv-cosmpy/.synced: locks/cosmpy.lock scripts/environment.py | .venv/.synced
	$(call sync,cosmpy)

.venv-slither/.synced: locks/slither.lock scripts/environment.py | .venv/.synced
	$(call sync,slither)

.venv-halmos/.synced: locks/halmos.lock scripts/environment.py | .venv/.synced
	$(call sync,halmos)

define sync
	if [ -z "$(PYTHON)" ]; then
		echo "Python 3.11 or newer is needed, and PATH has none (python3 is: $$(python3 --version 2>&1))." >&2
		echo "Install it (Debian, Ubuntu: apt-get install python3.11 python3.11-venv) or name it: make PYTHON=/path/to/python3" >&2
		exit 1
	fi
	"$(PYTHON)" scripts/environment.py sync $(1)
endef
