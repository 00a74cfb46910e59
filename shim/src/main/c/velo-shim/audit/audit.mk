# The library that ld.so asks (LD_AUDIT). Included by ../Makefile.
AUDIT := objsearch session text

# Its functions of strings are those that the compiler would call for their own loops.
AUDIT_FLAGS := $(CORE_FLAGS) -fno-builtin -fno-tree-loop-distribute-patterns

# A library without another one: what is undefined would be looked for in a name space where nothing is.
$(OUT)/libvelo-audit.so: $(AUDIT:%=audit/%.c) audit/audit.h audit/symbols.sh preload/raw.S preload/raw.h preload/exempt.c preload/exempt.h \
		supervise/filter.h $(wildcard *.h) \
		$(OUT)/core.a audit/audit.mk
	@mkdir -p $(OUT)/audit
	for name in $(AUDIT); do $(CC) $(CFLAGS) $(AUDIT_FLAGS) -c -o $(OUT)/audit/$$name.o audit/$$name.c || exit 1; done
	$(CC) $(CFLAGS) $(AUDIT_FLAGS) -c -o $(OUT)/audit/exempt.o preload/exempt.c
	$(CC) $(AUDIT_FLAGS) -DRAW_ALONE -c -o $(OUT)/audit/raw.o preload/raw.S
	$(CC) -shared -nostdlib -nostartfiles -Wl,-soname,libvelo-audit.so -Wl,-z,now -Wl,-z,relro -Wl,-z,noexecstack -Wl,-z,noseparate-code -Wl,-z,defs \
		-Wl,--exclude-libs,ALL -Wl,--gc-sections -o $@.new $(AUDIT:%=$(OUT)/audit/%.o) $(OUT)/audit/raw.o $(OUT)/audit/exempt.o $(OUT)/core.a \
		$(COMPILER_LIBRARY)
	sh audit/symbols.sh $@.new
	mv $@.new $@
