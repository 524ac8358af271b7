/**
 * Settings that contradict each other where the driver and the database are concerned. {@link
 * io.everpool.postgresql.advice.DriverContradictions} has the table, with a class for each subject.
 */
@NullMarked
package io.everpool.postgresql.advice;

import org.jspecify.annotations.NullMarked;
