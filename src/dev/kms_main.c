#include <stdio.h>

#include "base/array.h"
#include "crypto/library.h"
#include "crypto/x509.h"
#include "dev/identity.h"
#include "dev/kms_stand_in.h"
#include "dev/stand_credentials.h"
#include "dev/stand_program.h"
#include "dev/tls_identity.h"
#include "os/file.h"
#include "os/flags.h"
#include "os/log.h"
#include "os/shutdown.h"

enum { ARENA_SIZE = 256 * 1024 };

static const struct flag table[] = {
    {.name = "listen",
     .value_name = "ENDPOINT",
     .fallback = "tcp:127.0.0.1:0",
     .help = "where KMS is served, over TLS"},
    {.name = "tls",
     .value_name = "FOLDER",
     .help = "its authority and certificate; made when missing"},
    {.name = "certificate",
     .value_name = "FILE",
     .help = "a certificate as it is, instead of --tls"},
    {.name = "private-key", .value_name = "FILE", .help = "the certificate's key"},
    {.name = "identity",
     .value_name = "FOLDER",
     .help = "root of attestation documents; made when missing"},
    {.name = "nsm-root", .value_name = "FILE", .help = "the root as PEM, instead of --identity"},
    {.name = "state",
     .value_name = "FILE",
     .help = "where keys and policies are kept; without it, in memory"},
    {.name = "credentials-key",
     .value_name = "FILE",
     .help = "32 bytes that the credentials are made from",
     .is_required = true},
    {.name = "host", .value_name = "NAME", .help = "its name; kms.REGION.amazonaws.com"},
    {.name = "region", .value_name = "NAME", .fallback = "eu-west-1", .help = "the region"},
    {.name = "account", .value_name = "ID", .fallback = "111122223333", .help = "the account"},
    {.name = "role",
     .value_name = "NAME",
     .fallback = "enclave-wallet-parent",
     .help = "the role whose credentials callers have"},
    {.name = "control", .value_name = "ENDPOINT", .help = "where faults are set and counters read"},
    {.name = "ready-file", .value_name = "FILE", .help = "receives the endpoint once it serves"},
    {.name = "accept-unsigned-documents",
     .shape = FLAG_SWITCH,
     .help = "believe attestation documents that nobody signed, as QEMU's module makes them"},
};

static const struct flags_program program = {
    .name = "enw-stand-kms",
    .version = ENW_VERSION,
    .summary = "Stands in for AWS KMS: keys, policies, attestation and envelopes.",
    .table = table,
    .count = ARRAY_COUNT(table),
};

/* The root certificate, as DER in the arena. */
static status read_root(const struct flags *flags, struct arena *arena, slice *root)
{
    static struct identity identity;
    struct builder der;
    slice pem = {0};
    const char *path = flags_text(flags, "nsm-root");
    const char *folder = flags_text(flags, "identity");
    REQUIRE((path != NULL) != (folder != NULL), BAD_INPUT,
            "kms: needs either --identity or --nsm-root");
    if (!path) {
        TRY(identity_open(folder, clock_wall_ms() / 1000, &identity));
        const status copied =
            arena_copy(arena, identity_certificate_view(&identity.certificate), root);
        identity_close(&identity);
        return copied;
    }
    TRY(file_read(path, X509_CERTIFICATE_SIZE_MAX, arena, &pem));
    builder_init_arena(&der, arena, X509_CERTIFICATE_SIZE_MAX);
    TRY(x509_read_pem(pem, &der));
    return builder_finish(&der, root);
}

static status open_tls(const struct flags *flags, struct arena *arena, struct tls_server *server)
{
    char name[TLS_IDENTITY_HOST_SIZE_MAX + 1];
    struct tls_identity identity = {0};
    const char *folder = flags_text(flags, "tls"), *host = flags_text(flags, "host");
    const char *certificate = flags_text(flags, "certificate");
    const char *key = flags_text(flags, "private-key");
    REQUIRE((folder != NULL) != (certificate != NULL && key != NULL), BAD_INPUT,
            "kms: needs either --tls or --certificate and --private-key");
    snprintf(name, sizeof name, "kms.%s.amazonaws.com", flags_text(flags, "region"));
    if (folder) {
        TRY(tls_identity_open(folder, host ? host : name, clock_wall_ms() / 1000, arena,
                              &identity));
    } else {
        TRY(file_read(certificate, TLS_IDENTITY_FILE_SIZE_MAX, arena, &identity.chain_pem));
        TRY(file_read(key, TLS_IDENTITY_FILE_SIZE_MAX, arena, &identity.key_pem));
    }
    return tls_server_open(&identity, server);
}

static status read_settings(const struct flags *flags, struct arena *arena,
                            struct kms_stand_in_settings *settings)
{
    *settings = (struct kms_stand_in_settings){.keys = {.path = flags_text(flags, "state"),
                                                        .account = flags_text(flags, "account"),
                                                        .region = flags_text(flags, "region")},
                                               .role = flags_text(flags, "role"),
                                               .clock = clock_system(),
                                               .accepts_unsigned_documents =
                                                   flags_is_on(flags, "accept-unsigned-documents")};
    TRY(stand_credentials_read_key(flags_text(flags, "credentials-key"),
                                   &settings->credentials_key));
    return read_root(flags, arena, &settings->root);
}

static status run(const struct flags *flags, struct log *log, struct shutdown *shutdown)
{
    static struct kms_stand_in stand_in;
    static struct kms_stand_in_settings settings;
    SCOPED(arena_close) struct arena arena = {0};
    SCOPED(tls_server_close) struct tls_server tls = {0};
    TRY(library_open());
    TRY(arena_open(&arena, ARENA_SIZE));
    TRY(read_settings(flags, &arena, &settings));
    TRY(open_tls(flags, &arena, &tls));
    if (settings.accepts_unsigned_documents) {
        fprintf(stderr,
                "enw-stand-kms: WARNING: believes attestation documents that nobody signed; "
                "their registers are still checked\n");
    }
    TRY(kms_stand_in_open(&settings, &stand_in));
    const struct stand_program served = {.listen = flags_text(flags, "listen"),
                                         .control = flags_text(flags, "control"),
                                         .ready_file = flags_text(flags, "ready-file"),
                                         .tls = &tls,
                                         .service = kms_stand_in_service(&stand_in),
                                         .log = log};
    const status result = stand_program_run(&served, shutdown);
    kms_stand_in_close(&stand_in);
    return result;
}

int main(int argc, char **argv)
{
    static struct flags flags;
    static struct log log;
    SCOPED(shutdown_close) struct shutdown shutdown = {0};
    log_init_standard(&log, program.name);
    const status parsed = flags_parse(&program, argc, argv, &flags);
    if (!status_is_ok(parsed)) {
        flags_explain(&program, argc, argv, parsed);
        return 2;
    }
    if (flags.outcome == FLAGS_DONE) return 0;
    status result = shutdown_open(&shutdown);
    if (status_is_ok(result)) result = run(&flags, &log, &shutdown);
    if (status_is_ok(result)) return 0;
    log_failure(&log, LOG_LEVEL_ERROR, "stopped", slice_text(""), result);
    return 1;
}
