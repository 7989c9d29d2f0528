# What a person types; the work is in tools/, setup.py and aerospike-client-c/Makefile.
#
#   PYTHON=python3.12          the interpreter to make .venv with (default: python3)
#   HOSTS=10.0.0.1:3000,...    a real cluster for demo, test and bench
#   PYTEST_ARGS="-k batch"     more arguments for pytest
#   TEST_SEED=7                the order of the tests; 0 = that of the files
#   BENCH_ARGS="get --rounds 3"   more arguments for bench; names for bench-instructions;
#                              "loops" is all that has to do with event loops
#   SUITE=../suite/test        the folder of new_tests, for ecosystem-official
#   CHECKOUT=../client         the PyPI client's repository, for ecosystem-examples
#   TARGETS="manylinux-x86_64 musllinux-aarch64"   what `make wheels` builds for; default: all
#   PYTHONS="3.11 3.13t"       and for which Pythons; default: all that have headers here
#   WHEEL_PYTHONS="/x/bin/python3.14"   more interpreters, which are not in PATH or pyenv
#   ELSEWHERE=1                `make try-wheels` makes a Python for musl and a Debian for aarch64
#   PASSED=passed.txt          what the PyPI client passes of it on a real server; without
#                              it ecosystem-official runs that client first
#   BASE="HEAD~1 89b4388"      the commits that bench-instructions compares with
#   SECONDS=60 SEED=7          how long chaos and soak last, and which
#   SLACK_MS=2000              how late a call of chaos may be, for a busy machine
#   CALLS=100000               how many calls deadlines makes
#   PIDS=11,12,13              with HOSTS, for chaos and soak: the processes of its servers
#   RACKS=1,1,2                the racks of the nodes of chaos and soak
#   CLIENT=async               chaos's, soak's and deadlines' calls are awaited; CLIENT=uvloop
#                              has the loops of uvloop, for chaos and soak
#   TXN=1                      chaos and soak move amounts between records in transactions
#   CONFIG='{"shm": {}}'       more of the configuration of chaos's and soak's clients
#   RACES_PYTHON=/x/bin/python an environment for the tests without the GIL, whose Python is
#                              that of `THREAD_SANITIZER=1 sh tools/free_threaded.sh`, for races
#   CHAOS_PYTHON=/x/bin/python an interpreter with another client of this API for chaos

SHELL = /bin/sh
PYTHON ?= python3
HOSTS ?=
PYTEST_ARGS ?=
BENCH_ARGS ?=
BASE ?=
SUITE ?=
PASSED ?=
CHECKOUT ?=
FUZZ_SECONDS ?= 10
TARGETS ?=
PYTHONS ?=
WHEEL_PYTHONS ?=
SECONDS = 60
CALLS = 100000
SLACK_MS =
SEED =
PIDS =
CONFIG =
CHAOS_PYTHON =
RACES_PYTHON =

# what runs under ThreadSanitizer
RACED = test/threads
# what runs under the other sanitizers: broken peers, hostile arguments, and every kind of call
SANITIZED = test/faults test/leaks test/loops test/threads test/tls $(addprefix test/integration/test_, \
	aggregations.py batches.py contexts.py functions.py function_calls.py expressions.py keys.py operate.py queries.py records.py serializers.py values.py)

# the oldest Python, and the one without the GIL; `make test-all` runs the whole suite on
# each that the machine has
OTHER_PYTHONS = 3.10 3.13t

VENV = .venv
PY = $(VENV)/bin/python
SETUP = PYTHON='$(PYTHON)' sh tools/setup_env.sh
BUILD_DOCS = PY='$(PY)' sh tools/build_docs.sh

# one server of its own for each pytest process, but a real cluster is shared
ifeq ($(HOSTS),)
# tests wait as much as they work
PARALLEL = -n 4 --dist loadfile
else
PARALLEL =
export AEROSPIKE_HOSTS := $(HOSTS)
endif

.PHONY: help demo test test-site free-threaded test-long model shortages test-all sanitize races chaos deadlines soak lint measure docs bench \
	bench-instructions bench-devserver ecosystem ecosystem-examples ecosystem-official \
	ecosystem-official-devserver fuzz wheel wheels try-wheels clean

help:
	@echo "make demo    start a three-node development cluster and walk through the client"
	@echo "make test    C tests under sanitizers, then pytest"
	@echo "make test-site  the built pages: links, search, and how they look in a browser"
	@echo "make test-long  what is slower: sanitizers, other Pythons, chaos, fuzzing"
	@echo "make free-threaded  tests on a CPython without the GIL, which it builds"
	@echo "make test-all   the whole suite on each Python, and under sanitizers"
	@echo "make sanitize  some Python tests with the extension under ASan and UBSan"
	@echo "make races   C tests and threads of Python under ThreadSanitizer"
	@echo "make chaos   threads (CLIENT=async: tasks) write and read while nodes stop, freeze and move, SECONDS=$(SECONDS)"
	@echo "make soak    the same with four processes, and their memory watched"
	@echo "make deadlines  CALLS=$(CALLS) calls of every kind while all kinds of things go wrong"
	@echo "make lint    formatting, types, warnings, layer rules"
	@echo "make measure  sizes, copies and cycles of the code, against their limits"
	@echo "make docs    the documentation, into build/docs"
	@echo "make bench   this client against others from PyPI, in one run"
	@echo "make bench-devserver     instructions of the development server, likewise"
	@echo "make bench-instructions  instructions of calls, against limits and earlier commits"
	@echo "make ecosystem  programs of others from PyPI, with this client in place"
	@echo "make ecosystem-examples  the PyPI client's examples with functions, in CHECKOUT="
	@echo "make ecosystem-official  the PyPI client's public suite in SUITE= on HOSTS="
	@echo "make ecosystem-official-devserver  that suite with that client on our server"
	@echo "make fuzz    each fuzz target for FUZZ_SECONDS=$(FUZZ_SECONDS)"
	@echo "make wheel   build the sdist and a wheel into dist/"
	@echo "make wheels  wheels for glibc and musl on x86_64 and aarch64 into dist/wheels/"
	@echo "make try-wheels  install each of them and use it; ELSEWHERE=1: with musl and on aarch64, too"
	@echo "make clean   remove everything that was built"
	@echo
	@echo "HOSTS=127.0.0.1:3000 runs demo, test or bench against a real cluster;"
	@echo "PYTHON=python3.12 picks the interpreter."

demo:
	@$(SETUP) test
	@$(PY) tools/demo.py $(HOSTS)

test:
	@$(SETUP) test
	@$(MAKE) --no-print-directory -C aerospike-client-c test
	@$(PY) -m pytest $(PARALLEL) $(PYTEST_ARGS)

# what `make test` is too short for, one after another
test-long:
	@$(MAKE) --no-print-directory sanitize
	@$(MAKE) --no-print-directory races
	@$(MAKE) --no-print-directory -j 2 model shortages
	@$(MAKE) --no-print-directory test-site
	@$(MAKE) --no-print-directory -j 2 $(addprefix quick-,$(OTHER_PYTHONS))
	@TEST_LONG=1 $(PY) -m pytest $(PARALLEL) -m takes_long
	@$(MAKE) --no-print-directory chaos SECONDS=30 SLACK_MS=2000
	@$(MAKE) --no-print-directory chaos SECONDS=30 SLACK_MS=2000 CLIENT=async
	@$(MAKE) --no-print-directory chaos SECONDS=15 SLACK_MS=2000 TXN=1
	@$(MAKE) --no-print-directory deadlines CALLS=20000
	@$(MAKE) --no-print-directory deadlines CALLS=10000 CLIENT=async
	@$(MAKE) --no-print-directory fuzz FUZZ_SECONDS=5

# side by side: half of the time goes into preparing them, with one processor
quick-%:
	@OTHERS=1 PYTHONS='$*' sh tools/all_pythons.sh quick

# the pages are built first; without SITE, test/site is not collected
test-site:
	@$(SETUP) site
	@$(BUILD_DOCS)
	@SITE=build/docs $(PY) -m pytest test/site $(PYTEST_ARGS)

# one processor's work for a minute, of which the other one has more
model:
	@sh aerospike-client-c/test/run_model.sh build/model

shortages:
	@SHORTAGES=all $(PY) -m pytest $(filter-out --dist loadfile,$(PARALLEL)) \
		test/leaks/test_shortages.py

# part of test-long, too; .venv makes the certificates
free-threaded:
	@$(SETUP) test
	@PYTHONS=3.13t sh tools/all_pythons.sh quick $(PYTEST_ARGS)

# before an issue closes
test-all:
	@$(SETUP) test
	@$(MAKE) --no-print-directory -C aerospike-client-c test
	@sh tools/all_pythons.sh all $(PYTEST_ARGS)
	@$(MAKE) --no-print-directory sanitize SANITIZED=

sanitize:
	@$(SETUP) test
	@PY='$(PY)' sh tools/sanitize.sh $(PARALLEL) $(SANITIZED) $(PYTEST_ARGS)

races:
	@$(SETUP) test
	@$(MAKE) --no-print-directory -C aerospike-client-c races
	@SANITIZERS=thread PY='$(PY)' sh tools/sanitize.sh $(PARALLEL) $(RACED) $(PYTEST_ARGS)
	@if [ -n '$(RACES_PYTHON)' ]; then \
		SANITIZERS=thread PY='$(RACES_PYTHON)' sh tools/sanitize.sh $(PARALLEL) $(RACED) $(PYTEST_ARGS); \
	else \
		echo 'races: not looked for without the GIL: RACES_PYTHON names no Python for that'; \
	fi

chaos soak:
	@$(SETUP) test
	@cd test && $(or $(CHAOS_PYTHON),../$(PY)) -m chaos --seconds $(SECONDS) \
		$(if $(filter soak,$@),--processes 4) \
		$(if $(CLIENT),--client $(CLIENT)) $(if $(TXN),--transactions) \
		$(if $(SEED),--seed $(SEED)) $(if $(SLACK_MS),--slack-ms $(SLACK_MS)) \
		$(if $(CONFIG),--config '$(CONFIG)') $(if $(RACKS),--racks $(RACKS)) \
		$(if $(HOSTS),--hosts $(HOSTS) --pids $(PIDS))

deadlines:
	@$(SETUP) test
	@cd test && ../$(PY) -m faults.deadlines --calls $(CALLS) \
		$(if $(CLIENT),--client $(CLIENT))

lint:
	@$(SETUP) lint
	@PY='$(PY)' sh tools/lint.sh

measure:
	@$(SETUP) test
	@$(PY) tools/measure_code.py

docs:
	@$(SETUP) docs
	@$(BUILD_DOCS)
	@echo "build/docs/index.html"

bench:
	@$(SETUP) bench
	@$(PY) benchmarks/run.py $(if $(HOSTS),--hosts $(HOSTS)) $(BENCH_ARGS)

bench-instructions:
	@$(SETUP) instructions
	@$(PY) benchmarks/instructions.py $(BENCH_ARGS) $(if $(BASE),--base $(BASE))

bench-devserver:
	@$(SETUP) instructions
	@$(PY) benchmarks/devserver.py $(BENCH_ARGS) $(if $(BASE),--base $(BASE))

# these install from PyPI, so none is part of a test
ecosystem:
	@$(SETUP) test
	@cd test && ../$(PY) -m ecosystem.run $(HOSTS)

ecosystem-examples:
	@$(SETUP) test
	@cd test && ../$(PY) -m ecosystem.examples '$(abspath $(CHECKOUT))' $(HOSTS)

ecosystem-official:
	@$(SETUP) test
	@cd test && ../$(PY) -m ecosystem.official '$(abspath $(SUITE))' $(HOSTS) \
		$(abspath $(PASSED))

ecosystem-official-devserver:
	@$(SETUP) test
	@cd test && ../$(PY) -m ecosystem.official_devserver '$(abspath $(SUITE))' \
		'$(abspath $(PASSED))'

fuzz:
	@$(SETUP) compiler
	@$(MAKE) --no-print-directory -C aerospike-client-c fuzz FUZZ_SECONDS=$(FUZZ_SECONDS)

wheel:
	@$(SETUP) test
	@$(PY) tools/build_wheel.py dist

# not part of a test: it fetches compilers and sources, and takes half an hour
wheels:
	@$(SETUP) wheels
	@WHEEL_PYTHONS='$(WHEEL_PYTHONS)' PYTHONPATH=tools build/wheels/venv/bin/python -m wheels \
		--targets '$(TARGETS)' --pythons '$(PYTHONS)'

# not part of a test either: pip fetches what the client needs
try-wheels:
	@$(PYTHON) tools/try_wheel.py $(if $(ELSEWHERE),--elsewhere) dist/wheels

clean:
	rm -rf build dist $(VENV) .venv-bench .venv-rivals .pytest_cache .mypy_cache .ruff_cache
	rm -rf src/*.egg-info src/aerospike/*.so
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@$(MAKE) --no-print-directory -C aerospike-client-c clean
