package dev.velo.cas.fault;

import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Every call of every durable operation of the store goes wrong once, in every way that it can. */
class StoreFaultsTest {
    private static final Fault[] ALL = {
        Fault.EIO, Fault.ENOSPC, Fault.EMLINK, Fault.EXDEV, Fault.EMFILE, Fault.SHORT_READ, Fault.CRASH
    };

    private static Path scratch;
    private static StoreScenarios scenarios;

    @BeforeAll
    static void sources() throws Exception {
        scratch = Scratch.make();
        scenarios = new StoreScenarios(Sources.at(scratch));
        // A file changed this recently is read a second time by an ingest.
        Thread.sleep(30);
    }

    @AfterAll
    static void remove() throws Exception {
        Scratch.remove(scratch);
    }

    /** Real processes that end in the middle: the kernel closes their descriptors, and nothing of theirs runs any more. */
    @Test
    void killedProcesses() throws Exception {
        new KilledProcesses("ingest", scratch, scenarios.ingestion()).run(6);
        new KilledProcesses("collection", scratch, scenarios.collection()).run(4);
    }

    @Test
    void creation() throws Exception {
        new Campaign("store creation", scenarios.creation(), 80).run(ALL);
    }

    @Test
    void ingestion() throws Exception {
        new Campaign("ingest", scenarios.ingestion(), 200).run(ALL);
    }

    @Test
    void manifestWriting() throws Exception {
        new Campaign("manifest writing", scenarios.manifestWriting(), 100).run(ALL);
    }

    @Test
    void registration() throws Exception {
        new Campaign("root registration", scenarios.registration(), 80).run(ALL);
    }

    @Test
    void leases() throws Exception {
        new Campaign("lease", scenarios.leases(), 60).run(ALL);
    }

    @Test
    void twins() throws Exception {
        new Campaign("executable twins", scenarios.twins(), 80).run(ALL);
    }

    @Test
    void collection() throws Exception {
        new Campaign("gc --run", scenarios.collection(), 120).run(ALL);
    }

    @Test
    void repair() throws Exception {
        new Campaign("verify --repair", scenarios.repair(), 80).run(ALL);
    }
}
