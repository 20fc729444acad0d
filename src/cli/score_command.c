/* `evenhand score`: a score for every row, with the reasons, in the order of the input. */
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "cli/model_cli_int.h"
#include "cli/score_int.h"
#include "model/uplift.h"

enum { REASONS_MAX = 50, FLUSH_BYTES = 1 << 20, NUMBER_BYTES = 24, THREADS_MAX = 256 };

typedef struct {
    const char *model_path, *output, *where, *offer, *folder, *now, *as_of;
    const char *const *files;
    size_t files_count;
    eh_expression key;
    uint64_t reasons, threads;
    double threshold;      /* 0: the model's own */
    bool json, contributions, flip, help, quiet;
} score_request;

/* ---- options ------------------------------------------------------------------------------------------------------------------------- */

static eh_code read_key(const eh_option_use *use, eh_error *error)
{
    return eh_expression_parse(use->option, eh_view_of(use->value), use->arena, &((score_request *)use->target)->key, error);
}

static eh_code read_where(const eh_option_use *use, eh_error *error)
{
    eh_expression expression = {0};
    EH_TRY(eh_expression_parse(use->option, eh_view_of(use->value), use->arena, &expression, error));
    ((score_request *)use->target)->where = expression.sql;
    return EH_OK;
}

static eh_code read_reasons(const eh_option_use *use, eh_error *error)
{
    return eh_whole_read(use, 0, REASONS_MAX, &((score_request *)use->target)->reasons, error);
}

static eh_code read_threads(const eh_option_use *use, eh_error *error)
{
    return eh_whole_read(use, 1, THREADS_MAX, &((score_request *)use->target)->threads, error);
}

static eh_code read_threshold(const eh_option_use *use, eh_error *error)
{
    double number = 0;
    if (!eh_number_read(eh_view_of(use->value), &number) || !(number > 0 && number < 1))
        return eh_fail(error, EH_INPUT, "%s: '%.60s' is no number between 0 and 1", use->option, use->value);
    ((score_request *)use->target)->threshold = number;
    return EH_OK;
}

static eh_code read_format(const eh_option_use *use, eh_error *error)
{
    score_request *request = use->target;
    request->json = strcmp(use->value, "json") == 0 || strcmp(use->value, "jsonl") == 0;
    if (!request->json && strcmp(use->value, "csv") != 0)
        return eh_fail(error, EH_INPUT, "%s: '%.60s' is neither csv nor json", use->option, use->value);
    return EH_OK;
}

static eh_code read_output(const eh_option_use *use, eh_error *error)
{
    if (use->value[0] == '\0')
        return eh_fail(error, EH_INPUT, "%s: the name of the file is empty", use->option);
    ((score_request *)use->target)->output = use->value;
    return EH_OK;
}

static eh_code read_text(const eh_option_use *use, eh_error *error)
{
    score_request *request = use->target;
    const char **place = strcmp(use->option, "--offer") == 0       ? &request->offer
                         : strcmp(use->option, "--workspace") == 0 ? &request->folder
                         : strcmp(use->option, "--as-of") == 0     ? &request->as_of
                                                                   : &request->now;
    (void)error;
    *place = use->value;
    return EH_OK;
}

static eh_code read_switch(const eh_option_use *use, eh_error *error)
{
    score_request *request = use->target;
    (void)error;
    if (strcmp(use->option, "--contributions") == 0)
        request->contributions = true;
    else if (strcmp(use->option, "--flip") == 0)
        request->flip = true;
    else
        request->quiet = true;
    return EH_OK;
}

static const eh_option table[] = {
    {"--reasons", "N", "What is told", "the N strongest reasons, with the share of the whole that they carry; default 0", false, read_reasons},
    {"--flip", NULL, "What is told", "the smallest change, of what people can change, that turns the decision round", false, read_switch},
    {"--contributions", NULL, "What is told", "what every term adds; with the intercept they add up to the score, exactly", false, read_switch},
    {"--threshold", "P", "What is told", "the probability from which a person is picked; default: the model's", false, read_threshold},
    {"--offer", "NAME", "What is told", "of an uplift model: reasons for the effect of this offer; default: the effects of all", false, read_text},
    {"--key", "EXPR", "Which rows", "what names a row; default: its number", false, read_key},
    {"--where", "EXPR", "Which rows", "only the rows for which this is true", false, read_where},
    {"--workspace", "FOLDER", "Which rows", "the folder with evenhand.yaml; default: this one or the nearest above", false, read_text},
    {"--as-of", "TIME", "Which rows", "in a workspace: features as they were then; default: now", false, read_text},
    {"--now", "TIME", "Which rows", "in a workspace: the time to take for now", false, read_text},
    {"--format", "NAME", "What comes out", "csv (default) or json: one object per line", false, read_format},
    {"--output", "FILE", "What comes out", "default: standard output", false, read_output},
    {"--quiet", NULL, "What comes out", "no progress", false, read_switch},
    {"--threads", "N", "How it runs", "of the data engine; default: as many as the machine has", false, read_threads},
    {"--help", NULL, "How it runs", "this text", false, NULL},
};
enum { TABLE_COUNT = sizeof table / sizeof table[0] };

void eh_score_help(eh_buffer *out)
{
    eh_buffer_text(out,
                   "evenhand score - a score for every row, with its reasons\n"
                   "\n"
                   "  evenhand score MODEL FILE... [options]\n"
                   "  evenhand score MODEL [options]                   in a workspace: its people\n"
                   "\n"
                   "The order of the rows is that of the input. intercept + contributions = score, to the last digit.\n"
                   "In a workspace MODEL is a name, and who has switched AI off is left out before being scored.\n");
    eh_options_help(table, TABLE_COUNT, out);
}

/* ---- texts that are the same for many rows ------------------------------------------------------------------------------------------------ */

typedef struct {
    score_request *request;
    const eh_model *model;
    const eh_uplift *uplift; /* the effects of all offers are told; else NULL */
    eh_reasoner reasoner;
    eh_arena *arena;
    char **words;            /* features * EH_BINS: the reason in words, escaped for the format */
    size_t *words_len;
    int64_t threshold;       /* micro-logits */
    eh_buffer out;
    eh_replacement *file;    /* NULL: standard output */
    eh_score_people *people; /* of a workspace; NULL: rows of files */
    uint64_t row;
    bool written;
} scoring;

/* "age: 35.5 to under 38.5", or what it says to the person, with the value in it. */
static void reason_words(const eh_feature *feature, uint32_t bin, eh_buffer *out)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer value = {.whole = out};
    eh_bin_name(feature, bin, &value);
    if (feature->says == NULL) {
        eh_buffer_text(out, feature->name);
        eh_buffer_text(out, ": ");
        eh_buffer_append(out, eh_buffer_view(&value));
        return;
    }
    for (const char *at = feature->says; *at != '\0';) {
        const char *mark = strstr(at, "{value}");
        size_t len = mark == NULL ? strlen(at) : (size_t)(mark - at);
        eh_buffer_append(out, (eh_view){at, len});
        at += len;
        if (mark != NULL) {
            eh_buffer_append(out, eh_buffer_view(&value));
            at += sizeof "{value}" - 1;
        }
    }
}

/* Quoted when needed; what a spreadsheet would take for a formula gets an apostrophe. */
static void csv_text(eh_buffer *out, eh_view text)
{
    bool formula = text.len > 0 && strchr("=+-@\t\r", text.ptr[0]) != NULL;
    bool quote = formula;
    for (size_t i = 0; i < text.len && !quote; i++)
        quote = text.ptr[i] == ',' || text.ptr[i] == '"' || text.ptr[i] == '\n' || text.ptr[i] == '\r';
    if (!quote) {
        eh_buffer_append(out, text);
        return;
    }
    eh_buffer_text(out, formula ? "\"'" : "\"");
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '"')
            eh_buffer_byte(out, '"');
        eh_buffer_byte(out, text.ptr[i]);
    }
    eh_buffer_byte(out, '"');
}

static void json_text(eh_buffer *out, const char *text)
{
    eh_json_writer json;
    eh_json_begin(&json, out, false, false);
    eh_json_text(&json, NULL, text);
}

static eh_code words_fill(scoring *s, eh_error *error)
{
    const eh_model *model = s->model;
    s->words = EH_TAKE(s->arena, model->features_count * EH_BINS, char *);
    s->words_len = EH_TAKE(s->arena, model->features_count * EH_BINS, size_t);
    if (s->words == NULL || s->words_len == NULL)
        return eh_fail_memory(error);
    for (size_t f = 0; f < model->features_count; f++)
        for (uint32_t bin = 0; bin < model->features[f].bins_count; bin++) {
            EH_CLEANUP(eh_buffer_dispose) eh_buffer plain = {0};
            EH_CLEANUP(eh_buffer_dispose) eh_buffer escaped = {0};
            reason_words(&model->features[f], bin, &plain);
            if (s->request->json)
                json_text(&escaped, plain.ptr == NULL ? "" : plain.ptr);
            else
                csv_text(&escaped, eh_buffer_view(&plain));
            char *copy = eh_arena_copy(s->arena, eh_buffer_view(&escaped));
            if (copy == NULL || escaped.code != EH_OK || plain.code != EH_OK)
                return eh_fail_memory(error);
            s->words[f * EH_BINS + bin] = copy;
            s->words_len[f * EH_BINS + bin] = escaped.len;
        }
    return EH_OK;
}

/* ---- numbers -------------------------------------------------------------------------------------------------------------------------------- */

/* A whole number of millionths as a decimal number; exact. Returns the end. */
static char *millionths(char *at, int64_t value, int places)
{
    uint64_t size = value < 0 ? 0 - (uint64_t)value : (uint64_t)value, unit = 1;
    char digits[24];
    int count = 0;
    for (int i = 0; i < places; i++)
        unit *= 10;
    uint64_t whole = size / unit, rest = size % unit;
    if (value < 0)
        *at++ = '-';
    do {
        digits[count++] = (char)('0' + whole % 10);
        whole /= 10;
    } while (whole > 0);
    while (count > 0)
        *at++ = digits[--count];
    if (rest == 0)
        return at;
    *at++ = '.';
    for (int i = places - 1; i >= 0; i--) {
        at[i] = (char)('0' + rest % 10);
        rest /= 10;
    }
    at += places;
    while (at[-1] == '0')
        at--;
    return at;
}

static void micro_append(eh_buffer *out, int64_t micro)
{
    char text[NUMBER_BYTES + 8];
    eh_buffer_append(out, (eh_view){text, (size_t)(millionths(text, micro, 6) - text)});
}

static void share_append(eh_buffer *out, double share, int places, double scale)
{
    char text[NUMBER_BYTES + 8];
    eh_buffer_append(out, (eh_view){text, (size_t)(millionths(text, llrint(share * scale), places) - text)});
}

/* ---- rows ------------------------------------------------------------------------------------------------------------------------------------ */

static void flip_words(const scoring *s, const eh_flip *flip, eh_buffer *out)
{
    for (size_t i = 0; i < flip->steps_count; i++) {
        const eh_feature *feature = &s->model->features[flip->steps[i].feature];
        eh_buffer_text(out, i == 0 ? "" : " and ");
        eh_buffer_text(out, feature->name);
        eh_buffer_text(out, ": ");
        eh_bin_name(feature, flip->steps[i].to, out);
    }
}

static void csv_header(scoring *s)
{
    eh_buffer *out = &s->out;
    csv_text(out, eh_view_of(s->request->key.sql != NULL ? s->request->key.name : "row"));
    for (size_t k = 0; s->uplift != NULL && k < s->uplift->offers_count; k++) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer name = {.whole = out};
        eh_buffer_format(&name, "effect of %s", s->uplift->offers[k].name);
        eh_buffer_byte(out, ',');
        csv_text(out, eh_buffer_view(&name));
    }
    if (s->uplift != NULL) {
        eh_buffer_text(out, ",best\n");
        return;
    }
    eh_buffer_text(out, s->model->loss == EH_LOSS_LOGISTIC ? ",score,probability,picked" : ",score");
    for (uint64_t i = 1; i <= s->request->reasons; i++)
        eh_buffer_format(out, ",reason_%llu,contribution_%llu", (unsigned long long)i, (unsigned long long)i);
    if (s->request->reasons > 0)
        eh_buffer_text(out, ",completeness");
    if (s->request->contributions) {
        eh_buffer_text(out, ",intercept");
        for (size_t t = 0; t < s->model->terms_count; t++) {
            EH_CLEANUP(eh_buffer_dispose) eh_buffer name = {.whole = out};
            eh_term_name(s->model, &s->model->terms[t], &name);
            eh_buffer_byte(out, ',');
            csv_text(out, eh_buffer_view(&name));
        }
    }
    if (s->request->flip)
        eh_buffer_text(out, ",change,score_after_change");
    eh_buffer_byte(out, '\n');
}

/* One row once it is scored. */
typedef struct {
    const uint8_t *bins;
    const int32_t *contributions;
    int64_t score;
    eh_reason reasons[REASONS_MAX];
    size_t reasons_count;
    double completeness;
    eh_flip flip;
    eh_view key;
} scored_row;

static void csv_row(scoring *s, const scored_row *row)
{
    eh_buffer *out = &s->out;
    if (s->request->key.sql != NULL)
        csv_text(out, row->key);
    else
        micro_append(out, (int64_t)s->row * EH_MICRO);
    eh_buffer_byte(out, ',');
    micro_append(out, row->score);
    if (s->model->loss == EH_LOSS_LOGISTIC) {
        eh_buffer_byte(out, ',');
        share_append(out, eh_probability_of(row->score), 9, 1e9);
        eh_buffer_text(out, row->score >= s->threshold ? ",true" : ",false");
    }
    for (size_t i = 0; i < s->request->reasons; i++) {
        if (i >= row->reasons_count) {
            eh_buffer_text(out, ",,");
            continue;
        }
        size_t word = row->reasons[i].feature * (size_t)EH_BINS + row->bins[row->reasons[i].feature];
        eh_buffer_byte(out, ',');
        eh_buffer_append(out, (eh_view){s->words[word], s->words_len[word]});
        eh_buffer_byte(out, ',');
        micro_append(out, row->reasons[i].contribution);
    }
    if (s->request->reasons > 0) {
        eh_buffer_byte(out, ',');
        share_append(out, row->completeness, 4, 1e4);
    }
    if (s->request->contributions) {
        eh_buffer_byte(out, ',');
        micro_append(out, s->model->intercept);
        for (size_t t = 0; t < s->model->terms_count; t++) {
            eh_buffer_byte(out, ',');
            micro_append(out, row->contributions[t]);
        }
    }
    if (s->request->flip) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer words = {.whole = out};
        flip_words(s, &row->flip, &words);
        eh_buffer_byte(out, ',');
        csv_text(out, eh_buffer_view(&words));
        eh_buffer_byte(out, ',');
        if (row->flip.steps_count > 0)
            micro_append(out, row->flip.score);
    }
    eh_buffer_byte(out, '\n');
}

static void json_row(scoring *s, const scored_row *row)
{
    eh_buffer *out = &s->out;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer key = {.whole = out};
    eh_buffer_append(&key, row->key);
    if (s->request->key.sql != NULL) {
        eh_buffer_text(out, "{\"key\":");
        json_text(out, row->key.ptr == NULL ? NULL : key.ptr == NULL ? "" : key.ptr);
    } else {
        eh_buffer_format(out, "{\"row\":%llu", (unsigned long long)s->row);
    }
    eh_buffer_text(out, ",\"score\":");
    micro_append(out, row->score);
    if (s->model->loss == EH_LOSS_LOGISTIC) {
        eh_buffer_text(out, ",\"probability\":");
        share_append(out, eh_probability_of(row->score), 9, 1e9);
        eh_buffer_text(out, row->score >= s->threshold ? ",\"picked\":true" : ",\"picked\":false");
    }
    for (size_t i = 0; i < row->reasons_count && s->request->reasons > 0; i++) {
        const eh_reason *reason = &row->reasons[i];
        size_t word = reason->feature * (size_t)EH_BINS + row->bins[reason->feature];
        eh_buffer_text(out, i == 0 ? ",\"reasons\":[{\"feature\":" : ",{\"feature\":");
        json_text(out, s->model->features[reason->feature].name);
        eh_buffer_text(out, ",\"says\":");
        eh_buffer_append(out, (eh_view){s->words[word], s->words_len[word]});
        eh_buffer_text(out, ",\"contribution\":");
        micro_append(out, reason->contribution);
        eh_buffer_text(out, i + 1 == row->reasons_count ? "}]" : "}");
    }
    if (s->request->reasons > 0) {
        eh_buffer_text(out, row->reasons_count == 0 ? ",\"reasons\":[],\"completeness\":" : ",\"completeness\":");
        share_append(out, row->completeness, 4, 1e4);
    }
    if (s->request->contributions) {
        eh_buffer_text(out, ",\"intercept\":");
        micro_append(out, s->model->intercept);
        eh_buffer_text(out, ",\"contributions\":{");
        for (size_t t = 0; t < s->model->terms_count; t++) {
            EH_CLEANUP(eh_buffer_dispose) eh_buffer name = {.whole = out};
            eh_term_name(s->model, &s->model->terms[t], &name);
            eh_buffer_text(out, t == 0 ? "" : ",");
            json_text(out, name.ptr == NULL ? "" : name.ptr);
            eh_buffer_byte(out, ':');
            micro_append(out, row->contributions[t]);
        }
        eh_buffer_byte(out, '}');
    }
    if (s->request->flip) {
        eh_buffer_text(out, ",\"change\":[");
        for (size_t i = 0; i < row->flip.steps_count; i++) {
            const eh_change_step *step = &row->flip.steps[i];
            EH_CLEANUP(eh_buffer_dispose) eh_buffer to = {.whole = out};
            eh_bin_name(&s->model->features[step->feature], step->to, &to);
            eh_buffer_text(out, i == 0 ? "{\"feature\":" : ",{\"feature\":");
            json_text(out, s->model->features[step->feature].name);
            eh_buffer_text(out, ",\"to\":");
            json_text(out, to.ptr == NULL ? "" : to.ptr);
            eh_buffer_byte(out, '}');
        }
        eh_buffer_text(out, "],\"score_after_change\":");
        if (row->flip.steps_count > 0)
            micro_append(out, row->flip.score);
        else
            eh_buffer_text(out, "null");
    }
    eh_buffer_text(out, "}\n");
}

/* The effect of every offer; "best" is empty when none helps. */
static void uplift_row(scoring *s, const eh_binned_rows *rows, size_t i)
{
    eh_buffer *out = &s->out;
    int64_t best = 0, effect[EH_MODEL_OFFERS_MAX];
    const char *name = NULL;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer key = {.whole = out};
    for (size_t k = 0; k < s->uplift->offers_count; k++) {
        effect[k] = eh_model_score(s->uplift->offers[k].model, rows->bins + i * s->model->features_count, NULL);
        if (effect[k] > best) {
            best = effect[k];
            name = s->uplift->offers[k].name;
        }
    }
    if (rows->keys != NULL)
        eh_buffer_append(&key, rows->keys[i]);
    else
        eh_buffer_format(&key, "%llu", (unsigned long long)s->row);
    if (!s->request->json) {
        csv_text(out, eh_buffer_view(&key));
        for (size_t k = 0; k < s->uplift->offers_count; k++) {
            eh_buffer_byte(out, ',');
            micro_append(out, effect[k]);
        }
        eh_buffer_byte(out, ',');
        csv_text(out, eh_view_of(name == NULL ? "" : name));
        eh_buffer_byte(out, '\n');
        return;
    }
    eh_buffer_text(out, rows->keys != NULL ? "{\"key\":" : "{\"row\":");
    if (rows->keys != NULL)
        json_text(out, key.ptr == NULL ? "" : key.ptr);
    else
        eh_buffer_append(out, eh_buffer_view(&key));
    for (size_t k = 0; k < s->uplift->offers_count; k++) {
        eh_buffer_text(out, k == 0 ? ",\"effects\":{" : ",");
        json_text(out, s->uplift->offers[k].name);
        eh_buffer_byte(out, ':');
        micro_append(out, effect[k]);
    }
    eh_buffer_text(out, "},\"best\":");
    json_text(out, name);
    eh_buffer_text(out, "}\n");
}

static eh_code flush(scoring *s, eh_error *error)
{
    EH_TRY(eh_buffer_check(&s->out, error));
    eh_view bytes = eh_buffer_view(&s->out);
    if (s->file != NULL)
        EH_TRY(eh_replacement_write(s->file, bytes, error));
    else
        EH_TRY(eh_stdout_write(bytes, error));
    eh_buffer_clear(&s->out);
    s->written = true;
    return EH_OK;
}

/* The engine begins again when a column turns out to be of another type further down. */
static eh_code begin_again(scoring *s, eh_error *error)
{
    if (s->written && (s->file == NULL || eh_replacement_rewind(s->file, NULL) != EH_OK))
        return eh_fail(error, EH_INPUT, "a column holds values of another type further down, and rows have been written; use --output FILE");
    s->written = false;
    s->row = 0;
    if (s->people != NULL)
        (void)eh_score_people_left_out(s->people, true);
    eh_buffer_clear(&s->out);
    if (!s->request->json)
        csv_header(s);
    return EH_OK;
}

static eh_code rows_take(void *context, const eh_binned_rows *rows, eh_error *error)
{
    scoring *s = context;
    int32_t contributions[2 * EH_MODEL_FEATURES_MAX];
    if (rows == NULL)
        return begin_again(s, error);
    for (size_t i = 0; i < rows->rows; i++) {
        scored_row row = {.bins = rows->bins + i * s->model->features_count, .contributions = contributions};
        s->row++;
        bool may = true;
        if (s->people != NULL)
            EH_TRY(eh_score_people_may(s->people, rows->keys[i], &may, error));
        if (!may)
            continue;
        if (s->uplift != NULL) {
            uplift_row(s, rows, i);
            continue;
        }
        row.key = rows->keys == NULL ? (eh_view){0} : rows->keys[i];
        row.score = eh_model_score(s->model, row.bins, contributions);
        if (s->request->reasons > 0)
            row.reasons_count = eh_reasons(&s->reasoner, row.bins, contributions, s->request->reasons, row.reasons, &row.completeness);
        if (s->request->flip)
            eh_model_flip(s->model, row.bins, s->threshold, &row.flip);
        if (s->request->json)
            json_row(s, &row);
        else
            csv_row(s, &row);
        if (s->out.len >= FLUSH_BYTES)
            EH_TRY(flush(s, error));
    }
    return EH_OK;
}

/* ---- the command ------------------------------------------------------------------------------------------------------------------------------- */

static eh_code request_parse(int argc, char **argv, eh_arena *arena, score_request *request, eh_error *error)
{
    eh_arguments arguments = {0};
    EH_TRY(eh_arguments_parse(table, TABLE_COUNT, argc, argv, arena, &arguments, error));
    request->help = arguments.help;
    if (arguments.help)
        return EH_OK;
    eh_option_use model = {.arena = arena, .target = request};
    EH_TRY(eh_arguments_read(table, TABLE_COUNT, &arguments, &model, error));
    if (arguments.files_count == 0)
        return eh_fail(error, EH_INPUT, "missing: MODEL and FILE\nfor example: evenhand score model.json people.csv --reasons 4");
    bool files = arguments.files_count > 1;
    if (files && (request->folder != NULL || request->now != NULL || request->as_of != NULL))
        return eh_fail(error, EH_INPUT, "--workspace, --now and --as-of are for the people of a workspace; leave them out, or the files");
    if (!files && request->key.sql != NULL)
        return eh_fail(error, EH_INPUT, "--key: people of a workspace have a key already; leave it out, or name files");
    if (!files)
        request->key = (eh_expression){.name = "key", .sql = "\"key\""};
    request->model_path = arguments.files[0];
    request->files = arguments.files + 1;
    request->files_count = arguments.files_count - 1;
    return EH_OK;
}

/* The model, or all effects of an uplift model. */
static eh_code model_open(scoring *s, eh_model **model_out, eh_error *error)
{
    const score_request *request = s->request;
    eh_uplift *uplift = NULL;
    if (request->offer != NULL) {
        eh_model_file file = {.uplift = NULL};
        EH_TRY(eh_model_file_load(request->model_path, request->offer, s->arena, &file, error));
        *model_out = file.model;
        return EH_OK;
    }
    eh_code code = eh_uplift_load(request->model_path, s->arena, &uplift, error);
    if (code == EH_CONFLICT)
        return eh_model_load(request->model_path, s->arena, model_out, error);
    EH_TRY(code);
    if (request->reasons > 0 || request->contributions || request->flip)
        return eh_fail(error, EH_INPUT, "%s: is an uplift model; reasons are told of one effect, named with --offer", request->model_path);
    s->uplift = uplift;
    *model_out = uplift->offers[0].model;
    return EH_OK;
}

static eh_code scoring_open(scoring *s, eh_model *model, eh_error *error)
{
    double threshold = s->request->threshold > 0 ? s->request->threshold : model->threshold;
    uint32_t *groups = EH_TAKE(s->arena, model->features_count, uint32_t);
    s->model = model;
    s->threshold = llrint(log(threshold / (1 - threshold)) * EH_MICRO);
    s->reasoner = (eh_reasoner){.model = model, .groups = groups, .scratch = EH_TAKE(s->arena, model->features_count, int32_t)};
    if (groups == NULL || s->reasoner.scratch == NULL)
        return eh_fail_memory(error);
    s->reasoner.groups_count = eh_reason_groups(model, groups);
    if (s->request->flip && model->loss == EH_LOSS_SQUARED)
        return eh_fail(error, EH_INPUT, "--flip: the model tells an amount and decides nothing");
    EH_TRY(words_fill(s, error));
    if (!s->request->json)
        csv_header(s);
    return EH_OK;
}

static eh_code input_open(scoring *s, const eh_progress *progress, eh_engine **own_out, eh_engine **engine_out, eh_error *error)
{
    score_request *request = s->request;
    eh_engine_options options = {.threads = (uint32_t)request->threads, .ordered = true};
    if (progress->descriptor >= 0) {
        options.progress = eh_progress_show;
        options.progress_context = (void *)(uintptr_t)progress;
    }
    if (request->files_count > 0) {
        EH_TRY(eh_engine_open(&options, own_out, error));
        *engine_out = *own_out;
        return eh_engine_read(*own_out, request->files, request->files_count, error);
    }
    eh_code code = eh_score_people_open(&(eh_score_where){.folder = request->folder, .now = request->now, .as_of = request->as_of, .engine = options}, s->arena, &s->people, error);
    if (code == EH_NOT_FOUND && request->folder == NULL)
        return eh_fail(error, EH_INPUT, "missing: FILE (the people to score), and there is no workspace here\nfor example: evenhand score model.json people.csv --reasons 4");
    EH_TRY(code);
    *engine_out = eh_score_people_engine(s->people);
    request->model_path = eh_score_people_model(s->people, request->model_path, s->arena);
    return request->model_path == NULL ? eh_fail_memory(error) : EH_OK;
}

static eh_code score_do(scoring *s, eh_error *error)
{
    eh_model *model = NULL;
    EH_CLEANUP(eh_engine_close) eh_engine *own = NULL;
    eh_engine *engine = NULL;
    eh_progress progress = eh_progress_stderr(!s->request->quiet && !isatty(STDOUT_FILENO));
    if (s->request->files_count > 0) /* a model that is wrong is said before files are read */
        EH_TRY(model_open(s, &model, error));
    EH_TRY(input_open(s, &progress, &own, &engine, error));
    if (model == NULL)
        EH_TRY(model_open(s, &model, error));
    EH_TRY(scoring_open(s, model, error));
    if (s->request->output != NULL) {
        EH_TRY(eh_parent_folders_make(s->request->output, error));
        EH_TRY(eh_replacement_open(s->request->output, &s->file, error));
    }
    eh_rows_spec spec = {.model = model, .key = s->request->key.sql, .where = s->request->where, .take = rows_take, .context = s};
    eh_code code = eh_rows_read(engine, &spec, s->arena, error);
    eh_progress_end(&progress);
    EH_TRY(code);
    EH_TRY(flush(s, error));
    if (s->file != NULL)
        EH_TRY(eh_replacement_commit(s->file, error));
    if (s->people != NULL && eh_score_people_left_out(s->people, false) > 0 && !s->request->quiet) {
        char count[32];
        snprintf(count, sizeof count, "%llu", (unsigned long long)eh_score_people_left_out(s->people, false));
        eh_note_show("left out, not to be scored by AI:", count);
    }
    return EH_OK;
}

int eh_score_command(int argc, char **argv)
{
    eh_error error = {0};
    score_request request = {0};
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    EH_CLEANUP(eh_buffer_dispose) eh_buffer help = {0};
    if (arena == NULL) {
        (void)eh_fail_memory(&error);
        return eh_error_show(NULL, &error);
    }
    if (request_parse(argc, argv, arena, &request, &error) != EH_OK)
        return eh_error_show("score", &error);
    if (request.help) {
        eh_score_help(&help);
        return eh_stdout_show("score", &help);
    }
    scoring s = {.request = &request, .arena = arena};
    eh_code code = score_do(&s, &error);
    eh_replacement_close(&s.file);
    eh_score_people_close(&s.people);
    eh_buffer_dispose(&s.out);
    return code == EH_OK ? 0 : eh_error_show("score", &error);
}
