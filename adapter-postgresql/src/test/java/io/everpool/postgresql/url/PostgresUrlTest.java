package io.everpool.postgresql.url;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.everpool.api.InvalidPoolConfigException;
import io.everpool.api.PoolConfig;
import io.everpool.api.PoolerMode;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.DriverAdapter;
import io.everpool.postgresql.PostgresAdapter;
import io.everpool.postgresql.driver.PresentDriver;
import io.everpool.postgresql.socket.KeepAlive;
import io.everpool.postgresql.socket.TlsTerms;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What URLs say, and what is said of those that can't work. */
class PostgresUrlTest {
  private static final PostgresAdapter ADAPTER = new PostgresAdapter();

  private static Destination libpq(String url) {
    List<String> problems = new ArrayList<>();
    Destination destination = LibpqTranslation.of(LibpqUrl.parse(url, problems), problems);
    assertThat(problems).isEmpty();
    return destination;
  }

  private static Destination jdbc(String url) {
    List<String> problems = new ArrayList<>();
    Destination destination = JdbcUrl.parse(url, problems);
    assertThat(problems).isEmpty();
    return destination;
  }

  private static Connector connector(String url) {
    return ADAPTER.connector(PoolConfig.builder(url).build());
  }

  private static List<String> problems(PoolConfig config) {
    InvalidPoolConfigException refusal =
        catchThrowableOfType(InvalidPoolConfigException.class, () -> ADAPTER.connector(config));
    assertThat(refusal).as("refusal of " + config).isNotNull();
    return refusal.problems();
  }

  private static List<String> problems(String url) {
    return problems(PoolConfig.builder(url).build());
  }

  @Test
  void theAdapterIsFoundAndTakesThreeSchemes() {
    assertThat(ServiceLoader.load(DriverAdapter.class))
        .hasAtLeastOneElementOfType(PostgresAdapter.class);
    assertThat(ADAPTER.accepts("jdbc:postgresql://h/d")).isTrue();
    assertThat(ADAPTER.accepts("postgresql://h/d")).isTrue();
    assertThat(ADAPTER.accepts(" postgres://h/d\n")).isTrue();
    assertThat(ADAPTER.accepts("jdbc:h2:mem:x")).isFalse();
    assertThat(ADAPTER.accepts("mysql://h/d")).isFalse();
  }

  @Test
  void everythingMayBePercentEncoded() {
    Destination said =
        libpq(
            "postgresql://j%40e:p%2Fw%3A%25%C3%BC@db%2Dhost:54%33%33/my%20db"
                + "?application%5Fname=a%26b+c");
    assertThat(said.hosts()).hasToString("[db-host:5433]");
    assertThat(said.properties())
        .containsExactlyInAnyOrderEntriesOf(
            Map.of(
                "user", "j@e",
                "password", "p/w:%ü",
                "PGDBNAME", "my db",
                "ApplicationName", "a&b+c"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "postgresql://                    | [localhost:5432]",
        "postgresql:///db                 | [localhost:5432]",
        "postgresql://:5433/db            | [localhost:5433]",
        "postgresql://h                   | [h:5432]",
        "postgresql://u@h?connect_timeout=1 | [h:5432]",
        "postgres://a,b:1,:2/db           | [a:5432, b:1, localhost:2]",
        "postgresql://[::1]:9/db          | [[::1]:9]",
        "postgresql://u:p@[2001:db8::1],h | [[2001:db8::1]:5432, h:5432]",
        "postgresql:///db?host=a,b&port=1 | [a:1, b:1]",
        "postgresql://x:7/db?host=a,b&port=1,2 | [a:1, b:2]",
        "jdbc:postgresql:db               | [localhost:5432]",
        "jdbc:postgresql:                 | [localhost:5432]",
        "jdbc:postgresql://               | [localhost:5432]",
        "jdbc:postgresql:///db            | [localhost:5432]",
        "jdbc:postgresql://h              | [h:5432]",
        "jdbc:postgresql://a:1,b,[::1]:3/db | [a:1, b:5432, [::1]:3]",
        "jdbc:postgresql://:5/db          | [localhost:5]",
        "jdbc:postgresql:db?host=h&port=6 | [h:6]"
      })
  void hostsAndPorts(String url, String hosts) {
    Destination said = url.startsWith("jdbc") ? jdbc(url) : libpq(url);
    assertThat(said.hosts()).hasToString(hosts);
  }

  @Test
  void credentialsMayBeParameters() {
    assertThat(libpq("postgresql:///?user=joe&password=s%26t&dbname=d").properties())
        .containsExactlyInAnyOrderEntriesOf(
            Map.of("user", "joe", "password", "s&t", "PGDBNAME", "d"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "sslmode=verify-full          | sslmode=verify-full",
        "ssl=true                     | sslmode=require",
        "sslnegotiation=direct        | sslNegotiation=direct",
        "sslrootcert=/r               | sslrootcert=/r",
        "sslcert=/c                   | sslcert=/c",
        "sslkey=/k                    | sslkey=/k",
        "sslpassword=p                | sslpassword=p",
        "channel_binding=require      | channelBinding=require",
        "require_auth=scram-sha-256,md5 | requireAuth=scram-sha-256,md5",
        "require_auth=!password       | requireAuth=!password",
        "gssencmode=require           | gssEncMode=require",
        "krbsrvname=x                 | kerberosServerName=x",
        "gsslib=gssapi                | gsslib=gssapi",
        "connect_timeout=7            | connectTimeout=7",
        "connect_timeout=-1           | connectTimeout=0",
        "connect_timeout=2147483      | connectTimeout=2147483",
        "connect_timeout=2147484      | connectTimeout=2147483",
        "connect_timeout=4294968      | connectTimeout=2147483",
        "connect_timeout=2147483647   | connectTimeout=2147483",
        "application_name=a           | ApplicationName=a",
        "fallback_application_name=a  | ApplicationName=a",
        "options=-c%20geqo%3Doff      | options=-c geqo=off",
        "keepalives=0                 | tcpKeepAlive=false",
        "keepalives=1                 | tcpKeepAlive=true",
        "replication=database         | replication=database",
        "load_balance_hosts=random    | loadBalanceHosts=true",
        "load_balance_hosts=disable   | loadBalanceHosts=false",
        "target_session_attrs=any     | targetServerType=any",
        "target_session_attrs=read-write | targetServerType=primary",
        "target_session_attrs=primary | targetServerType=primary",
        "target_session_attrs=read-only | targetServerType=secondary",
        "target_session_attrs=standby | targetServerType=secondary",
        "target_session_attrs=prefer-standby | targetServerType=preferSecondary"
      })
  void aParameterOfLibpqBecomesPgjdbcsProperty(String parameter, String property) {
    assertThat(libpq("postgresql://h/?" + parameter).properties())
        .hasToString("{" + property + "}");
  }

  /** libpq 16: sslrootcert=system means the system's roots, and verify-full. */
  @Test
  void theSystemsRootsWantFullVerification() {
    assertThat(libpq("postgresql://h/?sslrootcert=system").properties())
        .containsExactlyInAnyOrderEntriesOf(
            Map.of(
                "sslmode", "verify-full",
                "sslfactory", "org.postgresql.ssl.DefaultJavaSSLFactory"));
    assertThat(problems("postgresql://h/?sslrootcert=system&sslmode=require"))
        .containsExactly("sslrootcert=system wants sslmode=verify-full, not sslmode=require");
  }

  /** pgjdbc asks the JVM for that key, and would drop these without a word. */
  @Test
  void theSystemsRootsAndAClientsOwnKeyDoNotGoTogether() {
    assertThat(problems("postgresql://h/?sslrootcert=system&sslcert=/c&sslkey=/k"))
        .singleElement()
        .asString()
        .contains("javax.net.ssl.keyStore");
  }

  /** To pgjdbc it is a file. */
  @Test
  void theSystemsRootsAreSaidInOtherWordsInAJdbcUrl() {
    assertThat(problems("jdbc:postgresql://h/d?sslmode=verify-full&sslrootcert=system"))
        .singleElement()
        .asString()
        .contains("sslfactory=org.postgresql.ssl.DefaultJavaSSLFactory");
  }

  @ParameterizedTest
  @CsvSource({
    "sslsni=1                         , TLSv1.2, '', true",
    "sslsni=0                         , TLSv1.2, '', false",
    "ssl_min_protocol_version=        , TLSv1.2, '', true",
    "ssl_min_protocol_version=TLSv1.1 , TLSv1.2, '', true",
    "ssl_min_protocol_version=tlsv1.3 , TLSv1.3, '', true",
    "ssl_max_protocol_version=TLSv1.2 , TLSv1.2, TLSv1.2, true"
  })
  void whatPgjdbcHasNoPropertyForGoesToOurTlsSocket(
      String parameter, String least, String most, boolean named) {
    Destination said = libpq("postgresql://h/?" + parameter);
    assertThat(said.tls()).isEqualTo(new TlsTerms(least, most, named));
    assertThat(said.properties()).isEmpty();
    assertThat(said.notes()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "sslsni=yes, sslsni is",
    "ssl_min_protocol_version=1.2, ssl_min_protocol_version is",
    "ssl_max_protocol_version=SSLv3, ssl_max_protocol_version is",
    "ssl_max_protocol_version=TLSv1.1, ssl_max_protocol_version is TLSv1.1",
    "ssl_max_protocol_version=TLSv1.2&ssl_min_protocol_version=TLSv1.3, TLSv1.3 is the least"
  })
  void aTlsThatIsNoneOrTooOldIsRefused(String parameters, String words) {
    assertThat(problems("postgresql://h/?" + parameters))
        .singleElement()
        .asString()
        .contains(words);
  }

  @Test
  void keepAliveNumbersGoToOurSocket() {
    Destination said =
        libpq("postgresql://h/?keepalives_idle=5&keepalives_interval=0&keepalives_count=9");
    assertThat(said.keepAlive()).isEqualTo(new KeepAlive(5, 10, 9));
    assertThat(said.properties()).isEmpty();
  }

  /** Each socket would fail with the kernel's "Invalid argument", as a server out of reach does. */
  @ParameterizedTest
  @CsvSource({"keepalives_idle, 32767", "keepalives_interval, 32767", "keepalives_count, 127"})
  void keepAliveNumbersBeyondTheKernelsAreRefused(String name, int most) {
    assertThat(problems("postgresql://h/?" + name + "=" + (most + 1)))
        .containsExactly(
            name + " is \"" + (most + 1) + "\"; it must be at most " + most + ", as with Linux");
    assertThat(problems("postgresql://h/?" + name + "=" + Integer.MAX_VALUE)).hasSize(1);
    assertThat(problems("postgresql://h/?" + name + "=3000000000"))
        .singleElement()
        .asString()
        .endsWith("at most " + most + ", as with Linux");
    assertThat(libpq("postgresql://h/?" + name + "=" + most).keepAlive().toString())
        .contains(Integer.toString(most));
    assertThat(libpq("postgresql://h/?" + name + "=-1").keepAlive()).isEqualTo(KeepAlive.DEFAULT);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "sslcompression=1",
        "sslcertmode=allow",
        "tcp_user_timeout=3000",
        "client_encoding=UTF8",
        "gssdelegation=1",
        "max_protocol_version=3.2"
      })
  void whatIsHarmlessIsDroppedAndNoted(String parameter) {
    String name = parameter.substring(0, parameter.indexOf('='));
    Connector connector = connector("postgresql://h/?" + parameter);
    assertThat(connector.notes()).hasSize(1);
    assertThat(connector.notes().get(0)).startsWith(name + " is ignored: ");
    assertThat(connector).asString().contains(name);
  }

  /** To drop any of these would make the connection less safe than its owner thinks. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "sslcrl=/x",
        "sslcrldir=/x",
        "sslcertmode=require",
        "requirepeer=postgres",
        "requiressl=1",
        "require_auth=oauth",
        "scram_client_key=x",
        "hostaddr=10.0.0.1",
        "passfile=/x",
        "min_protocol_version=3.2",
        "client_encoding=LATIN1",
        "oauth_issuer=x"
      })
  void whatWouldBeMissedIsRefusedByName(String parameter) {
    assertThat(problems("postgresql://h/?" + parameter))
        .singleElement()
        .asString()
        .startsWith(parameter.substring(0, parameter.indexOf('=')));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "ssl_mode=require | libpq has no parameter ssl_mode; did you mean sslmode?",
        "SSLMODE=require | libpq has no parameter SSLMODE; did you mean sslmode?",
        "channelbinding=x | libpq has no parameter channelbinding; did you mean channel_binding?",
        "conect_timeout=1 | libpq has no parameter conect_timeout; did you mean connect_timeout?",
        "pgbouncer=true | libpq has no parameter pgbouncer",
        "prepareThreshold=0 | prepareThreshold is a property of pgjdbc, not a parameter of a libpq"
            + " URL: set it under properties"
      })
  void anUnknownParameterNamesTheNearestKnown(String parameter, String problem) {
    assertThat(problems("postgresql://h/?" + parameter)).containsExactly(problem);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "channel_binding=require | channel_binding is libpq's name; pgjdbc calls it channelBinding",
        "channelbinding=x | pgjdbc has no property channelbinding; did you mean channelBinding?",
        "SSLMode=require | pgjdbc has no property SSLMode; did you mean sslmode?",
        "sockettimeout=1 | pgjdbc has no property sockettimeout; did you mean socketTimeout?",
        "prepareTreshold=1 | pgjdbc has no property prepareTreshold; did you mean prepareThreshold?",
        "sslcrl=x | sslcrl can't be honoured: pgjdbc has nothing like it, and without it the"
            + " connection would be less safe; check revocation with an sslfactory of your own",
        "sslsni=1 | pgjdbc has no property sslsni",
        "sslmode=requir | sslmode is \"requir\"; it must be disable, allow, prefer, require,"
            + " verify-ca, verify-full"
      })
  void aPropertyThatPgjdbcWouldDropIsRefused(String parameter, String problem) {
    assertThat(problems("jdbc:postgresql://h/d?" + parameter)).containsExactly(problem);
    String name = parameter.substring(0, parameter.indexOf('='));
    String value = parameter.substring(parameter.indexOf('=') + 1);
    PoolConfig config =
        PoolConfig.builder("postgresql://h/d").properties(Map.of(name, value)).build();
    assertThat(problems(config)).containsExactly(problem);
  }

  /** It is taken with the login of pgjdbc's own that is bounded by a thread, and only there. */
  @Test
  void anExecutorForConnectsThatNobodyUsesIsNamed() {
    Assumptions.assumeTrue(PresentDriver.HERE.knows("connectExecutor"), "the driver has it");
    assertThat(connector("jdbc:postgresql://h/d?connectExecutor=com.example.X").notes())
        .singleElement()
        .asString()
        .startsWith("connectExecutor is never used");
    assertThat(
            connector("jdbc:postgresql://h/d?connectExecutor=com.example.X&socketFactory=a.B")
                .notes())
        .isEmpty();
  }

  /**
   * The Cloud SQL factory, for one, reads its settings from properties that pgjdbc doesn't know.
   */
  @Test
  void aSocketFactoryOfTheUsersOwnMayHavePropertiesOfItsOwn() {
    Connector connector =
        connector("jdbc:postgresql:///d?socketFactory=com.example.Factory&cloudSqlInstance=x");
    assertThat(connector.notes())
        .contains(
            "cloudSqlInstance is none of the properties of pgjdbc "
                + PresentDriver.HERE.version()
                + ": passed on, for a class of your own that may know it");
    assertThat(problems("jdbc:postgresql:///d?socketFactory=com.example.F&channel_binding=require"))
        .hasSize(1);
  }

  /** It counts them in milliseconds, in an int that runs over, into a negative or a short time. */
  @ParameterizedTest
  @ValueSource(strings = {"connectTimeout", "socketTimeout", "cancelSignalTimeout"})
  void secondsThatPgjdbcCannotCountAreRefused(String name) {
    for (String seconds :
        List.of("2147484", "4294968", "2147483647", "3000000000", "9".repeat(30))) {
      String problem = name + " must be 0 to 2147483, in seconds: pgjdbc counts in milliseconds";
      assertThat(problems("jdbc:postgresql://h/d?" + name + "=" + seconds))
          .as(seconds)
          .containsExactly(problem);
      PoolConfig config =
          PoolConfig.builder("postgresql://h/d").properties(Map.of(name, seconds)).build();
      assertThat(problems(config)).as(seconds).containsExactly(problem);
    }
    assertThat(jdbc("jdbc:postgresql://h/d?" + name + "=2147483").properties())
        .containsEntry(name, "2147483");
  }

  @ParameterizedTest
  @ValueSource(strings = {"connectTimeout", "cancelSignalTimeout"})
  void negativeSecondsThatASocketWouldRefuseAreRefused(String name) {
    assertThat(problems("jdbc:postgresql://h/d?" + name + "=-1")).hasSize(1);
    assertThat(connector("jdbc:postgresql://h/d?" + name + "=0").notes()).isEmpty();
    assertThat(connector("jdbc:postgresql://h/d?socketTimeout=-1").notes()).isEmpty();
  }

  @Test
  void aNumberThatIsTooLargeForLibpqIsToldAsThat() {
    assertThat(problems("postgresql://h/?connect_timeout=3000000000"))
        .singleElement()
        .asString()
        .startsWith("connect_timeout is ")
        .endsWith("it must be at most 2147483647");
    for (String name : List.of("connect_timeout", "keepalives_idle", "keepalives_count")) {
      assertThat(problems("postgresql://h/?" + name + "=3s"))
          .singleElement()
          .asString()
          .endsWith("it must be a whole number");
    }
  }

  /** Where a class of the user's own may read anything, only an evident misspelling is refused. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "sslmdoe=require | sslmode",
        "SSLMode=require | sslmode",
        "sokcetTimeot=1 | socketTimeout",
        "prepareTreshold=1 | prepareThreshold",
        "socketFactoryArgs=1 | socketFactoryArg"
      })
  void aMisspellingIsRefusedBesideAFactoryOfTheUsersOwn(String parameter, String meant) {
    assertThat(problems("jdbc:postgresql:///d?socketFactory=com.example.F&" + parameter))
        .singleElement()
        .asString()
        .endsWith("; did you mean " + meant + "?");
  }

  /** Names of socket factories and log-in plug-ins that people use, and what is nobody's yet. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "cloudSqlInstance",
        "unixSocketPath",
        "ipTypes",
        "enableIamAuth",
        "cloudSqlDelegates",
        "cloudSqlRefreshStrategy",
        "cloudSqlTargetPrincipal",
        "alloydbInstanceName",
        "alloydbIpType",
        "azure.clientId",
        "azure.scopes",
        "junixsocket.file",
        "x-user",
        "x-options",
        "x-tenant",
        "whatever"
      })
  void aPropertyLikeNoneOfPgjdbcsPassesWithANote(String name) {
    for (String factory : List.of("", "socketFactory=com.example.F&")) {
      Connector connector =
          connector("jdbc:postgresql://h/d?" + factory + name.replace("-", "%2D") + "=v4lue");
      assertThat(connector.notes())
          .singleElement()
          .asString()
          .startsWith(name + " is none of the properties of pgjdbc ")
          .doesNotContain("v4lue");
      PoolConfig config =
          PoolConfig.builder("postgresql://h/d").properties(Map.of(name, "v4lue")).build();
      assertThat(ADAPTER.connector(config).notes()).hasSize(1);
    }
  }

  /** People's and services' accounts have an @ in their names, and nobody encodes it. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "cloudSqlTargetPrincipal",
        "cloudSqlDelegates",
        "alloydbTargetPrincipal",
        "alloydbDelegates",
        "azure.username",
        "idpUsername"
      })
  void anAccountsNameMayHaveAnAt(String name) {
    for (String account : List.of("app@p.iam.gserviceaccount.com", "a@x.example,b@y.example")) {
      Connector connector = connector("jdbc:postgresql://h/d?" + name + "=" + account + "&user=u");
      assertThat(connector.target()).isEqualTo("h:5432/d");
      assertThat(connector.notes())
          .singleElement()
          .asString()
          .startsWith(name + " is none of the properties of pgjdbc ")
          .doesNotContain("@");
    }
  }

  /** They stand in none of its lists, for each type of the database's may have one. */
  @Test
  void theDriversClassesForTypesAreItsProperties() {
    assertThat(connector("jdbc:postgresql://h/d?datatype.mood=com.example.Mood").notes()).isEmpty();
    assertThat(
            connector("jdbc:postgresql://h/d?user=u&password=p&datatype.mood=com.example.Mood")
                .notes())
        .isEmpty();
    PoolConfig config =
        PoolConfig.builder("postgresql://h/d")
            .properties(Map.of("datatype.public.mood", "com.example.Mood"))
            .build();
    assertThat(ADAPTER.connector(config).notes()).isEmpty();
    assertThat(problems("postgresql://h/d?datatype.mood=com.example.Mood"))
        .singleElement()
        .asString()
        .endsWith("set it under properties");
  }

  /** pgjdbc's list of values isn't all that it takes: a misspelled one is refused, no other. */
  @Test
  void theDriverJudgesAValueThatItDoesntList() {
    assertThat(connector("jdbc:postgresql://h/d?protocolVersion=3").notes()).isEmpty();
    assertThat(connector("jdbc:postgresql://h/d?protocolVersion=3.2").notes())
        .singleElement()
        .asString()
        .startsWith("protocolVersion is \"3.2\"; pgjdbc ")
        .endsWith(" lists 3: left to its judgement");
    assertThat(connector("jdbc:postgresql://h/d?autosave=every-now-and-then").notes()).hasSize(1);
    assertThat(problems("jdbc:postgresql://h/d?autosave=alwyas"))
        .containsExactly("autosave is \"alwyas\"; it must be always, never, conservative");
  }

  @Test
  void allProblemsAreNamedAtOnce() {
    PoolConfig config =
        PoolConfig.builder("postgresql://h:0,[::1/d?sslmode=x&sslcrl=y&nix=z&ssl=false")
            .properties(Map.of("PGHOST", "x", "service", "y"))
            .build();
    assertThat(problems(config)).hasSize(8);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "postgresql://joe:s3cr3t@p@h/d",
        "postgresql://joe:s3cr3t/x@h/d",
        "postgresql://joe:s3cr3t%zz@h/d",
        "postgresql://joe:s3cr3t%C3@h/d",
        "postgresql://joe:s3cr3t",
        "postgresql://h/d?password=x&s3cr3t=y",
        "postgresql://h/d?password=x&s3cr3t",
        "postgresql://h/d?sslpassword=x&s3cr3t=y",
        "postgresql://joe:s3cr3t:5432/d",
        "postgresql://joe:s3cr3t@h:x/d?nix=1",
        "jdbc:postgresql://joe:s3cr3t@h/d",
        "jdbc:postgresql://joe:s3cr3t/d",
        "jdbc:postgresql://h/d?password=x&s3cr3t=y",
        "jdbc:postgresql://h/d?password=%zs3cr3t"
      })
  void noProblemShowsASecret(String url) {
    assertThat(problems(url)).isNotEmpty().noneMatch(problem -> problem.contains("s3cr3t"));
  }

  @Test
  void nothingThatTheConnectorShowsIsSecret() {
    Connector connector =
        ADAPTER.connector(
            PoolConfig.builder("postgresql://joe:s3cr3t@h/d?sslpassword=s3cr3t&sslsni=0")
                .password("s3cr3t2")
                .build());
    assertThat(connector.toString() + connector.target() + connector.notes())
        .doesNotContain("s3cr3t")
        .contains("h:5432/d");
  }

  @Test
  void aUnixSocketIsRefusedInWords() {
    assertThat(problems("postgresql://%2Fvar%2Frun/d"))
        .singleElement()
        .asString()
        .contains("Unix-domain socket");
    assertThat(problems("postgresql:///d?host=/var/run")).hasSize(1);
  }

  @Test
  void neonIsKnownByItsHosts() {
    String neon = "postgresql://u:p@ep-cool-name-123456.eu-central-1.aws.neon.tech/d";
    assertThat(connector(neon).serverless()).isTrue();
    assertThat(connector("postgresql://u@ep-x.cloud.NEON.BUILD/d").serverless()).isTrue();
    assertThat(connector("jdbc:postgresql://ep-x.eu.aws.neon.tech/d").serverless()).isTrue();
    assertThat(connector("postgresql://u@neon.tech.example.com/d").serverless()).isFalse();
    assertThat(connector("postgresql://localhost/d").serverless()).isFalse();
  }

  @ParameterizedTest
  @CsvSource({
    "ep-x-pooler.eu.aws.neon.tech, TRANSACTION",
    "ep-cool-name-123456.eu-central-1.aws.neon.tech, NONE",
    "my-pooler.example.com, AUTO",
    "localhost:6432, AUTO",
    "aws-0-eu-central-1.pooler.supabase.com:6543, TRANSACTION",
    "aws-0-eu-central-1.pooler.supabase.com:5432, SESSION",
    "aws-0-eu-central-1.pooler.supabase.com:7000, AUTO",
    "db.abcdefgh.supabase.co:6543, TRANSACTION",
    "db.abcdefgh.supabase.co:5432, NONE",
    "my-proxy.proxy-abc123.eu-central-1.rds.amazonaws.com, SESSION",
    "MY-DB.abc123.eu-central-1.rds.amazonaws.com, NONE",
    "my-db-do-user-1-0.b.db.ondigitalocean.com:25061, TRANSACTION",
    "my-db-do-user-1-0.b.db.ondigitalocean.com:25060, NONE",
    "orders.postgres.database.azure.com:6432, TRANSACTION",
    "orders.postgres.database.azure.com:5432, NONE",
    "'db.abcdefgh.supabase.co:5432,db.example.com:5432', AUTO",
  })
  void poolersAreKnownByHostAndPort(String authority, PoolerMode mode) {
    assertThat(libpq("postgresql://" + authority + "/d").knownPooler()).isEqualTo(mode);
  }

  /** As Neon's console hands it out. */
  @Test
  void aNeonUrlKeepsItsTlsAndItsChannelBinding() {
    Destination said =
        libpq(
            "postgresql://neondb_owner:npg_X@ep-x-pooler.eu.aws.neon.tech/neondb"
                + "?sslmode=require&channel_binding=require");
    assertThat(said.properties())
        .containsEntry("sslmode", "require")
        .containsEntry("channelBinding", "require")
        .containsEntry("PGDBNAME", "neondb");
  }

  @Test
  void theTargetNamesEveryHostAndTheDatabase() {
    assertThat(connector("postgresql://joe:x@a,[::1]:2/d").target()).isEqualTo("a:5432,[::1]:2/d");
    assertThat(connector("postgresql://joe@a").target()).isEqualTo("a:5432/joe");
  }
}
