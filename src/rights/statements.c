/* What is asked of the database again and again: statements that stay prepared, numbers that are counted in memory within one transaction. */
#include <string.h>

#include "rights/records_int.h"

/* ---- statements --------------------------------------------------------------------------------------------------------------------- */

eh_code eh_rights_prepare(eh_rights *rights, const char *sql, eh_statement **statement_out, eh_error *error)
{
    size_t i = 0;
    while (i < rights->kept_count && rights->kept[i].sql != sql)
        i++;
    if (i == rights->kept_count) {
        EH_ASSERT(i < EH_KEPT_STATEMENTS_MAX);
        EH_TRY(eh_store_prepare(rights->store, sql, &rights->kept[i].statement, error));
        rights->kept[i].sql = sql;
        rights->kept_count++;
    }
    *statement_out = rights->kept[i].statement;
    return EH_OK;
}

void eh_statement_rest(eh_statement **statement)
{
    if (*statement != NULL)
        eh_statement_reset(*statement);
    *statement = NULL;
}

void eh_rights_statements_close(eh_rights *rights)
{
    for (size_t i = 0; i < rights->kept_count; i++)
        eh_statement_close(&rights->kept[i].statement);
    rights->kept_count = 0;
}

/* ---- counters ------------------------------------------------------------------------------------------------------------------------- */

static const char *const counter_names[EH_COUNTERS_COUNT] = {
    [EH_COUNT_PERSON] = "person",   [EH_COUNT_ACT] = "act",         [EH_COUNT_ALIAS] = "alias",     [EH_COUNT_MOVE] = "move",
    [EH_COUNT_SUPPRESSION] = "suppression", [EH_COUNT_REQUEST] = "request", [EH_COUNT_DISCLOSURE] = "disclosure", [EH_COUNT_CONTACT] = "contact",
    [EH_COUNT_NOTICE] = "notice",   [EH_COUNT_CORRECTION] = "correction", [EH_COUNT_ITEM] = "item",
};

eh_code eh_rights_begin(eh_rights *rights, eh_error *error)
{
    EH_TRY(eh_store_begin(rights->store, error));
    memset(rights->counters, 0, sizeof rights->counters); /* another process may have counted on, or this one may have rolled back */
    rights->wording_is_kept = false;
    return EH_OK;
}

static eh_code counter_load(eh_rights *rights, eh_rights_counting which, eh_error *error)
{
    EH_CLEANUP(eh_statement_rest) eh_statement *find = NULL;
    bool row = false;
    EH_TRY(eh_rights_prepare(rights, "SELECT value FROM rights_counter WHERE name = $1", &find, error));
    eh_bind_text(find, 1, eh_view_of(counter_names[which]));
    EH_TRY(eh_statement_step(find, &row, error));
    rights->counters[which].value = row ? eh_column_integer(find, 0) : 0;
    rights->counters[which].loaded = true;
    return EH_OK;
}

eh_code eh_rights_next(eh_rights *rights, eh_rights_counting which, int64_t *number_out, eh_error *error)
{
    EH_ASSERT(eh_store_in_transaction(rights->store));
    if (!rights->counters[which].loaded)
        EH_TRY(counter_load(rights, which, error));
    rights->counters[which].changed = true;
    *number_out = ++rights->counters[which].value;
    return EH_OK;
}

eh_code eh_rights_counters_save(eh_rights *rights, eh_error *error)
{
    EH_CLEANUP(eh_statement_rest) eh_statement *keep = NULL;
    for (unsigned i = 0; i < EH_COUNTERS_COUNT; i++) {
        if (!rights->counters[i].changed)
            continue;
        if (keep == NULL)
            EH_TRY(eh_rights_prepare(rights, "INSERT INTO rights_counter (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = $2", &keep,
                                     error));
        eh_bind_text(keep, 1, eh_view_of(counter_names[i]));
        eh_bind_integer(keep, 2, rights->counters[i].value);
        EH_TRY(eh_statement_run(keep, error));
        rights->counters[i].changed = false;
    }
    return EH_OK;
}
