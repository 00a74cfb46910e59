package dev.velo.daemon;

import java.util.List;

/**
 * A command, and all of its caller's that it works with.
 *
 * @param terminals bit N: standard descriptor N is a terminal
 * @param descriptorLimit unsigned
 */
record Request(
        int umask,
        int terminals,
        int rows,
        int columns,
        long descriptorLimit,
        byte[] directory,
        List<byte[]> arguments,
        List<byte[]> environment) {
    static Request decode(byte[] body) throws FrameException {
        BodyReader fields = new BodyReader(body);
        Request request = new Request(
                fields.number(),
                fields.number(),
                fields.number(),
                fields.number(),
                fields.wideNumber(),
                fields.text(),
                fields.texts(),
                fields.texts());
        fields.end();
        if ((request.umask & ~0777) != 0) {
            throw new FrameException("a umask of " + Integer.toOctalString(request.umask));
        }
        if (request.directory.length == 0 || request.directory[0] != '/') {
            throw new FrameException("a directory that is not absolute");
        }
        return request;
    }

    boolean isTerminal(int standardDescriptor) {
        return (terminals & 1 << standardDescriptor) != 0;
    }
}
