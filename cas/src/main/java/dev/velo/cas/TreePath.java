package dev.velo.cas;

import dev.velo.cas.posix.ErrnoException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A path inside a tree as raw bytes: components joined by {@code /}, without a leading one; the root is empty. Immutable. */
public final class TreePath implements Comparable<TreePath> {
    /** The longest path that a manifest can hold, in bytes. */
    public static final int MAX_LENGTH = 65_535;

    public static final TreePath ROOT = new TreePath(new byte[0]);

    private final byte[] bytes;

    private TreePath(byte[] bytes) {
        this.bytes = bytes;
    }

    /**
     * Reads what a user typed: leading, trailing and doubled slashes and {@code .} are dropped.
     *
     * @throws IllegalArgumentException for {@code ..} and for components that are no {@link FileName}
     */
    public static TreePath parse(String text) {
        TreePath path = ROOT;
        for (String part : text.split("/", -1)) {
            if (!part.isEmpty() && !part.equals(".")) {
                path = path.child(FileName.of(part));
            }
        }
        return path;
    }

    /** Wraps bytes that a reader has proven to be a path, component by component. */
    public static TreePath ofChecked(byte[] path) {
        return new TreePath(path);
    }

    /** @throws IllegalArgumentException where the path would grow beyond {@link #MAX_LENGTH} */
    public TreePath child(FileName name) {
        byte[] last = name.toBytes();
        int prefix = isRoot() ? 0 : bytes.length + 1;
        if (prefix + last.length > MAX_LENGTH) {
            throw new IllegalArgumentException("path longer than " + MAX_LENGTH + " bytes");
        }
        byte[] out = Arrays.copyOf(bytes, prefix + last.length);
        if (prefix > 0) {
            out[prefix - 1] = '/';
        }
        System.arraycopy(last, 0, out, prefix, last.length);
        return new TreePath(out);
    }

    public boolean isRoot() {
        return bytes.length == 0;
    }

    public List<FileName> components() {
        List<FileName> names = new ArrayList<>();
        int start = 0;
        for (int i = 0; i <= bytes.length; i++) {
            if (i == bytes.length || bytes[i] == '/') {
                if (i > start) {
                    names.add(FileName.of(Arrays.copyOfRange(bytes, start, i)));
                }
                start = i + 1;
            }
        }
        return names;
    }

    public byte[] toBytes() {
        return bytes.clone();
    }

    public int length() {
        return bytes.length;
    }

    @Override
    public int compareTo(TreePath other) {
        return Arrays.compareUnsigned(bytes, other.bytes);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof TreePath p && Arrays.equals(bytes, p.bytes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bytes);
    }

    /** For messages, with a leading slash: UTF-8 where it is, escaped bytes where not. */
    @Override
    public String toString() {
        return "/" + ErrnoException.printable(bytes);
    }

    /** The text of a path that is valid UTF-8. */
    public String toUtf8() {
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
