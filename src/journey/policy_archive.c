/* A policy with its packs as it was: .evenhand/archive/HASH.policy.json, where HASH is that of the texts one after the other. */
#include <string.h>

#include "base/json.h"
#include "journey/journey.h"

static eh_code archive_path(const char *state_folder, const char *hex, eh_buffer *path, eh_error *error)
{
    eh_buffer_format(path, "%s/archive/%s.policy.json", state_folder, hex);
    return eh_buffer_check(path, error);
}

eh_code eh_policy_archive_keep(const char *state_folder, const eh_policy *policy, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer path = {0}, text = {0};
    size_t count = 0;
    const eh_policy_text *texts = eh_policy_texts(policy, &count);
    eh_json_writer out;
    eh_json_begin(&out, &text, false, false);
    eh_json_object_open(&out, NULL);
    eh_json_array_open(&out, "texts");
    for (size_t i = 0; i < count; i++) {
        eh_json_object_open(&out, NULL);
        eh_json_text(&out, "name", texts[i].name);
        eh_json_view(&out, "text", texts[i].text);
        eh_json_object_close(&out);
    }
    eh_json_array_close(&out);
    eh_json_object_close(&out);
    EH_TRY(eh_buffer_check(&text, error));
    EH_TRY(archive_path(state_folder, eh_policy_about(policy)->sha256, &path, error));
    EH_TRY(eh_parent_folders_make(path.ptr, error));
    return eh_file_replace(path.ptr, eh_buffer_view(&text), error);
}

static eh_code texts_read(eh_json_value list, eh_policy_text *texts, size_t count, const char *path, eh_error *error)
{
    for (size_t i = 0; i < count; i++) {
        eh_json_value item = eh_json_item(list, i);
        texts[i] = (eh_policy_text){.name = eh_json_as_text(eh_json_member(item, "name")), .text = eh_json_as_view(eh_json_member(item, "text"))};
        if (texts[i].name == NULL || texts[i].text.ptr == NULL)
            return eh_fail(error, EH_CORRUPT, "%s: is no policy that was kept", path);
    }
    return EH_OK;
}

eh_code eh_policy_archive_open(const char *state_folder, const eh_digest *digest, eh_instant now, eh_policy **policy_out, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer path = {0}, text = {0};
    EH_CLEANUP(eh_json_close) eh_json_document *document = NULL;
    EH_CLEANUP(eh_policy_close) eh_policy *policy = NULL;
    eh_policy_text texts[EH_POLICY_PACKS_MAX + 1];
    char hex[65];
    eh_hex(digest->bytes, sizeof digest->bytes, hex);
    EH_TRY(archive_path(state_folder, hex, &path, error));
    EH_TRY(eh_file_read(path.ptr, EH_JSON_BYTES_MAX, &text, error));
    EH_TRY(eh_json_parse(eh_buffer_view(&text), path.ptr, &document, error));
    eh_json_value list = eh_json_member(eh_json_root(document), "texts");
    size_t count = eh_json_count(list);
    if (count == 0 || count > EH_POLICY_PACKS_MAX + 1)
        return eh_fail(error, EH_CORRUPT, "%s: is no policy that was kept", path.ptr);
    EH_TRY(texts_read(list, texts, count, path.ptr, error));
    EH_TRY(eh_policy_parse(texts[0].text, "policy.yaml", &(eh_policy_options){.now = now, .texts = texts + 1, .texts_count = count - 1}, &policy, error));
    if (strcmp(eh_policy_about(policy)->sha256, hex) != 0)
        return eh_fail(error, EH_CORRUPT, "%s: is not what was kept under this hash", path.ptr);
    *policy_out = policy;
    policy = NULL;
    return EH_OK;
}
