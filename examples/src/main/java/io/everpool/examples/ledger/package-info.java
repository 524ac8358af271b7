/** A small application: accounts, and transfers between them. */
@NullMarked
package io.everpool.examples.ledger;

import org.jspecify.annotations.NullMarked;
