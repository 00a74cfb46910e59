package dev.velo.transfer.archive;

import dev.velo.cas.Digest;
import dev.velo.cas.UserPath;
import dev.velo.cas.VeloException;
import dev.velo.cas.posix.FileOps;
import dev.velo.transfer.Destination;
import dev.velo.transfer.ManifestReference;
import dev.velo.transfer.Origin;
import dev.velo.transfer.TransferException;
import java.nio.file.Files;
import java.util.List;
import java.util.Optional;

/** Finds out which kind of archive a path names. */
public final class Archives {
    private static final int NAMED = 10;

    private Archives() {}

    /**
     * For a push: what is there already, else a tar file where the name says so, else a directory.
     *
     * @param files what makes files for whoever pushes
     */
    public static Destination toWrite(UserPath path, FileOps files) throws VeloException {
        boolean tar = Files.isDirectory(path.path())
                ? false
                : Files.exists(path.path()) || path.toString().endsWith(".tar");
        return tar ? new TarArchiveWriter(path, files) : DirectoryArchive.toWrite(path, files);
    }

    /** For a pull. */
    public static Origin toRead(UserPath path) throws VeloException {
        if (Files.isDirectory(path.path())) {
            return DirectoryArchive.toRead(path);
        }
        if (!Files.exists(path.path())) {
            throw new TransferException(
                    "cannot pull from " + path + ": there is no such file", "make it with velo push --archive");
        }
        return new TarArchiveReader(path);
    }

    /** Which of the manifests of an archive a user means. */
    static Digest choose(Optional<ManifestReference> wanted, List<Digest> there, UserPath archive)
            throws TransferException {
        if (wanted.isPresent() && there.contains(wanted.get().digest())) {
            return wanted.get().digest();
        }
        if (wanted.isEmpty() && there.size() == 1) {
            return there.get(0);
        }
        String names =
                String.join(", ", there.stream().limit(NAMED).map(Digest::toHex).toList());
        throw new TransferException(
                "cannot pull from " + archive + ": "
                        + (there.isEmpty()
                                ? "it holds no manifest"
                                : wanted.isPresent()
                                        ? "it does not hold manifest "
                                                + wanted.get().digest()
                                        : "it holds " + there.size() + " manifests"),
                there.isEmpty()
                        ? "make it with velo push --archive"
                        : "name one that it holds: " + names + (there.size() > NAMED ? " and more" : ""));
    }
}
