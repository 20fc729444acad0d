/** RFC 6962, section 2: hashes of leaves and nodes, roots, proofs. Pure; no files. */
#ifndef EH_LEDGER_TREE_INT_H
#define EH_LEDGER_TREE_INT_H

#include "base/secrets.h"

enum { EH_TREE_LEVELS_MAX = 64 };

eh_digest eh_tree_leaf(eh_view entry);                                         /* SHA-256(0x00 || entry) */
eh_digest eh_tree_node(const eh_digest *left, const eh_digest *right);          /* SHA-256(0x01 || left || right) */
eh_digest eh_tree_empty(void);                                                  /* SHA-256("") */
bool eh_digest_equal(const eh_digest *a, const eh_digest *b);

/** The right edge of a growing tree: the hashes of its full subtrees, the smallest last. A plain value. */
typedef struct {
    uint64_t size;
    uint32_t hashes_count;
    eh_digest hashes[EH_TREE_LEVELS_MAX];
} eh_tree_edge;

/** cost: one node hash on average */
void eh_tree_edge_add(eh_tree_edge *edge, const eh_digest *leaf);
eh_digest eh_tree_edge_root(const eh_tree_edge *edge);

/** Where the hashes of full subtrees come from: that of the leaves [index << level, (index + 1) << level). */
typedef struct {
    eh_code (*read)(void *context, uint32_t level, uint64_t index, eh_digest *hash_out, eh_error *error);
    void *context;
} eh_tree_source;

/** MTH(D[begin:end]). begin < end, both as RFC 6962 splits them or begin = 0. */
EH_MUST_USE eh_code eh_tree_range(const eh_tree_source *source, uint64_t begin, uint64_t end, eh_digest *hash_out, eh_error *error);
/** PATH(index, D[size]): at most EH_TREE_LEVELS_MAX hashes, leaf to root. index < size */
EH_MUST_USE eh_code eh_tree_inclusion(const eh_tree_source *source, uint64_t index, uint64_t size, eh_digest proof_out[EH_TREE_LEVELS_MAX],
                                      size_t *count_out, eh_error *error);
/** PROOF(old, D[size]): at most EH_TREE_LEVELS_MAX hashes. 0 < old <= size */
EH_MUST_USE eh_code eh_tree_consistency(const eh_tree_source *source, uint64_t old, uint64_t size, eh_digest proof_out[EH_TREE_LEVELS_MAX],
                                        size_t *count_out, eh_error *error);

typedef struct {
    const eh_digest *hashes;
    size_t count;
} eh_tree_proof;

/** RFC 9162, 2.1.3.2: does the proof lead from the leaf to the root? */
EH_MUST_USE bool eh_tree_included(const eh_digest *leaf, uint64_t index, uint64_t size, const eh_digest *root, eh_tree_proof proof);
/** RFC 9162, 2.1.4.2. Sizes 0 and equal ones take an empty proof only. */
EH_MUST_USE bool eh_tree_consistent(uint64_t old_size, const eh_digest *old_root, uint64_t size, const eh_digest *root, eh_tree_proof proof);

#endif
