package io.everpool.postgresql.driver;

/**
 * The names of pgjdbc's properties that are used in this adapter. They are texts: a constant of
 * {@code PGProperty} that is newer than the user's driver would keep every class that names it from
 * loading.
 */
public final class PropertyNames {
  public static final String APPLICATION_NAME = "ApplicationName";
  public static final String ASSUME_MIN_SERVER_VERSION = "assumeMinServerVersion";
  public static final String AUTHENTICATION_PLUGIN_CLASS_NAME = "authenticationPluginClassName";
  public static final String CANCEL_SIGNAL_TIMEOUT = "cancelSignalTimeout";
  public static final String CHANNEL_BINDING = "channelBinding";
  public static final String CLASS_LOADER_STRATEGY = "classLoaderStrategy";
  public static final String CONNECT_EXECUTOR = "connectExecutor";
  public static final String CONNECT_TIMEOUT = "connectTimeout";
  public static final String GSS_ENC_MODE = "gssEncMode";
  public static final String GSS_LIB = "gsslib";
  public static final String KERBEROS_SERVER_NAME = "kerberosServerName";
  public static final String LOAD_BALANCE_HOSTS = "loadBalanceHosts";
  public static final String LOGIN_TIMEOUT = "loginTimeout";
  public static final String OPTIONS = "options";
  public static final String PASSWORD = "password";
  public static final String PEM_KEY_ALGORITHM = "pemKeyAlgorithm";
  public static final String PG_DBNAME = "PGDBNAME";
  public static final String PG_HOST = "PGHOST";
  public static final String PG_PORT = "PGPORT";
  public static final String PREPARED_STATEMENT_CACHE_QUERIES = "preparedStatementCacheQueries";
  public static final String QUERY_TIMEOUT = "queryTimeout";
  public static final String READ_ONLY_MODE = "readOnlyMode";
  public static final String REPLICATION = "replication";
  public static final String REQUIRE_AUTH = "requireAuth";
  public static final String SERVICE = "service";
  public static final String SOCKET_FACTORY = "socketFactory";
  public static final String SOCKET_FACTORY_ARG = "socketFactoryArg";
  public static final String SOCKET_TIMEOUT = "socketTimeout";
  public static final String SSL_CERT = "sslcert";
  public static final String SSL_FACTORY = "sslfactory";
  public static final String SSL_FACTORY_ARG = "sslfactoryarg";
  public static final String SSL_HOSTNAME_VERIFIER = "sslhostnameverifier";
  public static final String SSL_KEY = "sslkey";
  public static final String SSL_MODE = "sslmode";
  public static final String SSL_NEGOTIATION = "sslNegotiation";
  public static final String SSL_PASSWORD = "sslpassword";
  public static final String SSL_PASSWORD_CALLBACK = "sslpasswordcallback";
  public static final String SSL_ROOT_CERT = "sslrootcert";
  public static final String TARGET_SERVER_TYPE = "targetServerType";
  public static final String TCP_KEEP_ALIVE = "tcpKeepAlive";
  public static final String USER = "user";
  public static final String XML_FACTORY_FACTORY = "xmlFactoryFactory";

  private PropertyNames() {}
}
