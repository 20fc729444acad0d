/* `evenhand ledger`: checking, proving, appending to, erasing from the log of what was done. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/json.h"
#include "cli/state_int.h"

enum { STATUS_FOUND = 1, INPUT_BYTES_MAX = EH_BUFFER_BYTES_MAX };

static int failed(void)
{
    return EH_STATUS_ERROR;
}

static int shown(const eh_state_request *request, const eh_buffer *text, int status, eh_error *error)
{
    if (eh_buffer_check(text, error) != EH_OK || eh_state_write(request, eh_buffer_view(text), error) != EH_OK)
        return failed();
    return status;
}

/* A number with commas, as people read it. */
static const char *grouped(uint64_t number, char out[32])
{
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%ju", (uintmax_t)number);
    char *at = out;
    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            *at++ = ',';
        *at++ = digits[i];
    }
    *at = '\0';
    return out;
}

static void root_append(const eh_digest *root, eh_buffer *out)
{
    eh_base64_append(out, (eh_view){(const char *)root->bytes, sizeof root->bytes});
}

/* ---- verify ------------------------------------------------------------------------------------------------------------------------- */

static void verify_json(const eh_ledger_verification *found, eh_buffer *out)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer root = {.whole = out};
    eh_json_writer json;
    root_append(&found->root, &root);
    eh_json_begin(&json, out, true, false);
    eh_json_object_open(&json, NULL);
    eh_json_boolean(&json, "ok", found->findings_count == 0);
    eh_json_integer(&json, "size", (int64_t)found->size);
    eh_json_text(&json, "root", root.ptr);
    for (int state = 0; state < EH_RECORD_STATES_COUNT; state++)
        eh_json_integer(&json, eh_record_state_name((eh_record_state)state), (int64_t)found->states[state]);
    eh_json_integer(&json, "erasures", (int64_t)found->erasures_count);
    eh_json_integer(&json, "signatures", (int64_t)found->signatures_count);
    eh_json_integer(&json, "cosignatures", (int64_t)found->cosignatures_count);
    eh_json_integer(&json, "waiting", (int64_t)found->waiting_count);
    if (found->since_checked)
        eh_json_integer(&json, "since", (int64_t)found->since_size);
    else
        eh_json_null(&json, "since");
    eh_json_integer(&json, "findings_count", (int64_t)found->findings_count);
    eh_json_array_open(&json, "findings");
    for (uint64_t i = 0; i < found->findings_count && i < EH_LEDGER_FINDINGS_MAX; i++)
        eh_json_text(&json, NULL, found->findings[i]);
    eh_json_array_close(&json);
    eh_json_object_close(&json);
    eh_buffer_byte(out, '\n');
}

static void verify_text(const eh_ledger_verification *found, bool public_only, eh_buffer *out)
{
    char number[32];
    eh_buffer_format(out, "entries       %s\nroot          ", grouped(found->size, number));
    root_append(&found->root, out);
    eh_buffer_format(out, "\nsigned by     %s of the ledger's keys, %s", grouped(found->signatures_count, number),
                     found->cosignatures_count == 1 ? "1 witness\n" : "");
    if (found->cosignatures_count != 1)
        eh_buffer_format(out, "%s witnesses\n", grouped(found->cosignatures_count, number));
    if (!public_only) {
        eh_buffer_format(out, "in clear      %s\n", grouped(found->states[EH_RECORD_CLEAR], number));
        eh_buffer_format(out, "opened        %s\n", grouped(found->states[EH_RECORD_OPENED], number));
        eh_buffer_format(out, "erased        %s", grouped(found->states[EH_RECORD_ERASED], number));
        eh_buffer_format(out, " (by %s %s)\n", grouped(found->erasures_count, number), found->erasures_count == 1 ? "erasure" : "erasures");
        eh_buffer_format(out, "missing       %s\n", grouped(found->states[EH_RECORD_MISSING], number));
    }
    if (found->states[EH_RECORD_SEALED] > 0)
        eh_buffer_format(out, "sealed        %s (the keys of the people are not here)\n", grouped(found->states[EH_RECORD_SEALED], number));
    if (found->since_checked)
        eh_buffer_format(out, "since         grown from the checkpoint of %s entries\n", grouped(found->since_size, number));
    if (found->waiting_count > 0)
        eh_buffer_format(out, "waiting       %s entries are safe but not published; the next writer publishes them\n",
                         grouped(found->waiting_count, number));
    if (found->findings_count == 0) {
        eh_buffer_text(out, "\nAll is well: every tile, signature and opening is what it must be.\n");
        return;
    }
    eh_buffer_format(out, "\n%s wrong:\n", found->findings_count == 1 ? "1 thing is" : "These things are");
    for (uint64_t i = 0; i < found->findings_count && i < EH_LEDGER_FINDINGS_MAX; i++) {
        eh_buffer_text(out, "  ");
        eh_visible_append(out, eh_view_of(found->findings[i]), false);
        eh_buffer_byte(out, '\n');
    }
    if (found->findings_count > EH_LEDGER_FINDINGS_MAX)
        eh_buffer_format(out, "  and %s more\n", grouped(found->findings_count - EH_LEDGER_FINDINGS_MAX, number));
}

static int verify_run(eh_state_request *request, eh_error *error)
{
    eh_progress progress = eh_progress_stderr(true);
    eh_ledger_verify_options options = {.since_path = request->since, .public_only = request->public_only, .progress_context = &progress};
    if (progress.descriptor >= 0)
        options.progress = eh_progress_show;
    eh_ledger_verification found;
    eh_code code = eh_ledger_verify(request->folder, &options, request->arena, &found, error);
    eh_progress_end(&progress);
    if (code != EH_OK)
        return failed();
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    if (request->json)
        verify_json(&found, &text);
    else
        verify_text(&found, request->public_only, &text);
    return shown(request, &text, found.findings_count == 0 ? 0 : STATUS_FOUND, error);
}

/* ---- prove and show ------------------------------------------------------------------------------------------------------------------ */

static eh_code growth_size(const eh_state_request *request, uint64_t *size_out, eh_error *error)
{
    const char *since = request->since;
    size_t len = strlen(since);
    if (strspn(since, "0123456789") == len && len < 19) {
        *size_out = strtoull(since, NULL, 10);
        return EH_OK;
    }
    EH_CLEANUP(eh_buffer_dispose) eh_buffer bytes = {0};
    EH_TRY(eh_file_read(since, EH_LEDGER_NOTE_BYTES_MAX, &bytes, error));
    /* line 2 of a checkpoint is its size; what it says is proven by the proof itself */
    const char *line = bytes.ptr != NULL ? strchr(bytes.ptr, '\n') : NULL;
    len = line != NULL ? strspn(line + 1, "0123456789") : 0;
    if (len == 0 || len > 18 || line[1 + len] != '\n')
        return eh_fail(error, EH_INPUT, "--since: '%s' is neither a number of entries nor a checkpoint", since);
    *size_out = strtoull(line + 1, NULL, 10);
    return EH_OK;
}

static eh_code prove(eh_state_request *request, eh_ledger *ledger, eh_buffer *out, eh_error *error)
{
    if (request->since != NULL) {
        uint64_t size = 0;
        if (request->files_count > 0)
            return eh_fail(error, EH_CONFLICT, "an entry or --since, not both: one proves an entry, the other that the ledger has only grown");
        EH_TRY(growth_size(request, &size, error));
        return eh_ledger_prove_growth(ledger, size, out, error);
    }
    if (request->files_count == 0)
        return eh_fail(error, EH_INPUT, "say which entry: its id or its index");
    eh_ledger_record record;
    EH_TRY(eh_ledger_read(ledger, eh_view_of(request->files[0]), request->arena, &record, error));
    return eh_ledger_prove(ledger, &record, out, error);
}

static int prove_run(eh_state_request *request, eh_error *error)
{
    EH_CLEANUP(eh_ledger_close) eh_ledger *ledger = NULL;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    if (eh_state_ledger(request, true, &ledger, error) != EH_OK || prove(request, ledger, &text, error) != EH_OK)
        return failed();
    return shown(request, &text, 0, error);
}

static void record_json(const eh_ledger_record *record, eh_buffer *out)
{
    eh_buffer_format(out, "{\"index\":%ju,\"id\":\"%s\",\"state\":\"%s\",\"kind\":\"%.*s\",\"at\":\"%.*s\"", (uintmax_t)record->index, record->id,
                     eh_record_state_name(record->state), (int)record->kind.len, record->kind.ptr, (int)record->at.len, record->at.ptr);
    /* both are JSON that was checked when it was appended */
    if (record->clear.len > 0)
        eh_buffer_format(out, ",\"clear\":%.*s", (int)record->clear.len, record->clear.ptr);
    if (record->payload.len > 0)
        eh_buffer_format(out, ",\"payload\":%.*s", (int)record->payload.len, record->payload.ptr);
    eh_buffer_text(out, "}\n");
}

static int show_run(eh_state_request *request, eh_error *error)
{
    EH_CLEANUP(eh_ledger_close) eh_ledger *ledger = NULL;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    eh_ledger_record record;
    if (eh_state_ledger(request, true, &ledger, error) != EH_OK ||
        eh_ledger_read(ledger, eh_view_of(request->files[0]), request->arena, &record, error) != EH_OK)
        return failed();
    record_json(&record, &text);
    return shown(request, &text, 0, error);
}

/* ---- verify-proof --------------------------------------------------------------------------------------------------------------------- */

static eh_code vkeys_read(const eh_state_request *request, eh_buffer *out, eh_error *error)
{
    struct stat facts;
    if (request->vkey == NULL)
        return eh_fail(error, EH_INPUT, "--vkey is missing: the ledger's verifier key, as in public/vkey, from a source that you trust");
    if (strchr(request->vkey, '+') != NULL && stat(request->vkey, &facts) != 0) {
        eh_buffer_text(out, request->vkey);
        return eh_buffer_check(out, error);
    }
    if (eh_file_read(request->vkey, EH_LEDGER_NOTE_BYTES_MAX, out, error) != EH_OK)
        return eh_fail_within(error, "--vkey");
    return EH_OK;
}

static void proof_json(const eh_ledger_proof *proof, eh_buffer *out)
{
    eh_json_writer json;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer leaf = {.whole = out}, payload = {.whole = out};
    eh_buffer_append(&leaf, proof->leaf);
    eh_buffer_append(&payload, proof->payload);
    eh_json_begin(&json, out, true, false);
    eh_json_object_open(&json, NULL);
    eh_json_boolean(&json, "ok", true);
    eh_json_text(&json, "origin", proof->origin);
    eh_json_integer(&json, "index", (int64_t)proof->index);
    eh_json_integer(&json, "size", (int64_t)proof->size);
    eh_json_integer(&json, "cosignatures", proof->cosignatures_count);
    eh_json_text(&json, "entry", leaf.ptr);
    eh_json_text(&json, "payload", proof->payload.len > 0 ? payload.ptr : NULL);
    eh_json_object_close(&json);
    eh_buffer_byte(out, '\n');
}

static void proof_text(const eh_ledger_proof *proof, eh_buffer *out)
{
    char number[32];
    eh_buffer_text(out, "The proof holds: ");
    eh_visible_append(out, eh_view_of(proof->origin), false);
    eh_buffer_format(out, " has had this entry as number %s", grouped(proof->index, number));
    eh_buffer_format(out, " of %s", grouped(proof->size, number));
    eh_buffer_format(out, ", cosigned by %u of the given witnesses.\nentry    ", proof->cosignatures_count);
    eh_visible_append(out, proof->leaf, false);
    if (proof->payload.len > 0) {
        eh_buffer_text(out, "\npayload  ");
        eh_visible_append(out, proof->payload, false);
    }
    eh_buffer_byte(out, '\n');
}

static int verify_proof_run(eh_state_request *request, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer file = {0}, vkeys = {0}, text = {0};
    eh_ledger_proof proof;
    if (vkeys_read(request, &vkeys, error) != EH_OK || eh_state_read(request->files[0], EH_LEDGER_PROOF_BYTES_MAX, &file, error) != EH_OK)
        return failed();
    eh_code code = eh_ledger_proof_check(eh_buffer_view(&file), eh_buffer_view(&vkeys), request->arena, &proof, error);
    if (code == EH_DENIED) { /* it could be read, and proves nothing */
        eh_error shown_error = *error;
        (void)eh_fail_within(&shown_error, "%s: the proof does not hold", request->files[0]);
        (void)eh_error_show(request->command, &shown_error);
        return STATUS_FOUND;
    }
    if (code != EH_OK) {
        (void)eh_fail_within(error, "%s", request->files[0]);
        return failed();
    }
    if (request->json)
        proof_json(&proof, &text);
    else
        proof_text(&proof, &text);
    return shown(request, &text, 0, error);
}

/* ---- stats ------------------------------------------------------------------------------------------------------------------------------ */

static void stats_json(const eh_ledger_stats *stats, eh_buffer *out)
{
    eh_json_writer json;
    eh_json_begin(&json, out, true, false);
    eh_json_object_open(&json, NULL);
    eh_json_text(&json, "name", stats->name);
    eh_json_array_open_flat(&json, "keys");
    for (size_t i = 0; i < stats->keys_count; i++)
        eh_json_text(&json, NULL, stats->key_ids[i]);
    eh_json_array_close(&json);
    eh_json_integer(&json, "size", (int64_t)stats->size);
    eh_json_integer(&json, "published_size", (int64_t)stats->published_size);
    eh_json_integer(&json, "openings", (int64_t)stats->openings_count);
    eh_json_integer(&json, "people", (int64_t)stats->people_count);
    eh_json_integer(&json, "erased_people", (int64_t)stats->erased_people_count);
    eh_json_integer(&json, "tiles_bytes", (int64_t)stats->tiles_bytes);
    eh_json_integer(&json, "entries_bytes", (int64_t)stats->entries_bytes);
    eh_json_integer(&json, "openings_bytes", (int64_t)stats->openings_bytes);
    eh_json_integer(&json, "wal_bytes", (int64_t)stats->wal_bytes);
    eh_json_object_close(&json);
    eh_buffer_byte(out, '\n');
}

static void stats_text(const eh_ledger_stats *stats, eh_buffer *out)
{
    const struct { const char *name; uint64_t number; } rows[] = {
        {"entries", stats->size},           {"published", stats->published_size},        {"openings", stats->openings_count},
        {"people", stats->people_count},    {"erased people", stats->erased_people_count}, {"tiles, bytes", stats->tiles_bytes},
        {"bundles, bytes", stats->entries_bytes}, {"openings, bytes", stats->openings_bytes}, {"log, bytes", stats->wal_bytes}};
    char number[32];
    eh_buffer_format(out, "%-16s %s\n%-16s", "name", stats->name, "keys");
    for (size_t i = 0; i < stats->keys_count; i++)
        eh_buffer_format(out, " %s", stats->key_ids[i]);
    eh_buffer_byte(out, '\n');
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        eh_buffer_format(out, "%-16s %s\n", rows[i].name, grouped(rows[i].number, number));
}

static int stats_run(eh_state_request *request, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    eh_ledger_stats stats;
    if (eh_ledger_stats_read(request->folder, &stats, error) != EH_OK)
        return failed();
    if (request->json)
        stats_json(&stats, &text);
    else
        stats_text(&stats, &text);
    return shown(request, &text, 0, error);
}

/* ---- append ------------------------------------------------------------------------------------------------------------------------------ */

typedef struct {
    const eh_state_request *request;
    eh_ledger *ledger;
    eh_ledger_entry *entries;
    eh_ledger_receipt *receipts;
    size_t count;
    size_t bytes;
    uint64_t line_first;
} appending;

/* The ids are printed when their entries are on the disk, never before. */
static eh_code append_flush(appending *state, uint64_t line_next, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer ids = {0};
    if (state->count == 0)
        return EH_OK;
    if (eh_ledger_append(state->ledger, state->entries, state->count, state->receipts, error) != EH_OK)
        return state->count == 1 ? eh_fail_within(error, "line %ju", (uintmax_t)state->line_first) : eh_fail_within(error, "lines %ju to %ju",
               (uintmax_t)state->line_first, (uintmax_t)line_next - 1);
    for (size_t i = 0; i < state->count; i++)
        eh_buffer_format(&ids, "%s\n", state->receipts[i].id);
    EH_TRY(eh_buffer_check(&ids, error));
    state->count = state->bytes = 0;
    state->line_first = line_next;
    return eh_stdout_write(eh_buffer_view(&ids), error);
}

static eh_code append_lines(appending *state, eh_view text, eh_error *error)
{
    const eh_state_request *request = state->request;
    uint64_t number = 1;
    state->line_first = 1;
    for (; text.len > 0; number++) {
        const char *end = memchr(text.ptr, '\n', text.len);
        size_t len = end == NULL ? text.len : (size_t)(end - text.ptr);
        eh_view line = eh_view_trim((eh_view){text.ptr, len});
        text = (eh_view){text.ptr + len + (end != NULL), text.len - len - (end != NULL)};
        if (line.len == 0)
            continue;
        if (state->bytes + line.len > EH_LEDGER_APPEND_BYTES_MAX)
            EH_TRY(append_flush(state, number, error));
        state->bytes += line.len;
        state->entries[state->count++] = (eh_ledger_entry){.kind = eh_view_of(request->kind),
                                                           .person = eh_view_of(request->person),
                                                           .payload = line,
                                                           .clear = eh_view_of(request->clear)};
        if (state->count == request->batch)
            EH_TRY(append_flush(state, number + 1, error));
    }
    return append_flush(state, number, error);
}

static int append_run(eh_state_request *request, eh_error *error)
{
    EH_CLEANUP(eh_ledger_close) eh_ledger *ledger = NULL;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    if (request->kind == NULL) {
        (void)eh_fail(error, EH_INPUT, "--kind is missing, as in --kind decision");
        return failed();
    }
    appending state = {.request = request, .entries = EH_TAKE(request->arena, request->batch, eh_ledger_entry),
                       .receipts = EH_TAKE(request->arena, request->batch, eh_ledger_receipt)};
    if (state.entries == NULL || state.receipts == NULL) {
        (void)eh_fail_memory(error);
        return failed();
    }
    if (eh_state_ledger(request, false, &ledger, error) != EH_OK ||
        eh_state_read(request->files_count > 0 ? request->files[0] : "-", INPUT_BYTES_MAX, &text, error) != EH_OK)
        return failed();
    state.ledger = ledger;
    if (append_lines(&state, eh_buffer_view(&text), error) != EH_OK || eh_ledger_publish(ledger, error) != EH_OK)
        return failed();
    return 0;
}

/* ---- erase and cosign ---------------------------------------------------------------------------------------------------------------------- */

static int erase_run(eh_state_request *request, eh_error *error)
{
    EH_CLEANUP(eh_ledger_close) eh_ledger *ledger = NULL;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    uint64_t erased = 0;
    eh_ledger_receipt receipt = {0};
    char number[32];
    if (request->person == NULL) {
        (void)eh_fail(error, EH_INPUT, "--person is missing: whom to erase");
        return failed();
    }
    if (eh_state_ledger(request, false, &ledger, error) != EH_OK ||
        eh_ledger_person_erase(ledger, eh_view_of(request->person), eh_view_of(request->reason != NULL ? request->reason : "request"), &erased,
                               &receipt, error) != EH_OK)
        return failed();
    if (receipt.id[0] == '\0')
        eh_buffer_text(&text, "The ledger has nothing of that person.\n");
    else
        eh_buffer_format(&text, "%s %s can never be opened again; entry %ju (%s) says so.\n", grouped(erased, number),
                         erased == 1 ? "entry" : "entries", (uintmax_t)receipt.index, receipt.id);
    return shown(request, &text, 0, error);
}

static int cosign_run(eh_state_request *request, eh_error *error)
{
    EH_CLEANUP(eh_ledger_close) eh_ledger *ledger = NULL;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer lines = {0}, text = {0};
    uint32_t accepted = 0;
    if (eh_state_read(request->files[0], EH_LEDGER_NOTE_BYTES_MAX, &lines, error) != EH_OK ||
        eh_state_ledger(request, false, &ledger, error) != EH_OK ||
        eh_ledger_cosign(ledger, eh_buffer_view(&lines), eh_buffer_view(&request->witnesses), &accepted, error) != EH_OK)
        return failed();
    eh_buffer_format(&text, "%u %s of the published checkpoint %s.\n", accepted, accepted == 1 ? "cosignature" : "cosignatures",
                     accepted == 1 ? "holds and was kept" : "hold and were kept");
    return shown(request, &text, 0, error);
}

/* ---- the command ---------------------------------------------------------------------------------------------------------------------------- */

static const eh_state_act acts[] = {
    {"verify", "[--since CHECKPOINT] [--public]", "computes the whole ledger anew and says what is not as it must be",
     EH_TAKES_SINCE | EH_TAKES_PUBLIC | EH_TAKES_FORMAT | EH_TAKES_OUTPUT, false, 0, 0, verify_run},
    {"prove", "ID | --since SIZE", "proves an entry (or that the ledger has only grown) to anybody, offline",
     EH_TAKES_SINCE | EH_TAKES_OUTPUT, false, 0, 1, prove_run},
    {"verify-proof", "FILE --vkey KEY", "checks such a proof, without a ledger", EH_TAKES_VKEY | EH_TAKES_FORMAT | EH_TAKES_OUTPUT, true, 1, 1,
     verify_proof_run},
    {"show", "ID", "prints an entry as JSON, with what it says when that can be opened", EH_TAKES_OUTPUT, false, 1, 1, show_run},
    {"stats", "", "how large it is and who signs it", EH_TAKES_FORMAT | EH_TAKES_OUTPUT, false, 0, 0, stats_run},
    {"append", "--kind KIND [--person KEY] [FILE]", "appends each line, a JSON object, and prints its id once it is on the disk",
     EH_TAKES_APPEND | EH_TAKES_NOW, false, 0, 1, append_run},
    {"erase", "--person KEY [--reason WORD]", "destroys the key of a person: what the ledger says of them cannot be opened again",
     EH_TAKES_PERSON | EH_TAKES_REASON | EH_TAKES_NOW, false, 0, 0, erase_run},
    {"cosign", "FILE [--witness KEY]", "takes a witness's cosignatures of the published checkpoint", EH_TAKES_WITNESS, false, 1, 1, cosign_run},
};
static const eh_state_command command = {"ledger", "the log of what was done, which nobody can alter unnoticed", acts, sizeof acts / sizeof acts[0]};

int eh_ledger_command(int argc, char **argv)
{
    return eh_state_run(&command, argc, argv);
}

void eh_ledger_help(eh_buffer *out)
{
    eh_state_help(&command, out);
}
