package dev.velo.cli;

import dev.velo.transfer.TransferResult;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Map;

/** How push and pull report. */
final class TransferOutput {
    private TransferOutput() {}

    static void print(PrintWriter out, TransferResult result, boolean json, long nanos) {
        if (json) {
            Map<String, Object> values = new LinkedHashMap<>();
            values.put("digest", result.manifest().digest().toHex());
            values.put("reference", result.manifest().toString());
            values.put("blobs", result.blobs());
            values.put("bytes", result.bytes());
            values.put("moved_blobs", result.movedBlobs());
            values.put("moved_bytes", result.movedBytes());
            values.put("manifest_moved", result.manifestMoved());
            values.put("seconds", nanos / 1e9);
            Output.json(out, values);
            return;
        }
        out.println("manifest   " + result.manifest());
        out.println("blobs      " + result.blobs() + ", " + result.bytes() + " bytes (" + Output.size(result.bytes())
                + ")");
        out.println("moved      " + result.movedBlobs() + " blobs, " + result.movedBytes() + " bytes ("
                + Output.size(result.movedBytes()) + ")");
        out.println("seconds    " + Output.seconds(nanos));
        out.flush();
    }
}
