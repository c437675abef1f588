#include "parent/metrics.h"

#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

static const struct {
    int64_t us;
    const char *text;
} bounds[METRICS_BUCKET_COUNT] = {
    {100, "0.0001"},  {250, "0.00025"}, {500, "0.0005"},  {1000, "0.001"},  {2500, "0.0025"},
    {5000, "0.005"},  {10000, "0.01"},  {25000, "0.025"}, {50000, "0.05"},  {100000, "0.1"},
    {250000, "0.25"}, {500000, "0.5"},  {1000000, "1"},   {2500000, "2.5"}, {10000000, "10"},
};

static void record(struct metrics_histogram *histogram, int64_t duration_us)
{
    size_t index = 0;
    if (duration_us < 0) duration_us = 0;
    while (index < METRICS_BUCKET_COUNT && duration_us > bounds[index].us) index++;
    atomic_fetch_add_explicit(&histogram->buckets[index], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&histogram->sum_us, (uint64_t)duration_us, memory_order_relaxed);
}

void metrics_record_request(struct metrics *metrics, enum route_id route, enum problem problem,
                            int64_t duration_us)
{
    record(&metrics->requests[route][problem], duration_us);
}

void metrics_record_round_trip(struct metrics *metrics, int64_t duration_us)
{
    record(&metrics->enclave_round_trips, duration_us);
}

static void put_head(struct builder *text, const struct metrics_series *series)
{
    builder_put_text(text, "# HELP ");
    builder_put_text(text, series->name);
    builder_put_text(text, " ");
    builder_put_text(text, series->help);
    builder_put_text(text, "\n# TYPE ");
    builder_put_text(text, series->name);
    builder_put_text(text, " ");
    builder_put_text(text, series->type);
    builder_put_text(text, "\n");
}

static void put_seconds(struct builder *text, uint64_t us)
{
    uint8_t digits[6];
    uint64_t rest = us % 1000000;
    for (size_t i = sizeof digits; i-- > 0; rest /= 10) digits[i] = (uint8_t)('0' + rest % 10);
    builder_put_decimal(text, us / 1000000);
    builder_put_text(text, ".");
    builder_put(text, slice_of(digits, sizeof digits));
}

/* `labels` is "" or `name="value",` and so on, with a comma at the end. */
static void put_line_start(struct builder *text, const char *name, const char *suffix, slice labels,
                           const char *bound)
{
    builder_put_text(text, name);
    builder_put_text(text, suffix);
    if (!bound && labels.size == 0) {
        builder_put_text(text, " ");
        return;
    }
    builder_put_text(text, "{");
    builder_put(text, bound ? labels : slice_part(labels, 0, labels.size - 1));
    if (bound) {
        builder_put_text(text, "le=\"");
        builder_put_text(text, bound);
        builder_put_text(text, "\"");
    }
    builder_put_text(text, "} ");
}

static uint64_t count_of(const struct metrics_histogram *histogram)
{
    uint64_t count = 0;
    for (size_t i = 0; i <= METRICS_BUCKET_COUNT; i++) {
        count += atomic_load_explicit(&histogram->buckets[i], memory_order_relaxed);
    }
    return count;
}

static void put_histogram(struct builder *text, const char *name, slice labels,
                          const struct metrics_histogram *histogram)
{
    uint64_t count = 0;
    for (size_t i = 0; i <= METRICS_BUCKET_COUNT; i++) {
        count += atomic_load_explicit(&histogram->buckets[i], memory_order_relaxed);
        const char *bound = i < METRICS_BUCKET_COUNT ? bounds[i].text : "+Inf";
        put_line_start(text, name, "_bucket", labels, bound);
        builder_put_decimal(text, count);
        builder_put_text(text, "\n");
    }
    put_line_start(text, name, "_sum", labels, NULL);
    put_seconds(text, atomic_load_explicit(&histogram->sum_us, memory_order_relaxed));
    builder_put_text(text, "\n");
    put_line_start(text, name, "_count", labels, NULL);
    builder_put_decimal(text, count);
    builder_put_text(text, "\n");
}

static void put_request(struct builder *text, const char *name, const struct metrics *metrics,
                        enum route_id route, enum problem problem)
{
    const struct metrics_histogram *histogram = &metrics->requests[route][problem];
    uint8_t memory[128];
    struct builder labels;
    if (count_of(histogram) == 0) return;
    builder_init(&labels, memory, sizeof memory);
    builder_put_text(&labels, "route=\"");
    builder_put_text(&labels, routes_label(route));
    builder_put_text(&labels, "\",result=\"");
    builder_put_text(&labels, problem_code(problem));
    builder_put_text(&labels, "\",");
    put_histogram(text, name, builder_view(&labels), histogram);
}

void metrics_put(const struct metrics *metrics, struct builder *text)
{
    static const struct metrics_series requests = {
        "enw_http_request_duration_seconds", "histogram",
        "HTTP requests by route and result, from the head's arrival to the answer's end."};
    static const struct metrics_series round_trips = {
        "enw_enclave_round_trip_seconds", "histogram",
        "Calls to the enclave, from their start to the answer or failure."};
    put_head(text, &requests);
    for (enum route_id route = 0; route < ROUTE_COUNT; route++) {
        for (enum problem problem = 0; problem < PROBLEM_COUNT; problem++) {
            put_request(text, requests.name, metrics, route, problem);
        }
    }
    put_head(text, &round_trips);
    put_histogram(text, round_trips.name, slice_of(NULL, 0), &metrics->enclave_round_trips);
}

void metrics_put_series(struct builder *text, const struct metrics_series *series, uint64_t value)
{
    put_head(text, series);
    builder_put_text(text, series->name);
    builder_put_text(text, " ");
    builder_put_decimal(text, value);
    builder_put_text(text, "\n");
}

static bool read_resident_pages(uint64_t *pages)
{
    unsigned long size, resident;
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file) return false;
    const bool is_read = fscanf(file, "%lu %lu", &size, &resident) == 2;
    fclose(file);
    if (is_read) *pages = resident;
    return is_read;
}

static bool count_descriptors(uint64_t *count)
{
    DIR *folder = opendir("/proc/self/fd");
    uint64_t entries = 0;
    if (!folder) return false;
    while (readdir(folder)) entries++;
    closedir(folder);
    *count = entries > 3 ? entries - 3 : 0; /* without ".", ".." and the folder itself */
    return true;
}

/*
 * Both need a descriptor to find out. A process that has none left would otherwise report 0 of
 * them, exactly when somebody looks: what is not known is left out.
 */
void metrics_put_process(struct builder *text)
{
    static const struct metrics_series memory = {"process_resident_memory_bytes", "gauge",
                                                 "Resident memory of this process."};
    static const struct metrics_series descriptors = {"process_open_fds", "gauge",
                                                      "Open descriptors of this process."};
    const uint64_t page_size = (uint64_t)sysconf(_SC_PAGESIZE);
    uint64_t pages, count;
    if (read_resident_pages(&pages)) metrics_put_series(text, &memory, pages * page_size);
    if (count_descriptors(&count)) metrics_put_series(text, &descriptors, count);
}
