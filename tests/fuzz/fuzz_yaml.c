/*
 * Any bytes as a YAML file: refused with a line, or a tree whose nodes hold together, within the limits, and whose places and types the
 * table reader can use.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct {
    const char *text;
    int64_t integer;
    const eh_yaml_node *list;
} record;

/* Goes through the tree without recursion: a stack as deep as the limit. */
static void walk(const eh_yaml_node *root)
{
    const eh_yaml_node *open[EH_YAML_DEPTH_MAX + 1];
    size_t next[EH_YAML_DEPTH_MAX + 1];
    size_t depth = 0;
    open[0] = root;
    next[0] = 0;
    for (;;) {
        const eh_yaml_node *node = open[depth];
        EH_ASSERT(node->line >= 1 && node->column >= 1);
        if (next[depth] == node->count) {
            if (depth == 0)
                return;
            depth--;
            continue;
        }
        size_t i = next[depth]++;
        const eh_yaml_node *child = node->type == EH_YAML_MAPPING ? node->members[i].value : node->items[i];
        EH_ASSERT(child->parent == node && child->index == i);
        EH_ASSERT((child->key != NULL) == (node->type == EH_YAML_MAPPING));
        EH_ASSERT((child->text == NULL) == (child->type == EH_YAML_LIST || child->type == EH_YAML_MAPPING));
        EH_ASSERT(child->text == NULL || eh_utf8_valid(eh_view_of(child->text)));
        char words[96];
        EH_ASSERT(eh_utf8_valid(eh_view_of(eh_yaml_describe(child, words))));
        EH_ASSERT(depth < EH_YAML_DEPTH_MAX);
        open[++depth] = child;
        next[depth] = 0;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const eh_yaml_field fields[] = {
        {.key = "text", .kind = EH_FIELD_TEXT, .required = true, .offset = offsetof(record, text)},
        {.key = "integer", .kind = EH_FIELD_INTEGER, .offset = offsetof(record, integer)},
        {.key = "list", .kind = EH_FIELD_LIST, .offset = offsetof(record, list)},
    };
    eh_yaml_document *document = NULL;
    eh_error error = {0};
    eh_code code = eh_yaml_parse((eh_view){(const char *)data, size}, "fuzz.yaml", &document, &error);
    EH_ASSERT((code == EH_OK) == (document != NULL));
    EH_ASSERT(code == EH_OK || strstr(error.text, "fuzz.yaml") != NULL || code == EH_MEMORY);
    if (document == NULL)
        return 0;
    walk(eh_yaml_root(document));
    record read = {0};
    code = eh_yaml_read(eh_yaml_root(document), fields, 3, &read, &error);
    EH_ASSERT((code == EH_OK) == (read.text != NULL));
    EH_ASSERT(code == EH_OK || strstr(error.text, "fuzz.yaml: line ") == error.text);
    eh_yaml_close(&document);
    return 0;
}
