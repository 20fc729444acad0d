/**
 * Reports of the check of data: for a terminal, for programs, for a browser. Pure writers into buffers, as in report.h.
 */
#ifndef EH_REPORT_CHECK_REPORT_H
#define EH_REPORT_CHECK_REPORT_H

#include "audit/check.h"
#include "repair/repair.h"
#include "report/report.h"

/** The repairs through which the rows were looked at. */
typedef struct {
    const char *plan, *plan_sha256;     /* NULL: none; the rows are as they were read */
    eh_repair_view view;
} eh_check_repairs;

/** What the report says of itself. All borrowed. */
typedef struct {
    const eh_input *inputs;
    size_t inputs_count;
    const char *engine_version;
    const eh_cube_spec *spec;           /* the expressions as they were given; where is the --where that held the rows */
    const eh_population_source *populations;
    size_t populations_count;
    const char *key;                    /* or NULL */
    const char *arguments;              /* of this check, quoted for a shell, without where the report goes; "" in a workspace */
    const char *workspace;              /* the shop's name, or NULL */
    const char *const *plan_paths;      /* of the populations, as a plan of repairs writes them */
    eh_check_repairs repairs;
} eh_check_about;

/** The one sentence that says it all. */
void eh_check_headline(const eh_check_about *about, const eh_check *check, eh_buffer *out);
/** One finding as a sentence, with its numbers. */
void eh_check_say(const eh_check *check, const eh_finding *finding, eh_buffer *out);
/** What the data cannot tell, as a sentence. */
void eh_check_say_untold(const eh_check *check, const eh_untold *untold, eh_buffer *out);
/** "sure (p < .001, adjusted)", "counted". */
void eh_check_say_certainty(const eh_finding *finding, eh_buffer *out);
/** " With the repairs of repairs.yaml: age is age_repaired; the weights are weight_raked.", or nothing. */
void eh_check_say_repairs(const eh_check_about *about, eh_buffer *out);
/** The command that does what is advised, or nothing. */
void eh_check_say_command(const eh_check_about *about, const eh_finding *finding, eh_buffer *out);

void eh_check_text(const eh_check_about *about, const eh_check *check, const eh_report_text_options *options, eh_buffer *out);
/** One JSON document after docs/check.schema.json. */
void eh_check_json(const eh_check_about *about, const eh_check *check, eh_buffer *out);
void eh_check_html(const eh_check_about *about, const eh_check *check, eh_buffer *out);

/** A commented plan of repairs for the findings (repairs.yaml). */
void eh_check_plan(const eh_check_about *about, const eh_check *check, eh_buffer *out);

#endif
