/* Who has said no in a time, for reports on campaigns. */
#include "rights/rights_int.h"
#include "store/store.h"

eh_code eh_rights_noes(eh_store *store, const eh_noes_question *question, eh_no_visit visit, void *context, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *find = NULL;
    uint32_t version = 0;
    bool row = true;
    EH_TRY(eh_store_version(store, "rights", &version, error));
    if (version == 0)
        return EH_OK; /* nobody has said anything yet */
    EH_TRY(eh_store_prepare(store, "SELECT p.key, a.purpose, a.channel, a.kind, a.at_s FROM rights_act a JOIN rights_person p ON p.person = a.person"
                                   " WHERE a.kind IN ($1, $2) AND a.at_s > $3 AND a.at_s <= $4 ORDER BY a.act", &find, error));
    eh_bind_integer(find, 1, EH_ACT_WITHDRAW);
    eh_bind_integer(find, 2, EH_ACT_OBJECT);
    eh_bind_integer(find, 3, question->after_s);
    eh_bind_integer(find, 4, question->until_s);
    for (;;) {
        EH_TRY(eh_statement_step(find, &row, error));
        if (!row)
            return EH_OK;
        bool all = eh_column_integer(find, 3) == EH_ACT_OBJECT;
        eh_channel channel = (eh_channel)eh_column_integer(find, 2);
        bool marketing = all || (eh_column_integer(find, 1) == EH_PURPOSE_MARKETING && (channel == EH_CHANNEL_ALL || question->channel == EH_CHANNEL_ALL || channel == question->channel));
        bool ai = eh_column_integer(find, 1) == EH_PURPOSE_AI;
        if (marketing || ai)
            EH_TRY(visit(context, eh_column_text(find, 0), marketing, error));
    }
}
