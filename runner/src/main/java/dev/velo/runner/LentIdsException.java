package dev.velo.runner;

import dev.velo.namespaces.exec.IdLoan;

/** What was asked for takes ids that are lent to the caller: only a process that was started with them has those. */
public final class LentIdsException extends Exception {
    private final transient LentIds.Answer answer;

    LentIdsException(LentIds.Answer answer) {
        super("ids " + answer.range() + " are needed");
        this.answer = answer;
    }

    /** @param failure the exit status of the command where the ids cannot be had after all */
    public IdLoan loan(int failure) {
        return new IdLoan(
                answer.range().first(), answer.range().count(), answer.userMapper(), answer.groupMapper(), failure);
    }
}
