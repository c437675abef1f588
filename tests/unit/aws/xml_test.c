#include "aws/xml.h"

#include <stdio.h>
#include <string.h>

#include "runner.h"

/* The elements A/B/X and A/B/Y are wanted; `x` and `y` are what they hold, NULL: not there. */
static const struct {
    const char *name, *document, *x, *y, *refusal;
} rows[] = {
    {"both", "<A><B><X>1</X><Y>2</Y></B></A>", "1", "2", NULL},
    {"in the other order", "<A><B><Y>2</Y><X>1</X></B></A>", "1", "2", NULL},
    {"one only", "<A><B><X>1</X></B></A>", "1", NULL, NULL},
    {"neither", "<A/>", NULL, NULL, NULL},
    {"empty", "<A><B><X/><Y></Y></B></A>", "", "", NULL},
    {"elsewhere", "<A><C><X>3</X></C><B><X>1</X><Z><Y>4</Y></Z></B><X>5</X></A>", "1", NULL, NULL},
    {"under another root", "<AA><B><X>1</X></B></AA>", NULL, NULL, NULL},
    {"declaration", "<?xml version=\"1.0\" encoding='UTF-8'?>\n<A><B><X>1</X></B></A>\n", "1", NULL,
     NULL},
    {"attributes", "<A xmlns=\"https://x/?a>b\" xml:lang='d\"e'><B a=\"\" ><X b=''>1</X></B></A >",
     "1", NULL, NULL},
    {"blanks between", " <A>\r\n\t<B> <X> 1 </X> </B>\n</A> ", " 1 ", NULL, NULL},
    {"entities", "<A><B><X>&amp;&lt;&gt;&quot;&apos;</X></B></A>", "&<>\"'", NULL, NULL},
    {"not twice", "<A><B><X>&amp;lt;</X></B></A>", "&lt;", NULL, NULL},
    {"references", "<A><B><X>&#65;&#x42;&#x0043;&#xe9;&#x20AC;&#x1f600;</X></B></A>",
     "ABC\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", NULL, NULL},
    {"last character", "<A><B><X>&#x10FFFF;</X></B></A>", "\xf4\x8f\xbf\xbf", NULL, NULL},
    {"bytes of UTF-8", "<A><B><X>\xc3\xa9</X></B></A>", "\xc3\xa9", NULL, NULL},

#define NO_CHARACTER "xml: there is no such character or entity"
    {"unknown entity", "<A>&nbsp;</A>", NULL, NULL, NO_CHARACTER},
    {"entity in capitals", "<A>&AMP;</A>", NULL, NULL, NO_CHARACTER},
    {"ampersand alone", "<A>a & b</A>", NULL, NULL, NO_CHARACTER},
    {"entity that does not end", "<A>&amp</A>", NULL, NULL, NO_CHARACTER},
    {"empty entity", "<A>&;</A>", NULL, NULL, NO_CHARACTER},
    {"empty reference", "<A>&#;</A>", NULL, NULL, NO_CHARACTER},
    {"empty hex reference", "<A>&#x;</A>", NULL, NULL, NO_CHARACTER},
    {"hex digits without x", "<A>&#4a;</A>", NULL, NULL, NO_CHARACTER},
    {"capital X", "<A>&#X41;</A>", NULL, NULL, NO_CHARACTER},
    {"character 0", "<A>&#0;</A>", NULL, NULL, NO_CHARACTER},
    {"control character", "<A>&#27;</A>", NULL, NULL, NO_CHARACTER},
    {"surrogate", "<A>&#xd800;</A>", NULL, NULL, NO_CHARACTER},
    {"not a character", "<A>&#xffff;</A>", NULL, NULL, NO_CHARACTER},
    {"past the last", "<A>&#x110000;</A>", NULL, NULL, NO_CHARACTER},
    {"wraps around", "<A>&#x100000041;</A>", NULL, NULL, NO_CHARACTER},

#define NOT_WELL "xml: document is not well formed"
    {"nothing", "", NULL, NULL, NOT_WELL},
    {"blanks only", " \n", NULL, NULL, NOT_WELL},
    {"no XML", "credentials", NULL, NULL, NOT_WELL},
    {"not closed", "<A><B><X>1</X></B>", NULL, NULL, NOT_WELL},
    {"cut in a name", "<A", NULL, NULL, NOT_WELL},
    {"cut in an end", "<A></A", NULL, NULL, NOT_WELL},
    {"wrong nesting", "<A><B></A></B>", NULL, NULL, NOT_WELL},
    {"closed by another", "<A></B>", NULL, NULL, NOT_WELL},
    {"closed by a longer one", "<A></AA>", NULL, NULL, NOT_WELL},
    {"end without a start", "</A>", NULL, NULL, NOT_WELL},
    {"two roots", "<A/><A/>", NULL, NULL, NOT_WELL},
    {"text behind", "<A/>x", NULL, NULL, NOT_WELL},
    {"text in front", "x<A/>", NULL, NULL, NOT_WELL},
    {"reference in front", "&#32;<A/>", NULL, NULL, NOT_WELL},
    {"byte order mark", "\xef\xbb\xbf<A/>", NULL, NULL, NOT_WELL},
    {"document type", "<!DOCTYPE A [<!ENTITY e \"1\">]><A>&e;</A>", NULL, NULL, NOT_WELL},
    {"comment", "<A><!-- --></A>", NULL, NULL, NOT_WELL},
    {"CDATA", "<A><![CDATA[1]]></A>", NULL, NULL, NOT_WELL},
    {"processing instruction", "<A><?p?></A>", NULL, NULL, NOT_WELL},
    {"declaration later", "<A><?xml version=\"1.0\"?></A>", NULL, NULL, NOT_WELL},
    {"declaration that does not end", "<?xml version=\"1.0\"><A/>", NULL, NULL, NOT_WELL},
    {"another declaration", "<?xmlx version=\"1.0\"?><A/>", NULL, NULL, NOT_WELL},
    {"prefix", "<a:A/>", NULL, NULL, NOT_WELL},
    {"name with a digit first", "<1/>", NULL, NULL, NOT_WELL},
    {"blank before the name", "< A/>", NULL, NULL, NOT_WELL},
    {"end with an attribute", "<A></A a=\"\">", NULL, NULL, NOT_WELL},
    {"attribute without a value", "<A a></A>", NULL, NULL, NOT_WELL},
    {"attribute without quotes", "<A a=1></A>", NULL, NULL, NOT_WELL},
    {"attribute that does not end", "<A a=\"1></A>", NULL, NULL, NOT_WELL},
    {"attribute cut at its quote", "<A a=\"", NULL, NULL, NOT_WELL},
    {"tag in an attribute", "<A a=\"<\"></A>", NULL, NULL, NOT_WELL},
    {"attributes without a blank", "<A a=\"\"b=\"\"></A>", NULL, NULL, NOT_WELL},
    {"slash and blank", "<A/ >", NULL, NULL, NOT_WELL},
    {"control byte", "<A>\x1b</A>", NULL, NULL, NOT_WELL},

#define MIXED "xml: text stands beside elements"
    {"text before an element", "<A>x<B/></A>", NULL, NULL, MIXED},
    {"text after an element", "<A><B/>x</A>", NULL, NULL, MIXED},
    {"reference beside an element", "<A><B/>&#120;</A>", NULL, NULL, MIXED},
    {"wanted with elements", "<A><B><X><Z/></X></B></A>", NULL, NULL,
     "xml: an element should have text only"},

#define TWICE "xml: an element stands twice"
    {"wanted twice", "<A><B><X>1</X><X>1</X></B></A>", NULL, NULL, TWICE},
    {"wanted twice, first empty", "<A><B><X/><X>1</X></B></A>", NULL, NULL, TWICE},
    {"two halves", "<A><B><X>1</X></B><B><Y>2</Y></B></A>", NULL, NULL, TWICE},
    {"an empty second", "<A><B><X>1</X><Y>2</Y></B><B/></A>", NULL, NULL, TWICE},
};

static void read_rows(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        uint8_t texts[256];
        struct builder memory;
        struct xml_field fields[] = {{.path = "A/B/X"}, {.path = "A/B/Y"}};
        const char *wanted[] = {rows[i].x, rows[i].y};
        builder_init(&memory, texts, sizeof texts);
        builder_put_text(&memory, "before");
        runner_row(rows[i].name);
        const status got =
            xml_read(slice_text(rows[i].document), fields, ARRAY_COUNT(fields), &memory);
        if (!expect_outcome("read", got, rows[i].refusal) || rows[i].refusal) continue;
        for (size_t k = 0; k < ARRAY_COUNT(fields); k++) {
            expect_true("found or not", fields[k].is_found == (wanted[k] != NULL));
            expect_text("text", fields[k].text, wanted[k] ? wanted[k] : "");
        }
    }
}

/* A document that is good at every length but its whole is refused; none is read past its end. */
static void cut_off(void)
{
    static const char whole[] = "<?xml version=\"1.0\"?><A b='c'><B><X>&amp;1&#x41;</X></B></A>";
    for (size_t size = 0; size < sizeof whole - 1; size++) {
        uint8_t copy[sizeof whole], texts[64];
        struct builder memory;
        struct xml_field field = {.path = "A/B/X"};
        builder_init(&memory, texts, sizeof texts);
        memcpy(copy + sizeof copy - size, whole, size);
        expect_true("refused", !status_is_ok(xml_read(slice_of(copy + sizeof copy - size, size),
                                                      &field, 1, &memory)));
    }
}

static status read_nothing(struct builder *document)
{
    slice text;
    uint8_t texts[8];
    struct builder memory;
    builder_init(&memory, texts, sizeof texts);
    TRY(builder_finish(document, &text));
    return xml_read(text, NULL, 0, &memory);
}

static void put_times(struct builder *document, const char *text, size_t count)
{
    for (size_t i = 0; i < count; i++) builder_put_text(document, text);
}

static void limits(void)
{
    static uint8_t bytes[XML_SIZE_MAX + 64];
    static const char *const refusals[][2] = {{NULL, "xml: document is too long"},
                                              {NULL, "xml: elements are too deep"},
                                              {NULL, "xml: a name is too long"},
                                              {NULL, "xml: an element has too many attributes"}};
    for (size_t i = 0; i < ARRAY_COUNT(refusals); i++) {
        for (size_t over = 0; over < 2; over++) {
            struct builder document;
            builder_init(&document, bytes, sizeof bytes);
            if (i == 0) {
                builder_put_text(&document, "<A/>");
                put_times(&document, " ", XML_SIZE_MAX - 4 + over);
            } else if (i == 1) {
                put_times(&document, "<A>", XML_DEPTH_MAX + over);
                put_times(&document, "</A>", XML_DEPTH_MAX + over);
            } else if (i == 2) {
                builder_put_text(&document, "<");
                put_times(&document, "n", XML_NAME_SIZE_MAX + over);
                builder_put_text(&document, "/>");
            } else {
                builder_put_text(&document, "<A");
                put_times(&document, " a=''", XML_ATTRIBUTE_COUNT_MAX + over);
                builder_put_text(&document, "/>");
            }
            expect_outcome("at and over", read_nothing(&document), refusals[i][over]);
        }
    }
}

static void no_room(void)
{
    uint8_t texts[3];
    struct builder memory;
    struct xml_field fields[XML_FIELD_COUNT_MAX + 1] = {{.path = "A"}};
    builder_init(&memory, texts, sizeof texts);
    expect_ok("fits", xml_read(slice_text("<A>123</A>"), fields, 1, &memory));
    fields[0] = (struct xml_field){.path = "A"};
    builder_init(&memory, texts, sizeof texts);
    expect_kind("does not", xml_read(slice_text("<A>1234</A>"), fields, 1, &memory),
                FAILURE_OVER_LIMIT);
    for (size_t i = 0; i < ARRAY_COUNT(fields); i++) fields[i] = (struct xml_field){.path = "B"};
    expect_ok("most", xml_read(slice_text("<A/>"), fields, XML_FIELD_COUNT_MAX, &memory));
    expect_refused("one more",
                   xml_read(slice_text("<A/>"), fields, XML_FIELD_COUNT_MAX + 1, &memory),
                   "xml: too many fields are wanted");
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"rows", read_rows}, {"cut off", cut_off}, {"limits", limits}, {"no room", no_room}};
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
