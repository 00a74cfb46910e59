package dev.velo.cas.posix;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Set;

/** File operations of which each call passes somebody who may change, refuse or delay it. */
public final class InterposedFileOps {
    /** Sees every call. Called by any thread. */
    public interface Interposer {
        Object call(Call call) throws Throwable;
    }

    /** One call. {@link #proceed} makes it; it may be made with other arguments, several times or not at all. */
    public record Call(String name, Object[] arguments, FileOps next, Method method) {
        public Object proceed() throws Throwable {
            try {
                return method.invoke(next, arguments);
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
        }

        public int number(int argument) {
            return (Integer) arguments[argument];
        }

        public byte[] name(int argument) {
            return (byte[]) arguments[argument];
        }

        @Override
        public String toString() {
            StringBuilder text = new StringBuilder(name);
            for (Object argument : arguments == null ? new Object[0] : arguments) {
                text.append(' ').append(argument instanceof byte[] bytes ? ErrnoException.printable(bytes) : argument);
            }
            return text.toString();
        }
    }

    /** They cannot fail. */
    private static final Set<String> FREE =
            Set.of("effectiveUid", "effectiveGid", "granted", "toString", "hashCode", "equals", "raiseDescriptorLimit");

    private InterposedFileOps() {}

    /** Descriptors that are opened through the result are closed through it. */
    public static FileOps of(FileOps next, Interposer interposer) {
        FileOps[] self = new FileOps[1];
        self[0] = (FileOps) Proxy.newProxyInstance(
                FileOps.class.getClassLoader(), new Class<?>[] {FileOps.class}, (proxy, method, arguments) -> {
                    Call call = new Call(method.getName(), arguments, next, method);
                    if (FREE.contains(method.getName())) {
                        return call.proceed();
                    }
                    Object result = interposer.call(call);
                    return result instanceof Descriptor opened ? new Descriptor(self[0], opened.number()) : result;
                });
        return self[0];
    }
}
