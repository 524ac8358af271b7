/** An application on the module path, which is one of Spring Boot over a pool. */
module spring {
  requires io.everpool.api;
  requires io.everpool.spring;
  requires spring.boot;
  requires spring.boot.autoconfigure;
  requires spring.context;

  // Spring makes the beans
  opens spring;
}
