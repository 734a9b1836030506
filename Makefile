# SPDX-License-Identifier: GPL-2.0-only
#
# make                 build sluiced and sluicectl into build/release
# make demo            install what is missing, build, and send one request with a client certificate
# make run             the same, and stay up
# make test            install what is missing, build, and run every test
# make check           layers, banned calls, headers, format, units, corpus replay: no root, no network
# make lint            clang-tidy, cppcheck, shellcheck
# make bpf             the BPF programs and their skeletons, into build/release/bpf
# make bpf-test        the loaded programs on hand-made frames; needs root
# make e2e             real clients, real origin; ONLY=name runs those that match
# make model           random changes through the settings API against a model, 200 times kill -9 of control; SLUICE_CHANGES=50 between two
# make sdk             Cloudflare's SDK into build/sdk, for the tests of the settings API (npm)
# make check-vm        kernel TLS and what depends on the kernel, in emulated guests with Linux 6.1 and 6.12; KERNEL=6.1, ONLY=name
# make check-vm-next   the same with the newest kernel Debian has
# make check-vm-asan   the same with the asan build, Linux 6.12
# make check-vm-peers  the same with the OpenSSL, curl and Python of newer Debian releases (needs root); PEERS=trixie
# make vm-icount       instructions of a worker for each job, three engines and nginx, against bench/icount.txt; KERNEL=6.1, UPDATE=1
# make vm-icount-peers the same jobs with the packages of forky, and HAProxy's `ktls on` beside them; a table (needs root)
# make vm-idle         memory of idle connections, kernel TLS and not; IDLE=5000
# make nightly         what `make test` has no time for: newest kernel, asan guest, newer OpenSSL, vm-icount, each fuzz target
# make fuzz T=head     libFuzzer on one target, SECONDS=60
# make cover           lines covered by units, replay and e2e
# make figures         CPU per request and handshake beside nginx, memory per connection, losses at reload
# make figures-peers   the same with the OpenSSL and nginx of newer Debian releases (needs root); PEERS=trixie
# make revoke-figures  milliseconds from sluicectl revoke to the end of the last of 5000 connections; WORKERS=2
# make dialect-figures nanoseconds to render each dialect's headers, and to find them rendered
# make steer-figures   nanoseconds for each way through the XDP program; needs root
# make docs            write the generated tables (options, dialects, reasons) into docs/
# make deps            install what building and testing needs (apt)
# make clean           remove build/
# make V=1             show the commands; FLAVOUR=asan|cov another build beside the first
# make help            this text

MAKEFLAGS += --no-builtin-rules
.DELETE_ON_ERROR:
.SECONDARY:
.SUFFIXES:

ifeq ($(origin CC),default)
CC         := clang-14
endif
AR         ?= ar
CLANG      ?= clang-14
TIDY       ?= clang-tidy-14
FMT        ?= clang-format-14
BPFTOOL    ?= /usr/sbin/bpftool
STRIP      ?= llvm-strip-14
PKG_CONFIG ?= pkg-config
PYTHON     ?= /usr/bin/python3
FLAVOUR    ?= release
SECONDS    ?= 60
O          := build/$(FLAVOUR)

# --- quiet: `Q` hides the command, `say` names it --------------------------------------------
ifeq ($(V),1)
Q   =
say =
else
Q   = @
say = @printf '  %-7s %s\n' '$(1)' '$(patsubst $(O)/%,%,$(2))';
MAKEFLAGS += --no-print-directory
endif

# --- flags ------------------------------------------------------------------------------------
WARN := -Wall -Wextra -Wshadow -Wundef -Wvla -Wformat=2 -Wpointer-arith -Wcast-qual -Wwrite-strings \
	-Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wimplicit-fallthrough \
	-Wconversion -Wno-sign-conversion $(if $(WERROR),-Werror)
HARD := -fstack-protector-strong -fPIE -fno-strict-overflow
SAN_release := -O2 -D_FORTIFY_SOURCE=2
SAN_asan    := -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
SAN_cov     := -O0 -fprofile-instr-generate -fcoverage-mapping -mllvm -runtime-counter-relocation
SAN_fuzz    := -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
ifeq ($(SAN_$(FLAVOUR)),)
$(error FLAVOUR must be one of release asan cov fuzz, not '$(FLAVOUR)')
endif
CPPFLAGS_ := -D_GNU_SOURCE -Iuserspace -include $(O)/probe.h
CFLAGS_   := -std=gnu17 -g $(WARN) $(HARD) $(SAN_$(FLAVOUR))
LDFLAGS_  := -pie -Wl,-z,relro,-z,now,-z,noexecstack $(filter -fsanitize=address% -fprofile-instr-generate,$(SAN_$(FLAVOUR)))
BPF_FLAGS := -std=gnu17 -g -O2 -target bpf -mcpu=v3 -Wall -Wextra -Wshadow -Ibpf \
	-idirafter /usr/include/$(shell $(CC) -print-multiarch)
LIBS      := -luring -lbpf -lssl -lcrypto -ljansson -lcyaml -lyaml -lmicrohttpd -lsqlite3 -lseccomp

# --- what there is: found, not listed; one file, one object -------------------------------------
LIB_SRC  := $(sort $(wildcard userspace/*/*.c))
LIB_OBJ  := $(LIB_SRC:%.c=$(O)/%.o)
CTL_OBJ  := $(patsubst %.c,$(O)/%.o,$(sort $(wildcard tools/sluicectl/*.c)))
BENCH    := $(O)/bench/load $(O)/bench/origin
UNIT     := $(patsubst tests/unit/%.c,$(O)/tests/%,$(sort $(wildcard tests/unit/test_*.c)))
FUZZ     := $(patsubst tests/fuzz/fuzz_%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
BPF_SRC  := $(sort $(wildcard bpf/*.bpf.c))
SKEL     := $(BPF_SRC:bpf/%.bpf.c=$(O)/bpf/%.skel.h)
BPFT     := $(patsubst tests/bpf/%.c,$(O)/tests/bpf_%,$(sort $(wildcard tests/bpf/test_*.c)))
PROBES   := $(patsubst tests/probe/%.c,%,$(sort $(wildcard tests/probe/*.c)))
TIDY_SRC := userspace/main.c $(LIB_SRC) $(sort $(wildcard tests/unit/*.c tests/fuzz/*.c tests/bpf/*.c bench/*.c tools/sluicectl/*.c))
FMT_SRC  := $(sort $(wildcard userspace/*.c userspace/*/*.[ch] tests/*/*.[ch] bench/*.[ch] bpf/*.[ch] tools/*/*.[ch]))
SHELL_SRC := $(sort $(wildcard tools/*.sh tools/vm/*.sh bench/*.sh) .ci/run)

.PHONY: all bench bpf bpf-test sdk model deps demo run test unit e2e banned headers check lint tidy cppcheck shellcheck fmt \
	fmt-check layers check-vm check-vm-next check-vm-asan check-vm-peers vm-icount vm-icount-peers vm-idle nightly fuzz replay cover figures figures-peers \
	revoke-figures dialect-figures steer-figures docs docs-check clean help FORCE
all: $(O)/sluiced $(O)/sluicectl

# --- a change of flags rebuilds; an unchanged stamp does not. FORCE is phony: under a bare .SECONDARY a missing
# plain target counts as an intermediate one and forces nothing.
STAMP := $(CC) $(CPPFLAGS) $(CPPFLAGS_) $(CFLAGS) $(CFLAGS_) $(LDFLAGS) $(LDFLAGS_)
$(O)/flags: FORCE | $(O)/.d
	@printf '%s\n' '$(STAMP)' | cmp -s - $@ || printf '%s\n' '$(STAMP)' > $@

# --- probes: HAVE_X is always defined, 0 or 1, so that -Wundef catches a misspelt one ------------
$(O)/probe.h: $(wildcard tests/probe/*.c) | $(O)/.d
	$(call say,PROBE,$@)
	$(Q)for p in $(PROBES); do \
		$(CC) -D_GNU_SOURCE -Werror -o $(O)/probe.out tests/probe/$$p.c -luring >> $(O)/probe.log 2>&1 \
			&& echo "#define HAVE_$$p 1" || echo "#define HAVE_$$p 0"; \
	done > $@

$(O)/%.o: %.c $(O)/flags $(O)/probe.h
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CPPFLAGS_) $(CFLAGS_) $(CFLAGS) -MMD -MP -c -o $@ $<

# An archive, so that a test or a fuzz target links the rooms it uses and no others.
$(O)/sluice.a: $(LIB_OBJ)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) qcs $@ $^

$(O)/sluiced: $(O)/userspace/main.o $(O)/sluice.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_) $(LDFLAGS) -o $@ $^ $(LIBS)

$(O)/sluicectl: $(CTL_OBJ)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_) $(LDFLAGS) -o $@ $^ -lcurl -ljansson

$(O)/bench/%: $(O)/bench/%.o $(O)/sluice.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_) $(LDFLAGS) -o $@ $^ $(LIBS)
$(O)/bench/load: $(O)/bench/load_conn.o
bench: $(BENCH)

# --- BPF: object with BTF, without DWARF; skeleton generated --------------------------------------
$(O)/bpf/%.bpf.o: bpf/%.bpf.c $(O)/flags
	$(call say,BPF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_FLAGS) $(if $(WERROR),-Werror) -MMD -MP -c -o $@ $<
	$(Q)$(STRIP) -g $@
$(O)/bpf/%.skel.h: $(O)/bpf/%.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name $* > $@
bpf: $(SKEL)

# What in userspace/ speaks to BPF. -MMD learns of a generated header after the first build only: named by hand.
BPF_LIB := $(addprefix userspace/sys/,conns_map.c conns_batch.c xdp.c xdp_table.c xdp_read.c)
$(BPF_LIB:%.c=$(O)/%.o) $(BPF_LIB:%.c=$(O)/tidy/%.ok): CPPFLAGS_ += -Ibpf -isystem $(O)/bpf
$(BPF_LIB:%.c=$(O)/%.o) $(BPF_LIB:%.c=$(O)/tidy/%.ok): | $(SKEL)

# --- tests ----------------------------------------------------------------------------------------
$(O)/tests/%: $(O)/tests/unit/%.o $(O)/sluice.a
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS_) $(LDFLAGS) -o $@ $^ -lcriterion $(LIBS)

# --quiet keeps silent about failures too: a program that fails runs once more to say what.
unit: $(UNIT)
	$(Q)for t in $(UNIT); do $$t -j1 --quiet || { echo "$$t:"; $$t -j1; exit 1; }; done \
		&& echo "  ok      $(words $(UNIT)) unit programs ($(FLAVOUR))"

# -MMD learns of a generated header after the first build only, so it is named once by hand.
BPF_USERS := $(sort $(wildcard tests/bpf/*.c)) bench/steer.c
$(BPF_USERS:%.c=$(O)/%.o) $(BPF_USERS:%.c=$(O)/tidy/%.ok): CPPFLAGS_ += -Ibpf -Itests/bpf -isystem $(O)/bpf
$(BPF_USERS:%.c=$(O)/%.o) $(BPF_USERS:%.c=$(O)/tidy/%.ok): $(SKEL)
$(O)/tests/bpf_%: $(O)/tests/bpf/%.o $(O)/sluice.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_) $(LDFLAGS) -o $@ $^ -lcriterion $(LIBS)
$(O)/tests/bpf_front: $(O)/tests/bpf/front.o $(O)/userspace/base/must.o
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_) $(LDFLAGS) -o $@ $^ -lbpf
bpf-test: $(BPFT) $(O)/tests/bpf_front
	$(Q)for t in $(BPFT); do $$t -j1 --quiet || { echo "$$t:"; $$t -j1; exit 1; }; done \
		&& echo "  ok      $(words $(BPFT)) bpf programs ($(FLAVOUR))"
	$(Q)SLUICE_FRONT=$(abspath $(O)/tests/bpf_front) $(PYTHON) -m pytest -q -p no:cacheprovider tests/vm/test_xdp.py

# Cloudflare's SDK, for tests/e2e/test_sdk.py: one package (no others with it), its digest in package-lock.json, 120 MB.
SDK := build/sdk
$(SDK)/.ok: tests/sdk/package.json tests/sdk/package-lock.json
	$(call say,SDK,$(SDK))
	$(Q)mkdir -p $(SDK) && cp $^ $(SDK)/
	$(Q)cd $(SDK) && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error > npm.log 2>&1 || { cat npm.log; exit 1; }
	$(Q)touch $@
sdk: $(SDK)/.ok

e2e: all $(if $(ONLY),$(findstring sdk,$(ONLY)),sdk)
	$(Q)SLUICED=$(abspath $(O)/sluiced) $(PYTHON) -m pytest -q -rs -p no:cacheprovider $(if $(ONLY),-k '$(ONLY)') tests/e2e

# Guests under QEMU without KVM (tools/vm), one for each kernel, at the same time.
KERNEL ?= 6.1 6.12
IN_GUEST = SLUICED=$(abspath $(O)/sluiced) SLUICE_FRONT=$(abspath $(O)/tests/bpf_front) ONLY='$(ONLY)'
check-vm: deps
	$(Q)$(MAKE) all $(O)/tests/bpf_front
	$(Q)$(IN_GUEST) VM_OUT=build/vm/$(FLAVOUR) tools/vm/check.sh $(KERNEL)
check-vm-next:
	$(Q)VM_SECONDS=$${VM_SECONDS:-1800} $(MAKE) KERNEL=next check-vm
check-vm-asan:
	$(Q)VM_SECONDS=$${VM_SECONDS:-1800} $(MAKE) FLAVOUR=asan KERNEL=6.12 check-vm
PEERS ?= trixie forky
check-vm-peers:
	$(Q)tools/deps.sh debootstrap
	$(Q)$(MAKE) all $(O)/tests/bpf_front
	$(Q)export VM_SECONDS=$${VM_SECONDS:-1800}; for s in $(PEERS); do \
		echo "  vm      with the packages of $$s"; \
		$(IN_GUEST) VM_SUITE=$$s VM_OUT=build/vm/$$s tools/vm/check.sh $(KERNEL) || exit 1; \
	done

# Not in `make test`: minutes of emulation. One kernel at a time, 6.12 if none is said.
vm-icount vm-idle: deps
	$(Q)$(MAKE) all bench
	$(Q)BUILD=$(O) tools/vm/bench.sh $(@:vm-%=%) $(if $(filter file,$(origin KERNEL)),6.12,$(KERNEL))

vm-icount-peers:
	$(Q)tools/deps.sh debootstrap
	$(Q)$(MAKE) all bench
	$(Q)VM_SUITE=forky VM_EXPERIMENTAL=haproxy VM_OUT=build/vm/icount-peers BUILD=$(O) VM_SECONDS=$${VM_SECONDS:-3600} \
		SERVERS="$(or $(SERVERS),user kernel splice nginx nginx-ktls nginx-buffers-ktls haproxy haproxy-ktls)" \
		tools/vm/bench.sh icount $(if $(filter file,$(origin KERNEL)),6.12,$(KERNEL))

# What `make test` has no time for. SECONDS: of each fuzz target.
nightly:
	$(Q)$(MAKE) check-vm-next
	$(Q)$(MAKE) check-vm-asan
	$(Q)$(MAKE) check-vm-peers
	$(Q)$(MAKE) vm-icount
	$(Q)$(MAKE) vm-icount-peers
	$(Q)for t in $(FUZZ); do $(MAKE) fuzz T=$$t || exit 1; done

# Changes of the settings against a model, control killed in between: 200 times; SLUICE_SEED=n the same again.
model: all
	$(Q)SLUICE_KILLS=$${SLUICE_KILLS:-200} SLUICED=$(abspath $(O)/sluiced) $(PYTHON) -m pytest -q -s -p no:cacheprovider \
		tests/e2e/test_settings_model.py

layers:
	$(call say,LAYERS,userspace)
	$(Q)awk -f tools/layers.awk tools/layers.txt $(wildcard userspace/*/*.[ch])

banned:
	$(call say,BANNED,userspace bench bpf tools)
	$(Q)! grep -nE '\<(str(cpy|cat|ncpy|ncat|tok|tok_r|tol|toul|tod)|v?sprintf|ato[il]|gets|alloca|rand|u?sleep|SSL_set_fd)\(' \
		$(wildcard userspace/*.c userspace/*/*.[ch] bench/*.[ch] bpf/*.[ch] tools/*/*.[ch])

# every header compiles alone
headers: $(O)/probe.h
	$(call say,HEADERS,userspace)
	$(Q)for h in $(wildcard userspace/*/*.h) bpf/abi.h; do \
		$(CC) $(CPPFLAGS_) $(CFLAGS_) -Wno-unused-function -fsyntax-only -x c -include $$h /dev/null || exit 1; \
	done

fmt:
	$(Q)$(FMT) -i $(FMT_SRC)
fmt-check:
	$(call say,FMT,)
	$(Q)$(FMT) --dry-run -Werror $(FMT_SRC)

# Each file by itself, as many at a time as there are CPUs; a file that has not changed since is not read again.
$(O)/tidy/%.ok: %.c .clang-tidy $(O)/probe.h $(wildcard userspace/*/*.h)
	$(call say,TIDY,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(TIDY) --quiet $< -- $(CPPFLAGS_) -std=gnu17 2> $@.log || { cat $@.log; exit 1; }
	$(Q)touch $@
$(O)/tidy/bpf/%.ok: bpf/%.c .clang-tidy bpf/.clang-tidy $(wildcard bpf/*.h)
	$(call say,TIDY,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(TIDY) --quiet $< -- $(BPF_FLAGS) 2> $@.log || { cat $@.log; exit 1; }
	$(Q)touch $@
tidy: $(TIDY_SRC:%.c=$(O)/tidy/%.ok) $(BPF_SRC:%.c=$(O)/tidy/%.ok)

cppcheck: $(O)/probe.h
	$(call say,CPPCHECK,)
	$(Q)mkdir -p $(O)/cppcheck
	$(Q)cppcheck --quiet --std=c11 --language=c --error-exitcode=1 --inline-suppr -j$(shell nproc) \
		--enable=warning,style,performance,portability --library=posix --library=gnu --library=tools/cppcheck.cfg \
		--suppressions-list=tools/cppcheck.txt --cppcheck-build-dir=$(O)/cppcheck \
		-D__linux__ -D__x86_64__ -D_GNU_SOURCE -Iuserspace -Ibpf --include=$(O)/probe.h userspace

shellcheck:
	$(call say,SHELL,)
	$(Q)shellcheck $(SHELL_SRC)

lint: tidy cppcheck shellcheck
check: $(SKEL) layers banned headers fmt-check unit replay docs-check

# --- fuzz: same targets under libFuzzer and as a plain corpus replay --------------------------------
# The library is built once for all of them, in its own flavour and by one make: two would write over each other.
build/fuzz/target_%: build/fuzz/tests/fuzz/fuzz_%.o build/fuzz/sluice.a
	$(call say,FUZZ,$@)
	$(Q)$(CLANG) -fsanitize=fuzzer,address,undefined -o $@ $^ $(LIBS)
fuzz:
	$(Q)$(MAKE) FLAVOUR=fuzz CC=$(CLANG) build/fuzz/target_$(T)
	$(Q)mkdir -p build/fuzz/corpus/$(T)
	build/fuzz/target_$(T) -max_total_time=$(SECONDS) -artifact_prefix=build/fuzz/$(T)- \
		$(addprefix -dict=,$(wildcard tests/fuzz/$(T).dict)) build/fuzz/corpus/$(T) tests/fuzz/corpus/$(T)
replay:
	$(Q)$(if $(FUZZ),$(MAKE) FLAVOUR=fuzz CC=$(CLANG) $(FUZZ:%=build/fuzz/target_%))
	$(Q)for t in $(FUZZ); do build/fuzz/target_$$t -runs=0 tests/fuzz/corpus/$$t 2> build/fuzz/$$t.log || { cat build/fuzz/$$t.log; exit 1; }; done
	$(Q)echo "  ok      $(words $(FUZZ)) corpora replayed"

# --- docs: tables come from the program ----------------------------------------------------------
REASONS := userspace/proto/refusal.h userspace/tls/handshake.h userspace/core/conn_reason.h
docs: $(O)/sluiced
	$(call say,DOCS,docs)
	$(Q)$(O)/sluiced --help options --markdown > docs/options.md
	$(Q)$(O)/sluiced --help dialects --markdown > docs/dialects.md
	$(Q)awk -f tools/docs.awk $(REASONS) > docs/reasons.md
docs-check: $(O)/sluiced
	$(call say,DOCS,docs)
	$(Q){ $(O)/sluiced --help options --markdown | cmp - docs/options.md && \
		$(O)/sluiced --help dialects --markdown | cmp - docs/dialects.md && \
		awk -f tools/docs.awk $(REASONS) | cmp - docs/reasons.md; } || { echo "stale: run make docs"; exit 1; }

# --- the two commands of README ------------------------------------------------------------------
deps:
	$(Q)tools/deps.sh
demo: deps
	$(Q)$(MAKE) all
	$(Q)SLUICED=$(abspath $(O)/sluiced) tools/demo.sh
run: deps
	$(Q)$(MAKE) all
	$(Q)SLUICED=$(abspath $(O)/sluiced) tools/demo.sh --stay
test: deps
	$(Q)tools/test.sh

cover:
	$(Q)tools/cover.sh

$(O)/bench/steer: $(O)/bench/steer.o $(O)/userspace/base/must.o
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_) $(LDFLAGS) -o $@ $^ -lbpf
steer-figures: $(O)/bench/steer
	$(Q)$(O)/bench/steer

# SLUICED, ROUNDS=1 REQUESTS=3000 HANDSHAKES=300 IDLE=500 for a quick look
figures: all bench
	$(Q)bench/figures.sh
figures-peers: all bench
	$(Q)tools/deps.sh debootstrap
	$(Q)for s in $(PEERS); do tools/chroot.sh $$s bench/figures.sh || exit 1; done

revoke-figures: all bench
	$(Q)bench/revoke.sh

dialect-figures: $(O)/bench/dialects
	$(Q)tools/pki.sh $(O)/bench/pki
	$(Q)$(O)/bench/dialects $(O)/bench/pki/client.pem $(O)/bench/pki/client-ca.pem

$(O)/.d:
	$(Q)mkdir -p $(O) && touch $@
clean:
	$(Q)rm -rf build
help:
	@sed -n 's/^# \{0,1\}\(make .*\)/\1/p' $(firstword $(MAKEFILE_LIST))

ifneq ($(MAKECMDGOALS),clean)
-include $(shell find $(O) -name '*.d' -type f ! -name .d 2>/dev/null)
endif
