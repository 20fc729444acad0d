/** Private to web/: pages for customers. */
#ifndef EH_WEB_CUSTOMER_INT_H
#define EH_WEB_CUSTOMER_INT_H

#include "base/messages.h"
#include "rights/links.h"
#include "rights/person.h"
#include "web/web_int.h"

/** What a page knows of its visitor: the link that led here, and the language that they read. */
typedef struct {
    eh_link link;
    eh_view token;              /* of the link, as it came */
    const eh_messages *words;
    bool signal;                /* the browser says Global Privacy Control, and it has been recorded */
} eh_visit;

/** The languages of the pages, with the shop's own words from its workspace in `folder`. */
typedef struct eh_catalogues eh_catalogues;
EH_MUST_USE eh_code eh_catalogues_open(const char *folder, eh_catalogues **languages_out, eh_error *error);
void eh_catalogues_close(eh_catalogues **languages);
/** The one that fits best: an Accept-Language header (may be empty), then the shop's own, then English. */
const eh_messages *eh_catalogues_choose(const eh_catalogues *languages, eh_view accepted, const char *shop_language);

/** The visitor's words without a link; for pages that are for everybody. errors: EH_MEMORY */
EH_MUST_USE eh_code eh_visit_open(eh_exchange *exchange, eh_visit **visit_out, eh_error *error);
/**
 * Opens the link in parameter 0 for one of `purposes` (bit p). False when it has answered itself: a page that says that the link has expired or
 * is none. Records the browser's signal, if it gives one.
 */
bool eh_visit_by_link(eh_exchange *exchange, unsigned purposes, eh_visit **visit_out);

/** Writes the message, escaped; the values are texts of the data or numbers. {shop} is always there. */
void eh_say_all(eh_exchange *exchange, const eh_visit *visit, const char *key, const eh_message_value *values, size_t values_count);
void eh_say(eh_exchange *exchange, const eh_visit *visit, const char *key);
/** The message as plain text in the arena; NULL when there is no memory. */
const char *eh_say_text(eh_exchange *exchange, const eh_visit *visit, const char *key, const eh_message_value *values, size_t values_count);
/** A day in words, "24 November 2026", in the visitor's language and the shop's zone; in the arena. */
const char *eh_say_day(eh_exchange *exchange, const eh_visit *visit, int64_t at_s);

/** The frame: `title` is a key. */
void eh_visit_page_begin(eh_exchange *exchange, const eh_visit *visit, const char *title);
/** The same with a title that is a text. */
void eh_visit_page_begin_titled(eh_exchange *exchange, const eh_visit *visit, const char *title);
void eh_visit_page_end(eh_exchange *exchange, const eh_visit *visit);
/** A page with a title and a paragraph: something was done, or could not be. Keys. */
void eh_visit_page_note(eh_exchange *exchange, const eh_visit *visit, const char *title, const char *paragraph);
/** "/choices/<token>": a path of this visit. */
void eh_visit_path(eh_exchange *exchange, const eh_visit *visit, const char *before, const char *after);
/** Opens a form that posts to such a path. */
void eh_visit_form_begin(eh_exchange *exchange, const eh_visit *visit, const char *before, const char *after);

/** Records an act of the person of the link. */
EH_MUST_USE eh_code eh_visit_act(eh_exchange *exchange, const eh_visit *visit, const eh_act *act, eh_error *error);

/** For the page about AI: the last campaign with what its check said; the rules in words. */
void eh_register_last(eh_exchange *exchange, const eh_visit *visit);
void eh_register_rules(eh_exchange *exchange, const eh_visit *visit);

/* ---- routes ------------------------------------------------------------------------------------------------------------------- */

eh_answer eh_choices_page(eh_exchange *exchange);
eh_answer eh_choices_change(eh_exchange *exchange);
eh_answer eh_unsubscribe_page(eh_exchange *exchange);
eh_answer eh_unsubscribe(eh_exchange *exchange);
eh_answer eh_why_page(eh_exchange *exchange);
eh_answer eh_why_act(eh_exchange *exchange);
eh_answer eh_why_proof(eh_exchange *exchange);
eh_answer eh_wrong_page(eh_exchange *exchange);
eh_answer eh_wrong_send(eh_exchange *exchange);
eh_answer eh_ask_page(eh_exchange *exchange);
eh_answer eh_ask_send(eh_exchange *exchange);
eh_answer eh_data_receipt(eh_exchange *exchange);
eh_answer eh_data_page(eh_exchange *exchange);
eh_answer eh_data_json(eh_exchange *exchange);
eh_answer eh_data_csv(eh_exchange *exchange);
eh_answer eh_data_correct(eh_exchange *exchange);
eh_answer eh_data_erase(eh_exchange *exchange);
eh_answer eh_feedback_page(eh_exchange *exchange);
eh_answer eh_feedback_send(eh_exchange *exchange);
eh_answer eh_ticket_page(eh_exchange *exchange);
eh_answer eh_public_page(eh_exchange *exchange);
eh_answer eh_register_page(eh_exchange *exchange);
eh_answer eh_public_gpc(eh_exchange *exchange);

#endif
