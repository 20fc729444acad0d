/* What an SQL text refers to, by the engine's own parser: its syntax tree is asked for as JSON and walked inside the engine. */
#include <string.h>
#include <strings.h>

#include "data/people_int.h"

static eh_code word_add(eh_arena *arena, eh_words *words, eh_view text, eh_error *error)
{
    if (words->count == words->capacity) {
        size_t capacity = words->capacity == 0 ? 8 : words->capacity * 2;
        const char **larger = EH_TAKE(arena, capacity, const char *);
        if (larger == NULL)
            return eh_fail_memory(error);
        if (words->count > 0)
            memcpy(larger, words->items, words->count * sizeof *larger);
        words->items = larger;
        words->capacity = capacity;
    }
    words->items[words->count] = eh_arena_copy(arena, text);
    return words->items[words->count++] == NULL ? eh_fail_memory(error) : EH_OK;
}

bool eh_words_have(const eh_words *words, const char *word)
{
    for (size_t i = 0; i < words->count; i++)
        if (strcasecmp(words->items[i], word) == 0)
            return true;
    return false;
}

/* Parts of one reference come one after the other and have one parent in the tree. */
static eh_code part_add(eh_arena *arena, eh_trace *trace, bool same, eh_view text, eh_error *error)
{
    enum { PARTS_MAX = 8 };
    if (!same) {
        if (trace->references_count == trace->references_capacity) {
            size_t capacity = trace->references_capacity == 0 ? 8 : trace->references_capacity * 2;
            eh_reference *larger = EH_TAKE(arena, capacity, eh_reference);
            if (larger == NULL)
                return eh_fail_memory(error);
            if (trace->references_count > 0)
                memcpy(larger, trace->references, trace->references_count * sizeof *larger);
            trace->references = larger;
            trace->references_capacity = capacity;
        }
        eh_reference *added = &trace->references[trace->references_count++];
        *added = (eh_reference){.parts = EH_TAKE(arena, PARTS_MAX, const char *)};
        if (added->parts == NULL)
            return eh_fail_memory(error);
    }
    eh_reference *last = &trace->references[trace->references_count - 1];
    if (last->parts_count == PARTS_MAX)
        return EH_OK;
    last->parts[last->parts_count] = eh_arena_copy(arena, text);
    return last->parts[last->parts_count++] == NULL ? eh_fail_memory(error) : EH_OK;
}

static eh_code row_take(eh_arena *arena, eh_trace *trace, eh_view kind, eh_view text, eh_error *error)
{
    if (eh_view_equal(kind, EH_VIEW("star")))
        trace->star = true;
    else if (eh_view_equal(kind, EH_VIEW("lambda")))
        trace->lambda = true;
    else if (eh_view_equal(kind, EH_VIEW("qualified")))
        trace->qualified = true;
    else if (eh_view_equal(kind, EH_VIEW("statement")))
        trace->statements_count++;
    else if (eh_view_equal(kind, EH_VIEW("table")))
        return word_add(arena, &trace->tables, text, error);
    else if (eh_view_equal(kind, EH_VIEW("table_function")))
        return word_add(arena, &trace->table_functions, text, error);
    else if (eh_view_equal(kind, EH_VIEW("function")))
        return word_add(arena, &trace->functions, text, error);
    else if (eh_view_equal(kind, EH_VIEW("cte")))
        return word_add(arena, &trace->ctes, text, error);
    else if (eh_view_equal(kind, EH_VIEW("fault"))) {
        trace->fault = eh_arena_copy(arena, text);
        return trace->fault == NULL ? eh_fail_memory(error) : EH_OK;
    }
    return EH_OK;
}

static void traces_sql(const char *const *texts, size_t count, eh_buffer *sql)
{
    eh_buffer_text(sql, "SELECT CAST(i AS BIGINT), CAST(parent AS BIGINT), kind, word FROM (SELECT v.i AS i, t.parent AS parent, t.id AS id, "
                        "json_extract_string(t.atom, '$') AS word, CASE WHEN t.path LIKE '%.column_names' THEN 'part' "
                        "WHEN t.path = '$.statements' THEN 'statement' "
                        "WHEN t.key = 'class' AND json_extract_string(t.atom, '$') = 'STAR' THEN 'star' "
                        "WHEN t.key = 'class' AND json_extract_string(t.atom, '$') = 'LAMBDA' THEN 'lambda' "
                        "WHEN t.key = 'function_name' AND t.path LIKE '%.function' THEN 'table_function' "
                        "WHEN t.key = 'function_name' THEN 'function' "
                        "WHEN t.key = 'table_name' THEN 'table' "
                        "WHEN t.key IN ('schema_name', 'catalog_name') AND json_extract_string(t.atom, '$') <> '' THEN 'qualified' "
                        "WHEN t.key = 'key' AND t.path LIKE '%.cte_map.map[%' THEN 'cte' "
                        "WHEN t.key = 'error_message' AND t.path = '$' THEN 'fault' END AS kind FROM (VALUES ");
    for (size_t i = 0; i < count; i++) {
        eh_buffer_format(sql, "%s(%zu, ", i == 0 ? "" : ", ", i);
        eh_sql_literal(sql, eh_view_of(texts[i]));
        eh_buffer_text(sql, ")");
    }
    eh_buffer_text(sql, ") v(i, sql), json_tree(json_serialize_sql(v.sql)) t) WHERE kind IS NOT NULL ORDER BY i, id");
}

eh_code eh_traces_read(eh_engine *engine, const char *const *texts, size_t count, eh_arena *arena, eh_trace *traces_out, eh_error *error)
{
    if (count == 0)
        return EH_OK;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    traces_sql(texts, count, &sql);
    EH_TRY(eh_engine_query(engine, &sql, &cursor, error));
    memset(traces_out, 0, count * sizeof *traces_out);
    int64_t statement = -1, parent = -1;
    while (eh_cursor_next(&cursor)) {
        eh_view kind = {0}, text = {0};
        int64_t i = eh_cursor_integer(&cursor, 0), above = eh_cursor_integer(&cursor, 1);
        bool known = eh_cursor_text(&cursor, 2, &kind);
        EH_ASSERT(known && i >= 0 && (size_t)i < count);
        (void)eh_cursor_text(&cursor, 3, &text);
        eh_trace *trace = &traces_out[i];
        if (eh_view_equal(kind, EH_VIEW("part"))) {
            EH_TRY(part_add(arena, trace, statement == i && parent == above, text, error));
            statement = i;
            parent = above;
        } else {
            EH_TRY(row_take(arena, trace, kind, text, error));
        }
    }
    return EH_OK;
}

eh_code eh_trace_refuse_volatile(const eh_trace *trace, const eh_yaml_node *node, eh_error *error)
{
    static const char *const functions[] = {"now", "today", "get_current_time", "get_current_timestamp", "transaction_timestamp", "current_date", "random", "uuid",
                                            "gen_random_uuid", "uuidv4", "uuidv7", "setseed", "nextval", "currval", "current_query", "txid_current",
                                            "current_setting", "getvariable", "getenv", "write_log", "current_localtime", "current_localtimestamp"};
    static const char *const words[] = {"current_date", "current_time", "current_timestamp", "localtime", "localtimestamp"};
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++)
        if (eh_words_have(&trace->functions, functions[i]))
            return eh_yaml_fail(node, error, EH_INPUT, "%s() gives another answer each time; write today or now (without brackets): the day and the moment as of "
                                "which people are looked at", functions[i]);
    for (size_t i = 0; i < trace->references_count; i++)
        for (size_t k = 0; k < sizeof words / sizeof words[0]; k++)
            if (trace->references[i].parts_count == 1 && strcasecmp(trace->references[i].parts[0], words[k]) == 0)
                return eh_yaml_fail(node, error, EH_INPUT, "%s is the clock of this machine; write today or now: the day and the moment as of which people are "
                                    "looked at", words[k]);
    return EH_OK;
}
