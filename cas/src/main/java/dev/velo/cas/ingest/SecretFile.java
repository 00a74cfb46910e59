package dev.velo.cas.ingest;

import dev.velo.cas.FileName;
import dev.velo.cas.TreePath;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.store.SourceException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * Files that commonly hold secrets. Told by name, and where a name is used for harmless files too, by a text in the first
 * {@link #HEAD} bytes as well. The one list; docs/security.md repeats it.
 *
 * @param what the file is, in words
 * @param names in lower case: a whole name, {@code *.extension}, or a whole path suffix with one slash
 * @param content that must be in the file, or null
 */
record SecretFile(String what, List<String> names, Pattern content) {
    private static final int HEAD = 64 << 10;

    private static final List<SecretFile> ALL = List.of(
            named("environment file", ".env", ".env.*", ".envrc"),
            named(
                    "SSH private key",
                    "id_rsa",
                    "id_dsa",
                    "id_ecdsa",
                    "id_ed25519",
                    "id_ecdsa_sk",
                    "id_ed25519_sk",
                    "*.ppk"),
            holding("private key", "PRIVATE KEY-----", "*.pem", "*.key", "*.p8"),
            named("key store", "*.p12", "*.pfx", "*.jks", "*.keystore", "*.kdbx"),
            named(
                    "login data",
                    ".netrc",
                    "_netrc",
                    ".git-credentials",
                    ".pgpass",
                    ".my.cnf",
                    ".vault-token",
                    ".pypirc",
                    ".htpasswd",
                    ".s3cfg",
                    ".boto"),
            holding(
                    "package registry token",
                    "_auth(Token)?\\b|_password|npmAuth(Token|Ident)",
                    ".npmrc",
                    ".yarnrc.yml"),
            named("package registry token", ".cargo/credentials", ".cargo/credentials.toml", ".gem/credentials"),
            holding("registry login", "\"auth\"\\s*:", ".docker/config.json", ".dockercfg"),
            named("state with secrets", "terraform.tfstate", "terraform.tfstate.backup"),
            named("cloud credentials", ".aws/credentials", "application_default_credentials.json"),
            holding(
                    "service account key",
                    "\"private_key\"\\s*:",
                    "credentials.json",
                    "service-account.json",
                    "service_account.json",
                    "serviceaccount.json"),
            named("cluster credentials", ".kube/config"));

    /** Templates of environment files are made to be shared. */
    private static final List<String> TEMPLATES = List.of(".example", ".sample", ".template", ".dist");

    private static final Map<String, List<SecretFile>> BY_NAME = new HashMap<>();

    static {
        for (SecretFile secret : ALL) {
            for (String name : secret.names) {
                String last = name.substring(name.indexOf('/') + 1);
                BY_NAME.computeIfAbsent(last, key -> new ArrayList<>()).add(secret);
            }
        }
    }

    private static SecretFile named(String what, String... names) {
        return new SecretFile(what, List.of(names), null);
    }

    private static SecretFile holding(String what, String content, String... names) {
        return new SecretFile(what, List.of(names), Pattern.compile(content));
    }

    /**
     * What a file is, in words, or null where it is none of these.
     *
     * @throws SourceException where the name says it may be one and it cannot be read
     */
    static String kind(FileOps files, int dir, FileName name, TreePath parent) throws SourceException {
        String text = new String(name.toBytes(), StandardCharsets.ISO_8859_1).toLowerCase(Locale.ROOT);
        int dot = text.lastIndexOf('.');
        List<SecretFile> candidates = BY_NAME.get(text);
        if (candidates == null && text.startsWith(".env.") && TEMPLATES.stream().noneMatch(text::endsWith)) {
            candidates = BY_NAME.get(".env.*");
        }
        if (candidates == null && dot >= 0) {
            candidates = BY_NAME.get("*" + text.substring(dot));
        }
        if (candidates == null) {
            return null;
        }
        for (SecretFile secret : candidates) {
            if (secret.isBelow(parent, text)
                    && (secret.content == null
                            || secret.content.matcher(head(files, dir, name)).find())) {
                return secret.what;
            }
        }
        return null;
    }

    /** A name that is listed with its directory counts only there. */
    private boolean isBelow(TreePath parent, String text) {
        return names.stream().noneMatch(name -> name.endsWith("/" + text))
                || names.stream()
                        .filter(name -> name.endsWith("/" + text))
                        .map(name -> name.substring(0, name.indexOf('/')))
                        .anyMatch(directory -> ("/" + parent.toUtf8()).endsWith("/" + directory));
    }

    private static String head(FileOps files, int dir, FileName name) throws SourceException {
        try (Descriptor file = files.openRead(dir, name.toBytes())) {
            ByteBuffer buffer = ByteBuffer.allocateDirect(HEAD);
            while (buffer.hasRemaining() && files.read(file.number(), buffer) > 0) {
                continue;
            }
            byte[] content = new byte[buffer.flip().remaining()];
            buffer.get(content);
            return new String(content, StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            throw new SourceException(e);
        }
    }
}
