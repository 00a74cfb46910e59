package dev.velo.cli;

import dev.velo.profiles.Processors;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A number of processors as thousandths of one: {@link Processors}. */
final class ProcessorsConverter implements ITypeConverter<Long> {
    @Override
    public Long convert(String text) {
        try {
            return Processors.parse(text);
        } catch (IllegalArgumentException e) {
            throw new TypeConversionException(e.getMessage());
        }
    }
}
