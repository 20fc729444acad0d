/*
 * Any bytes as an entry bundle, as a leaf, as the JSON of an entry. A bundle's entries are exactly its bytes; what the quick check of an
 * entry's JSON takes, the strict reader takes too (but for keys that are there twice, which only the reader sees).
 */
#include <stdint.h>
#include <string.h>

#include "base/json.h"
#include "ledger/ledger_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    eh_view all = {(const char *)data, size}, rest = all, entry;
    eh_leaf leaf;
    size_t taken = 0;
    while (eh_bundle_next(&rest, &entry)) {
        taken += 2 + entry.len;
        if (eh_leaf_read(entry, &leaf))
            EH_ASSERT(leaf.id.len == EH_LEDGER_ID_BYTES - 1 && leaf.kind.len > 0 && (leaf.committed || leaf.payload.len > 0));
    }
    EH_ASSERT(taken + rest.len == size);
    (void)!eh_leaf_read(all, &leaf);

    eh_json_document *document = NULL;
    eh_error error = {0};
    bool quick = eh_json_object_fault(all) == NULL;
    eh_code code = eh_json_parse(all, "entry", &document, &error);
    bool strict = code == EH_OK && eh_json_type_of(eh_json_root(document)) == EH_JSON_OBJECT;
    if (quick && !strict)
        EH_ASSERT(strstr(error.text, "twice") != NULL || strstr(error.text, "duplicate") != NULL || strstr(error.text, "overflow") != NULL);
    EH_ASSERT(quick || !strict);
    eh_json_close(&document);
    return 0;
}
