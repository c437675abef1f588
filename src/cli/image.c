#include "eif/image.h"
#include "base/hex.h"
#include "cli/commands.h"
#include "cli/program.h"
#include "eif/measure.h"
#include "eif/metadata.h"
#include "eif/recipe.h"
#include "eif/signature.h"
#include "nsm/pcr.h"
#include "os/clock.h"
#include "os/file.h"

enum {
    IMAGE_FILE_SIZE_MAX = 1 << 30, /* bytes of an image to look at; ours have 8 MiB */
    REPORT_SIZE_MAX = 16 << 10,    /* bytes of what is printed */
    ROOT_SIZE_MAX = 16 << 10,      /* bytes of one root certificate */
    ROOTS_SIZE_MAX = 256 << 10,
    KEY_SIZE_MAX = 16 << 10,
    METADATA_ARENA_SIZE = 256 << 10, /* what is read from the metadata section */
};

/* Where Debian's ca-certificates keeps what it ships, one file a root. */
static const char ROOTS_FOLDER[] = "/usr/share/ca-certificates/mozilla/";

/* The roots of Amazon Trust Services, which AWS's endpoints chain to. */
static const char *const AMAZON_ROOTS[] = {
    "Amazon_Root_CA_1",
    "Amazon_Root_CA_2",
    "Amazon_Root_CA_3",
    "Amazon_Root_CA_4",
    "Starfield_Services_Root_Certificate_Authority_-_G2",
};

/* ---- files ---- */

/* The memory that one command's files need, opened when their sizes are known. */
struct workspace {
    struct arena arena;
    struct json document; /* metadata */
};

static void close_workspace(struct workspace *workspace)
{
    json_close(&workspace->document);
    arena_close(&workspace->arena);
}

static status add_size(const char *path, size_t *total)
{
    size_t size;
    if (!path) return status_ok();
    TRY(file_read_size(path, &size));
    REQUIRE(size <= IMAGE_FILE_SIZE_MAX, OVER_LIMIT, "image: a file is too large");
    *total += size;
    return status_ok();
}

static status read_file(const char *path, struct arena *arena, slice *contents)
{
    if (!path) {
        *contents = slice_of(NULL, 0);
        return status_ok();
    }
    return file_read(path, IMAGE_FILE_SIZE_MAX, arena, contents);
}

/* ---- measurements, as nitro-cli prints them ---- */

static void put_pcr(struct builder *text, const char *name, const hash48 *value)
{
    json_put_name(text, name);
    json_put_hex(text, hash48_view(value));
}

static void put_measurements(struct builder *text, const struct measurements *measurements,
                             const hash48 *pcr8)
{
    json_put_name(text, "Measurements");
    json_put_object_open(text);
    json_put_name(text, "HashAlgorithm");
    json_put_text(text, "Sha384 { ... }");
    put_pcr(text, "PCR0", &measurements->pcr0);
    put_pcr(text, "PCR1", &measurements->pcr1);
    put_pcr(text, "PCR2", &measurements->pcr2);
    if (pcr8) put_pcr(text, "PCR8", pcr8);
    json_put_object_close(text);
}

static status print_measurements(struct session *session, const struct measurements *measurements,
                                 const hash48 *pcr8)
{
    struct builder text;
    slice written;
    builder_init_arena(&text, &session->arena, REPORT_SIZE_MAX);
    json_put_object_open(&text);
    put_measurements(&text, measurements, pcr8);
    json_put_object_close(&text);
    TRY(builder_finish(&text, &written));
    session_put_json(session, written);
    return status_ok();
}

/* ---- build ---- */

static status read_architecture(const struct session *session,
                                enum image_architecture *architecture)
{
    const slice name = slice_text(flags_text(session->flags, "arch"));
    const bool is_aarch64 = slice_equal(name, slice_text("aarch64"));
    REQUIRE(is_aarch64 || slice_equal(name, slice_text("x86_64")), BAD_INPUT,
            "arch: must be x86_64 or aarch64");
    *architecture = is_aarch64 ? IMAGE_AARCH64 : IMAGE_X86_64;
    return status_ok();
}

/* Appends the root certificate that Debian's ca-certificates calls `name`. */
static status put_root(const char *name, struct builder *roots)
{
    uint8_t path[FILE_PATH_SIZE_MAX];
    struct builder text;
    slice written;
    REQUIRE(slice_index_of(slice_text(name), '/') == slice_text(name).size, BAD_INPUT,
            "ca: must be the name of a root certificate, not a path");
    builder_init(&text, path, sizeof path - 1);
    builder_put_text(&text, ROOTS_FOLDER);
    builder_put_text(&text, name);
    builder_put_text(&text, ".crt");
    TRY(builder_finish(&text, &written));
    path[written.size] = '\0';
    REQUIRE(status_is_ok(file_put((const char *)path, roots)), NOT_FOUND,
            "ca: Debian's ca-certificates has no such root");
    return status_ok();
}

static status read_roots(const struct session *session, struct arena *arena, slice *roots)
{
    const char *file = flags_text(session->flags, "ca-file");
    const size_t named_count = flags_count(session->flags, "ca");
    struct builder text;
    REQUIRE(!file || named_count == 0, BAD_INPUT, "ca: --ca and --ca-file exclude each other");
    if (file) return file_read(file, ROOTS_SIZE_MAX, arena, roots);
    builder_init_arena(&text, arena, ROOTS_SIZE_MAX);
    for (size_t i = 0; i < named_count; i++)
        TRY(put_root(flags_at(session->flags, "ca", i), &text));
    for (size_t i = 0; named_count == 0 && i < ARRAY_COUNT(AMAZON_ROOTS); i++) {
        TRY(put_root(AMAZON_ROOTS[i], &text));
    }
    return builder_finish(&text, roots);
}

static const char *const INPUT_FLAGS[] = {"kernel", "program", "config",
                                          "init",   "nsm-ko",  "certificate"};

static status read_inputs(struct session *session, struct arena *arena, struct recipe *recipe)
{
    slice *const targets[] = {&recipe->kernel,   &recipe->program,        &recipe->configuration,
                              &recipe->aws_init, &recipe->aws_nsm_module, &recipe->certificate};
    for (size_t i = 0; i < ARRAY_COUNT(INPUT_FLAGS); i++) {
        const status read =
            read_file(flags_text(session->flags, INPUT_FLAGS[i]), arena, targets[i]);
        TRY(session_refuse(session, INPUT_FLAGS[i], read));
    }
    return read_roots(session, arena, &recipe->roots);
}

static void read_texts(const struct session *session, struct recipe *recipe)
{
    const char *command_line = flags_text(session->flags, "cmdline");
    recipe->command_line = command_line ? slice_text(command_line) : slice_of(NULL, 0);
    recipe->metadata = (struct metadata){
        .image_name = slice_text(flags_text(session->flags, "name")),
        .image_version = slice_text(program_version()),
        .build_time = slice_text(flags_text(session->flags, "build-time")),
        .build_tool = slice_text("enw"),
        .build_tool_version = slice_text(program_version()),
        .operating_system = slice_text("Linux"),
        .kernel_version = slice_text(flags_text(session->flags, "kernel-version")),
    };
}

static status open_key(const char *path, struct arena *arena, struct es384_key *key)
{
    struct builder pem;
    builder_init_arena(&pem, arena, KEY_SIZE_MAX);
    TRY(file_put_private(path, &pem));
    return es384_open_pem(builder_view(&pem), key);
}

static status open_build(struct session *session, struct workspace *workspace)
{
    size_t size = 0;
    for (size_t i = 0; i < ARRAY_COUNT(INPUT_FLAGS); i++) {
        const status added = add_size(flags_text(session->flags, INPUT_FLAGS[i]), &size);
        TRY(session_refuse(session, INPUT_FLAGS[i], added));
    }
    /* The inputs, then what the recipe makes of them. */
    const struct recipe largest = {.program = slice_of(NULL, size + ROOTS_SIZE_MAX)};
    return arena_open(&workspace->arena,
                      size + ROOTS_SIZE_MAX + KEY_SIZE_MAX + recipe_arena_size(&largest));
}

status commands_image_build(struct session *session)
{
    SCOPED(close_workspace) struct workspace workspace = {0};
    SCOPED(es384_close) struct es384_key key = {0};
    const char *key_path = flags_text(session->flags, "key");
    struct recipe recipe = {0};
    struct recipe_result result;
    TRY(read_architecture(session, &recipe.architecture));
    TRY(open_build(session, &workspace));
    TRY(read_inputs(session, &workspace.arena, &recipe));
    read_texts(session, &recipe);
    if (key_path) {
        TRY(session_refuse(session, "key", open_key(key_path, &workspace.arena, &key)));
        recipe.key = &key;
    }
    TRY(recipe_build(&recipe, &workspace.arena, &result));
    TRY(session_refuse(
        session, "output",
        file_write(flags_text(session->flags, "output"), result.file, FILE_MODE_PUBLIC)));
    return print_measurements(session, &result.measurements,
                              result.is_signed ? &result.pcr8 : NULL);
}

/* ---- reading ---- */

/* An image as far as it could be read. */
struct view {
    slice file;
    struct image image;
    struct measurements measurements;
    struct metadata metadata;
    bool has_metadata, is_signed, is_signature_good;
    struct signature signature;
};

/* Notes where in the file the image breaks a rule, and passes the refusal on. */
static status note_offset(struct session *session, status result)
{
    if (status_is_ok(result)) return result;
    struct builder text;
    builder_init_arena(&text, &session->arena, 128);
    builder_put_text(&text, status_message(result));
    builder_put_text(&text, " (at offset ");
    builder_put_decimal(&text, (uint64_t)result.detail);
    builder_put_text(&text, ")");
    session->refusal = builder_view(&text);
    return result;
}

static status read_image(struct session *session, struct workspace *workspace, struct view *view)
{
    const char *path = session->flags->operands[0];
    size_t size = 0;
    TRY(add_size(path, &size));
    TRY(arena_open(&workspace->arena, size + SIGNATURE_ARENA_SIZE + METADATA_ARENA_SIZE + 4096));
    TRY(read_file(path, &workspace->arena, &view->file));
    TRY(note_offset(session, image_read(view->file, &view->image)));
    view->measurements = measure_image(&view->image);
    const struct image_section *metadata = image_find(&view->image, IMAGE_METADATA);
    view->has_metadata =
        metadata && status_is_ok(metadata_read(metadata->data, &workspace->arena,
                                               &workspace->document, &view->metadata));
    const struct image_section *signature = image_find(&view->image, IMAGE_SIGNATURE);
    if (!signature) return status_ok();
    TRY(signature_read(signature->data, &workspace->arena, &view->signature));
    view->is_signed = true;
    view->is_signature_good = status_is_ok(
        signature_check(&view->signature, &view->measurements.pcr0, clock_wall_ms() / 1000));
    return status_ok();
}

static const hash48 *pcr8_of(const struct view *view)
{
    return view->is_signed ? &view->signature.pcr8 : NULL;
}

static void put_sections(struct builder *text, const struct image *image)
{
    json_put_name(text, "Sections");
    json_put_array_open(text);
    for (size_t i = 0; i < image->section_count; i++) {
        const hash48 digest = sha384(image->sections[i].data);
        json_put_object_open(text);
        json_put_name(text, "Type");
        json_put_text(text, image_section_name(image->sections[i].type));
        json_put_name(text, "Offset");
        json_put_u64(text, image->sections[i].offset);
        json_put_name(text, "Size");
        json_put_u64(text, image->sections[i].data.size);
        json_put_name(text, "Sha384");
        json_put_hex(text, hash48_view(&digest));
        json_put_object_close(text);
    }
    json_put_array_close(text);
}

static void put_description(struct builder *text, const struct view *view)
{
    json_put_object_open(text);
    json_put_name(text, "EifVersion");
    json_put_u64(text, view->image.version);
    json_put_name(text, "Architecture");
    json_put_text(text, view->image.architecture == IMAGE_AARCH64 ? "aarch64" : "x86_64");
    json_put_name(text, "Size");
    json_put_u64(text, view->file.size);
    put_measurements(text, &view->measurements, pcr8_of(view));
    json_put_name(text, "IsSigned");
    json_put_bool(text, view->is_signed);
    json_put_name(text, "CheckCRC");
    json_put_bool(text, true);
    if (view->is_signed) {
        json_put_name(text, "SignatureCheck");
        json_put_bool(text, view->is_signature_good);
    }
    if (view->has_metadata) {
        json_put_name(text, "ImageName");
        json_put_string(text, view->metadata.image_name);
        json_put_name(text, "ImageVersion");
        json_put_string(text, view->metadata.image_version);
        json_put_name(text, "Metadata");
        json_put_raw(text, image_find(&view->image, IMAGE_METADATA)->data);
    }
    json_put_name(text, "Cmdline");
    json_put_string(text, image_find(&view->image, IMAGE_COMMAND_LINE)->data);
    put_sections(text, &view->image);
    json_put_object_close(text);
}

static void put_number_line(struct session *session, const char *label, uint64_t number,
                            const char *unit)
{
    struct builder text;
    builder_init_arena(&text, &session->arena, 64);
    builder_put_decimal(&text, number);
    builder_put_text(&text, unit);
    session_put_line(session, label, builder_view(&text));
}

static void put_pcr_line(struct session *session, const char *label, const hash48 *value)
{
    struct builder text;
    builder_init_arena(&text, &session->arena, 2 * sizeof value->bytes);
    hex_put(&text, hash48_view(value));
    session_put_line(session, label, builder_view(&text));
}

static void put_section_line(struct session *session, const struct image_section *section)
{
    struct builder text;
    builder_init_arena(&text, &session->arena, 128);
    builder_put_decimal(&text, section->data.size);
    builder_put_text(&text, " bytes at offset ");
    builder_put_decimal(&text, section->offset);
    session_put_line(session, image_section_name(section->type), builder_view(&text));
}

static void show_description(struct session *session, const struct view *view)
{
    put_number_line(session, "version", view->image.version, "");
    session_put_line(session, "for",
                     slice_text(view->image.architecture == IMAGE_AARCH64 ? "aarch64" : "x86_64"));
    put_number_line(session, "size", view->file.size, " bytes; checksum matches");
    if (view->has_metadata) {
        session_put_line(session, "name", view->metadata.image_name);
        session_put_line(session, "built", view->metadata.build_time);
    }
    for (size_t i = 0; i < view->image.section_count; i++) {
        put_section_line(session, &view->image.sections[i]);
    }
    put_pcr_line(session, "PCR0", &view->measurements.pcr0);
    put_pcr_line(session, "PCR1", &view->measurements.pcr1);
    put_pcr_line(session, "PCR2", &view->measurements.pcr2);
    if (view->is_signed) put_pcr_line(session, "PCR8", &view->signature.pcr8);
    session_put_line(session, "signature",
                     slice_text(!view->is_signed          ? "none"
                                : view->is_signature_good ? "holds under its own certificate"
                                                          : "DOES NOT HOLD"));
}

status commands_image_describe(struct session *session)
{
    SCOPED(close_workspace) struct workspace workspace = {0};
    struct view view = {0};
    struct builder text;
    slice written;
    TRY(read_image(session, &workspace, &view));
    if (!session->is_json) {
        show_description(session, &view);
        return status_ok();
    }
    builder_init_arena(&text, &session->arena, REPORT_SIZE_MAX + METADATA_SIZE_MAX);
    put_description(&text, &view);
    TRY(builder_finish(&text, &written));
    session_put_json(session, written);
    return status_ok();
}

status commands_image_measure(struct session *session)
{
    SCOPED(close_workspace) struct workspace workspace = {0};
    struct view view = {0};
    TRY(read_image(session, &workspace, &view));
    return print_measurements(session, &view.measurements, pcr8_of(&view));
}

/* ---- verify ---- */

static status check_pcr(const struct view *view, unsigned index, const hash48 *expected)
{
    const hash48 *const measured[] = {&view->measurements.pcr0, &view->measurements.pcr1,
                                      &view->measurements.pcr2};
    if (index < ARRAY_COUNT(measured)) {
        if (!hash48_equal(measured[index], expected)) {
            FAIL(DENIED, index, "image: a PCR is not the expected one");
        }
        return status_ok();
    }
    REQUIRE(index == 8, BAD_INPUT, "pcr: an image has PCR0, 1, 2 and 8 only");
    REQUIRE(view->is_signed, DENIED, "image: PCR8 is expected and the image is not signed");
    REQUIRE(hash48_equal(&view->signature.pcr8, expected), DENIED,
            "image: the signer is not the expected one (PCR8)");
    return status_ok();
}

status commands_image_verify(struct session *session)
{
    SCOPED(close_workspace) struct workspace workspace = {0};
    struct view view = {0};
    struct pcr_set expected = {0};
    for (size_t i = 0; i < flags_count(session->flags, "pcr"); i++) {
        TRY(pcr_parse(slice_text(flags_at(session->flags, "pcr", i)), &expected));
    }
    TRY(read_image(session, &workspace, &view));
    REQUIRE(!view.is_signed || view.is_signature_good, DENIED,
            "image: the signature does not hold");
    for (unsigned i = 0; i < PCR_COUNT; i++) {
        if (pcr_set_has(&expected, i)) TRY(check_pcr(&view, i, &expected.values[i]));
    }
    if (session->is_json) return print_measurements(session, &view.measurements, pcr8_of(&view));
    session_put_line(session, "verified",
                     slice_text(expected.present == 0
                                    ? "well-formed, checksum matches; no --pcr was given"
                                    : "well-formed, checksum matches, expected PCRs"));
    return status_ok();
}
