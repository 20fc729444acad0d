/* The send list: one row per message, in the columns of the tool that sends. */
#include <string.h>
#include <unistd.h>

#include "data/transform.h"
#include "journey/send_list_int.h"

enum { LINK_DAYS = 180, DAY_SECONDS = 86400, DAY_MINUTES = 1440 };

const char *const eh_list_for_names[EH_LIST_FORS_COUNT] = {"plain", "klaviyo", "shopify"};

/* ---- columns ------------------------------------------------------------------------------------------------------------------------ */

typedef enum {
    FIELD_PERSON, FIELD_EMAIL, FIELD_PHONE, FIELD_OFFER, FIELD_VARIANT, FIELD_CHANNEL, FIELD_SUBJECT, FIELD_MESSAGE, FIELD_NOTICES, FIELD_SEND_AFTER,
    FIELD_DECISION, FIELD_WHY, FIELD_UNSUBSCRIBE, FIELD_TAGS, FIELDS_COUNT
} field;

/* The name of each column for each tool; NULL: not for that tool. Klaviyo keeps columns that it does not know as properties of the profile. */
static const char *const names[FIELDS_COUNT][EH_LIST_FORS_COUNT] = {
    [FIELD_PERSON] = {"person", "External ID", "evenhand_person"},
    [FIELD_EMAIL] = {"email", "Email", "Email"},
    [FIELD_PHONE] = {"phone", "Phone Number", "Phone"},
    [FIELD_OFFER] = {"offer", "evenhand_offer", "evenhand_offer"},
    [FIELD_VARIANT] = {"variant", "evenhand_variant", "evenhand_variant"},
    [FIELD_CHANNEL] = {"channel", "evenhand_channel", "evenhand_channel"},
    [FIELD_SUBJECT] = {"subject", "evenhand_subject", "evenhand_subject"},
    [FIELD_MESSAGE] = {"message", "evenhand_message", "evenhand_message"},
    [FIELD_NOTICES] = {"notices", "evenhand_notices", "evenhand_notices"},
    [FIELD_SEND_AFTER] = {"send_after", "evenhand_send_after", "evenhand_send_after"},
    [FIELD_DECISION] = {"decision", "evenhand_decision", "evenhand_decision"},
    [FIELD_WHY] = {"why_url", "evenhand_why_url", "evenhand_why_url"},
    [FIELD_UNSUBSCRIBE] = {"unsubscribe_url", "evenhand_unsubscribe_url", "evenhand_unsubscribe_url"},
    [FIELD_TAGS] = {NULL, NULL, "Tags"},
};

static bool field_there(const eh_send_list *list, field f)
{
    if (names[f][list->options.for_whom] == NULL)
        return false;
    if (f == FIELD_EMAIL)
        return list->options.emails;
    if (f == FIELD_PHONE)
        return list->options.phones;
    return (f != FIELD_WHY && f != FIELD_UNSUBSCRIBE) || list->options.origin != NULL;
}

/* "+353 86 ..." is a telephone number and no formula. */
static bool is_phone(const char *text) { return text[0] == '+' && text[1] != '\0' && text[1 + strspn(text + 1, "0123456789 ()-")] == '\0'; }

static void csv_field(eh_buffer *out, const char *text)
{
    bool quote = strpbrk(text, ",\"\n\r") != NULL;
    bool formula = text[0] != '\0' && strchr("=+-@\t", text[0]) != NULL && !is_phone(text);
    if (!quote && !formula) {
        eh_buffer_text(out, text);
        return;
    }
    eh_buffer_byte(out, '"');
    if (formula)
        eh_buffer_byte(out, '\''); /* a spreadsheet must not run it */
    for (; *text != '\0'; text++) {
        if (*text == '"')
            eh_buffer_byte(out, '"');
        eh_buffer_byte(out, *text);
    }
    eh_buffer_byte(out, '"');
}

/* ---- quiet hours ------------------------------------------------------------------------------------------------------------------- */

int64_t eh_send_after(const eh_campaign *campaign, const eh_zone *zone, int64_t at_s)
{
    int32_t from = campaign->quiet_from, to = campaign->quiet_to;
    eh_civil local = eh_civil_of((eh_instant){.seconds = at_s}, zone);
    int32_t minute = local.hour * 60 + local.minute;
    bool quiet = from < to ? minute >= from && minute < to : from > to && (minute >= from || minute < to);
    if (!quiet)
        return at_s;
    eh_instant end = {0};
    if (minute >= to) { /* the night ends on the next day: noon of it is safe from any change of the clock */
        eh_civil_instant(&(eh_civil){.year = local.year, .month = local.month, .day = local.day, .hour = 12}, zone, &end);
        local = eh_civil_of((eh_instant){.seconds = end.seconds + DAY_SECONDS}, zone);
    }
    eh_civil wall = {.year = local.year, .month = local.month, .day = local.day, .hour = to % DAY_MINUTES / 60, .minute = to % 60};
    return eh_civil_instant(&wall, zone, &end) && end.seconds > at_s ? end.seconds : at_s;
}

/* ---- rows ---------------------------------------------------------------------------------------------------------------------------- */

void eh_send_list_begin(eh_send_list *list)
{
    bool first = true;
    eh_buffer_init(&list->csv, SIZE_MAX / 4);
    for (field f = 0; f < FIELDS_COUNT; f++) {
        if (!field_there(list, f))
            continue;
        eh_buffer_format(&list->csv, "%s%s", first ? "" : ",", names[f][list->options.for_whom]);
        first = false;
    }
    eh_buffer_byte(&list->csv, '\n');
}

static eh_code link_make(eh_send_list *list, const eh_send_row *row, eh_link_purpose purpose, eh_buffer *out, eh_error *error)
{
    bool why = purpose == EH_LINK_WHY;
    if (strlen(row->person) > EH_LINK_KEY_BYTES_MAX)
        return EH_OK; /* a key that long cannot stand in a link */
    eh_link link = {.purpose = purpose, .expires_s = row->send_after_s + (int64_t)LINK_DAYS * DAY_SECONDS, .person = eh_view_of(row->person),
                    .subject = eh_view_of(why ? row->decision : row->channel)};
    eh_buffer_format(out, "%s%s", list->options.origin, why ? "/why/" : "/unsubscribe/");
    EH_TRY(eh_link_append(&list->options.link_key, &link, NULL, out, error));
    return eh_buffer_check(out, error);
}

static const char *text_or_none(const char *text) { return text == NULL ? "" : text; }

eh_code eh_send_list_add(eh_send_list *list, const eh_send_row *row, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer why = {0}, unsubscribe = {0}, tags = {0};
    char at[EH_INSTANT_TEXT_BYTES];
    bool first = true;
    eh_instant_text((eh_instant){.seconds = row->send_after_s}, EH_FRACTION_NONE, at);
    if (list->options.origin != NULL) {
        EH_TRY(link_make(list, row, EH_LINK_WHY, &why, error));
        EH_TRY(link_make(list, row, EH_LINK_UNSUBSCRIBE, &unsubscribe, error));
    }
    eh_buffer_format(&tags, "evenhand %s %s", row->plan, row->offer);
    EH_TRY(eh_buffer_check(&tags, error));
    const char *texts[FIELDS_COUNT] = {
        [FIELD_PERSON] = row->person, [FIELD_EMAIL] = row->email, [FIELD_PHONE] = row->phone, [FIELD_OFFER] = row->offer, [FIELD_VARIANT] = row->variant,
        [FIELD_CHANNEL] = row->channel, [FIELD_SUBJECT] = row->subject, [FIELD_MESSAGE] = row->message, [FIELD_NOTICES] = row->notices,
        [FIELD_SEND_AFTER] = at, [FIELD_DECISION] = row->decision, [FIELD_WHY] = why.ptr, [FIELD_UNSUBSCRIBE] = unsubscribe.ptr, [FIELD_TAGS] = tags.ptr,
    };
    for (field f = 0; f < FIELDS_COUNT; f++) {
        if (!field_there(list, f))
            continue;
        if (!first)
            eh_buffer_byte(&list->csv, ',');
        csv_field(&list->csv, text_or_none(texts[f]));
        first = false;
    }
    eh_buffer_byte(&list->csv, '\n');
    return EH_OK;
}

/* ---- on the disk ----------------------------------------------------------------------------------------------------------------------- */

static void engine_dispose(eh_engine **engine) { eh_engine_close(engine); }

/* The data engine reads the table back as text and writes it in the other form. */
static eh_code converted_write(const char *csv_path, const char *path, eh_error *error)
{
    EH_CLEANUP(engine_dispose) eh_engine *engine = NULL;
    EH_TRY(eh_engine_open(&(eh_engine_options){.as_text = true, .ordered = true}, &engine, error));
    EH_TRY(eh_transform_output(engine, path, error));
    EH_TRY(eh_engine_read(engine, (const char *const[]){csv_path}, 1, error));
    EH_TRY(eh_transform_begin(engine, error));
    EH_TRY(eh_transform_step(engine, "SELECT * FROM " EH_TRANSFORM_BEFORE, "the send list", error));
    return eh_transform_write(engine, path, error);
}

static bool ends_with(const char *text, const char *ending)
{
    size_t len = strlen(text), end = strlen(ending);
    return len >= end && strcmp(text + len - end, ending) == 0;
}

eh_code eh_send_list_write(const eh_send_list *list, const char *path, const char *scratch, eh_error *error)
{
    EH_TRY(eh_parent_folders_make(path, error));
    if (!ends_with(path, ".parquet") || memchr(list->csv.ptr, '\n', list->csv.len) == list->csv.ptr + list->csv.len - 1)
        return eh_file_replace(path, eh_buffer_view(&list->csv), error); /* without a row there is nothing to convert */
    EH_TRY(eh_file_replace(scratch, eh_buffer_view(&list->csv), error));
    eh_code code = converted_write(scratch, path, error);
    (void)unlink(scratch);
    return code;
}
