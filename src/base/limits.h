/**
 * Every maximum of the program in one place; `evenhand limits` prints them. A limit is an error that says its number, never a
 * silent cut.
 */
#ifndef EH_BASE_LIMITS_H
#define EH_BASE_LIMITS_H

/* name, value, unit, what it limits */
#define EH_LIMITS(LIMIT)                                                                                   \
    LIMIT(EH_ERROR_TEXT_BYTES_MAX, 2048, "bytes", "text of one error message") \
    LIMIT(EH_ARGUMENT_BYTES_MAX, 65536, "bytes", "one command-line argument") \
    LIMIT(EH_BUFFER_BYTES_MAX, 268435456, "bytes", "one text being written, such as a report") \
    LIMIT(EH_STORE_VALUE_BYTES_MAX, 67108864, "bytes", "one value in a database") \
    LIMIT(EH_LEDGER_NAME_BYTES_MAX, 255, "bytes", "name (origin) of a ledger") \
    LIMIT(EH_LEDGER_LEAF_BYTES_MAX, 65535, "bytes", "one entry in the ledger") \
    LIMIT(EH_LEDGER_OPENING_BYTES_MAX, 1048576, "bytes", "what one entry says of a person, sealed apart") \
    LIMIT(EH_LEDGER_PERSON_BYTES_MAX, 1024, "bytes", "key of a person in the ledger") \
    LIMIT(EH_LEDGER_APPEND_COUNT_MAX, 65536, "entries", "entries appended to the ledger at once") \
    LIMIT(EH_LEDGER_APPEND_BYTES_MAX, 67108864, "bytes", "entries appended to the ledger at once") \
    LIMIT(EH_LEDGER_PENDING_BYTES_MAX, 67108864, "bytes", "entries that are safe and not yet published; writers then wait") \
    LIMIT(EH_LEDGER_WAL_TURN_BYTES, 67108864, "bytes", "write-ahead log of the ledger after which a new segment begins") \
    LIMIT(EH_LEDGER_WAL_BYTES_MAX, 268435456, "bytes", "one segment of the write-ahead log") \
    LIMIT(EH_LEDGER_WAL_KEPT_BYTES, 1048576, "bytes", "write-ahead log that is left to be read again at the next start") \
    LIMIT(EH_LEDGER_PEOPLE_CACHED_MAX, 65536, "people", "keys of people that a ledger keeps in memory") \
    LIMIT(EH_LEDGER_NOTE_BYTES_MAX, 1048576, "bytes", "a checkpoint or another signed note") \
    LIMIT(EH_LEDGER_PROOF_BYTES_MAX, 4194304, "bytes", "a proof file") \
    LIMIT(EH_ARENA_BYTES_MAX, 805306368, "bytes", "working memory of one audit beside the data engine") \
    LIMIT(EH_FILES_MAX, 10000, "files", "input files of one audit, after globs are expanded") \
    LIMIT(EH_RIGHTS_PEOPLE_MAX, 16777216, "people", "people whose rights are held in memory, other names counted") \
    LIMIT(EH_RIGHTS_NOTES_MAX, 16777216, "notes", "sales and open double opt-ins that are held in memory") \
    LIMIT(EH_RIGHTS_KEY_BYTES_MAX, 256, "bytes", "a person's key, e-mail address or telephone number") \
    LIMIT(EH_RIGHTS_HOW_BYTES_MAX, 1024, "bytes", "how a person said something") \
    LIMIT(EH_RIGHTS_NAME_BYTES_MAX, 128, "bytes", "a version, a language, a product group, a recipient") \
    LIMIT(EH_RIGHTS_WORDING_BYTES_MAX, 65536, "bytes", "the wording of a consent") \
    LIMIT(EH_COLUMNS_MAX, 10000, "columns", "columns of one input") \
    LIMIT(EH_EXPRESSION_BYTES_MAX, 16384, "bytes", "one SQL expression") \
    LIMIT(EH_EXPRESSION_DEPTH_MAX, 100, "levels", "nested parentheses in one SQL expression") \
    LIMIT(EH_ATTRIBUTES_MAX, 16, "attributes", "protected attributes of one audit") \
    LIMIT(EH_GROUPS_MAX, 64, "groups", "groups of one attribute") \
    LIMIT(EH_BANDS_MAX, 63, "edges", "edges in one --bands option") \
    LIMIT(EH_INTERSECTION_DEPTH_MAX, 3, "attributes", "attributes that are crossed with each other") \
    LIMIT(EH_INTERSECTION_GROUPS_MAX, 2048, "groups", "groups of one intersection") \
    LIMIT(EH_STRATA_MAX, 4096, "strata", "values of the --within expression") \
    LIMIT(EH_CELLS_MAX, 2097152, "cells", "cells of the cube") \
    LIMIT(EH_SCORE_ROWS_EXACT_MAX, 1048576, "rows", "rows up to which every score is kept exactly") \
    LIMIT(EH_IMPORT_LISTED_MAX, 10000, "rows", "conflicts or problems of an import that are listed one by one") \
    LIMIT(EH_SCORE_GRID_COUNT, 8192, "bins", "equal bins of the score above that") \
    LIMIT(EH_SOFT_CELLS_MAX, 262144, "cells", "different probabilities of one --soft attribute") \
    LIMIT(EH_SCAN_ATTRIBUTES_MAX, 32, "attributes", "attributes of one scan") \
    LIMIT(EH_SCAN_CELLS_MAX, 2097152, "cells", "combinations of values of one scan") \
    LIMIT(EH_SCAN_GROUPS_MAX, 10, "groups", "hidden groups that one scan tells of") \
    LIMIT(EH_OFFERS_MAX, 16, "offers", "offers of one campaign") \
    LIMIT(EH_VARIANTS_MAX, 16, "variants", "wordings of one offer") \
    LIMIT(EH_OUTCOME_ROWS_MAX, 67108864, "rows", "outcomes of one file") \
    LIMIT(EH_PLAN_PEOPLE_MAX, 16777216, "people", "people of one plan") \
    LIMIT(EH_TRACE_RULES_MAX, 256, "rules", "rules of the policy of a plan") \
    LIMIT(EH_FACT_TEXT_BYTES_MAX, 1024, "bytes", "a text among the facts of a request for a decision") \
    LIMIT(EH_DECIDE_BYTES_MAX, 65536, "bytes", "one request for a decision") \
    LIMIT(EH_DESKS_MAX, 64, "campaigns", "campaigns that one run of `evenhand decide` answers for") \
    LIMIT(EH_TRACE_BYTES_MAX, 32768, "bytes", "trace of one decision") \
    LIMIT(EH_GROUP_NAME_BYTES_MAX, 1024, "bytes", "name of a group; longer ones are refused") \
    LIMIT(EH_MODEL_FEATURES_MAX, 1000, "features", "features of one model") \
    LIMIT(EH_MODEL_OFFERS_MAX, 16, "offers", "offers of one uplift model") \
    LIMIT(EH_FIT_ROWS_MIN, 50, "rows", "rows with a known outcome that a model needs at least") \
    LIMIT(EH_FIT_ROWS_MAX, 50000000, "rows", "rows that one model learns from") \
    LIMIT(EH_FIT_MEBIBYTES_MAX, 4096, "MiB", "working memory of one fit beside the data engine") \
    LIMIT(EH_JSON_BYTES_MAX, 67108864, "bytes", "a JSON document that is read") \
    LIMIT(EH_JSON_DEPTH_MAX, 64, "levels", "nesting of a JSON document that is read") \
    LIMIT(EH_PROFILE_COLUMNS_MAX, 2000, "columns", "columns of one check") \
    LIMIT(EH_PROFILE_ROWS_MAX, 4000000, "rows", "rows up to which a check looks at every row's values together") \
    LIMIT(EH_PROFILE_BINS_BYTES_MAX, 419430400, "bytes", "of those rows' values") \
    LIMIT(EH_POPULATIONS_MAX, 16, "tables", "reference tables of one population") \
    LIMIT(EH_PROFILE_VALUES_MAX, 16777216, "rows", "rows up to which a check sorts all values of a column") \
    LIMIT(EH_ZONES_MAX, 1024, "zones", "different time zones in use at once") \
    LIMIT(EH_FEEDBACK_WORDS_BYTES_MAX, 4000, "bytes", "own words of one piece of feedback") \
    LIMIT(EH_TEAM_KEPT_MAX, 200, "reports", "reports of one kind that a team page looks back on, the newest ones") \
    LIMIT(EH_FEEDBACK_THEMES_MAX, 500, "themes", "themes of feedback that are told apart") \
    LIMIT(EH_BODY_BYTES_MAX, 1048576, "bytes", "body of one request to the server") \
    LIMIT(EH_HEADERS_MAX, 100, "headers", "headers of one request") \
    LIMIT(EH_FORM_FIELDS_MAX, 256, "fields", "fields of one form, query or cookie") \
    LIMIT(EH_CONNECTIONS_MAX, 16384, "connections", "connections to the server at once") \
    LIMIT(EH_API_KEYS_MAX, 64, "keys", "keys of the interface for machines") \
    LIMIT(EH_PLANS_WAITING_MAX, 8, "plans", "plans asked for over HTTP that are being made or wait for it") \
    LIMIT(EH_API_WAITING_MAX, 4096, "requests", "requests of machines that wait for the disk") \
    LIMIT(EH_MESSAGES_BYTES_MAX, 16777216, "bytes", "memory of the messages of one language") \
    LIMIT(EH_LOGO_BYTES_MAX, 20480, "bytes", "the shop's logo on pages for customers") \
    LIMIT(EH_YAML_BYTES_MAX, 1048576, "bytes", "a YAML file, such as evenhand.yaml") \
    LIMIT(EH_YAML_DEPTH_MAX, 32, "levels", "nesting of a YAML file") \
    LIMIT(EH_SOURCES_MAX, 64, "sources", "data sources of a workspace") \
    LIMIT(EH_FEATURES_MAX, 500, "features", "features of a workspace") \
    LIMIT(EH_OUTCOMES_MAX, 16, "outcomes", "outcomes of a workspace") \
    LIMIT(EH_WORKSPACE_NAME_BYTES_MAX, 63, "bytes", "name of a source, feature, attribute or outcome") \
    LIMIT(EH_DUPLICATE_PEOPLE_MAX, 2000000, "people", "people who are compared with each other by evenhand duplicates") \
    LIMIT(EH_DUPLICATE_BLOCK_MAX, 200, "people", "people who begin alike and are compared pair by pair") \
    LIMIT(EH_DUPLICATE_PAIRS_MAX, 100000, "pairs", "pairs of people who look alike") \
    LIMIT(EH_WORKSPACE_DEPTH_MAX, 64, "folders", "folders above the current one in which evenhand.yaml is looked for") \
    LIMIT(EH_CEL_BYTES_MAX, 65536, "bytes", "one condition of a policy (CEL)") \
    LIMIT(EH_CEL_DEPTH_MAX, 250, "levels", "nested brackets and operators in one condition") \
    LIMIT(EH_CEL_NODES_MAX, 20000, "parts", "values, names and operators of one condition") \
    LIMIT(EH_CEL_LOOPS_MAX, 12, "levels", "comprehensions inside each other in one condition") \
    LIMIT(EH_CEL_VARIABLES_MAX, 4096, "names", "facts that conditions may name") \
    LIMIT(EH_CEL_TYPES_MAX, 65536, "types", "types met while one condition is checked") \
    LIMIT(EH_CEL_COST_MAX, 1000000, "steps", "cost of evaluating one condition") \
    LIMIT(EH_CEL_MEMORY_BYTES_MAX, 16777216, "bytes", "what one evaluation may make") \
    LIMIT(EH_CEL_VALUE_DEPTH_MAX, 64, "levels", "lists and maps inside each other in one value") \
    LIMIT(EH_CEL_VALUE_ITEMS_MAX, 1048576, "items", "items of one value, with those inside them") \
    LIMIT(EH_CEL_ASSUMED_ITEMS, 100, "items", "assumed size of a list or text where a cost is estimated") \
    LIMIT(EH_REGEX_BYTES_MAX, 4096, "bytes", "one regular expression") \
    LIMIT(EH_REGEX_STATES_MAX, 10000, "states", "one regular expression after its repetitions are unfolded") \
    LIMIT(EH_REGEX_DEPTH_MAX, 100, "levels", "nested groups of one regular expression") \
    LIMIT(EH_POLICY_RULES_MAX, 512, "rules", "rules of one policy with its packs") \
    LIMIT(EH_POLICY_PACKS_MAX, 16, "packs", "packs that one policy uses") \
    LIMIT(EH_POLICY_TESTS_MAX, 16384, "tests", "tests of one policy with its packs") \
    LIMIT(EH_POLICY_GUARDS_MAX, 64, "guards", "guards of one policy with its packs") \
    LIMIT(EH_POLICY_FINDINGS_MAX, 200, "findings", "findings of one check that are shown") \
    LIMIT(EH_POLICY_COST_MAX, 20000, "steps", "estimated cost of one condition of a policy") \
    LIMIT(EH_POLICY_DOMAIN_MAX, 4096, "rows", "combinations of facts that a check goes through for a rule")

enum {
#define EH_LIMIT_ENUM(name, value, unit, what) name = value,
    EH_LIMITS(EH_LIMIT_ENUM)
#undef EH_LIMIT_ENUM
};

#endif
