/* The options of `evenhand train`. */
#include <math.h>
#include <string.h>

#include "cli/model_cli_int.h"

enum { THREADS_MAX = 256, BAGS_MAX = 64, ROUNDS_MAX = 100000, MEMORY_MIB_MIN = 16, MEMORY_MIB_MAX = 16777216, FOLDS_MAX = 20 };

static eh_code expression_into(const eh_option_use *use, eh_expression *expression, eh_error *error)
{
    return eh_expression_parse(use->option, eh_view_of(use->value), use->arena, expression, error);
}

static eh_code read_data(const eh_option_use *use, eh_error *error)
{
    eh_train_request *request = use->target;
    if (use->value[0] == '\0')
        return eh_fail(error, EH_INPUT, "%s: the name of a file is empty", use->option);
    if (request->files_count == EH_FILES_MAX)
        return eh_fail(error, EH_LIMIT, "%s: more than %d files", use->option, EH_FILES_MAX);
    const char **files = EH_TAKE(use->arena, request->files_count + 1, const char *);
    if (files == NULL)
        return eh_fail_memory(error);
    if (request->files_count > 0)
        memcpy(files, request->files, request->files_count * sizeof *files);
    files[request->files_count++] = use->value;
    request->files = files;
    return EH_OK;
}

static eh_code read_label(const eh_option_use *use, eh_error *error)
{
    eh_train_request *request = use->target;
    request->label_text = use->value;
    return expression_into(use, &request->label, error);
}

static eh_code read_weight(const eh_option_use *use, eh_error *error)
{
    return expression_into(use, &((eh_train_request *)use->target)->weight, error);
}

static eh_code read_treatment(const eh_option_use *use, eh_error *error)
{
    return expression_into(use, &((eh_train_request *)use->target)->treatment, error);
}

static eh_code read_where(const eh_option_use *use, eh_error *error)
{
    eh_expression expression = {0};
    EH_TRY(expression_into(use, &expression, error));
    ((eh_train_request *)use->target)->where = expression.sql;
    return EH_OK;
}

static eh_code read_features(const eh_option_use *use, eh_error *error)
{
    eh_train_request *request = use->target;
    eh_expression *list = NULL, *all = NULL;
    size_t count = 0;
    EH_TRY(eh_expressions_parse(use->option, eh_view_of(use->value), use->arena, &list, &count, error));
    if (request->features_count + count > EH_MODEL_FEATURES_MAX)
        return eh_fail(error, EH_LIMIT, "%s: %zu features, at most %d", use->option, request->features_count + count, EH_MODEL_FEATURES_MAX);
    all = EH_TAKE(use->arena, request->features_count + count, eh_expression);
    if (all == NULL)
        return eh_fail_memory(error);
    if (request->features_count > 0)
        memcpy(all, request->features, request->features_count * sizeof *all);
    memcpy(all + request->features_count, list, count * sizeof *all);
    request->features = all;
    request->features_count += count;
    for (size_t i = 0; i < request->features_count; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(all[i].name, all[k].name) == 0)
                return eh_fail(error, EH_CONFLICT, "%s: two features are named '%s'; name one with AS: \"expression AS other_name\"", use->option,
                               all[i].name);
    return EH_OK;
}

static eh_code read_protected(const eh_option_use *use, eh_error *error)
{
    eh_train_request *request = use->target;
    eh_expression *list = NULL;
    size_t count = 0;
    EH_TRY(eh_expressions_parse(use->option, eh_view_of(use->value), use->arena, &list, &count, error));
    if (request->protected_count + count > EH_ATTRIBUTES_MAX)
        return eh_fail(error, EH_LIMIT, "%s: %zu attributes, at most %d", use->option, request->protected_count + count, EH_ATTRIBUTES_MAX);
    memcpy(request->protected_ + request->protected_count, list, count * sizeof *list);
    request->protected_count += count;
    return EH_OK;
}

static eh_code read_propensity(const eh_option_use *use, eh_error *error)
{
    eh_train_request *request = use->target;
    return eh_expressions_parse(use->option, eh_view_of(use->value), use->arena, &request->propensities, &request->propensities_count, error);
}

/* "selection_rate<=0.02", "tpr>=0.96"; demographic parity and equal opportunity by their own names too. */
static eh_code read_constraint(const eh_option_use *use, eh_error *error)
{
    static const struct {
        const char *name;
        eh_fair_measure measure;
    } names[] = {{"selection_rate", EH_FAIR_SELECTION}, {"selection", EH_FAIR_SELECTION}, {"demographic_parity", EH_FAIR_SELECTION},
                 {"tpr", EH_FAIR_TPR},                  {"equal_opportunity", EH_FAIR_TPR}, {"fpr", EH_FAIR_FPR}};
    eh_train_request *request = use->target;
    if (request->constraints_count + 2 > EH_TRAIN_CONSTRAINTS_MAX)
        return eh_fail(error, EH_LIMIT, "%s: more than %d constraints", use->option, EH_TRAIN_CONSTRAINTS_MAX);
    const char *sign = strpbrk(use->value, "<>:");
    size_t skip = sign == NULL ? 0 : sign[0] != ':' && sign[1] == '=' ? 2 : 1;
    double number = 0;
    if (sign == NULL || !eh_number_read(eh_view_trim(eh_view_of(sign + skip)), &number) || !(number >= 0 && number < 1))
        return eh_fail(error, EH_INPUT, "%s: '%.60s' is not of the form selection_rate<=0.02 (largest gap) or tpr>=0.96 (smallest ratio), with a "
                       "number from 0 to below 1", use->option, use->value);
    eh_view name = eh_view_trim((eh_view){use->value, (size_t)(sign - use->value)});
    bool ratio = sign[0] == '>';
    if (eh_view_equal(name, EH_VIEW("equalized_odds"))) {
        for (eh_fair_measure m = EH_FAIR_TPR; m <= EH_FAIR_FPR; m++)
            request->constraints[request->constraints_count++] =
                (eh_fair_constraint){.measure = m, .gap_max = ratio ? EH_NAN : number, .ratio_min = ratio ? number : EH_NAN};
        return EH_OK;
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (eh_view_equal(name, eh_view_of(names[i].name))) {
            request->constraints[request->constraints_count++] =
                (eh_fair_constraint){.measure = names[i].measure, .gap_max = ratio ? EH_NAN : number, .ratio_min = ratio ? number : EH_NAN};
            return EH_OK;
        }
    return eh_fail(error, EH_INPUT, "%s: '%.*s' is none of selection_rate, tpr, fpr, equalized_odds", use->option, name.len < 60 ? (int)name.len : 60,
                   name.ptr);
}

/* ---- notes on features ---------------------------------------------------------------------------------------------------------- */

static eh_code note_of(const eh_option_use *use, eh_view name, eh_feature_note **note_out, eh_error *error)
{
    eh_train_request *request = use->target;
    for (size_t i = 0; i < request->notes_count; i++)
        if (eh_view_equal(name, eh_view_of(request->notes[i].name))) {
            *note_out = &request->notes[i];
            return EH_OK;
        }
    if (request->notes_count == EH_FEATURE_NOTES_MAX)
        return eh_fail(error, EH_LIMIT, "%s: more than %d features", use->option, EH_FEATURE_NOTES_MAX);
    eh_feature_note *note = &request->notes[request->notes_count++];
    note->name = eh_arena_copy(use->arena, name);
    *note_out = note;
    return note->name == NULL ? eh_fail_memory(error) : EH_OK;
}

static eh_code pair_split(const eh_option_use *use, const char *form, eh_feature_note **note_out, const char **value_out, eh_error *error)
{
    const char *equals = strchr(use->value, '=');
    if (equals == NULL || equals == use->value || equals[1] == '\0')
        return eh_fail(error, EH_INPUT, "%s: '%.100s' is not of the form %s", use->option, use->value, form);
    *value_out = equals + 1;
    return note_of(use, (eh_view){use->value, (size_t)(equals - use->value)}, note_out, error);
}

static eh_code read_monotone(const eh_option_use *use, eh_error *error)
{
    eh_feature_note *note = NULL;
    const char *value = NULL;
    EH_TRY(pair_split(use, "FEATURE=increasing or FEATURE=decreasing", &note, &value, error));
    if (strcmp(value, "increasing") != 0 && strcmp(value, "decreasing") != 0)
        return eh_fail(error, EH_INPUT, "%s: '%.60s' is neither increasing nor decreasing", use->option, value);
    note->monotone = value[0] == 'i' ? 1 : -1;
    return EH_OK;
}

static eh_code read_says(const eh_option_use *use, eh_error *error)
{
    eh_feature_note *note = NULL;
    const char *value = NULL;
    EH_TRY(pair_split(use, "FEATURE=\"your last order was {value} months ago\"", &note, &value, error));
    note->says = value;
    return EH_OK;
}

static eh_code read_changeable(const eh_option_use *use, eh_error *error)
{
    for (const char *at = use->value; at != NULL;) {
        size_t len = strcspn(at, ",");
        eh_view name = eh_view_trim((eh_view){at, len});
        eh_feature_note *note = NULL;
        if (name.len == 0)
            return eh_fail(error, EH_INPUT, "%s: a name is empty", use->option);
        EH_TRY(note_of(use, name, &note, error));
        note->changeable = true;
        at = at[len] == ',' ? at + len + 1 : NULL;
    }
    return EH_OK;
}

/* ---- numbers and words ------------------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *option;
    uint64_t low, high;
} whole_range;

static eh_code read_whole(const eh_option_use *use, eh_error *error)
{
    static const whole_range ranges[] = {{"--bags", 1, BAGS_MAX},       {"--rounds", 1, ROUNDS_MAX},
                                         {"--pairs", 0, EH_MODEL_FEATURES_MAX}, {"--folds", 0, FOLDS_MAX},
                                         {"--threads", 1, THREADS_MAX}, {"--memory", MEMORY_MIB_MIN, MEMORY_MIB_MAX},
                                         {"--seed", 0, INT64_MAX / 2000000}};
    eh_train_request *request = use->target;
    uint64_t number = 0;
    size_t i = 0;
    while (strcmp(ranges[i].option, use->option) != 0)
        i++;
    EH_TRY(eh_whole_read(use, ranges[i].low, ranges[i].high, &number, error));
    if (i == 3 && number == 1)
        return eh_fail(error, EH_INPUT, "%s: 1 fold would hold out everybody; 0 measures nothing, 2 to %d cross-validate", use->option, FOLDS_MAX);
    uint32_t *const places[] = {&request->fit.bags, &request->fit.rounds_max, &request->fit.pairs_max, NULL, &request->fit.threads};
    if (i < 5 && places[i] != NULL)
        *places[i] = (uint32_t)number;
    else if (i == 3)
        request->folds = (int64_t)number;
    else if (i == 5)
        request->memory_bytes_max = number << 20;
    else
        request->fit.seed = number;
    return EH_OK;
}

static eh_code read_share(const eh_option_use *use, eh_error *error)
{
    eh_train_request *request = use->target;
    double number = 0;
    if (!eh_number_read(eh_view_of(use->value), &number) || !(number > 0 && number < 1))
        return eh_fail(error, EH_INPUT, "%s: '%.60s' is no number between 0 and 1", use->option, use->value);
    if (strcmp(use->option, "--threshold") == 0)
        request->threshold = number;
    else if (strcmp(use->option, "--budget") == 0)
        request->budget = number;
    else
        request->fit.learning_rate = number;
    return EH_OK;
}

static eh_code read_text(const eh_option_use *use, eh_error *error)
{
    eh_train_request *request = use->target;
    const struct {
        const char *option, **place;
    } places[] = {{"--name", &request->name},   {"--purpose", &request->purpose}, {"--control", &request->control}, {"--report", &request->report_prefix},
                  {"--workspace", &request->workspace}, {"--as-of", &request->as_of}, {"--now", &request->now}};
    if (use->value[0] == '\0')
        return eh_fail(error, EH_INPUT, "%s: the value is empty", use->option);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (strcmp(places[i].option, use->option) == 0)
            *places[i].place = use->value;
    return EH_OK;
}

static eh_code read_learner(const eh_option_use *use, eh_error *error)
{
    static const char *const names[] = {"dr", "t", "x"};
    for (size_t i = 0; i < 3; i++)
        if (strcmp(names[i], use->value) == 0) {
            ((eh_train_request *)use->target)->learner = names[i];
            return EH_OK;
        }
    return eh_fail(error, EH_INPUT, "%s: '%.60s' is none of dr, t, x", use->option, use->value);
}

static eh_code read_switch(const eh_option_use *use, eh_error *error)
{
    eh_train_request *request = use->target;
    const struct {
        const char *option;
        bool *place;
    } places[] = {{"--amount", &request->amount}, {"--frontier", &request->frontier}, {"--quiet", &request->quiet},
                  {"--intersections", &request->intersections}};
    (void)error;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (strcmp(places[i].option, use->option) == 0)
            *places[i].place = true;
    return EH_OK;
}

static const eh_option table[] = {
    {"--data", "FILE", "What is learned from", "CSV, Parquet or JSON; a pattern in quotes; repeatable; default: the workspace", true, read_data},
    {"--label", "EXPR", "What is learned from", "the outcome: true/false, 1/0 or yes/no; in a workspace, the name of an outcome", false, read_label},
    {"--amount", NULL, "What is learned from", "the outcome is an amount, not true or false", false, read_switch},
    {"--features", "EXPR[,EXPR...]", "What is learned from",
     "what the model may read; EXPR AS name; default: every column that no other option names; repeatable", true, read_features},
    {"--weight", "EXPR", "What is learned from", "how much a row counts; default 1", false, read_weight},
    {"--where", "EXPR", "What is learned from", "only the rows for which this is true", false, read_where},
    {"--workspace", "FOLDER", "What is learned from", "the folder with evenhand.yaml; default: this one or the nearest above", false, read_text},
    {"--as-of", "TIME", "What is learned from", "in a workspace: features as they were then; default: the latest moment whose outcomes are known", false,
     read_text},
    {"--now", "TIME", "What is learned from", "in a workspace: the time to take for now", false, read_text},

    {"--monotone", "FEATURE=DIRECTION", "What the model may do", "the score may only rise (increasing) or fall (decreasing) with it; repeatable", true,
     read_monotone},
    {"--changeable", "FEATURE[,...]", "What the model may do", "what people can change themselves; repeatable", true, read_changeable},
    {"--says", "FEATURE=TEXT", "What the model may do", "the feature in words for the person; features that say the same are one reason; repeatable", true,
     read_says},
    {"--pairs", "N", "What the model may do", "at most N tables over two features; default: as many as features, at most 24", false, read_whole},
    {"--threshold", "P", "What the model may do", "the probability from which people are picked; default 0.5", false, read_share},

    {"--protected", "EXPR[,EXPR...]", "Fairness", "the protected attributes; read in fitting only, no trace in the model; repeatable", true, read_protected},
    {"--constraint", "MEASURE<=GAP", "Fairness",
     "selection_rate, tpr, fpr or equalized_odds: the largest gap between groups, or MEASURE>=RATIO: the smallest ratio; repeatable", true,
     read_constraint},
    {"--intersections", NULL, "Fairness", "hold the constraints for every two attributes crossed as well", false, read_switch},
    {"--frontier", NULL, "Fairness", "show what each step towards the constraint costs", false, read_switch},

    {"--treatment", "EXPR", "Uplift", "who got which offer; learns what each offer changes", false, read_treatment},
    {"--control", "VALUE", "Uplift", "the value of --treatment that means no offer", false, read_text},
    {"--learner", "NAME", "Uplift", "dr (default), x or t", false, read_learner},
    {"--propensity", "EXPR[,...]", "Uplift", "known chances of the offers, in the order of their names, without the control's; default: estimated", false,
     read_propensity},
    {"--budget", "SHARE", "Uplift", "the share of people who may get an offer; the policy's value is told for it; default 0.3", false, read_share},

    {"--name", "TEXT", "What comes out", "name of the model", false, read_text},
    {"--purpose", "TEXT", "What comes out", "what the model is for; stands on its card", false, read_text},
    {"--report", "PREFIX", "What comes out", "writes PREFIX.html (the model card, with groups) and PREFIX.json (the findings on groups)", false, read_text},
    {"--quiet", NULL, "What comes out", "no progress and no summary", false, read_switch},

    {"--folds", "N", "How it runs", "of cross-validation; 0: none; default 5, above 100,000 rows one fold in five is held out", false, read_whole},
    {"--bags", "N", "How it runs", "a multiple of 8; default 16, above 200,000 rows 8", false, read_whole},
    {"--rounds", "N", "How it runs", "at most; default 2000; the fit stops earlier by itself", false, read_whole},
    {"--rate", "R", "How it runs", "the learning rate; default 0.15, where the outcome is rare 0.05", false, read_share},
    {"--seed", "N", "How it runs", "of the bags and folds; default 1", false, read_whole},
    {"--threads", "N", "How it runs", "default: as many as the machine has; the model is the same for any number", false, read_whole},
    {"--memory", "MIB", "How it runs", "memory for the data engine; default 768", false, read_whole},
    {"--help", NULL, "How it runs", "this text", false, NULL},
};
enum { TABLE_COUNT = sizeof table / sizeof table[0] };

void eh_train_options_help(eh_buffer *out)
{
    eh_options_help(table, TABLE_COUNT, out);
}

static eh_code request_check(const eh_train_request *request, eh_error *error)
{
    static const char example[] = "for example: evenhand train model.json --data sent.csv --label bought";
    if (request->files_count > 0 && request->workspace != NULL)
        return eh_fail(error, EH_CONFLICT, "--workspace: the data come from --data; leave one of them out");
    if (request->model == NULL && request->files_count > 0)
        return eh_fail(error, EH_INPUT, "missing: MODEL (where to write the model)\n%s", example);
    if (request->files_count > 0 && request->label.sql == NULL)
        return eh_fail(error, EH_INPUT, "missing: --label (the outcome to learn)\n%s", example);
    if (request->constraints_count > 0 && request->protected_count == 0 && request->files_count > 0)
        return eh_fail(error, EH_INPUT, "--constraint: needs groups of people; name the protected attributes with --protected");
    if (request->constraints_count > 0 && request->amount)
        return eh_fail(error, EH_CONFLICT, "--constraint: rates need an outcome that is true or false, not an --amount");
    if (request->constraints_count > 0 && request->treatment.sql != NULL)
        return eh_fail(error, EH_CONFLICT, "--constraint: is for one outcome; who gets an offer is guarded when the campaign is planned");
    if (request->frontier && request->constraints_count == 0)
        return eh_fail(error, EH_INPUT, "--frontier: needs a --constraint to walk towards");
    if (request->intersections && request->protected_count < 2 && request->files_count > 0)
        return eh_fail(error, EH_INPUT, "--intersections: needs at least two attributes in --protected");
    if (request->treatment.sql != NULL && request->control == NULL)
        return eh_fail(error, EH_INPUT, "--treatment: --control is missing: which value of %.200s means no offer?", request->treatment.name);
    if (request->treatment.sql == NULL && (request->control != NULL || request->learner != NULL || request->propensities_count > 0))
        return eh_fail(error, EH_INPUT, "%s: needs --treatment (who got which offer)", request->control != NULL ? "--control" : request->learner != NULL ? "--learner" : "--propensity");
    return EH_OK;
}

eh_code eh_train_request_parse(int argc, char **argv, eh_arena *arena, eh_train_request **request_out, eh_error *error)
{
    eh_train_request *request = EH_TAKE(arena, 1, eh_train_request);
    eh_arguments arguments = {0};
    if (request == NULL)
        return eh_fail_memory(error);
    request->fit.pairs_max = UINT32_MAX;
    request->fit.seed = 1;
    request->folds = -1;
    request->budget = EH_NAN;
    EH_TRY(eh_arguments_parse(table, TABLE_COUNT, argc, argv, arena, &arguments, error));
    *request_out = request;
    request->help = arguments.help;
    if (arguments.help)
        return EH_OK;
    eh_option_use model = {.arena = arena, .target = request};
    EH_TRY(eh_arguments_read(table, TABLE_COUNT, &arguments, &model, error));
    if (arguments.files_count > 1)
        return eh_fail(error, EH_INPUT, "'%.100s' and '%.100s': one model is trained at a time; files with data come after --data", arguments.files[0],
                       arguments.files[1]);
    request->model = arguments.files_count == 1 ? arguments.files[0] : NULL;
    return request_check(request, error);
}
