package io.everpool.guice;

import jakarta.inject.Qualifier;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;

/** An application's own binding annotation. */
@Qualifier
@Retention(RetentionPolicy.RUNTIME)
@interface Reports {}
