/* Whether an ordinary user may have more ids than his own in a user namespace (newuidmap(1), subuid(5)). */
#include "reasons.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { NEEDED = 65536 };

static bool find_program(const char *directories, const char *name, char *path, size_t size) {
    for (const char *at = directories; *at != '\0';) {
        size_t length = strcspn(at, ":");
        struct stat status;
        if (length > 0 && (size_t)snprintf(path, size, "%.*s/%s", (int)length, at, name) < size &&
            stat(path, &status) == 0 && S_ISREG(status.st_mode) && (status.st_mode & 0111) != 0) {
            return true;
        }
        at += length + (at[length] == ':');
    }
    return false;
}

/* linux/capability.h, struct vfs_cap_data: a word with flags, then the low words of permitted and
 * inheritable. */
static bool has_capability(const char *path, unsigned capability) {
    unsigned char value[64];
    ssize_t size = getxattr(path, "security.capability", value, sizeof value);
    return size >= 12 && (value[4 + capability / 8] >> capability % 8 & 1) != 0;
}

static const char *lacking(const char *path, unsigned capability) {
    struct stat status;
    struct statvfs where;
    if (statvfs(path, &where) == 0 && (where.f_flag & ST_NOSUID) != 0) {
        return "its file system is mounted nosuid";
    }
    bool set_user_id = stat(path, &status) == 0 && status.st_uid == 0 && (status.st_mode & S_ISUID) != 0;
    return set_user_id || has_capability(path, capability)
               ? NULL
               : "it is neither set-user-id root nor has it the file capability";
}

/* subuid(5): "name-or-number:first:count" a line. The largest count of this user, with its first id. */
static unsigned long largest_range(const char *file, uid_t uid, const char *user, unsigned long *first) {
    char line[512];
    char number[16];
    unsigned long largest = 0;
    FILE *in = fopen(file, "re");
    snprintf(number, sizeof number, "%u", (unsigned)uid);
    while (in != NULL && fgets(line, sizeof line, in) != NULL) {
        unsigned long start, count;
        size_t name = strcspn(line, ":");
        bool own = line[name] == ':' && ((strlen(user) == name && strncmp(line, user, name) == 0) ||
                                         (strlen(number) == name && strncmp(line, number, name) == 0));
        if (own && sscanf(line + name, ":%lu:%lu", &start, &count) == 2 && count > largest) {
            largest = count;
            *first = start;
        }
    }
    if (in != NULL) {
        fclose(in);
    }
    return largest;
}

struct finding find_ranges(const struct id_files *files, uid_t uid, const char *user, char *detail,
                           size_t size) {
    enum { CAP_SETGID_BIT = 6, CAP_SETUID_BIT = 7 };
    static const char *const programs[] = {"newuidmap", "newgidmap"};
    static const unsigned capabilities[] = {CAP_SETUID_BIT, CAP_SETGID_BIT};
    const char *const ranges[] = {files->subuid, files->subgid};
    unsigned long first[2] = {0, 0};
    unsigned long count[2];
    detail[0] = '\0';
    for (size_t i = 0; i < 2; i++) {
        char path[PATH_MAX];
        if (!find_program(files->directories, programs[i], path, sizeof path)) {
            return found(REASON_SUBUID_TOOLS, programs[i], "");
        }
        const char *why = lacking(path, capabilities[i]);
        if (why != NULL) {
            return found(REASON_SUBUID_TOOLS_RIGHTS, path, why);
        }
    }
    for (size_t i = 0; i < 2; i++) {
        count[i] = largest_range(ranges[i], uid, user, &first[i]);
        if (count[i] < NEEDED) {
            return found(REASON_SUBUID_RANGE, ranges[i], user);
        }
    }
    snprintf(detail, size, "uids %lu:%lu, gids %lu:%lu", first[0], count[0], first[1], count[1]);
    return found(REASON_NONE, "", "");
}

/* From the file, since a static program should not load a name service's libraries; the number where it is
 * not there. */
static void name_user(uid_t uid, char *user, size_t size) {
    FILE *in = fopen("/etc/passwd", "re");
    snprintf(user, size, "%u", (unsigned)uid);
    for (const struct passwd *entry; in != NULL && (entry = fgetpwent(in)) != NULL;) {
        if (entry->pw_uid == uid) {
            snprintf(user, size, "%s", entry->pw_name);
            break;
        }
    }
    if (in != NULL) {
        fclose(in);
    }
}

void probe_ids(void) {
    char directories[4096];
    char detail[128] = "root needs none";
    char user[256];
    struct finding finding = errno_finding(0);
    if (geteuid() != 0) {
        const char *path = getenv("PATH");
        snprintf(directories, sizeof directories, "/usr/bin:/bin:/usr/sbin:/sbin:/usr/local/bin:%s",
                 path == NULL ? "" : path);
        name_user(geteuid(), user, sizeof user);
        const struct id_files files = {"/etc/subuid", "/etc/subgid", directories};
        finding = find_ranges(&files, geteuid(), user, detail, sizeof detail);
    }
    answer("subuid", false, &finding, detail);
}
