# The two commands are `make demo` and `make test`; each does all its own set-up in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
OUT ?= runs/quickstart

.PHONY: help install demo demo-six-hops test lint types imports tests test-kill table-faults bench-throughput bench-prefixes \
  bench-dedup bench-graph bench-explore lock clean

help:
	@echo "make install           set up .venv with what sixhop needs to run, and nothing else"
	@echo "make demo              run scenarios/quickstart.yaml on the embedded model and show the result"
	@echo "make demo-six-hops     from three texts to hop 6 on the embedded model"
	@echo "make test              everything that checks the project: lint, types, imports, tests"
	@echo "make test-kill         kill runs a thousand times and compare what is left (minutes); KILLS=200 for fewer"
	@echo "make table-faults      play every fault to every role and print what came of it"
	@echo "make bench-throughput  calls a second and CPU next to bare aiohttp and other libraries (a quarter of an hour)"
	@echo "make bench-prefixes    how much of each role's prompt comes from llama.cpp's cache"
	@echo "make bench-dedup       deduplication beside other tools, 10,000 to 1,000,000 rows (about 20 minutes)"
	@echo "make bench-graph       load and ask a graph of a million people"
	@echo "make bench-explore     each command on a graph of 100,000"
	@echo "make lock              resolve the locks anew (needs uv)"
	@echo "make clean             remove environments, runs and caches"

# What `sixhop` needs to run, weights of the embedded model included. The lock is complete, so --no-deps.
$(VENV)/runtime: requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing what Sixhop needs (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

$(VENV)/dev: $(VENV)/runtime requirements-dev.lock
	@echo "installing what the checks need (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-dev.lock
	@touch $@

# The demo takes all cores for the model: twice as fast on a machine that does nothing else. Where other programs want
# the cores too, `make demo SIXHOP_THREADS=1` is faster: llama.cpp's threads spin.
demo demo-six-hops: export SIXHOP_THREADS ?= $(shell nproc 2>/dev/null || sysctl -n hw.ncpu)

install: $(VENV)/runtime
	@echo "sixhop is in $(BIN); have it on your path with: source $(BIN)/activate"

demo: $(VENV)/runtime
	@$(BIN)/sixhop run scenarios/quickstart.yaml --out $(OUT)

demo-six-hops: $(VENV)/runtime
	@$(BIN)/sixhop run scenarios/six-hops.yaml --out runs/six-hops

# What the tests open our exports with; without Node.js these tests are skipped and say so.
$(VENV)/node: $(VENV)/runtime tests/js/package-lock.json
	@if command -v npm >/dev/null; then npm ci --prefix tests/js --silent --no-audit --no-fund; \
	else echo "no npm: tests of character-card-utils and inkjs will be skipped"; fi
	@touch $@

test: lint types imports tests

lint: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/dev
	$(BIN)/mypy

imports: $(VENV)/dev
	$(BIN)/lint-imports

tests: $(VENV)/dev $(VENV)/node
	$(BIN)/python -m pytest --numprocesses 2 --dist loadgroup

KILLS ?= 1000
test-kill: $(VENV)/dev
	PYTHONPATH=.:tests $(BIN)/python tests/kill_harness.py --kills $(KILLS)

table-faults: $(VENV)/dev
	@$(BIN)/python benchmarks/fault_table.py

# The libraries that throughput is compared with, each in an environment of its own; none of them brings torch.
PEERS ?= curator data-designer distilabel
PEER ?= $(VENV)-peer-
PACKAGE_curator := bespokelabs-curator
PACKAGE_distilabel := distilabel[openai] requests
$(PEER)%/ready:
	@test -x $(@D)/bin/python || $(PYTHON) -m venv $(@D)
	@echo "installing $* ..."
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check $(or $(PACKAGE_$*),$*)
	@touch $@

ROUNDS ?= 2
bench-throughput: $(VENV)/runtime $(PEERS:%=$(PEER)%/ready)
	@$(BIN)/python benchmarks/throughput.py --rounds $(ROUNDS) $(foreach name,$(PEERS),--peer $(name)=$(abspath $(PEER)$(name))/bin/python)

bench-prefixes: $(VENV)/dev
	@PYTHONPATH=. $(BIN)/python benchmarks/prefixes.py

# Versions and hashes, no URLs. The second lock holds the first one and what the checks need.
LOCK := uv pip compile pyproject.toml --group embedded --universal --python-version 3.11 --generate-hashes \
  --no-annotate --no-header --no-emit-index-url --no-emit-find-links --quiet
lock:
	$(LOCK) --upgrade --group dev --output-file requirements-dev.lock
	$(LOCK) --upgrade --constraint requirements-dev.lock --output-file requirements.lock

# The tools that deduplication is compared with, in an environment of their own; none of them brings torch. distilabel 1.5
# does not run with a newer datasketch, and wants NLTK's tokenizer data, which are in the wheel of llama-index-core.
DEDUP_PEERS := $(VENV)-peers
$(DEDUP_PEERS)/ready:
	@test -x $(DEDUP_PEERS)/bin/python || $(PYTHON) -m venv $(DEDUP_PEERS)
	@$(DEDUP_PEERS)/bin/python -m pip install --quiet --disable-pip-version-check \
	  rensa semhash wordllama distilabel datasketch==1.6.5 nltk
	@$(DEDUP_PEERS)/bin/python -m pip download --quiet --disable-pip-version-check --no-deps --dest $(DEDUP_PEERS)/wheel llama-index-core
	@$(DEDUP_PEERS)/bin/python -m zipfile -e $(DEDUP_PEERS)/wheel/llama_index_core-*.whl $(DEDUP_PEERS)/wheel
	@rm -rf $(DEDUP_PEERS)/nltk_data && mv $(DEDUP_PEERS)/wheel/llama_index/core/_static/nltk_cache $(DEDUP_PEERS)/nltk_data
	@rm -rf $(DEDUP_PEERS)/wheel
	@touch $@

bench-dedup: $(VENV)/dev $(DEDUP_PEERS)/ready
	$(BIN)/python benchmarks/bench_dedup.py $(BENCH) --python $(foreach tool,rensa SemHash distilabel,$(tool)=$(DEDUP_PEERS)/bin/python)

bench-graph: $(VENV)/dev
	PYTHONPATH=. $(BIN)/python benchmarks/bench_graph.py

bench-explore: $(VENV)/dev
	PYTHONPATH=. $(BIN)/python benchmarks/bench_explore.py --harm

clean:
	rm -rf $(VENV) $(VENV)-peers $(VENV)-peer-* runs .pytest_cache .mypy_cache .ruff_cache
