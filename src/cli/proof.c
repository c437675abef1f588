#include <string.h>

#include "cli/commands.h"
#include "cli/document.h"
#include "crypto/digest.h"
#include "eth/address.h"
#include "nsm/user_data.h"
#include "os/file.h"
#include "proto/account_id.h"

enum { VERDICT_SIZE_MAX = 32 << 10 };

/* What is claimed: that the key of this address was born under this name. */
struct claim {
    slice name; /* views the arena */
    eth_address address;
    struct attestation document;
};

static status take_text(struct session *session, const json_value *object, const char *name,
                        slice *text)
{
    slice found;
    REQUIRE(status_is_ok(json_read_string(object, name, 1, SESSION_ID_SIZE_MAX, &found)), CORRUPT,
            "the service's answer lacks a field");
    return arena_copy(&session->arena, found, text);
}

static status take_claim(struct session *session, const json_value *object, struct claim *claim)
{
    slice address;
    TRY(take_text(session, object, "name", &claim->name));
    TRY(take_text(session, object, "address", &address));
    REQUIRE(status_is_ok(address_parse(address, &claim->address)), CORRUPT,
            "the service's answer has an address that is none");
    return document_take(session, object, "proof", &claim->document);
}

/* An answer about somebody else would prove nothing about the account that was asked for. */
static status check_asked(const struct claim *claim, slice asked)
{
    eth_address address;
    if (slice_has_start(asked, slice_text("0x")) && status_is_ok(address_parse(asked, &address))) {
        REQUIRE(address_equal(address, claim->address), DENIED,
                "proof: the service answers with another address");
        return status_ok();
    }
    REQUIRE(slice_equal(asked, claim->name), DENIED,
            "proof: the service answers with another account");
    return status_ok();
}

static status read_service(struct session *session, const char *id, struct claim *claim)
{
    SCOPED(json_close) struct json reply = {0};
    json_value object;
    struct session_call call = {.method = "GET", .is_own_output = true};
    TRY(session_connect(session, flags_text(session->flags, "url")));
    TRY(session_build_path(session, id, "/proof", &call.target));
    TRY(session_send(session, &call, &reply, &object));
    TRY(take_claim(session, &object, claim));
    return check_asked(claim, slice_text(id));
}

static status read_file(struct session *session, const char *path, struct claim *claim)
{
    SCOPED(json_close) struct json json = {0};
    json_value object;
    slice contents;
    const status read = file_read(path, DOCUMENT_FILE_SIZE_MAX, &session->arena, &contents);
    REQUIRE(status_is_ok(read), BAD_INPUT, "proof: the file cannot be read");
    const bool is_claim = status_is_ok(json_open(contents, &session->arena, &json)) &&
                          status_is_ok(json_top_object(&json, &object)) &&
                          status_is_ok(take_claim(session, &object, claim));
    REQUIRE(is_claim, BAD_INPUT,
            "proof: the file must be a service's answer with name, address and proof");
    return status_ok();
}

/* The document is genuine; does it say what is claimed? */
static status check_origin(const struct claim *claim)
{
    uint8_t memory[ACCOUNT_PREIMAGE_SIZE_MAX];
    struct builder preimage;
    struct user_data_proof said;
    REQUIRE(status_is_ok(user_data_read_proof(claim->document.user_data.bytes, &said)), DENIED,
            "proof: the document is not a proof of origin");
    builder_init(&preimage, memory, sizeof memory);
    REQUIRE(status_is_ok(account_preimage_put(claim->name, &preimage)), DENIED,
            "proof: the name is not one that an account can have");
    const hash32 hash = sha256(builder_view(&preimage));
    REQUIRE(slice_equal(slice_of(said.account_id, sizeof said.account_id), hash32_view(&hash)),
            DENIED, "proof: is another account's");
    REQUIRE(slice_equal(slice_of(said.address, sizeof said.address),
                        slice_of(claim->address.bytes, sizeof claim->address.bytes)),
            DENIED, "proof: is for another address");
    return status_ok();
}

static status put_json(struct session *session, const struct claim *claim)
{
    struct builder json;
    slice written;
    builder_init_arena(&json, &session->arena, VERDICT_SIZE_MAX);
    json_put_object_open(&json);
    json_put_name(&json, "verified");
    json_put_bool(&json, true);
    json_put_name(&json, "root");
    json_put_text(&json, flags_text(session->flags, "root") ? "given" : "aws-nitro-enclaves-g1");
    json_put_name(&json, "name");
    json_put_string(&json, claim->name);
    document_put_json(&json, &claim->document);
    json_put_object_close(&json);
    TRY(builder_finish(&json, &written));
    session_put_json(session, written);
    return status_ok();
}

static status verify(struct session *session)
{
    const char *operand = session->flags->operands[0];
    const slice text = slice_text(operand);
    struct claim claim;
    struct attestation_rules rules;
    TRY(document_read_rules(session, &rules));
    rules.is_archived = true;
    /* No name has a slash. */
    TRY(slice_index_of(text, '/') < text.size ? read_file(session, operand, &claim)
                                              : read_service(session, operand, &claim));
    TRY(document_verify(session, &claim.document, &rules));
    TRY(check_origin(&claim));
    if (session->is_json) return put_json(session, &claim);
    session_put_line(session, "name", claim.name);
    document_put(session, &claim.document);
    session_put_line(session, "verified",
                     slice_text(rules.pcrs.present == 0
                                    ? "born in an enclave; no --pcr was given: any image may say so"
                                    : "born in the image of the expected PCRs"));
    return status_ok();
}

status commands_account_verify(struct session *session)
{
    const status verified = verify(session);
    return session->is_json ? session_put_refusal(session, verified) : verified;
}
