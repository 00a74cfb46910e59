package dev.velo.cli;

import dev.velo.cas.store.IdRange;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Ranges of ids, {@code FIRST:COUNT}. */
final class IdRangeConverter implements ITypeConverter<IdRange> {
    @Override
    public IdRange convert(String text) {
        try {
            return IdRange.parse(text);
        } catch (IllegalArgumentException e) {
            throw new TypeConversionException(e.getMessage());
        }
    }
}
