/*
 * Consent receipts: a full copy of the consent record in JSON-LD, by the schema of the Data Privacy Vocabulary for ISO/IEC TS 27560:2023 (guide
 * "Consent Records and Receipts as per ISO/IEC TS 27560:2023 using DPV"), signed.
 */
#include <string.h>

#include "base/time.h"
#include "rights/records_int.h"

enum { IDENTIFIER_BYTES = 37, SPKI_BYTES = 44, SPKI_PREFIX_BYTES = 12 };

/* The DER of a public key of Ed25519 up to the key (RFC 8410). */
static const uint8_t spki_prefix[SPKI_PREFIX_BYTES] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};

typedef struct {
    eh_rights *rights;
    const eh_person *person;
    const eh_receipt_shop *shop;
    int64_t now_s;
    eh_json_writer json;
} receipt;

static const struct {
    const char *broader, *label, *processing;
} purposes[EH_PURPOSES_COUNT] = {
    [EH_PURPOSE_MARKETING] = {"dpv:DirectMarketing", "Messages that promote the shop", "dpv:Use"},
    [EH_PURPOSE_AI] = {"dpv:TargetedAdvertising", "Choosing marketing for the person with AI", "dpv:Profiling"},
    [EH_PURPOSE_SALE] = {"dpv:SellDataToThirdParties", "Selling or sharing data", "dpv:Share"},
};

static const char *const channel_data[EH_CHANNELS_COUNT] = {
    [EH_CHANNEL_ALL] = "pd:Contact",          [EH_CHANNEL_EMAIL] = "pd:EmailAddress",   [EH_CHANNEL_SMS] = "pd:TelephoneNumber",
    [EH_CHANNEL_PUSH] = "pd:DeviceBased",     [EH_CHANNEL_WHATSAPP] = "pd:TelephoneNumber", [EH_CHANNEL_POST] = "pd:PhysicalAddress",
    [EH_CHANNEL_PHONE] = "pd:TelephoneNumber", [EH_CHANNEL_ONSITE] = "pd:DeviceBased",  [EH_CHANNEL_ADS] = "pd:DeviceBased",
};

static void text_time(eh_json_writer *json, const char *key, int64_t at_s)
{
    char text[EH_INSTANT_TEXT_BYTES];
    eh_instant_text((eh_instant){.seconds = at_s}, EH_FRACTION_NONE, text);
    eh_json_text(json, key, text);
}

static void texts(eh_json_writer *json, const char *key, const char *const *items, size_t count)
{
    eh_json_array_open_flat(json, key);
    for (size_t i = 0; i < count; i++)
        eh_json_text(json, NULL, items[i]);
    eh_json_array_close(json);
}
#define TEXTS(json, key, ...) \
    texts((json), (key), (const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

/* An identifier of the form of a UUID (version 8), the same for the same record: from the person's key and their last act. */
static void identifier_make(const receipt *r, const char *what, char out[IDENTIFIER_BYTES])
{
    char message[EH_RIGHTS_KEY_BYTES_MAX + 64], hex[33];
    uint64_t last = r->person->acts_count > 0 ? r->person->acts[r->person->acts_count - 1].act.record : 0;
    int len = snprintf(message, sizeof message, "%s:%016llx:%s", what, (unsigned long long)last, r->person->key);
    eh_digest digest = eh_hmac_sha256((eh_view){(const char *)r->rights->keys.record.bytes, EH_SECRET_BYTES},
                                      (eh_view){message, len < (int)sizeof message ? (size_t)len : sizeof message - 1});
    digest.bytes[6] = (uint8_t)((digest.bytes[6] & 0x0f) | 0x80);
    digest.bytes[8] = (uint8_t)((digest.bytes[8] & 0x3f) | 0x80);
    eh_hex(digest.bytes, 16, hex);
    snprintf(out, IDENTIFIER_BYTES, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
}

static void write_context(eh_json_writer *json)
{
    static const char *const prefixes[][2] = {
        {"dpv", "https://w3id.org/dpv#"},
        {"dpv-27560", "https://w3id.org/dpv/schema/dpv-27560#"},
        {"eu-gdpr", "https://w3id.org/dpv/legal/eu/gdpr#"},
        {"pd", "https://w3id.org/dpv/pd#"},
        {"loc", "https://w3id.org/dpv/loc#"},
        {"dct", "http://purl.org/dc/terms/"},
        {"skos", "http://www.w3.org/2004/02/skos/core#"},
        {"rdf", "http://www.w3.org/1999/02/22-rdf-syntax-ns#"},
        {"sec", "https://w3id.org/security#"},
    };
    eh_json_object_open(json, "@context");
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
        eh_json_text(json, prefixes[i][0], prefixes[i][1]);
    eh_json_object_close(json);
}

static const char *told(const char *text)
{
    return text != NULL && text[0] != '\0' ? text : "not told";
}

static void write_entities(receipt *r)
{
    eh_json_writer *json = &r->json;
    eh_json_object_open(json, "dpv:hasEntity");
    eh_json_object_open(json, "shop");
    TEXTS(json, "@type", "dpv:Organisation", "dpv:DataController", "dpv:Recipient");
    eh_json_text(json, "dpv:hasIdentifier", r->shop->website != NULL ? r->shop->website : told(r->shop->name));
    eh_json_text(json, "dpv:hasName", told(r->shop->name));
    eh_json_text(json, "dpv:hasAddress", told(r->shop->address));
    eh_json_text(json, "dpv:hasContact", told(r->shop->contact));
    eh_json_object_close(json);
    for (size_t i = 0; i < r->person->disclosures_count; i++) {
        char name[32];
        snprintf(name, sizeof name, "recipient-%zu", i + 1);
        eh_json_object_open(json, name);
        TEXTS(json, "@type", "dpv:Organisation", "dpv:Recipient");
        eh_json_text(json, "dpv:hasName", r->person->disclosures[i].recipient);
        eh_json_text(json, "dct:description", r->person->disclosures[i].what);
        eh_json_object_close(json);
    }
    eh_json_object_close(json);
}

/* Each wording once. */
static void write_notices(receipt *r)
{
    eh_json_writer *json = &r->json;
    eh_json_array_open(json, "dpv:hasNotice");
    for (size_t i = 0; i < r->person->acts_count; i++) {
        const eh_person_act *item = &r->person->acts[i];
        bool before = item->act.wording == NULL;
        for (size_t k = 0; k < i && !before; k++)
            before = strcmp(r->person->acts[k].wording_sha256, item->wording_sha256) == 0;
        if (before)
            continue;
        eh_json_object_open(json, NULL);
        TEXTS(json, "@type", "dpv:ConsentNotice");
        eh_json_text(json, "dpv:hasIdentifier", item->wording_sha256);
        if (item->act.version != NULL)
            eh_json_text(json, "dct:hasVersion", item->act.version);
        if (item->act.language != NULL)
            eh_json_text(json, "dct:language", item->act.language);
        eh_json_text(json, "rdf:value", item->act.wording);
        eh_json_object_close(json);
    }
    eh_json_array_close(json);
}

/* ---- processes: one per purpose and channel that the person has spoken of ------------------------------------------------------------------ */

static bool act_speaks_of(const eh_act *act, unsigned slot)
{
    bool says = act->kind == EH_ACT_CONSENT || act->kind == EH_ACT_ASK || act->kind == EH_ACT_CONFIRM || act->kind == EH_ACT_WITHDRAW ||
                act->kind == EH_ACT_OBJECT || act->kind == EH_ACT_SIGNAL;
    return says && (eh_act_slots(act) >> slot & 1) != 0;
}

static void write_status(receipt *r, const eh_person_act *item)
{
    static const char *const states[EH_ACTS_COUNT] = {
        [EH_ACT_CONSENT] = "dpv:ConsentGiven",      [EH_ACT_ASK] = "dpv:ConsentRequested", [EH_ACT_CONFIRM] = "dpv:ConsentGiven",
        [EH_ACT_WITHDRAW] = "dpv:ConsentWithdrawn", [EH_ACT_OBJECT] = "dpv:ConsentWithdrawn", [EH_ACT_SIGNAL] = "dpv:ConsentRefused",
    };
    eh_json_writer *json = &r->json;
    const eh_act *act = &item->act;
    char record[24], how[EH_RIGHTS_HOW_BYTES_MAX + 96];
    snprintf(record, sizeof record, "%016llx", (unsigned long long)act->record);
    snprintf(how, sizeof how, "%s%s%s", act->kind == EH_ACT_OBJECT ? "objection to direct marketing: " : act->kind == EH_ACT_SIGNAL ? "Sec-GPC: 1: " : "",
             act->by == EH_BY_PERSON ? "" : act->by == EH_BY_IMPORT ? "told by another system: " : "from another profile of the same person: ", told(act->how));
    eh_json_object_open(json, NULL);
    TEXTS(json, "@type", states[act->kind], "dpv:ExpressedConsent");
    eh_json_text(json, "dct:identifier", record);
    text_time(json, "dpv:isIndicatedAtTime", act->at_s);
    eh_json_text(json, "dpv:isExercisedAt", how);
    if (act->wording != NULL)
        eh_json_text(json, "dpv:hasNotice", item->wording_sha256);
    eh_json_object_open(json, "dpv:hasDuration");
    TEXTS(json, "@type", act->until_s != 0 ? "dpv:UntilTimeDuration" : "dpv:UntilEventDuration");
    if (act->until_s != 0)
        text_time(json, "rdf:value", act->until_s);
    else
        eh_json_text(json, "rdf:value", "until the person says otherwise");
    eh_json_object_close(json);
    eh_json_object_close(json);
}

static void write_conditions(receipt *r)
{
    eh_json_writer *json = &r->json;
    char place[16] = "";
    if (r->shop->country != NULL)
        snprintf(place, sizeof place, "loc:%.8s", r->shop->country);
    eh_json_array_open(json, "dpv:hasStorageCondition");
    eh_json_object_open(json, NULL);
    TEXTS(json, "@type", "dpv:StorageLocation", "dpv:StorageDuration");
    eh_json_text(json, "dpv:hasLocation", place[0] != '\0' ? place : "not told");
    eh_json_object_open(json, "dpv:hasDuration");
    eh_json_text(json, "@type", "dpv:UntilEventDuration");
    eh_json_text(json, "rdf:value", "until the person asks for erasure");
    eh_json_object_close(json);
    eh_json_object_close(json);
    eh_json_array_close(json);
    eh_json_array_open_flat(json, "dpv:hasRecipient");
    eh_json_text(json, NULL, "shop");
    for (size_t i = 0; i < r->person->disclosures_count; i++) {
        char name[32];
        snprintf(name, sizeof name, "recipient-%zu", i + 1);
        eh_json_text(json, NULL, name);
    }
    eh_json_array_close(json);
}

static void write_process(receipt *r, unsigned slot)
{
    eh_json_writer *json = &r->json;
    eh_purpose purpose = slot == EH_SLOT_AI ? EH_PURPOSE_AI : slot == EH_SLOT_SALE ? EH_PURPOSE_SALE : EH_PURPOSE_MARKETING;
    eh_channel channel = slot < EH_SLOT_AI ? (eh_channel)(slot + 1) : EH_CHANNEL_ALL;
    const char *place = NULL;
    char label[128];
    for (size_t i = 0; i < r->person->acts_count; i++)
        if (act_speaks_of(&r->person->acts[i].act, slot) && r->person->acts[i].act.jurisdiction.text[0] != '\0')
            place = r->person->acts[i].act.jurisdiction.text;
    snprintf(label, sizeof label, "%s%s%s", purposes[purpose].label, purpose == EH_PURPOSE_MARKETING ? ", by " : "",
             purpose == EH_PURPOSE_MARKETING ? eh_channel_name(channel) : "");
    eh_json_object_open(json, NULL);
    TEXTS(json, "@type", "dpv:Process");
    eh_json_array_open(json, "dpv:hasPurpose");
    eh_json_object_open(json, NULL);
    TEXTS(json, "@type", "dpv:Purpose");
    eh_json_text(json, "skos:broader", purposes[purpose].broader);
    eh_json_text(json, "skos:prefLabel", label);
    eh_json_object_close(json);
    eh_json_array_close(json);
    TEXTS(json, "dpv:hasPersonalData", channel_data[channel]);
    TEXTS(json, "dpv:hasProcessing", "dpv:Collect", "dpv:Store", purposes[purpose].processing);
    TEXTS(json, "dpv:hasDataController", "shop");
    TEXTS(json, "dpv:hasDataSource", "dpv:DataSubjectDataSource");
    write_conditions(r);
    TEXTS(json, "dpv:hasLegalBasis", "dpv:Consent");
    eh_json_text(json, "dpv:hasJurisdiction", place != NULL ? place : "not told");
    eh_json_text(json, "dpv:hasConsentControl", "The switches on the shop's preference page, the link in every message, or a word to the shop's contact");
    TEXTS(json, "dpv:hasRight", "eu-gdpr:A7-3", "eu-gdpr:A15", "eu-gdpr:A16", "eu-gdpr:A17", "eu-gdpr:A20", "eu-gdpr:A21", "eu-gdpr:A77");
    eh_json_array_open(json, "dpv:hasConsentStatus");
    for (size_t i = 0; i < r->person->acts_count; i++)
        if (act_speaks_of(&r->person->acts[i].act, slot))
            write_status(r, &r->person->acts[i]);
    eh_json_array_close(json);
    eh_json_object_close(json);
}

static void write_record(receipt *r)
{
    eh_json_writer *json = &r->json;
    char identifier[IDENTIFIER_BYTES], language[3] = "en";
    if (r->shop->language != NULL && strlen(r->shop->language) >= 2)
        memcpy(language, r->shop->language, 2);
    identifier_make(r, "record", identifier);
    eh_json_object_open(json, NULL);
    TEXTS(json, "@type", "dpv:ConsentRecord");
    eh_json_text(json, "dct:conformsTo", "dpv-27560:record-2");
    eh_json_text(json, "dpv:hasIdentifier", identifier);
    eh_json_object_open(json, "dpv:hasDataSubject");
    TEXTS(json, "@type", "dpv:DataSubject");
    eh_json_text(json, "dpv:hasIdentifier", r->person->key);
    eh_json_object_close(json);
    text_time(json, "dct:created", r->person->since_s);
    eh_json_text(json, "dct:creator", "shop");
    eh_json_text(json, "dct:language", language);
    write_entities(r);
    write_notices(r);
    eh_json_array_open(json, "dpv:hasProcess");
    for (unsigned slot = 0; slot < EH_SLOTS_COUNT; slot++) {
        bool spoken = false;
        for (size_t i = 0; i < r->person->acts_count && !spoken; i++)
            spoken = act_speaks_of(&r->person->acts[i].act, slot);
        if (spoken)
            write_process(r, slot);
    }
    eh_json_array_close(json);
    eh_json_object_close(json);
}

/* The receipt without its proof, or with it. */
static void write_receipt(receipt *r, const char *signature, const char *pem, eh_buffer *out)
{
    char identifier[IDENTIFIER_BYTES];
    identifier_make(r, "receipt", identifier);
    eh_json_begin(&r->json, out, true, false);
    eh_json_object_open(&r->json, NULL);
    write_context(&r->json);
    TEXTS(&r->json, "@type", "dpv:ConsentReceipt");
    eh_json_text(&r->json, "dct:conformsTo", "dpv-27560:receipt");
    eh_json_text(&r->json, "dpv:hasIdentifier", identifier);
    text_time(&r->json, "dct:created", r->now_s);
    eh_json_array_open(&r->json, "dct:hasPart");
    write_record(r);
    eh_json_array_close(&r->json);
    if (signature != NULL) {
        eh_json_object_open(&r->json, "proof");
        eh_json_text(&r->json, "type", "Ed25519 over the RFC 8785 form of this document without \"proof\"");
        eh_json_text(&r->json, "publicKey", pem);
        eh_json_text(&r->json, "signature", signature);
        eh_json_object_close(&r->json);
    }
    eh_json_object_close(&r->json);
    eh_buffer_byte(out, '\n');
}

static eh_code canonical_of(eh_view text, const char *name, eh_buffer *canonical_out, eh_error *error)
{
    EH_CLEANUP(eh_json_close) eh_json_document *document = NULL;
    EH_TRY(eh_json_parse(text, name, &document, error));
    return eh_json_canonical(eh_json_root(document), "proof", canonical_out, error);
}

static void pem_append(const uint8_t public_key[32], eh_buffer *out)
{
    uint8_t der[SPKI_BYTES];
    memcpy(der, spki_prefix, sizeof spki_prefix);
    memcpy(der + SPKI_PREFIX_BYTES, public_key, 32);
    eh_buffer_text(out, "-----BEGIN PUBLIC KEY-----\n");
    eh_base64_append(out, (eh_view){(const char *)der, sizeof der});
    eh_buffer_text(out, "\n-----END PUBLIC KEY-----\n");
}

eh_code eh_receipt_write(eh_rights *rights, const eh_person *person, const eh_receipt_shop *shop, int64_t now_s, eh_buffer *out, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer bare = {0};
    EH_CLEANUP(eh_buffer_dispose) eh_buffer canonical = {0};
    EH_CLEANUP(eh_buffer_dispose) eh_buffer signature_text = {0};
    EH_CLEANUP(eh_buffer_dispose) eh_buffer pem = {0};
    EH_CLEANUP(eh_signing_key_wipe) eh_signing_key key;
    uint8_t signature[EH_SIGNATURE_BYTES];
    receipt r = {.rights = rights, .person = person, .shop = shop, .now_s = now_s};
    if (!person->found)
        return eh_fail(error, EH_NOT_FOUND, "nothing is on record of %s; there is nothing to give a receipt for", person->key);
    EH_TRY(eh_signing_key_from_seed(&rights->keys.receipt, &key, error));
    write_receipt(&r, NULL, NULL, &bare);
    EH_TRY(eh_buffer_check(&bare, error));
    EH_TRY(canonical_of(eh_buffer_view(&bare), "receipt", &canonical, error));
    eh_sign(&key, eh_buffer_view(&canonical), signature);
    eh_base64_append(&signature_text, (eh_view){(const char *)signature, sizeof signature});
    pem_append(key.public_key, &pem);
    EH_TRY(eh_buffer_check(&signature_text, error));
    EH_TRY(eh_buffer_check(&pem, error));
    write_receipt(&r, signature_text.ptr, pem.ptr, out);
    return eh_buffer_check(out, error);
}

void eh_receipt_key(const eh_rights *rights, eh_buffer *pem_out)
{
    EH_CLEANUP(eh_signing_key_wipe) eh_signing_key key;
    if (eh_signing_key_from_seed(&rights->keys.receipt, &key, NULL) == EH_OK)
        pem_append(key.public_key, pem_out);
}

/* ---- checking --------------------------------------------------------------------------------------------------------------------------------- */

static bool pem_read(eh_view pem, uint8_t public_key[32])
{
    uint8_t der[SPKI_BYTES];
    char base64[128];
    size_t len = 0, count = 0;
    const char *begin = memmem(pem.ptr, pem.len, "-----BEGIN PUBLIC KEY-----", 26);
    if (begin == NULL)
        return false;
    const char *end = memmem(begin, (size_t)(pem.ptr + pem.len - begin), "-----END PUBLIC KEY-----", 24);
    for (const char *at = begin + 26; end != NULL && at < end; at++)
        if (strchr(" \r\n\t", *at) == NULL && len < sizeof base64)
            base64[len++] = *at;
    if (end == NULL || !eh_base64_read((eh_view){base64, len}, sizeof der, der, &count) || count != sizeof der ||
        memcmp(der, spki_prefix, sizeof spki_prefix) != 0)
        return false;
    memcpy(public_key, der + SPKI_PREFIX_BYTES, 32);
    return true;
}

static const char *deep_text(eh_json_value value, eh_arena *arena)
{
    const char *text = eh_json_as_text(value);
    return text != NULL ? eh_arena_copy(arena, eh_view_of(text)) : NULL;
}

eh_code eh_receipt_check(eh_view text, const char *name, eh_view pem, eh_arena *arena, eh_receipt_facts *facts_out, eh_error *error)
{
    EH_CLEANUP(eh_json_close) eh_json_document *document = NULL;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer canonical = {0};
    uint8_t public_key[32], signature[EH_SIGNATURE_BYTES];
    size_t count = 0;
    if (!pem_read(pem, public_key))
        return eh_fail(error, EH_INPUT, "the key is no public key of Ed25519 in PEM");
    EH_TRY(eh_json_parse(text, name, &document, error));
    eh_json_value root = eh_json_root(document), record = eh_json_item(eh_json_member(root, "dct:hasPart"), 0);
    const char *signed_text = eh_json_as_text(eh_json_member(eh_json_member(root, "proof"), "signature"));
    if (signed_text == NULL || record == NULL)
        return eh_fail(error, EH_INPUT, "%s: is no receipt: it has no proof or no record", name);
    if (!eh_base64_read(eh_view_of(signed_text), sizeof signature, signature, &count) || count != sizeof signature)
        return eh_fail(error, EH_DENIED, "%s: its signature cannot be one", name);
    if (eh_json_canonical(root, "proof", &canonical, error) != EH_OK)
        return eh_fail_within(error, "%s", name);
    if (!eh_signature_valid(public_key, eh_buffer_view(&canonical), signature))
        return eh_fail(error, EH_DENIED, "%s: was not signed with this key, or was changed since", name);
    eh_receipt_facts facts = {
        .person = deep_text(eh_json_member(eh_json_member(record, "dpv:hasDataSubject"), "dpv:hasIdentifier"), arena),
        .shop = deep_text(eh_json_member(eh_json_member(eh_json_member(record, "dpv:hasEntity"), "shop"), "dpv:hasName"), arena),
        .created = deep_text(eh_json_member(root, "dct:created"), arena),
    };
    if (facts.person == NULL || facts.shop == NULL || facts.created == NULL)
        return eh_fail(error, EH_INPUT, "%s: is signed, but is no receipt", name);
    *facts_out = facts;
    return EH_OK;
}
