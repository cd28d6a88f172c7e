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
#include "../dl.h"
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

int main(int argc, char **argv) {
    enum { input_size = 784, hidden_size = 500, num_classes = 10 };
    const double learning_rate = 0.001;
    ex_options o = ex_options_default(argc, argv);
    o.epochs = 5;                                      /* num_epochs = 5                         */
    o.batch = 100;                                     /* batch_size = 100                       */
    ex_parse(&o, argc, argv, "S3's program: 784 - 500 relu - 10, own training loop, Adam",
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
    dl_tensor *parameters[4];
    parameters[0] = n.w1, parameters[1] = n.b1, parameters[2] = n.w2, parameters[3] = n.b2;
    /* optimizer = torch.optim.Adam(net.parameters(), lr=learning_rate)                          */
    dl_optimizer *optimizer = dl_optimizer_new(dl, dl_torch_adam(learning_rate), parameters, 4);
    if (dl_error(dl)) return ex_end(dl, &o);
    ex_page page = ex_page_open(&o, "A training loop of one's own · 自己写训练循环");
    int total_step = (int)dl_loader_batch_count(train_loader), points = 0;
    size_t room = (size_t)o.epochs * (size_t)total_step / 10 + (size_t)o.epochs;
    double *step = (double *)calloc(room, 3 * sizeof *step);  /* the curve of --html             */
    double *value = step ? step + room : NULL, *mean = step ? value + room : NULL;

    double start = ex_seconds();
    dl_batch batch;
    /* for epoch in range(num_epochs):                                                           */
    for (int epoch = 0; epoch < o.epochs && !dl_error(dl); epoch++) {
        /* for i, (images, labels) in enumerate(train_loader):                                   */
        for (int i = 0; dl_loader_next(train_loader, &batch); i++) {
            /* images = images.view(-1, 28*28)                                                   */
            dl_tensor *images = dl_reshape(batch.x, dl_shape2(-1, 28 * 28));

            /* outputs = net(images)                                                             */
            dl_tensor *outputs = net_forward(&n, images);
            /* loss = criterion(outputs, labels)            criterion = nn.CrossEntropyLoss()    */
            dl_tensor *loss = dl_cross_entropy(outputs, batch.labels);

            dl_optimizer_zero_grad(optimizer);                   /* optimizer.zero_grad()                  */
            dl_backward(loss);                         /* loss.backward()                        */
            dl_optimizer_step(optimizer);                        /* optimizer.step()                       */

            /* if (i+1) % 100 == 0:                                                              */
            /*     print ('Epoch [%d/%d], Step [%d/%d], Loss: %.4f' ...)                         */
            if ((i + 1) % 100 == 0 && !o.quiet)
                printf("Epoch [%d/%d], Step [%d/%d], Loss: %.4f\n", epoch + 1, o.epochs, i + 1,
                       total_step, dl_item(loss));
            if (step && i % 10 == 0) {
                step[points] = epoch * total_step + i + 1;
                value[points++] = dl_item(loss);
            }
            dl_tape_clear(dl);   /* PyTorch frees a step's tensors by counting; here we say when */
        }
    }
    double seconds = ex_seconds() - start;

    /* correct = 0; total = 0                                                                    */
    int64_t correct = 0, total = 0;
    double test_loss = 0;
    bool recording = dl_set_no_grad(dl, true);
    /* for images, labels in test_loader:                                                        */
    while (dl_loader_next(test_loader, &batch)) {
        dl_tensor *outputs = net_forward(&n, dl_reshape(batch.x, dl_shape2(-1, 28 * 28)));
        dl_tensor *loss = dl_cross_entropy_sum(outputs, batch.labels);
        if (loss == NULL) break;
        test_loss += dl_item(loss);
        /* _, predicted = torch.max(outputs.data, 1)                                             */
        /* total += labels.size(0)                                                               */
        /* correct += (predicted == labels).sum()                                                */
        for (dl_int i = 0; i < batch.size; i++)
            correct += ex_argmax(outputs->data + i * num_classes, num_classes) == batch.labels[i];
        total += batch.size;
        dl_tape_clear(dl);
    }
    dl_set_no_grad(dl, recording);
    if (dl_error(dl)) { free(step); return ex_end(dl, &o); }

    /* print('Accuracy of the network on the 10000 test images: %d %%' % (100 * correct / total))
       %d cuts the decimals off: 97.99 would print as 97. We keep them.                          */
    double accuracy = (double)correct / (double)total;
    if (!o.quiet)
        printf("Accuracy of the network on the %d test images: %.2f %%\n", (int)total,
               100 * accuracy);

    if (page.f && step) {
        ex_axes axes = {"Loss while training · 训练中的损失", "step · 步", "loss · 损失", 0, 0, 0, 0, true};
        ex_curve c[2] = {{NULL, NULL, NULL, 0}, {"running mean · 滑动平均", NULL, NULL, 0}};
        c[0].x = c[1].x = step, c[0].n = c[1].n = points;
        c[0].y = value, c[1].y = mean;
        for (int i = 0; i < points; i++) {             /* the mean of up to 21 neighbours        */
            int from = i < 10 ? 0 : i - 10, to = i + 10 < points ? i + 11 : points;
            for (int j = from; j < to; j++) mean[i] += value[j] / (to - from);
        }
        ex_page_text(&page, 0, "Test accuracy %.2f %%, test loss %.4f. · 测试准确率与测试损失",
                     100 * accuracy, test_loss / (double)total);
        ex_page_plot(&page, axes, c, 2);
        ex_page_text(&page, 0, "Grey: single batches of %d images, every tenth. They differ, so "
                     "the curve trembles; its trend is what counts. · 灰色：单个批次（每批 %d 幅图像，每十步一点）。"
                     "各批不同，曲线因而抖动；要看趋势。", o.batch, o.batch);
    }
    ex_page_close(&page, o.quiet);
    free(step);
    ex_result("test_accuracy=%.4f test_loss=%.4f seconds=%.2f parameters=%d", accuracy,
              test_loss / (double)total, seconds,
              (int)(n.w1->size + n.b1->size + n.w2->size + n.b2->size));
    return ex_end(dl, &o);
}
