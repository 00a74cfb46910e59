# The supervisor of static programs. Included by ../Makefile; linked into velo-session, and into the tests.
SUPERVISE := loop call descriptors person answers answer_open answer_file answer_directory answer_mutation answer_attribute answer_xattr \
	answer_exec answer_place address answer_socket answer_message host namespaces other_user waiting inject inject_named stopped hints filter
SUPERVISE_HEADERS := $(wildcard supervise/*.h *.h)

all: $(OUT)/supervise.a
.SECONDARY:
$(OUT)/supervise.a: $(SUPERVISE:%=supervise/%.c) $(SUPERVISE_HEADERS) $(HOOKS)/caught.inc $(HOOKS)/syscalls.inc supervise/supervise.mk
	@mkdir -p $(OUT)/supervise
	for name in $(SUPERVISE); do $(CC) $(CFLAGS) -I$(HOOKS) -c -o $(OUT)/supervise/$$name.o supervise/$$name.c || exit 1; done
	rm -f $@
	ar rcs $@ $(SUPERVISE:%=$(OUT)/supervise/%.o)

$(OUT)/supervised: $(TESTS)/supervised.c $(TESTS)/supervision.c $(OUT)/supervise.a $(OUT)/core.a
	$(CC) $(CFLAGS) -I. -I$(TESTS) -o $@ $< $(TESTS)/supervision.c $(OUT)/supervise.a $(OUT)/core.a

# Processes that are killed, have threads and signals: under sanitizers, which go with them into the children.
SUPERVISE_TESTS := $(addprefix $(TESTS)/,supervise_test.c supervise_answers.c supervise_rights.c supervise_sockets.c supervise_threads.c supervise_waiting.c supervise_killed.c supervision.c)
$(OUT)/supervise_test: $(SUPERVISE_TESTS) $(TESTS)/supervise_test.h $(SUPERVISE:%=supervise/%.c) $(CORE) $(SUPERVISE_HEADERS) \
		$(HOOKS)/caught.inc $(HOOKS)/syscalls.inc supervise/supervise.mk
	$(CC) $(SANITIZE) -I$(HOOKS) -o $@ $(SUPERVISE_TESTS) $(SUPERVISE:%=supervise/%.c) $(CORE) -pthread
supervise-check: $(OUT)/supervise_test $(OUT)/hooks/session_maker $(OUT)/hooks/program $(OUT)/hooks/library.so
	rm -rf $(abspath $(OUT))/supervise-check
	$(OUT)/hooks/session_maker $(abspath $(OUT))/supervise-check $(OUT)/hooks/program $(OUT)/hooks/library.so
	ASAN_OPTIONS=detect_leaks=0 timeout -k 5 120 $(OUT)/supervise_test $(abspath $(OUT))/supervise-check/session
	rm -rf $(abspath $(OUT))/supervise-check
.PHONY: supervise-check

# ---- The tests of the hooks once more, as static programs: no library is in them. ----
$(OUT)/hooks/static/%.inc: $(CASES)/%_test.c $(CASES)/static_symbols.sh
	@mkdir -p $(OUT)/hooks/static
	sh $(CASES)/static_symbols.sh $< $(shell gcc -print-file-name=libc.a) $@
$(OUT)/hooks/static/%_test: $(CASES)/%_test.c $(OUT)/hooks/static/%.inc $(CASES)/hooks_test.c $(CASES)/hooks_test.h
	gcc $(CFLAGS) -static -DSTATIC_SYMBOLS='"$(abspath $(OUT)/hooks/static/$*.inc)"' -o $@ $< $(CASES)/hooks_test.c

# musl-gcc tells where glibc's is.
MUSL_ARCHIVE ?= $(firstword $(wildcard /usr/lib/*-linux-musl/libc.a /usr/lib/musl/lib/libc.a))
$(OUT)/hooks/static-musl/%.inc: $(CASES)/%_test.c $(CASES)/static_symbols.sh
	@mkdir -p $(OUT)/hooks/static-musl
	sh $(CASES)/static_symbols.sh $< $(MUSL_ARCHIVE) $@
$(OUT)/hooks/static-musl/%_test: $(CASES)/%_test.c $(OUT)/hooks/static-musl/%.inc $(CASES)/hooks_test.c $(CASES)/hooks_test.h
	$(MUSL_GCC) -std=c11 -D_GNU_SOURCE -O2 -static -D_LARGEFILE64_SOURCE -idirafter /usr/include -idirafter /usr/include/$(shell gcc -print-multiarch) \
		-DSTATIC_SYMBOLS='"$(abspath $(OUT)/hooks/static-musl/$*.inc)"' -o $@ $< $(CASES)/hooks_test.c

static-check: $(OUT)/supervised $(OUT)/hooks/session_maker $(OUT)/hooks/program $(OUT)/hooks/library.so $(HOOK_TESTS:%=$(OUT)/hooks/static/%_test) \
		$(if $(MUSL_GCC),$(HOOK_TESTS:%=$(OUT)/hooks/static-musl/%_test))
	sh $(CASES)/run_static.sh $(OUT) static $(HOOK_TESTS)
	$(if $(MUSL_GCC),sh $(CASES)/run_static.sh $(OUT) static-musl $(HOOK_TESTS),@echo "hooks: skipped static musl, since there is no musl-gcc")
.PHONY: static-check

# An emulator has no such filters.
ifeq ($(RUN),)
check: supervise-check static-check
endif

# What a supervised call costs beside the kernel's own, in one run: of the host and of the tree.
$(OUT)/supervise_bench: $(TESTS)/supervise_bench.c
	$(CC) $(CFLAGS) -static -o $@ $<
bench-supervised: $(OUT)/supervise_bench $(OUT)/supervised $(OUT)/hooks/session_maker $(OUT)/hooks/program $(OUT)/hooks/library.so
	rm -rf $(abspath $(OUT))/bench-supervised
	$(OUT)/hooks/session_maker $(abspath $(OUT))/bench-supervised $(OUT)/hooks/program $(OUT)/hooks/library.so
	$(OUT)/supervise_bench native /usr/bin/env
	$(OUT)/supervised $(abspath $(OUT))/bench-supervised/session $(OUT)/supervise_bench supervised /usr/bin/env /velo-hooks-tree/dir/file
	rm -rf $(abspath $(OUT))/bench-supervised
.PHONY: bench-supervised
