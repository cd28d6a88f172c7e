/* onnx - models out to ONNX Runtime and its like, graphs of PyTorch, Keras, scikit-learn in, and
   trained further, which ONNX Runtime cannot. Without --net a digits net is trained here and
   written as digits.onnx; that file, or the graph given by --net, is loaded, asked, trained for
   some more batches, and written as tuned.onnx; and as one C file for a microcontroller, tuned.h.

       gcc -O2 examples/apps/onnx.c -o onnx -lm && ./onnx --dir /tmp

   A graph from elsewhere: one input of 28 x 28 numbers from 0 to 1 (in any shape), 10 outputs, as
   in Python:  torch.onnx.export(net, (torch.zeros(1, 784),), "net.onnx")
   Where that writes net.onnx.data, too, leave it beside net.onnx: weights are in it.
   @F S1-4: the net */
#define DL_IMPLEMENTATION
#include "../../dl.h"
#include "../example.h"

enum { COMPARED = 100 };

static dl_model *trained_here(dl_ctx *dl, const ex_options *o, const dl_data *train) {
    dl_model *net = dl_model_new(dl, dl_shape1(784));
    dl_fit fit = ex_fit(o);
    dl_model_add_dense(net, 128, DL_RELU);
    dl_model_add_dropout(net, 0.2);
    dl_model_add_dense(net, 10, DL_SOFTMAX);
    dl_model_compile(net, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_adam(0.001));
    fit.verbose = o->quiet ? 0 : 2;
    return dl_model_fit(net, train, &fit) ? net : NULL;
}

/* The largest difference between what two models make of the first digits. */
static double largest_difference(dl_model *a, dl_model *b, const dl_data *d) {
    dl_loader *loader = dl_loader_new(d, COMPARED, false);
    dl_batch batch;
    double most = NAN;
    if (!loader || !dl_loader_next(loader, &batch)) return NAN;
    const dl_tensor *y = dl_model_predict(a, batch.x), *z = dl_model_predict(b, batch.x);
    if (y && z && y->size == z->size) most = 0;
    for (dl_int i = 0; most >= 0 && i < y->size; i++)
        most = ex_larger(most, fabs((double)y->data[i] - (double)z->data[i]));
    return most;
}

static void show(const ex_options *o, double before, double after, const double *difference,
                 const dl_c_report *report);

int main(int argc, char **argv) {
    const char *dir = ".", *path = NULL;
    char digits[1000], tuned[1000], file[1000];
    double difference = NAN;
    ex_options o = ex_options_default(argc, argv);
    const ex_option own[] = {
        {"net", EX_TEXT, &path, 0, 0, EX("a graph to load (default: digits.onnx, trained here)",
                                         "要读的图（默认：这里训练的 digits.onnx）")},
        {"dir", EX_DIR, &dir, 0, 0, EX("where digits.onnx, tuned.onnx and tuned.h are written",
                                        "digits.onnx、tuned.onnx 和 tuned.h 写到哪里")}};
    o.epochs = 1;
    o.limit = 5000;
    ex_parse(&o, argc, argv, EX("models as ONNX graphs, and back (a few seconds)",
                                "模型写成 ONNX 图，再读回来（几秒钟）"),
             "data epochs batch limit seed threads html quiet", own, 2);
    dl_ctx *dl = ex_begin(&o);
    const dl_data *train = ex_mnist(dl, &o, DL_TRAIN), *test = ex_mnist(dl, &o, DL_TEST);
    dl_model *here = NULL;
    snprintf(digits, sizeof digits, "%s/digits.onnx", dir);
    snprintf(tuned, sizeof tuned, "%s/tuned.onnx", dir);
    snprintf(file, sizeof file, "%s/tuned.h", dir);
    if (path == NULL) {
        here = trained_here(dl, &o, train);
        if (!here || !dl_onnx_save(here, digits)) return ex_end(dl, &o);
    }
    dl_model *net = dl_onnx_load(dl, path ? path : digits, NULL);
    if (net == NULL) return ex_end(dl, &o);
    if (here) difference = largest_difference(here, net, test);
    if (!o.quiet) dl_model_summary(net);

    /* Its last softmax is part of the loss again; a smaller step than from scratch. */
    dl_model_compile(net, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_adam(0.0003));
    const double before = dl_model_evaluate(net, test).accuracy;
    dl_fit fit = ex_fit(&o);
    fit.verbose = o.quiet ? 0 : 2;
    dl_model_fit(net, train, &fit);
    const double after = dl_model_evaluate(net, test).accuracy;
    if (!dl_onnx_save(net, tuned) || dl_error(dl)) return ex_end(dl, &o);
    dl_export_c how = dl_export_c_default();
    dl_c_report report;
    how.name = "tuned";
    how.int8 = true;
    how.data = test;
    how.report = &report;
    if (!dl_model_export_c(net, file, &how)) return ex_end(dl, &o);

    show(&o, before, after, here ? &difference : NULL, &report);
    ex_result("before=%.4f after=%.4f difference=%.1g flash=%ld int8=%.4f", before, after,
              difference, (long)report.flash, report.int8_accuracy);
    return ex_end(dl, &o);
}

/* ------------------------------------------------------------------------- the showing ---- */

/* difference: between the net trained here and what the file gave back; NULL: none was. */
static void show(const ex_options *o, double before, double after, const double *difference,
                 const dl_c_report *report) {
    ex_page page = ex_page_open(o, EX("Models as ONNX graphs", "写成 ONNX 图的模型"));
    ex_page_table(&page, true);
    ex_show_row(&page, o->quiet, true,
                EX("as loaded|trained further|int8 in tuned.h, bytes|right",
                   "读入时|继续训练后|tuned.h 的 int8（字节）|准确率"));
    ex_show_row(&page, o->quiet, false, "%.4f|%.4f|%ld|%.4f", before, after, (long)report->flash,
                report->int8_accuracy);
    ex_page_table(&page, false);
    if (difference)
        ex_show_text(&page, o->quiet, 0,
                     EX("The net before and behind the file: outputs differ by at most %.1g.",
                        "存前与读回的网络：输出最多相差 %.1g。"), *difference);
    ex_page_close(&page, o->quiet);
}
