package io.everpool.hocon;

import com.typesafe.config.ConfigObject;

/** A block and the path at which it stands. */
record Layer(String path, ConfigObject block) {}
