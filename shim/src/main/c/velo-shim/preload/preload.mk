# The preload library. Included by ../Makefile.
# Those with large tables of zeros last: what every process writes to shall be on few pages.
PRELOAD := start variable library reach exempt process hidden maps sys_file sys_directory sys_mutation sys_attribute sys_xattr \
	hook_open hook_stat hook_statfs hook_access hook_link hook_cwd hook_stream hook_scandir hook_mutation hook_attribute \
	hook_xattr hook_stdio temporary hook_temporary static_program supervised auditing environment execution search hook_exec spawn hook_spawn hook_shell visited hook_ftw fts_entry hook_fts \
	hook_glob hook_wordexp address hook_socket hook_watch hook_mount hook_ioctl hook_dl hook_memory hook_syscall pointer opened stream
HOOKS := $(OUT)/hooks
MACHINE := $(firstword $(subst -, ,$(shell $(CC) -dumpmachine)))

# A plt would be a writable way in, and thread-local state may not be there yet.
PRELOAD_FLAGS := $(CORE_FLAGS) -I$(HOOKS)

$(HOOKS)/%.inc: preload/hooks.table preload/hooks.awk
	@mkdir -p $(HOOKS)
	awk -v form=$* -v machine=$(MACHINE) -f preload/hooks.awk preload/hooks.table >$@.new
	mv $@.new $@

# No name of a library is asked for: what is undefined is the libc's that the program has, glibc or musl.
# Every process maps it: two segments instead of four are a tenth of its start.
$(OUT)/libvelo-shim.so: $(PRELOAD:%=preload/%.c) preload/raw.S preload/exports.S $(wildcard preload/*.h supervise/filter.h *.h) $(OUT)/core.a \
		$(HOOKS)/exports.inc $(HOOKS)/version.inc $(HOOKS)/syscalls.inc preload/preload.mk
	@mkdir -p $(OUT)/preload
	for name in $(PRELOAD); do $(CC) $(CFLAGS) $(PRELOAD_FLAGS) -c -o $(OUT)/preload/$$name.o preload/$$name.c || exit 1; done
	for name in raw exports; do $(CC) $(PRELOAD_FLAGS) -c -o $(OUT)/preload/$$name.o preload/$$name.S || exit 1; done
	$(CC) -shared -nostdlib -nostartfiles -Wl,-soname,libvelo-shim.so -Wl,-z,now -Wl,-z,relro -Wl,-z,noexecstack \
		-Wl,-z,noseparate-code \
		-Wl,--version-script=$(HOOKS)/version.inc -Wl,--gc-sections -Wl,--exclude-libs,libgcc.a -o $@.new \
		$(PRELOAD:%=$(OUT)/preload/%.o) $(OUT)/preload/raw.o $(OUT)/preload/exports.o $(OUT)/core.a \
		$(COMPILER_LIBRARY)
	mv $@.new $@

# glibc and musl by their own symbols; who has another one gives its path.
GLIBC ?= $(shell $(CC) -print-file-name=libc.so.6)
GLIBC_AARCH64 ?= $(wildcard /usr/aarch64-linux-gnu/lib/libc.so.6)
MUSL ?= $(firstword $(wildcard /lib/ld-musl-*.so.1))
C_LIBRARIES ?= "$(GLIBC)" "$(GLIBC_AARCH64)" "$(MUSL)"
symbols: $(OUT)/libvelo-shim.so
	sh preload/symbols.sh $(OUT)/libvelo-shim.so preload/hooks.table $(C_LIBRARIES)
.PHONY: symbols

# ---- Tests of the hooks: programs that are linked as any other, on a session of their own. ----
HOOK_TESTS := open stat access statfs link cwd stream mutation attribute xattr stdio temporary exec walk socket watch mount dl memory raw
CASES := ../../../test/c/hooks
$(OUT)/hooks/%_test: $(CASES)/%_test.c $(CASES)/hooks_test.c $(CASES)/hooks_test.h
	@mkdir -p $(OUT)/hooks
	$(CC) $(CFLAGS) $(FOREIGN) -o $@ $< $(CASES)/hooks_test.c -ldl -pthread -Wl,-rpath,'$$ORIGIN/origin'

# The kernel's headers are in no place that musl looks at.
MUSL_GCC ?= $(shell command -v musl-gcc)
$(OUT)/hooks/musl/%_test: $(CASES)/%_test.c $(CASES)/hooks_test.c $(CASES)/hooks_test.h
	@mkdir -p $(OUT)/hooks/musl
	$(MUSL_GCC) -std=c11 -D_GNU_SOURCE -D_LARGEFILE64_SOURCE -O2 -idirafter /usr/include \
		-idirafter /usr/include/$(shell gcc -print-multiarch) -o $@ $< $(CASES)/hooks_test.c \
		-Wl,-rpath,'$$ORIGIN/../origin'

$(OUT)/hooks/session_maker: $(CASES)/session_maker.c $(CASES)/../manifest_writer.c $(OUT)/core.a
	@mkdir -p $(OUT)/hooks
	$(CC) $(CFLAGS) $(FOREIGN) -I. -I$(CASES)/.. -o $@ $(CASES)/session_maker.c $(CASES)/../manifest_writer.c $(OUT)/core.a

$(OUT)/hooks/program: $(CASES)/program.c
	@mkdir -p $(OUT)/hooks
	$(CC) $(CFLAGS) $(FOREIGN) -o $@ $<

$(OUT)/hooks/library.so: $(CASES)/library.c
	@mkdir -p $(OUT)/hooks
	$(CC) $(CFLAGS) $(FOREIGN) -fPIC -shared -Wl,-soname,library.so -o $@ $<

$(OUT)/hooks/origin/velo-hooks-origin.so: $(OUT)/hooks/library.so
	@mkdir -p $(OUT)/hooks/origin
	cp $< $@

$(OUT)/hooks/threads: $(CASES)/threads.c
	@mkdir -p $(OUT)/hooks
	$(CC) $(CFLAGS) $(FOREIGN) -o $@ $< -pthread

$(OUT)/hooks/stack: $(CASES)/stack.c
	@mkdir -p $(OUT)/hooks
	$(CC) $(CFLAGS) $(FOREIGN) -o $@ $<

$(OUT)/hooks/linked: $(CASES)/linked.c $(OUT)/hooks/library.so
	$(CC) $(CFLAGS) $(FOREIGN) -o $@ $< -L$(OUT)/hooks -l:library.so -Wl,-rpath,'$$ORIGIN'

$(OUT)/hooks/unlinked: $(CASES)/linked.c $(OUT)/hooks/library.so
	$(CC) $(CFLAGS) $(FOREIGN) -o $@ $< -L$(OUT)/hooks -l:library.so

check: hooks-check
hooks-check: $(OUT)/libvelo-shim.so $(HOOK_TESTS:%=$(OUT)/hooks/%_test) $(OUT)/hooks/session_maker $(OUT)/hooks/program \
		$(OUT)/hooks/library.so $(OUT)/libvelo-audit.so $(OUT)/hooks/linked $(OUT)/hooks/unlinked $(OUT)/hooks/origin/velo-hooks-origin.so $(OUT)/hooks/threads $(OUT)/hooks/stack symbols \
		$(if $(MUSL_GCC),$(HOOK_TESTS:%=$(OUT)/hooks/musl/%_test))
ifeq ($(RUN),)
	sh $(CASES)/run.sh $(OUT) preload/hooks.table $(HOOK_TESTS)
	sh $(CASES)/session.sh $(OUT)
	sh $(CASES)/libraries.sh $(OUT)
else
	RUN="$(RUN)" MACHINE=$(MACHINE) sh $(CASES)/run.sh $(OUT) preload/hooks.table $(HOOK_TESTS)
	@echo "hooks: skipped session.sh and libraries.sh, which run the system's own programs: there are none of $(MACHINE)"
endif
.PHONY: hooks-check
