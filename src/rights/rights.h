/**
 * What each person has said about their data, and the one question that everything else asks: may we?
 *
 * A person speaks in acts: a consent, a withdrawal, an objection. Acts are kept exactly (who, when, how, the wording that was shown) and never edited;
 * the state of a person follows from them by one rule (README.md), is held in memory, and answers a decision in well under five microseconds.
 * A withdrawal that has been acknowledged is seen by the very next decision, from any thread and from any process that has the same workspace open.
 *
 * Unknown is never yes. An import or a merge can turn a yes into a no and never a no into a yes.
 */
#ifndef EH_RIGHTS_RIGHTS_H
#define EH_RIGHTS_RIGHTS_H

#include "base/base.h"
#include "base/secrets.h"
#include "base/yaml.h"
#include "store/store.h"

/* ---- words ----------------------------------------------------------------------------------------------------------------- */

typedef enum {
    EH_PURPOSE_MARKETING, /* messages that promote; asked and answered per channel */
    EH_PURPOSE_AI,        /* scoring a person, choosing for them with a model; one answer for all channels */
    EH_PURPOSE_SALE,      /* selling or sharing their data; one answer */
    EH_PURPOSES_COUNT
} eh_purpose;

typedef enum {
    EH_CHANNEL_ALL, /* in an act: every channel; in a question about marketing: not allowed */
    EH_CHANNEL_EMAIL,
    EH_CHANNEL_SMS,
    EH_CHANNEL_PUSH,
    EH_CHANNEL_WHATSAPP,
    EH_CHANNEL_POST,
    EH_CHANNEL_PHONE,
    EH_CHANNEL_ONSITE,
    EH_CHANNEL_ADS,
    EH_CHANNELS_COUNT
} eh_channel;

/** What a person has said: never anything else than these three. */
typedef enum { EH_SAID_UNKNOWN, EH_SAID_YES, EH_SAID_NO } eh_said;

typedef enum {
    EH_ACT_CONSENT,  /* says yes */
    EH_ACT_ASK,      /* double opt-in: a yes that waits for its confirmation until `until_s` */
    EH_ACT_CONFIRM,  /* the confirmation; makes the ask a yes */
    EH_ACT_WITHDRAW, /* says no for a purpose and channel; for AI: the opt-out */
    EH_ACT_OBJECT,   /* Article 21(2): no to all marketing and to the profiling behind it */
    EH_ACT_SIGNAL,   /* Sec-GPC: 1 */
    EH_ACT_PURCHASE, /* a sale: the facts of a soft opt-in, and the clock of CASL */
    EH_ACT_INQUIRY,  /* a question about buying: the other clock of CASL */
    EH_ACT_BIRTH,    /* a date of birth is known */
    EH_ACT_PARENT,   /* the holder of parental responsibility agrees */
    EH_ACTS_COUNT
} eh_act_kind;

typedef enum {
    EH_BY_PERSON, /* the person, at the time, on the shop's own form, page, call or letter */
    EH_BY_IMPORT, /* another system says that the person once said so */
    EH_BY_MERGE,  /* came with another profile of the same person */
    EH_BYS_COUNT
} eh_act_by;

/** How the control looked that was used for a yes. The last two are no consent (GDPR 4(11), 7(4)) and are refused. */
typedef enum {
    EH_CONTROL_TICK,
    EH_CONTROL_BUTTON,
    EH_CONTROL_SIGNATURE,
    EH_CONTROL_SPOKEN,
    EH_CONTROL_REPLY,
    EH_CONTROL_UNTOLD, /* an import does not say */
    EH_CONTROL_PRE_TICKED,
    EH_CONTROL_BUNDLED,
    EH_CONTROLS_COUNT
} eh_control;

/** The four facts of the soft opt-in (ePrivacy 13(2)); the first three belong to the sale, the last to the message. */
enum { EH_SOFT_SAME_ENTITY = 1, EH_SOFT_ADDRESS_FROM_SALE = 2, EH_SOFT_OFFERED_AT_COLLECTION = 4, EH_SOFT_IN_MESSAGE = 8, EH_SOFT_SIMILAR = 16 };

/** Names in lower case ("marketing", "email", "opt-out" ...), and back; the finders return false for what is none. */
const char *eh_purpose_name(eh_purpose purpose);
const char *eh_channel_name(eh_channel channel);
const char *eh_said_name(eh_said said);
const char *eh_act_kind_name(eh_act_kind kind);
const char *eh_act_by_name(eh_act_by by);
const char *eh_control_name(eh_control control);
bool eh_purpose_find(eh_view name, eh_purpose *purpose_out);
bool eh_channel_find(eh_view name, eh_channel *channel_out);
bool eh_act_kind_find(eh_view name, eh_act_kind *kind_out);
bool eh_act_by_find(eh_view name, eh_act_by *by_out);
bool eh_control_find(eh_view name, eh_control *control_out);

/* ---- jurisdictions ------------------------------------------------------------------------------------------------------------ */

/** ISO 3166-1 alpha-2, or with a subdivision: "DE", "CA-QC", "US-CA". Kept in eight bytes; all zero is "not known", which gets the strictest rules. */
typedef struct {
    char text[8];
} eh_jurisdiction;

/** errors: EH_INPUT for what has not that form. Empty text is "not known". Letters become capitals; EL is Greece and UK is GB. */
EH_MUST_USE eh_code eh_jurisdiction_read(eh_view text, eh_jurisdiction *jurisdiction_out, eh_error *error);

typedef struct {
    uint8_t consent_age;      /* years; below it a consent needs a parent (GDPR 8 and its like) */
    uint8_t profiling_age;    /* years; below it nobody is profiled for marketing (DSA 28(2), DPDP 9) */
    bool soft_opt_in;         /* ePrivacy 13(2) and its copies */
    bool implied_consent;     /* CASL: purchase 24 months, inquiry 6 months */
    bool profiling_asked;     /* profiling is off until the person switches it on (Quebec, section 8.1) */
    uint32_t opt_out_channels;/* bit c: the law lets channel c be used until the person says no */
    const char *law;          /* in a few words */
} eh_jurisdiction_rules;

/** The rules of a place; those of its country when the subdivision has none; the strictest of all when it is not known. cost: a binary search. */
const eh_jurisdiction_rules *eh_jurisdiction_rules_of(eh_jurisdiction jurisdiction);

/* ---- acts -------------------------------------------------------------------------------------------------------------------- */

/** One act as it was recorded. Texts are borrowed; NULL is "none". */
typedef struct {
    uint64_t record;            /* its id; 0 before it was recorded */
    eh_act_kind kind;
    eh_act_by by;
    eh_purpose purpose;
    eh_channel channel;         /* EH_CHANNEL_ALL for purposes that have no channels */
    eh_control control;
    int64_t at_s;               /* when the person acted, UTC seconds since 1970; of an import without a time: when it was imported */
    int64_t until_s;            /* a consent: valid until then, 0 without end; an ask: to be confirmed until then */
    int32_t birth_day;          /* EH_ACT_BIRTH: days since 1970-01-01 */
    uint32_t soft_facts;        /* EH_ACT_PURCHASE: EH_SOFT_SAME_ENTITY and the next two */
    eh_jurisdiction jurisdiction;
    const char *product_group;  /* EH_ACT_PURCHASE: the shop's own word for what is similar */
    const char *how;            /* "newsletter form on /signup"; the file and line of an import */
    const char *wording;        /* exactly what was shown */
    const char *version;        /* of the wording or notice */
    const char *language;       /* BCP 47 of the wording */
    int64_t recorded_s;         /* when it was recorded; 0 in a new act: now */
} eh_act;

/* ---- the question and its answer ---------------------------------------------------------------------------------------------- */

typedef struct {
    eh_purpose purpose;
    eh_channel channel;           /* for marketing: one channel */
    int64_t at_s;                 /* the moment of the decision */
    eh_jurisdiction jurisdiction; /* zero: the person's own */
    const char *product_group;    /* of this message, for the soft opt-in; NULL: none */
    bool opt_out_in_message;      /* this message carries a working opt-out */
} eh_may_question;

typedef enum {
    EH_WHY_CONSENT,              /* yes: said so */
    EH_WHY_SOFT_OPT_IN,          /* yes: all facts of ePrivacy 13(2) hold */
    EH_WHY_IMPLIED_PURCHASE,     /* yes: CASL, within 24 months of the last purchase */
    EH_WHY_IMPLIED_INQUIRY,      /* yes: CASL, within 6 months of the last inquiry */
    EH_WHY_LEGITIMATE_INTEREST,  /* yes: the law asks for an opt-out only, and the shop has named its assessment */
    EH_WHY_AI_NOT_OPTED_OUT,     /* yes: the shop has switched AI on, the person has not switched it off */
    EH_WHY_WITHDRAWN,            /* no: withdrew, unsubscribed, never wanted it */
    EH_WHY_AI_OPTED_OUT,         /* no: the AI switch is off */
    EH_WHY_OBJECTED,             /* no: objected to direct marketing */
    EH_WHY_IMPORTED_NO,          /* no: another system says no */
    EH_WHY_MERGED_NO,            /* no: another profile of the person says no */
    EH_WHY_SIGNAL,               /* no: the browser says Global Privacy Control */
    EH_WHY_ERASED,               /* no: erased, on the suppression list */
    EH_WHY_MINOR,                /* no: under the age of consent, no parent has agreed */
    EH_WHY_MINOR_PROFILING,      /* no: minors are not profiled */
    EH_WHY_CONSENT_EXPIRED,      /* no: the consent was for a time that is over */
    EH_WHY_CONSENT_LATER,        /* no: the consent was given after the moment that is asked about */
    EH_WHY_UNCONFIRMED,          /* no: double opt-in, not confirmed yet */
    EH_WHY_CONFIRMATION_EXPIRED, /* no: double opt-in, not confirmed in time */
    EH_WHY_IMPLIED_EXPIRED,      /* no: CASL, the last purchase or inquiry is too long ago */
    EH_WHY_SOFT_INCOMPLETE,      /* no: a sale, but not all facts of the soft opt-in */
    EH_WHY_PROFILING_NOT_ASKED,  /* no: profiling is off here until the person switches it on */
    EH_WHY_NEVER_SAID,           /* no: nothing is known */
    EH_WHYS_COUNT
} eh_why;

enum { EH_MAY_RECORDS_MAX = 2 };

typedef struct {
    bool may;
    eh_said said;             /* what the person said for this purpose and channel; a yes to `may` can rest on "unknown" only where `why` says so */
    eh_why why;
    const char *sentence;     /* one sentence for a person, static */
    const char *law;          /* of the person's place, static */
    eh_jurisdiction jurisdiction; /* whose rules were used */
    uint64_t records[EH_MAY_RECORDS_MAX]; /* the acts it rests on */
    size_t records_count;
    const char *basis;        /* the shop's assessment for EH_WHY_LEGITIMATE_INTEREST and EH_WHY_AI_NOT_OPTED_OUT; lives as long as the handle; else NULL */
    uint32_t soft_facts;      /* which facts of the soft opt-in hold (EH_SOFT_...) when one was looked at */
    int64_t until_s;          /* the answer changes by itself then; 0: does not */
} eh_may_answer;

/** Short machine name of a reason: "consent", "ai_opted_out"; and its sentence. */
const char *eh_why_name(eh_why why);
const char *eh_why_sentence(eh_why why);

/** What the shop has decided about its own use; all off by default. Texts are copied. */
typedef struct {
    const char *interest_id;    /* the legitimate-interest assessment for channels where the law asks for an opt-out only; NULL: none */
    uint32_t interest_channels; /* bit c: channel c rests on it */
    const char *ai_basis_id;    /* the assessment for AI-chosen marketing; NULL: "the shop's notice" */
    bool ai_needs_consent;      /* true: nobody is scored who has not said yes */
    bool signal_keeps_ai;       /* false: Global Privacy Control also switches AI off (the house's choice) */
} eh_rights_house;

/**
 * Reads the section `rights` of evenhand.yaml; `node` NULL: nothing is chosen. Texts are borrowed from the document.
 *
 *     rights:
 *       legitimate_interest: { assessment: LIA-2026-01, channels: [post, email] }
 *       ai: { assessment: LIA-2026-02, asks_first: false }
 *       gpc_switches_ai_off: true
 *
 * errors: EH_INPUT with line and column
 */
EH_MUST_USE eh_code eh_rights_house_read(const eh_yaml_node *node, eh_rights_house *house_out, eh_error *error);

/* ---- the state in memory ------------------------------------------------------------------------------------------------------- */

/** The state of all people. Any number of threads may ask while one writes. */
typedef struct eh_rights_index eh_rights_index;

/** `secret`: 16 bytes that nobody can guess, so that nobody can choose keys that collide. At most EH_RIGHTS_PEOPLE_MAX people. */
EH_MUST_USE eh_code eh_rights_index_open(const eh_rights_house *house, const uint8_t secret[16], eh_rights_index **index_out, eh_error *error);
void eh_rights_index_close(eh_rights_index **people);

/** What an act did to the state. */
typedef enum {
    EH_EFFECT_NONE,      /* nothing: it was so already, or the act only adds evidence */
    EH_EFFECT_CHANGED,
    EH_EFFECT_KEPT_NO,   /* a yes that does not count against a no: imported, merged, or older than the no */
    EH_EFFECT_TURNED_NO, /* an imported or merged no that ended a yes */
    EH_EFFECTS_COUNT
} eh_effect;

/**
 * Applies one act to the person's state; visible to every question that is asked after it returns. *effect_out may be NULL. Thread-safe.
 * errors: EH_CONFLICT for a confirmation without an ask that waits for it; EH_DENIED for a yes by a control that is no consent; EH_LIMIT; EH_MEMORY.
 */
EH_MUST_USE eh_code eh_rights_index_apply(eh_rights_index *people, eh_view key, const eh_act *act, eh_effect *effect_out, eh_error *error);
/** From now on `alias` is another name of `key`. What was known under `alias` is forgotten: its acts are to be applied to `key` first. */
EH_MUST_USE eh_code eh_rights_index_alias(eh_rights_index *people, eh_view alias, eh_view key, eh_error *error);
/** Forgets a person and every other name of theirs. */
void eh_rights_index_forget(eh_rights_index *people, eh_view key);
size_t eh_rights_index_count(const eh_rights_index *people);
/**
 * May we? cost: a keyed hash of `key`, one probe, no lock, no allocation.
 * returns false when nobody of that key is known: then the answer is what holds for a stranger.
 * The question must be a sound one: eh_may_question_check.
 */
bool eh_rights_index_may(const eh_rights_index *people, eh_view key, const eh_may_question *question, eh_may_answer *answer_out);
EH_MUST_USE eh_code eh_may_question_check(const eh_may_question *question, eh_error *error);

/* ---- the rights of a workspace: what was said, durable ---------------------------------------------------------------------------- */

/**
 * The acts of all people in `.evenhand/evenhand.db`, and their state in memory. Any number of threads; several processes may have the same
 * workspace open. What eh_rights_say has answered with EH_OK is on the disk, in the answer to every later question in this process, and in that
 * of every other process too: a counter in `.evenhand/rights.counter`, mapped by all, tells them to look.
 */
typedef struct eh_rights eh_rights;

/** What is to be said in the ledger: `payload` is a JSON object about the person. */
typedef struct {
    const char *kind;
    eh_view person, payload;
} eh_rights_entry;
enum { EH_RIGHTS_ENTRY_ID_BYTES = 40 };

/** For the ledger, which is on the same floor: appends entries, all or none, and gives their ids. EH_UNAVAILABLE: not now; it is asked again later. */
typedef struct {
    eh_code (*append)(void *context, const eh_rights_entry *entries, size_t count, char (*ids_out)[EH_RIGHTS_ENTRY_ID_BYTES], eh_error *error);
    void *context;
} eh_rights_ledger;

typedef struct {
    const char *state_folder;  /* .evenhand; made when it is not there */
    eh_rights_house house;
    eh_rights_ledger ledger;   /* append NULL: none */
    const eh_entropy *entropy; /* for the key file; NULL: the system's */
    uint64_t snapshot_after;   /* acts and people after which the snapshot is written anew; 0: as usual */
} eh_rights_options;

/**
 * Reads what everybody has said: from `.evenhand/rights.snapshot` and what was said since, or from the beginning. Closing, and opening when much has changed,
 * writes that file anew.
 * errors: EH_CORRUPT when what is stored is not what was recorded (which act, whose); EH_NOT_FOUND when the key file is gone. cost: about a tenth of a second
 * per million people from the snapshot, and a second per million acts
 */
EH_MUST_USE eh_code eh_rights_open(const eh_rights_options *options, eh_rights **rights_out, eh_error *error);
void eh_rights_close(eh_rights **rights);

/** Has anybody ever said anything there? Makes nothing. */
EH_MUST_USE eh_code eh_rights_exist(const char *state_folder, bool *there_out, eh_error *error);
/**
 * Looks at every act, wording and chain, and whether the snapshot says what follows from them; each thing that is wrong is one call of `found`. Nothing is
 * found where nobody has ever said anything. cost: as reading all acts
 */
EH_MUST_USE eh_code eh_rights_check(const char *state_folder, eh_store_found found, void *context, eh_error *error);
/** After another database was put in the place of evenhand.db: every process that holds the old one in memory answers with an error from now on. */
EH_MUST_USE eh_code eh_rights_put_back(const char *state_folder, eh_error *error);

/**
 * May we? cost: as eh_rights_index_may, and one more keyed hash for who is not known (is it on the suppression list?). Takes a lock only when another
 * process has written since the last question.
 * errors: EH_INPUT for an unsound question; else the rights cannot be told, and the answer is no: treat every error so
 */
EH_MUST_USE eh_code eh_rights_may(eh_rights *rights, eh_view key, const eh_may_question *question, eh_may_answer *answer_out, eh_error *error);

/** Who was erased, alone: without reading what everybody has said. A workspace where nobody ever said anything has an empty one. */
typedef struct eh_erased_list eh_erased_list;
EH_MUST_USE eh_code eh_erased_list_open(const char *state_folder, eh_erased_list **list_out, eh_error *error);
void eh_erased_list_close(eh_erased_list **list);
/** Puts all that are on it onto the suppression list of these rights, which a backup may have put back to an older day. */
EH_MUST_USE eh_code eh_erased_list_keep(eh_rights *rights, const eh_erased_list *list, eh_error *error);
size_t eh_erased_list_count(const eh_erased_list *list);
/** Is that person's key on it? For eh_people_options.left_out. Any thread. */
bool eh_erased_list_has(void *list, eh_view key);

/** For audits: people who opted out of AI are a group of their own. */
typedef enum {
    EH_AI_MAY,       /* may be scored */
    EH_AI_OPTED_OUT, /* said no: the switch, an objection, the browser's signal, erasure */
    EH_AI_MUST_NOT,  /* has not said no, but must not be scored: a minor, a place where nobody is profiled unasked, a consent that is over */
} eh_ai_state;
/** states_out[i] is for keys[i]. cost: as eh_rights_may for each */
EH_MUST_USE eh_code eh_rights_ai_states(eh_rights *rights, const char *const *keys, size_t keys_count, int64_t at_s, eh_ai_state *states_out,
                                        eh_error *error);

/** 1 to EH_RIGHTS_KEY_BYTES_MAX bytes of UTF-8, without zero bytes, and not only blanks. errors: EH_INPUT, EH_LIMIT */
EH_MUST_USE eh_code eh_rights_key_check(eh_view key, eh_error *error);

/** What became of an act. */
typedef struct {
    uint64_t record;  /* its id; that of the earlier one when exactly this act was on record already */
    eh_effect effect;
    bool known;       /* exactly this act was on record already: nothing was written */
} eh_said_result;

/**
 * Records one act and applies it. `now_s`: the clock. An act by the person on somebody erased takes them off the suppression list when it is a yes.
 *
 * errors  EH_INPUT: a time in the future, a text too long, a wording whose version is taken by another one (a changed wording needs a new version),
 *         a consent by the person without how or wording; EH_DENIED: a control that is no consent, an import about somebody erased; EH_CONFLICT:
 *         nothing to confirm; EH_UNAVAILABLE: another writer does not end
 */
EH_MUST_USE eh_code eh_rights_say(eh_rights *rights, eh_view key, const eh_act *act, int64_t now_s, eh_said_result *result_out, eh_error *error);

/** What one person has said, and under which addresses they are known besides. */
typedef struct {
    eh_view key;
    eh_view email, phone;    /* empty: not told */
    const eh_act *acts;
    size_t acts_count;
    eh_said_result *results; /* acts_count of them; filled */
    eh_code refused;         /* filled: EH_OK, or why nothing of this speech was recorded */
    bool lifted;             /* filled: was taken off the suppression list */
} eh_speech;

/**
 * Records what many people have said in one transaction, so that a file of a million is one of a few hundred. When `lenient`, a speech that is refused (see
 * eh_rights_say) is left out and marked; else it is the error, and nothing is recorded. The acts of one speech are recorded all or none.
 * Threads that speak at the same time share one transaction and one sync of the ledger: what one of them is refused does not touch the others.
 */
EH_MUST_USE eh_code eh_rights_say_many(eh_rights *rights, eh_speech *speeches, size_t speeches_count, bool lenient, int64_t now_s, eh_error *error);

/* ---- who has said no in a time (noes.c) ------------------------------------------------------------------------------------------ */

typedef struct {
    eh_channel channel;          /* noes to marketing on it, on all channels, objections; and noes to AI; EH_CHANNEL_ALL: on any */
    int64_t after_s, until_s;
} eh_noes_question;
/** `marketing`: a no to messages; else to AI. Returns but EH_OK end the walk and are handed on. */
typedef eh_code (*eh_no_visit)(void *context, eh_view key, bool marketing, eh_error *error);
/** Every such act in the order of recording; `store` is evenhand.db of the workspace. A person may come several times. */
EH_MUST_USE eh_code eh_rights_noes(eh_store *store, const eh_noes_question *question, eh_no_visit visit, void *context, eh_error *error);

#endif
