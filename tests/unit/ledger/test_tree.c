/* Goal: the published roots and proofs of RFC 6962 trees come out exactly; every proof that was bent is refused. */
#include "ledger/tree_int.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>

/* transparency-dev/merkle, testonly/constants.go */
static const char *const leaves[] = {"", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"};
static const char *const roots[] = {
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef", "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

enum { LEAVES_MAX = 300 };

/* A source that computes every subtree from its leaves. */
typedef struct {
    eh_digest leaves[LEAVES_MAX];
} forest;

static eh_code forest_read(void *context, uint32_t level, uint64_t index, eh_digest *hash_out, eh_error *error)
{
    const forest *all = context;
    eh_tree_edge edge = {0};
    (void)error;
    for (uint64_t i = index << level; i < (index + 1) << level; i++)
        eh_tree_edge_add(&edge, &all->leaves[i]);
    *hash_out = edge.hashes[0];
    return EH_OK;
}

static void forest_grow(forest *all)
{
    for (uint32_t i = 0; i < LEAVES_MAX; i++) {
        char text[32];
        int len = snprintf(text, sizeof text, "leaf %u", i);
        all->leaves[i] = eh_tree_leaf((eh_view){text, (size_t)len});
    }
}

static eh_digest root_of(const forest *all, uint64_t size)
{
    eh_tree_edge edge = {0};
    for (uint64_t i = 0; i < size; i++)
        eh_tree_edge_add(&edge, &all->leaves[i]);
    return eh_tree_edge_root(&edge);
}

static void makes_the_published_roots(void **state)
{
    (void)state;
    eh_tree_edge edge = {0};
    char hex[65];
    for (size_t size = 0; size <= 8; size++) {
        eh_digest root = eh_tree_edge_root(&edge);
        eh_hex(root.bytes, 32, hex);
        assert_string_equal(hex, roots[size]);
        if (size == 8)
            break;
        char bytes[16];
        size_t len = strlen(leaves[size]) / 2;
        assert_true(eh_hex_read(eh_view_of(leaves[size]), len, bytes));
        eh_digest leaf = eh_tree_leaf((eh_view){bytes, len});
        eh_tree_edge_add(&edge, &leaf);
    }
    eh_digest leaf = eh_tree_leaf(EH_VIEW("L123456"));
    eh_hex(leaf.bytes, 32, hex);
    assert_string_equal(hex, "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56");
    /* node("N123", "N456") of the same file is over texts of four bytes */
    leaf = eh_sha256_of(EH_VIEW("\001N123N456"));
    eh_hex(leaf.bytes, 32, hex);
    assert_string_equal(hex, "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb");
}

static void makes_the_published_proofs(void **state)
{
    (void)state;
    static const char *const expected[] = {"lqKW0iTyhcZ77pPDD4owkVfw2qNdxbh+QQt4YwoJz8c=", "Xwg/ChozygdqlSeYMlgNs+DvRYS9/x9UyKNg9Q3jAx4=",
                                           "a0eq8p7jwq+a+Im8H7klTavTEXfxYjLdaqsDXKOb9uQ="};
    static forest all;
    eh_digest proof[EH_TREE_LEVELS_MAX], hashes[3];
    size_t count = 0;
    for (size_t i = 0; i < 8; i++) {
        char bytes[16];
        size_t len = strlen(leaves[i]) / 2;
        assert_true(eh_hex_read(eh_view_of(leaves[i]), len, bytes));
        all.leaves[i] = eh_tree_leaf((eh_view){bytes, len});
    }
    for (size_t i = 0; i < 3; i++)
        assert_true(eh_base64_read(eh_view_of(expected[i]), 32, hashes[i].bytes, &count));
    eh_tree_source source = {.read = forest_read, .context = &all};
    assert_int_equal(eh_tree_inclusion(&source, 0, 8, proof, &count, NULL), EH_OK);
    assert_int_equal(count, 3);
    assert_memory_equal(proof, hashes, sizeof hashes);
    assert_int_equal(eh_tree_consistency(&source, 1, 8, proof, &count, NULL), EH_OK);
    assert_int_equal(count, 3);
    assert_memory_equal(proof, hashes, sizeof hashes);
}

static void proves_every_entry_and_every_growth(void **state)
{
    (void)state;
    static forest all;
    eh_digest proof[EH_TREE_LEVELS_MAX];
    size_t count = 0;
    forest_grow(&all);
    eh_tree_source source = {.read = forest_read, .context = &all};
    for (uint64_t size = 1; size <= 130; size++) {
        eh_digest root = root_of(&all, size);
        for (uint64_t index = 0; index < size; index++) {
            assert_int_equal(eh_tree_inclusion(&source, index, size, proof, &count, NULL), EH_OK);
            assert_true(eh_tree_included(&all.leaves[index], index, size, &root, (eh_tree_proof){proof, count}));
            if (size > 1)
                assert_false(eh_tree_included(&all.leaves[(index + 1) % size], index, size, &root, (eh_tree_proof){proof, count}));
        }
        for (uint64_t old = 1; old <= size; old++) {
            eh_digest old_root = root_of(&all, old);
            assert_int_equal(eh_tree_consistency(&source, old, size, proof, &count, NULL), EH_OK);
            assert_true(eh_tree_consistent(old, &old_root, size, &root, (eh_tree_proof){proof, count}));
        }
    }
}

/* The mutations of transparency-dev/merkle, testdata: bits, sizes, garbage before and after, too few, too many, none. */
static size_t bent_count(const eh_digest *good, size_t count, bool (*holds)(void *context, const eh_digest *, size_t), void *context)
{
    eh_digest bent[EH_TREE_LEVELS_MAX + 1];
    size_t tried = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t bit = 0; bit < 256; bit += 37) {
            memcpy(bent, good, count * sizeof *bent);
            bent[i].bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
            assert_false(holds(context, bent, count));
            tried++;
        }
    for (size_t shorter = 0; shorter < count; shorter++, tried++)
        assert_false(holds(context, good, shorter));
    memcpy(bent, good, count * sizeof *bent);
    bent[count] = (eh_digest){{0}};
    assert_false(holds(context, bent, count + 1));
    bent[count] = good[count > 0 ? count - 1 : 0];
    assert_false(holds(context, bent, count + 1));
    memcpy(bent + 1, good, count * sizeof *bent);
    bent[0] = (eh_digest){{0}};
    assert_false(holds(context, bent, count + 1));
    return tried + 3;
}

typedef struct {
    uint64_t a, b;
    eh_digest first, root;
} claim;

static bool inclusion_holds(void *context, const eh_digest *proof, size_t count)
{
    const claim *it = context;
    return eh_tree_included(&it->first, it->a, it->b, &it->root, (eh_tree_proof){proof, count});
}

static bool consistency_holds(void *context, const eh_digest *proof, size_t count)
{
    const claim *it = context;
    return eh_tree_consistent(it->a, &it->first, it->b, &it->root, (eh_tree_proof){proof, count});
}

static void refuses_bent_proofs(void **state)
{
    (void)state;
    static forest all;
    static const struct { uint64_t a, b; } pairs[] = {{1, 8}, {2, 5}, {3, 7}, {5, 8}, {6, 8}, {4, 257}, {100, 257}, {255, 256}, {255, 299}, {1, 2}};
    eh_digest proof[EH_TREE_LEVELS_MAX];
    size_t count = 0, tried = 0;
    forest_grow(&all);
    eh_tree_source source = {.read = forest_read, .context = &all};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        claim it = {.a = pairs[i].a, .b = pairs[i].b, .first = all.leaves[pairs[i].a], .root = root_of(&all, pairs[i].b)};
        assert_int_equal(eh_tree_inclusion(&source, it.a, it.b, proof, &count, NULL), EH_OK);
        tried += bent_count(proof, count, inclusion_holds, &it);
        for (uint64_t wrong = 0; wrong < it.b; wrong++) {
            claim moved = it;
            moved.a = wrong;
            assert_true(inclusion_holds(&moved, proof, count) == (wrong == it.a));
        }
        claim beyond = it;
        beyond.a = it.b;
        assert_false(inclusion_holds(&beyond, proof, count));
        it.first = root_of(&all, it.a);
        assert_int_equal(eh_tree_consistency(&source, it.a, it.b, proof, &count, NULL), EH_OK);
        tried += bent_count(proof, count, consistency_holds, &it);
        claim turned = {.a = it.b, .b = it.a, .first = it.root, .root = it.first};
        assert_false(consistency_holds(&turned, proof, count));
    }
    assert_true(tried > 200);
    eh_digest empty = eh_tree_empty(), other = all.leaves[0];
    assert_true(eh_tree_consistent(0, &empty, 5, &other, (eh_tree_proof){NULL, 0}));
    assert_false(eh_tree_consistent(0, &other, 5, &other, (eh_tree_proof){NULL, 0}));
    assert_false(eh_tree_consistent(0, &empty, 5, &other, (eh_tree_proof){&other, 1}));
    assert_false(eh_tree_consistent(5, &empty, 5, &other, (eh_tree_proof){NULL, 0}));
    assert_true(eh_tree_consistent(5, &other, 5, &other, (eh_tree_proof){NULL, 0}));
    assert_false(eh_tree_consistent(5, &other, 5, &other, (eh_tree_proof){&other, 1}));
}

/* The recipe of a large log: entries "leaf <i>". Roots by three independent programs. */
static void makes_the_roots_of_a_large_log(void **state)
{
    (void)state;
    static const struct { uint64_t size; const char *root; } known[] = {
        {255, "1xWSohnUBnZj7t4kf5tUw/ngKQaC1V3gm0lbB/HeQck="},   {256, "z17/2xHQknou31Ow5zx4N/ZZQU4AU32l2Q61xMSf8nQ="},
        {257, "hVuTaqAMuYtRFEhCSa0514pr6TYj4mwB6OSH3AIYSlo="},   {65536, "4QC6VNaakQEvwTt4kP6seNaZaglyaLb3NdFzEcdAKmA="},
        {70000, "2gUy/3su5W9AZxEPyWTp8ntZWflSe//z+lAap1hN6vM="}};
    eh_tree_edge edge = {0};
    size_t next = 0, count = 0;
    for (uint32_t i = 0; i < 70000; i++) {
        char text[32];
        int len = snprintf(text, sizeof text, "leaf %u", i);
        eh_digest leaf = eh_tree_leaf((eh_view){text, (size_t)len}), expected;
        eh_tree_edge_add(&edge, &leaf);
        if (edge.size == known[next].size) {
            eh_digest root = eh_tree_edge_root(&edge);
            assert_true(eh_base64_read(eh_view_of(known[next++].root), 32, expected.bytes, &count));
            assert_memory_equal(root.bytes, expected.bytes, 32);
        }
    }
    assert_int_equal(next, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_the_published_roots),           cmocka_unit_test(makes_the_published_proofs),
        cmocka_unit_test(proves_every_entry_and_every_growth), cmocka_unit_test(refuses_bent_proofs),
        cmocka_unit_test(makes_the_roots_of_a_large_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
