# SPDX-License-Identifier: Apache-2.0
# One Makefile.  make run and make test are all a newcomer needs.
#
#   make            build everything into build/
#   make run        install what is missing, build, start in the foreground
#   make test       all tests (installs what they need)
#   make check      the quick part: unit and golden tests, corpora, lint
#   make SAN=1 ...  the same with ASan and UBSan, in build-san/
#   make valgrind   the unit tests under valgrind
#   make fuzz       run every fuzz target for FUZZ_SECONDS each
#   make install    to DESTDIR/PREFIX

MAKEFLAGS += --no-builtin-rules
.DELETE_ON_ERROR:
.SUFFIXES:

PREFIX ?= /usr
SYSCONFDIR ?= /etc
DESTDIR ?=
FUZZ_SECONDS ?= 60

ifdef SAN
B := build-san
SANFLAGS := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -DGATEBOOK_SANITIZED=1
OPT := -O1 -g
else
B := build
SANFLAGS :=
OPT := -O2 -g -D_FORTIFY_SOURCE=3
endif
ifeq ($(origin CC),default)
CC := gcc
endif
ifneq ($(findstring clang,$(CC)),)
B := $(B)-clang
endif

PACKAGES := libevent_core libssl libcrypto libunbound libmaxminddb libpcre2-8 \
	libpsl libidn2 libseccomp jansson
# Reads pkg-config only once there is something to build.
PKG_CFLAGS = $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null)
libs = $(shell pkg-config --libs $(1) 2>/dev/null)

WARN := -Wall -Wextra -Wshadow -Wconversion -Wmissing-prototypes \
	-Wstrict-prototypes -Wcast-qual -Wformat=2 -Wpointer-arith \
	-Wwrite-strings -Wundef -Wvla $(if $(CI),-Werror)
ifdef SAN
# What the sanitizers weave in makes gcc see texts that are never so long.
WARN += -Wno-format-truncation
endif
HARDEN := -fPIE -fstack-protector-strong -fstack-clash-protection \
	$(if $(filter x86_64,$(shell uname -m)),-fcf-protection)
CFLAGS ?= $(OPT)
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE -I. $(CFLAGS) $(WARN) $(HARDEN) $(SANFLAGS) \
	$(PKG_CFLAGS) -MMD -MP
LDFLAGS ?=
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now,-z,noexecstack $(SANFLAGS) $(LDFLAGS)

FOLDERS := lib policy proxy logging daemon ctl
# Each folder is an archive of all its files but those that hold a main.
objects = $(patsubst %.c,$(B)/%.o,$(filter-out %_main.c,$(wildcard $(1)/*.c)))
ARCHIVES := $(foreach f,$(FOLDERS),$(B)/$(f).a)

# program: its main and the folders it may use, in link order
PROGRAMS := gatebook gatebookd gatebook-worker gatebook-loader \
	gatebook-writer gatebook-reader gatebook-admin
gatebook_MAIN := ctl/ctl_main.c
gatebook_USES := ctl policy logging lib
gatebook_LIBS := jansson libmaxminddb libpcre2-8 libpsl libidn2 libseccomp libcrypto libevent_core
gatebookd_MAIN := daemon/daemon_main.c
gatebookd_USES := daemon logging lib
gatebookd_LIBS := libevent_core jansson libidn2 libseccomp libcrypto
gatebook-worker_MAIN := proxy/worker_main.c
gatebook-worker_USES := proxy policy logging lib
gatebook-worker_LIBS := libevent_core libunbound libcrypto libmaxminddb libpcre2-8 libpsl libidn2 libseccomp
gatebook-loader_MAIN := policy/loader_main.c
gatebook-loader_USES := policy lib
gatebook-loader_LIBS := libmaxminddb libpcre2-8 libpsl libidn2 libcrypto libseccomp
gatebook-writer_MAIN := logging/writer_main.c
gatebook-writer_USES := logging lib
gatebook-writer_LIBS := libcrypto libidn2 libseccomp libevent_core
gatebook-reader_MAIN := logging/reader_main.c
gatebook-reader_USES := logging lib
gatebook-reader_LIBS := libcrypto libidn2 libseccomp libevent_core jansson
gatebook-admin_MAIN := daemon/admin_main.c
gatebook-admin_USES := daemon logging lib
gatebook-admin_LIBS := libevent_core libevent_extra jansson libidn2 libseccomp libcrypto

all: $(foreach p,$(PROGRAMS),$(if $(wildcard $($(p)_MAIN)),$(B)/$(p)))

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

define archive_rule
$(B)/$(1).a: $$(call objects,$(1))
	@mkdir -p $$(@D)
	@rm -f $$@
	ar rcsD $$@ $$^
endef
$(foreach f,$(FOLDERS),$(eval $(call archive_rule,$(f))))

define program_rule
$(B)/$(1): $(B)/$(patsubst %.c,%.o,$($(1)_MAIN)) $(foreach u,$($(1)_USES),$(B)/$(u).a)
	$$(CC) $$(ALL_LDFLAGS) -o $$@ $$^ $$(call libs,$($(1)_LIBS))
endef
$(foreach p,$(PROGRAMS),$(eval $(call program_rule,$(p))))

# --- tests ------------------------------------------------------------------
UNIT_TESTS := $(patsubst tests/unit/%.c,$(B)/tests/unit/%,$(wildcard tests/unit/test_*.c))

$(B)/tests/unit/%: $(B)/tests/unit/%.o $(ARCHIVES)
	$(CC) $(ALL_LDFLAGS) -o $@ $< $(B)/ctl.a $(B)/daemon.a $(B)/proxy.a \
	    $(B)/policy.a $(B)/logging.a $(B)/lib.a \
	    $(call libs,$(PACKAGES) libevent_extra cmocka)

unit: $(UNIT_TESTS)

# Measuring single parts: build/tests/bench/bench_http1
$(B)/tests/bench/%: $(B)/tests/bench/%.o $(ARCHIVES)
	$(CC) $(ALL_LDFLAGS) -o $@ $< $(B)/proxy.a $(B)/policy.a \
	    $(B)/logging.a $(B)/lib.a $(call libs,$(PACKAGES))

check: all unit fuzz-replay-programs
	tests/run --quick --build $(B)

# The packages come first, since pkg-config must find them.
test: test-deps
	$(MAKE) all unit fuzz-replay-programs
	tests/run --build $(B)

valgrind: unit
	tests/run --valgrind --build $(B)

# --- fuzz targets: libFuzzer with clang; make check replays their corpora ----
FUZZ := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FB := build-fuzz
# The list of browsers is built in, for policies that have none beside them.
$(B)/policy/browser_list.o $(FB)/policy/browser_list.o: lists/browsers
fuzz_objects = $(patsubst %.c,$(FB)/%.o,$(filter-out %_main.c,$(wildcard lib/*.c policy/*.c proxy/*.c logging/*.c)))
FUZZ_CFLAGS = -std=c11 -D_GNU_SOURCE -I. -O1 -g -fsanitize=fuzzer-no-link,address,undefined \
	-fno-sanitize-recover=all -DGATEBOOK_SANITIZED=1 $(PKG_CFLAGS) -MMD -MP

$(FB)/%.o: %.c
	@mkdir -p $(@D)
	clang $(FUZZ_CFLAGS) -c -o $@ $<

$(FB)/fuzz.a: $(fuzz_objects)
	@rm -f $@
	ar rcsD $@ $^

$(FB)/fuzz_%: $(FB)/tests/fuzz/fuzz_%.o $(FB)/fuzz.a
	clang -fsanitize=fuzzer,address,undefined -o $@ $^ $(call libs,$(PACKAGES))

# fuzz_differential compares with llhttp in strict mode, where node-llhttp is
# installed; elsewhere, and in replays, it does nothing.
ifneq ($(wildcard /usr/share/llhttp/llhttp.c),)
LLHTTP_FLAGS := -isystem /usr/share/include/llhttp -DLLHTTP_STRICT_MODE=1
$(FB)/tests/fuzz/fuzz_differential.o: FUZZ_CFLAGS += $(LLHTTP_FLAGS) -DWITH_LLHTTP
$(FB)/fuzz_differential: $(FB)/llhttp.a
$(FB)/llhttp.a:
	@mkdir -p $(FB)/llhttp
	cd $(FB)/llhttp && clang -w -O1 -g -fsanitize=fuzzer-no-link \
	    $(LLHTTP_FLAGS) -c /usr/share/llhttp/*.c
	ar rcsD $@ $(FB)/llhttp/*.o
endif

fuzz-build: $(patsubst %,$(FB)/%,$(FUZZ))

# The same targets with a plain main that replays files, in the build at hand.
$(B)/tests/fuzz/replay_%: $(B)/tests/fuzz/fuzz_%.o $(B)/tests/fuzz/replay.o $(ARCHIVES)
	$(CC) $(ALL_LDFLAGS) -o $@ $(B)/tests/fuzz/fuzz_$*.o $(B)/tests/fuzz/replay.o \
	    $(B)/proxy.a $(B)/policy.a $(B)/logging.a $(B)/lib.a $(call libs,$(PACKAGES))

fuzz-replay-programs: $(patsubst fuzz_%,$(B)/tests/fuzz/replay_%,$(FUZZ))

fuzz: fuzz-build
	tests/fuzz/run $(FB) $(FUZZ_SECONDS)

# --- set-up, running, tidying ------------------------------------------------
deps:
	tests/deps build

test-deps: deps
	tests/deps test

run: deps
	$(MAKE) all
	exec $(B)/gatebook run -c proxy.conf.example

# Settings and policy that are there already stay; the example is new each time.
ETC = $(DESTDIR)$(SYSCONFDIR)/gatebook
SHARE = $(DESTDIR)$(PREFIX)/share/gatebook
LIBEXEC = $(DESTDIR)$(PREFIX)/lib/gatebook
DOC = $(DESTDIR)$(PREFIX)/share/doc/gatebook
MAN = $(DESTDIR)$(PREFIX)/share/man
SYSTEM = $(DESTDIR)$(PREFIX)/lib
MAN_PAGES = $(wildcard docs/man/*.[1-8])
DAEMONS = $(filter-out gatebook,$(PROGRAMS))

install: all
	install -d $(LIBEXEC) $(ETC) $(SHARE) $(DOC)
	install -D -m 755 $(B)/gatebook $(DESTDIR)$(PREFIX)/bin/gatebook
	for p in $(DAEMONS); do install -m 755 $(B)/$$p $(LIBEXEC)/ || exit 1; done
	cp -R lists $(SHARE)/ && chmod -R u=rwX,go=rX $(SHARE)/lists
	install -m 644 README.md docs/*.md LICENSE $(DOC)/
	for p in $(MAN_PAGES); do \
		install -D -m 644 $$p $(MAN)/man$${p##*.}/$${p##*/} || exit 1; done
	daemon/system/settings proxy.conf.example >$(ETC)/proxy.conf.example
	[ -e $(ETC)/proxy.conf ] || \
		install -m 644 $(ETC)/proxy.conf.example $(ETC)/proxy.conf
	for p in department services protected; do \
		[ -e $(ETC)/$$p.policy ] || install -m 644 lists/$$p.policy \
			$(ETC)/$$p.policy || exit 1; done
	install -d $(SYSTEM)/systemd/system
	sed 's|@PREFIX@|$(PREFIX)|; s|@SYSCONFDIR@|$(SYSCONFDIR)|' \
		daemon/system/gatebook.service.in \
		>$(SYSTEM)/systemd/system/gatebook.service
	install -D -m 644 daemon/system/gatebook.sysusers \
		$(SYSTEM)/sysusers.d/gatebook.conf
	install -D -m 644 daemon/system/gatebook.tmpfiles \
		$(SYSTEM)/tmpfiles.d/gatebook.conf
	@[ -n "$(DESTDIR)" ] || echo 'Next: systemd-sysusers; systemctl daemon-reload; systemctl enable --now gatebook'

# Leaves the settings, the policy and the log where they are.
uninstall:
	rm -rf $(LIBEXEC) $(SHARE) $(DOC)
	rm -f $(DESTDIR)$(PREFIX)/bin/gatebook $(ETC)/proxy.conf.example
	for p in $(MAN_PAGES); do rm -f $(MAN)/man$${p##*.}/$${p##*/}; done
	rm -f $(SYSTEM)/systemd/system/gatebook.service \
		$(SYSTEM)/sysusers.d/gatebook.conf \
		$(SYSTEM)/tmpfiles.d/gatebook.conf

lint:
	tests/lint/all

format:
	clang-format -i $(wildcard $(addsuffix /*.[ch],$(FOLDERS)))

clean:
	rm -rf build build-san build-clang build-san-clang build-fuzz

.PHONY: install uninstall all unit check test valgrind fuzz fuzz-build fuzz-replay-programs deps test-deps run lint format clean
.SECONDARY:
-include $(wildcard $(B)/*/*.d $(B)/tests/*/*.d $(FB)/*/*.d $(FB)/tests/*/*.d)
