/* Offline proofs (c2sp.org/tlog-proof): checked without a ledger, from untrusted bytes. */
#include <string.h>

#include "base/json.h"
#include "ledger/ledger_int.h"

typedef struct {
    eh_view extra; /* base64; len 0: none */
    uint64_t index;
    eh_digest hashes[EH_TREE_LEVELS_MAX];
    size_t hashes_count;
    eh_view checkpoint;
} proof_parts;

static bool starts(eh_view line, const char *word, eh_view *rest_out)
{
    size_t len = strlen(word);
    if (line.len < len || memcmp(line.ptr, word, len) != 0)
        return false;
    *rest_out = (eh_view){line.ptr + len, line.len - len};
    return true;
}

static eh_code parts_read(eh_view file, proof_parts *parts, eh_error *error)
{
    eh_view rest = file, line, value;
    if (file.len > EH_LEDGER_PROOF_BYTES_MAX)
        return eh_fail(error, EH_LIMIT, "a proof of %zu bytes, at most %d", file.len, EH_LEDGER_PROOF_BYTES_MAX);
    if (!eh_line_take(&rest, &line) || !eh_view_equal(line, EH_VIEW("c2sp.org/tlog-proof@v1")))
        return eh_fail(error, EH_INPUT, "line 1 is not 'c2sp.org/tlog-proof@v1': this is no proof file");
    if (!eh_line_take(&rest, &line))
        return eh_fail(error, EH_INPUT, "the file ends after line 1");
    if (starts(line, "extra ", &parts->extra) && !eh_line_take(&rest, &line))
        return eh_fail(error, EH_INPUT, "the file ends after the extra line");
    if (!starts(line, "index ", &value) || !eh_decimal_read(value, &parts->index))
        return eh_fail(error, EH_INPUT, "the line 'index NUMBER' is missing or has no decimal number");
    for (;;) {
        size_t count = 0;
        if (!eh_line_take(&rest, &line))
            return eh_fail(error, EH_INPUT, "the file ends before the checkpoint");
        if (line.len == 0)
            break;
        if (parts->hashes_count == EH_TREE_LEVELS_MAX)
            return eh_fail(error, EH_INPUT, "more than %d hashes", EH_TREE_LEVELS_MAX);
        eh_digest *hash = &parts->hashes[parts->hashes_count];
        if (!eh_base64_read(line, sizeof hash->bytes, hash->bytes, &count) || count != sizeof hash->bytes)
            return eh_fail(error, EH_INPUT, "hash %zu is not base64 of 32 bytes", parts->hashes_count + 1);
        parts->hashes_count++;
    }
    parts->checkpoint = rest;
    return EH_OK;
}

/* A member of the extra line's JSON: base64 of at most as many bytes as the text has. NULL ptr: not there. */
static eh_code member_read(eh_json_value root, const char *key, eh_arena *arena, eh_view *bytes_out, eh_error *error)
{
    const char *text = eh_json_as_text(eh_json_member(root, key));
    *bytes_out = (eh_view){NULL, 0};
    if (text == NULL && eh_json_member(root, key) != NULL)
        return eh_fail(error, EH_INPUT, "'%s' in the extra line is no text", key);
    if (text == NULL)
        return EH_OK;
    size_t len = strlen(text), count = 0;
    char *bytes = eh_arena_take(arena, len + 1, 1);
    if (bytes == NULL)
        return eh_fail_memory(error);
    if (!eh_base64_read((eh_view){text, len}, len, bytes, &count))
        return eh_fail(error, EH_INPUT, "'%s' in the extra line is not base64", key);
    bytes[count] = '\0';
    *bytes_out = (eh_view){bytes, count};
    return EH_OK;
}

typedef struct {
    eh_view leaf, salt, payload;
} proof_extra;

/* Nothing stands there that is not checked. */
static eh_code members_check(eh_json_value root, eh_error *error)
{
    for (eh_json_members at = {0}; eh_json_next(root, &at);)
        if (strcmp(at.key, "leaf") != 0 && strcmp(at.key, "salt") != 0 && strcmp(at.key, "payload") != 0)
            return eh_fail(error, EH_INPUT, "the extra line holds '%.40s', which is not known", at.key);
    if ((eh_json_member(root, "salt") == NULL) != (eh_json_member(root, "payload") == NULL))
        return eh_fail(error, EH_INPUT, "the extra line holds a salt or a payload, but not both");
    return EH_OK;
}

static eh_code extra_read(eh_view base64, eh_arena *arena, proof_extra *extra, eh_error *error)
{
    eh_json_document *document = NULL;
    size_t count = 0;
    if (base64.len == 0)
        return eh_fail(error, EH_INPUT, "the proof has no extra line, so it does not say what it proves");
    char *json = eh_arena_take(arena, base64.len + 1, 1);
    if (json == NULL)
        return eh_fail_memory(error);
    if (!eh_base64_read(base64, base64.len, json, &count))
        return eh_fail(error, EH_INPUT, "the extra line is not base64");
    EH_TRY(eh_json_parse((eh_view){json, count}, "the extra line", &document, error));
    eh_json_value root = eh_json_root(document);
    eh_code code = members_check(root, error);
    if (code == EH_OK)
        code = member_read(root, "leaf", arena, &extra->leaf, error);
    if (code == EH_OK)
        code = member_read(root, "salt", arena, &extra->salt, error);
    if (code == EH_OK)
        code = member_read(root, "payload", arena, &extra->payload, error);
    eh_json_close(&document);
    if (code == EH_OK && extra->leaf.ptr == NULL)
        return eh_fail(error, EH_INPUT, "the extra line holds no 'leaf'");
    return code;
}

/* What stands in the extra line is believed only as far as the leaf commits to it. */
static eh_code payload_check(const proof_extra *extra, eh_view *payload_out, eh_error *error)
{
    eh_leaf leaf;
    eh_secret salt;
    *payload_out = (eh_view){NULL, 0};
    if (!eh_leaf_read(extra->leaf, &leaf))
        return extra->payload.ptr == NULL ? EH_OK : eh_fail(error, EH_DENIED, "the entry is no record of this program, so it commits to nothing");
    if (!leaf.committed) {
        *payload_out = leaf.payload;
        return extra->payload.ptr == NULL ? EH_OK : eh_fail(error, EH_DENIED, "the entry commits to no payload, but one is given");
    }
    if (extra->payload.ptr == NULL)
        return EH_OK;
    if (extra->salt.len != sizeof salt.bytes)
        return eh_fail(error, EH_DENIED, "the salt has %zu bytes, not %zu", extra->salt.len, sizeof salt.bytes);
    memcpy(salt.bytes, extra->salt.ptr, sizeof salt.bytes);
    eh_digest commitment = eh_commitment_of(&salt, extra->payload);
    if (!eh_digest_equal(&commitment, &leaf.commitment))
        return eh_fail(error, EH_DENIED, "the payload is not what the entry commits to");
    *payload_out = extra->payload;
    return EH_OK;
}

static eh_code checkpoint_check(const proof_parts *parts, const eh_verifiers *keys, eh_ledger_proof *proof, eh_digest *root_out, eh_error *error)
{
    eh_note note;
    eh_note_trust trust;
    eh_checkpoint checkpoint;
    if (eh_note_parse(parts->checkpoint, &note, error) != EH_OK || eh_checkpoint_parse(note.text, &checkpoint, error) != EH_OK)
        return eh_fail_within(error, "the checkpoint");
    if (eh_note_verify(&note, keys, &trust, error) != EH_OK)
        return eh_fail_within(error, "the checkpoint");
    bool by_log = false;
    for (size_t i = 0; i < keys->count; i++)
        by_log = by_log || (trust.by[i] && keys->keys[i].type == EH_KEY_ED25519 && eh_view_equal(eh_view_of(keys->keys[i].name), checkpoint.origin));
    if (!by_log)
        return eh_fail(error, EH_DENIED, "the checkpoint of %.*s is signed by none of the given keys of that name", (int)checkpoint.origin.len,
                       checkpoint.origin.ptr);
    proof->size = checkpoint.size;
    proof->cosignatures_count = trust.cosigned_count;
    memcpy(proof->origin, checkpoint.origin.ptr, checkpoint.origin.len); /* a key's name: at most EH_KEY_NAME_BYTES_MAX */
    *root_out = checkpoint.root;
    return EH_OK;
}

eh_code eh_ledger_proof_check(eh_view file, eh_view vkeys, eh_arena *arena, eh_ledger_proof *proof_out, eh_error *error)
{
    proof_parts parts = {0};
    proof_extra extra = {0};
    eh_verifiers keys = {0};
    eh_ledger_proof proof = {0};
    eh_digest root;
    EH_TRY(eh_verifiers_parse(vkeys, &keys, error));
    if (keys.count == 0)
        return eh_fail(error, EH_INPUT, "no key was given to check the proof with");
    EH_TRY(parts_read(file, &parts, error));
    EH_TRY(extra_read(parts.extra, arena, &extra, error));
    EH_TRY(checkpoint_check(&parts, &keys, &proof, &root, error));
    eh_digest leaf = eh_tree_leaf(extra.leaf);
    if (!eh_tree_included(&leaf, parts.index, proof.size, &root, (eh_tree_proof){parts.hashes, parts.hashes_count}))
        return eh_fail(error, EH_DENIED, "the entry is not number %ju of the %ju entries that the checkpoint speaks of", (uintmax_t)parts.index,
                       (uintmax_t)proof.size);
    EH_TRY(payload_check(&extra, &proof.payload, error));
    proof.index = parts.index;
    proof.leaf = extra.leaf;
    *proof_out = proof;
    return EH_OK;
}
