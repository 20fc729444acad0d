/* What the data is too little to tell: the third answer, beside found and not found. */
#include <math.h>
#include <string.h>

#include "audit/check_int.h"

/* Of so few rows a fault that one in ten has is missed as often as once in twenty: .9^29 = .047. */
enum { ROWS_MIN = 29, RECOVERY_ROWS_MIN = 100, OUTCOMES_MIN = 10, UNTOLD_MAX = 2 * EH_ATTRIBUTES_MAX + 3 };

static const char *const ids[EH_UNTOLD_COUNT] = {"faults", "shares", "recovery", "outcome", "drift"};

const char *eh_untold_id(eh_untold_kind kind)
{
    return ids[kind];
}

typedef struct {
    eh_untold *items;
    size_t count;
} untold_list;

static eh_untold *untold_add(untold_list *list, eh_untold_kind kind, eh_severity severity_most)
{
    EH_ASSERT(list->count < UNTOLD_MAX);
    eh_untold *item = &list->items[list->count++];
    *item = (eh_untold){.kind = kind, .severity_most = severity_most, .share = EH_NAN, .low = EH_NAN, .high = EH_NAN};
    return item;
}

static void faults_look(const check_run *run, untold_list *list)
{
    uint64_t rows = run->check->profile->rows;
    if (rows >= ROWS_MIN)
        return;
    eh_untold *item = untold_add(list, EH_UNTOLD_FAULTS, EH_SEVERITY_HIGH);
    item->rows = rows;
    item->needed = ROWS_MIN;
    item->share = 1 - pow(0.05, 1 / (double)rows);
}

static bool has_finding(const check_run *run, eh_finding_kind kind, const char *attribute)
{
    for (size_t i = 0; i < run->findings_count; i++)
        if (run->findings[i].kind == kind && run->findings[i].attribute == attribute)
            return true;
    return false;
}

static void attributes_look(const check_run *run, untold_list *list)
{
    for (size_t s = 0; s < run->check->attributes_count; s++) {
        const eh_check_section *section = &run->check->sections[s];
        if (section->population != NULL && section->verdict == EH_NOT_ENOUGH_EVIDENCE) {
            eh_untold *item = untold_add(list, EH_UNTOLD_SHARES, EH_SEVERITY_HIGH);
            item->attribute = section->name;
            item->rows = section->rows_known;
        }
        bool wide = section->recovery.low < EH_RECOVERY_LIGHT && section->recovery.high >= EH_RECOVERY_GRAVE;
        bool few = isnan(section->recovery.value) && section->groups_count > 1;
        bool chosen = run->options.chosen != NULL && strcmp(section->name, run->options.chosen) == 0;
        if (chosen || section->recovery_features == 0 || !(wide || few) || has_finding(run, EH_FINDING_RECOVERABLE, section->name))
            continue;
        eh_untold *item = untold_add(list, EH_UNTOLD_RECOVERY, EH_SEVERITY_HIGH);
        item->attribute = section->name;
        item->rows = section->rows_known;
        item->needed = few && section->rows_known < RECOVERY_ROWS_MIN ? RECOVERY_ROWS_MIN : 0;
        item->low = section->recovery.low;
        item->high = section->recovery.high;
    }
}

static void outcome_look(const check_run *run, untold_list *list)
{
    const eh_profile *profile = run->check->profile;
    uint64_t yes = 0, no = 0;
    for (size_t row = 0; profile->label != NULL && row < profile->rows_binned; row++) {
        yes += profile->label[row] == EH_TRUE;
        no += profile->label[row] == EH_FALSE;
    }
    if (profile->label == NULL || (yes >= OUTCOMES_MIN && no >= OUTCOMES_MIN))
        return;
    eh_untold *item = untold_add(list, EH_UNTOLD_OUTCOME, EH_SEVERITY_HIGH);
    item->rows = yes < no ? yes : no;
    item->needed = OUTCOMES_MIN;
}

/* A column for which chance alone could make the index of a change. */
static void drift_look(const check_run *run, untold_list *list)
{
    if (run->check->before_rows == 0)
        return;
    double chance = 10 * (1 / (double)run->check->profile->rows_binned + 1 / (double)run->check->before_rows);
    if (2 * chance < 0.25)
        return;
    eh_untold *item = untold_add(list, EH_UNTOLD_DRIFT, EH_SEVERITY_MEDIUM);
    item->rows = run->check->before_rows < run->check->profile->rows_binned ? run->check->before_rows : run->check->profile->rows_binned;
}

eh_code check_untold(check_run *run)
{
    untold_list list = {EH_TAKE(run->arena, UNTOLD_MAX, eh_untold), 0};
    if (list.items == NULL)
        return eh_fail_memory(run->error);
    faults_look(run, &list);
    attributes_look(run, &list);
    outcome_look(run, &list);
    drift_look(run, &list);
    run->check->untold = list.items;
    run->check->untold_count = list.count;
    return EH_OK;
}
