package dev.velo.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32;

/** A launch plan or a session plan, as far as both are alike: records of a kind. */
final class PlanRecords {
    static final int ARGUMENT = 1;
    static final int ENVIRONMENT = 2;
    static final int WORKDIR = 3;
    static final int MOUNT = 8;
    static final int KEEP_DESCRIPTOR = 10;
    static final int FINISH = 12;
    static final int DESCRIPTOR_LIMIT = 13;
    static final int RESULT = 36;
    static final int DIRECTORY = 64;
    static final int MANIFEST = 65;

    private record Entry(int kind, byte[] payload) {}

    private final List<Entry> records = new ArrayList<>();

    PlanRecords(byte[] plan, String magic) {
        ByteBuffer in = ByteBuffer.wrap(plan).order(ByteOrder.LITTLE_ENDIAN);
        byte[] begin = new byte[8];
        in.get(begin);
        assertThat(new String(begin, StandardCharsets.US_ASCII)).isEqualTo(magic);
        assertThat(in.getInt()).isEqualTo(1);
        assertThat(in.getInt()).isEqualTo(plan.length - 20);
        CRC32 checksum = new CRC32();
        checksum.update(plan, 0, plan.length - 4);
        assertThat(in.getInt(plan.length - 4)).isEqualTo((int) checksum.getValue());
        while (in.remaining() > 4) {
            int kind = in.getInt();
            byte[] payload = new byte[in.getInt()];
            in.get(payload);
            records.add(new Entry(kind, payload));
        }
    }

    private List<byte[]> of(int kind) {
        return records.stream()
                .filter(record -> record.kind() == kind)
                .map(Entry::payload)
                .toList();
    }

    /** Each without the NUL at its end. */
    List<byte[]> strings(int kind) {
        return of(kind).stream()
                .map(payload -> Arrays.copyOf(payload, payload.length - 1))
                .toList();
    }

    List<String> texts(int kind) {
        return of(kind).stream()
                .map(payload -> new String(payload, StandardCharsets.UTF_8)
                        .replace("\0", " ")
                        .strip())
                .toList();
    }

    /** The one record of this kind, which is one number. */
    long number(int kind) {
        assertThat(of(kind)).hasSize(1);
        ByteBuffer in = ByteBuffer.wrap(of(kind).get(0)).order(ByteOrder.LITTLE_ENDIAN);
        return in.remaining() == Long.BYTES ? in.getLong() : in.getInt();
    }
}
