/* What the interface keeps: outcomes, and the answers to requests that may come twice. */
#include <string.h>

#include "web/api_int.h"

/* ---- outcomes --------------------------------------------------------------------------------------------------------------------- */

eh_code eh_outcome_keep(eh_store *store, const eh_outcome *outcome, bool *known_out, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *keep = NULL;
    EH_TRY(eh_store_prepare(store,
                            "INSERT INTO api_outcome (number, person, name, at_s, decision, value, recorded_s) VALUES "
                            "((SELECT coalesce(max(number), 0) + 1 FROM api_outcome), $1, $2, $3, $4, $5, $6) ON CONFLICT (person, name, at_s, decision) DO NOTHING",
                            &keep, error));
    eh_bind_text(keep, 1, eh_view_of(outcome->person));
    eh_bind_text(keep, 2, eh_view_of(outcome->name));
    eh_bind_integer(keep, 3, outcome->at_s);
    eh_bind_text(keep, 4, eh_view_of(outcome->decision));
    eh_bind_double(keep, 5, outcome->value);
    eh_bind_integer(keep, 6, outcome->recorded_s);
    EH_TRY(eh_statement_run(keep, error));
    *known_out = eh_store_changes(store) == 0;
    return EH_OK;
}

eh_code eh_outcomes_last(eh_store *store, int64_t *number_out, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *find = NULL;
    bool row = false;
    EH_TRY(eh_store_prepare(store, "SELECT coalesce(max(number), 0) FROM api_outcome", &find, error));
    EH_TRY(eh_statement_step(find, &row, error));
    *number_out = row ? eh_column_integer(find, 0) : 0;
    return EH_OK;
}

typedef struct {
    double sum, most;
    bool amounts;
} adding;

static void add(adding *to, double value)
{
    to->sum += value;
    to->most = value > to->most ? value : to->most;
    to->amounts = to->amounts || (value != 0 && value != 1);
}

eh_code eh_outcome_add_up(eh_store *store, const eh_outcome *of, int64_t from_s, int64_t until_s, eh_outcome_total *total_out, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *each = NULL;
    adding all = {0}, before = {0};
    EH_TRY(eh_store_prepare(store, "SELECT number, value, at_s FROM api_outcome WHERE person = $1 AND name = $2 AND decision = $3 AND at_s BETWEEN $4 AND $5 ORDER BY number",
                            &each, error));
    eh_bind_text(each, 1, eh_view_of(of->person));
    eh_bind_text(each, 2, eh_view_of(of->name));
    eh_bind_text(each, 3, eh_view_of(of->decision));
    eh_bind_integer(each, 4, from_s);
    eh_bind_integer(each, 5, until_s);
    *total_out = (eh_outcome_total){0};
    for (bool row = true;;) {
        EH_TRY(eh_statement_step(each, &row, error));
        if (!row)
            break;
        int64_t at_s = eh_column_integer(each, 2);
        add(&all, eh_column_double(each, 1));
        if (eh_column_integer(each, 0) <= of->number)
            add(&before, eh_column_double(each, 1));
        total_out->any = true;
        total_out->at_s = at_s > total_out->at_s ? at_s : total_out->at_s;
    }
    total_out->value = all.amounts ? all.sum : all.most;
    total_out->before = before.amounts ? before.sum : before.most;
    return EH_OK;
}

eh_code eh_outcomes_list(eh_store *store, eh_view person, int64_t number, eh_arena *arena, eh_outcome *list_out, size_t *count_out, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *list = NULL;
    size_t most = *count_out, count = 0;
    EH_TRY(eh_store_prepare(store,
                            "SELECT number, person, name, at_s, decision, value, recorded_s FROM api_outcome WHERE number > $1 AND ($2 = '' OR person = $2) "
                            "ORDER BY number LIMIT $3",
                            &list, error));
    eh_bind_integer(list, 1, number);
    eh_bind_text(list, 2, person.ptr == NULL ? EH_VIEW("") : person);
    eh_bind_integer(list, 3, (int64_t)most);
    for (bool row = true; count < most; count++) {
        EH_TRY(eh_statement_step(list, &row, error));
        if (!row)
            break;
        eh_outcome outcome = {.number = eh_column_integer(list, 0), .at_s = eh_column_integer(list, 3), .value = eh_column_double(list, 5),
                              .recorded_s = eh_column_integer(list, 6)};
        outcome.person = eh_arena_copy(arena, eh_column_text(list, 1));
        outcome.name = eh_arena_copy(arena, eh_column_text(list, 2));
        outcome.decision = eh_arena_copy(arena, eh_column_text(list, 4));
        if (outcome.person == NULL || outcome.name == NULL || outcome.decision == NULL)
            return eh_fail_memory(error);
        list_out[count] = outcome;
    }
    *count_out = count;
    return EH_OK;
}

eh_code eh_outcomes_forget(eh_store *store, eh_view person, uint64_t *count_out, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *forget = NULL;
    EH_TRY(eh_store_prepare(store, "DELETE FROM api_outcome WHERE person = $1", &forget, error));
    eh_bind_text(forget, 1, person);
    EH_TRY(eh_statement_run(forget, error));
    *count_out = eh_store_changes(store);
    return EH_OK;
}

eh_code eh_api_items(eh_store *store, const eh_person_marks *marks, eh_person_items *list, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *each = NULL;
    uint32_t version = 0;
    EH_TRY(eh_store_version(store, "api", &version, error));
    if (version == 0)
        return EH_OK;
    EH_TRY(eh_store_prepare(store, "SELECT name, value, at_s FROM api_outcome WHERE person = $1 ORDER BY number", &each, error));
    for (size_t k = 0; k < marks->keys_count; k++) {
        eh_bind_text(each, 1, eh_view_of(marks->keys[k]));
        for (bool row = true;;) {
            EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
            eh_json_writer json;
            EH_TRY(eh_statement_step(each, &row, error));
            if (!row)
                break;
            eh_json_begin(&json, &text, false, false);
            eh_json_object_open(&json, NULL);
            eh_json_view(&json, "name", eh_column_text(each, 0));
            eh_json_number(&json, "value", eh_column_double(each, 1));
            eh_json_time(&json, "at", eh_column_integer(each, 2));
            eh_json_object_close(&json);
            EH_TRY(eh_person_item_add(list, "outcomes", &text, error));
        }
        eh_statement_reset(each);
    }
    return EH_OK;
}

/* Answers that name them: asked again within the day, the request is carried out once more. */
static eh_code answers_forget(eh_store *store, const eh_person_marks *marks, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *each = NULL, *forget = NULL;
    EH_TRY(eh_store_prepare(store, "SELECT name, body FROM api_answer", &each, error));
    EH_TRY(eh_store_prepare(store, "DELETE FROM api_answer WHERE name = $1", &forget, error));
    for (bool row = true;;) {
        bool named = false;
        EH_TRY(eh_statement_step(each, &row, error));
        if (!row)
            return EH_OK;
        eh_view body = eh_column_bytes(each, 1);
        for (size_t i = 0; i < marks->marks_count && body.len > 0; i++)
            named = named || memmem(body.ptr, body.len, marks->marks[i], strlen(marks->marks[i])) != NULL;
        if (!named)
            continue;
        eh_bind_bytes(forget, 1, eh_column_bytes(each, 0));
        EH_TRY(eh_statement_run(forget, error));
    }
}

eh_code eh_api_forget(eh_store *store, const eh_person_marks *marks, uint64_t *rows_out, eh_error *error)
{
    uint32_t version = 0;
    uint64_t rows = 0;
    EH_TRY(eh_store_version(store, "api", &version, error));
    for (size_t i = 0; version > 0 && i < marks->keys_count; i++) {
        uint64_t count = 0;
        EH_TRY(eh_outcomes_forget(store, eh_view_of(marks->keys[i]), &count, error));
        rows += count;
    }
    if (version > 0)
        EH_TRY(answers_forget(store, marks, error));
    *rows_out = rows;
    return EH_OK;
}

/* ---- answers ------------------------------------------------------------------------------------------------------------------------ */

eh_code eh_answer_keep(eh_store *store, const uint8_t name[32], const eh_kept_answer *answer, int64_t now_s, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *sweep = NULL, *keep = NULL;
    EH_TRY(eh_store_prepare(store, "DELETE FROM api_answer WHERE made_s < $1", &sweep, error));
    eh_bind_integer(sweep, 1, now_s - EH_ANSWER_KEPT_SECONDS);
    EH_TRY(eh_statement_run(sweep, error));
    EH_TRY(eh_store_prepare(store,
                            "INSERT INTO api_answer (name, request, status, content_type, body, made_s, location) VALUES ($1, $2, $3, $4, $5, $6, $7) "
                            "ON CONFLICT (name) DO UPDATE SET status = $3, content_type = $4, body = $5, location = $7",
                            &keep, error));
    eh_bind_bytes(keep, 1, (eh_view){(const char *)name, 32});
    eh_bind_bytes(keep, 2, (eh_view){(const char *)answer->request, sizeof answer->request});
    eh_bind_integer(keep, 3, answer->status);
    eh_bind_text(keep, 4, eh_view_of(answer->content_type));
    eh_bind_bytes(keep, 5, answer->body);
    eh_bind_integer(keep, 6, now_s);
    eh_bind_text(keep, 7, eh_view_of(answer->location));
    return eh_statement_run(keep, error);
}

eh_code eh_answer_drop(eh_store *store, const uint8_t name[32], eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *drop = NULL;
    EH_TRY(eh_store_prepare(store, "DELETE FROM api_answer WHERE name = $1", &drop, error));
    eh_bind_bytes(drop, 1, (eh_view){(const char *)name, 32});
    return eh_statement_run(drop, error);
}

eh_code eh_answer_find(eh_store *store, const uint8_t name[32], int64_t now_s, eh_arena *arena, eh_kept_answer *answer_out, bool *found_out, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *find = NULL;
    EH_TRY(eh_store_prepare(store, "SELECT status, content_type, body, request, location FROM api_answer WHERE name = $1 AND made_s >= $2", &find, error));
    eh_bind_bytes(find, 1, (eh_view){(const char *)name, 32});
    eh_bind_integer(find, 2, now_s - EH_ANSWER_KEPT_SECONDS);
    EH_TRY(eh_statement_step(find, found_out, error));
    if (!*found_out)
        return EH_OK;
    eh_view body = eh_column_bytes(find, 2), request = eh_column_bytes(find, 3);
    char *copy = eh_arena_copy(arena, body);
    eh_kept_answer answer = {.status = (unsigned)eh_column_integer(find, 0), .content_type = eh_arena_copy(arena, eh_column_text(find, 1)),
                             .location = eh_arena_copy(arena, eh_column_text(find, 4)), .body = {copy, body.len}};
    if (copy == NULL || answer.content_type == NULL || answer.location == NULL)
        return eh_fail_memory(error);
    if (request.len != sizeof answer.request)
        return eh_fail(error, EH_CORRUPT, "a kept answer cannot be read");
    memcpy(answer.request, request.ptr, request.len);
    *answer_out = answer;
    return EH_OK;
}
