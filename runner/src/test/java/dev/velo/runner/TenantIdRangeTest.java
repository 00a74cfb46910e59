package dev.velo.runner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.velo.cas.VeloException;
import dev.velo.cas.store.IdRange;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TenantIdRangeTest {
    @TempDir
    Path etc;

    private final Map<String, String> environment = new HashMap<>();

    @BeforeEach
    void anOrdinaryHost() throws Exception {
        put(
                "passwd",
                "root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\nann:x:1000:1000::/home/ann:/bin/sh\n");
        put("group", "root:x:0:\nnogroup:x:65534:\nann:x:1000:\n");
        put("subuid", "ann:100000:65536\n");
        put("subgid", "ann:100000:65536\n");
        put("uid_map", "         0          0 4294967295\n");
        put("gid_map", "         0          0 4294967295\n");
    }

    private void put(String name, String text) throws Exception {
        Files.writeString(etc.resolve(name), text);
    }

    private IdRange range(String option) throws VeloException {
        return new TenantIdRange(Optional.ofNullable(option).map(IdRange::parse), environment, new HostIds(etc), etc)
                .range();
    }

    @Test
    void eachSourceWinsOverTheNext() throws Exception {
        assertThat(range(null)).isEqualTo(new IdRange(2013265920, 134086656));
        put("subuid", "velo:300000:1000\nann:100000:65536\n");
        assertThat(range(null)).isEqualTo(TenantIdRange.DEFAULT);
        put("subgid", "velo:300500:1000\n");
        assertThat(range(null)).isEqualTo(new IdRange(300500, 500));
        environment.put("VELO_TENANT_IDS", "400000:10");
        assertThat(range(null)).isEqualTo(new IdRange(400000, 10));
        assertThat(range("500000:10")).isEqualTo(new IdRange(500000, 10));
        environment.put("VELO_TENANT_IDS", "many");
        assertThatThrownBy(() -> range(null)).hasMessageContaining("VELO_TENANT_IDS");
    }

    @Test
    void whatSomebodyElseHasIsRefused() throws Exception {
        assertThat(range("165536:10")).isNotNull();
        assertThatThrownBy(() -> range("165535:10")).hasMessageContaining("/etc/subuid lends 100000 to 165535 to ann");
        assertThatThrownBy(() -> range("99990:11")).hasMessageContaining("to ann");
        assertThatThrownBy(() -> range("65535:10")).hasMessageContaining("for accounts and services");
        put("group", "many:x:300005:\n");
        assertThatThrownBy(() -> range("300000:10")).hasMessageContaining("/etc/group gives 300005 to many");
        put("passwd", "bob:x:400000:1::/:/bin/sh\n");
        assertThatThrownBy(() -> range("399991:10")).hasMessageContaining("/etc/passwd gives 400000 to bob");
        put("subuid", "ann:2013265920:1\n");
        assertThatThrownBy(() -> range(null)).hasMessageContaining("to ann");
    }

    @Test
    void inAUserNamespaceTheIdsMustBeThere() throws Exception {
        put("uid_map", "0 1000 1\n100000 100000 65536\n");
        put("gid_map", "0 1000 1\n100000 100000 60000\n");
        assertThat(range("100000:60000")).isNotNull();
        assertThatThrownBy(() -> range("100000:60001")).hasMessageContaining("this user namespace does not have them");
        assertThatThrownBy(() -> range(null)).hasMessageContaining("this user namespace does not have them");
    }

    @Test
    void idsAreLentToANameOrANumber() throws Exception {
        HostIds host = new HostIds(etc);
        assertThat(host.namesOf(1000)).containsExactlyInAnyOrder("ann", "1000");
        assertThat(host.namesOf(1001)).isEmpty();
        assertThat(host.lentTo(host.namesOf(1000))).contains(new IdRange(100000, 65536));
        put("subuid", "1000:200000:5\nann:100000:65536\nann:bad:5\nann:1:0\n\n");
        put("subgid", "1000:200002:5\n");
        assertThat(host.lentTo(host.namesOf(1000))).contains(new IdRange(200002, 3));
        put("subgid", "1000:900000:5\n");
        assertThat(host.lentTo(host.namesOf(1000))).isEmpty();
        assertThat(host.lentTo(Set.of("bob"))).isEmpty();
    }

    @Test
    void withoutTheirProgramsLentIdsAreOfNoUse() throws Exception {
        LentIds none = new LentIds(new HostIds(etc), Map.of("PATH", etc.toString()));
        assertThat(none.to(1000, Optional.empty()).refusal()).contains("newuidmap");
        for (String name : new String[] {"newuidmap", "newgidmap"}) {
            put(name, "#!/bin/sh\n");
            assertThat(etc.resolve(name).toFile().setExecutable(true)).isTrue();
        }
        assertThat(none.to(1000, Optional.empty()).range()).isEqualTo(new IdRange(100000, 65536));
        assertThat(none.to(1000, Optional.of(new IdRange(100010, 5))).range()).isEqualTo(new IdRange(100010, 5));
        assertThat(none.to(1000, Optional.of(new IdRange(165535, 2))).refusal()).contains("not 165535 to 165536");
        assertThat(none.to(1001, Optional.empty()).refusal()).contains("lend no ids to uid 1001");
    }
}
