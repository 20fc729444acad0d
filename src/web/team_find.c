/* Quick search: campaigns, plans, models, rules, tickets, entries of the ledger, and, for who may, one person. */
#include <string.h>

#include "decide/campaign.h"
#include "feedback/feedback.h"
#include "policy/policy.h"
#include "rights/person.h"
#include "web/team_int.h"

enum { HITS_MAX = 20, ID_DIGITS = 32, WANTED_BYTES_MAX = 200 };

typedef struct {
    const char *kind, *title, *path;
} hit;

typedef struct {
    eh_exchange *exchange;
    const char *wanted;         /* in lower case */
    hit hits[HITS_MAX];
    size_t count;
} search;

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool contains(const char *text, const char *wanted)
{
    for (size_t len = strlen(wanted); *text != '\0'; text++) {
        size_t i = 0;
        while (i < len && lower(text[i]) == wanted[i])
            i++;
        if (i == len)
            return true;
    }
    return false;
}

static void hit_add(search *of, const char *kind, const char *title, const char *before, const char *name)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer path = {0};
    if (of->count == HITS_MAX)
        return;
    eh_buffer_text(&path, before);
    eh_url_append(&path, eh_view_of(name));
    hit *added = &of->hits[of->count];
    *added = (hit){.kind = kind, .title = eh_arena_copy(of->exchange->arena, eh_view_of(title)), .path = eh_arena_copy(of->exchange->arena, eh_buffer_view(&path))};
    if (added->title != NULL && added->path != NULL)
        of->count++;
}

/* ---- where to look ------------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *title, *path;
} rooms[] = {{"Today", "/team"},       {"Campaigns", "/team/campaigns"}, {"Fairness", "/team/fairness"}, {"Models", "/team/models"}, {"Data", "/team/data"},
             {"Policy", "/team/policy"}, {"Feedback", "/team/feedback"},   {"Ledger", "/team/ledger"},     {"Roles", "/team/roles"}};

static eh_code files_find(search *of, const char *folder, const char *kind, const char *before, eh_error *error)
{
    const char *const *names = NULL;
    size_t count = 0;
    bool campaigns = strcmp(kind, "campaign") == 0;
    EH_TRY(eh_files_list(of->exchange->arena, folder, campaigns ? ".yaml" : strcmp(kind, "model") == 0 ? ".json" : "", &names, &count, error));
    for (size_t i = count; i-- > 0;) {
        const char *title = names[i];
        EH_CLEANUP(eh_campaign_close) eh_campaign_file *file = NULL;
        const char *path = eh_arena_format(of->exchange->arena, "%s/%s.yaml", folder, names[i]);
        eh_error ignored = {0};
        if (campaigns && path != NULL && eh_campaign_open(path, &file, &ignored) == EH_OK)
            title = eh_campaign_get(file)->title;
        if (contains(names[i], of->wanted) || contains(title, of->wanted))
            hit_add(of, kind, title, before, names[i]);
    }
    return EH_OK;
}

static eh_code folders_find(search *of, eh_error *error)
{
    const eh_workspace_model *model = eh_web_of(of->exchange)->model;
    const char *campaigns = eh_arena_format(of->exchange->arena, "%s/campaigns", model->folder), *plans = eh_arena_format(of->exchange->arena, "%s/plans", model->state_folder),
               *models = eh_arena_format(of->exchange->arena, "%s/models", model->state_folder);
    if (campaigns == NULL || plans == NULL || models == NULL)
        return eh_fail_memory(error);
    EH_TRY(files_find(of, campaigns, "campaign", "/team/campaigns/", error));
    EH_TRY(files_find(of, plans, "plan", "/team/plans/", error));
    return files_find(of, models, "model", "/team/models/", error);
}

static void rules_find(search *of)
{
    EH_CLEANUP(eh_policy_close) eh_policy *policy = NULL;
    eh_web *web = eh_web_of(of->exchange);
    eh_error ignored = {0};
    const char *path = eh_arena_format(of->exchange->arena, "%s/policy.yaml", web->model->folder);
    if (path == NULL || eh_policy_open(path, &(eh_policy_options){.now = {.seconds = eh_web_now_s(web)}}, &policy, &ignored) != EH_OK)
        return;
    const eh_policy_facts *about = eh_policy_about(policy);
    for (size_t i = 0; i < about->rules_count; i++) {
        const char *says = eh_texts_find(&about->rules[i].explanation, "en");
        if (contains(about->rules[i].id, of->wanted) || (says != NULL && contains(says, of->wanted)))
            hit_add(of, "rule", about->rules[i].id, "/team/policy#rule-", about->rules[i].id);
    }
}

static bool is_entry(const char *wanted)
{
    return strlen(wanted) == ID_DIGITS && strspn(wanted, "0123456789abcdef") == ID_DIGITS;
}

static eh_code person_find(search *of, eh_view key, eh_error *error)
{
    eh_person person = {0};
    if (!eh_team_may(of->exchange, EH_MAY_SEE_PEOPLE))
        return EH_OK;
    EH_TRY(eh_person_read(eh_web_of(of->exchange)->rights, key, of->exchange->arena, &person, error));
    if (person.found) {
        const char *name = eh_arena_copy(of->exchange->arena, key);
        if (name == NULL)
            return eh_fail_memory(error);
        hit_add(of, "person", name, "/team/people?key=", name);
    }
    return EH_OK;
}

static eh_code ticket_find(search *of, eh_error *error)
{
    eh_web *web = eh_web_of(of->exchange);
    eh_store *store;
    const eh_feedback *list = NULL;
    size_t count = 0;
    EH_TRY(eh_web_store_take(web, &store, error));
    eh_code code = eh_feedback_list(store, &(eh_feedback_filter){0}, of->exchange->arena, &list, &count, error);
    eh_web_store_give(web, store);
    for (size_t i = 0; code == EH_OK && i < count; i++)
        if (contains(list[i].ticket, of->wanted))
            hit_add(of, "ticket", list[i].ticket, "/team/feedback/", list[i].ticket);
    return code;
}

static eh_code look(search *of, eh_view wanted, eh_error *error)
{
    if (wanted.len == 0 || wanted.len > WANTED_BYTES_MAX)
        return EH_OK;
    char *copy = eh_arena_copy(of->exchange->arena, wanted);
    if (copy == NULL)
        return eh_fail_memory(error);
    for (char *at = copy; *at != '\0'; at++)
        *at = lower(*at);
    of->wanted = copy;
    if (is_entry(copy))
        hit_add(of, "entry of the ledger", copy, "/team/ledger/", copy);
    EH_TRY(person_find(of, wanted, error));
    if (strncmp(copy, "eh-", 3) == 0)
        EH_TRY(ticket_find(of, error));
    EH_TRY(folders_find(of, error));
    rules_find(of);
    for (size_t i = 0; i < sizeof rooms / sizeof rooms[0]; i++)
        if (contains(rooms[i].title, copy))
            hit_add(of, "page", rooms[i].title, rooms[i].path, "");
    return EH_OK;
}

/* ---- answers --------------------------------------------------------------------------------------------------------------------- */

static eh_code search_do(eh_exchange *exchange, search **out, eh_error *error)
{
    search *of = EH_TAKE(exchange->arena, 1, search);
    if (of == NULL)
        return eh_fail_memory(error);
    *of = (search){.exchange = exchange, .wanted = ""};
    *out = of;
    return look(of, eh_view_trim(eh_fields_get(exchange->query, "q")), error);
}

eh_answer eh_team_find(eh_exchange *exchange)
{
    search *of = NULL;
    eh_error error = {0};
    if (search_do(exchange, &of, &error) != EH_OK) {
        eh_page_of_error(exchange, &error);
        return EH_NOW;
    }
    if (of->count == 1) {
        eh_exchange_redirect(exchange, of->hits[0].path);
        return EH_NOW;
    }
    const char *wanted = eh_arena_copy(exchange->arena, eh_view_trim(eh_fields_get(exchange->query, "q")));
    eh_team_page_begin(exchange, "", "Find");
    eh_team_header(exchange, &(eh_team_heading){.title = "Find", .says = wanted == NULL ? "" : wanted});
    if (of->count == 0)
        eh_team_empty(exchange, "Nothing of that name", "Search knows campaigns, plans, models, rules, tickets (EH-…), entries of the ledger by their id, and people by their whole key.", NULL);
    else {
        eh_buffer_text(&exchange->out, "<section class=\"card\"><ul class=\"hits\">\n");
        for (size_t i = 0; i < of->count; i++)
            eh_html_put(&exchange->out, "<li><a href=\"$\">$</a> <span class=\"quiet\">$</span></li>\n", of->hits[i].path, of->hits[i].title, of->hits[i].kind);
        eh_buffer_text(&exchange->out, "</ul></section>\n");
    }
    eh_team_page_end(exchange);
    return EH_NOW;
}

eh_answer eh_team_find_json(eh_exchange *exchange)
{
    search *of = NULL;
    eh_error error = {0};
    eh_json_writer json;
    if (search_do(exchange, &of, &error) != EH_OK) {
        eh_exchange_fail(exchange, &error);
        return EH_NOW;
    }
    exchange->content_type = "application/json";
    eh_json_begin(&json, &exchange->out, false, false);
    eh_json_object_open(&json, NULL);
    eh_json_array_open(&json, "hits");
    for (size_t i = 0; i < of->count; i++) {
        eh_json_object_open(&json, NULL);
        eh_json_text(&json, "kind", of->hits[i].kind);
        eh_json_text(&json, "title", of->hits[i].title);
        eh_json_text(&json, "path", of->hits[i].path);
        eh_json_object_close(&json);
    }
    eh_json_array_close(&json);
    eh_json_object_close(&json);
    return EH_NOW;
}
