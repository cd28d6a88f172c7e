/* embed - a net for a machine without dl.h: trained here, written as one C file, compiled with a
   program of ten lines, and run. With float weights and with int8 weights: what each costs in
   flash (constants) and RAM (scratch memory), and whether it still gives the same answers.

       gcc -O2 examples/apps/embed.c -o embed -lm && ./embed --dir /tmp

   What it leaves in --dir: digits.h, the net; device.c, the program. Read digits.h: it begins with
   how it is used; look in it for digits_predict, which has a line or two for each layer.
   @F S1-4: the net   @F S3-3.1: y = f(W x + b), what the C file computes                        */
#define DL_IMPLEMENTATION
#include "../../dl.h"
#include "apps.h"

enum { IMAGES = 100 };

/* The program for the device; it needs digits.h. Input: a file of 28 x 28 floats for each digit. */
static const char device[] =
    "#define DIGITS_IMPLEMENTATION\n"
    "#define DIGITS_SELFTEST\n"
    "#include \"digits.h\"\n"
    "#include <stdio.h>\n"
    "static float in[DIGITS_IN], out[DIGITS_OUT], work[DIGITS_WORK];\n"
    "int main(int argc, char **argv) {\n"
    "    FILE *images = fopen(argc > 1 ? argv[1] : \"\", \"rb\");\n"
    "    if (!images || digits_selftest(in, out, work) != 0) return 1;\n"
    "    while (fread(in, sizeof in, 1, images) == 1) {\n"
    "        int best = 0;\n"
    "        digits_predict(in, out, work);\n"
    "        for (int i = 1; i < DIGITS_OUT; i++) if (out[i] > out[best]) best = i;\n"
    "        printf(\"%d\\n\", best);\n"
    "    }\n"
    "    return 0;\n"
    "}\n";

/* The first test images as floats, and what the net here says they are. */
static bool first_images(dl_model *net, const dl_data *test, const char *path, int32_t *answer) {
    dl_ctx *dl = dl_data_ctx(test);
    static float pixels[IMAGES][784];
    for (int i = 0; i < IMAGES; i++) {
        const dl_tensor *x = dl_data_sample(test, i);
        for (int k = 0; x && k < 784; k++) pixels[i][k] = (float)x->data[k];
    }
    dl_tensor *y = dl_model_predict_data(net, dl_data_take(test, 0, IMAGES));
    return dl_argmax_axis(answer, y, 1) && ex_write(dl, path, pixels, sizeof pixels, "dir");
}

/* Compile and run the device's program: how many answers are those of the net here; -1: there is
   no compiler, -2: the program fails. */
static int same_answers(const char *dir, const int32_t *answer) {
    char command[2000];
    int same = 0, said;
    snprintf(command, sizeof command, "cc -O2 \"%s/device.c\" -o \"%s/device\" -lm 2>\"%s/log\"",
             dir, dir, dir);
    if (system(command) != 0) return -1;
    snprintf(command, sizeof command, "\"%s/device\" \"%s/images\" >\"%s/log\"", dir, dir, dir);
    const int code = system(command);
    snprintf(command, sizeof command, "%s/log", dir);
    FILE *f = fopen(command, "r");
    for (int i = 0; f && i < IMAGES && fscanf(f, "%d", &said) == 1; i++) same += said == answer[i];
    if (f) fclose(f);
    return code == 0 ? same : -2;
}

static void show(const ex_options *o, const dl_c_report r[2], const int same[2]);

int main(int argc, char **argv) {
    int32_t answer[IMAGES];
    const char *dir = ".";
    char path[1000];
    dl_c_report r[2];
    int same[2] = {0, 0};
    ex_options o = ex_options_default(argc, argv);
    const ex_option own = {"dir", EX_DIR, &dir, 0, 0, EX("where digits.h and device.c are written",
                                                         "digits.h 和 device.c 写到哪里")};
    o.epochs = 3;
    o.limit = 10000;
    ex_parse(&o, argc, argv, EX("a trained net as one C file", "训练好的网络写成一个 C 文件"),
             "data epochs batch limit seed threads html quiet", &own, 1);
    dl_ctx *dl = ex_begin(&o);
    dl_data *train = ex_mnist(dl, &o, DL_TRAIN), *test = ex_mnist(dl, &o, DL_TEST);
    dl_model *net = dl_model_new(dl, dl_shape1(784));
    dl_model_add_dense(net, 128, DL_RELU);
    dl_model_add_dropout(net, 0.2);
    dl_model_add_dense(net, 10, DL_SOFTMAX);
    dl_model_compile(net, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_adam(0.001));
    dl_fit fit = ex_fit(&o);
    fit.verbose = o.quiet ? 0 : 2;
    dl_model_fit(net, train, &fit);
    snprintf(path, sizeof path, "%s/images", dir);
    bool ok = first_images(net, test, path, answer);
    snprintf(path, sizeof path, "%s/device.c", dir);
    ok = ok && ex_write(dl, path, device, sizeof device - 1, "dir");
    snprintf(path, sizeof path, "%s/digits.h", dir);
    for (int int8 = 0; int8 < 2 && ok; int8++) {
        dl_export_c how = dl_export_c_default();
        how.name = "digits";
        how.int8 = int8 == 1;
        how.data = test;                       /* its accuracy; its first digits for the selftest */
        how.report = &r[int8];
        ok = dl_model_export_c(net, path, &how);
        if (!ok) break;
        same[int8] = same_answers(dir, answer);
        if (same[int8] == -2)
            ok = dl_fail(dl, DL_ERR_STATE, "%s/device fails when it runs", dir);
    }
    if (!ok) return ex_end(dl, &o);
    show(&o, r, same);
    ex_result("flash=%ld flash_int8=%ld work=%ld accuracy=%.4f accuracy_int8=%.4f agreement=%.4f "
              "same=%d same_int8=%d", (long)r[0].flash, (long)r[1].flash, (long)r[0].work,
              r[0].accuracy, r[1].int8_accuracy, r[1].agreement, same[0], same[1]);
    return ex_end(dl, &o);
}

/* ------------------------------------------------------------------------- the showing ---- */

static void show(const ex_options *o, const dl_c_report r[2], const int same[2]) {
    ex_page page = ex_page_open(o, EX("A net as one C file", "一个 C 文件里的网络"));
    ex_show_text(&page, o->quiet, 2, EX("The program for the device", "设备上的程序"));
    if (!o->quiet) printf("\n%s", device);
    ex_show_text(&page, o->quiet, 2, EX("What it costs", "代价"));
    ex_page_table(&page, true);
    ex_show_row(&page, o->quiet, true,
                EX("weights|flash, bytes|RAM, floats|test accuracy|same on device",
                   "权重|闪存（字节）|内存（浮点数）|测试准确率|设备上相同"));
    for (int i = 0; i < 2; i++)
        ex_show_row(&page, o->quiet, false, "%s|%ld|%ld|%.4f|%d / %d", i ? "int8" : "float",
                    (long)r[i].flash, (long)r[i].work, i ? r[i].int8_accuracy : r[i].accuracy,
                    same[i], IMAGES);
    ex_page_table(&page, false);
    if (same[0] == -1)
        ex_show_text(&page, o->quiet, 0,
                     EX("There is no compiler here (cc): compile device.c yourself.",
                        "这里没有编译器（cc）：请自己编译 device.c。"));
    ex_show_text(&page, o->quiet, 0, EX("Of %.2f %% of the test images both say the same.",
                                        "对 %.2f %% 的测试图片，两者的回答相同。"),
                 100 * r[1].agreement);
    ex_show_now_you(&page, o->quiet,
                    EX("How many hidden units still fit into a chip with 32 KB of flash, in int8?",
                       "用 int8 时，32 KB 闪存的芯片还放得下多少个隐藏单元？"),
                    EX("A unit takes 784 + 10 bytes and a bias and scale of 4 bytes each: 40 of "
                       "them.", "每个单元占 784 + 10 字节，再加偏置和比例各 4 字节：40 个。"));
    ex_page_close(&page, o->quiet);
}
