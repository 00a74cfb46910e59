# The supervisor of static programs. Included by ../Makefile; linked into velo-session, and into the tests.
SUPERVISE := loop call descriptors person answers answer_open answer_file answer_directory answer_mutation answer_attribute answer_xattr \
	answer_exec answer_place address answer_socket answer_message host waiting inject stopped filter
SUPERVISE_HEADERS := $(wildcard supervise/*.h *.h)

all: $(OUT)/supervise.a
.SECONDARY:
$(OUT)/supervise.a: $(SUPERVISE:%=supervise/%.c) $(SUPERVISE_HEADERS) $(HOOKS)/caught.inc $(HOOKS)/syscalls.inc supervise/supervise.mk
	@mkdir -p $(OUT)/supervise
	for name in $(SUPERVISE); do $(CC) $(CFLAGS) -I$(HOOKS) -c -o $(OUT)/supervise/$$name.o supervise/$$name.c || exit 1; done
	rm -f $@
	ar rcs $@ $(SUPERVISE:%=$(OUT)/supervise/%.o)

$(OUT)/supervised: $(TESTS)/supervised.c $(OUT)/supervise.a $(OUT)/core.a
	gcc $(CFLAGS) -I. -o $@ $< $(OUT)/supervise.a $(OUT)/core.a

# ---- The tests of the hooks once more, as static programs: no library is in them. ----
STATIC_FLAGS := -std=c11 -D_GNU_SOURCE -O2 -static
$(OUT)/hooks/static/%.inc: $(CASES)/%_test.c $(CASES)/static_symbols.sh
	@mkdir -p $(OUT)/hooks/static
	sh $(CASES)/static_symbols.sh $< $(shell gcc -print-file-name=libc.a) $@
$(OUT)/hooks/static/%_test: $(CASES)/%_test.c $(OUT)/hooks/static/%.inc $(CASES)/hooks_test.c $(CASES)/hooks_test.h
	gcc $(STATIC_FLAGS) -w -DSTATIC_SYMBOLS='"$(abspath $(OUT)/hooks/static/$*.inc)"' -o $@ $< $(CASES)/hooks_test.c

# musl-gcc tells where glibc's is.
MUSL_ARCHIVE ?= $(firstword $(wildcard /usr/lib/*-linux-musl/libc.a /usr/lib/musl/lib/libc.a))
$(OUT)/hooks/static-musl/%.inc: $(CASES)/%_test.c $(CASES)/static_symbols.sh
	@mkdir -p $(OUT)/hooks/static-musl
	sh $(CASES)/static_symbols.sh $< $(MUSL_ARCHIVE) $@
$(OUT)/hooks/static-musl/%_test: $(CASES)/%_test.c $(OUT)/hooks/static-musl/%.inc $(CASES)/hooks_test.c $(CASES)/hooks_test.h
	$(MUSL_GCC) $(STATIC_FLAGS) -w -D_LARGEFILE64_SOURCE -idirafter /usr/include -idirafter /usr/include/$(shell gcc -print-multiarch) \
		-DSTATIC_SYMBOLS='"$(abspath $(OUT)/hooks/static-musl/$*.inc)"' -o $@ $< $(CASES)/hooks_test.c

check: static-check
static-check: $(OUT)/supervised $(OUT)/hooks/session_maker $(OUT)/hooks/program $(OUT)/hooks/library.so $(HOOK_TESTS:%=$(OUT)/hooks/static/%_test) \
		$(if $(MUSL_GCC),$(HOOK_TESTS:%=$(OUT)/hooks/static-musl/%_test))
	sh $(CASES)/run_static.sh $(OUT) static $(HOOK_TESTS)
	$(if $(MUSL_GCC),sh $(CASES)/run_static.sh $(OUT) static-musl $(HOOK_TESTS),@echo "hooks: skipped static musl, since there is no musl-gcc")
.PHONY: static-check
