/* evenhand.yaml, written for a person to read and change. */
#include <ctype.h>
#include <string.h>

#include "cli/init_int.h"

enum { COMMENT_COLUMN = 40, VALUES_SHOWN = 6, VALUE_SHOWN_BYTES = 24, OUTCOMES_WRITTEN_MAX = 8 };
static const double proxy_strong = 0.5, proxy_told = 0.25, outcome_told = 0.3;

/* ---- small pieces ------------------------------------------------------------------------------------------------------------ */

static bool is_plain(const char *text)
{
    static const char *const words[] = {"true", "false", "null", "yes", "no", "on", "off", "~"};
    if (!isalpha((unsigned char)text[0]) && text[0] != '_' && text[0] != '.' && text[0] != '/')
        return false;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (eh_view_equal_nocase(eh_view_of(text), eh_view_of(words[i])))
            return false;
    for (const char *at = text; *at != '\0'; at++)
        if (!isalnum((unsigned char)*at) && strchr(" _-./()=+", *at) == NULL)
            return false;
    return text[strlen(text) - 1] != ' ';
}

static bool has_control(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7F)
            return true;
    return false;
}

/* A YAML scalar that reads back as `text`. */
static void double_quoted(eh_buffer *out, const char *text)
{
    eh_buffer_byte(out, '"');
    for (const char *at = text; *at != '\0'; at++) {
        unsigned char byte = (unsigned char)*at;
        if (byte < 0x20 || byte == 0x7F)
            eh_buffer_format(out, "\\x%02x", byte);
        else
            eh_buffer_text(out, byte == '"' ? "\\\"" : byte == '\\' ? "\\\\" : (char[2]){*at, '\0'});
    }
    eh_buffer_byte(out, '"');
}

static void scalar(eh_buffer *out, const char *text)
{
    if (text[0] != '\0' && is_plain(text)) {
        eh_buffer_text(out, text);
    } else if (!has_control(text) && (strchr(text, '\'') == NULL || strpbrk(text, "\"\\") != NULL)) {
        eh_buffer_byte(out, '\'');
        for (const char *at = text; *at != '\0'; at++)
            eh_buffer_text(out, *at == '\'' ? "''" : (char[2]){*at, '\0'});
        eh_buffer_byte(out, '\'');
    } else {
        double_quoted(out, text);
    }
}

/* Text in a comment: one line, no control characters. */
static void in_comment(eh_buffer *out, const char *text, size_t bytes_max)
{
    size_t len = strlen(text), shown = len < bytes_max ? len : bytes_max;
    while (shown > 0 && shown < len && ((unsigned char)text[shown] & 0xC0) == 0x80)
        shown--;
    for (size_t i = 0; i < shown; i++)
        eh_buffer_byte(out, (unsigned char)text[i] < 0x20 || text[i] == 0x7F ? ' ' : text[i]);
    eh_buffer_text(out, shown < len ? "..." : "");
}

static const char *reference(const eh_init *init, const eh_init_source *source, const eh_init_column *column)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    const char *name = column->facts->name;
    bool bare = isalpha((unsigned char)name[0]) || name[0] == '_';
    for (const char *at = name; *at != '\0'; at++)
        bare = bare && (isalnum((unsigned char)*at) || *at == '_');
    eh_buffer_format(&text, "%s.", source->name);
    if (bare) {
        eh_buffer_text(&text, name);
    } else {
        eh_buffer_byte(&text, '"');
        for (const char *at = name; *at != '\0'; at++)
            eh_buffer_text(&text, *at == '"' ? "\"\"" : (char[2]){*at, '\0'});
        eh_buffer_byte(&text, '"');
    }
    const char *kept = text.code == EH_OK ? eh_arena_copy(init->arena, eh_buffer_view(&text)) : NULL;
    return kept == NULL ? "" : kept;
}

/* "history_segment" -> "history segment", for sentences. */
static const char *words_of(const eh_init *init, const char *name)
{
    char *tokens = eh_init_tokens(init->arena, name);
    if (tokens == NULL || strlen(tokens) < 2)
        return name;
    tokens[strlen(tokens) - 1] = '\0';
    return eh_init_without_noise(tokens + 1);
}

static void thousands(eh_buffer *out, uint64_t number)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%llu", (unsigned long long)number);
    size_t len = strlen(digits);
    for (size_t i = 0; i < len; i++)
        eh_buffer_format(out, "%s%c", i > 0 && (len - i) % 3 == 0 ? "," : "", digits[i]);
}

static bool is_flag(const eh_facts_column *facts)
{
    return facts->kind == EH_FACTS_WHOLE && facts->distinct == 2 && facts->number_min == 0 && facts->number_max == 1;
}

static void values_comment(eh_buffer *out, const eh_facts *profile, const eh_facts_column *facts)
{
    if (is_flag(facts)) {
        eh_buffer_text(out, "0 or 1");
    } else if (facts->kind == EH_FACTS_WHOLE || facts->kind == EH_FACTS_NUMBER) {
        eh_buffer_format(out, facts->kind == EH_FACTS_WHOLE ? "a whole number, %s to %s" : "a number, %s to %s", facts->min, facts->max);
    } else if (facts->kind == EH_FACTS_DATE) {
        eh_buffer_format(out, "a date, %.10s to %.10s", facts->min, facts->max);
    } else {
        size_t shown = facts->values_count < VALUES_SHOWN ? facts->values_count : VALUES_SHOWN;
        for (size_t i = 0; i < shown; i++) {
            eh_buffer_text(out, i == 0 ? "" : ", ");
            in_comment(out, facts->values[i].text, VALUE_SHOWN_BYTES);
        }
        if (facts->distinct > shown)
            eh_buffer_format(out, " and %llu more", (unsigned long long)(facts->distinct - shown));
    }
    if (facts->missing > 0)
        eh_buffer_format(out, "; missing in %.1f %%", 100.0 * (double)facts->missing / (double)profile->rows);
}

static bool is_single(const eh_init *init, size_t index)
{
    const eh_init_source *source = &init->sources[index];
    return index == init->people || (source->person != NULL && source->person == source->key);
}

/* ---- shop and sources ------------------------------------------------------------------------------------------------------------ */

static void write_head(const eh_init *init, eh_buffer *out)
{
    eh_buffer_text(out, "# What Evenhand may know about your customers, and what for. 'evenhand init' proposed it from your data; from here on it is\n"
                        "# yours. Read it once from top to bottom, correct what is wrong, delete what you do not want. What Evenhand does not\n"
                        "# understand is refused with its line and column. All keys: man evenhand-workspace.\n"
                        "\n"
                        "shop:\n"
                        "  name: ");
    scalar(out, init->shop_name);
    eh_buffer_text(out, "            # as customers know you\n"
                        "  # contact: care@example.com      # where customers reach a person\n"
                        "  # address: \"1 Quay, Cork\"\n"
                        "  # zone: Europe/Dublin            # for quiet hours\n"
                        "\n"
                        "# Nobody is scored or chosen by a model until this says on. Switch it on when your customers have been told.\n"
                        "profiling: off\n"
                        "\n");
}

static void write_patterns(const eh_init_source *source, eh_buffer *out)
{
    if (source->patterns_count > 1)
        eh_buffer_byte(out, '[');
    for (size_t i = 0; i < source->patterns_count; i++) {
        eh_buffer_text(out, i == 0 ? "" : ", ");
        scalar(out, source->patterns[i]);
    }
    if (source->patterns_count > 1)
        eh_buffer_byte(out, ']');
}

static void write_column_line(eh_buffer *out, const char *key, const char *column)
{
    eh_buffer_format(out, "    %s: ", key);
    scalar(out, column);
    eh_buffer_byte(out, '\n');
}

static void write_source(const eh_init *init, size_t index, eh_buffer *out)
{
    const eh_init_source *source = &init->sources[index];
    eh_buffer_format(out, "  %s:  # ", source->name);
    thousands(out, source->profile.rows);
    eh_buffer_format(out, " rows, %zu columns\n    read: ", source->columns_count);
    write_patterns(source, out);
    eh_buffer_byte(out, '\n');
    if (index == init->people && init->each_row)
        eh_buffer_text(out, "    key: each_row   # no column tells people apart, so every row counts as a person of its own; name the column if there is one\n");
    else if (source->key != NULL)
        write_column_line(out, "key", source->key->facts->name);
    if (index != init->people && source->person != NULL)
        write_column_line(out, "person", source->person->facts->name);
    else if (index != init->people)
        eh_buffer_text(out, "    # person: COLUMN   # which column says whose row it is? Without it these rows belong to nobody.\n");
    if (source->time != NULL)
        write_column_line(out, "time", source->time->facts->name);
}

static void write_sources(const eh_init *init, eh_buffer *out)
{
    eh_buffer_text(out, "# Where the data lies. 'key' tells rows apart, 'person' says whose row it is, 'time' when it happened: what happened after the\n"
                        "# moment of a decision is never seen by it.\n"
                        "sources:\n");
    for (size_t i = 0; i < init->sources_count; i++)
        write_source(init, i, out);
    if (init->people == init->sources_count) {
        const eh_init_source *events = &init->sources[init->events];
        eh_buffer_text(out, "  customers:  # one row per person, made from the list above\n    sql: ");
        const char *sql = eh_arena_format(init->arena, "SELECT DISTINCT %s FROM %s", reference(init, events, events->person), events->name);
        scalar(out, sql == NULL ? "" : sql);
        eh_buffer_byte(out, '\n');
        write_column_line(out, "key", events->person->facts->name);
        eh_buffer_text(out, "people: customers\n");
    } else if (init->people > 0) {
        eh_buffer_format(out, "people: %s  # the source with one row per person\n", init->sources[init->people].name);
    }
    eh_buffer_byte(out, '\n');
}

/* ---- protected attributes ------------------------------------------------------------------------------------------------------------ */

static void write_bands(double low, double high, eh_buffer *out)
{
    static const double edges[] = {18, 25, 35, 45, 55, 65};
    bool any = false;
    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++) {
        if (edges[i] <= low || edges[i] > high)
            continue;
        eh_buffer_format(out, any ? ", %.0f" : "    bands: [%.0f", edges[i]);
        any = true;
    }
    eh_buffer_text(out, any ? "]\n" : "");
}

static void write_attribute(const eh_init *init, const eh_init_source *source, const eh_init_column *column, eh_buffer *out)
{
    const eh_facts_column *facts = column->facts;
    const char *value = reference(init, source, column);
    bool number = facts->kind == EH_FACTS_WHOLE || facts->kind == EH_FACTS_NUMBER, birth = strcmp(column->kind, "birth") == 0;
    eh_buffer_format(out, "  %s:  # recognised %s: ", column->name, column->how);
    values_comment(out, &source->profile, facts);
    eh_buffer_text(out, "\n    value: ");
    if (birth && facts->kind == EH_FACTS_DATE)
        value = eh_arena_format(init->arena, "date_diff('year', %s, today)", value);
    else if (birth && number)
        value = eh_arena_format(init->arena, "year(today) - %s", value);
    scalar(out, value == NULL ? "" : value);
    eh_buffer_byte(out, '\n');
    if (birth && (number || facts->kind == EH_FACTS_DATE))
        write_bands(17, 200, out);
    else if (number && strcmp(column->kind, "age") == 0)
        write_bands(facts->number_min, facts->number_max, out);
    else if (facts->distinct > 12)
        eh_buffer_text(out, "    top: 8   # the largest groups; the others are joined into one\n");
    eh_buffer_text(out, "    from_whom: \"what you told us\"\n");
    if (column->special)
        eh_buffer_format(out, "    special: true   # a special category (GDPR 9, AI Act 4a): kept only for checking fairness\n"
                              "    necessity: \"Whether we treat people alike whatever their %s cannot be told without knowing it; nothing synthetic or anonymous answers "
                              "that for our own customers.\"\n", words_of(init, column->name));
}

static void write_protected(const eh_init *init, eh_buffer *out)
{
    size_t count = 0;
    eh_buffer_text(out, "# Protected attributes: used to check that nobody is left out unfairly, and for nothing else. They are kept apart in the vault;\n"
                        "# no feature, rule or query can read these columns, nor columns of the same name elsewhere.\n");
    for (size_t s = 0; s < init->sources_count; s++)
        for (size_t i = 0; i < init->sources[s].columns_count; i++) {
            if (init->sources[s].columns[i].role != EH_ROLE_PROTECTED || !is_single(init, s) || count == EH_ATTRIBUTES_MAX)
                continue;
            eh_buffer_text(out, count++ == 0 ? "protected:\n" : "");
            write_attribute(init, &init->sources[s], &init->sources[s].columns[i], out);
        }
    if (count == 0)
        eh_buffer_text(out, "# None was recognised. Without one nothing can be checked; ask people (a short survey will do), then for example:\n"
                            "# protected:\n"
                            "#   gender: customers.gender\n"
                            "#   age: { value: customers.age, bands: [25, 45, 65] }\n");
    eh_buffer_byte(out, '\n');
}

/* ---- features ------------------------------------------------------------------------------------------------------------------------------ */

static double strongest(const eh_init_column *column)
{
    double most = 0;
    for (size_t i = 0; i < column->proxies_count; i++)
        most = column->proxies[i].v > most ? column->proxies[i].v : most;
    return most;
}

static void write_flags(const eh_init_column *column, const char *before, eh_buffer *out)
{
    if (strongest(column) >= proxy_told) {
        eh_buffer_format(out, "%s# may stand for ", before);
        size_t told = 0;
        for (size_t i = 0; i < column->proxies_count; i++)
            if (column->proxies[i].v >= proxy_told)
                eh_buffer_format(out, "%s%s (Cramer's V %.2f)", told++ == 0 ? "" : ", ", column->proxies[i].attribute, column->proxies[i].v);
        eh_buffer_text(out, "\n");
    }
    if (column->outcome_v >= outcome_told)
        eh_buffer_format(out, "%s# goes closely with the outcome (Cramer's V %.2f): is it known before the decision, or a result of it?\n", before, column->outcome_v);
}

/* A feature with one row per person. */
static void write_feature(const eh_init *init, const eh_init_source *source, const eh_init_column *column, const char *mark, eh_buffer *out)
{
    const eh_facts_column *facts = column->facts;
    const char *value = reference(init, source, column), *words = words_of(init, facts->name);
    bool date = facts->kind == EH_FACTS_DATE;
    eh_buffer_format(out, "  %s%s:  # ", mark, column->name);
    values_comment(out, &source->profile, facts);
    eh_buffer_byte(out, '\n');
    char before[16];
    snprintf(before, sizeof before, "  %s  ", mark);
    write_flags(column, before, out);
    eh_buffer_format(out, "%svalue: ", before);
    if (date)
        value = eh_arena_format(init->arena, "date_diff('day', %s, today)", value);
    scalar(out, value == NULL ? "" : value);
    eh_buffer_format(out, "\n%ssays: ", before);
    const char *says = date                                                          ? eh_arena_format(init->arena, "your %s was {value} days ago", words)
                       : is_flag(facts) || facts->kind == EH_FACTS_BOOLEAN ? eh_arena_format(init->arena, "our records say {value} under \"%s\"", words)
                                                                             : eh_arena_format(init->arena, "your %s is {value}", words);
    scalar(out, says == NULL ? "" : says);
    eh_buffer_format(out, "\n%sfrom_whom: our records about you\n", before);
}

typedef struct {
    const char *name, *value, *says;
} event_feature;

static void write_event_feature(const eh_init *init, const event_feature *feature, const char *source, eh_buffer *out)
{
    if (feature->name == NULL || feature->value == NULL || feature->says == NULL) {
        out->code = out->code == EH_OK ? EH_MEMORY : out->code;
        return;
    }
    eh_buffer_format(out, "  %s:\n    value: ", feature->name);
    scalar(out, feature->value);
    eh_buffer_text(out, "\n    says: ");
    scalar(out, feature->says);
    const char *whom = eh_arena_format(init->arena, "your %s with us", source);
    eh_buffer_text(out, "\n    from_whom: ");
    scalar(out, whom == NULL ? "" : whom);
    eh_buffer_byte(out, '\n');
}

static size_t write_event_features(const eh_init *init, const eh_init_source *source, eh_buffer *out)
{
    const char *words = words_of(init, source->name);
    size_t count = 1;
    if (source->person == NULL)
        return 0;
    write_event_feature(init, &(event_feature){eh_arena_format(init->arena, "%s_count", source->name), eh_arena_format(init->arena, "count(%s)", reference(init, source, source->person)),
                        eh_arena_format(init->arena, "we have {value} entries about your %s", words)}, words, out);
    if (source->time != NULL) {
        write_event_feature(init, &(event_feature){eh_arena_format(init->arena, "days_since_%s", source->name),
                            eh_arena_format(init->arena, "date_diff('day', max(%s), today)", reference(init, source, source->time)),
                            eh_arena_format(init->arena, "the last of your %s was {value} days ago", words)}, words, out);
        count++;
    }
    for (size_t i = 0; i < source->columns_count; i++) {
        const eh_init_column *column = &source->columns[i];
        bool number = column->facts->kind == EH_FACTS_WHOLE || column->facts->kind == EH_FACTS_NUMBER, amount = false;
        const char *tokens = eh_init_tokens(init->arena, column->facts->name);
        for (const char *at = tokens == NULL ? "" : tokens + 1; *at != '\0';) {
            size_t len = strcspn(at, " ");
            amount = amount || (len > 0 && eh_init_listed(eh_init_amount_words, (eh_view){at, len}));
            at += len + (at[len] == ' ');
        }
        if (!number || !amount || (column->role != EH_ROLE_FEATURE && column->role != EH_ROLE_OUTCOME))
            continue;
        write_event_feature(init, &(event_feature){eh_arena_format(init->arena, "%s_%s_sum", source->name, column->name),
                            eh_arena_format(init->arena, "sum(%s)", reference(init, source, column)),
                            eh_arena_format(init->arena, "the %s of your %s adds up to {value}", words_of(init, column->facts->name), words)}, words, out);
        count++;
    }
    return count;
}

static void write_left_out(const eh_init *init, eh_buffer *out)
{
    bool any = false;
    for (size_t s = 0; s < init->sources_count; s++)
        for (size_t i = 0; i < init->sources[s].columns_count && is_single(init, s); i++) {
            const eh_init_column *column = &init->sources[s].columns[i];
            if (column->role != EH_ROLE_LEFT_OUT && column->role != EH_ROLE_CONTACT)
                continue;
            eh_buffer_text(out, any ? "" : "  # Left out, and why:\n");
            any = true;
            eh_buffer_text(out, "  #   ");
            in_comment(out, column->facts->name, 60);
            eh_buffer_text(out, ": ");
            in_comment(out, column->role == EH_ROLE_CONTACT ? "says who somebody is, not what they like" : column->why, 100);
            eh_buffer_byte(out, '\n');
        }
}

static void write_features(const eh_init *init, eh_buffer *out)
{
    eh_buffer_text(out, "# Features: all that a model may read, each in words that the customer will see ({value} stands for the value). Useful additions:\n"
                        "# missing: \"...\" (says when there is no value), monotone: increasing or decreasing, changeable: true (the person can change it).\n");
    EH_CLEANUP(eh_buffer_dispose) eh_buffer features = {0}, proxies = {0};
    size_t count = 0;
    for (size_t s = 0; s < init->sources_count; s++) {
        const eh_init_source *source = &init->sources[s];
        if (!is_single(init, s)) {
            count += write_event_features(init, source, &features);
            continue;
        }
        for (size_t i = 0; i < source->columns_count; i++) {
            if (source->columns[i].role != EH_ROLE_FEATURE || count == EH_FEATURES_MAX)
                continue;
            bool strong = strongest(&source->columns[i]) >= proxy_strong;
            write_feature(init, source, &source->columns[i], strong ? "# " : "", strong ? &proxies : &features);
            count += !strong;
        }
    }
    eh_buffer_text(out, count > 0 ? "features:\n" : "features: {}\n");
    eh_buffer_append(out, eh_buffer_view(&features));
    if (proxies.len > 0) {
        eh_buffer_text(out, "  # Left out because they say too much about a protected attribute. To use one after all, take the # away and\n"
                            "  # add  proxy: accepted.\n");
        eh_buffer_append(out, eh_buffer_view(&proxies));
    }
    if (out->code == EH_OK && (features.code != EH_OK || proxies.code != EH_OK))
        out->code = features.code != EH_OK ? features.code : proxies.code;
    write_left_out(init, out);
    eh_buffer_byte(out, '\n');
}

/* ---- outcome -------------------------------------------------------------------------------------------------------------------------------- */

static const char *yes_value(const eh_facts_column *facts)
{
    static const char yes[] = "|yes|y|true|1|ja|j|oui|si|sim|tak|x|";
    for (size_t i = 0; i < facts->values_count; i++) {
        char lower[16];
        size_t len = strlen(facts->values[i].text);
        for (size_t k = 0; k <= len && k < sizeof lower; k++)
            lower[k] = (char)tolower((unsigned char)facts->values[i].text[k]);
        if (len < sizeof lower && eh_init_listed(yes, (eh_view){lower, len}))
            return facts->values[i].text;
    }
    return facts->values_count > 0 ? facts->values[facts->values_count - 1].text : ""; /* the rarer */
}

static void write_outcome_value(const eh_init *init, const eh_init_source *source, const eh_init_column *column, eh_buffer *out)
{
    const eh_facts_column *facts = column->facts;
    const char *value = reference(init, source, column);
    bool number = facts->kind == EH_FACTS_WHOLE || facts->kind == EH_FACTS_NUMBER;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer quoted = {0};
    if (facts->kind == EH_FACTS_TEXT) {
        for (const char *at = yes_value(facts); *at != '\0'; at++)
            eh_buffer_text(&quoted, *at == '\'' ? "''" : (char[2]){*at, '\0'});
        value = eh_arena_format(init->arena, "%s = '%s'", value, quoted.ptr == NULL ? "" : quoted.ptr);
    } else if (number && facts->distinct == 2 && facts->number_min == 0 && facts->number_max == 1) {
        value = eh_arena_format(init->arena, "%s = 1", value);
    }
    eh_buffer_format(out, "  %s:  # ", column->name);
    values_comment(out, &source->profile, facts);
    eh_buffer_text(out, "\n    value: ");
    scalar(out, value == NULL ? "" : value);
    eh_buffer_text(out, "\n    # within: 14 days   # how long after the moment it counts, when the source is dated\n");
}

static void write_outcome(const eh_init *init, eh_buffer *out)
{
    size_t count = 0;
    eh_buffer_text(out, "# What should come of it; the first is what models learn. Results are never features: whoever knows them knows the answer.\n");
    for (int numbers = 0; numbers < 2; numbers++)
        for (size_t s = 0; s < init->sources_count; s++)
            for (size_t i = 0; i < init->sources[s].columns_count && is_single(init, s); i++) {
                const eh_init_column *column = &init->sources[s].columns[i];
                if (column->role != EH_ROLE_OUTCOME || (column->facts->distinct > 2) != (numbers == 1) || count == OUTCOMES_WRITTEN_MAX)
                    continue;
                eh_buffer_text(out, count++ == 0 ? "outcome:\n" : "");
                write_outcome_value(init, &init->sources[s], column, out);
            }
    for (size_t s = 0; s < init->sources_count && count == 0; s++) {
        const eh_init_source *source = &init->sources[s];
        if (is_single(init, s) || source->person == NULL || source->time == NULL)
            continue;
        const char *value = eh_arena_format(init->arena, "count(%s) > 0", reference(init, source, source->person));
        eh_buffer_format(out, "outcome:\n  again_in_%s:  # is there a row within 30 days after the moment?\n    value: ", source->name);
        scalar(out, value == NULL ? "" : value);
        eh_buffer_text(out, "\n    within: 30 days\n");
        count++;
    }
    if (count == 0)
        eh_buffer_text(out, "# None was recognised. For example:\n"
                            "# outcome:\n"
                            "#   bought: { value: count(orders.order_id) > 0, within: 14 days }\n");
    eh_buffer_byte(out, '\n');
}

/* ---- the rest -------------------------------------------------------------------------------------------------------------------------------- */

static bool is_compared(const eh_init_column *column, const char *kind)
{
    bool email_key = strcmp(kind, "email") == 0 && column->role == EH_ROLE_KEY;
    return column->kind != NULL && strcmp(column->kind, kind) == 0 && (column->role == EH_ROLE_CONTACT || email_key);
}

/* One column, or the parts of a name or an address in their order. */
static bool write_compared(const eh_init_source *people, const char *kind, eh_buffer *out)
{
    const eh_init_column *parts[EH_DUPLICATE_PARTS_MAX];
    size_t most = strcmp(kind, "name") == 0 || strcmp(kind, "address") == 0 ? EH_DUPLICATE_PARTS_MAX : 1, count = 0;
    for (size_t i = 0; i < people->columns_count && count < most; i++)
        if (is_compared(&people->columns[i], kind))
            parts[count++] = &people->columns[i];
    if (count == 0)
        return false;
    eh_buffer_format(out, count == 1 ? "  %s: " : "  %s: [", kind);
    for (size_t i = 0; i < count; i++) {
        eh_buffer_text(out, i == 0 ? "" : ", ");
        if (count == 1)
            scalar(out, parts[i]->facts->name);
        else
            double_quoted(out, parts[i]->facts->name);
    }
    eh_buffer_text(out, count == 1 ? "\n" : "]\n");
    return true;
}

static void write_duplicates(const eh_init *init, eh_buffer *out)
{
    static const char *const kinds[] = {"email", "phone", "name", "address", "postcode"};
    EH_CLEANUP(eh_buffer_dispose) eh_buffer lines = {.whole = out};
    bool any = false;
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0] && init->people < init->sources_count; k++)
        any = write_compared(&init->sources[init->people], kinds[k], &lines) || any;
    if (!any)
        return;
    eh_buffer_text(out, "# By what 'evenhand duplicates' looks for people who are in twice. It shows them; only you decide.\nduplicates:\n");
    eh_buffer_append(out, eh_buffer_view(&lines));
    eh_buffer_byte(out, '\n');
}

void eh_init_write(const eh_init *init, eh_buffer *out)
{
    write_head(init, out);
    write_sources(init, out);
    write_protected(init, out);
    write_features(init, out);
    write_outcome(init, out);
    write_duplicates(init, out);
    eh_buffer_text(out, "# Who the data should stand for: a file with one row per group of people, its count, and a column for each protected attribute.\n"
                        "# population:\n"
                        "#   read: reference/age_by_sex.csv\n"
                        "#   weight: people\n"
                        "#   columns: { gender: sex, age: age }\n"
                        "\n"
                        "# How often the data is looked at again; 'evenhand status' says when it is due.\n"
                        "check:\n"
                        "  every: 1 month\n"
                        "\n"
                        "# How long protected attributes are kept.\n"
                        "vault:\n"
                        "  keep: 24 months\n");
}

static void tell_list(const eh_init *init, eh_init_role role, const char *heading, eh_buffer *out)
{
    size_t count = 0;
    for (size_t s = 0; s < init->sources_count; s++)
        for (size_t i = 0; i < init->sources[s].columns_count && is_single(init, s); i++) {
            const eh_init_column *column = &init->sources[s].columns[i];
            bool strong = role == EH_ROLE_FEATURE && strongest(column) >= proxy_strong;
            if (column->role != role || strong)
                continue;
            eh_buffer_format(out, "%s%s", count == 0 ? heading : ", ", column->name);
            count++;
        }
    eh_buffer_text(out, count > 0 ? "\n" : "");
}

void eh_init_tell(const eh_init *init, eh_buffer *out)
{
    tell_list(init, EH_ROLE_PROTECTED, "protected: ", out);
    tell_list(init, EH_ROLE_OUTCOME, "outcome: ", out);
    size_t strong = 0, features = 0;
    for (size_t s = 0; s < init->sources_count; s++)
        for (size_t i = 0; i < init->sources[s].columns_count && is_single(init, s); i++) {
            const eh_init_column *column = &init->sources[s].columns[i];
            features += column->role == EH_ROLE_FEATURE && strongest(column) < proxy_strong;
            if (column->role != EH_ROLE_FEATURE || strongest(column) < proxy_told)
                continue;
            eh_buffer_format(out, "%s%s", strong++ == 0 ? "may stand for a protected attribute: " : ", ", column->name);
        }
    eh_buffer_format(out, "%s%zu feature%s from one row per person\nprofiling is off\n", strong > 0 ? "\n" : "", features, features == 1 ? "" : "s");
}
