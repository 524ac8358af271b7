package io.everpool.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RedactionTest {

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "postgresql://app:x@db.example.com:5432/shop?sslmode=require"
            + " | postgresql://app:***@db.example.com:5432/shop?sslmode=require",
        "postgresql://app@a:1,[::1]:2/shop | postgresql://app@a:1,[::1]:2/shop",
        "postgresql://h/d?user=u&password=x&sslmode=require"
            + " | postgresql://h/d?user=u&password=***",
        "postgresql+psycopg2://u:x@h/d | postgresql+psycopg2://u:***@h/d",
        "jdbc:postgresql://h:5432/d?ApplicationName=shop"
            + " | jdbc:postgresql://h:5432/d?ApplicationName=shop",
        "jdbc:postgresql:shop | jdbc:postgresql:shop",
        "jdbc:h2:mem:x;DB_CLOSE_DELAY=-1 | jdbc:h2:mem:x;DB_CLOSE_DELAY=-1",
        "jdbc:h2:tcp://localhost/test | jdbc:h2:tcp://localhost/test",
        "jdbc:sqlserver://h:1433;databaseName=d;password=x"
            + " | jdbc:sqlserver://h:1433;databaseName=d;password=***",
        "jdbc:sqlserver://h:1433;instance=i;databaseName=d | jdbc:sqlserver://h:1433;***",
        "jdbc:mysql://u:x@h/d | jdbc:mysql://u:***@h/d",
        "host=h port=5432 dbname=d user=u password=x | host=h port=5432 dbname=d user=u password=***",
        "Host=h;Username=u;Password=x;Database=d | Host=h;Username=u;Password=***",
        "what is this | ***"
      })
  void whatIsKnownToBeHarmlessIsShown(String url, String shown) {
    assertThat(Redaction.url(url)).isEqualTo(shown);
  }

  /** Whatever is wrong with a URL: the password may begin and end anywhere in it. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "postgresql://u:hunter2@h/d",
        "postgresql://u:a@hunter2@h/d",
        "postgresql://u:hunter2@a@h/d",
        "postgresql://u:a/hunter2@h/d",
        "postgresql://u:hunter2/a@h/d",
        "postgresql://u:a?hunter2@h/d",
        "postgresql://u:hunter2#x@h",
        "postgresql://u:x#hunter2@h",
        "postgresql://u:a?b=c&user=hunter2@h/d",
        "postgresql://u:a b hunter2@h/d",
        "postgresql://u:hunter2",
        "postgresql://u:hunter2/d",
        "postgresql://u:1@h,x:hunter2/d",
        "postgresql:/u:hunter2@h/d",
        "postgresql:u:hunter2@h/d",
        "u:hunter2@h/d",
        "//u:hunter2@h/d",
        "postgres:app:hunter2@h/d",
        "postgresql://h/d?user=u;password=hunter2",
        "postgresql://h/d;user=u;password=hunter2",
        "postgresql://h/d?password=a&hunter2=b",
        "postgresql://h/d?password=a&hunter2",
        "postgresql://h/d?password=a@hunter2",
        "postgresql://h/d?password=a@h&user=hunter2",
        "postgresql://h/d?PASSWORD=hunter2",
        "postgresql://h/d?sslpassword=hunter2",
        "postgresql://h/d?x-token=hunter2",
        "postgresql://h/d?options=-c%20my.secret%3Dhunter2",
        "postgresql://h/d?user=app:hunter2",
        "postgresql://h/d#hunter2",
        "postgresql://h/d/hunter2@x",
        "jdbc:postgresql:db:hunter2@h",
        "jdbc:postgresql:db:hunter2",
        "jdbc:postgresql:/u:hunter2@h/d",
        "jdbc:postgresql://u:hunter2@h/d",
        "jdbc:postgresql://h/d;user=u;password=hunter2",
        "jdbc:postgresql://h/d?user=u;password=hunter2",
        "jdbc:oracle:thin:scott/hunter2@//h:1521/x",
        "jdbc:oracle:thin:scott/hunter2@(DESCRIPTION=(ADDRESS=(HOST=h)))",
        "jdbc:oracle:thin:@(DESCRIPTION=(password=hunter2))",
        "jdbc:oracle:thin:scott/hunter2",
        "oracle:thin:scott/hunter2@",
        "(password=hunter2)",
        "jdbc:h2:mem:x;USER=u;PASSWORD=hunter2",
        "jdbc:sqlserver://h;user=u;password={a;hunter2}",
        "postgresql://h/d?sslrootcert=MC4CAQAwBQYDK2VwBCIEIhunter2AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "host=h password=hunter2",
        "host=h password='a hunter2'",
        "host=h password='a user=hunter2'",
        "password = 'hunter2' host=h",
        "host=h user=u\tpassword=hunter2",
        "Host=h;Password=hunter2;Username=u",
        "Host=h;Password=a;Username=hunter2",
        "psql 'postgresql://u:hunter2@h/d'",
        "psql -h h -U u hunter2",
        "PGPASSWORD=hunter2 psql -h h",
        "DATABASE_URL=postgresql://u:hunter2@h/d",
        "\"postgresql://u:hunter2@h/d\"",
        "'postgresql://u:hunter2@h/d'",
        "postgresql://u:a\nhunter2@h/d",
        "hunter2"
      })
  void aSecretIsNeverShown(String url) {
    assertThat(Redaction.url(url)).doesNotContain("hunter2").contains(Redaction.MASK);
    assertThat(PoolConfig.builder(url).build().toString()).doesNotContain("hunter2");
  }

  /**
   * A variable that is the wrong one gives a password to what is a number, or one of a few words.
   */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "socketTimeout",
        "connect_timeout",
        "loginTimeout",
        "prepareThreshold",
        "port",
        "PGPORT",
        "keepalives_idle",
        "connection_limit",
        "sslmode",
        "sslNegotiation",
        "channel_binding",
        "target_session_attrs",
        "targetServerType",
        "tcpKeepAlive",
        "ssl",
        "readOnly",
        "pgbouncer",
        "preferQueryMode",
        "autosave",
        "useSSL"
      })
  void ofANumberOrAWordNothingElseIsShown(String name) {
    assertThat(Redaction.properties(Map.of(name, "hunter2"))).containsValue(Redaction.MASK);
    for (String url :
        List.of("postgresql://h/d?%s=hunter2", "host=h %s=hunter2", "Host=h;%s=hunter2")) {
      assertThat(Redaction.url(String.format(url, name)))
          .isEqualTo(String.format(url, name).replace("hunter2", Redaction.MASK));
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "socketTimeout | 30",
        "socketTimeout | ''",
        "hostRecheckSeconds | 1234567890",
        "connect_timeout | -1",
        "loginTimeout | 2.5",
        "port | 5432",
        "port | 5432,5433",
        "connectionTimeout | 30s",
        "connectionTimeout | 30000",
        "sslmode | verify-full",
        "sslmode | VerifyFull",
        "ssl | true",
        "ssl | ''",
        "sslsni | 1",
        "encrypt | strict",
        "target_session_attrs | prefer-standby",
        "targetServerType | preferSecondary",
        "requireAuth | scram-sha-256,md5",
        "clientEncoding | UTF8",
        "charset | utf8mb4",
        "preferQueryMode | extendedCacheEverything"
      })
  void whatANumberOrAWordIsIsShown(String name, String value) {
    assertThat(Redaction.properties(Map.of(name, value))).containsEntry(name, value);
  }

  @Test
  void ofPropertiesTheKnownOnesAreShown() {
    assertThat(
            Redaction.properties(
                Map.of(
                    "ApplicationName", "shop",
                    "ApplicationName2", "hunter2",
                    "loggerFile", "hunter2",
                    "options", "-c x.y=hunter2",
                    "a hunter2", "hunter2")))
        .hasToString(
            "{***=***, ApplicationName=shop, ApplicationName2=***, loggerFile=***, options=***}");
  }
}
