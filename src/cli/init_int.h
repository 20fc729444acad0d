/**
 * `evenhand init`: from files to a commented evenhand.yaml. Private to this room.
 *
 * init_command.c runs it, init_roles.c decides what each column is, by its name and by its values (init_words.c), init_write.c writes it down.
 */
#ifndef EH_CLI_INIT_INT_H
#define EH_CLI_INIT_INT_H

#include "base/time.h"
#include "cli/cli_int.h"
#include "data/facts.h"
#include "data/workspace.h"

typedef enum {
    EH_ROLE_FEATURE,
    EH_ROLE_KEY,
    EH_ROLE_PERSON,
    EH_ROLE_TIME,
    EH_ROLE_PROTECTED,
    EH_ROLE_OUTCOME,
    EH_ROLE_CONTACT,
    EH_ROLE_LEFT_OUT,
} eh_init_role;

/** What a word or a set of values stands for. */
typedef struct {
    const char *kind;  /* "gender" */
    bool special;      /* a special category of GDPR 9 */
    const char *words; /* "|sex|geschlecht|" : whole tokens of a column's name, lower case */
    const char *starts; /* "|geburt|": beginnings of a token */
} eh_init_name_rule;

typedef struct {
    const char *kind;
    bool special;
    size_t hits_min;         /* different values that must be known */
    const char *words;       /* "|f|m|female|..." whole values */
    const char *contains;    /* "|african american|": parts of values */
    const char *neutral;     /* "|unknown|other|": fit in, and prove nothing */
} eh_init_value_rule;

extern const eh_init_name_rule eh_init_names[];
extern const size_t eh_init_names_count;
extern const eh_init_value_rule eh_init_values[];
extern const size_t eh_init_values_count;
extern const char eh_init_person_words[], eh_init_id_words[], eh_init_outcome_words[], eh_init_amount_words[], eh_init_arm_words[], eh_init_joined_words[];

typedef struct {
    const char *attribute;
    double v;                /* Cramer's V */
} eh_init_proxy;

typedef struct {
    const eh_facts_column *facts;
    const char *name;        /* what it is called in evenhand.yaml */
    eh_init_role role;
    const char *kind;        /* EH_ROLE_PROTECTED: gender; EH_ROLE_CONTACT: email */
    const char *how;         /* by what it was recognised: "by its name", "by its values" */
    bool special;
    const char *why;         /* EH_ROLE_LEFT_OUT */
    eh_init_proxy proxies[EH_ATTRIBUTES_MAX];
    size_t proxies_count;
    double outcome_v;        /* with the outcome */
} eh_init_column;

typedef struct {
    const char *name;
    const char *const *patterns; /* as written into evenhand.yaml */
    const char *const *paths;    /* as this process opens them */
    size_t patterns_count;
    eh_facts profile;
    eh_init_column *columns;
    size_t columns_count;
    const eh_init_column *key, *person, *time;
} eh_init_source;

typedef struct {
    eh_arena *arena;
    const char *folder;      /* DIR */
    const char *shop_name;
    eh_init_source *sources;
    size_t sources_count;
    size_t people;           /* index of the source with one row per person; sources_count: made by a query over `events` */
    size_t events;
    bool each_row;           /* no column tells people apart */
    eh_instant now;
} eh_init;

/** Lower-case tokens of a name: "Q-demos-customerID" -> " q demos customer id ". Lives in the arena; NULL: no memory. */
char *eh_init_tokens(eh_arena *arena, const char *name);
/** Words without what surveys put before every question ("q demos age" -> "age"). */
const char *eh_init_without_noise(const char *words);
/** "email", "phone", "name", "address" or "postcode" for the words of a column that is surely one; NULL. */
const char *eh_init_contact_by_name(const char *tokens);
/** True when `list` ("|a|b|") holds `word`. */
bool eh_init_listed(const char *list, eh_view word);

/** Decides the roles of all columns of all sources and which source holds people. */
EH_MUST_USE eh_code eh_init_roles(eh_init *init, eh_error *error);
/** Appends evenhand.yaml. */
void eh_init_write(const eh_init *init, eh_buffer *out);
/** Appends what was found, in a few lines, for the terminal. */
void eh_init_tell(const eh_init *init, eh_buffer *out);

#endif
