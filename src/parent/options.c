#include "parent/options.h"

#include "net/tls.h"
#include "os/file.h"
#include "parent/enclave_link.h"
#include "parent/record_cache.h"
#include "parent/service.h"

static const struct flag table[] = {
    {.name = "listen",
     .shape = FLAG_TEXT,
     .value_name = "ENDPOINT",
     .environment = "ENW_LISTEN",
     .fallback = "tcp:127.0.0.1:8080",
     .help = "where to serve HTTP: tcp:ADDRESS:PORT or unix:/PATH"},
    {.name = "token-file",
     .shape = FLAG_TEXT,
     .value_name = "FILE",
     .environment = "ENW_TOKEN_FILE",
     .help = "holds the bearer token; readable by its owner only"},
    {.name = "no-token",
     .shape = FLAG_SWITCH,
     .help = "let every caller in; only with a loopback address or a Unix socket"},
    {.name = "enclave",
     .shape = FLAG_TEXT,
     .value_name = "ENDPOINT",
     .environment = "ENW_ENCLAVE",
     .is_required = true,
     .help = "the enclave: vsock:CID:PORT, hybrid:/PATH:PORT or unix:/PATH"},
    {.name = "enclave-connections",
     .shape = FLAG_TEXT,
     .value_name = "N",
     .fallback = "2",
     .help = "pipelined connections to the enclave, 1 to 16"},
    {.name = "store",
     .shape = FLAG_TEXT,
     .value_name = "STORE",
     .environment = "ENW_STORE",
     .is_required = true,
     .help = "sqlite:/PATH, dynamodb:TABLE or memory:"},
    {.name = "region",
     .shape = FLAG_TEXT,
     .value_name = "REGION",
     .environment = "AWS_REGION",
     .help = "AWS region of the table and of the Security Token Service"},
    {.name = "dynamodb-endpoint",
     .shape = FLAG_TEXT,
     .value_name = "URL",
     .help = "another DynamoDB than the region's own"},
    {.name = "ca-file",
     .shape = FLAG_TEXT,
     .value_name = "FILE",
     .fallback = "/etc/ssl/certs/ca-certificates.crt",
     .help = "certificate authorities trusted for AWS services"},
    {.name = "imds-endpoint",
     .shape = FLAG_TEXT,
     .value_name = "URL",
     .environment = "AWS_EC2_METADATA_SERVICE_ENDPOINT",
     .fallback = "http://169.254.169.254",
     .help = "the instance metadata service"},
    {.name = "sts-endpoint",
     .shape = FLAG_TEXT,
     .value_name = "URL",
     .help = "another Security Token Service than the region's own"},
    {.name = "key-arn",
     .shape = FLAG_TEXT,
     .value_name = "ARN",
     .environment = "ENW_KEY_ARN",
     .help = "KMS key for new accounts; must be pinned in the enclave (default: its first)"},
    {.name = "record-cache",
     .shape = FLAG_TEXT,
     .value_name = "N",
     .fallback = "10000",
     .help = "sealed records kept in memory, 0 to 1000000"},
    {.name = "workers",
     .shape = FLAG_TEXT,
     .value_name = "N",
     .fallback = "16",
     .help = "threads for the store and for creating accounts, 1 to 64"},
    {.name = "tls-certificate",
     .shape = FLAG_TEXT,
     .value_name = "FILE",
     .help = "serve HTTPS with this certificate chain (PEM)"},
    {.name = "tls-key",
     .shape = FLAG_TEXT,
     .value_name = "FILE",
     .help = "its private key (PEM); readable by its owner only"},
    {.name = "tls-client-ca",
     .shape = FLAG_TEXT,
     .value_name = "FILE",
     .help = "require client certificates from these authorities (PEM)"},
    {.name = "metrics-open", .shape = FLAG_SWITCH, .help = "serve /metrics without the token"},
    {.name = "log-level",
     .shape = FLAG_TEXT,
     .value_name = "LEVEL",
     .environment = "ENW_LOG_LEVEL",
     .fallback = "info",
     .help = "debug, info, warn or error"},
    {.name = "ready-file",
     .shape = FLAG_TEXT,
     .value_name = "FILE",
     .help = "written with the endpoint once it is being served"},
};

const struct flags_program options_program = {
    .name = "enw-parent",
    .version = "0.1.0",
    .summary = "The HTTP service beside the enclave: accounts and signatures.",
    .table = table,
    .count = ARRAY_COUNT(table),
};

static status read_count(const struct flags *flags, const char *name, struct flags_range range,
                         size_t *count)
{
    uint64_t value;
    TRY(flags_read_u64(flags, name, range, &value));
    *count = (size_t)value;
    return status_ok();
}

/* An address that only this machine can reach. */
static bool is_local(const endpoint *where)
{
    if (where->kind == ENDPOINT_UNIX) return true;
    if (where->kind != ENDPOINT_TCP) return false;
    const slice host = slice_text(where->host);
    return slice_has_start(host, slice_text("127.")) || slice_equal(host, slice_text("::1")) ||
           slice_equal(host, slice_text("localhost"));
}

static status read_tokens(const struct flags *flags, struct options *options)
{
    const char *path = flags_text(flags, "token-file");
    const bool is_off = flags_is_on(flags, "no-token");
    REQUIRE(path || is_off, BAD_INPUT, "token: --token-file is needed (or --no-token)");
    REQUIRE(!path || !is_off, BAD_INPUT,
            "token: --token-file and --no-token contradict each other");
    REQUIRE(!is_off || is_local(&options->listen), BAD_INPUT,
            "token: --no-token needs a loopback address or a Unix socket");
    return path ? tokens_read_file(path, &options->tokens) : status_ok();
}

/* The library takes texts that end with a NUL. */
static status read_pem(const char *path, bool is_private, struct arena *arena, slice *pem)
{
    struct builder builder;
    builder_init_arena(&builder, arena, TLS_PEM_SIZE_MAX);
    TRY(is_private ? file_put_private(path, &builder) : file_put(path, &builder));
    builder_put_u8(&builder, 0);
    TRY(builder_finish(&builder, pem));
    pem->size--;
    return status_ok();
}

static status read_tls(const struct flags *flags, struct arena *arena, struct options *options)
{
    const char *certificate = flags_text(flags, "tls-certificate");
    const char *key = flags_text(flags, "tls-key");
    const char *client_ca = flags_text(flags, "tls-client-ca");
    REQUIRE(!certificate == !key, BAD_INPUT,
            "tls: --tls-certificate and --tls-key belong together");
    REQUIRE(certificate || !client_ca, BAD_INPUT,
            "tls: --tls-client-ca needs --tls-certificate and --tls-key");
    if (certificate) TRY(read_pem(certificate, false, arena, &options->tls.certificate_pem));
    if (key) TRY(read_pem(key, true, arena, &options->tls.key_pem));
    if (client_ca) TRY(read_pem(client_ca, false, arena, &options->tls.client_ca_pem));
    return status_ok();
}

static status read_endpoints(const struct flags *flags, struct options *options)
{
    TRY(endpoint_parse(slice_text(flags_text(flags, "listen")), &options->listen));
    REQUIRE(options->listen.kind == ENDPOINT_TCP || options->listen.kind == ENDPOINT_UNIX,
            BAD_INPUT, "listen: must be tcp:ADDRESS:PORT or unix:/PATH");
    return endpoint_parse(slice_text(flags_text(flags, "enclave")), &options->enclave);
}

static status read_counts(const struct flags *flags, struct options *options)
{
    TRY(read_count(flags, "enclave-connections",
                   (struct flags_range){1, ENCLAVE_LINK_CONNECTION_COUNT_MAX},
                   &options->enclave_connection_count));
    TRY(read_count(flags, "record-cache", (struct flags_range){0, RECORD_CACHE_COUNT_MAX},
                   &options->record_cache_count));
    return read_count(flags, "workers", (struct flags_range){1, WORKERS_THREAD_COUNT_MAX},
                      &options->worker_count);
}

status options_read(const struct flags *flags, struct arena *arena, struct options *options)
{
    *options = (struct options){
        .metrics_are_open = flags_is_on(flags, "metrics-open"),
        .store = flags_text(flags, "store"),
        .region = flags_text(flags, "region"),
        .dynamodb_endpoint = flags_text(flags, "dynamodb-endpoint"),
        .ca_file = flags_text(flags, "ca-file"),
        .imds_endpoint = flags_text(flags, "imds-endpoint"),
        .sts_endpoint = flags_text(flags, "sts-endpoint"),
        .key_arn = flags_text(flags, "key-arn"),
        .ready_file = flags_text(flags, "ready-file"),
    };
    TRY(log_level_parse(slice_text(flags_text(flags, "log-level")), &options->log_level));
    TRY(read_endpoints(flags, options));
    TRY(read_counts(flags, options));
    TRY(read_tokens(flags, options));
    return read_tls(flags, arena, options);
}
