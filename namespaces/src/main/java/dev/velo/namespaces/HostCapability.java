package dev.velo.namespaces;

/**
 * One thing that this host can do, or why it cannot, as the launcher tells it. Immutable.
 *
 * @param needed whether no sandbox runs without it
 * @param type why not: one of the closed set in docs/formats/doctor.md; empty where it is there, like reason and fix
 * @param fix a command, or what else helps
 * @param detail what exactly there is; may be empty
 */
public record HostCapability(
        String name, boolean needed, boolean ok, String type, String reason, String fix, String detail) {
    private static final int FIELDS = 7;

    /** A capability that is there. */
    public static HostCapability present(String name, boolean needed) {
        return new HostCapability(name, needed, true, "", "", "", "");
    }

    /** Reads a line of the launcher's probe: its fields, divided by tabs. */
    public static HostCapability parse(String line) throws LaunchException {
        String[] fields = line.split("\t", -1);
        if (fields.length != FIELDS) {
            throw new LaunchException(
                    "cannot read the launcher's answer: it has " + fields.length + " fields: " + line,
                    "install velo again, all of its directories",
                    null);
        }
        return new HostCapability(
                fields[0],
                fields[1].equals("needed"),
                fields[2].equals("yes"),
                fields[3],
                fields[4],
                fields[5],
                fields[6]);
    }
}
