#include "parent/proof.h"

#include "crypto/digest.h"
#include "parent/accounts.h"
#include "parent/attestation.h"

static slice view(const struct stored_account *account)
{
    return slice_of(account->proof, account->proof_size);
}

status proof_check(const struct stored_account *account)
{
    const account_id id = accounts_id_of(slice_text(account->name));
    const hash32 record_hash = sha256(slice_of(account->record, account->record_size));
    struct attestation_origin origin;
    eth_address address;
    TRY(attestation_read_origin(view(account), &origin));
    TRY(address_parse(slice_text(account->address), &address));
    REQUIRE(account_id_equal(&origin.id, &id), CORRUPT,
            "enclave: the proof of origin is another account's");
    REQUIRE(address_equal(origin.address, address), CORRUPT,
            "enclave: the proof of origin is for another address");
    REQUIRE(hash32_equal(&origin.record_hash, &record_hash), CORRUPT,
            "enclave: the proof of origin is for another record");
    return status_ok();
}

static void put_address(struct builder *json, const char *text)
{
    eth_address address;
    uint8_t memory[ADDRESS_TEXT_SIZE];
    struct builder checksummed;
    if (!status_is_ok(address_parse(slice_text(text), &address))) {
        json_put_text(json, text);
        return;
    }
    builder_init(&checksummed, memory, sizeof memory);
    address_print(&checksummed, address);
    json_put_string(json, builder_view(&checksummed));
}

static enum request_next answer(struct request *request, const struct stored_account *account)
{
    struct builder body;
    builder_init_arena(&body, &request->memory, 2 * MESSAGE_DOCUMENT_SIZE_MAX + 8192);
    json_put_object_open(&body);
    json_put_name(&body, "name");
    json_put_text(&body, account->name);
    json_put_name(&body, "address");
    put_address(&body, account->address);
    json_put_name(&body, "proof");
    json_put_base64(&body, view(account));
    json_put_name(&body, "unverified");
    json_put_object_open(&body);
    const status put = attestation_put_fields(view(account), &body);
    if (!status_is_ok(put)) return request_fail(request, put);
    json_put_object_close(&body);
    json_put_object_close(&body);
    return request_answer(request, 200, &body);
}

static enum request_next show_on_worker(struct request *request, struct arena *arena)
{
    struct stored_account *account;
    const status loaded = accounts_load(request, arena, &account);
    if (!status_is_ok(loaded)) return accounts_fail_load(request, loaded);
    if (account->proof_size == 0) {
        return request_refuse(request, PROBLEM_NO_PROOF, slice_of(NULL, 0),
                              slice_text("account: has no proof of origin"));
    }
    return answer(request, account);
}

enum request_next proof_handle(struct request *request)
{
    const status unasked = request_check_parameters(request, NULL, 0);
    if (!status_is_ok(unasked)) return request_fail(request, unasked);
    return request_hand_over(request, show_on_worker);
}
