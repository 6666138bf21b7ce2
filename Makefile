# SPDX-License-Identifier: ISC
#
# A thin face on Meson. `make` leaves an optimised build/portreeve; `make demo`,
# `make test`, `make fuzz` and `make bench` install what they need and the machine lacks
# (dist/packages), as root or by sudo.

BUILD  = build
ASAN   = build-asan
FUZZ   = build-fuzz
BENCH  = build-bench
WORLD  = build-world
TSAN   = build-tsan
PYTHON = /usr/bin/python3

# The lab makes network namespaces: that is root's.
AS_ROOT = $(if $(filter-out 0,$(shell id -u)),sudo --preserve-env=KEEP$(comma)PORTREEVE,)
comma = ,

all: $(BUILD)/build.ninja
	ninja -C $(BUILD)

$(BUILD)/build.ninja:
	@command -v meson >/dev/null || { echo "meson is missing: make packages" >&2; exit 69; }
	meson setup $(BUILD) -Db_lto=true

packages:
	dist/install-packages build

test:
	dist/install-packages build test
	$(PYTHON) tests/run.py $(ASAN)

demo: packages
	dist/install-packages demo
	$(MAKE) all
	$(AS_ROOT) env KEEP=$(KEEP) $(PYTHON) lab/demo.py

# SECONDS of processor time a target; TARGETS: their names, all of them if empty
SECONDS = 60
TARGETS =
fuzz:
	dist/install-packages build fuzz
	test -e $(FUZZ)/build.ninja || CC=clang meson setup $(FUZZ) -Dfuzz=true \
		-Db_sanitize=address,undefined -Db_lundef=false -Dbuildtype=debugoptimized
	ninja -C $(FUZZ)
	fuzz/run $(FUZZ) $(SECONDS) $(TARGETS)

# lines of src/ that the unit tests reach, which make test wants to be enough, and the program in some suites
coverage:
	dist/install-packages build test
	$(PYTHON) tests/run.py --coverage

# the long form: all configurations of audit, witness and gate, more instants to kill at, each trap for each
# call, a thousand worlds
campaign: world world-mail
	dist/install-packages build test
	test -e $(WORLD)/build.ninja || meson setup $(WORLD) -Dtests=true
	ninja -C $(WORLD) portreeve tests/closed/closed-room
	$(AS_ROOT) env CAMPAIGN=yes PORTREEVE=$(CURDIR)/$(WORLD)/portreeve \
		$(PYTHON) -m pytest -q -p no:cacheprovider tests/lab
	$(AS_ROOT) env CAMPAIGN=yes PORTREEVE=$(CURDIR)/$(WORLD)/portreeve \
		$(PYTHON) -m pytest -q -p no:cacheprovider tests/cli/test_hostile_owner.py

	$(MAKE) campaign-kills

# the gateway and its queue, killed 200 times over 100,000 acknowledged messages, and the plug pulled
campaign-kills:
	dist/install-packages build test
	test -e $(WORLD)/build.ninja || meson setup $(WORLD) -Dtests=true
	ninja -C $(WORLD) portreeve tests/gateway/spooler tests/gateway/powercut.so
	for file in test_kill_role test_kill; do $(AS_ROOT) env CAMPAIGN=yes PORTREEVE=$(CURDIR)/$(WORLD)/portreeve \
		$(PYTHON) -m pytest -q -p no:cacheprovider tests/gateway/$$file.py || exit 1; done

# what a relay is made of, as a recipient: every text of seven characters (make test: of five)
proof-addresses:
	dist/install-packages build test
	test -e $(WORLD)/build.ninja || meson setup $(WORLD) -Dtests=true
	ninja -C $(WORLD) tests/gateway/every-address
	$(WORLD)/tests/gateway/every-address 7

# SEEDS worlds from FROM on, each made of its number (tests/world)
SEEDS = 1000
FROM = 1
world:
	dist/install-packages build test
	test -e $(WORLD)/build.ninja || meson setup $(WORLD) -Dtests=true
	ninja -C $(WORLD) tests/world/world
	$(WORLD)/tests/world/world --from $(FROM) --seeds $(SEEDS)

world-mail:
	dist/install-packages build test
	test -e $(WORLD)/build.ninja || meson setup $(WORLD) -Dtests=true
	ninja -C $(WORLD) tests/world/world-mail
	$(WORLD)/tests/world/world-mail --from $(FROM) --seeds $(SEEDS)

# each mistake of tests/world/mutants, in a copy of the tree, is found by 200 worlds
world-mutants:
	dist/install-packages build test
	$(PYTHON) tests/world/mutants/run

# how well trace reads the labelled messages of a public corpus
score: all
	dist/install-packages score
	tests/trace/score build/portreeve "$$(tests/trace/corpus build/corpus)"

# what has a second thread, under ThreadSanitizer: the one that follows the store beside the one that
# answers, and the one that syncs mail beside the collector
TSAN_BASE = base-thread base-syncer
TSAN_BLOCKLIST = blocklist-follower blocklist-follower-thread blocklist-server
TSAN_RELAYTEST = relaytest-collector
tsan:
	dist/install-packages build test
	test -e $(TSAN)/build.ninja || meson setup $(TSAN) -Dtests=true -Db_sanitize=thread \
		-Db_lundef=false -Dbuildtype=debugoptimized
	ninja -C $(TSAN) $(TSAN_BASE:%=tests/base/test-%) \
		$(TSAN_BLOCKLIST:%=tests/blocklist/test-%) \
		$(TSAN_RELAYTEST:%=tests/relaytest/test-%)
	TSAN_OPTIONS=halt_on_error=1 meson test -C $(TSAN) --no-rebuild --print-errorlogs \
		$(TSAN_BASE) $(TSAN_BLOCKLIST) $(TSAN_RELAYTEST)

bench:
	dist/install-packages build bench
	test -e $(BENCH)/build.ninja || meson setup $(BENCH) -Dbench=true -Db_lto=true
	ninja -C $(BENCH)
	bench/run $(BENCH)

# the gateway and Debian's Postfix, side by side in a lab
bench-gateway: packages
	dist/install-packages demo
	$(MAKE) all
	$(AS_ROOT) env PORTREEVE=$(CURDIR)/$(BUILD)/portreeve $(PYTHON) bench/gateway/compare

install: all
	meson install -C $(BUILD)

# What `make install` has put there; the state directory and the configuration stay.
uninstall: $(BUILD)/build.ninja
	dist/uninstall $(BUILD)

# the Debian package, judged by lintian; and installed, upgraded and purged in a copy of this machine
deb:
	dist/install-packages build deb
	dist/make-deb $(BUILD)/deb

deb-test: deb
	dist/install-packages test
	$(AS_ROOT) env PORTREEVE_DEB=$(BUILD)/deb $(PYTHON) -m pytest -p no:cacheprovider -q tests/deb

clean:
	rm -rf $(BUILD) $(ASAN) $(FUZZ) $(BENCH) $(WORLD) $(TSAN) build-cov build-clang build-mutants

.PHONY: all packages test coverage demo fuzz campaign campaign-kills world world-mail world-mutants score tsan bench bench-gateway install uninstall deb deb-test clean
