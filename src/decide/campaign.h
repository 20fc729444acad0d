/**
 * Campaigns: who is asked for, what they can be offered, how it is chosen among them. One YAML file each, campaigns/NAME.yaml.
 *
 * The file is read strictly: an unknown key, a wrong type, a share over 1 is an error with line and column. docs/campaigns.md says
 * what every key means, docs/campaign.schema.json is for editors.
 */
#ifndef EH_DECIDE_CAMPAIGN_H
#define EH_DECIDE_CAMPAIGN_H

#include "base/base.h"
#include "base/secrets.h"
#include "base/time.h"

/** Money, worth, effects: whole millionths. */
enum { EH_MICROS = 1000000 };
/** "No limit" for counts and amounts. */
#define EH_NO_LIMIT INT64_C(-1)

/** How the people who get something are chosen. */
typedef enum {
    EH_CHOOSE_MODEL,    /* by a model's score per offer: what the message changes, or how likely the outcome is */
    EH_CHOOSE_RANDOM,   /* by lot: nobody is scored */
    EH_CHOOSE_EVERYONE, /* the first offer for all who may have it: nobody is scored */
    EH_CHOOSES_COUNT
} eh_choose;
const char *eh_choose_name(eh_choose choose);

/** One wording of an offer; variants are told apart by lot, never by who somebody is. */
typedef struct {
    const char *name;
    const char *subject, *message; /* NULL: not given */
    double share;                  /* of the offer's people; all of an offer add up to 1 */
} eh_variant;

typedef struct {
    const char *name;         /* a word: a-z, 0-9, '_', '-' */
    const char *says;         /* for the customer: "10 % off hiking boots" */
    const char *model;        /* models/NAME.json of .evenhand, or "NAME:OFFER" for an offer of an uplift model; NULL unless choose.by is model */
    int64_t cost;             /* micros of currency for each message sent */
    int64_t cost_if_taken;    /* and for each outcome: the discount */
    int64_t worth;            /* micros of currency of one outcome; EH_NO_LIMIT: not told, then outcomes themselves are counted */
    int64_t taken;            /* share of receivers who are expected to take it, in millionths; EH_NO_LIMIT: what the score says */
    int64_t people_max;       /* EH_NO_LIMIT */
    bool price_personalised;  /* the price or discount depends on who gets it: must be told */
    const char *price;        /* as shown, e.g. "EUR 45"; NULL */
    const eh_variant *variants;
    size_t variants_count;    /* at least 1 */
} eh_offer;

/** What people get who have switched AI off. */
typedef enum {
    EH_WITHOUT_AI_LIKE_OTHERS, /* by lot, as large a share of them as of the others */
    EH_WITHOUT_AI_EVERYONE,    /* all who may have it */
    EH_WITHOUT_AI_NOBODY,
    EH_WITHOUT_AIS_COUNT
} eh_without_ai;
const char *eh_without_ai_name(eh_without_ai how);

/** At most `messages` in `within`, counted over all campaigns of the shop on this channel. */
typedef struct {
    int64_t messages;
    eh_duration within;
} eh_person_cap;

enum { EH_PERSON_CAPS_MAX = 8, EH_CAMPAIGN_SAYS_MAX = 64 };

/** What the campaign says of itself, for the rules: `says: { misleading_urgency: false }`. */
typedef struct {
    const char *name, *text;
    bool is_truth, truth, is_number;
    double number;
} eh_campaign_saying;

typedef struct {
    const char *name;           /* of the file without .yaml: a word */
    const char *title;          /* for people */
    const char *purpose;        /* why the shop writes, in words for the customer */
    const char *channel;        /* "email", "sms", ... */
    const char *product_group;  /* NULL; for the soft opt-in */
    const char *on_behalf_of;   /* who pays when it is not the shop; NULL */
    const char *category;       /* "retail"; credit, insurance, jobs, housing ... need more than this program decides */
    const char *approved_by;    /* NULL */
    const char *audience;       /* SQL condition over the people's columns; NULL: all people */
    eh_choose choose;
    bool choose_effect;         /* the model says what the message changes, not how likely the outcome is */
    const char *outcome;        /* of the workspace; NULL: its first */
    const eh_offer *offers;
    size_t offers_count;        /* 1 to EH_OFFERS_MAX */
    const char *currency;       /* "EUR"; NULL: no amounts are given */
    int64_t budget;             /* micros; EH_NO_LIMIT */
    int64_t people_max;         /* EH_NO_LIMIT */
    eh_person_cap caps[EH_PERSON_CAPS_MAX];
    size_t caps_count;
    eh_duration cool_down;      /* after any message of this campaign; 0: none */
    int32_t quiet_from, quiet_to; /* minutes after midnight in the person's zone; equal: none */
    const char *zone_feature;   /* the feature that holds the zone; NULL: the shop's zone for all */
    double holdout;             /* share that gets nothing, to measure against; in [0, 0.5] */
    double explore;             /* share whose offer is drawn by lot, to keep learning; in [0, 0.5] */
    eh_without_ai without_ai;
    size_t without_ai_offer;    /* index into offers */
    bool repair;                /* the plan may repair itself when a guard is violated; else it stops */
    double ratio_min;           /* guard of selection rates; 0.8 */
    double confidence;          /* 0.95 */
    const eh_campaign_saying *says;
    size_t says_count;
} eh_campaign;

typedef struct eh_campaign_file eh_campaign_file;

/** Reads a campaign; `name` is the file's name for errors. Keeps a copy of the text. errors: EH_INPUT with line and column; EH_LIMIT */
EH_MUST_USE eh_code eh_campaign_parse(eh_view text, const char *name, eh_campaign_file **file_out, eh_error *error);
EH_MUST_USE eh_code eh_campaign_open(const char *path, eh_campaign_file **file_out, eh_error *error);
void eh_campaign_close(eh_campaign_file **file);
const eh_campaign *eh_campaign_get(const eh_campaign_file *file);
/** The bytes of the file and their SHA-256: what a trace names as its version. */
eh_view eh_campaign_text(const eh_campaign_file *file);
eh_digest eh_campaign_digest(const eh_campaign_file *file);
/** The error for a place in the file that is found wrong later, e.g. a model that is not there: `key` is "audience", "offers.boots.model". */
eh_code eh_campaign_fail(const eh_campaign_file *file, const char *key, eh_error *error, eh_code code, const char *format, ...)
    EH_PRINTF(5, 6);

/**
 * True when somebody has had enough messages at `at_s`: a cap is reached, or a message of this campaign lies within its cool-down.
 * counted: per cap, messages within it; NULL: none. last_s: the last message of this campaign; 0: none.
 * *messages_out: those within the cap that is reached, else within the first; -1 when there is no cap.
 */
bool eh_campaign_rests(const eh_campaign *campaign, const int64_t *counted, int64_t last_s, int64_t at_s, int64_t *messages_out);

/** An amount of money: "EUR 1,250.00" without currency when that is NULL. Appended to `out`. */
void eh_amount_append(eh_buffer *out, int64_t micros, const char *currency);

#endif
