#include "enclave/recipients.h"

#include "fixture.h"
#include "nsm/attestation.h"

static int64_t monotonic_ms;

static int64_t read_monotonic(void *context)
{
    (void)context;
    return monotonic_ms;
}

static int64_t read_wall(void *context)
{
    (void)context;
    return clock_wall_ms();
}

static const struct clock held = {.monotonic_ms = read_monotonic, .wall_ms = read_wall};

static struct fixture fixture;
static struct recipients recipients;
static uint64_t module_calls;

static status counted(void *context, slice request, struct builder *response)
{
    module_calls++;
    return nsm_stand_in_call(context, request, response);
}

static void start(void)
{
    monotonic_ms = 1000;
    fixture_open(&(struct fixture_options){0}, &fixture);
    fixture.self.nsm.call = counted;
    module_calls = 0;
    expect_ok("open", recipients_open(&fixture.self, &held, &recipients));
}

static void stop(void)
{
    recipients_close(&recipients);
    fixture_close(&fixture);
}

static void use(struct recipients_use *use)
{
    arena_empty(&fixture.arena);
    expect_ok("use", recipients_use_open(&recipients, &fixture.arena, use));
}

static void document_for_kms(void)
{
    struct attestation document;
    boot_id boot;
    start();
    SCOPED(recipients_use_close) struct recipients_use taken = {0};
    use(&taken);
    expect_ok("read", attestation_read(taken.document, &document));
    const struct attestation_rules rules = {
        .root = identity_certificate_view(&fixture.root.certificate),
        .now_ms = clock_wall_ms(),
        .max_age_s = 300,
    };
    expect_ok("verify", attestation_verify(&document, &rules));
    expect_bytes("our key", document.public_key.bytes, recipient_public_key(taken.recipient));
    expect_true("no nonce", !document.nonce.is_present);
    expect_ok("user data", user_data_read_kms(document.user_data.bytes, &boot));
    expect_bytes("boot", slice_of(boot.bytes, sizeof boot.bytes),
                 slice_of(fixture.self.boot.bytes, sizeof fixture.self.boot.bytes));
    recipients_use_close(&taken);
    stop();
}

static void document_is_kept_for_minutes(void)
{
    start();
    struct recipients_use taken = {0};
    for (int i = 0; i < 3; i++) {
        use(&taken);
        recipients_use_close(&taken);
    }
    expect_u64("asked once", module_calls, 1);
    monotonic_ms += RECIPIENTS_DOCUMENT_AGE_MS_MAX - 1;
    use(&taken);
    recipients_use_close(&taken);
    expect_u64("still young", module_calls, 1);
    monotonic_ms += 1;
    use(&taken);
    recipients_use_close(&taken);
    expect_u64("too old", module_calls, 2);
    fixture.self.nsm.call = NULL;
    use(&taken);
    recipients_use_close(&taken);
    stop();
}

static void renewal_waits_for_users(void)
{
    start();
    struct recipients_use old = {0}, young = {0}, third = {0};
    use(&old);
    const hash32 first = old.recipient->id;
    expect_ok("not due", recipients_renew(&recipients));
    monotonic_ms += RECIPIENTS_RENEWAL_MS - 1;
    expect_ok("not due", recipients_renew(&recipients));
    expect_true("the same", hash32_equal(&recipients.current->recipient.id, &first));
    monotonic_ms += 1;
    expect_ok("due", recipients_renew(&recipients));
    use(&young);
    expect_true("another", !hash32_equal(&young.recipient->id, &first));
    expect_true("the old one lives", hash32_equal(&old.recipient->id, &first));
    expect_true("and works", old.recipient->pkey != NULL);
    monotonic_ms += RECIPIENTS_RENEWAL_MS;
    expect_kind("no room while it is used", recipients_renew(&recipients), FAILURE_UNAVAILABLE);
    struct recipients_entry *entry = old.entry;
    recipients_use_close(&old);
    expect_true("its last user closes it", entry->recipient.pkey == NULL);
    expect_ok("room", recipients_renew(&recipients));
    use(&third);
    expect_true("new again", !hash32_equal(&third.recipient->id, &young.recipient->id));
    recipients_use_close(&young);
    recipients_use_close(&third);
    recipients_use_close(&third);
    stop();
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"document for KMS", document_for_kms},
        {"document is kept for minutes", document_is_kept_for_minutes},
        {"renewal waits for users", renewal_waits_for_users},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
