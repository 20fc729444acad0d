/** Private to cli/: one run of `evenhand model`. */
#ifndef EH_CLI_MODEL_COMMAND_INT_H
#define EH_CLI_MODEL_COMMAND_INT_H

#include "cli/model_cli_int.h"
#include "model/uplift.h"
#include "report/model_card.h"

typedef struct {
    eh_arena *arena;
    const char *model, *other, *term, *flatten, *smooth, *who, *why, *to, *output, *now, *where, *offer;
    const char *files[64];
    size_t files_count;
    eh_expression label, weight;
    eh_expression *groups;
    size_t groups_count;
    bool help;
} eh_model_request;

/** The rows of --data as the model's bins, with outcome and groups. */
EH_MUST_USE eh_code eh_model_data_read(eh_model_request *request, const eh_model *model, eh_dataset *data, eh_error *error);
/** What the rows of a group are measured with. */
typedef struct {
    const eh_model *model;
    const eh_matrix *matrix;
    const double *scores;
} eh_card_data;
/** One attribute of the card: rates, AUC and attribution. */
EH_MUST_USE eh_code eh_card_attribute_make(const eh_card_data *data, const eh_fair_attribute *attribute, eh_arena *arena, eh_card_attribute *card_out,
                                           eh_error *error);
/** The model card as HTML. (model_card.c) */
EH_MUST_USE eh_code eh_model_card_make(eh_model_request *request, const eh_model_file *file, eh_buffer *out, eh_error *error);

#endif
