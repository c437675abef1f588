# A thin front: meson builds, tools/check tests. `make help` lists the commands.

BUILD ?= build
T ?=
SECONDS ?= 60
PROGRAMS = ninja -C $(BUILD) --quiet

.DEFAULT_GOAL := all
.PHONY: all help demo stand check quick sanitize ctime mutants fault e2e fuzz image qemu bench cover fresh clean

all: $(BUILD)/build.ninja ## build everything; warnings are errors
	@$(PROGRAMS)

help: ## this list
	@sed -n 's/^\([a-z0-9]*\):.*## /\1|/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "  make %-9s %s\n", $$1, $$2}'

demo: $(BUILD)/build.ninja ## watch an account being made and used, step by step, without AWS
	@tools/deps demo
	@$(PROGRAMS)
	@tests/e2e/demo.sh $(BUILD)

stand: all ## keep the whole system running on this computer; Ctrl-C stops it
	@$(BUILD)/src/dev/enw-stand

quick: ## format, lint, unit tests, vectors, corpus replay: run it all day
	@tools/deps all
	@tools/check quick

check: ## every test: quick, fault injection, real processes and clients
	@tools/deps all
	@tools/check check

sanitize: ## the suite under ASan+UBSan and under TSan
	@tools/deps all
	@tools/check asan tsan

ctime: ## secrets marked undefined under valgrind: no branch or index may depend on one
	@tools/deps all
	@tools/check ctime

mutants: ## each guard of wallet and proto removed in turn: what no test notices is printed; T="ROOM..." takes others
	@tools/deps all
	@tools/mutate $(or $(T),wallet proto)

fault: ## every step of CREATE and SIGN made to fail in turn
	@tools/deps all
	@tools/check fault

e2e: ## real processes, real sockets, real clients; T=NAME runs the scripts whose names contain it
	@tools/deps all
	@tools/check e2e $(T)

fuzz: ## one fuzzer: make fuzz T=rlp SECONDS=60; without T, its list
	@tools/deps all
	@tools/fuzz $(if $(T),"$(T)" "$(SECONDS)")

fresh: ## minimal Debian 13 and 12, as root and as a user: `make demo` and `make check` from nothing; needs root
	@tools/fresh $(T)

image: ## the enclave image and its PCRs, built twice and compared; CONFIG=FILE OUTPUT=FILE
	@tools/deps lab
	@tools/image $(if $(CONFIG),--config $(CONFIG)) $(if $(OUTPUT),--output $(OUTPUT))

qemu: all ## boot real images in QEMU and run both workflows against them; T=NAME runs some
	@tools/deps lab
	@tests/qemu/run.sh $(BUILD) $(T)

bench: all ## numbers with units, and the machine they come from
	@tools/deps all
	@bench/run $(BUILD)

cover: ## line and branch coverage of the unit tests
	@tools/deps all
	@tools/check cover

clean: ## remove what was built
	@rm -rf build build-*

$(BUILD)/build.ninja:
	@tools/deps build
	@meson setup $(BUILD) >/dev/null
