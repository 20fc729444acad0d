/* The repaired rows as a check looks at them: each repaired column under the name of the one that it was made from. */
#include <string.h>

#include "repair/repair_int.h"

static bool is_weight(eh_step_kind kind)
{
    return kind == EH_STEP_REWEIGH || kind == EH_STEP_RAKE;
}

/* The column of the source that a chain of repairs began with. */
static const char *root_of(const eh_repair_written *written, size_t count, const char *column)
{
    for (size_t i = count; i-- > 0;)
        if (written[i].into != NULL && written[i].column != NULL && strcmp(written[i].into, column) == 0)
            column = written[i].column;
    return column;
}

/* What was written and dropped again does not stand for anything. */
static void forget(eh_repair_view *view, const char *column)
{
    view->weight = view->weight != NULL && strcmp(view->weight, column) == 0 ? NULL : view->weight;
    view->merged = view->merged != NULL && strcmp(view->merged, column) == 0 ? NULL : view->merged;
    for (size_t i = view->replaced_count; i-- > 0;)
        if (strcmp(view->replaced[i].repaired, column) == 0)
            view->replaced[i] = view->replaced[--view->replaced_count];
}

static void written_take(const eh_repair_written *written, size_t index, eh_repair_view *view)
{
    const eh_repair_written *one = &written[index];
    if (one->kind == EH_STEP_DUPLICATES)
        view->merged = one->into;
    if (is_weight(one->kind))
        view->weight = one->into;
    if (one->kind == EH_STEP_DROP)
        forget(view, one->column);
    if (one->into == NULL || one->column == NULL)
        return;
    const char *root = root_of(written, index, one->column);
    size_t at = 0;
    while (at < view->replaced_count && strcmp(view->replaced[at].column, root) != 0)
        at++;
    view->replaced[at] = (eh_repair_replaced){root, one->into};
    view->replaced_count += at == view->replaced_count;
}

/* Columns that stand elsewhere in the view, or that say what was done and nothing of people. */
static bool is_left_out(const eh_repair_written *written, size_t count, const eh_repair_view *view, const char *column)
{
    for (size_t i = 0; i < count; i++) {
        const eh_repair_written *one = &written[i];
        bool earlier = one->into != NULL && strcmp(one->into, column) == 0 && (view->weight == NULL || strcmp(view->weight, column) != 0);
        if (earlier || (one->kind == EH_STEP_CORRECT && one->flag != NULL && strcmp(one->flag, column) == 0))
            return true;
    }
    return false;
}

static const char *stands_for(const eh_repair_view *view, const char *column)
{
    for (size_t i = 0; i < view->replaced_count; i++)
        if (strcmp(view->replaced[i].column, column) == 0)
            return view->replaced[i].repaired;
    return column;
}

static void column_put(const eh_repair_view *view, const char *column, eh_buffer *sql)
{
    eh_buffer_text(sql, sql->len == 0 ? "SELECT " : ", ");
    eh_transform_name(sql, stands_for(view, column));
    eh_buffer_text(sql, " AS ");
    eh_transform_name(sql, column);
}

static eh_code columns_put(const eh_repair_written *written, size_t count, const eh_repair_view *view, const eh_answer *columns, eh_buffer *sql, eh_error *error)
{
    for (size_t c = 0; c < columns->rows_count; c++)
        if (!is_left_out(written, count, view, columns->values[2 * c]))
            column_put(view, columns->values[2 * c], sql);
    /* A column that was dropped after it had been repaired goes on under its name. */
    for (size_t i = 0; i < view->replaced_count; i++) {
        bool there = false, made = false;
        for (size_t c = 0; c < columns->rows_count; c++) {
            there = there || strcmp(columns->values[2 * c], view->replaced[i].column) == 0;
            made = made || strcmp(columns->values[2 * c], view->replaced[i].repaired) == 0;
        }
        if (!made)
            return eh_fail(error, EH_CONFLICT, "the repaired column '%.100s' is not there", view->replaced[i].repaired);
        if (!there)
            column_put(view, view->replaced[i].column, sql);
    }
    return EH_OK;
}

eh_code eh_repair_look(eh_engine *engine, const eh_repair_written *written, size_t count, eh_arena *arena, eh_repair_view *view_out, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    eh_answer columns;
    EH_ASSERT(count <= EH_REPAIR_STEPS_MAX);
    *view_out = (eh_repair_view){0};
    for (size_t i = 0; i < count; i++)
        written_take(written, i, view_out);
    EH_TRY(eh_transform_columns(engine, arena, &columns, error));
    EH_TRY(columns_put(written, count, view_out, &columns, &sql, error));
    eh_buffer_text(&sql, " FROM " EH_TRANSFORM_BEFORE);
    if (view_out->merged != NULL) {
        eh_buffer_text(&sql, " WHERE ");
        eh_transform_name(&sql, view_out->merged);
        eh_buffer_text(&sql, " IS NULL");
    }
    EH_TRY(eh_buffer_check(&sql, error));
    return eh_transform_step(engine, sql.ptr, "the repaired rows", error);
}
