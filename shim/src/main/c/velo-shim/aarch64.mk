# Every native program of the repository for aarch64, by another machine's compiler, and the tests of the shim there, by qemu. Included by Makefile.
# make OUT=dir aarch64          into dir/aarch64
# make OUT=dir aarch64-check    what of the tests an emulator can do; it says what it cannot
AARCH64_CROSS ?= aarch64-linux-gnu-
AARCH64_LIBRARIES ?= /usr/aarch64-linux-gnu/lib
# A static one, as Debian's with that name is: LD_PRELOAD is for the program that it runs, not for itself.
AARCH64_QEMU ?= $(firstword $(notdir $(shell command -v qemu-aarch64-static || command -v qemu-aarch64)))
ABSOLUTE := $(abspath $(OUT))
NATIVE := ../velo-session ../../../../../namespaces/src/main/c/velo-launch ../../../../../runner/src/main/c/velo

# The tests' programs name the loader and the C library by their places here, so that nothing has to tell them where to look.
AARCH64_LINK := -Wl,--dynamic-linker=$(AARCH64_LIBRARIES)/ld-linux-aarch64.so.1 -Wl,-rpath,$(AARCH64_LIBRARIES)
AARCH64 = OUT=$(ABSOLUTE)/aarch64 CROSS=$(AARCH64_CROSS)
# The sanitizers' own memory is more than an emulator has room for; this machine's tests have them.
AARCH64_TESTS = $(AARCH64) SANITIZERS= SEQUENCES=20 FOREIGN="$(AARCH64_LINK)" RUN=$(AARCH64_QEMU) MUSL_GCC= C_LIBRARIES=$(AARCH64_LIBRARIES)/libc.so.6

aarch64:
	$(MAKE) $(AARCH64) all
	for part in $(NATIVE); do $(MAKE) -C $$part $(AARCH64) || exit 1; done

aarch64-check: aarch64
	$(MAKE) $(AARCH64_TESTS) check
	$(MAKE) -C ../velo-session $(AARCH64_TESTS) check

.PHONY: aarch64 aarch64-check
