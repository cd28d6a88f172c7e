/* tables.c - tests of >>tables: CSV files with every sort of nuisance, and their messages; what
   pandas and scikit-learn make of the same file (golden_tables.py); encoders, saved with a model;
   and of the layers that standardize. */
#include "counting.h"
#define DL_IMPLEMENTATION
#include "../dl.h"
#include "test.h"

static dl_table *table_with(dl_ctx *dl, const char *text, const dl_csv *o)
{
    return dl_table_from_memory(dl, text, strlen(text), o);
}

static dl_table *table_of(dl_ctx *dl, const char *text) { return table_with(dl, text, NULL); }

/* The cells of all rows, "a|b;c|~", ~ for a missing one. */
static const char *cells(const dl_table *t)
{
    static char out[2000];
    size_t n = 0;
    out[0] = 0;
    for (dl_int i = 0; i < dl_table_row_count(t); i++)
        for (int c = 0; c < dl_table_column_count(t); c++) {
            const char *text = dl_table_text(t, i, c);
            n += (size_t)snprintf(out + n, sizeof out - n, "%s%s", c ? "|" : i ? ";" : "",
                                  text ? text : "~");
        }
    return out;
}

/* Text, its cells, and the name of the last column. */
static void files(void)
{
    static const struct { const char *text, *cells, *name; } all[] = {
        { "a,b\n1,2\n3,4\n", "1|2;3|4", "b" },
        { "a,b\n1,2\n3,4", "1|2;3|4", "b" },
        { "a,b\r\n1,2\r\n", "1|2", "b" },
        { "a,b\r1,2\r3,4\r", "1|2;3|4", "b" },
        { "\xEF\xBB\xBF" "a;b\n1;2\n", "1|2", "b" },
        { "a\tb\n1\t2\n", "1|2", "b" },
        { "a|b\n1|2\n", "1|2", "b" },
        { "a;b\n1,5;2,5\n", "1,5|2,5", "b" },
        { "1,5;2,5;1\n2,5;3,5;2\n", "1,5|2,5|1;2,5|3,5|2", "column_3" },
        { "1,2\n3,4\n", "1|2;3|4", "column_2" },
        { "a,\nx,y\n", "x|y", "column_2" },
        { "a,b\n\n1,2\n\n\n3,4\n\n", "1|2;3|4", "b" },
        { " a , b \n 1 ,  2\n", "1|2", "b" },
        { "a,b\n\"x, y\",\"he said \"\"no\"\"\"\n", "x, y|he said \"no\"", "b" },
        { "a,b\n\"two\nlines\",\"two\r\nmore\"\n", "two lines|two more", "b" },
        { "a,b\n \"x\" , \"y\" \n", "x|y", "b" },
        { "a,b\n\"\",\" \"\n", "~| ", "b" },
        { "a,b\n5'6\",\"\"\"\"\n", "5'6\"|\"", "b" },
        { "a,b\nNA,\n?,nan\nN/A,null\nNone,-\n", "~|~;~|~;~|~;~|~", "b" },
        { "a,b\nNAN,x\n#n/a,naive\n", "~|x;~|naive", "b" },
        { "\xC3\xA4,\xE5\x88\x97\n\xC3\xB6,\xE5\x80\xBC\n", "\xC3\xB6|\xE5\x80\xBC",
          "\xE5\x88\x97" },
        { "a\n1\n", "1", "a" }, { "7", "7", "column_1" }, { "7,?\n8,9", "7|~;8|9", "column_2" } };
    dl_ctx *dl = dl_new(1);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        dl_table *t = table_of(dl, all[i].text);
        if (!CHECK(t != NULL, "%d: %s", (int)i, dl_error_text(dl))) continue;
        CHECK(strcmp(cells(t), all[i].cells) == 0, "%d is %s", (int)i, cells(t));
        const dl_column *k = dl_table_column(t, dl_table_column_count(t) - 1);
        CHECK(strcmp(k->name, all[i].name) == 0, "%d: %s", (int)i, k->name);
        dl_table_free(t);
    }
    dl_table *t = table_of(dl, "a,b\r\n\"x\r\ny\",2\r\n\r\n3,4\r\n");
    CHECK(dl_table_line(t, 0) == 2 && dl_table_line(t, 1) == 5 && dl_table_line(t, 2) == 0,
          "lines");
    CHECK(!dl_table_text(t, 0, 2) && !dl_table_text(t, -1, 0) && !dl_table_column(t, -1), "range");
    CHECK(dl_table_find(t, "b") == 1 && dl_table_find(t, "c") == -1, "find");
    dl_free(dl);
}

static void options(void)
{
    static const char *const missing[] = { "-99", "x", NULL };
    dl_ctx *dl = test_quiet_new(1);
    dl_csv o = dl_csv_default();
    o.header = 0;
    CHECK(dl_table_row_count(table_with(dl, "a,b\n1,2\n", &o)) == 2, "no header");
    o.header = 1;
    o.skip = 2;
    dl_table *t = table_with(dl, "anything\nat all,,,\n1,2\n3,4\n", &o);
    CHECK(dl_table_row_count(t) == 1 && dl_table_find(t, "2") == 1 && dl_table_line(t, 0) == 4,
          "a header of numbers, skipped lines");
    o = dl_csv_default();
    o.missing = missing;
    o.separator = ' ';
    CHECK(strcmp(cells(table_with(dl, "a  b\n-99   NA\n 1 x\n", &o)), "~|NA;1|~") == 0,
          "other markers, spaces");
    o = dl_csv_default();
    o.decimal = ',';
    t = table_with(dl, "a;b\n1,5;x\n-2,25e1;y\n", &o);
    CHECK(dl_table_column(t, 0)->kind == DL_COLUMN_NUMBER && dl_table_column(t, 0)->low == -22.5,
          "decimal commas: %g", dl_table_column(t, 0)->low);
    o.separator = ',';
    CHECK(!table_with(dl, "a,b\n1,2\n", &o), "the same for two things");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "decimal ','");
    o = dl_csv_default();
    o.header = 2;
    CHECK(!table_with(dl, "a,b\n1,2\n", &o), "header");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "header 2 must be -1, 0 or 1");
    dl_free(dl);
}

/* What is refused, with what words. */
static void damaged(void)
{
    static const struct { const char *text; size_t size; const char *words; } all[] = {
        { "", 0, "the buffer: line 1: there is no row" },
        { "\n\n", 0, "there is no row" },
        { "a,b\n", 0, "line 1: no row follows the names" },
        { "a,b\n1,2\n3\n", 0, "line 3: 1 cell, the last of them '3', where the first row, in line "
          "1, has 2; a cell with ',' in it must stand in quotes" },
        { "Measured in May\na,b\n1,2\n", 0, "line 2: 2 cells, where the first row, in line 1, has 1; "
          "lines in front of a table are passed over by options.skip" },
        { "a,b\n1,2\n\"x\ny\",4,5\n", 0, "line 3: 3 cells, the last of them '5'" },
        { "a;b\n1;2;\n", 0, "line 2: 3 cells, the last of them ''" },
        { "a,b\n1,\"2\n3,4\n", 0, "line 2, column 2: a quote is opened here and never closed" },
        { "a,b\n\"x\"y,2\n", 0, "line 2, column 1: 'y' follows a closing quote; a quote inside" },
        { "a,b\nx,\"\n\n\"\xC3\xA4\n", 0, "line 4, column 2: '\xC3\xA4' follows a closing quote" },
        { "a,b\n1,\xE9t\xE9\n", 0, "line 2: the byte E9 is no UTF-8; convert the file: iconv" },
        { "a,b\n1,\0\n", 8, "line 2: a byte 00: no text, or UTF-16; save it as UTF-8" },
        { "a\n\xFF\xFE\n", 0, "line 2: the byte FF is no UTF-8" },
        { "\xFF\xFE" "a\0", 4, "the byte FF begins a file in UTF-16 (Excel's Unicode text)" },
        { "\xFE\xFF\0a", 4, "convert it: iconv -f UTF-16 -t UTF-8" },
        { "a,b,a\n1,2,3\n", 0, "line 1: two columns are named 'a'; rename one" },
        { "a,column_1,\n1,2,x\n", 0, NULL }, { ",column_1\n1,2\n", 0, "two columns are named" } };
    dl_ctx *dl = test_quiet_new(1);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        const size_t size = all[i].size ? all[i].size : strlen(all[i].text);
        dl_table *t = dl_table_from_memory(dl, all[i].text, size, NULL);
        CHECK((t == NULL) == (all[i].words != NULL), "%d", (int)i);
        if (all[i].words) CHECK_ERROR(dl, DL_ERR_FORMAT, all[i].words);
    }
    char *wide = (char *)malloc(70000);
    memset(wide, ',', 70000);
    CHECK(!dl_table_from_memory(dl, wide, 70000, NULL), "70001 columns");
    CHECK_ERROR(dl, DL_ERR_FORMAT, "line 1: more than 65536 columns");
    CHECK(!dl_table_from_memory(dl, wide, 65535, NULL), "only one row");
    CHECK_ERROR(dl, DL_ERR_FORMAT, "no row follows the names");
    free(wide);
#ifndef DL_NO_STDIO
    CHECK(!dl_table_load(dl, "no/such/file.csv", NULL), "no file");
    CHECK_ERROR(dl, DL_ERR_FILE, "dl_table_load: cannot open no/such/file.csv");
    CHECK(!dl_table_load(dl, NULL, NULL), "no path");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "the path is NULL");
#endif
    dl_free(dl);
}

/* What is found in a column. */
static void columns(void)
{
    dl_ctx *dl = test_quiet_new(1);
    dl_table *t = table_of(dl, "n,d,s,e,m,label\n1,2020-01,b,,1,10\n"
                               "-2.5e1,2020-07-01,a,?,2,9\n,2021-01-01T10:00,b,,3,2\n"
                               "+.5,x,a,,oops,10\n");
    const dl_column *n = dl_table_column(t, 0), *s = dl_table_column(t, 2);
    CHECK(n->kind == DL_COLUMN_NUMBER && n->missing == 1 && n->wrong == 0 && n->low == -25 &&
          n->high == 1 && n->median == 0.5, "numbers");
    CHECK_CLOSE(n->mean, -23.5 / 3, 1e-12, 0);
    CHECK(s->kind == DL_COLUMN_TEXT && s->categories == 2 && strcmp(s->category[0], "a") == 0 &&
          s->category_count[1] == 2 && isnan(s->mean), "texts");
    CHECK(dl_table_column(t, 1)->kind == DL_COLUMN_TEXT, "three of four are dates: texts");
    CHECK(dl_table_column(t, 3)->kind == DL_COLUMN_EMPTY && dl_table_column(t, 3)->missing == 4,
          "empty");
    CHECK(dl_table_column(t, 4)->kind == DL_COLUMN_TEXT, "three of four are numbers: texts");
    CHECK(strcmp(dl_column_kind_name(DL_COLUMN_DATE), "date") == 0, "a name");
    char text[400] = "x\n";
    for (int i = 0; i < 19; i++) strcat(text, i == 12 ? "0x10\n" : "2020-03-01\n");
    t = table_of(dl, text);
    n = dl_table_column(t, 0);
    CHECK(n->kind == DL_COLUMN_DATE && n->wrong == 1 && n->wrong_line == 14 &&
          strcmp(n->wrong_text, "0x10") == 0, "one wrong date, line %d", (int)n->wrong_line);
    CHECK_CLOSE(n->low, 2020 + 2 / 12.0, 1e-12, 0);
    t = table_of(dl, "a,b\n1e999,2020-13\n2,2020-1\n-1,20200\n0,2020-02-30x\n1,2\n1,1\n"
                 "1,1\n1,1\n1,1\n1,-\n1,inf\n");
    CHECK(dl_table_column(t, 0)->wrong == 1 && dl_table_column(t, 1)->kind == DL_COLUMN_TEXT,
          "no numbers, no dates");
    dl_free(dl);
}

static void views(void)
{
    const int32_t order[] = { 2, 0, 2 }, bad[] = { 3 };
    dl_ctx *dl = test_quiet_new(1);
    dl_table *t = table_of(dl, "a,b\n1,x\n2,\n3,x\n"), *first, *second;
    dl_table *p = dl_table_pick(t, order, 3), *q = dl_table_present(t, "b");
    dl_table_free(t);
    CHECK(strcmp(cells(p), "3|x;1|x;3|x") == 0 && dl_table_column(p, 0)->median == 3, "pick");
    CHECK(strcmp(cells(q), "1|x;3|x") == 0 && dl_table_line(q, 1) == 4, "present");
    CHECK(!dl_table_pick(p, bad, 1), "outside");
    CHECK_ERROR(dl, DL_ERR_RANGE, "dl_table_pick: row 3 at position 0 is not in 0..2");
    CHECK(!dl_table_present(p, "c"), "no such column");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "the buffer has no column 'c'; it has 2, the first is 'a', "
                "the last 'b'");
    char text[1200] = "n,k\n";
    for (int i = 0; i < 100; i++)
        snprintf(text + strlen(text), 20, "%d,%s\n", i, i < 20 ? "rare" : "often");
    t = table_of(dl, text);
    dl_folds o = dl_folds_default();
    if (!CHECK(dl_table_split(t, 0.25, "k", &o, &first, &second), "%s", dl_error_text(dl))) return;
    CHECK(dl_table_row_count(first) == 75 && dl_table_row_count(second) == 25, "a quarter");
    CHECK(dl_table_column(second, 1)->category_count[1] == 5, "of each");
    bool seen[100] = { false };
    for (int i = 0; i < 100; i++)
        seen[atoi(dl_table_text(i < 75 ? first : second, i < 75 ? i : i - 75, 0))] = true;
    for (int i = 0; i < 100; i++) CHECK(seen[i], "row %d is lost", i);
    CHECK(dl_table_split(t, 0, NULL, NULL, &first, &second) && dl_table_row_count(second) == 0 &&
          dl_table_column(second, 0)->kind == DL_COLUMN_EMPTY, "nothing");
    o.stratify = true;
    CHECK(!dl_table_split(t, 0.5, NULL, &o, &first, &second), "stratify");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "options.stratify false: name a column to split by");
    char *many = (char *)malloc(10000);
    strcpy(many, "n\n");
    for (int i = 0; i < 1001; i++) snprintf(many + strlen(many), 16, "%d\n", i);
    CHECK(!dl_table_split(table_of(dl, many), 0.5, "n", NULL, &first, &second), "by a number");
    CHECK_ERROR(dl, DL_ERR_LIMIT, "column 'n' has 1001 different texts; a table is split by one");
    free(many);
    dl_free(dl);
}

/* The golden file: features as pandas and scikit-learn make them. */
static void as_scikit_learn(void)
{
    static const char *const drop[] = { "name", NULL };
    test_golden g = golden_open("tables");
    dl_ctx *dl = dl_new(1);
    size_t size;
    uint8_t *bytes = test_slurp("tests/golden/tables.csv", &size);
    if (!bytes) bytes = test_slurp("golden/tables.csv", &size);
    if (!CHECK(bytes != NULL, "no golden file")) return;
    dl_table *t = dl_table_from_memory(dl, bytes, size, NULL);
    free(bytes);
    const test_array *rows = golden_get(&g, "rows"), *labels = golden_get(&g, "labels");
    const int n = (int)rows->value[1], first = (int)rows->value[0];
    if (!CHECK(dl_table_row_count(t) == n, "%s", dl_error_text(dl))) return;
    CHECK(strcmp(dl_table_text(t, 0, 0), "Smith, Mr. \"Al\" 0") == 0, "%s", dl_table_text(t, 0, 0));
    static const char *const names[] = { "age", "fare", "same" };
    for (int k = 0; k < 3; k++) {
        const dl_column *c = dl_table_column(t, dl_table_find(t, names[k]));
        const double *want = golden_getf(&g, "look_%s", names[k])->value;
        CHECK(c->missing == (dl_int)want[0], "%s", names[k]);
        CHECK_CLOSE(c->low, want[1], 1e-15, 0);
        CHECK_CLOSE(c->high, want[2], 1e-15, 0);
        CHECK_CLOSE(c->mean, want[3], 1e-14, 0);
        CHECK_CLOSE(c->median, want[4], 1e-14, 0);
    }
    int32_t index[64];
    for (int i = 0; i < n; i++) index[i] = i;
    dl_table *train = dl_table_pick(t, index, first);
    for (int mean = 0; mean < 2; mean++) {
        dl_encoding o = dl_encoding_default();
        o.drop = drop;
        o.mean = mean == 1;
        dl_encoder *e = dl_encoder_new(train, &o);
        dl_data *all = dl_encoder_data(e, t);
        if (!CHECK(all != NULL, "%s", dl_error_text(dl))) return;
        const char *of = mean ? "mean" : "median";
        const test_array *x = golden_getf(&g, "x_%s", of);
        dl_batch b;
        dl_loader *loader = dl_loader_new(all, n, false);
        CHECK(dl_loader_next(loader, &b), "%s", dl_error_text(dl));
        CHECK_ARRAY(b.x->data, x->data, x->size);
        for (int i = 0; i < n; i++) CHECK(b.labels[i] == (int)labels->value[i], "label %d", i);
        for (int kind = 0; kind < 2; kind++) {
            dl_model *m = dl_model_new(dl, dl_data_shape(all));
            dl_data *part = dl_data_take(all, 0, first);
            CHECK(kind ? dl_model_add_minmax(m, part) : dl_model_add_standardize(m, part), "%s",
                  dl_error_text(dl));
            dl_tensor *y = dl_model_predict(m, b.x);
            const test_array *w = golden_getf(&g, "%s_%s", kind ? "minmax" : "standard", of);
            CHECK_ARRAY_TOL(y->data, w->data, y->size, sizeof(dl_real) == 8 ? 1e-9 : 1e-5);
        }
    }
    golden_close(&g);
    dl_free(dl);
}

static const char *const people = "id,age,job,when,city,rich\n"
    "1,30,cook,2020-01,Rome,yes\n2,,smith,2020-07,Rome,no\n3,50,,2021-01,Oslo,yes\n"
    "4,40,cook,,Oslo,no\n5,20,smith,2021-07,Bonn,no\n";
static const char *const drop_id[] = { "id", NULL };

static dl_encoder *encoder_of(dl_table *t, bool codes)
{
    dl_encoding o = dl_encoding_default();
    o.drop = drop_id;
    o.codes = codes;
    return dl_encoder_new(t, &o);
}

/* What an encoder knows and how it names what it makes. */
static void encoder(void)
{
    static const char *const names[] = { "age", "age missing", "job=cook", "job=smith",
        "job missing", "when", "when sine", "when cosine", "when missing", "city=Bonn",
        "city=Oslo", "city=Rome" };
    dl_ctx *dl = dl_new(1);
    dl_table *t = table_of(dl, people);
    dl_encoder *e = encoder_of(t, false);
    char name[40], small[4];
    if (!CHECK(e && dl_encoder_feature_count(e) == 12, "%s", dl_error_text(dl))) return;
    for (int i = 0; i < 12; i++) {
        CHECK(dl_encoder_feature_name(e, i, name, sizeof name) == (int)strlen(names[i]) &&
              strcmp(name, names[i]) == 0, "%d is %s", i, name);
    }
    CHECK(dl_encoder_feature_name(e, 1, small, 4) == 11 && strcmp(small, "age") == 0, "cut off");
    CHECK(dl_encoder_feature_name(e, 12, name, 40) == 0 && !*name, "there is none");
    const dl_coder *age = dl_encoder_column(e, 0), *target = dl_encoder_target(e);
    CHECK(age->fill == 35 && age->indicator && age->first == 0 && age->count == 2, "age");
    CHECK(dl_encoder_column_count(e) == 4 && !dl_encoder_column(e, 4), "columns");
    CHECK(target->categories == 2 && strcmp(target->category[1], "yes") == 0, "classes");
    dl_data *d = dl_encoder_data(e, t);
    CHECK(strcmp(dl_data_class_name(d, 1), "yes") == 0, "a name");
    CHECK(dl_data_count(d) == 5 && dl_data_classes(d) == 2 && dl_data_labels(d)[2] == 1, "data");
    const dl_real *x = dl_data_sample(d, 1)->data;
    const dl_real second[] = { 35, 1, 0, 1, 0, (dl_real)2020.5, 0, -1, 0, 0, 0, 1 };
    CHECK_ARRAY_TOL(x, second, 12, 1e-5);
    const dl_real *y = dl_data_sample(d, 3)->data;
    CHECK(y[8] == 1 && (double)y[5] == 2020.75, "a missing date: the median %g", (double)y[5]);
    e = encoder_of(t, true);
    d = dl_encoder_data(e, t);
    x = dl_data_sample(d, 2)->data;
    CHECK(dl_encoder_feature_count(e) == 8 && x[2] == 2 && x[7] == 1, "codes: %g %g", (double)x[2],
          (double)x[7]);
    CHECK(dl_encoder_feature_name(e, 2, name, 40) == 3 && strcmp(name, "job") == 0, "%s", name);
    dl_encoder_free(e);
    dl_encoding o = dl_encoding_default();
    o.target = "age";
    o.indicator = false;
    o.mean = true;
    e = dl_encoder_new(dl_table_present(t, "age"), &o);
    d = dl_encoder_data(e, dl_table_present(t, "age"));
    CHECK(d && dl_data_has_targets(d) && dl_data_targets(d)[3] == 20 && !dl_data_class_names(d),
          "a target that is a number, as it is");
    CHECK(strcmp(dl_encoder_column(e, 4)->name, "rich") == 0, "the last column is a feature");
    dl_free(dl);
}

/* Rows that training has not seen: what is unknown, missing, or not there. */
static void new_rows(void)
{
    dl_ctx *dl = test_quiet_new(1);
    dl_table *t = table_of(dl, people);
    dl_encoder *e = encoder_of(t, false);
    dl_data *d = dl_encoder_data(e, table_of(dl, "more,city,job,age,when\n"
                                                 "x,Paris,?,,2022-01-01\n"));
    CHECK(d && !dl_data_labels(d) && !dl_data_has_targets(d), "%s", dl_error_text(dl));
    const dl_real want[] = { 35, 1, 0, 0, 1, 2022, 0, 1, 0, 0, 0, 0 };
    CHECK_ARRAY_TOL(dl_data_sample(d, 0)->data, want, 12, 1e-5);
    const char *texts[] = { NULL, NULL, "2022-01", "Paris" };
    const double numbers[] = { NAN, NAN, 0, 0 }, codes[] = { 35, 1, 2020.5, 2 };
    dl_tensor *x = dl_encoder_row(e, texts, numbers);
    if (CHECK(x != NULL, "%s", dl_error_text(dl))) CHECK_ARRAY_TOL(x->data, want, 12, 1e-5);
    x = dl_encoder_row(e, NULL, codes);
    CHECK(x && x->data[3] == 1 && x->data[11] == 1 && x->data[4] == 0, "numbers of categories");
    x = dl_encoder_row(e, NULL, NULL);
    CHECK(x && x->data[1] == 1 && x->data[8] == 1, "all is missing");
    const char *nothing[] = { "", "", "", "" };
    const dl_tensor *same = dl_encoder_row(e, nothing, codes);
    if (CHECK(same != NULL, "%s", dl_error_text(dl))) CHECK_ARRAY(same->data, x->data, x->size);
    texts[0] = "old";
    CHECK(!dl_encoder_row(e, texts, NULL), "no number");
    CHECK_ERROR(dl, DL_ERR_FORMAT, "dl_encoder_row: the row, column 'age': 'old' is no number");
    d = dl_encoder_data(e, table_of(dl, "city,job,age,when,rich\nx,y,1,,\nx,y,1,,?\n"));
    CHECK(d && !dl_data_labels(d), "no target in any row");
    static const struct { const char *text, *words; } all[] = {
        { "job,when,city\na,,b\n", "the buffer has no column 'age'; it has 3, the first is 'job'" },
        { "age,job,when,city\n1,a,,b\nx,a,,b\n", "line 3, column 'age': 'x' is no number" },
        { "age,job,when,city\n1,a,soon,b\n", "line 2, column 'when': 'soon' is no date (" },
        { "age,job,when,city,rich\n1,a,,b,so\n", "line 2, column 'rich': 'so' is a class that" },
        { "age,job,when,city,rich\n1,a,,b,no\n1,a,,b,\n", "line 3, column 'rich': '' is miss" } };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        CHECK(!dl_encoder_data(e, table_of(dl, all[i].text)), "%d", (int)i);
        CHECK(strstr(dl_error_text(dl), all[i].words) != NULL, "%s", dl_error_text(dl));
        dl_clear_error(dl);
    }
    dl_free(dl);
}

/* What an encoder is not made of. */
static void refused(void)
{
    static const char *const nobody[] = { "nobody", NULL }, *const a[] = { "a", NULL };
    dl_ctx *dl = test_quiet_new(1);
    dl_encoding o = dl_encoding_default();
    char text[2000] = "a,b\n";
    for (int i = 0; i < 12; i++)
        snprintf(text + strlen(text), 20, "%s,%d\n", i == 7 ? "seven" : "1.5", i);
    dl_table *t = table_of(dl, text);
    CHECK(dl_table_column(t, 0)->kind == DL_COLUMN_NUMBER && !dl_encoder_new(t, NULL), "wrong");
    CHECK_ERROR(dl, DL_ERR_FORMAT, "dl_encoder_new: the buffer: line 9, column 'a': 'seven' is no "
                "number, as most cells of this column are (1 are not); mend it, or name the column "
                "in options.text or options.drop");
    o.text = a;
    dl_encoder *e = dl_encoder_new(t, &o);
    CHECK(e && dl_encoder_column(e, 0)->categories == 2 && dl_encoder_target(e)->kind ==
          DL_COLUMN_NUMBER, "as text");
    o.text = NULL;
    o.drop = a;
    CHECK(!dl_encoder_new(t, &o), "nothing is left");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "no column is left to learn from");
    o.drop = nobody;
    CHECK(!dl_encoder_new(t, &o), "drop");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "has no column 'nobody'");
    o.drop = NULL;
    o.target = "c";
    CHECK(!dl_encoder_new(t, &o), "target");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "has no column 'c'");
    o = dl_encoding_default();
    o.max_categories = 1;
    o.text = a;
    CHECK(!dl_encoder_new(t, &o), "too many");
    CHECK_ERROR(dl, DL_ERR_LIMIT, "column 'a' has 2 different texts, such as '1.5'; leave it out");
    o.text = NULL;
    CHECK(!dl_encoder_new(table_of(dl, "a,b\n1,x\n2,y\n"), &o), "too many classes");
    CHECK_ERROR(dl, DL_ERR_LIMIT, "the target, column 'b' has 2 different texts, such as 'x'; "
                "predict another (options.target), or allow more than 1 (max_categories)");
    CHECK(!dl_encoder_new(table_of(dl, "a;b\n0,5;1\n1,25;2\n"), &o), "a decimal comma");
    CHECK_ERROR(dl, DL_ERR_LIMIT, "(max_categories); is it a number with a decimal comma? Set "
                "dl_csv.decimal to ','");
    CHECK(!dl_encoder_new(table_of(dl, "a;b\n1;1,234\n2;-2,345,678.5\n"), &o), "thousands");
    CHECK_ERROR(dl, DL_ERR_LIMIT, "is it a number with its thousands apart?");
    CHECK(!dl_encoder_new(table_of(dl, "a,b\n1,\n2,\n"), NULL), "no target");
    CHECK_ERROR(dl, DL_ERR_FORMAT, "the target, column 'b', is missing in all rows");
    e = dl_encoder_new(table_of(dl, "n,y\n1,0\n2,1\n3,10\n4,9\n5,1\n"), NULL);
    CHECK(dl_encoder_target(e)->kind == DL_COLUMN_NUMBER, "three numbers: a regression");
    e = dl_encoder_new(table_of(dl, "n,y\n1,10\n2,9\n3,10\n"), NULL);
    CHECK(dl_encoder_target(e)->categories == 2 &&
          strcmp(dl_encoder_target(e)->category[0], "9") == 0, "two numbers: classes, in order");
    dl_free(dl);
}

/* A model with its encoder, through a file: it takes rows as they are. */
static void saved(void)
{
    dl_ctx *dl = test_quiet_new(1), *other = dl_new(2);
    dl_table *t = table_of(dl, "a,\"q \"\"x\"\"\",y\n1,u\\v,1.5\n?,\"w \"\"z\"\"\",2\n"
                               "3,\xC3\xA4,-1e3\n");
    dl_encoder *e = dl_encoder_new(t, NULL);
    dl_data *d = dl_encoder_data(e, t);
    dl_model *m = dl_model_new(dl, dl_data_shape(d));
    dl_model_add_standardize(m, d);
    dl_model_add_dense(m, 2, DL_TANH);
    dl_model_add_dense(m, 1, DL_LINEAR);
    dl_model_add_unstandardize(m, d);
    dl_model_compile(m, DL_MSE, dl_adam(0.01));
    CHECK(dl_model_set_encoder(m, e) && dl_model_encoder(m) == e, "%s", dl_error_text(dl));
    CHECK(dl_model_set_encoder(m, e) && dl_model_encoder(m) == e, "the same once more");
    const size_t size = dl_model_save_to_memory(m, NULL, 0);
    uint8_t *file = (uint8_t *)malloc(size);
    CHECK(dl_model_save_to_memory(m, file, size) == size, "%s", dl_error_text(dl));
    dl_model *back = dl_model_load_from_memory(other, file, size);
    if (!CHECK(back != NULL, "%s", dl_error_text(other))) return;
    const dl_encoder *f = dl_model_encoder(back);
    CHECK(dl_encoder_feature_count(f) == 5 && strcmp(dl_encoder_column(f, 1)->name, "q \"x\"") == 0
          && strcmp(dl_encoder_column(f, 1)->category[1], "w \"z\"") == 0, "names");
    CHECK(strcmp(dl_encoder_target(f)->name, "y") == 0 &&
          dl_encoder_target(f)->kind == DL_COLUMN_NUMBER, "target");
    dl_tensor *p = dl_model_predict_data(m, d);
    dl_tensor *q = dl_model_predict_data(back, dl_encoder_data(f, table_of(other, "q \"x\",a\n"
        "u\\v,1\n\"w \"\"z\"\"\",\n\xC3\xA4,3\n")));
    if (CHECK(q != NULL, "%s", dl_error_text(other)))
        CHECK(memcmp(p->data, q->data, 3 * sizeof *p->data) == 0, "the same bits");
    CHECK(fabs((double)p->data[0] + 332) < 2000, "in the target's units: %g", (double)p->data[0]);
    test_quiet(other);
    for (size_t i = 0; i + 10 < size; i++) {                        /* a byte of it changes */
        if (memcmp(file + i, "table", 5) != 0) continue;
        for (size_t k = i; k < i + 400 && k < size; k++) {
            const uint8_t was = file[k];
            file[k] = (uint8_t)(was == '2' ? '9' : was == '{' ? '[' : was == 't' ? 'u' : ' ');
            dl_model *bad = dl_model_load_from_memory(other, file, size);
            CHECK((bad == NULL) == (dl_error(other) != DL_OK), "byte %d", (int)k);
            dl_model_free(bad);
            dl_clear_error(other);
            file[k] = was;
        }
    }
    free(file);
    dl_model *small = dl_model_new(dl, dl_shape1(4));
    CHECK(!dl_model_set_encoder(small, dl_encoder_new(t, NULL)), "another size");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "the encoder makes 5 features, the model reads [4]");
    dl_free(dl);
    dl_free(other);
}

/* ---- layers that standardize ---- */

static void standardize(void)
{
    const dl_real x[] = { 1, 5, -1000, 3, 5, 1000, 5, 5, 0 }, y[] = { 100, 200, 600 };
    dl_ctx *dl = test_quiet_new(1);
    dl_data *d = dl_data_from_targets(dl, x, 3, dl_shape1(3), y, dl_shape1(1));
    dl_model *m = dl_model_new(dl, dl_shape1(3));
    dl_layer *l = dl_model_add_standardize(m, d);
    if (!CHECK(l != NULL, "%s", dl_error_text(dl))) return;
    CHECK(strcmp(l->state[0]->name, "standardize_1.mean") == 0, "%s", l->state[0]->name);
    const dl_real mean[] = { 3, 5, 0 };
    const dl_real scale[] = { (dl_real)sqrt(8 / 3.0), 1, (dl_real)sqrt(2e6 / 3) };
    CHECK_ARRAY(l->state[0]->data, mean, 3);
    CHECK_ARRAY(l->state[1]->data, scale, 3);
    dl_model_add_dense(m, 1, DL_LINEAR);
    l = dl_model_add_unstandardize(m, d);
    CHECK_CLOSE(l->state[0]->data[0], 300, 1e-6, 0);
    CHECK_CLOSE(l->state[1]->data[0], sqrt(140000 / 3.0), 1e-6, 0);
    CHECK(dl_model_compile(m, DL_MSE, dl_adam(0.05)), "%s", dl_error_text(dl));
    const double before = dl_model_evaluate(m, d).loss;
    dl_fit fit = dl_fit_default();
    fit.epochs = 300;
    fit.verbose = 0;
    CHECK(dl_model_fit(m, d, &fit), "%s", dl_error_text(dl));
    CHECK(before > 10000 && dl_model_evaluate(m, d).loss < 10, "loss %g to %g, in units squared",
          before, dl_model_evaluate(m, d).loss);
    CHECK(l->state[0]->data[0] == 300, "states are not trained");
    dl_model *copy = dl_model_clone(dl, m);
    CHECK(dl_model_predict_data(copy, d)->data[0] == dl_model_predict_data(m, d)->data[0], "clone");
    m = dl_model_new(dl, dl_shape1(3));
    l = dl_model_add_minmax(m, d);
    const dl_real least[] = { 1, 5, -1000 }, span[] = { 4, 1, 2000 };
    CHECK_ARRAY(l->state[0]->data, least, 3);
    CHECK_ARRAY(l->state[1]->data, span, 3);
    dl_free(dl);
}

/* A feature of an image is a channel, of a sequence a place of a step. */
static void standardize_shapes(void)
{
    dl_real x[48];
    dl_ctx *dl = dl_new(1);
    for (int i = 0; i < 48; i++) x[i] = (dl_real)(i / 6 % 2 ? 10 + i % 6 : i % 3);
    dl_model *m = dl_model_new(dl, dl_shape3(2, 2, 3));
    dl_data *d = dl_data_from_arrays(dl, x, 4, dl_shape3(2, 2, 3), NULL, 0);
    dl_layer *l = dl_model_add_standardize(m, d);
    const dl_real mean[] = { 1, (dl_real)12.5 };
    CHECK(l && l->state[0]->size == 2, "%s", dl_error_text(dl));
    CHECK_ARRAY(l->state[0]->data, mean, 2);
    dl_tensor *y = dl_model_predict_data(m, d);
    CHECK_CLOSE(y->data[6], -2.5 / sqrt(35 / 12.0), 1e-5, 0);
    m = dl_model_new(dl, dl_shape2(4, 3));
    d = dl_data_from_arrays(dl, x, 4, dl_shape2(4, 3), NULL, 0);
    l = dl_model_add_minmax(m, d);
    const dl_real least[] = { 0, 1, 2 };
    CHECK_ARRAY(l->state[0]->data, least, 3);
    dl_tensor *step = dl_model_step(m, dl_from(dl, dl_shape2(1, 3), x));
    CHECK(step && step->data[0] == 0, "one step at a time");
    dl_free(dl);
}

static void standardize_refuses(void)
{
    dl_real x[] = { 1, 2, 3, NAN, 5, 6 };
    const dl_real y[] = { 1, (dl_real)INFINITY };
    dl_ctx *dl = test_quiet_new(1);
    dl_data *d = dl_data_from_targets(dl, x, 2, dl_shape1(3), y, dl_shape1(1));
    dl_model *m = dl_model_new(dl, dl_shape1(3));
    CHECK(!dl_model_add_standardize(m, d), "NaN");
    CHECK_ERROR(dl, DL_ERR_NUMERIC, "dl_model_add_standardize: sample 1 has nan in feature 0");
    dl_model_add_dense(m, 1, DL_LINEAR);
    CHECK(!dl_model_compile(m, DL_MSE, dl_adam(0.1)), "a model that lacks a layer");
    CHECK_ERROR(dl, DL_ERR_STATE, "not built to its end: Standardize failed");
    x[3] = 4;
    d = dl_data_from_targets(dl, x, 2, dl_shape1(3), y, dl_shape1(1));
    m = dl_model_new(dl, dl_shape1(3));
    dl_model_add_dense(m, 1, DL_LINEAR);
    CHECK(!dl_model_add_unstandardize(m, d), "infinity");
    CHECK_ERROR(dl, DL_ERR_NUMERIC, "target 1 has inf in feature 0");
    m = dl_model_new(dl, dl_shape1(3));
    dl_model_add_dense(m, 3, DL_LINEAR);
    CHECK(!dl_model_add_standardize(m, d), "not the input");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "it must read the model's input, so add it first");
    CHECK(!dl_model_add_minmax(dl_model_new(dl, dl_shape1(2)), d), "another shape");
    CHECK_ERROR(dl, DL_ERR_SHAPE, "samples of shape [3], but the layer reads [2]");
    m = dl_model_new(dl, dl_shape1(3));
    CHECK(!dl_model_add_standardize(m, NULL) && !dl_model_add_minmax(NULL, d), "NULL");
    CHECK(!dl_model_compile(m, DL_MSE, dl_adam(0.1)), "no data, no model");
    dl_free(dl);
}

/* ---- memory ---- */

/* From text to a prediction; false when something failed. */
static bool whole_way(dl_ctx *dl)
{
    dl_table *t = table_of(dl, people), *a = NULL, *b = NULL;
    dl_encoder *e = NULL;
    if (dl_table_split(t, 0.4, NULL, NULL, &a, &b)) e = encoder_of(t, false);
    dl_data *d = dl_encoder_data(e, a);
    dl_model *m = d ? dl_model_new(dl, dl_data_shape(d)) : NULL;
    dl_model_add_standardize(m, d);
    dl_model_add_dense(m, 2, DL_SOFTMAX);
    bool ok = dl_model_set_encoder(m, e);
    if (!ok) dl_encoder_free(e);
    const size_t size = ok ? dl_model_save_to_memory(m, NULL, 0) : 0;
    void *file = malloc(size + 1);
    ok = size && dl_model_save_to_memory(m, file, size) == size;
    dl_model *back = ok ? dl_model_load_from_memory(dl, file, size) : NULL;
    dl_data *again = dl_encoder_data(dl_model_encoder(back), b);
    ok = again && dl_model_predict_data(back, again);
    free(file);
    dl_data_free(again);
    dl_model_free(back);
    dl_model_free(m);
    dl_data_free(d);
    dl_table_free(a);
    dl_table_free(b);
    dl_table_free(t);
    return ok;
}

/* What was once read wrongly: tabs around cells, decimal commas where no separator is given, lines
   that end in CR; a row of one empty cell in quotes, which is no empty line; one number written in
   two ways; an encoder has one model. */
static void corners(void)
{
    dl_ctx *dl = test_quiet_new(1);
    dl_table *t = table_of(dl, "a,b\n\t1,2\n3\t,\t\"x\"\t\n");
    CHECK(t && strcmp(cells(t), "1|2;3|x") == 0, "%s", t ? cells(t) : dl_error_text(dl));
    dl_csv o = dl_csv_default();
    o.decimal = ',';
    t = table_with(dl, "x\n2,5\n3,5\n", &o);
    CHECK(t && dl_table_column_count(t) == 1 && dl_table_column(t, 0)->mean == 3, "%s",
          dl_error_text(dl));
    t = table_of(dl, "x\n\n\"\"\n\n1\n \n \"\" \n");
    CHECK(t && strcmp(cells(t), "~;1;~") == 0, "%s", t ? cells(t) : dl_error_text(dl));
    t = table_of(dl, "sep=;\r\na;b\r\n1,5;x,y,z\r\n");
    CHECK(t && strcmp(cells(t), "1,5|x,y,z") == 0 && dl_table_line(t, 0) == 3, "%s",
          t ? cells(t) : dl_error_text(dl));
    t = table_of(dl, "sep=.\nx\ny\n");
    CHECK(t && strcmp(cells(t), "x;y") == 0, "no separator: %s", t ? cells(t) : dl_error_text(dl));
    CHECK(!table_of(dl, "a,b\r1,2\r\xE4,3\r"), "no UTF-8");
    CHECK_ERROR(dl, DL_ERR_FORMAT, "line 3: the byte E4 is no UTF-8");
    t = table_of(dl, "a,y\n1,0\n2,1.0\n3,1\n4,0.0\n5,1.00\n");      /* two classes, 0 and 1.0 */
    dl_encoder *two = dl_encoder_new(t, NULL);
    const dl_data *d = dl_encoder_data(two, t);
    if (CHECK(d && dl_data_classes(d) == 2 && dl_data_labels(d)[3] == 0 && dl_data_labels(d)[4] == 1
              && strcmp(dl_data_class_name(d, 0), "0") == 0, "%s", dl_error_text(dl)))
        d = dl_encoder_data(two, table_of(dl, "a,y\n1,1e0\n2,-0\n"));
    CHECK(d && dl_data_labels(d)[0] == 1 && dl_data_labels(d)[1] == 0, "%s", dl_error_text(dl));
    CHECK(!dl_encoder_data(two, table_of(dl, "a,y\n1,2\n")), "not one of the two");
    CHECK_ERROR(dl, DL_ERR_FORMAT, "column 'y': '2' is a class that the rows for training");
    dl_encoding how = dl_encoding_default();
    how.max_categories = -1;
    t = table_of(dl, "a,b\n1,2\n2,4\n3,5\n");
    CHECK(!dl_encoder_new(t, &how), "fewer than no category");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "dl_encoder_new: max_categories -1 must be 0 or more");
    dl_encoder *e = dl_encoder_new(t, NULL);
    dl_model *m = dl_model_new(dl, dl_shape1(1)), *n = dl_model_new(dl, dl_shape1(1));
    CHECK(dl_model_set_encoder(m, e) && dl_model_set_encoder(m, e), "%s", dl_error_text(dl));
    CHECK(!dl_model_set_encoder(n, e), "two models");
    CHECK_ERROR(dl, DL_ERR_STATE, "dl_model_set_encoder: the encoder belongs to another model");
    dl_encoder_free(e);
    CHECK(!dl_model_encoder(m), "the model has none now");
    dl_model_free(m);
    dl_model_free(n);
    dl_free(dl);
    CHECK(count_live == 0, "%ld blocks left", count_live);
}

/* Each allocation on the way fails once: a message, and nothing lost. */
static void out_of_memory(void)
{
    int failed = 0;
    for (int i = 1; i < 2000; i++) {
        const long live = count_live;
        dl_ctx *dl = test_quiet_new(1);
        dl_set_threads(dl, 1);
        count_fail_at = count_calls + i;
        const bool ok = whole_way(dl);
        const bool done = count_calls < count_fail_at;
        count_fail_at = 0;
        CHECK(ok == (dl_error(dl) == DL_OK), "allocation %d: %s", i, dl_error_text(dl));
        failed += !ok;
        dl_free(dl);
        if (!CHECK(count_live == live, "allocation %d: %ld blocks lost", i, count_live - live) ||
            done)
            break;
    }
    CHECK(failed > 40, "%d allocations failed", failed);
}

/* Random bytes that look like a table, the same every time: a message or a table, and memory in
   proportion. */
static void random_bytes(void)
{
    static const char some[] = ",,,;\t\"\"\n\n\r1.2-e5aNA?\xC3\xA4 ";
    dl_rng r = dl_rng_new(7, 0);
    for (int round = 0; round < 3000; round++) {
        char text[80];
        const int n = (int)dl_rng_int(&r, 80);
        const long live = count_live;
        dl_ctx *dl = test_quiet_new(1);
        for (int i = 0; i < n; i++) text[i] = some[dl_rng_int(&r, (dl_int)sizeof some - 1)];
        dl_table *t = dl_table_from_memory(dl, text, (size_t)n, NULL);
        CHECK((t == NULL) == (dl_error(dl) != DL_OK), "round %d", round);
        dl_clear_error(dl);
        dl_data *d = dl_encoder_data(dl_encoder_new(t, NULL), t);
        CHECK(!t || (d == NULL) == (dl_error(dl) != DL_OK), "round %d: %s", round,
              dl_error_text(dl));
        dl_free(dl);
        CHECK(count_live == live, "round %d", round);
    }
}

static void null(void)
{
    dl_table *t = NULL;
    dl_ctx *dl = test_quiet_new(1);
    CHECK(!dl_table_from_memory(NULL, "a", 1, NULL) && !dl_table_from_memory(dl, NULL, 1, NULL),
          "no text");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "the buffer is NULL");
#ifndef DL_NO_STDIO
    CHECK(!dl_table_load(NULL, "a", NULL), "no context");
#endif
    CHECK(dl_table_row_count(NULL) == 0 && dl_table_column_count(NULL) == 0 &&
          !dl_table_column(NULL, 0) && dl_table_find(NULL, "a") == -1 &&
          !dl_table_text(NULL, 0, 0) && dl_table_line(NULL, 0) == 0, "a table");
    CHECK(!dl_table_pick(NULL, NULL, 0) && !dl_table_present(NULL, "a") &&
          !dl_table_split(NULL, 0.5, NULL, NULL, &t, &t) && !dl_encoder_new(NULL, NULL), "views");
    CHECK(dl_encoder_column_count(NULL) == 0 && !dl_encoder_column(NULL, 0) &&
          !dl_encoder_target(NULL) && dl_encoder_feature_count(NULL) == 0 &&
          dl_encoder_feature_name(NULL, 0, NULL, 0) == 0 &&
          !dl_encoder_data(NULL, NULL) && !dl_encoder_row(NULL, NULL, NULL), "an encoder");
    CHECK(!dl_model_set_encoder(NULL, NULL) && !dl_model_encoder(NULL), "a model");
    CHECK(!dl_model_add_standardize(NULL, NULL) && !dl_model_add_minmax(NULL, NULL) &&
          !dl_model_add_unstandardize(NULL, NULL), "layers");
    dl_table_free(NULL);
    dl_encoder_free(NULL);
    CHECK(dl_error(dl) == DL_OK, "%s", dl_error_text(dl));
    CHECK(!dl_table_pick(table_of(dl, "a\n1\n"), NULL, 1), "no list");
    CHECK_ERROR(dl, DL_ERR_ARGUMENT, "the list of rows is NULL");
    dl_free(dl);
}

int main(void)
{
    TEST(files);
    TEST(options);
    TEST(damaged);
    TEST(columns);
    TEST(views);
    TEST(as_scikit_learn);
    TEST(encoder);
    TEST(new_rows);
    TEST(refused);
    TEST(saved);
    TEST(standardize);
    TEST(standardize_shapes);
    TEST(standardize_refuses);
    TEST(corners);
    TEST(out_of_memory);
    TEST(random_bytes);
    TEST(null);
    return test_end();
}
