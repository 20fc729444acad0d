/* Decisions read back. Most in a row are of one plan, whose frame and models are then open already. */
#include "web/recall_int.h"

#include <stdlib.h>

enum { KEPT_MAX = 16 };

struct eh_recall {
    eh_web *web;
    pthread_mutex_t lock;
    eh_decision *kept[KEPT_MAX]; /* that nobody uses now */
    size_t kept_count;
};

eh_code eh_recall_open(eh_web *web, eh_recall **recall_out, eh_error *error)
{
    eh_recall *recall = calloc(1, sizeof *recall);
    if (recall == NULL)
        return eh_fail_memory(error);
    recall->web = web;
    pthread_mutex_init(&recall->lock, NULL);
    *recall_out = recall;
    return EH_OK;
}

static void decision_free(eh_decision *decision)
{
    eh_decision_close(decision);
    free(decision);
}

void eh_recall_close(eh_recall **recall_address)
{
    eh_recall *recall = *recall_address;
    if (recall == NULL)
        return;
    for (size_t i = 0; i < recall->kept_count; i++)
        decision_free(recall->kept[i]);
    pthread_mutex_destroy(&recall->lock);
    free(recall);
    *recall_address = NULL;
}

static eh_decision *decision_take(eh_recall *recall)
{
    pthread_mutex_lock(&recall->lock);
    eh_decision *decision = recall->kept_count > 0 ? recall->kept[--recall->kept_count] : NULL;
    pthread_mutex_unlock(&recall->lock);
    return decision != NULL ? decision : calloc(1, sizeof *decision);
}

void eh_recall_give(eh_recall *recall, eh_decision *decision)
{
    pthread_mutex_lock(&recall->lock);
    bool kept = recall->kept_count < KEPT_MAX;
    if (kept)
        recall->kept[recall->kept_count++] = decision;
    pthread_mutex_unlock(&recall->lock);
    if (!kept)
        decision_free(decision);
}

/* What was appended a moment ago may not be published yet. */
static eh_code record_read(eh_ledger *ledger, eh_view id, eh_arena *arena, eh_ledger_record *record, eh_error *error)
{
    eh_code code = eh_ledger_read(ledger, id, arena, record, error);
    if (code != EH_NOT_FOUND)
        return code;
    EH_TRY(eh_ledger_publish(ledger, error));
    return eh_ledger_read(ledger, id, arena, record, error);
}

static eh_code decision_read(eh_recall *recall, eh_view id, eh_arena *arena, eh_decision *decision, eh_error *error)
{
    eh_web *web = recall->web;
    eh_ledger_record record = {0};
    if (web->ledger == NULL) /* another process writes it */
        return eh_decision_of_ledger(web->model, id, arena, decision, error);
    EH_TRY(record_read(web->ledger, id, arena, &record, error));
    return eh_decision_of_record(web->model, &record, arena, decision, error);
}

eh_code eh_recall_decision(eh_recall *recall, eh_view id, eh_arena *arena, eh_decision **decision_out, eh_error *error)
{
    eh_decision *decision = decision_take(recall);
    if (decision == NULL)
        return eh_fail_memory(error);
    eh_code code = decision_read(recall, id, arena, decision, error);
    if (code == EH_OK)
        *decision_out = decision;
    else
        decision_free(decision); /* what an error left of it is not worth keeping */
    return code;
}
