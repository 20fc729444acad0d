/** Private to report/: the pictures of the model card. */
#ifndef EH_REPORT_MODEL_CARD_INT_H
#define EH_REPORT_MODEL_CARD_INT_H

#include "report/html_int.h"
#include "report/model_card.h"

/** The picture of one term: a stepped curve with its error band, bars for a category, a grid for a pair. */
void eh_card_picture(const eh_model *model, const eh_term *term, eh_buffer *out);
/** Every number of the picture, as rows of a table. */
void eh_card_term_table(const eh_model *model, const eh_term *term, eh_buffer *out);
/** Accuracy against the widest gap. */
void eh_card_frontier(const eh_model_card *card, eh_buffer *out);
/** The style of the pictures, on top of the style of all pages. */
extern const char eh_card_css[];

#endif
