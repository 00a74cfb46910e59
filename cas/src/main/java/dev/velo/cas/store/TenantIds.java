package dev.velo.cas.store;

import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.Errno;
import dev.velo.cas.posix.ErrnoException;
import dev.velo.cas.posix.FileOps;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which tenant has which host id: a file that only grows. An id is never given to another tenant, not even when its first one is gone:
 * files that it owned may have outlived it.
 */
final class TenantIds {
    private static final String HEADER = "velo-tenants 1\n";
    private static final Pattern LINE = Pattern.compile("([1-9][0-9]{0,9}) (\\S+)");
    private static final int FILE_LIMIT = 1 << 26;

    private final FileOps files;
    private final int directory;
    private final Map<TenantName, Integer> ids;

    private TenantIds(FileOps files, int directory, Map<TenantName, Integer> ids) {
        this.files = files;
        this.directory = directory;
        this.ids = ids;
    }

    /** @param directory that of all tenants */
    static TenantIds read(FileOps files, int directory) throws IOException {
        Map<TenantName, Integer> ids = new LinkedHashMap<>();
        Optional<String> text = content(files, directory);
        if (text.isPresent()) {
            if (!text.get().startsWith(HEADER) || !text.get().endsWith("\n")) {
                throw damaged("it does not begin and end as it must");
            }
            Set<Integer> seen = new HashSet<>();
            for (String line : text.get().substring(HEADER.length()).lines().toList()) {
                Matcher matcher = LINE.matcher(line);
                if (!matcher.matches()) {
                    throw damaged("'" + line + "' is no line of it");
                }
                int id = parsed(matcher.group(1), line);
                TenantName name = name(matcher.group(2), line);
                if (!seen.add(id) || ids.putIfAbsent(name, id) != null) {
                    throw damaged("'" + line + "' says twice what may stand there once");
                }
            }
        }
        return new TenantIds(files, directory, ids);
    }

    private static int parsed(String number, String line) throws IOException {
        long id = Long.parseLong(number);
        if (id > Integer.MAX_VALUE) {
            throw damaged("'" + line + "' is no line of it");
        }
        return (int) id;
    }

    private static TenantName name(String text, String line) throws IOException {
        try {
            return new TenantName(text);
        } catch (IllegalArgumentException e) {
            throw new IOException(damaged("'" + line + "' is no line of it").getMessage(), e);
        }
    }

    private static IOException damaged(String why) {
        return new IOException("its list of tenants' ids, tenants/tenant.ids, is damaged: " + why);
    }

    private static Optional<String> content(FileOps files, int directory) throws IOException {
        try (Descriptor file = files.openRead(directory, StoreLayout.TENANT_IDS)) {
            long size = files.status(file.number()).size();
            if (size > FILE_LIMIT) {
                throw damaged("it is too long");
            }
            ByteBuffer buffer = ByteBuffer.allocateDirect((int) size + 1);
            while (buffer.hasRemaining() && files.read(file.number(), buffer) > 0) {
                continue;
            }
            byte[] bytes = new byte[buffer.flip().remaining()];
            buffer.get(bytes);
            return Optional.of(new String(bytes, StandardCharsets.UTF_8));
        } catch (ErrnoException e) {
            if (e.is(Errno.ENOENT)) {
                return Optional.empty();
            }
            throw e;
        }
    }

    OptionalInt of(TenantName name) {
        Integer id = ids.get(name);
        return id == null ? OptionalInt.empty() : OptionalInt.of(id);
    }

    /**
     * An id that no tenant has had, durable at the return; empty where there is none left. Call it with the tenants' lock. Which one is
     * random: a store that is moved beside another one hardly meets its ids.
     */
    OptionalInt allot(TenantName name, IdRange range) throws IOException {
        Set<Integer> taken = Set.copyOf(ids.values());
        int start = ThreadLocalRandom.current().nextInt(range.count());
        for (int i = 0; i < range.count(); i++) {
            int id = range.at((int) (((long) start + i) % range.count()));
            if (!taken.contains(id)) {
                ids.put(name, id);
                write();
                return OptionalInt.of(id);
            }
        }
        return OptionalInt.empty();
    }

    private void write() throws IOException {
        StringBuilder text = new StringBuilder(HEADER);
        ids.forEach((name, id) -> text.append(id).append(' ').append(name).append('\n'));
        byte[] bytes = text.toString().getBytes(StandardCharsets.US_ASCII);
        removeStaged();
        try (Descriptor file = files.createFile(directory, StoreLayout.TENANT_IDS_STAGED, 0600)) {
            files.write(
                    file.number(),
                    ByteBuffer.allocateDirect(bytes.length).put(bytes).flip());
            files.sync(file.number());
        }
        files.rename(directory, StoreLayout.TENANT_IDS_STAGED, directory, StoreLayout.TENANT_IDS);
        files.sync(directory);
    }

    /** Of one who was killed; nobody writes it without the lock. */
    private void removeStaged() throws IOException {
        try {
            files.unlink(directory, StoreLayout.TENANT_IDS_STAGED);
        } catch (ErrnoException e) {
            if (!e.is(Errno.ENOENT)) {
                throw e;
            }
        }
    }
}
