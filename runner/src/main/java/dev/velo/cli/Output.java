package dev.velo.cli;

import com.google.gson.GsonBuilder;
import java.io.PrintWriter;
import java.util.Locale;

/** How results are printed. */
final class Output {
    private Output() {}

    /** One JSON object on one line. */
    static void json(PrintWriter out, Object value) {
        out.println(new GsonBuilder()
                .disableHtmlEscaping()
                .serializeNulls()
                .create()
                .toJson(value));
        out.flush();
    }

    /** A size for people, in powers of 1024. */
    static String size(long bytes) {
        String[] units = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
        double value = bytes;
        int unit = 0;
        while (value >= 1024 && unit < units.length - 1) {
            value /= 1024;
            unit++;
        }
        return unit == 0 ? bytes + " B" : String.format(Locale.ROOT, "%.1f %s", value, units[unit]);
    }

    static String seconds(long nanos) {
        return String.format(Locale.ROOT, "%.3f", nanos / 1e9);
    }

    /** Mode bits as ls writes them, without the type. */
    static String mode(int mode) {
        return String.format(Locale.ROOT, "%04o", mode);
    }
}
