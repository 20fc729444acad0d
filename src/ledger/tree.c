/* RFC 6962 and 9162: hashing, roots, making and checking proofs. */
#include "ledger/tree_int.h"

#include <string.h>

eh_digest eh_tree_leaf(eh_view entry)
{
    return eh_sha256_of_two((eh_view){"", 1}, entry);
}

eh_digest eh_tree_node(const eh_digest *left, const eh_digest *right)
{
    char both[1 + 2 * sizeof(eh_digest)];
    both[0] = 1;
    memcpy(both + 1, left->bytes, sizeof left->bytes);
    memcpy(both + 1 + sizeof left->bytes, right->bytes, sizeof right->bytes);
    return eh_sha256_of((eh_view){both, sizeof both});
}

eh_digest eh_tree_empty(void)
{
    return eh_sha256_of((eh_view){NULL, 0});
}

bool eh_digest_equal(const eh_digest *a, const eh_digest *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

/* ---- the right edge --------------------------------------------------------------------------------------------------- */

void eh_tree_edge_add(eh_tree_edge *edge, const eh_digest *leaf)
{
    eh_digest hash = *leaf;
    /* each one bit at the end of the size is a full subtree that the new leaf completes */
    for (uint64_t ones = edge->size; (ones & 1) != 0; ones >>= 1)
        hash = eh_tree_node(&edge->hashes[--edge->hashes_count], &hash);
    edge->hashes[edge->hashes_count++] = hash;
    edge->size++;
}

eh_digest eh_tree_edge_root(const eh_tree_edge *edge)
{
    if (edge->hashes_count == 0)
        return eh_tree_empty();
    eh_digest root = edge->hashes[edge->hashes_count - 1];
    for (uint32_t i = edge->hashes_count - 1; i > 0; i--)
        root = eh_tree_node(&edge->hashes[i - 1], &root);
    return root;
}

/* ---- making proofs ---------------------------------------------------------------------------------------------------- */

/* The largest power of two below n, as an exponent. n > 1 */
static uint32_t split_level(uint64_t n)
{
    return 63 - (uint32_t)__builtin_clzll(n - 1);
}

eh_code eh_tree_range(const eh_tree_source *source, uint64_t begin, uint64_t end, eh_digest *hash_out, eh_error *error)
{
    EH_ASSERT(begin < end);
    eh_digest parts[EH_TREE_LEVELS_MAX];
    size_t count = 0;
    /* full subtrees from the left, each the largest that fits; begin is a multiple of every one of them */
    for (uint64_t at = begin; at < end;) {
        uint64_t left = end - at;
        uint32_t level = 63 - (uint32_t)__builtin_clzll(left);
        EH_ASSERT((at & ((UINT64_C(1) << level) - 1)) == 0);
        EH_TRY(source->read(source->context, level, at >> level, &parts[count], error));
        count++;
        at += UINT64_C(1) << level;
    }
    eh_digest hash = parts[count - 1];
    for (size_t i = count - 1; i > 0; i--)
        hash = eh_tree_node(&parts[i - 1], &hash);
    *hash_out = hash;
    return EH_OK;
}

static void reverse(eh_digest *hashes, size_t count)
{
    for (size_t i = 0; i < count / 2; i++) {
        eh_digest kept = hashes[i];
        hashes[i] = hashes[count - 1 - i];
        hashes[count - 1 - i] = kept;
    }
}

eh_code eh_tree_inclusion(const eh_tree_source *source, uint64_t index, uint64_t size, eh_digest proof_out[EH_TREE_LEVELS_MAX],
                          size_t *count_out, eh_error *error)
{
    EH_ASSERT(index < size);
    eh_digest proof[EH_TREE_LEVELS_MAX];
    size_t count = 0;
    uint64_t begin = 0, end = size;
    while (end - begin > 1) {
        uint64_t middle = begin + (UINT64_C(1) << split_level(end - begin));
        bool left = index < middle;
        EH_TRY(eh_tree_range(source, left ? middle : begin, left ? end : middle, &proof[count], error));
        count++;
        if (left)
            end = middle;
        else
            begin = middle;
    }
    reverse(proof, count);
    memcpy(proof_out, proof, count * sizeof *proof);
    *count_out = count;
    return EH_OK;
}

eh_code eh_tree_consistency(const eh_tree_source *source, uint64_t old, uint64_t size, eh_digest proof_out[EH_TREE_LEVELS_MAX],
                            size_t *count_out, eh_error *error)
{
    EH_ASSERT(old > 0 && old <= size);
    eh_digest proof[EH_TREE_LEVELS_MAX];
    size_t count = 0;
    uint64_t begin = 0, end = size;
    /* down to the subtree that ends where the old tree ended; `begin` is 0 as long as the old tree is a whole one */
    while (end > old) {
        uint64_t middle = begin + (UINT64_C(1) << split_level(end - begin));
        bool left = old <= middle;
        EH_TRY(eh_tree_range(source, left ? middle : begin, left ? end : middle, &proof[count], error));
        count++;
        if (left)
            end = middle;
        else
            begin = middle;
    }
    if (begin > 0) {
        EH_TRY(eh_tree_range(source, begin, end, &proof[count], error));
        count++;
    }
    reverse(proof, count);
    memcpy(proof_out, proof, count * sizeof *proof);
    *count_out = count;
    return EH_OK;
}

/* ---- checking proofs -------------------------------------------------------------------------------------------------- */

bool eh_tree_included(const eh_digest *leaf, uint64_t index, uint64_t size, const eh_digest *root, eh_tree_proof proof)
{
    if (index >= size)
        return false;
    uint64_t at = index, last = size - 1;
    eh_digest hash = *leaf;
    for (size_t i = 0; i < proof.count; i++) {
        if (last == 0)
            return false;
        if ((at & 1) != 0 || at == last) {
            hash = eh_tree_node(&proof.hashes[i], &hash);
            while ((at & 1) == 0 && at != 0) {
                at >>= 1;
                last >>= 1;
            }
        } else {
            hash = eh_tree_node(&hash, &proof.hashes[i]);
        }
        at >>= 1;
        last >>= 1;
    }
    return last == 0 && eh_digest_equal(&hash, root);
}

bool eh_tree_consistent(uint64_t old_size, const eh_digest *old_root, uint64_t size, const eh_digest *root, eh_tree_proof proof)
{
    eh_digest empty = eh_tree_empty();
    if (old_size > size)
        return false;
    if (old_size == size)
        return proof.count == 0 && eh_digest_equal(old_root, root) && (size > 0 || eh_digest_equal(root, &empty));
    if (old_size == 0)
        return proof.count == 0 && eh_digest_equal(old_root, &empty);
    uint64_t at = old_size - 1, last = size - 1;
    while ((at & 1) != 0) {
        at >>= 1;
        last >>= 1;
    }
    /* an old tree that is a full subtree is its own first hash */
    size_t next = 0;
    bool whole = (old_size & (old_size - 1)) == 0;
    if (!whole && proof.count == 0)
        return false;
    eh_digest old_hash = whole ? *old_root : proof.hashes[next++];
    eh_digest hash = old_hash;
    for (; next < proof.count; next++) {
        if (last == 0)
            return false;
        if ((at & 1) != 0 || at == last) {
            old_hash = eh_tree_node(&proof.hashes[next], &old_hash);
            hash = eh_tree_node(&proof.hashes[next], &hash);
            while ((at & 1) == 0 && at != 0) {
                at >>= 1;
                last >>= 1;
            }
        } else {
            hash = eh_tree_node(&hash, &proof.hashes[next]);
        }
        at >>= 1;
        last >>= 1;
    }
    return last == 0 && eh_digest_equal(&old_hash, old_root) && eh_digest_equal(&hash, root);
}
