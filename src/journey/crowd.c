/* The people of a workspace as a campaign sees them: their facts in columns, who the campaign is meant for. */
#include <dirent.h>
#include <string.h>
#include <unistd.h>

#include "data/columns.h"
#include "journey/journey.h"
#include "journey/people.h"

enum { NAME_BYTES_MAX = 200, NAMES_MAX = 512 };

/* A name that is nearly one of those in campaigns/ is told which. */
static eh_code campaign_missing(eh_workspace *workspace, const char *given, eh_error *error)
{
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(1 << 20);
    const char *folder = eh_workspace_path(workspace, "campaigns"), **names = arena == NULL ? NULL : EH_TAKE(arena, NAMES_MAX, const char *);
    size_t count = 0;
    if (folder == NULL || names == NULL)
        return eh_fail_memory(error);
    DIR *listing = opendir(folder);
    for (struct dirent *entry = listing == NULL ? NULL : readdir(listing); entry != NULL && count < NAMES_MAX; entry = readdir(listing)) {
        size_t len = strlen(entry->d_name);
        if (len > 5 && strcmp(entry->d_name + len - 5, ".yaml") == 0 && (names[count] = eh_arena_copy(arena, (eh_view){entry->d_name, len - 5})) != NULL)
            count++;
    }
    if (listing != NULL)
        closedir(listing);
    const char *nearest = eh_nearest_name(given, names, count);
    return eh_fail(error, EH_NOT_FOUND, "there is no campaign '%.60s' here: %s/%.60s.yaml is missing%s%s%s", given, folder, given, nearest == NULL ? "" : "; do you mean '",
                   nearest == NULL ? "" : nearest, nearest == NULL ? "" : "'?");
}

eh_code eh_campaign_find(eh_workspace *workspace, const char *given, eh_campaign_file **file_out, eh_error *error)
{
    const char *path = given;
    size_t len = strlen(given);
    bool is_path = strchr(given, '/') != NULL || (len > 5 && strcmp(given + len - 5, ".yaml") == 0);
    char relative[300];
    if (!is_path) {
        if (len > NAME_BYTES_MAX)
            return eh_fail(error, EH_INPUT, "'%.60s...' is no name of a campaign: it is too long", given);
        snprintf(relative, sizeof relative, "campaigns/%s.yaml", given);
        path = eh_workspace_path(workspace, relative);
        if (path == NULL)
            return eh_fail_memory(error);
        if (access(path, F_OK) != 0)
            return campaign_missing(workspace, given, error);
    }
    return eh_campaign_open(path, file_out, error);
}

static eh_code facts_read(eh_crowd *crowd, eh_error *error)
{
    const eh_workspace_model *model = eh_workspace_get(crowd->workspace);
    size_t count = model->features_count;
    crowd->facts = EH_TAKE(crowd->arena, count, eh_frame_fact);
    crowd->columns = EH_TAKE(crowd->arena, count, eh_fact_column);
    if (crowd->facts == NULL || crowd->columns == NULL)
        return eh_fail_memory(error);
    for (size_t f = 0; f < count; f++) {
        const eh_workspace_feature *feature = &model->features[f];
        eh_person_column column = {0};
        EH_TRY(eh_people_column(crowd->people, feature->name, crowd->arena, &column, error));
        crowd->facts[f] = (eh_frame_fact){.name = feature->name, .says = feature->says, .missing = feature->missing, .from_whom = feature->from_whom,
                                          .changeable = feature->changeable,
                                          .kind = column.kind == EH_PERSON_TEXT ? EH_FACT_TEXT : column.kind == EH_PERSON_BOOLEAN ? EH_FACT_TRUTH : EH_FACT_NUMBER};
        crowd->columns[f] = (eh_fact_column){.numbers = column.numbers, .codes = column.codes, .levels = column.levels, .levels_count = column.levels_count};
    }
    crowd->facts_count = count;
    return EH_OK;
}

typedef struct {
    eh_crowd *crowd;
    size_t at;
} audience_reading;

static eh_code audience_take(void *context, const eh_columns_chunk *chunk, eh_error *error)
{
    audience_reading *state = context;
    if (chunk == NULL) {
        state->at = 0;
        return EH_OK;
    }
    for (size_t row = 0; row < chunk->rows; row++, state->at++) {
        if (state->at >= state->crowd->count || !eh_view_equal(chunk->texts[0][row], eh_view_of(state->crowd->keys[state->at])))
            return eh_fail(error, EH_INTERNAL, "the audience came in another order than the people");
        state->crowd->audience[state->at] = chunk->numbers[1][row] == 1;
    }
    return EH_OK;
}

eh_code eh_audience_sql(const eh_campaign_file *file, eh_arena *arena, const char **sql_out, eh_error *error)
{
    eh_expression expression = {0};
    if (eh_expression_parse("audience", eh_view_of(eh_campaign_get(file)->audience), arena, &expression, error) != EH_OK)
        return eh_campaign_fail(file, "audience", error, error->code, "%s", error->text);
    *sql_out = eh_arena_format(arena, "coalesce((%s), false)", expression.sql);
    return *sql_out == NULL ? eh_fail_memory(error) : EH_OK;
}

static eh_code audience_read(eh_crowd *crowd, eh_error *error)
{
    const char *condition = NULL;
    if (eh_campaign_get(crowd->campaign_file)->audience == NULL)
        return EH_OK;
    EH_TRY(eh_audience_sql(crowd->campaign_file, crowd->arena, &condition, error));
    crowd->audience = EH_TAKE(crowd->arena, crowd->count, bool);
    if (crowd->audience == NULL)
        return eh_fail_memory(error);
    eh_column columns[2] = {{.sql = "\"key\"", .option = "key", .kind = EH_VALUES_TEXT}, {.sql = condition, .option = "audience"}};
    eh_engine *engine = eh_people_engine(crowd->people);
    audience_reading state = {.crowd = crowd};
    eh_code code = eh_columns_describe(engine, columns, 2, error);
    columns[0].kind = EH_VALUES_TEXT;
    if (code == EH_OK && columns[1].kind != EH_VALUES_TRUTH)
        return eh_campaign_fail(crowd->campaign_file, "audience", error, EH_INPUT, "must be true or false for each person, such as months_since_order < 24");
    if (code == EH_OK)
        code = eh_columns_read(engine, &(eh_columns_spec){.columns = columns, .count = 2, .take = audience_take, .context = &state}, error);
    if (code != EH_OK) {
        char *text = eh_arena_copy(crowd->arena, eh_view_of(error->text));
        return eh_campaign_fail(crowd->campaign_file, "audience", error, code, "%s", text == NULL ? "" : text);
    }
    return EH_OK;
}

eh_code eh_crowd_read(eh_crowd *crowd, eh_error *error)
{
    EH_CLEANUP(eh_erased_list_close) eh_erased_list *erased = NULL;
    eh_people_options options = {.dated = crowd->dated, .as_of = crowd->as_of, .now = crowd->now, .engine = {.ordered = true}};
    EH_TRY(eh_erased_list_open(eh_workspace_get(crowd->workspace)->state_folder, &erased, error));
    eh_people_without_erased(&options, erased);
    EH_TRY(eh_people_open(crowd->workspace, &options, &crowd->people, error));
    crowd->count = eh_people_count(crowd->people);
    crowd->as_of_s = eh_people_as_of(crowd->people).seconds;
    EH_TRY(eh_people_keys(crowd->people, crowd->arena, &crowd->keys, error));
    EH_TRY(facts_read(crowd, error));
    return audience_read(crowd, error);
}

void eh_crowd_close(eh_crowd *crowd) { eh_people_close(&crowd->people); }

bool eh_crowd_find(const eh_crowd *crowd, eh_view key, size_t *person_out)
{
    size_t low = 0, high = crowd->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const char *other = crowd->keys[middle];
        int order = strncmp(other, key.ptr, key.len);
        if (order == 0)
            order = other[key.len] != '\0';
        if (order == 0) {
            *person_out = middle;
            return true;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}
