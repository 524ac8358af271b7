/** What a driver, a listener, a recorder or a classifier may do, tried in full. */
@org.jspecify.annotations.NullMarked
package io.everpool.core.fault;
