package io.everpool.postgresql;

/**
 * The names of pgjdbc's properties that are spoken of here. As text: a constant of {@code
 * PGProperty} that came later than the user's driver would keep every class that names it from
 * loading.
 */
final class PropertyNames {
  static final String APPLICATION_NAME = "ApplicationName";
  static final String ASSUME_MIN_SERVER_VERSION = "assumeMinServerVersion";
  static final String AUTHENTICATION_PLUGIN_CLASS_NAME = "authenticationPluginClassName";
  static final String CHANNEL_BINDING = "channelBinding";
  static final String CLASS_LOADER_STRATEGY = "classLoaderStrategy";
  static final String CONNECT_EXECUTOR = "connectExecutor";
  static final String CONNECT_TIMEOUT = "connectTimeout";
  static final String GSS_ENC_MODE = "gssEncMode";
  static final String GSS_LIB = "gsslib";
  static final String KERBEROS_SERVER_NAME = "kerberosServerName";
  static final String LOAD_BALANCE_HOSTS = "loadBalanceHosts";
  static final String LOGIN_TIMEOUT = "loginTimeout";
  static final String OPTIONS = "options";
  static final String PASSWORD = "password";
  static final String PG_DBNAME = "PGDBNAME";
  static final String PG_HOST = "PGHOST";
  static final String PG_PORT = "PGPORT";
  static final String QUERY_TIMEOUT = "queryTimeout";
  static final String REPLICATION = "replication";
  static final String REQUIRE_AUTH = "requireAuth";
  static final String SERVICE = "service";
  static final String SOCKET_FACTORY = "socketFactory";
  static final String SOCKET_FACTORY_ARG = "socketFactoryArg";
  static final String SOCKET_TIMEOUT = "socketTimeout";
  static final String SSL_CERT = "sslcert";
  static final String SSL_FACTORY = "sslfactory";
  static final String SSL_FACTORY_ARG = "sslfactoryarg";
  static final String SSL_HOSTNAME_VERIFIER = "sslhostnameverifier";
  static final String SSL_KEY = "sslkey";
  static final String SSL_MODE = "sslmode";
  static final String SSL_NEGOTIATION = "sslNegotiation";
  static final String SSL_PASSWORD = "sslpassword";
  static final String SSL_PASSWORD_CALLBACK = "sslpasswordcallback";
  static final String SSL_ROOT_CERT = "sslrootcert";
  static final String TARGET_SERVER_TYPE = "targetServerType";
  static final String TCP_KEEP_ALIVE = "tcpKeepAlive";
  static final String USER = "user";
  static final String XML_FACTORY_FACTORY = "xmlFactoryFactory";

  private PropertyNames() {}
}
