#include "identity_documents.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/json.h"
#include "dev/identity.h"
#include "nsm/attestation.h"
#include "nsm/user_data.h"
#include "os/clock.h"

static const char module_id[] = "i-0123456789abcdef0-enc0123456789abcdef";
static struct identity identity;
static struct identity_leaf leaf;

static void need(status result)
{
    if (!status_is_ok(result)) abort();
}

void identity_put_base64(struct builder *builder, slice bytes, size_t line_size)
{
    static uint8_t memory[65536];
    struct builder text;
    builder_init(&text, memory, sizeof memory);
    base64_put(&text, bytes);
    for (size_t i = 0; i < text.size; i += line_size) {
        if (i > 0) builder_put_text(builder, "\n");
        builder_put(builder, slice_part(builder_view(&text), i,
                                        line_size < text.size - i ? line_size : text.size - i));
    }
}

void identity_documents_open(const char *root_path)
{
    /* Long enough ago for documents that are old. */
    const int64_t now_s = clock_wall_ms() / 1000 - 3600;
    static uint8_t memory[8192];
    struct builder pem;
    FILE *file = fopen(root_path, "w");
    need(identity_open_new(now_s, &identity));
    need(identity_issue(&identity, slice_text(module_id), now_s, &leaf));
    builder_init(&pem, memory, sizeof memory);
    builder_put_text(&pem, "-----BEGIN CERTIFICATE-----\n");
    identity_put_base64(&pem, identity_certificate_view(&identity.certificate), 64);
    builder_put_text(&pem, "\n-----END CERTIFICATE-----\n");
    if (!file || pem.is_over) abort();
    (void)fwrite(memory, 1, pem.size, file);
    (void)fclose(file);
}

void identity_documents_close(void)
{
    identity_leaf_close(&leaf);
    identity_close(&identity);
}

static void put_user_data(struct builder *builder)
{
    const struct user_data_client said = {.is_production = true,
                                          .boot = {{1, 2, 3}},
                                          .boot_ms = 1767322800000,
                                          .config_hash = {{7}},
                                          .epoch = 9};
    user_data_write_client(&said, builder);
}

slice identity_document(const struct identity_saying *saying)
{
    static uint8_t bytes[ATTESTATION_SIZE_MAX];
    uint8_t user_data_bytes[USER_DATA_CLIENT_SIZE], nonce[32];
    struct builder signed_document, user_data;
    const struct attestation_form form = {.key = &leaf.key};
    hash48 value = {{0}};
    builder_init(&user_data, user_data_bytes, sizeof user_data_bytes);
    put_user_data(&user_data);
    for (size_t i = 0; i < sizeof nonce; i++) nonce[i] = (uint8_t)(i % 16 * 0x11);
    nonce[0] ^= saying->nonce_first;
    struct attestation document = {
        .module_id = slice_text(module_id),
        .timestamp_ms = (uint64_t)(clock_wall_ms() - 1000 * saying->age_s),
        .certificate = identity_certificate_view(&leaf.certificate),
        .bundle_count = IDENTITY_BUNDLE_COUNT,
        .user_data = nsm_optional_of(saying->user_data.size > 0 ? saying->user_data
                                                                : builder_view(&user_data)),
    };
    if (!saying->has_no_nonce) document.nonce = nsm_optional_of(slice_of(nonce, sizeof nonce));
    for (size_t i = 0; i < IDENTITY_BUNDLE_COUNT; i++) {
        document.bundle[i] = identity_certificate_view(&leaf.bundle[i]);
    }
    for (unsigned i = 0; i < PCR_LAUNCH_COUNT; i++) {
        memset(value.bytes, i == 0 && !saying->is_debug ? 0xab : 0, sizeof value.bytes);
        pcr_set_put(&document.pcrs, i, &value);
    }
    builder_init(&signed_document, bytes, sizeof bytes);
    need(attestation_write(&document, &form, &signed_document));
    return builder_view(&signed_document);
}

const char *identity_answer(const struct identity_saying *saying)
{
    static char body[65536];
    struct builder json;
    builder_init(&json, body, sizeof body - 1);
    json_put_object_open(&json);
    json_put_name(&json, "document");
    json_put_base64(&json, identity_document(saying));
    json_put_object_close(&json);
    body[json.size] = '\0';
    return body;
}
