package dev.velo.it;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * The commands of this class go the usual way, by a resident process, which is there from the beginning; else a JVM of its own does each. A class with this
 * that has no tests of its own says that those of its parent have the same results both ways.
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
@interface ByResident {}
