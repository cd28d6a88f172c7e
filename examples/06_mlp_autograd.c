/* 06 - the same task one floor down: S3's PyTorch program with tensors and the tape.

   S3 (section 4) writes its own forward pass and its own training loop; its lines stand quoted
   beside ours. 784 - linear 500 - relu - linear 10 gives scores (logits), not probabilities: the
   loss takes them as they are.

       gcc -O2 examples/06_mlp_autograd.c -o mlp -lm && ./mlp         (add -fopenmp for all cores)

   @F S3-3.1  y = f(W x + b), one formula a layer: a = relu(W1 x + b1), z = W2 a + b2
   @F S3-4    L = mean over the batch of  -log softmax(z)_label = log sum_k e^{z_k} - z_label
   @F S3-3.2  backpropagation gives dL/dW and dL/db; the optimizer, not backpropagation, then
              updates:  W <- W - alpha (what Adam makes of dL/dW)                              */
#define DL_IMPLEMENTATION
#include "dl.h"
#include "example.h"

/* class Net(nn.Module):                                                                         */
typedef struct net {
    dl_tensor *w1, *b1, *w2, *b2;
} net;

/* def __init__(self, input_size, hidden_size, num_classes):                                     */
/*     nn.Linear starts weight and bias at U(-1/sqrt(in), 1/sqrt(in)), and so do we.             */
static net net_new(dl_ctx *dl, int input_size, int hidden_size, int num_classes) {
    net n;
    /* self.fc1 = nn.Linear(input_size, hidden_size)                                             */
    n.w1 = dl_param(dl, dl_shape2(hidden_size, input_size), dl_init_torch(input_size));
    n.b1 = dl_param(dl, dl_shape1(hidden_size), dl_init_torch(input_size));
    /* self.fc2 = nn.Linear(hidden_size, num_classes)                                            */
    n.w2 = dl_param(dl, dl_shape2(num_classes, hidden_size), dl_init_torch(hidden_size));
    n.b2 = dl_param(dl, dl_shape1(num_classes), dl_init_torch(hidden_size));
    return n;
}

/* def forward(self, x):                                                                         */
static dl_tensor *net_forward(const net *n, dl_tensor *x) {
    dl_tensor *out = dl_linear(x, n->w1, n->b1);       /* out = self.fc1(x)                      */
    out = dl_relu(out);                                /* out = self.relu(out)                   */
    out = dl_linear(out, n->w2, n->b2);                /* out = self.fc2(out)                    */
    return out;                                        /* return out                             */
}

/* for epoch in range(num_epochs):                 losses gets the loss of each step             */
static void train(dl_ctx *dl, const net *n, dl_loader *train_loader, dl_optimizer *optimizer,
                  const ex_options *o, double *losses) {
    const int total_step = (int)dl_loader_batch_count(train_loader);
    for (int epoch = 0; epoch < o->epochs && !dl_error(dl); epoch++) {
        dl_batch batch;
        /* for i, (images, labels) in enumerate(train_loader):                                   */
        for (int i = 0; dl_loader_next(train_loader, &batch); i++) {
            /* images = images.view(-1, 28*28)                                                   */
            dl_tensor *images = dl_reshape(batch.x, dl_shape2(-1, 28 * 28));

            /* outputs = net(images)                                                             */
            dl_tensor *outputs = net_forward(n, images);
            /* loss = criterion(outputs, labels)            criterion = nn.CrossEntropyLoss()    */
            dl_tensor *loss = dl_cross_entropy(outputs, batch.labels);

            dl_optimizer_zero_grad(optimizer);         /* optimizer.zero_grad()                  */
            dl_backward(loss);                         /* loss.backward()                        */
            dl_optimizer_step(optimizer);              /* optimizer.step()                       */

            /* if (i+1) % 100 == 0:                                                              */
            /*     print ('Epoch [%d/%d], Step [%d/%d], Loss: %.4f' ...)                         */
            if ((i + 1) % 100 == 0 && !o->quiet)
                printf(EX("Epoch [%d/%d], Step [%d/%d], Loss: %.4f\n",
                          "轮 [%d/%d]，步 [%d/%d]，损失：%.4f\n"), epoch + 1, o->epochs, i + 1,
                       total_step, dl_item(loss));
            *losses++ = dl_item(loss);
            dl_tape_clear(dl);   /* PyTorch frees a step's tensors by counting; here we say when */
        }
    }
}

/* print('Accuracy of the network on the 10000 test images: %d %%' % (100 * correct / total))     */
static double test(dl_ctx *dl, const net *n, dl_loader *test_loader, double *test_loss,
                   bool quiet) {
    int64_t correct = 0, total = 0;                    /* correct = 0; total = 0                 */
    dl_batch batch;
    const bool was = dl_set_no_grad(dl, true);
    *test_loss = 0;
    /* for images, labels in test_loader:                                                        */
    while (dl_loader_next(test_loader, &batch)) {
        dl_tensor *outputs = net_forward(n, dl_reshape(batch.x, dl_shape2(-1, 28 * 28)));
        dl_tensor *loss = dl_cross_entropy_sum(outputs, batch.labels);
        if (loss == NULL) break;
        *test_loss += dl_item(loss);
        /* _, predicted = torch.max(outputs.data, 1)                                             */
        /* correct += (predicted == labels).sum()                                                */
        for (dl_int i = 0; i < batch.size; i++)
            correct += ex_argmax(outputs->data + i * 10, 10) == batch.labels[i];
        total += batch.size;                           /* total += labels.size(0)                */
        dl_tape_clear(dl);
    }
    dl_set_no_grad(dl, was);
    if (total == 0) return 0;
    *test_loss /= (double)total;
    if (!quiet)                                        /* %d cuts the decimals off; we keep them */
        printf(EX("Accuracy of the network on the %d test images: %.2f %%\n",
                  "网络在 %d 张测试图像上的准确率：%.2f %%\n"), (int)total,
               100 * (double)correct / (double)total);
    return (double)correct / (double)total;
}

/* Behind main: the page. */
static void show(dl_ctx *dl, ex_page *page, const double *losses, dl_int steps, double accuracy,
                 double test_loss, const ex_options *o);

int main(int argc, char **argv) {
    enum { input_size = 784, hidden_size = 500, num_classes = 10 };
    const double learning_rate = 0.001;
    double test_loss;
    ex_options o = ex_options_default(argc, argv);
    o.epochs = 5;                                      /* num_epochs = 5                         */
    o.batch = 100;                                     /* batch_size = 100                       */
    ex_parse(&o, argc, argv, EX("S3's program: 784 - 500 relu - 10, own training loop, Adam; "
                                "half a minute",
                                "文档 S3 的程序：784 - 500 relu - 10，自己写训练循环，Adam；约半分钟"),
             "data epochs batch limit seed threads html quiet", NULL, 0);

    dl_ctx *dl = ex_begin(&o);
    dl_data *train_dataset = ex_mnist(dl, &o, DL_TRAIN);
    dl_data *test_dataset = ex_mnist(dl, &o, DL_TEST);
    /* train_loader = DataLoader(dataset=train_dataset, batch_size=batch_size, shuffle=True)     */
    dl_loader *train_loader = dl_loader_new(train_dataset, o.batch, true);
    /* test_loader = DataLoader(dataset=test_dataset, batch_size=batch_size, shuffle=False)      */
    dl_loader *test_loader = dl_loader_new(test_dataset, o.batch, false);

    /* net = Net(input_size, hidden_size, num_classes)                                           */
    net n = net_new(dl, input_size, hidden_size, num_classes);
    dl_tensor *parameters[4] = {n.w1, n.b1, n.w2, n.b2};
    /* optimizer = torch.optim.Adam(net.parameters(), lr=learning_rate)                          */
    dl_optimizer *optimizer = dl_optimizer_new(dl, dl_torch_adam(learning_rate), parameters, 4);
    if (dl_error(dl)) return ex_end(dl, &o);
    const dl_int steps = (dl_int)o.epochs * dl_loader_batch_count(train_loader);
    double *losses = ex_room(dl, (size_t)steps);
    if (losses == NULL) return ex_end(dl, &o);
    ex_page page = ex_page_open(&o, EX("A training loop of one's own", "自己写训练循环"));

    const double start = ex_seconds();
    train(dl, &n, train_loader, optimizer, &o, losses);
    const double seconds = ex_seconds() - start;
    const double accuracy = test(dl, &n, test_loader, &test_loss, o.quiet);
    if (!dl_error(dl)) show(dl, &page, losses, steps, accuracy, test_loss, &o);
    free(losses);
    if (dl_error(dl)) return ex_end(dl, &o);
    ex_page_close(&page, o.quiet);
    ex_result("test_accuracy=%.4f test_loss=%.4f seconds=%.2f parameters=%d", accuracy, test_loss,
              seconds, (int)(n.w1->size + n.b1->size + n.w2->size + n.b2->size));
    return ex_end(dl, &o);
}

/* ------------------------------------------------------------------------- the showing ---- */

/* The training loop as four boxes; the numbers beside them are the shapes of one batch. */
static void boxes(ex_page *page, int batch) {
    const char *const name[4] = {EX("1 forward", "1 前向"), EX("2 loss", "2 损失"),
                                 EX("3 backward", "3 反向"), EX("4 update", "4 更新")};
    const char *const call[4] = {"net_forward", "dl_cross_entropy", "dl_backward",
                                 "dl_optimizer_step"};
    const char *const what[4] = {EX("outputs", "输出"), "L", "dL/dW, dL/db",
                                 EX("new W, b", "新的 W、b")};
    char text[64];
    if (page->f == NULL) return;
    ex_page_figure(page, "06-loop", EX("The training loop: forward, loss, backward, update, and "
                                       "round again with the next batch",
                                       "训练循环：前向、损失、反向、更新，换下一批再来"));
    ex_svg_begin(page, 720, 250);
    for (int k = 0; k < 4; k++) {
        const double x = 10 + 182 * k;
        fprintf(page->f, "<rect x=\"%.0f\" y=\"70\" width=\"154\" height=\"84\" rx=\"8\" "
                "fill=\"#f3f7fa\" stroke=\"#333\" stroke-width=\"1.5\"/>\n", x);
        ex_svg_text(page, x + 77, 98, "middle", 17, "font-weight=\"bold\"", name[k]);
        ex_svg_text(page, x + 77, 121, "middle", 13, "font-family=\"monospace\"", call[k]);
        ex_svg_text(page, x + 77, 143, "middle", 14, "", what[k]);
        if (k < 3) fprintf(page->f, "<path d=\"M%.0f 112h22m-8 -6l8 6l-8 6\" fill=\"none\" "
                           "stroke=\"#333\" stroke-width=\"2\"/>\n", x + 157);
    }
    fputs("<path d=\"M633 158v40H87v-38m-6 8l6 -8l6 8\" fill=\"none\" stroke=\"#333\" "
          "stroke-width=\"2\" stroke-dasharray=\"7 4\"/>\n", page->f);
    ex_svg_text(page, 360, 222, "middle", 15, "", EX("the next batch, with the new parameters",
                                                     "下一批，用新的参数"));
    snprintf(text, sizeof text, EX("images [%d,784], labels [%d]", "图像 [%d,784]，标签 [%d]"), batch,
             batch);
    ex_svg_text(page, 87, 30, "start", 15, "", text);
    fputs("<path d=\"M87 40v26m-6 -8l6 8l6 -8\" fill=\"none\" stroke=\"#333\" "
          "stroke-width=\"2\"/>\n", page->f);
    ex_svg_end(page);
}

/* Everything that is not the program: the loss of every tenth batch, and its running mean. */
static void show(dl_ctx *dl, ex_page *page, const double *losses, dl_int steps, double accuracy,
                 double test_loss, const ex_options *o) {
    const int points = (int)((steps + 9) / 10);
    double *step = ex_room(dl, 3 * (size_t)points);
    const ex_axes axes = {EX("Loss while training", "训练中的损失"), EX("step", "步"), EX("loss", "损失"),
                          0, 0, 0, 0, true};
    if (step == NULL) return;
    double *const value = step + points, *const mean = value + points;
    for (int i = 0; i < points; i++) {
        step[i] = 10 * i + 1;
        value[i] = losses[10 * i];
    }
    for (int i = 0; i < points; i++) {                 /* the mean of up to 21 neighbours        */
        const int from = i < 10 ? 0 : i - 10, to = i + 10 < points ? i + 11 : points;
        for (int j = from; j < to; j++) mean[i] += value[j] / (to - from);
    }
    const ex_curve line[2] = {{NULL, step, value, points},
                              {EX("running mean", "滑动平均"), step, mean, points}};
    ex_page_formula(page, "W ← W - α · Adam(∂L/∂W)");
    boxes(page, o->batch);
    ex_page_text(page, 0, EX("Test accuracy %.2f %%, test loss %.4f.",
                             "测试准确率 %.2f %%，测试损失 %.4f。"), 100 * accuracy, test_loss);
    ex_page_figure(page, "06-loss", EX("The loss of single batches, grey, and its running mean",
                                       "单个批次的损失（灰色）与滑动平均"));
    ex_page_plot(page, axes, line, 2);
    ex_page_text(page, 0, EX("Grey: single batches of %d images, every tenth. They differ, so the "
                             "curve trembles; its trend is what counts.",
                             "灰色：单个批次（每批 %d 幅图像，每十步一点）。各批不同，曲线因而抖动；要看的是趋势。"),
                 o->batch);
    ex_show_now_you(page, o->quiet,
                    EX("the 60000 images, batches of 100: how many steps has an epoch? With "
                       "--batch 32?", "60000 幅图像，每批 100 幅，一轮有几步？换成 --batch 32 呢？"),
                    EX("600; 60000 / 32 = 1875.", "600；60000 / 32 = 1875。"));
    free(step);
}
