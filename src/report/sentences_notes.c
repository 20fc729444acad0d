#include "report/report_int.h"

typedef struct {
    uint64_t rows;
    const char *one, *many; /* behind the count, when it is one row and when it is more */
} counted_out;

static void note_rows(const eh_audit *audit, eh_buffer *out)
{
    const counted_out notes[] = {
        {audit->decision_missing, "row has no decision (NULL); it counts in no rate.",
         "rows have no decision (NULL); they count in no rate."},
        {audit->label_missing, "row has a decision and no label (NULL); it counts in the selection rate and in no rate that needs a label.",
         "rows have a decision and no label (NULL); they count in the selection rate and in no rate that needs a label."},
        {audit->score_missing, "row has no score (NULL); it counts in no measure of the score.",
         "rows have no score (NULL); they count in no measure of the score."},
        {audit->value_missing, "row has no value (NULL); it counts in no mean of the value.",
         "rows have no value (NULL); they count in no mean of the value."},
    };
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++) {
        if (notes[i].rows == 0)
            continue;
        eh_say_count(out, notes[i].rows);
        eh_buffer_format(out, " %s\n", notes[i].rows == 1 ? notes[i].one : notes[i].many);
    }
}

static void note_joined(const eh_report_about *about, eh_buffer *out)
{
    for (size_t d = 0; d < about->cube->dimensions_count; d++) {
        const eh_cube_dimension *dimension = &about->cube->dimensions[d];
        if (dimension->others_joined == 0)
            continue;
        eh_buffer_format(out, "The %zu smallest groups of ", dimension->others_joined);
        eh_say_name(out, dimension->name, EH_SAY_NAME_COLUMNS);
        eh_buffer_text(out, " were joined into \"(all others)\", as --top asked.\n");
    }
}

static void note_missing(const eh_audit *audit, eh_buffer *out)
{
    for (size_t s = 0; s < audit->attributes_count; s++) {
        const eh_audit_section *section = &audit->attributes[s];
        for (size_t g = 0; g < section->groups_count; g++) {
            if (!section->groups[g].missing)
                continue;
            eh_say_count(out, section->groups[g].rows);
            eh_buffer_text(out, section->groups[g].rows == 1 ? " row has no " : " rows have no ");
            eh_say_name(out, section->name, EH_SAY_NAME_COLUMNS);
            eh_buffer_text(out, " (NULL); they are a group of their own, \"(missing)\".\n");
        }
    }
}

static void note_withheld(const eh_audit *audit, const eh_audit_section *sections, size_t count, const char *kind, eh_buffer *out)
{
    size_t withheld = 0;
    for (size_t s = 0; s < count; s++)
        for (size_t g = 0; g < sections[s].groups_count; g++)
            withheld += sections[s].groups[g].withheld;
    if (withheld == 0)
        return;
    eh_say_count(out, withheld);
    eh_buffer_format(out, " %s%s fewer than %llu rows: listed, with the rates withheld, as --min-cell asked.\n", kind,
                     withheld == 1 ? " has" : "s have", (unsigned long long)audit->options.cell_rows_min);
}

static void note_soft(const eh_report_about *about, eh_buffer *out)
{
    for (size_t i = 0; i < about->soft_count; i++) {
        eh_buffer_text(out, "Who belongs to which group of ");
        eh_say_name(out, about->soft[i].spec->name, EH_SAY_NAME_COLUMNS);
        eh_buffer_text(out, " is known as probabilities only: its rates are weighted by them, and hold as far as they are right; the bounds say "
                            "how far the truth could lie from that.\n");
        if (about->soft[i].table->rounded)
            eh_buffer_text(out, "Its probabilities were rounded to thousandths, because so many of them differ.\n");
    }
}

void eh_say_notes(const eh_report_about *about, const eh_audit *audit, eh_buffer *out)
{
    note_rows(audit, out);
    note_missing(audit, out);
    note_joined(about, out);
    note_withheld(audit, audit->attributes, audit->attributes_count, "group", out);
    note_withheld(audit, audit->intersections, audit->intersections_count, "crossed group", out);
    if (audit->weighted) {
        eh_buffer_text(out, "Every row counts with its weight, ");
        eh_say_name(out, about->spec->weight.name ? about->spec->weight.name : "as given", EH_SAY_NAME_COLUMNS);
        eh_buffer_text(out, "; intervals and tests use Kish's effective number of rows.\n");
    }
    if ((audit->has & EH_NEEDS_SCORE) && !about->cube->scores_exact)
        eh_buffer_format(out, "There are so many scores that they were put into %d equal bins first.\n", EH_SCORE_GRID_COUNT);
    note_soft(about, out);
}
