#include "enclave/kms_client.h"

#include <stdalign.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/json.h"
#include "certificates.h"
#include "fixture.h"
#include "http/reader.h"
#include "net/listener.h"
#include "nsm/attestation.h"
#include "os/random.h"

/* How the scripted KMS answers a call. */
enum answer {
    RIGHT,
    OTHER_KEY_ID,
    OTHER_RECIPIENT,
    SHORT_KEY,
    PLAINTEXT_TOO,
    NO_ENVELOPE,
    NOT_JSON,
    NOT_HTTP,
    DENIED,
    EXPIRED,
    THROTTLED,
    BROKEN,
    CUT,
    SILENT,
};

static struct kms {
    struct listener listener;
    struct tls_server tls;
    pthread_t thread;
    _Atomic bool is_stopping;
    _Atomic uint64_t connection_count, call_count;
    enum answer answers[8]; /* in order; then RIGHT */
    struct secret32 key;    /* what the envelopes hold */
    char context[512];      /* the last call's encryption context, as JSON */
    slice root;             /* of attestation documents */
    char failure[128];      /* the first thing found wrong with a call */
} kms;

static struct fixture fixture;
static struct recipients recipients;
static struct kms_client client;
static struct recipient stranger;
static struct certificate authority, server_certificate;

static const char edk_text[] = "an encrypted data key";

static void wrong(const char *what)
{
    if (kms.failure[0] == '\0') snprintf(kms.failure, sizeof kms.failure, "%s", what);
}

/* The public key of the document in a call, after verifying the document. */
static bool document_key(const json_value *body, uint8_t *memory, struct attestation *document)
{
    json_value recipient;
    slice text, algorithm;
    struct builder bytes;
    builder_init(&bytes, memory, ATTESTATION_SIZE_MAX);
    if (!status_is_ok(json_read_object(body, "Recipient", &recipient)) ||
        !status_is_ok(json_read_string(&recipient, "KeyEncryptionAlgorithm", 1, 64, &algorithm)) ||
        !slice_equal(algorithm, slice_text("RSAES_OAEP_SHA_256")) ||
        !status_is_ok(json_read_string(&recipient, "AttestationDocument", 1, 30000, &text)) ||
        !status_is_ok(base64_put_decoded(&bytes, text)) ||
        !status_is_ok(attestation_read(builder_view(&bytes), document))) {
        return false;
    }
    const struct attestation_rules rules = {
        .root = kms.root, .now_ms = clock_wall_ms(), .max_age_s = 300};
    boot_id boot;
    return status_is_ok(attestation_verify(document, &rules)) && document->public_key.is_present &&
           !document->nonce.is_present &&
           status_is_ok(user_data_read_kms(document->user_data.bytes, &boot));
}

static void envelope_put(struct builder *json, enum answer answer,
                         const struct attestation *document)
{
    static uint8_t memory[RECIPIENT_ENVELOPE_SIZE_MAX];
    struct builder envelope;
    struct recipient_seal seal = {
        .public_key = answer == OTHER_RECIPIENT ? recipient_public_key(&stranger)
                                                : document->public_key.bytes,
        .plaintext = slice_of(kms.key.bytes, answer == SHORT_KEY ? 31 : 32),
        .content_key = {{3}},
        .is_constructed = atomic_load(&kms.call_count) % 2 == 0,
    };
    builder_init(&envelope, memory, sizeof memory);
    if (!status_is_ok(recipient_seal(&seal, &envelope))) wrong("envelope cannot be made");
    json_put_name(json, "CiphertextForRecipient");
    json_put_base64(json, builder_view(&envelope));
}

static void success_put(struct builder *json, enum answer answer, const json_value *body,
                        const struct attestation *document)
{
    slice arn;
    if (!status_is_ok(json_read_string(body, "KeyId", 1, 300, &arn))) wrong("no KeyId");
    json_put_object_open(json);
    json_put_name(json, "KeyId");
    json_put_string(json, answer == OTHER_KEY_ID ? slice_text(FIXTURE_OTHER_ARN) : arn);
    json_put_name(json, "CiphertextBlob");
    json_put_base64(json, slice_text(edk_text));
    if (answer != NO_ENVELOPE) envelope_put(json, answer, document);
    if (answer == PLAINTEXT_TOO) {
        json_put_name(json, "Plaintext");
        json_put_base64(json, slice_text("00112233445566778899aabbccddeeff"));
    }
    json_put_object_close(json);
}

static const struct {
    enum answer answer;
    uint16_t code;
    const char *body;
} errors[] = {
    {DENIED, 400, "{\"__type\":\"AccessDeniedException\",\"Message\":\"no\"}"},
    {EXPIRED, 400, "{\"__type\":\"ExpiredTokenException\",\"message\":\"old\"}"},
    {THROTTLED, 400, "{\"__type\":\"ThrottlingException\",\"message\":\"slow\"}"},
    {BROKEN, 500, "{\"__type\":\"KMSInternalException\"}"},
    {NOT_JSON, 200, "<html>"},
};

/* The response to one request, or nothing for answers that are none. */
static void response_put(const struct http_request *request, enum answer answer,
                         struct builder *text)
{
    static uint8_t body_memory[32768], document_memory[ATTESTATION_SIZE_MAX];
    struct http_response response = {.code = 200, .reason = slice_text("OK")};
    struct builder json;
    SCOPED(json_close) struct json document = {0};
    json_value body, context;
    static struct attestation attestation;
    alignas(max_align_t) static uint8_t parsed_memory[16384];
    struct arena arena;
    slice ignored;
    arena_init(&arena, parsed_memory, sizeof parsed_memory);
    builder_init(&json, body_memory, sizeof body_memory);
    if (!http_headers_find(&request->headers, "authorization", &ignored)) wrong("is not signed");
    if (!status_is_ok(json_open(request->body, &arena, &document)) ||
        !status_is_ok(json_top_object(&document, &body)) ||
        !status_is_ok(json_read_object(&body, "EncryptionContext", &context))) {
        wrong("body is not as it should be");
        return;
    }
    struct builder context_text;
    builder_init(&context_text, kms.context, sizeof kms.context - 1);
    builder_put(&context_text, json_value_raw(&context));
    kms.context[context_text.size] = '\0';
    if (!document_key(&body, document_memory, &attestation)) wrong("document does not verify");
    for (size_t i = 0; i < ARRAY_COUNT(errors); i++) {
        if (errors[i].answer != answer) continue;
        response.code = errors[i].code;
        builder_put_text(&json, errors[i].body);
    }
    if (json.size == 0) success_put(&json, answer, &body, &attestation);
    response.body = builder_view(&json);
    if (answer == NOT_HTTP) {
        builder_put_text(text, "good day\r\n\r\n");
    } else if (!status_is_ok(http_response_print(&response, text))) {
        wrong("response cannot be printed");
    }
    if (answer == CUT) text->size /= 2;
}

static void wait_until_stopped(void)
{
    const struct timespec pause = {0, 1000000};
    while (!atomic_load(&kms.is_stopping)) nanosleep(&pause, NULL);
}

/* Serves calls on one connection until it ends. */
static void connection_serve(struct stream *stream)
{
    static uint8_t memory[65536], text_memory[65536];
    struct http_reader reader;
    http_reader_init(&reader, memory, sizeof memory);
    for (;;) {
        struct http_request request;
        struct builder text;
        bool is_done = false;
        while (!is_done) {
            size_t room = 0, got = 0;
            uint8_t *space = http_reader_space(&reader, &room);
            if (!status_is_ok(stream_read(stream, space, room, clock_deadline_ms(100), &got))) {
                if (atomic_load(&kms.is_stopping) || !stream_is_open(stream)) return;
                if (!stream_is_idle(stream)) return;
                continue;
            }
            if (got == 0) return;
            http_reader_add(&reader, got);
            if (!status_is_ok(http_reader_request(&reader, &request, &is_done))) return;
        }
        const uint64_t index = atomic_fetch_add(&kms.call_count, 1);
        const enum answer answer = index < ARRAY_COUNT(kms.answers) ? kms.answers[index] : RIGHT;
        if (answer == SILENT) {
            wait_until_stopped();
            return;
        }
        builder_init(&text, text_memory, sizeof text_memory);
        response_put(&request, answer, &text);
        if (!status_is_ok(stream_write(stream, builder_view(&text), clock_deadline_ms(1000)))) {
            return;
        }
        http_reader_next(&reader);
        if (answer == CUT || answer == NOT_HTTP) return;
    }
}

static void *kms_run(void *context)
{
    (void)context;
    while (!atomic_load(&kms.is_stopping)) {
        struct stream stream = {0};
        if (!status_is_ok(listener_accept(&kms.listener, clock_deadline_ms(20), &stream))) continue;
        atomic_fetch_add(&kms.connection_count, 1);
        if (status_is_ok(tls_server_start(&kms.tls, clock_deadline_ms(1000), &stream))) {
            connection_serve(&stream);
        }
        stream_close(&stream);
    }
    return NULL;
}

/* What is wrong with the server's certificate, if anything. */
struct tls_wish {
    const char *host; /* NULL: the right one */
    bool is_expired, has_other_authority;
};

static void certificates_make(const struct tls_wish *wish)
{
    static struct certificate other;
    const int64_t now_s = clock_wall_ms() / 1000;
    char names[300];
    const struct certificate_wish root = {
        .common_name = "roots",
        .is_authority = true,
        .not_before_s = now_s - 1000,
        .not_after_s = now_s + 100000,
    };
    certificate_open(&authority, &root);
    certificate_open(&other, &root);
    snprintf(names, sizeof names, "DNS:%s", wish->host ? wish->host : fixture.config.kms_host);
    const struct certificate_wish leaf = {
        .common_name = "kms",
        .alternative_name = names,
        .usage = "serverAuth",
        .not_before_s = now_s - 500,
        .not_after_s = wish->is_expired ? now_s - 10 : now_s + 1000,
        .issuer = wish->has_other_authority ? &other : &authority,
    };
    certificate_open(&server_certificate, &leaf);
    certificate_close(&other);
}

/* RSA keys take long to make: one of each serves all tests. */
static void keys_make(const struct clock *clock)
{
    if (!recipients.is_open) {
        expect_ok("stranger", recipient_open(&stranger));
        expect_ok("recipients", recipients_open(&fixture.self, clock, &recipients));
    }
    /* The document kept is one of an identity before. */
    recipients.current->document_size = 0;
}

static void start(const enum answer *answers, size_t count, const struct tls_wish *wish)
{
    fixture_open(&(struct fixture_options){0}, &fixture);
    memset(&kms, 0, sizeof kms);
    for (size_t i = 0; i < count; i++) kms.answers[i] = answers[i];
    kms.root = identity_certificate_view(&fixture.root.certificate);
    expect_ok("random", random_read(kms.key.bytes, sizeof kms.key.bytes));
    certificates_make(wish);
    const struct tls_identity identity = {certificate_pem(&server_certificate),
                                          certificate_key_pem(&server_certificate)};
    const struct clock clock = clock_system();
    fixture.config.kms_dial = fixture.config.listen;
    expect_ok("TLS", tls_server_open(&identity, &kms.tls));
    expect_ok("listen", listener_open(&fixture.config.kms_dial, &kms.listener));
    keys_make(&clock);
    const struct kms_client_settings settings = {
        .config = &fixture.config,
        .roots_pem = certificate_pem(&authority),
        .clock = clock,
        .recipients = &recipients,
        .statistics = &fixture.statistics,
    };
    expect_ok("client", kms_client_open(&settings, &client));
    pthread_create(&kms.thread, NULL, kms_run, NULL);
}

static void stop(void)
{
    atomic_store(&kms.is_stopping, true);
    pthread_join(kms.thread, NULL);
    kms_client_close(&client);
    listener_close(&kms.listener);
    tls_server_close(&kms.tls);
    certificate_close(&authority);
    certificate_close(&server_certificate);
    expect_text("what KMS found wrong", slice_text(kms.failure), "");
    fixture_close(&fixture);
}

struct outcome {
    status result;
    struct secret32 key;
    slice edk;
};

static struct outcome call(bool is_decrypt, int64_t duration_ms)
{
    static struct aws_credentials credentials;
    const struct aws_credentials_parts parts = {
        .access_key_id = slice_text("ASIAIOSFODNN7EXAMPLE"),
        .secret = slice_text("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        .session_token = slice_text("token"),
    };
    const struct encryption_context_subject subject = {
        .environment = slice_text("test"), .epoch = 7, .account_id = {{0xab}}};
    struct encryption_context context;
    struct outcome outcome = {0};
    const struct keys_port port = kms_client_port(&client);
    expect_ok("credentials", aws_credentials_init(&parts, &credentials));
    expect_ok("context", encryption_context_init(&context, &subject));
    const struct keys_request request = {
        .key_arn = slice_text(FIXTURE_ARN),
        .context = &context,
        .edk = is_decrypt ? slice_text(edk_text) : (slice){0},
        .credentials = &credentials,
        .deadline_ms = clock_deadline_ms(duration_ms),
    };
    arena_empty(&fixture.arena);
    if (is_decrypt) {
        outcome.result = port.decrypt(port.context, &request, &fixture.arena, &outcome.key);
    } else {
        struct keys_generated generated = {0};
        outcome.result = port.generate(port.context, &request, &fixture.arena, &generated);
        outcome.key = generated.key;
        outcome.edk = generated.edk;
    }
    return outcome;
}

static const struct {
    const char *name;
    enum answer answers[4];
    uint64_t calls; /* how many KMS sees */
    enum failure_kind kind;
    const char *refusal;
} rows[] = {
    {"right", {RIGHT}, 1, 0, NULL},
    {"another KeyId", {OTHER_KEY_ID}, 1, FAILURE_CORRUPT, NULL},
    {"envelope for another key",
     {OTHER_RECIPIENT},
     1,
     FAILURE_CORRUPT,
     "kms: the data key in the reply is not sealed to this enclave"},
    {"31 bytes",
     {SHORT_KEY},
     1,
     FAILURE_CORRUPT,
     "kms: the data key in the reply is not sealed to this enclave"},
    {"a plaintext", {PLAINTEXT_TOO}, 1, FAILURE_CORRUPT, NULL},
    {"no envelope", {NO_ENVELOPE}, 1, FAILURE_CORRUPT, NULL},
    {"not JSON", {NOT_JSON}, 1, FAILURE_CORRUPT, NULL},
    {"not HTTP", {NOT_HTTP}, 1, FAILURE_CORRUPT, NULL},
    {"key policy",
     {DENIED},
     1,
     FAILURE_DENIED,
     "kms: the key policy does not allow this enclave image, or not this role"},
    {"old credentials", {EXPIRED}, 1, FAILURE_UNAVAILABLE, "aws: the credentials have expired"},
    {"throttled once", {THROTTLED}, 2, 0, NULL},
    {"throttled twice", {THROTTLED, THROTTLED}, 3, 0, NULL},
    {"throttled for good",
     {THROTTLED, THROTTLED, THROTTLED},
     3,
     FAILURE_UNAVAILABLE,
     "aws: the service asks for fewer calls"},
    {"broken, then throttled", {BROKEN, THROTTLED}, 3, 0, NULL},
    {"cut, then right", {CUT}, 2, 0, NULL},
    {"throttled, then denied", {THROTTLED, DENIED}, 2, FAILURE_DENIED, NULL},
};

static void answers_of_kms(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        for (int is_decrypt = 0; is_decrypt < 2; is_decrypt++) {
            runner_row(rows[i].name);
            start(rows[i].answers, ARRAY_COUNT(rows[i].answers), &(struct tls_wish){0});
            const struct outcome outcome = call(is_decrypt, 5000);
            expect_u64("calls", atomic_load(&kms.call_count), rows[i].calls);
            if (rows[i].kind != 0) {
                expect_kind("refused", outcome.result, rows[i].kind);
                if (rows[i].refusal) expect_refused("why", outcome.result, rows[i].refusal);
                expect_true("told apart", kms_client_is_image_refused(outcome.result) ==
                                              (rows[i].kind == FAILURE_DENIED));
            } else {
                expect_ok("call", outcome.result);
                expect_bytes("key", slice_of(outcome.key.bytes, 32), slice_of(kms.key.bytes, 32));
                if (!is_decrypt) expect_text("edk", outcome.edk, edk_text);
            }
            stop();
        }
    }
}

static void what_is_sent(void)
{
    start(NULL, 0, &(struct tls_wish){0});
    expect_ok("first", call(false, 5000).result);
    expect_text("context", slice_text(kms.context),
                "{\"acct\":\"ab00000000000000000000000000000000000000000000000000000000000000\","
                "\"app\":\"enw1\",\"env\":\"test\","
                "\"epoch\":\"7\",\"kind\":\"1\"}");
    expect_ok("second", call(true, 5000).result);
    expect_u64("one connection", atomic_load(&kms.connection_count), 1);
    expect_u64("counted", atomic_load(&fixture.statistics.kms[STATISTICS_GENERATE_DATA_KEY][0]), 1);
    expect_u64("counted", atomic_load(&fixture.statistics.kms[STATISTICS_DECRYPT][0]), 1);
    stop();
}

static void silence_ends_at_the_deadline(void)
{
    static const enum answer silent[] = {SILENT};
    start(silent, 1, &(struct tls_wish){0});
    const int64_t started_ms = clock_monotonic_ms();
    const struct outcome outcome = call(true, 300);
    expect_kind("unavailable", outcome.result, FAILURE_UNAVAILABLE);
    const int64_t lasted_ms = clock_monotonic_ms() - started_ms;
    expect_true("at the deadline", lasted_ms >= 290 && lasted_ms < KMS_CLIENT_ATTEMPT_MS_MAX);
    stop();
}

static void wrong_servers(void)
{
    static const struct {
        const char *name;
        struct tls_wish wish;
        const char *refusal;
    } servers[] = {
        {"another name",
         {.host = "kms.eu-west-2.amazonaws.com"},
         "tls: certificate is for another name"},
        {"expired", {.is_expired = true}, "tls: certificate is outside its time of validity"},
        {"another authority",
         {.has_other_authority = true},
         "tls: certificate is not from a trusted authority"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(servers); i++) {
        runner_row(servers[i].name);
        start(NULL, 0, &servers[i].wish);
        const struct outcome outcome = call(true, 60000);
        expect_refused("refused", outcome.result, servers[i].refusal);
        expect_u64("nothing was said", atomic_load(&kms.call_count), 0);
        expect_u64("not repeated", atomic_load(&kms.connection_count), 1);
        stop();
    }
}

static void nobody_there(void)
{
    start(NULL, 0, &(struct tls_wish){0});
    fixture.config.kms_dial.path[0] = '/';
    snprintf(client.http.settings.origin.path, sizeof client.http.settings.origin.path,
             "/tmp/nobody-listens-here");
    const int64_t started_ms = clock_monotonic_ms();
    expect_kind("unavailable", call(true, 60000).result, FAILURE_UNAVAILABLE);
    expect_true("soon", clock_monotonic_ms() - started_ms < 30000);
    stop();
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"answers of KMS", answers_of_kms},
        {"what is sent", what_is_sent},
        {"silence ends at the deadline", silence_ends_at_the_deadline},
        {"wrong servers", wrong_servers},
        {"nobody there", nobody_there},
    };
    const int result = runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
    recipients_close(&recipients);
    recipient_close(&stranger);
    return result;
}
