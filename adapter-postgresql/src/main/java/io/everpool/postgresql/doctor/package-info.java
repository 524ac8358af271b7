/**
 * Says, of a configuration and the database that it names, what works, what doesn't and what to do:
 * {@link io.everpool.postgresql.doctor.Doctor}.
 */
@NullMarked
package io.everpool.postgresql.doctor;

import org.jspecify.annotations.NullMarked;
