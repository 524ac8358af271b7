/** An application in a run-time image of the fewest modules, made and run by ModulePathIT. */
module image {
  requires io.everpool.core;
}
