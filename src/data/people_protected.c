/*
 * The fairness wall inside the data: which columns protected attributes read, and the refusal of what asks for them.
 *
 * A hidden column is never loaded where features are evaluated, so the wall does not rest on reading SQL well; the traces here are for
 * saying why. Hidden are the columns that a protected attribute's expression names (through SQL sources down to the files), and in
 * every other source the columns of the same name and of the attribute's name, unless `not_protected` says that they are about something else.
 */
#include <string.h>
#include <strings.h>

#include "data/people_int.h"

static bool same(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcasecmp(a, b) == 0;
}

static size_t source_index(const eh_people *people, const char *name)
{
    size_t i = 0;
    while (i < people->model->sources_count && !same(people->sources[i].source->name, name))
        i++;
    return i;
}

static bool is_role(const eh_people_source *mine, const char *column)
{
    return same(mine->source->key, column) || same(mine->person, column) || same(mine->source->time, column);
}

/* A file that two sources read: what is protected in one is protected in the other. */
static bool share_file(const eh_people_source *a, const eh_people_source *b)
{
    for (size_t i = 0; i < a->files.count; i++)
        for (size_t k = 0; k < b->files.count; k++)
            if (a->files.files[i].device == b->files.files[k].device && a->files.files[i].inode == b->files.files[k].inode)
                return true;
    return false;
}

static bool is_listed(const eh_workspace_source *source, const char *column)
{
    for (size_t i = 0; i < source->not_protected_count; i++)
        if (same(source->not_protected[i], column))
            return true;
    return false;
}

/* ---- finding ----------------------------------------------------------------------------------------------------------------- */

static eh_code hide(eh_people_source *mine, size_t column, const eh_people_value *attribute, eh_error *error)
{
    if (is_listed(mine->source, mine->names[column]))
        return eh_yaml_fail(eh_yaml_member_value(mine->source->node, "not_protected"), error, EH_DENIED, "'%s' is read by the protected attribute '%s', so it is protected",
                            mine->names[column], attribute->name);
    mine->hidden[column] = true;
    return EH_OK;
}

/* An SQL source that an attribute reads: everything that its query names, down to the files, but the columns that rows are joined and dated by. */
static eh_code withhold(eh_people *people, size_t index, const eh_people_value *attribute, eh_error *error)
{
    people->sources[index].withheld = true;
    people->sources[index].withheld_by = attribute->name;
    for (size_t at = index + 1; at-- > 0;) {
        const eh_people_source *query = &people->sources[at];
        if (!query->withheld || query->source->sql == NULL)
            continue;
        for (size_t t = 0; t < query->trace.tables.count; t++) {
            size_t below = source_index(people, query->trace.tables.items[t]);
            if (below >= at)
                continue;
            eh_people_source *mine = &people->sources[below];
            if (mine->source->sql != NULL) {
                mine->withheld = true;
                mine->withheld_by = attribute->name;
                continue;
            }
            for (size_t r = 0; r < query->trace.references_count; r++)
                for (size_t k = 0; k < query->trace.references[r].parts_count; k++) {
                    size_t column = eh_people_column_index(mine, query->trace.references[r].parts[k]);
                    if (column < mine->columns_count && !is_role(mine, mine->names[column]))
                        EH_TRY(hide(mine, column, attribute, error));
                }
        }
    }
    return EH_OK;
}

static eh_code fail_unknown(const eh_people *people, const eh_people_value *attribute, const char *name, eh_error *error)
{
    const eh_people_source *first = &people->sources[people->model->people];
    const char *nearest = eh_nearest_name(name, first->names, first->columns_count);
    return eh_yaml_fail(attribute->node, error, EH_NOT_FOUND, "no column '%.60s'%s%s%s", name, nearest == NULL ? " in any source" : "; did you mean '",
                        nearest == NULL ? "" : nearest, nearest == NULL ? "" : "'?");
}

/* Marks what one reference of an attribute reads; *found_out counts columns that are not only there to join and date rows. */
static eh_code hide_reference(eh_people *people, const eh_people_value *attribute, const eh_reference *reference, size_t *found_out, eh_error *error)
{
    size_t count = people->model->sources_count;
    size_t at = reference->parts_count > 1 ? source_index(people, reference->parts[0]) : count;
    const char *name = reference->parts[at < count ? 1 : 0];
    if (reference->parts_count == 1 && source_index(people, name) < count && eh_people_column_index(&people->sources[people->model->people], name) ==
                                                                                 people->sources[people->model->people].columns_count)
        return eh_yaml_fail(attribute->node, error, EH_INPUT, "'%.60s' stands for a whole row; name a column, as in %.60s.%s", name, name, "column");
    if (at == count && (same(name, "today") || same(name, "now")))
        return EH_OK;
    if (at < count && people->sources[at].source->sql != NULL) {
        (*found_out)++;
        return withhold(people, at, attribute, error);
    }
    bool known = false;
    for (size_t step = 0; step <= count && !known; step++) {
        /* a name without a source: the people's first, then the others */
        size_t i = at < count ? at : step == 0 ? people->model->people : step - 1;
        eh_people_source *mine = &people->sources[i];
        size_t column = eh_people_column_index(mine, name);
        known = column < mine->columns_count;
        if (!known || is_role(mine, name))
            continue;
        (*found_out)++;
        EH_TRY(hide(mine, column, attribute, error));
    }
    return known || attribute->trace.lambda ? EH_OK : fail_unknown(people, attribute, name, error);
}

static bool name_is_protected(const eh_people *people, const char *name, bool attributes)
{
    for (size_t i = 0; i < people->attributes_count && attributes; i++)
        if (same(people->attributes[i].name, name))
            return true;
    for (size_t i = 0; i < people->model->sources_count; i++) {
        const eh_people_source *mine = &people->sources[i];
        size_t column = eh_people_column_index(mine, name);
        if (column < mine->columns_count && mine->hidden[column])
            return true;
    }
    return false;
}

/* Columns of the same name elsewhere. The list of hidden ones grows only by names that are in it, so one pass is enough. */
static eh_code hide_same_names(eh_people *people, eh_error *error)
{
    for (size_t i = 0; i < people->model->sources_count; i++) {
        eh_people_source *mine = &people->sources[i];
        for (size_t c = 0; c < mine->columns_count; c++) {
            if (mine->hidden[c] || is_role(mine, mine->names[c]) || !name_is_protected(people, mine->names[c], true))
                continue;
            bool listed = is_listed(mine->source, mine->names[c]);
            for (size_t k = 0; k < people->model->sources_count && listed; k++)
                if (k != i && share_file(mine, &people->sources[k]) && name_is_protected(people, mine->names[c], false))
                    return eh_yaml_fail(eh_yaml_member_value(mine->source->node, "not_protected"), error, EH_DENIED,
                                        "'%s' comes from the same file as %s.%s, which is protected", mine->names[c], people->sources[k].source->name, mine->names[c]);
            mine->hidden[c] = !listed;
        }
    }
    return EH_OK;
}

eh_code eh_people_protect(eh_people *people, eh_error *error)
{
    for (size_t i = 0; i < people->attributes_count; i++) {
        const eh_people_value *attribute = &people->attributes[i];
        size_t found = 0;
        for (size_t r = 0; r < attribute->trace.references_count; r++)
            EH_TRY(hide_reference(people, attribute, &attribute->trace.references[r], &found, error));
        if (found == 0)
            return eh_yaml_fail(attribute->node, error, EH_INPUT, "reads no column besides those by which rows are joined and dated; name the column that says it");
    }
    return hide_same_names(people, error);
}

/* ---- refusing ------------------------------------------------------------------------------------------------------------------- */

static const char *protected_by(const eh_people *people, const char *name)
{
    for (size_t i = 0; i < people->attributes_count; i++) {
        const eh_trace *trace = &people->attributes[i].trace;
        if (same(people->attributes[i].name, name))
            return people->attributes[i].name;
        for (size_t r = 0; r < trace->references_count; r++)
            for (size_t k = 0; k < trace->references[r].parts_count; k++)
                if (same(trace->references[r].parts[k], name))
                    return people->attributes[i].name;
    }
    return people->attributes_count > 0 ? people->attributes[0].name : "";
}

static eh_code deny(const eh_people *people, const eh_yaml_node *node, const char *way, const char *name, eh_error *error)
{
    return eh_yaml_fail(node, error, EH_DENIED, "reads %s%s%.60s, and that is protected (protected.%s): no model, rule or query may read it. Use something that says what "
                        "you need without it, or remove this", way, way[0] == '\0' ? "" : ".", name, protected_by(people, name));
}

static eh_code refuse_reference(const eh_people *people, const eh_reference *reference, const eh_yaml_node *node, eh_error *error)
{
    size_t count = people->model->sources_count;
    size_t at = reference->parts_count > 1 ? source_index(people, reference->parts[0]) : count;
    if (at < count && people->sources[at].source->sql == NULL) {
        const eh_people_source *mine = &people->sources[at];
        size_t column = eh_people_column_index(mine, reference->parts[1]);
        return column < mine->columns_count && mine->hidden[column] ? deny(people, node, mine->source->name, mine->names[column], error) : EH_OK;
    }
    for (size_t k = at < count ? 1 : 0; k < reference->parts_count; k++) {
        bool hidden = false, visible = false;
        for (size_t i = 0; i < count; i++) {
            const eh_people_source *mine = &people->sources[i];
            size_t column = eh_people_column_index(mine, reference->parts[k]);
            hidden = hidden || (column < mine->columns_count && mine->source->sql == NULL && mine->hidden[column]);
            visible = visible || (column < mine->columns_count && mine->source->sql == NULL && !mine->hidden[column]);
        }
        if (hidden && !visible)
            return deny(people, node, at < count ? people->sources[at].source->name : "", reference->parts[k], error);
    }
    return EH_OK;
}

eh_code eh_people_refuse_protected(const eh_people *people, const eh_trace *trace, const eh_yaml_node *node, eh_error *error)
{
    if (people->raw)
        return EH_OK;
    for (size_t i = 0; i < trace->references_count; i++)
        EH_TRY(refuse_reference(people, &trace->references[i], node, error));
    for (size_t i = 0; i < people->model->sources_count; i++) {
        const eh_people_source *mine = &people->sources[i];
        bool named = mine->withheld && eh_words_have(&trace->tables, mine->source->name);
        for (size_t r = 0; r < trace->references_count && mine->withheld; r++)
            named = named || (trace->references[r].parts_count > 1 && same(trace->references[r].parts[0], mine->source->name));
        if (named)
            return eh_yaml_fail(node, error, EH_DENIED, "reads the source %s, which the protected attribute '%s' is made from; no model, rule or query may read it",
                                mine->source->name, mine->withheld_by);
    }
    return EH_OK;
}
