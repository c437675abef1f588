#include "proxy/settings.h"

#include "base/builder.h"
#include "os/file.h"

static const struct flag table[] = {
    {.name = "listener",
     .shape = FLAG_REPEATED,
     .value_name = "ENDPOINT=HOST:PORT",
     .help = "listen at vsock:, unix:, hybrid: or tcp: and forward to the host"},
    {.name = "allow",
     .shape = FLAG_REPEATED,
     .value_name = "HOST:PORT",
     .help = "a destination that may be reached; no other is"},
    {.name = "allow-file",
     .value_name = "FILE",
     .environment = "ENW_PROXY_ALLOW_FILE",
     .help = "more of them, one a line"},
    {.name = "resolve",
     .shape = FLAG_REPEATED,
     .value_name = "HOST:PORT=tcp:HOST:PORT",
     .help = "where an allowed destination leads, for tests; logged as a warning"},
    {.name = "connections-max",
     .value_name = "N",
     .environment = "ENW_PROXY_CONNECTIONS_MAX",
     .fallback = "256",
     .help = "open connections of one listener; more are closed at once"},
    {.name = "idle-s",
     .value_name = "SECONDS",
     .environment = "ENW_PROXY_IDLE_S",
     .fallback = "300",
     .help = "a connection without traffic for so long is closed"},
    {.name = "connect-ms",
     .value_name = "MILLISECONDS",
     .environment = "ENW_PROXY_CONNECT_MS",
     .fallback = "5000",
     .help = "for looking up and reaching a destination"},
    {.name = "grace-ms",
     .value_name = "MILLISECONDS",
     .environment = "ENW_PROXY_GRACE_MS",
     .fallback = "2000",
     .help = "for open connections when asked to stop"},
    {.name = "shared",
     .shape = FLAG_SWITCH,
     .help = "let the group connect to unix: listeners too (mode 0660)"},
};

const struct flags_program settings_program = {
    .name = "enw-proxy",
    .version = ENW_VERSION,
    .summary =
        "Forwards connections of an enclave to fixed destinations, unread: TLS ends inside the\n"
        "enclave. Every destination must be on the allow list. Names are looked up for each\n"
        "connection.\n\n"
        "  enw-proxy --listener vsock:3:8000=kms.eu-west-1.amazonaws.com:443 \\\n"
        "            --allow kms.eu-west-1.amazonaws.com:443",
    .table = table,
    .count = ARRAY_COUNT(table),
};

/* Splits at the last '=', since a path may have some of its own. */
static status equals_split(slice text, slice *before, slice *after)
{
    for (size_t i = text.size; i > 0; i--) {
        if (text.bytes[i - 1] != '=') continue;
        *before = slice_part(text, 0, i - 1);
        *after = slice_part(text, i, text.size);
        return status_ok();
    }
    FAIL(BAD_INPUT, 0, "settings: must have the form A=B");
}

status settings_parse_route(slice text, struct settings_route *route)
{
    slice listen, destination;
    struct settings_route parsed = {0};
    TRY(equals_split(text, &listen, &destination));
    TRY(endpoint_parse(listen, &parsed.listen));
    TRY(allow_list_parse_entry(destination, &parsed.destination));
    parsed.target = parsed.destination;
    *route = parsed;
    return status_ok();
}

/* A repeated flag's failure names the value it is about. */
static status at(status result, size_t index)
{
    if (!status_is_ok(result)) result.detail = (int64_t)index + 1;
    return result;
}

static status allowed_read(const struct flags *flags, struct allow_list *allowed)
{
    const char *path = flags_text(flags, "allow-file");
    for (size_t i = 0; i < flags_count(flags, "allow"); i++) {
        TRY(at(allow_list_add(allowed, slice_text(flags_at(flags, "allow", i))), i));
    }
    if (path) {
        SCOPED(arena_close) struct arena arena = {0};
        slice text;
        TRY(arena_open(&arena, SETTINGS_ALLOW_FILE_SIZE_MAX));
        TRY(file_read(path, SETTINGS_ALLOW_FILE_SIZE_MAX, &arena, &text));
        TRY(allow_list_add_lines(allowed, text));
    }
    return status_ok();
}

static status routes_read(const struct flags *flags, const struct allow_list *allowed,
                          struct settings *settings)
{
    const size_t count = flags_count(flags, "listener");
    REQUIRE(count > 0, BAD_INPUT, "settings: at least one --listener is needed");
    REQUIRE(count <= SETTINGS_ROUTE_COUNT_MAX, OVER_LIMIT, "settings: too many listeners");
    for (size_t i = 0; i < count; i++) {
        struct settings_route *route = &settings->routes[i];
        TRY(at(settings_parse_route(slice_text(flags_at(flags, "listener", i)), route), i));
        if (!allow_list_has(allowed, &route->destination)) {
            FAIL(DENIED, (int64_t)i + 1,
                 "settings: the listener's destination is not on the allow list (--allow)");
        }
    }
    settings->route_count = count;
    return status_ok();
}

/* Pins the routes that lead to `destination`; one that no route leads to is a mistake. */
static status destination_pin(struct settings *settings, const endpoint *destination,
                              const endpoint *target)
{
    const struct allow_list only = {.list = {*destination}, .count = 1};
    bool is_used = false;
    for (size_t i = 0; i < settings->route_count; i++) {
        struct settings_route *route = &settings->routes[i];
        if (!allow_list_has(&only, &route->destination)) continue;
        route->target = *target;
        route->is_pinned = is_used = true;
    }
    REQUIRE(is_used, BAD_INPUT, "settings: --resolve is for no listener's destination");
    return status_ok();
}

static status pin_read(struct settings *settings, slice text)
{
    slice host, target_text;
    endpoint destination, target;
    TRY(equals_split(text, &host, &target_text));
    TRY(allow_list_parse_entry(host, &destination));
    TRY(endpoint_parse(target_text, &target));
    REQUIRE(target.kind == ENDPOINT_TCP && target.port > 0, BAD_INPUT,
            "settings: --resolve must lead to tcp:HOST:PORT");
    return destination_pin(settings, &destination, &target);
}

static status number_read(const struct flags *flags, const char *name, struct flags_range range,
                          int64_t *number)
{
    uint64_t value;
    TRY(flags_read_u64(flags, name, range, &value));
    *number = (int64_t)value;
    return status_ok();
}

static status limits_read(const struct flags *flags, struct settings *settings)
{
    int64_t idle_s, count;
    TRY(number_read(flags, "connections-max",
                    (struct flags_range){1, SETTINGS_CONNECTION_COUNT_MAX}, &count));
    TRY(number_read(flags, "idle-s", (struct flags_range){1, 86400}, &idle_s));
    TRY(number_read(flags, "connect-ms", (struct flags_range){10, 60000},
                    &settings->connect_ms_max));
    TRY(number_read(flags, "grace-ms", (struct flags_range){0, 60000}, &settings->grace_ms));
    settings->connection_count_max = (size_t)count;
    settings->idle_ms_max = idle_s * 1000;
    return status_ok();
}

status settings_read(const struct flags *flags, struct settings *settings)
{
    struct allow_list allowed = {0};
    struct settings read = {0};
    TRY(limits_read(flags, &read));
    TRY(allowed_read(flags, &allowed));
    TRY(routes_read(flags, &allowed, &read));
    for (size_t i = 0; i < flags_count(flags, "resolve"); i++) {
        TRY(at(pin_read(&read, slice_text(flags_at(flags, "resolve", i))), i));
    }
    REQUIRE(read.route_count * read.connection_count_max <= SETTINGS_CONNECTION_COUNT_MAX,
            OVER_LIMIT, "settings: too many connections for all listeners together");
    read.unix_mode = flags_is_on(flags, "shared") ? 0660 : 0600;
    *settings = read;
    return status_ok();
}
