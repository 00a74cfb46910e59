#include "reasons.h"
#include "launch.h"
#include "story.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *type, *text, *fix;
} rows[REASON_COUNT] = {
    [REASON_NONE] = {"", "", ""},
#define REASON(symbol, type, text, fix) [REASON_##symbol] = {type, text, fix},
#include "reasons.inc"
#undef REASON
};

struct finding found(enum reason reason, const char *object, const char *more) {
    struct finding finding = {.reason = reason};
    snprintf(finding.object, sizeof finding.object, "%s", object);
    snprintf(finding.more, sizeof finding.more, "%s", more);
    return finding;
}

struct finding unexplained(int errnum) {
    return found(REASON_UNKNOWN, strerror(errnum), "");
}

struct finding errno_finding(int errnum) {
    return errnum == 0 ? found(REASON_NONE, "", "") : unexplained(errnum);
}

const char *reason_type(enum reason reason) {
    return rows[reason].type;
}

enum reason reason_of_type(const char *type) {
    for (enum reason reason = REASON_NONE + 1; reason < REASON_COUNT; reason++) {
        if (strcmp(rows[reason].type, type) == 0) {
            return reason;
        }
    }
    return REASON_NONE;
}

static void fill(const char *pattern, const struct finding *finding, char *text, size_t size) {
    size_t length = 0;
    text[0] = '\0';
    while (*pattern != '\0' && length + 1 < size) {
        const char *part = NULL;
        if (strncmp(pattern, "{}", 2) == 0) {
            part = finding->object;
            pattern += 2;
        } else if (strncmp(pattern, "{+}", 3) == 0) {
            part = finding->more;
            pattern += 3;
        }
        if (part == NULL) {
            text[length++] = *pattern++;
        } else {
            int added = snprintf(text + length, size - length, "%s", part);
            length = length + (size_t)added < size ? length + (size_t)added : size - 1;
        }
    }
    text[length] = '\0';
}

void reason_text(const struct finding *finding, char *text, size_t size) {
    fill(rows[finding->reason].text, finding, text, size);
}

void reason_fix(const struct finding *finding, char *text, size_t size) {
    fill(rows[finding->reason].fix, finding, text, size);
}

void fail_because(const struct finding *finding, const char *remedy, const char *attempt) {
    char text[768];
    char fix[768];
    reason_text(finding, text, sizeof text);
    reason_fix(finding, fix, sizeof fix);
    if (finding->reason == REASON_UNKNOWN) {
        fail(EXIT_LAUNCH, remedy, "%s: %s", attempt, text);
    }
    failure_type = rows[finding->reason].type;
    fail(EXIT_LAUNCH, fix, "%s: %s (%s)", attempt, text, rows[finding->reason].type);
}

/* Fields are divided by tabs, answers by newlines: what comes from names or files may hold either. */
static void field(const char *text, char end) {
    for (; *text != '\0'; text++) {
        putchar((unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text);
    }
    putchar(end);
}

void answer(const char *name, bool needed, const struct finding *finding, const char *detail) {
    char text[768];
    char fix[768];
    reason_text(finding, text, sizeof text);
    reason_fix(finding, fix, sizeof fix);
    field(name, '\t');
    field(needed ? "needed" : "optional", '\t');
    field(finding->reason == REASON_NONE ? "yes" : "no", '\t');
    field(rows[finding->reason].type, '\t');
    field(text, '\t');
    field(fix, '\t');
    field(detail, '\n');
}
