package dev.velo.cli;

import dev.velo.cas.store.TenantName;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Names of tenants. */
final class TenantNameConverter implements ITypeConverter<TenantName> {
    @Override
    public TenantName convert(String text) {
        try {
            return new TenantName(text);
        } catch (IllegalArgumentException e) {
            throw new TypeConversionException(e.getMessage());
        }
    }
}
