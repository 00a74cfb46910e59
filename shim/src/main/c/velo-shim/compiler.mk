# How everything of the shim is compiled.
WARNINGS := -Wall -Wextra -Werror -Wshadow -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
	-Wcast-qual -Wwrite-strings -Wvla -Wundef
CC := gcc
CFLAGS := -std=c11 -D_GNU_SOURCE -O2 -g $(WARNINGS)
