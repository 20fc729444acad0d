/*
 * Makes logs for the outside verifiers.
 *
 *   make_log raw FOLDER COUNT     a public folder of the entries "leaf 0", "leaf 1", ...: the recipe whose roots are known
 *   make_log real FOLDER COUNT    a workspace whose ledger has COUNT decisions about 500 people, every tenth about nobody
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "ledger/ledger_int.h"

static void stop(const char *what)
{
    fprintf(stderr, "%s\n", what);
    exit(1);
}

static void must(eh_code code, const eh_error *error)
{
    if (code != EH_OK)
        stop(error->text);
}

static void raw(const char *folder, uint64_t count)
{
    eh_error error = {0};
    eh_tiles *tiles = NULL;
    eh_tree_edge edge;
    eh_signer signer;
    eh_secret seed = {{1, 2, 3}};
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0}, note = {0}, vkey = {0};
    int descriptor = open(folder, O_RDONLY | O_DIRECTORY);
    if (descriptor < 0)
        stop("no such folder");
    must(eh_tiles_open(descriptor, 0, &tiles, &error), &error);
    for (uint64_t i = 0; i < count; i++) {
        char entry[32];
        int len = snprintf(entry, sizeof entry, "leaf %ju", (uintmax_t)i);
        eh_digest leaf = eh_tree_leaf((eh_view){entry, (size_t)len});
        must(eh_tiles_add(tiles, (eh_view){entry, (size_t)len}, &leaf, &error), &error);
    }
    must(eh_tiles_write_partial(tiles, &error), &error);
    eh_tiles_edge(tiles, &edge);
    eh_digest root = eh_tree_edge_root(&edge);
    must(eh_signer_from_seed(EH_VIEW("example.com/leaves"), &seed, &signer, &error), &error);
    eh_checkpoint_append(EH_VIEW("example.com/leaves"), count, &root, &text);
    eh_buffer_append(&note, eh_buffer_view(&text));
    eh_buffer_byte(&note, '\n');
    eh_note_sign(eh_buffer_view(&text), &signer, &note);
    must(eh_put(descriptor, "checkpoint", eh_buffer_view(&note), false, &error), &error);
    eh_verifier_append(&signer.verifier, &vkey);
    eh_buffer_byte(&vkey, '\n');
    must(eh_put(descriptor, "vkey", eh_buffer_view(&vkey), false, &error), &error);
    eh_tiles_close(&tiles);
}

static void real(const char *folder, uint64_t count)
{
    enum { BATCH = 1000 };
    static char texts[BATCH][2][64];
    static eh_ledger_entry entries[BATCH];
    eh_error error = {0};
    eh_ledger *ledger = NULL;
    must(eh_ledger_init(folder, "shop.example/ledger", &error), &error);
    must(eh_ledger_open(folder, NULL, &ledger, &error), &error);
    for (uint64_t at = 0; at < count;) {
        size_t batch = count - at < BATCH ? (size_t)(count - at) : BATCH;
        for (size_t i = 0; i < batch; i++, at++) {
            int person = snprintf(texts[i][0], sizeof texts[i][0], "customer %ju", (uintmax_t)(at * 7919 % 500));
            int payload = snprintf(texts[i][1], sizeof texts[i][1], "{\"offer\":\"free shipping\",\"decision\":%ju}", (uintmax_t)at);
            entries[i] = (eh_ledger_entry){.kind = EH_VIEW("decision"),
                                           .person = {texts[i][0], at % 10 == 0 ? 0 : (size_t)person},
                                           .payload = {texts[i][1], (size_t)payload}};
        }
        must(eh_ledger_append(ledger, entries, batch, NULL, &error), &error);
    }
    must(eh_ledger_publish(ledger, &error), &error);
    eh_ledger_close(&ledger);
}

int main(int argc, char **argv)
{
    if (argc != 4)
        stop("usage: make_log raw|real FOLDER COUNT");
    mkdir(argv[2], 0777);
    uint64_t count = strtoull(argv[3], NULL, 10);
    if (strcmp(argv[1], "raw") == 0)
        raw(argv[2], count);
    else
        real(argv[2], count);
    return 0;
}
