package dev.velo.cas.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.velo.cas.FileName;
import dev.velo.cas.TreePath;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.FileOps;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SecretFileTest {
    @TempDir
    Path temp;

    private boolean isSecret(String parent, String name, String content) throws Exception {
        Path directory = Files.createDirectories(temp.resolve(parent));
        Files.writeString(directory.resolve(name), content);
        byte[] path = directory.toString().getBytes(StandardCharsets.UTF_8);
        try (Descriptor dir = FileOps.system().openDirectoryFollowing(path)) {
            return SecretFile.kind(FileOps.system(), dir.number(), FileName.of(name), TreePath.parse(parent)) != null;
        }
    }

    @Test
    void tellsByName() throws Exception {
        for (String name : new String[] {
            ".env",
            ".env.production",
            "id_rsa",
            "id_ed25519",
            "a.p12",
            "B.PFX",
            ".netrc",
            ".pypirc",
            ".git-credentials",
            ".envrc",
            ".htpasswd",
            ".s3cfg",
            ".boto",
            "terraform.tfstate",
            "terraform.tfstate.backup"
        }) {
            assertThat(isSecret("any", name, "")).as(name).isTrue();
        }
        for (String name : new String[] {
            ".env.example",
            ".env.sample",
            "env",
            ".environment",
            "id_rsa.pub",
            "p12",
            "netrc.md",
            "credentials",
            "config"
        }) {
            assertThat(isSecret("any", name, "")).as(name).isFalse();
        }
    }

    @Test
    void tellsByContentWhereTheNameIsNotEnough() throws Exception {
        assertThat(isSecret("x", "key.pem", "-----BEGIN RSA PRIVATE KEY-----\n"))
                .isTrue();
        assertThat(isSecret("x", "AuthKey_1.p8", "-----BEGIN PRIVATE KEY-----\n"))
                .isTrue();
        assertThat(isSecret("x", ".dockercfg", "{\"r\": {\"auth\": \"x\"}}")).isTrue();
        assertThat(isSecret("x", "ca.pem", "-----BEGIN CERTIFICATE-----\n")).isFalse();
        assertThat(isSecret("x", ".npmrc", "//registry.example/:_authToken=abc\n"))
                .isTrue();
        assertThat(isSecret("x", ".npmrc", "save-exact=true\n")).isFalse();
        assertThat(isSecret("x", "credentials.json", "{\"private_key\": \"-----BEGIN"))
                .isTrue();
        assertThat(isSecret("x", "credentials.json", "{}")).isFalse();
    }

    @Test
    void tellsByTheDirectoryAbove() throws Exception {
        assertThat(isSecret("home/.aws", "credentials", "")).isTrue();
        assertThat(isSecret(".aws", "credentials", "")).isTrue();
        assertThat(isSecret("home/x.aws", "credentials", "")).isFalse();
        assertThat(isSecret(".kube", "config", "")).isTrue();
        assertThat(isSecret(".docker", "config.json", "{\"auths\": {\"r\": {\"auth\": \"x\"}}}"))
                .isTrue();
        assertThat(isSecret(".docker", "config.json", "{}")).isFalse();
    }
}
