/* A model's file, read with suspicion: hash first, then every member. */
#include <math.h>
#include <string.h>

#include "base/secrets.h"
#include "model/file_int.h"

enum { HASH_SEARCH_BYTES = 256, MEASURES_MAX = 64, EDITS_MAX = 1000, INPUTS_MAX = EH_FILES_MAX };

/* ---- the document ------------------------------------------------------------------------------------------------------------------ */

static eh_code hash_check(eh_view text, const char *name, eh_error *error)
{
    static const char key[] = "\"hash\": \"";
    size_t searched = text.len < HASH_SEARCH_BYTES ? text.len : HASH_SEARCH_BYTES;
    const char *found = memmem(text.ptr, searched, key, sizeof key - 1);
    size_t at = found == NULL ? text.len : (size_t)(found - text.ptr) + sizeof key - 1;
    if (found == NULL || text.len - at < 64)
        return eh_fail(error, EH_CORRUPT, "%s: is no model of evenhand, or its head was cut off", name);
    eh_sha256 hash;
    eh_digest digest;
    char zeros[64], hex[65];
    memset(zeros, '0', sizeof zeros);
    eh_sha256_begin(&hash);
    eh_sha256_add(&hash, text.ptr, at);
    eh_sha256_add(&hash, zeros, sizeof zeros);
    eh_sha256_add(&hash, text.ptr + at + 64, text.len - at - 64);
    eh_sha256_end(&hash, &digest);
    for (size_t i = 0; i < 32; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest.bytes[i]);
    if (memcmp(hex, text.ptr + at, 64) != 0)
        return eh_fail(error, EH_CORRUPT,
                       "%s: the file is not as it was written (its hash does not fit): it was cut off or altered; use evenhand model edit to change a model",
                       name);
    return EH_OK;
}

eh_code eh_document_read(eh_view text, const char *name, eh_json_document **document_out, eh_error *error)
{
    eh_json_document *document = NULL;
    eh_error ignored = {0};
    int64_t version = 0;
    bool parsed = eh_json_parse(text, name, &document, &ignored) == EH_OK;
    eh_json_value root = parsed ? eh_json_root(document) : NULL;
    eh_code code = EH_OK;
    /* What a later version wrote may be hashed in another way: the version is told first. */
    if (parsed && !eh_json_as_integer(eh_json_member(root, "evenhand_model"), &version))
        code = eh_fail(error, EH_INPUT, "%s: is no model of evenhand (it has no \"evenhand_model\")", name);
    else if (parsed && version > EH_MODEL_SCHEMA)
        code = eh_fail(error, EH_INPUT, "%s: was written for schema version %lld, this program knows up to %d; use a newer evenhand", name,
                       (long long)version, EH_MODEL_SCHEMA);
    else if (parsed && version < 1)
        code = eh_fail(error, EH_INPUT, "%s: has schema version %lld, which does not exist", name, (long long)version);
    if (code == EH_OK)
        code = hash_check(text, name, error);
    if (code == EH_OK && !parsed)
        code = eh_fail(error, EH_CORRUPT, "%s", ignored.text);
    if (code != EH_OK)
        eh_json_close(&document);
    else
        *document_out = document;
    return code;
}

/* ---- members -------------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *where;
    eh_arena *arena;
    eh_error *error;
    eh_model *model;
} reader;

static eh_code wrong(const reader *r, const char *what)
{
    return eh_fail(r->error, EH_CORRUPT, "%s: %s is not as docs/model.schema.json says", r->where, what);
}

static eh_code text_read(const reader *r, eh_json_value object, const char *key, bool needed, const char **text_out)
{
    const char *text = eh_json_as_text(eh_json_member(object, key));
    *text_out = text == NULL ? NULL : eh_arena_copy(r->arena, eh_view_of(text));
    if (text != NULL && *text_out == NULL)
        return eh_fail_memory(r->error);
    return needed && text == NULL ? wrong(r, key) : EH_OK;
}

static eh_code micro_read(const reader *r, eh_json_value value, double limit, const char *what, int64_t *micro_out)
{
    double number = eh_json_as_number(value);
    if (!(fabs(number) <= limit))
        return wrong(r, what);
    *micro_out = llrint(number * EH_MICRO);
    return EH_OK;
}

static eh_code edges_read(const reader *r, eh_json_value value, eh_feature *feature)
{
    size_t count = eh_json_count(value);
    double *edges = EH_TAKE(r->arena, count, double);
    if (eh_json_type_of(value) != EH_JSON_ARRAY || count > EH_BINS - 2)
        return wrong(r, "features: edges");
    if (edges == NULL)
        return eh_fail_memory(r->error);
    for (size_t i = 0; i < count; i++) {
        edges[i] = eh_json_as_number(eh_json_item(value, i));
        if (!isfinite(edges[i]) || (i > 0 && edges[i] <= edges[i - 1]))
            return wrong(r, "features: edges");
    }
    feature->edges = edges;
    feature->edges_count = count;
    feature->bins_count = (uint32_t)count + 2;
    return EH_OK;
}

static eh_code levels_read(const reader *r, eh_json_value value, eh_feature *feature)
{
    size_t count = eh_json_count(value);
    const char **levels = EH_TAKE(r->arena, count, const char *);
    if (eh_json_type_of(value) != EH_JSON_ARRAY || count > EH_BINS - 2)
        return wrong(r, "features: levels");
    if (levels == NULL)
        return eh_fail_memory(r->error);
    for (size_t i = 0; i < count; i++) {
        const char *text = eh_json_as_text(eh_json_item(value, i));
        if (text == NULL || (i > 0 && strcmp(levels[i - 1], text) >= 0))
            return wrong(r, "features: levels");
        levels[i] = eh_arena_copy(r->arena, eh_view_of(text));
        if (levels[i] == NULL)
            return eh_fail_memory(r->error);
    }
    feature->levels = levels;
    feature->levels_count = count;
    feature->bins_count = (uint32_t)count + 2;
    return EH_OK;
}

static eh_code feature_read(const reader *r, eh_json_value value, eh_feature *feature)
{
    static const char *const monotones[] = {"decreasing", "no", "increasing"};
    const char *kind = eh_json_as_text(eh_json_member(value, "kind")), *monotone = eh_json_as_text(eh_json_member(value, "monotone"));
    EH_TRY(text_read(r, value, "name", true, &feature->name));
    EH_TRY(text_read(r, value, "sql", true, &feature->sql));
    EH_TRY(text_read(r, value, "says", false, &feature->says));
    EH_TRY(text_read(r, value, "from_whom", false, &feature->from_whom));
    int direction = -2;
    for (int i = 0; monotone != NULL && i < 3; i++)
        direction = strcmp(monotone, monotones[i]) == 0 ? i - 1 : direction;
    if (direction == -2 || kind == NULL || !eh_json_as_boolean(eh_json_member(value, "changeable"), &feature->changeable))
        return wrong(r, "features");
    feature->monotone = direction;
    if (strcmp(kind, "number") == 0) {
        feature->kind = EH_FEATURE_NUMBER;
        EH_TRY(edges_read(r, eh_json_member(value, "edges"), feature));
    } else if (strcmp(kind, "category") == 0) {
        feature->kind = EH_FEATURE_CATEGORY;
        EH_TRY(levels_read(r, eh_json_member(value, "levels"), feature));
    } else {
        return wrong(r, "features: kind");
    }
    eh_json_value shares = eh_json_member(value, "shares");
    double *weights = EH_TAKE(r->arena, feature->bins_count, double);
    if (weights == NULL)
        return eh_fail_memory(r->error);
    if (eh_json_count(shares) != feature->bins_count)
        return wrong(r, "features: shares");
    for (uint32_t b = 0; b < feature->bins_count; b++) {
        weights[b] = eh_json_as_number(eh_json_item(shares, b));
        if (!(weights[b] >= 0 && weights[b] <= 1))
            return wrong(r, "features: shares");
    }
    feature->weights = weights;
    return EH_OK;
}

static eh_code map_read(const reader *r, eh_json_value value, uint32_t bins_count, const uint8_t **map_out)
{
    uint8_t *map = EH_TAKE(r->arena, EH_BINS, uint8_t);
    if (map == NULL)
        return eh_fail_memory(r->error);
    if (eh_json_count(value) != bins_count)
        return wrong(r, "terms: rows or columns");
    for (uint32_t b = 0; b < bins_count; b++) {
        int64_t place = -1;
        if (!eh_json_as_integer(eh_json_item(value, b), &place) || place < 0 || place >= EH_PAIR_BINS)
            return wrong(r, "terms: rows or columns");
        map[b] = (uint8_t)place;
    }
    *map_out = map;
    return EH_OK;
}

static eh_code micros_read(const reader *r, eh_json_value value, size_t count, int32_t **micros_out)
{
    int32_t *micros = EH_TAKE(r->arena, count, int32_t);
    if (micros == NULL)
        return eh_fail_memory(r->error);
    if (eh_json_type_of(value) != EH_JSON_ARRAY || eh_json_count(value) != count)
        return wrong(r, "terms: scores or errors");
    for (size_t i = 0; i < count; i++) {
        int64_t micro = 0;
        EH_TRY(micro_read(r, eh_json_item(value, i), 2000, "terms: scores or errors", &micro));
        micros[i] = (int32_t)micro;
    }
    *micros_out = micros;
    return EH_OK;
}

static eh_code term_read(const reader *r, eh_json_value value, eh_term *term)
{
    const eh_model *model = r->model;
    eh_json_value names = eh_json_member(value, "features");
    term->features_count = (uint32_t)eh_json_count(names);
    if (term->features_count < 1 || term->features_count > 2)
        return wrong(r, "terms: features");
    for (uint32_t i = 0; i < term->features_count; i++) {
        const char *name = eh_json_as_text(eh_json_item(names, i));
        uint32_t f = 0;
        while (name != NULL && f < model->features_count && strcmp(model->features[f].name, name) != 0)
            f++;
        if (name == NULL || f == model->features_count)
            return wrong(r, "terms: features");
        term->feature[i] = f;
    }
    term->cells_count = term->features_count == 1 ? model->features[term->feature[0]].bins_count : EH_PAIR_BINS * EH_PAIR_BINS;
    if (term->features_count == 2) {
        EH_TRY(map_read(r, eh_json_member(value, "rows"), model->features[term->feature[0]].bins_count, &term->map[0]));
        EH_TRY(map_read(r, eh_json_member(value, "columns"), model->features[term->feature[1]].bins_count, &term->map[1]));
    }
    term->importance = eh_json_as_number(eh_json_member(value, "importance"));
    EH_TRY(micros_read(r, eh_json_member(value, "scores"), term->cells_count, &term->scores));
    return micros_read(r, eh_json_member(value, "errors"), term->cells_count, &term->errors);
}

static eh_code inputs_read(const reader *r, eh_json_value data)
{
    eh_model *model = r->model;
    eh_json_value inputs = eh_json_member(data, "inputs");
    int64_t rows = 0;
    const char *fingerprint = eh_json_as_text(eh_json_member(data, "fingerprint"));
    if (!eh_json_as_integer(eh_json_member(data, "rows"), &rows) || rows < 0 || fingerprint == NULL || strlen(fingerprint) != 64)
        return wrong(r, "data");
    model->rows = (uint64_t)rows;
    memcpy(model->fingerprint, fingerprint, 65);
    model->weight_total = eh_json_as_number(eh_json_member(data, "weight"));
    model->base_rate = eh_json_as_number(eh_json_member(data, "mean_outcome"));
    model->inputs_count = eh_json_count(inputs);
    if (model->inputs_count > INPUTS_MAX)
        return wrong(r, "data: inputs");
    model->inputs = EH_TAKE(r->arena, model->inputs_count, eh_model_input);
    if (model->inputs == NULL)
        return eh_fail_memory(r->error);
    for (size_t i = 0; i < model->inputs_count; i++) {
        eh_json_value input = eh_json_item(inputs, i);
        const char *sha256 = eh_json_as_text(eh_json_member(input, "sha256"));
        int64_t bytes = 0;
        if (sha256 == NULL || strlen(sha256) != 64 || !eh_json_as_integer(eh_json_member(input, "bytes"), &bytes) || bytes < 0)
            return wrong(r, "data: inputs");
        memcpy(model->inputs[i].sha256, sha256, 65);
        model->inputs[i].bytes = (uint64_t)bytes;
        EH_TRY(text_read(r, input, "path", true, &model->inputs[i].path));
    }
    return EH_OK;
}

static eh_code findings_read(const reader *r, eh_json_value root)
{
    eh_model *model = r->model;
    eh_json_value measures = eh_json_member(root, "measures"), constraints = eh_json_member(root, "constraints"), edits = eh_json_member(root, "edits");
    model->measures_count = eh_json_count(measures);
    model->constraints_count = eh_json_count(constraints);
    model->edits_count = eh_json_count(edits);
    if (model->measures_count > MEASURES_MAX || model->constraints_count > MEASURES_MAX || model->edits_count > EDITS_MAX)
        return wrong(r, "measures, constraints or edits");
    model->measures = EH_TAKE(r->arena, model->measures_count, eh_model_measure);
    model->constraints = EH_TAKE(r->arena, model->constraints_count, eh_model_constraint);
    model->edits = EH_TAKE(r->arena, model->edits_count + 1, eh_edit); /* one place for the next */
    if (model->measures == NULL || model->constraints == NULL || model->edits == NULL)
        return eh_fail_memory(r->error);
    for (size_t i = 0; i < model->measures_count; i++) {
        eh_json_value item = eh_json_item(measures, i);
        EH_TRY(text_read(r, item, "name", true, &model->measures[i].name));
        model->measures[i].value = eh_json_as_number(eh_json_member(item, "value"));
        model->measures[i].low = eh_json_as_number(eh_json_member(item, "low"));
        model->measures[i].high = eh_json_as_number(eh_json_member(item, "high"));
    }
    for (size_t i = 0; i < model->constraints_count; i++) {
        eh_json_value item = eh_json_item(constraints, i);
        const char *measure = eh_json_as_text(eh_json_member(item, "measure"));
        int64_t attributes = 0, m = 0;
        while (measure != NULL && m < EH_FAIR_MEASURES_COUNT && strcmp(measure, eh_fair_measure_names[m]) != 0)
            m++;
        if (measure == NULL || m == EH_FAIR_MEASURES_COUNT || !eh_json_as_integer(eh_json_member(item, "attributes"), &attributes))
            return wrong(r, "constraints");
        model->constraints[i] = (eh_model_constraint){.measure = (eh_fair_measure)m,
                                                      .gap_max = eh_json_as_number(eh_json_member(item, "gap_max")),
                                                      .ratio_min = eh_json_as_number(eh_json_member(item, "ratio_min")),
                                                      .before = eh_json_as_number(eh_json_member(item, "before")),
                                                      .reached = eh_json_as_number(eh_json_member(item, "reached")),
                                                      .attributes = (uint32_t)attributes};
    }
    for (size_t i = 0; i < model->edits_count; i++) {
        eh_json_value item = eh_json_item(edits, i);
        EH_TRY(text_read(r, item, "what", true, &model->edits[i].what));
        EH_TRY(text_read(r, item, "who", true, &model->edits[i].who));
        EH_TRY(text_read(r, item, "why", true, &model->edits[i].why));
        EH_TRY(text_read(r, item, "when", false, &model->edits[i].when));
        model->edits[i].auc_before = eh_json_as_number(eh_json_member(item, "auc_before"));
        model->edits[i].auc_after = eh_json_as_number(eh_json_member(item, "auc_after"));
        model->edits[i].change_mean = eh_json_as_number(eh_json_member(item, "mean_change"));
    }
    return EH_OK;
}

static eh_code training_read(const reader *r, eh_json_value root)
{
    eh_model *model = r->model;
    eh_json_value training = eh_json_member(root, "training");
    int64_t seed = 0, bags = 0, rounds = 0, pair_rounds = 0;
    if (!eh_json_as_integer(eh_json_member(training, "seed"), &seed) || !eh_json_as_integer(eh_json_member(training, "bags"), &bags) ||
        !eh_json_as_integer(eh_json_member(training, "rounds"), &rounds) || !eh_json_as_integer(eh_json_member(training, "pair_rounds"), &pair_rounds))
        return wrong(r, "training");
    model->seed = (uint64_t)seed;
    model->bags = (uint32_t)bags;
    model->rounds = (uint32_t)rounds;
    model->pair_rounds = (uint32_t)pair_rounds;
    model->learning_rate = eh_json_as_number(eh_json_member(training, "learning_rate"));
    return EH_OK;
}

static eh_code head_read(const reader *r, eh_json_value root)
{
    eh_model *model = r->model;
    const char *loss = eh_json_as_text(eh_json_member(root, "loss"));
    EH_TRY(text_read(r, root, "name", false, &model->name));
    EH_TRY(text_read(r, root, "purpose", false, &model->purpose));
    EH_TRY(text_read(r, root, "outcome", false, &model->outcome));
    EH_TRY(text_read(r, root, "offer", false, &model->offer));
    EH_TRY(text_read(r, root, "measured", false, &model->measured));
    if (loss == NULL || (strcmp(loss, "logistic") != 0 && strcmp(loss, "squared") != 0))
        return wrong(r, "loss");
    model->loss = strcmp(loss, "logistic") == 0 ? EH_LOSS_LOGISTIC : EH_LOSS_SQUARED;
    model->threshold = eh_json_as_number(eh_json_member(root, "threshold"));
    if (!(model->threshold > 0 && model->threshold < 1))
        return wrong(r, "threshold");
    EH_TRY(training_read(r, root));
    EH_TRY(inputs_read(r, eh_json_member(root, "data")));
    EH_TRY(findings_read(r, root));
    return micro_read(r, eh_json_member(root, "intercept"), 1e9, "intercept", &model->intercept);
}

eh_code eh_model_members_read(eh_json_value value, const char *where, eh_arena *arena, eh_model **model_out, eh_error *error)
{
    reader r = {.where = where, .arena = arena, .error = error, .model = EH_TAKE(arena, 1, eh_model)};
    if (r.model == NULL)
        return eh_fail_memory(error);
    eh_model *model = r.model;
    eh_json_value features = eh_json_member(value, "features"), terms = eh_json_member(value, "terms");
    EH_TRY(head_read(&r, value));
    model->features_count = eh_json_count(features);
    model->terms_count = eh_json_count(terms);
    if (model->features_count == 0 || model->features_count > EH_MODEL_FEATURES_MAX || model->terms_count > 2 * EH_MODEL_FEATURES_MAX)
        return wrong(&r, "features or terms");
    model->features = EH_TAKE(arena, model->features_count, eh_feature);
    model->terms = EH_TAKE(arena, model->terms_count, eh_term);
    if (model->features == NULL || model->terms == NULL)
        return eh_fail_memory(error);
    for (size_t f = 0; f < model->features_count; f++)
        EH_TRY(feature_read(&r, eh_json_item(features, f), &model->features[f]));
    for (size_t t = 0; t < model->terms_count; t++)
        EH_TRY(term_read(&r, eh_json_item(terms, t), &model->terms[t]));
    *model_out = model;
    return EH_OK;
}

eh_code eh_model_read(eh_view text, const char *name, eh_arena *arena, eh_model **model_out, eh_error *error)
{
    eh_json_document *document = NULL;
    EH_TRY(eh_document_read(text, name, &document, error));
    const char *kind = eh_json_as_text(eh_json_member(eh_json_root(document), "kind"));
    eh_code code = kind != NULL && strcmp(kind, "uplift") == 0
                       ? eh_fail(error, EH_CONFLICT, "%s: is an uplift model, and a model of one outcome is needed here", name)
                       : eh_model_members_read(eh_json_root(document), name, arena, model_out, error);
    eh_json_close(&document);
    return code;
}

eh_code eh_model_load(const char *path, eh_arena *arena, eh_model **model_out, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    eh_buffer_init(&text, EH_JSON_BYTES_MAX);
    EH_TRY(eh_file_read(path, EH_JSON_BYTES_MAX, &text, error));
    return eh_model_read(eh_buffer_view(&text), path, arena, model_out, error);
}
