package io.everpool.core.jdbc;

import java.util.List;
import java.util.Set;

/**
 * Tells by a query's text whether it may write: into a table ({@code SELECT ... INTO}), or by a
 * function that it calls. What a function does can't be seen, so each function counts that isn't
 * surely one of the database's own that writes nothing. A view, an operator or a column may call a
 * function, too, which the text doesn't show.
 */
final class QueryTexts {

  /**
   * Words before a bracket that aren't a function of the program's: words of SQL, and functions
   * that databases have in common or that programs for PostgreSQL often call.
   */
  private static final Set<String> KNOWN =
      words(
          """
          all and any array as asc between bit by case cast char character check column cube decimal
          default desc distinct else end escape except exists fetch filter first float for from group
          grouping having if ilike in inner int integer intersect interval into is join last lateral
          left like limit materialized minus natural next not null number numeric nvarchar of offset
          on only operator or order outer over overlaps partition precision primary range recursive
          returning right rollup row rows select set sets similar some table tablesample then time
          timestamp timestamptz to top union unique using values varbit varchar varchar2 varying when
          where window with within xmltable
          avg bit_and bit_or bool_and bool_or corr count covar_pop covar_samp cume_dist dense_rank
          every first_value lag last_value lead listagg max median min mode nth_value ntile
          percent_rank percentile_cont percentile_disc rank regr_slope row_number stddev stddev_pop
          stddev_samp sum var_pop var_samp variance
          abs acos asin atan atan2 ceil ceiling cos cot degrees div exp floor greatest least ln log
          log10 log2 mod pi pow power radians rand random round sign sin sqrt tan trunc truncate
          width_bucket
          ascii bit_length btrim char_length character_length chr concat concat_ws format hex initcap
          instr lcase left length locate lower lpad ltrim md5 normalize octet_length overlay position
          quote_ident quote_literal quote_nullable regexp_count regexp_instr regexp_like
          regexp_match regexp_matches regexp_replace regexp_split_to_array regexp_split_to_table
          regexp_substr repeat replace reverse rpad rtrim sha224 sha256 sha384 sha512 split_part
          starts_with strpos substr substring to_ascii to_hex translate trim ucase unistr upper
          age clock_timestamp current_date current_time current_timestamp curdate curtime date
          date_add date_bin date_format date_part date_sub date_trunc dateadd datediff datename
          datepart day dayofmonth dayofweek dayofyear extract getdate hour justify_days
          justify_hours justify_interval localtime localtimestamp make_date make_interval make_time
          make_timestamp make_timestamptz minute month now quarter second statement_timestamp
          str_to_date sysdate timeofday timestampadd timestampdiff to_char to_date to_number
          to_timestamp transaction_timestamp unix_timestamp week year
          coalesce convert decode encode ifnull iif isnull nullif num_nonnulls num_nulls nvl nvl2
          current_catalog current_database current_query current_role current_schema
          current_schemas current_setting current_user database format_type gen_random_uuid
          has_column_privilege has_database_privilege has_function_privilege has_schema_privilege
          has_sequence_privilege has_table_privilege identity_val_local inet_client_addr
          inet_client_port inet_server_addr inet_server_port last_insert_id newid obj_description
          row_security_active schema scope_identity session_user set_config sys_context system_user
          to_regclass to_regnamespace to_regproc to_regrole to_regtype txid_current
          txid_current_if_assigned txid_current_snapshot txid_status user uuid uuid_generate_v4
          uuidv4 uuidv7 version
          currval lastval nextval setval
          array_agg array_append array_cat array_dims array_fill array_length array_lower
          array_ndims array_position array_positions array_prepend array_remove array_replace
          array_to_json array_to_string array_upper cardinality generate_series generate_subscripts
          group_concat isempty lower_inc lower_inf multirange range_agg range_merge string_agg
          string_to_array string_to_table trim_array unnest upper_inc upper_inf
          daterange int4range int8range numrange tsrange tstzrange
          json_agg json_array json_array_elements json_array_elements_text json_array_length
          json_arrayagg json_build_array json_build_object json_each json_each_text json_exists
          json_extract_path json_extract_path_text json_object json_object_agg json_object_keys
          json_objectagg json_populate_record json_populate_recordset json_query json_scalar
          json_serialize json_strip_nulls json_table json_to_record json_to_recordset json_typeof
          json_value jsonb_agg jsonb_array_elements jsonb_array_elements_text jsonb_array_length
          jsonb_build_array jsonb_build_object jsonb_each jsonb_each_text jsonb_exists
          jsonb_exists_all jsonb_exists_any jsonb_extract_path jsonb_extract_path_text jsonb_insert
          jsonb_object jsonb_object_agg jsonb_object_keys jsonb_path_exists jsonb_path_match
          jsonb_path_query jsonb_path_query_array jsonb_path_query_first jsonb_populate_record
          jsonb_populate_recordset jsonb_pretty jsonb_set jsonb_set_lax jsonb_strip_nulls
          jsonb_to_record jsonb_to_recordset jsonb_typeof row_to_json to_json to_jsonb
          numnode phraseto_tsquery plainto_tsquery querytree setweight similarity strip to_tsquery
          to_tsvector ts_debug ts_headline ts_lexize ts_rank ts_rank_cd tsvector_to_array
          websearch_to_tsquery word_similarity xmlagg xmlattributes xmlconcat xmlelement xmlexists
          xmlforest xmlparse xmlpi xmlroot xmlserialize xpath xpath_exists
          """);

  /**
   * Beginnings of the names of PostgreSQL's own functions that only tell something, wait, or lock.
   */
  private static final Set<String> BEGINNINGS =
      words(
          """
          pg_advisory_ pg_backend_ pg_blocking_ pg_column_ pg_current_ pg_database_ pg_get_ pg_has_
          pg_indexes_ pg_is_ pg_last_ pg_postmaster_ pg_relation_ pg_size_ pg_sleep pg_snapshot_
          pg_stat_get_ pg_table_ pg_total_ pg_try_advisory_ pg_typeof pg_wal_lsn_ pg_xact_
          """);

  private static final String OWN_SCHEMA = "pg_catalog.";

  private QueryTexts() {}

  private static Set<String> words(String text) {
    return Set.copyOf(List.of(text.strip().split("\\s+")));
  }

  /**
   * Whether a statement that begins with this word (in small letters) is a query, or may contain
   * one.
   */
  static boolean beginWith(String word) {
    return switch (word) {
      case "select", "values", "table", "with", "explain", "declare", "fetch", "" -> true;
      default -> false;
    };
  }

  /**
   * Whether a query in this text may write.
   *
   * @param small the text in small letters
   */
  static boolean mayWrite(String sql, String small) {
    if (SqlTexts.hasWord(small, "into") || SqlTexts.hasWord(small, "call")) {
      return true; // a {call f} needs no brackets
    }
    PlainLiterals literals = new PlainLiterals(sql);
    for (int at = sql.indexOf('('); at >= 0; at = sql.indexOf('(', at + 1)) {
      if (!literals.contain(at) && mayCall(sql, at)) {
        return true;
      }
    }
    return false;
  }

  /** Whether what stands before this bracket may be a function that writes. */
  private static boolean mayCall(String sql, int bracket) {
    int end = blanksBefore(sql, bracket);
    if (end == 0) {
      return false;
    }
    char last = sql.charAt(end - 1);
    if (!inName(last)) {
      // This is a name in quotes, or a comment, and then a name may stand before or in it.
      return "\"`]".indexOf(last) >= 0 || sql.startsWith("*/", end - 2);
    }
    int from = end;
    while (from > 0 && inName(sql.charAt(from - 1))) {
      from--;
    }
    String name = SqlTexts.small(sql, from, end);
    return !(isKnown(name) && isUnqualified(sql, from)) && !isAlias(sql, from);
  }

  /** Whether the name that begins here has no schema before it, or only the database's own. */
  private static boolean isUnqualified(String sql, int name) {
    return name == 0
        || sql.charAt(name - 1) != '.'
        || sql.regionMatches(true, name - OWN_SCHEMA.length(), OWN_SCHEMA, 0, OWN_SCHEMA.length());
  }

  private static boolean isKnown(String name) {
    if (KNOWN.contains(name) || Character.isDigit(name.charAt(0))) {
      return true;
    }
    if (name.startsWith("pg_")) {
      for (String beginning : BEGINNINGS) {
        if (name.startsWith(beginning)) {
          return true;
        }
      }
    }
    return false;
  }

  /** Whether the name that begins here is given to something: AS t (a, b), WITH t (a, b). */
  private static boolean isAlias(String sql, int name) {
    int end = blanksBefore(sql, name);
    int from = end;
    while (from > 0 && inName(sql.charAt(from - 1))) {
      from--;
    }
    return switch (SqlTexts.small(sql, from, end)) {
      case "as", "with", "recursive" -> true;
      default -> false;
    };
  }

  private static int blanksBefore(String sql, int at) {
    int end = at;
    while (end > 0 && Character.isWhitespace(sql.charAt(end - 1))) {
      end--;
    }
    return end;
  }

  private static boolean inName(char c) {
    return Character.isLetterOrDigit(c) || c == '_' || c == '$';
  }
}
