# How everything of the shim is compiled. CROSS: the prefix of another machine's compiler (aarch64-linux-gnu-).
CROSS ?=
WARNINGS := -Wall -Wextra -Werror -Wshadow -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
	-Wcast-qual -Wwrite-strings -Wvla -Wundef
CC := $(CROSS)gcc
CFLAGS := -std=c11 -D_GNU_SOURCE -O2 -g $(WARNINGS)

# Atomic operations in place: the compiler's functions for them look at the processor when a program starts, are in a library that the shim
# does not have, and in one that some C libraries do not fit to.
ifneq ($(filter aarch64%,$(shell $(CC) -dumpmachine 2>/dev/null)),)
CFLAGS += -mno-outline-atomics
endif

# For libraries without another one: where what was stored is not executed by itself, the compiler has a function that makes it so.
COMPILER_LIBRARY = $(shell $(CC) -print-libgcc-file-name)
