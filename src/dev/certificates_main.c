#include <stdio.h>

#include "base/array.h"
#include "crypto/library.h"
#include "dev/tls_identity.h"
#include "os/clock.h"
#include "os/flags.h"

enum { DAY_S = 24 * 3600 };

static const struct flag table[] = {
    {.name = "directory",
     .value_name = "FOLDER",
     .help = "receives ca.pem, server.pem and server.key.pem",
     .is_required = true},
    {.name = "host",
     .value_name = "NAME",
     .help = "the name the certificate is for",
     .is_required = true},
    {.name = "only-host", .shape = FLAG_SWITCH, .help = "not for localhost and 127.0.0.1 as well"},
    {.name = "authority",
     .value_name = "FOLDER",
     .help = "issued by the authority there, instead of the folder's own"},
    {.name = "expired", .shape = FLAG_SWITCH, .help = "ended yesterday"},
    {.name = "not-yet", .shape = FLAG_SWITCH, .help = "begins tomorrow"},
};

static const struct flags_program program = {
    .name = "enw-stand-certificates",
    .version = ENW_VERSION,
    .summary = "Makes TLS certificates for a stand, good ones and such as must be refused.",
    .table = table,
    .count = ARRAY_COUNT(table),
};

static status run(const struct flags *flags)
{
    const int64_t now_s = clock_wall_ms() / 1000;
    struct tls_identity_order order = {.folder = flags_text(flags, "directory"),
                                       .authority = flags_text(flags, "authority"),
                                       .host = flags_text(flags, "host"),
                                       .is_only_host = flags_is_on(flags, "only-host"),
                                       .not_before_s = now_s - DAY_S,
                                       .not_after_s = now_s + TLS_IDENTITY_LIFETIME_S};
    if (flags_is_on(flags, "expired")) {
        order.not_before_s = now_s - 30 * DAY_S;
        order.not_after_s = now_s - DAY_S;
    }
    if (flags_is_on(flags, "not-yet")) order.not_before_s = now_s + DAY_S;
    TRY(library_open());
    return tls_identity_make(&order);
}

int main(int argc, char **argv)
{
    static struct flags flags;
    const status parsed = flags_parse(&program, argc, argv, &flags);
    if (!status_is_ok(parsed)) {
        flags_explain(&program, argc, argv, parsed);
        return 2;
    }
    if (flags.outcome == FLAGS_DONE) return 0;
    const status result = run(&flags);
    if (status_is_ok(result)) return 0;
    fprintf(stderr, "%s: %s\n", program.name, status_message(result));
    return 1;
}
