# Everything a user or a developer runs. `make help` lists it. The presets in CMakePresets.json hold the flags.
SHELL := /bin/bash
JOBS ?= $(shell nproc)
ROOT ?= $(CURDIR)/out
PROMPT ?= An old lighthouse keeper lights the harbor lamp one last time. Fog rolls in over the moored boats at dusk; a small boat answers with its own light.
AUDIO ?=
EVERY ?= 5
PICTURE ?= 1280x720@24
WORKPRINT := build/release/workprint

.PHONY: help setup build film check check-all check-objects kill-sweep bench graph clean

help: ## print this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

setup: ## install the Debian packages that building needs (with sudo where not root)
	@tools/setup

build: setup ## build the program: build/release/workprint
	@cmake --preset release > build-release.log 2>&1 || { cat build-release.log; exit 1; }
	@rm -f build-release.log
	cmake --build --preset release --target workprint -j $(JOBS)

film: build ## make a film: PROMPT="..." AUDIO=song.ogg PICTURE=1280x720@24 ROOT=folder
	@$(WORKPRINT) --root "$(ROOT)" run --prompt "$$WORKPRINT_MAKE_PROMPT" $(if $(AUDIO),--audio "$(AUDIO)") --picture $(PICTURE) --jobs $(JOBS)
film: export WORKPRINT_MAKE_PROMPT := $(PROMPT)

check: build ## build the tests with ASan and UBSan and run them; then bad input and a reduced kill sweep on the program
	cmake --preset check > /dev/null
	cmake --build --preset check -j $(JOBS)
	ctest --test-dir build/check --output-on-failure --label-exclude servers
	tests/e2e/bad_input --program $(WORKPRINT)
	tests/crash/kill_sweep --program $(WORKPRINT) --cases 24

check-all: check check-objects kill-sweep bench ## everything in check, object stores by others, the whole kill sweep, the benches

check-objects: build ## object stores against Ceph's S3 gateway, and with Google's and Amazon's own clients (Debian, npm)
	tools/setup --object-servers
	cmake --preset check > /dev/null
	cmake --build --preset check -j $(JOBS) --target workprint_object_servers_test object_tool
	ctest --test-dir build/check --output-on-failure --label-regex servers
	tests/e2e/object_clients/run build/check/object_tool --servers

kill-sweep: build ## kill the program at every EVERYth crossing of its fault points in a 6-scene film, resume, compare
	tests/crash/kill_sweep --program $(WORKPRINT) --every $(EVERY)

bench: build ## measure commits/s, bytes persisted and render time against their limits
	cmake --build --preset release -j $(JOBS)
	bench/run

graph: build ## print the film's graph as Mermaid
	@$(WORKPRINT) graph

clean: ## remove what was built
	rm -rf build
