package dev.velo.namespaces;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.zip.CRC32;

/** The bytes of a launch plan: docs/formats/launch-plan.md. The launcher's plan.c reads them. */
public final class PlanCodec {
    private static final byte[] MAGIC = "VELOPLAN".getBytes(StandardCharsets.US_ASCII);
    private static final int VERSION = 1;

    private static final int ARGUMENT = 1;
    private static final int ENVIRONMENT = 2;
    private static final int WORKDIR = 3;
    private static final int HOSTNAME = 4;
    private static final int IDENTITY = 5;
    private static final int RUN_DIRECTORY = 6;
    private static final int LAYER = 7;
    private static final int MOUNT = 8;
    private static final int NETWORK = 9;
    private static final int KEEP_DESCRIPTOR = 10;
    private static final int LIFELINE = 11;
    private static final int FINISH = 12;
    private static final int DESCRIPTOR_LIMIT = 13;
    private static final int TIME_LIMIT = 14;
    private static final int STDIN_NULL = 16;
    private static final int BASE = 17;
    private static final int COMPOSED = 18;
    private static final int SYSCALL_FILTER = 32;
    private static final int RESOURCE_LIMIT = 33;
    private static final int RESULT = 36;
    private static final int BEST_EFFORT = 37;
    private static final int TERMINAL = 38;

    private final ByteArrayOutputStream records = new ByteArrayOutputStream(1024);

    private PlanCodec() {}

    /** @throws IllegalArgumentException where a string holds a NUL byte */
    public static byte[] encode(LaunchPlan plan) {
        PlanCodec codec = new PlanCodec();
        codec.write(plan);
        return codec.framed();
    }

    private void write(LaunchPlan plan) {
        string(BASE, plan.base());
        string(RUN_DIRECTORY, plan.runDirectory());
        plan.arguments().forEach(argument -> record(ARGUMENT, terminated(argument)));
        plan.environment().forEach(assignment -> record(ENVIRONMENT, terminated(assignment)));
        string(WORKDIR, plan.workdir());
        string(HOSTNAME, plan.hostname());
        Identity ids = plan.identity();
        record(IDENTITY, numbers(ids.insideUid(), ids.insideGid(), ids.outsideUid(), ids.outsideGid()));
        plan.layers().forEach(layer -> string(LAYER, layer));
        plan.composed().forEach(this::composed);
        plan.mounts().forEach(this::mount);
        record(NETWORK, numbers(plan.network().code()));
        plan.keptDescriptors().forEach(descriptor -> record(KEEP_DESCRIPTOR, numbers(descriptor)));
        plan.lifeline().ifPresent(descriptor -> record(LIFELINE, numbers(descriptor)));
        plan.finish().forEach(argument -> string(FINISH, argument));
        plan.descriptorLimit().ifPresent(limit -> record(DESCRIPTOR_LIMIT, wide(limit)));
        plan.timeLimit().map(Duration::toMillis).ifPresent(millis -> record(TIME_LIMIT, wide(Math.max(1, millis))));
        if (plan.stdinNull()) {
            record(STDIN_NULL, new byte[0]);
        }
        plan.callChanges().forEach(this::change);
        plan.limits().forEach(this::limit);
        plan.result().ifPresent(file -> string(RESULT, file));
        if (plan.bestEffort()) {
            record(BEST_EFFORT, new byte[0]);
        }
        if (plan.terminal()) {
            record(TERMINAL, new byte[0]);
        }
    }

    private void composed(ComposedLayer layer) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(terminated(utf8(layer.tree())));
        out.writeBytes(terminated(utf8(layer.data())));
        record(COMPOSED, out.toByteArray());
    }

    private void change(CallChange change) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(numbers(change.allowed() ? 2 : 1));
        out.writeBytes(terminated(utf8(change.name())));
        record(SYSCALL_FILTER, out.toByteArray());
    }

    private void limit(Resource resource, long most) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(numbers(resource.code()));
        out.writeBytes(wide(most));
        record(RESOURCE_LIMIT, out.toByteArray());
    }

    private void mount(MountOp mount) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        int flags = (mount.readOnly() ? 1 : 0) | (mount.file() ? 2 : 0);
        out.writeBytes(numbers(mount.operation().code(), flags, mount.mode()));
        out.writeBytes(wide(mount.size()));
        out.writeBytes(wide(mount.inodes()));
        out.writeBytes(numbers(mount.sources().size()));
        out.writeBytes(terminated(utf8(mount.target())));
        mount.sources().forEach(source -> out.writeBytes(terminated(utf8(source))));
        record(MOUNT, out.toByteArray());
    }

    private void string(int kind, String text) {
        record(kind, terminated(utf8(text)));
    }

    private void record(int kind, byte[] payload) {
        records.writeBytes(numbers(kind, payload.length));
        records.writeBytes(payload);
    }

    private byte[] framed() {
        byte[] body = records.toByteArray();
        ByteBuffer out = ByteBuffer.allocate(16 + body.length + 4).order(ByteOrder.LITTLE_ENDIAN);
        out.put(MAGIC).putInt(VERSION).putInt(body.length).put(body);
        CRC32 checksum = new CRC32();
        checksum.update(out.array(), 0, out.position());
        return out.putInt((int) checksum.getValue()).array();
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] terminated(byte[] text) {
        for (byte b : text) {
            if (b == 0) {
                throw new IllegalArgumentException("a string with a NUL byte");
            }
        }
        return Arrays.copyOf(text, text.length + 1);
    }

    private static byte[] numbers(int... values) {
        ByteBuffer out = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        for (int value : values) {
            out.putInt(value);
        }
        return out.array();
    }

    private static byte[] wide(long value) {
        return ByteBuffer.allocate(8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(value)
                .array();
    }
}
