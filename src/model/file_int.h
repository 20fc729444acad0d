/** Private to src/model: the parts of a model's file. */
#ifndef EH_MODEL_FILE_INT_H
#define EH_MODEL_FILE_INT_H

#include "base/json.h"
#include "model/model.h"

/** Opens the document: schema version, and 64 zeros where the hash will stand. Close the object, then call eh_document_seal. */
void eh_document_open(eh_json_writer *json, const char *kind);
/** Puts the SHA-256 of the whole text in place of the zeros. */
EH_MUST_USE eh_code eh_document_seal(eh_buffer *out, eh_error *error);
/** Checks the hash and the schema version of a text, and parses it. */
EH_MUST_USE eh_code eh_document_read(eh_view text, const char *name, eh_json_document **document_out, eh_error *error);

/** The members of a model, between the braces. */
void eh_model_members_write(eh_json_writer *json, const eh_model *model);
/** A model from such an object. `where` stands in errors: "model.json" or "model.json: offers[0]". */
EH_MUST_USE eh_code eh_model_members_read(eh_json_value value, const char *where, eh_arena *arena, eh_model **model_out, eh_error *error);

#endif
