package io.everpool.postgresql.advice;

import io.everpool.api.ContradictionRule;
import io.everpool.postgresql.driver.PropertyNames;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** The rows for what is said of TLS, and what undoes it. */
final class TlsRules {
  private static final String MODE = "properties.sslmode";
  private static final String FACTORY = "properties.sslfactory";
  private static final String ROOT = "properties.sslrootcert";
  private static final String BINDING = "properties.channelBinding";

  static final List<ContradictionRule<Facts>> TABLE =
      List.of(
          Row.of(
              "binding-without-tls",
              "`channelBinding` is `require`, and `sslmode` is `disable` or `allow`",
              "there is no TLS channel to bind a login to, so that none succeeds: set sslmode ="
                  + " require or better",
              f -> f.is(PropertyNames.CHANNEL_BINDING, "require") && f.isPlain(),
              BINDING,
              MODE),
          Row.of(
              "binding-without-scram",
              "`channelBinding` is `require`, and `requireAuth` leaves `scram-sha-256` out",
              "only SCRAM binds a channel, so that no login succeeds: add scram-sha-256 to"
                  + " requireAuth, or leave that out",
              f ->
                  f.is(PropertyNames.CHANNEL_BINDING, "require")
                      && f.isSaid(PropertyNames.REQUIRE_AUTH)
                      && !allowsScram(f.value(PropertyNames.REQUIRE_AUTH)),
              BINDING,
              "properties.requireAuth"),
          Row.of(
              "root-without-verification",
              "`sslrootcert` is set, and `sslmode` verifies nothing",
              "the server's certificate is not verified, whatever is in that file: set sslmode ="
                  + " verify-full, or verify-ca",
              f -> f.isSaid(PropertyNames.SSL_ROOT_CERT) && !f.verifiesServer(),
              ROOT,
              MODE),
          Row.of(
              "client-certificate-without-tls",
              "`sslcert` or `sslkey` is set, and `sslmode` is `disable`",
              "the client's certificate is never shown: set sslmode = require or better",
              f ->
                  f.sslMode().equals("disable")
                      && (f.isSaid(PropertyNames.SSL_CERT) || f.isSaid(PropertyNames.SSL_KEY)),
              "properties.sslcert",
              MODE),
          Row.of(
              "certificate-without-key",
              "one of `sslcert` and `sslkey` is set, and the other isn't",
              "the other one is looked for in ~/.postgresql, and is another's if it is there: set"
                  + " both, or a PKCS #12 file as sslkey",
              f ->
                  f.isSaid(PropertyNames.SSL_CERT) != f.isSaid(PropertyNames.SSL_KEY)
                      && !isPkcs12(f.value(PropertyNames.SSL_KEY))
                      && !f.sslMode().equals("disable"),
              "properties.sslcert",
              "properties.sslkey"),
          Row.of(
              "verifier-without-verification",
              "`sslhostnameverifier` is set, and `sslmode` isn't `verify-full`",
              "the verifier is never asked: set sslmode = verify-full",
              f ->
                  f.isSaid(PropertyNames.SSL_HOSTNAME_VERIFIER)
                      && !f.sslMode().equals("verify-full"),
              "properties.sslhostnameverifier",
              MODE),
          Row.of(
              "factory-without-verification",
              "`sslmode` verifies, and `sslfactory` is the one that doesn't",
              "any certificate is taken for the server's: leave sslfactory out",
              f ->
                  f.verifiesServer()
                      && f.value(PropertyNames.SSL_FACTORY).endsWith(".NonValidatingFactory"),
              FACTORY,
              MODE),
          Row.of(
              "root-of-another-factory",
              "`sslrootcert` is set, and so is an `sslfactory` that doesn't read it",
              "the factory trusts what it trusts, whatever is in that file: leave one of them out",
              f ->
                  f.isSaid(PropertyNames.SSL_ROOT_CERT)
                      && f.isSaid(PropertyNames.SSL_FACTORY)
                      && !f.value(PropertyNames.SSL_FACTORY).endsWith(".LibPQFactory"),
              ROOT,
              FACTORY),
          Row.of(
              "direct-without-tls",
              "`sslNegotiation` is `direct`, and `sslmode` is `disable` or `allow`",
              "a login begins without TLS, and there is nothing to negotiate: set sslmode = require"
                  + " or better",
              f -> f.is(PropertyNames.SSL_NEGOTIATION, "direct") && f.isPlain(),
              "properties.sslNegotiation",
              MODE),
          Row.of(
              "ssl-overruled",
              "`ssl` is true, and `sslmode` goes without TLS",
              "sslmode counts, and the connection may not be encrypted: leave it out, for ssl=true"
                  + " is verify-full, or set require or better",
              f -> f.destination().asksForSsl() && (f.isPlain() || f.sslMode().equals("prefer")),
              "properties.ssl",
              MODE));

  private TlsRules() {}

  /**
   * Whether {@code requireAuth} allows SCRAM. The value is a list of methods; a list in which each
   * one begins with ! means all methods but those.
   */
  private static boolean allowsScram(String methods) {
    List<String> all =
        Arrays.stream(methods.toLowerCase(Locale.ROOT).split(",")).map(String::trim).toList();
    return all.stream().allMatch(one -> one.startsWith("!"))
        ? !all.contains("!scram-sha-256")
        : all.contains("scram-sha-256");
  }

  private static boolean isPkcs12(String file) {
    String small = file.toLowerCase(Locale.ROOT);
    return small.endsWith(".p12") || small.endsWith(".pfx");
  }
}
