/*
 * Reads pages with libgumbo, a parser that is not ours, and says what a person's words have become in them.
 *
 * usage: strict_html MARK FILE...     MARK is part of what was written into every field; every breach is a line, the last line counts
 *
 * A breach: an element, an attribute or a handler that was made of the mark; a script or a style in the page that is more than data; a link that
 * runs something; what stands where no text may.
 */
#include <gumbo.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static size_t breaches, texts;

static bool holds(const char *text, size_t len, const char *mark)
{
    return text != NULL && len > 0 && memmem(text, len, mark, strlen(mark)) != NULL;
}

static void breach(const char *file, const char *what, const char *text, size_t len)
{
    printf("%s: %s: %.*s\n", file, what, (int)(len < 200 ? len : 200), text);
    breaches++;
}

static const char *value_of(const GumboElement *element, const char *name)
{
    const GumboAttribute *attribute = gumbo_get_attribute(&element->attributes, name);
    return attribute == NULL ? NULL : attribute->value;
}

static void attribute_look(const char *file, const char *mark, const GumboAttribute *attribute)
{
    const char *name = attribute->name, *value = attribute->value;
    if (holds(name, strlen(name), mark) || strncasecmp(name, "on", 2) == 0 || strcasecmp(name, "style") == 0 || strcasecmp(name, "srcdoc") == 0)
        breach(file, "an attribute", name, strlen(name));
    bool leads = strcmp(name, "href") == 0 || strcmp(name, "src") == 0 || strcmp(name, "action") == 0 || strcmp(name, "formaction") == 0;
    if (leads && strcmp(value, "data:,") != 0 && value[0] != '/' && value[0] != '#' && value[0] != '?' && value[0] != '\0' && strncmp(value, "mailto:", 7) != 0)
        breach(file, "a link out of here", value, strlen(value));
    if (leads && strncmp(value, "//", 2) == 0)
        breach(file, "a link out of here", value, strlen(value));
    texts += holds(value, strlen(value), mark);
}

static void element_look(const char *file, const char *mark, const GumboElement *element)
{
    const GumboStringPiece *tag = &element->original_tag;
    if (element->tag == GUMBO_TAG_UNKNOWN && holds(tag->data, tag->length, mark))
        breach(file, "an element", tag->data, tag->length);
    for (unsigned i = 0; i < element->attributes.length; i++)
        attribute_look(file, mark, element->attributes.data[i]);
    const char *type = value_of(element, "type");
    bool data = type != NULL && strcmp(type, "application/json") == 0;
    if (element->tag == GUMBO_TAG_SCRIPT && value_of(element, "src") == NULL && !data)
        breach(file, "a script in the page", tag->data, tag->length);
    if (element->tag == GUMBO_TAG_IFRAME || element->tag == GUMBO_TAG_OBJECT || element->tag == GUMBO_TAG_BASE || element->tag == GUMBO_TAG_EMBED)
        breach(file, "an element that has no place here", tag->data, tag->length);
}

/* Every node in document order, without recursion. */
static void page_look(const char *file, const char *mark, GumboNode *root)
{
    for (GumboNode *node = root; node != NULL;) {
        if (node->type == GUMBO_NODE_ELEMENT)
            element_look(file, mark, &node->v.element);
        else if (node->type == GUMBO_NODE_TEXT || node->type == GUMBO_NODE_WHITESPACE)
            texts += holds(node->v.text.text, strlen(node->v.text.text), mark);
        else if (node->type == GUMBO_NODE_COMMENT)
            breach(file, "a comment", node->v.text.text, strlen(node->v.text.text));
        if (node->type == GUMBO_NODE_ELEMENT && node->v.element.children.length > 0) {
            node = node->v.element.children.data[0];
            continue;
        }
        while (node != root && node->index_within_parent + 1 >= node->parent->v.element.children.length)
            node = node->parent;
        node = node == root ? NULL : node->parent->v.element.children.data[node->index_within_parent + 1];
    }
}

static void file_look(const char *file, const char *mark)
{
    FILE *stream = fopen(file, "rb");
    static char bytes[1 << 22];
    size_t len = stream == NULL ? 0 : fread(bytes, 1, sizeof bytes, stream);
    if (stream == NULL || len == 0 || len == sizeof bytes)
        breach(file, "cannot be read", "", 0);
    if (stream != NULL)
        fclose(stream);
    GumboOutput *parsed = gumbo_parse_with_options(&kGumboDefaultOptions, bytes, len);
    page_look(file, mark, parsed->root);
    gumbo_destroy_output(&kGumboDefaultOptions, parsed);
}

int main(int argc, char **argv)
{
    for (int i = 2; i < argc; i++)
        file_look(argv[i], argv[1]);
    printf("%zu breaches, %zu texts\n", breaches, texts);
    return breaches == 0 ? 0 : 1;
}
