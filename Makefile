# Everything a user or a developer runs. `make help` lists it. The presets in CMakePresets.json hold the flags.
SHELL := /bin/bash
JOBS ?= $(shell nproc)
ROOT ?= $(CURDIR)/out
PROMPT ?= An old lighthouse keeper lights the harbor lamp one last time. Fog rolls in over the moored boats at dusk; a small boat answers with its own light.
AUDIO ?=
EVERY ?= 5
ROUNDS ?= 100
TIME ?= 30
PICTURE ?= 1280x720@24
WORKPRINT := build/release/workprint
SIM := build/release/sim
SEEDS ?= 20000
FIRST ?= 1
DISK_FAULT := build/release/libdisk_fault.so

.PHONY: help setup build film check check-all check-objects check-api kill-sweep disk-faults two-workers outage-drill cloud-drill fleet soak model fuzz sim crash-points power-cuts mutations coverage bench bench-peers graph clean

help: ## print this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

setup: ## install the Debian packages that building needs (with sudo where not root)
	@tools/setup

build: setup ## build the program: build/release/workprint
	@cmake --preset release > build-release.log 2>&1 || { cat build-release.log; exit 1; }
	@rm -f build-release.log
	cmake --build --preset release --target workprint disk_fault sim -j $(JOBS)

film: build ## make a film: PROMPT="..." AUDIO=song.ogg PICTURE=1280x720@24 ROOT=folder
	@$(WORKPRINT) --root "$(ROOT)" run --prompt "$$WORKPRINT_MAKE_PROMPT" $(if $(AUDIO),--audio "$(AUDIO)") --picture $(PICTURE) --jobs $(JOBS)
film: export WORKPRINT_MAKE_PROMPT := $(PROMPT)

check: build ## build the tests with ASan and UBSan and run them; then bad input and a reduced kill sweep on the program
	cmake --preset check > /dev/null
	cmake --build --preset check --target tests -j $(JOBS)
	ctest --test-dir build/check --output-on-failure --label-exclude servers -j 2
	tests/e2e/bad_input --program $(WORKPRINT)
	tests/e2e/legacy --program $(WORKPRINT)
	tests/e2e/tier2 --program $(WORKPRINT)
	tests/api/run --program $(WORKPRINT) --no-npm
	tests/crash/kill_sweep --program $(WORKPRINT) --cases 24
	tests/crash/disk_faults --program $(WORKPRINT) --shim $(DISK_FAULT)
	tests/crash/two_workers --program $(WORKPRINT) --rounds 20
	tests/crash/outage_drill --program $(WORKPRINT) --rounds 8
	tests/crash/fleet_takeover --program $(WORKPRINT) --films 6
	tests/crash/cloud_drill --program $(WORKPRINT) --cases 2 --small --only 'reference;kills;dropped:same state;fenced:asleep;costs'
	@# One core each: the model beside the simulator.
	tests/model/check > build/model.log 2>&1 & model=$$!; ok=0; \
	$(SIM) --seeds 2000 && $(SIM) --crash-points --every 40 && $(SIM) --power-cuts 150 || ok=1; \
	wait $$model || ok=1; cat build/model.log; exit $$ok

check-all: check check-objects check-api kill-sweep disk-faults two-workers outage-drill cloud-drill fleet model fuzz sim crash-points power-cuts mutations bench bench-peers ## everything in check, object stores by others, the whole sweeps, the model at larger bounds, the fuzzers, the benches

check-objects: build ## object stores against Ceph's S3 gateway, and with Google's and Amazon's own clients (Debian, npm)
	tools/setup --object-servers
	cmake --preset check > /dev/null
	cmake --build --preset check -j $(JOBS) --target workprint_object_servers_test object_tool
	ctest --test-dir build/check --output-on-failure --label-regex servers
	tests/e2e/object_clients/run build/check/object_tool --servers

kill-sweep: build ## kill the program at every EVERYth crossing of its fault points in a 6-scene film, resume, compare
	tests/crash/kill_sweep --program $(WORKPRINT) --every $(EVERY)

disk-faults: build ## the same on a disk that fails: write, sync, rename, link and truncate with EIO and ENOSPC
	tests/crash/disk_faults --program $(WORKPRINT) --shim $(DISK_FAULT) --each 5

two-workers: build ## two workers on one film, stopped and killed at random for 200 rounds
	tests/crash/two_workers --program $(WORKPRINT) --rounds 200

outage-drill: build ## two workers, and the database stopped, frozen, restored, dropped, cut off: ROUNDS films
	tests/crash/outage_drill --program $(WORKPRINT) --rounds $(ROUNDS)

cloud-drill: build ## a film on PostgreSQL and the Google Cloud Storage emulator: killed, its database dropped, its bucket away, fenced, counted
	tests/crash/cloud_drill --program $(WORKPRINT) --cases 40

fleet: build ## three workers and fifty films; a worker killed or paused every few seconds
	tests/crash/fleet_takeover --program $(WORKPRINT) --films 50

check-api: build ## the service judged by clients from npm: an OpenAPI validator, ajv, eventsource
	tools/setup npm
	tests/api/run --program $(WORKPRINT)

soak: build ## a thousand parked films, two hundred event streams and a load of commands for ten minutes
	tests/soak/service_soak --program $(WORKPRINT)

sim: build ## the simulator: SEEDS runs from FIRST on; a failure prints the seed and the command that repeats it
	$(SIM) --seeds $(SEEDS) --first $(FIRST)

crash-points: build ## cut a simulated film after every event, with each fate of each tier and of the newest clip
	$(SIM) --crash-points --items 8

power-cuts: build ## cut the power under the stores of one machine, on a disk that loses what was not synced: SEEDS runs
	$(SIM) --power-cuts $(SEEDS)

mutations: setup ## plant bugs one by one and count the simulator's runs until each is found
	tests/sim/mutations

coverage: setup ## lines and branches of recovery, snapshots and records that the tests and the simulator reach
	@tools/coverage --jobs $(JOBS)

model: setup ## check the ownership protocol exhaustively with spin, at larger bounds than `check` does
	tests/model/check --all

fuzz: ## run each libFuzzer program for TIME seconds; what they find beyond the kept corpus goes to build/fuzz/corpus
	@tools/setup clang-19 libclang-rt-19-dev
	cmake --preset fuzz > /dev/null
	cmake --build --preset fuzz --target fuzzers -j $(JOBS)
	tests/fuzz/run --programs build/fuzz --seconds $(TIME)

bench: build ## measure commits/s, bytes persisted and render time against their limits
	cmake --build --preset release -j $(JOBS)
	bench/run

bench-peers: build ## measure Workprint beside LangGraph JS, DBOS and raw PostgreSQL on one server, 12 minutes; QUICK=1: two
	@command -v npm > /dev/null || tools/setup npm
	cmake --build --preset release --target peers_workprint -j $(JOBS)
	bench/peers/run $(if $(QUICK),--quick)

graph: build ## print the film's graph as Mermaid
	@$(WORKPRINT) graph

clean: ## remove what was built
	rm -rf build
