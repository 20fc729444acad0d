/**
 * Private to web/: the shop's own look and words on the pages for customers, from the folder pages/ of the workspace.
 *
 *   pages/look.yaml        accent: "#14576a"   accent_dark: "#7cc4d6"   corners: 10   letters: plain   logo: logo.svg   logo_says: Quay
 *   pages/words.de.yaml    choices_title: Deine Wahl        (any key of src/web/messages/)
 *
 * A colour that people could not read is refused, with the contrast it has. A word's message keeps to the names that the program fills in.
 */
#ifndef EH_WEB_LOOK_INT_H
#define EH_WEB_LOOK_INT_H

#include "base/messages.h"
#include "web/http_int.h"

typedef struct {
    const char *style;         /* CSS; NULL: the usual look */
    const char *style_path;    /* "/look/1a2b3c4d.css", which changes with the content; NULL: none */
    eh_view logo;              /* .ptr NULL: none */
    const char *logo_type;     /* "image/png" */
    const char *logo_path;     /* "/look/1a2b3c4d.png" */
    const char *logo_says;     /* for those who do not see it; NULL: the shop's name */
} eh_look;

/** Reads `folder`/pages/look.yaml, where there is one. errors: EH_INPUT with line and column; EH_LIMIT for a logo over EH_LOGO_BYTES_MAX */
EH_MUST_USE eh_code eh_look_read(const char *folder, eh_arena *arena, eh_look *look_out, eh_error *error);
/** The same from memory; `name` stands in errors, the logo lies beside it in `folder`/pages. */
EH_MUST_USE eh_code eh_look_parse(eh_view text, const char *name, const char *folder, eh_arena *arena, eh_look *look_out, eh_error *error);

/** Contrast of two colours (WCAG 2.2), 1 to 21. */
double eh_contrast(uint32_t one, uint32_t other);

/**
 * The shop's words in one language from `folder`/pages/words.LANGUAGE.yaml; *own_out stays NULL when there are none.
 * usual   the program's, which answer for what the shop does not say
 * errors  EH_INPUT for a key that is none, or a name in braces that the program does not fill in there
 */
EH_MUST_USE eh_code eh_look_words(const char *folder, const eh_messages *usual, eh_messages **own_out, eh_error *error);

/** GET /look/:name: style and logo. */
eh_answer eh_look_serve(eh_exchange *exchange);

#endif
