# How the static programs are compiled; the client has the same. CROSS: the prefix of another machine's compiler (aarch64-linux-gnu-).
CROSS ?=
WARNINGS := -Wall -Wextra -Werror -Wshadow -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
	-Wcast-qual -Wwrite-strings -Wvla -Wundef
CFLAGS := -std=c11 -D_GNU_SOURCE -O2 -g $(WARNINGS)
HARDEN := -fstack-protector-strong -D_FORTIFY_SOURCE=2

# musl: a static glibc spends a fifth of a millisecond more at each start. It needs the kernel's headers named to it.
MUSL := $(if $(CROSS),,$(shell command -v musl-gcc 2>/dev/null))
ifneq ($(MUSL),)
CC := $(MUSL)
ARCH_INCLUDE := $(shell gcc -print-multiarch 2>/dev/null)
CFLAGS += -idirafter /usr/include -idirafter /usr/include/$(ARCH_INCLUDE)
else
CC := $(CROSS)gcc
endif

# The compiler's own functions for atomic operations ask the C library for the processor's abilities in a way that not every one knows.
ifneq ($(filter aarch64%,$(shell $(CC) -dumpmachine 2>/dev/null)),)
CFLAGS += -mno-outline-atomics
endif
