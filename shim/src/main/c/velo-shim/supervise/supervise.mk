# The supervisor of static programs. Included by ../Makefile; linked into velo-session, and into the tests.
SUPERVISE := loop call descriptors person answers answer_open answer_file answer_directory answer_mutation answer_attribute answer_xattr \
	answer_exec answer_place answer_socket host waiting inject stopped filter
SUPERVISE_HEADERS := $(wildcard supervise/*.h *.h)

all: $(OUT)/supervise.a
$(OUT)/supervise.a: $(SUPERVISE:%=supervise/%.c) $(SUPERVISE_HEADERS) $(HOOKS)/caught.inc $(HOOKS)/syscalls.inc supervise/supervise.mk
	@mkdir -p $(OUT)/supervise
	for name in $(SUPERVISE); do $(CC) $(CFLAGS) -I$(HOOKS) -c -o $(OUT)/supervise/$$name.o supervise/$$name.c || exit 1; done
	rm -f $@
	ar rcs $@ $(SUPERVISE:%=$(OUT)/supervise/%.o)

$(OUT)/supervised: $(TESTS)/supervised.c $(OUT)/supervise.a $(OUT)/core.a
	gcc $(CFLAGS) -I. -o $@ $< $(OUT)/supervise.a $(OUT)/core.a
