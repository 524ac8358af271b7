/**
 * An application that wants Jdbi over a pool and nothing more, compiled and run by ModulePathIT.
 */
module jdbi {
  requires com.fasterxml.jackson.databind;
  requires io.everpool.core;
  requires io.everpool.jdbi;
}
