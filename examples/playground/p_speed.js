/* p_speed.js - this browser against native code. */
"use strict";

const speedPanel = {
    id: "speed",
    name: () => T("Speed", "速度"),
    training: false, guess: 30, guessed: false,
    async load() {},
    build(root) {
        const row = (name, share) => {
            const value = el("td", {}, "–"), bar = el("i", { style: `transform:scaleX(${share})` });
            return { value, bar, row: el("tr", {}, el("th.wrap", { scope: "row" }, name), value,
                                         el("td", {}, el("span.track", {}, bar))) };
        };
        this.here = row(T("here: ", "这里：") +
                        (engine.vectors ? T("WebAssembly, 128-bit vectors", "WebAssembly，128 位向量")
                                                              : T("WebAssembly, no vectors", "WebAssembly，无向量指令")), 0);
        this.there = row(T("the same C, compiled for a PC: ", "同样的 C，为 PC 编译：") + NATIVE.where, 1);
        this.there.value.textContent = Math.round(NATIVE.rate).toLocaleString();
        this.status = el("p.status", { role: "status" });
        this.play = button(this.training ? T("Stop", "停止") : T("Measure", "测量"), () => this.toggle(), "main");
        this.task = challenge(this,
                              T("guess before you measure, and be right within a quarter of it.",
                                "先猜再测，猜得与实测相差不超过四分之一。"));
        root.append(
            el("p", {}, T("How many pictures a second does dl.h learn from here, in this browser, on one core? The net of chapter 7: 784-512-10, RMSprop, 128 pictures a step.",
                          "dl.h 在这里、在这个浏览器里、用一个核，每秒能学多少张图片？用第 07 章的网络：784-512-10，RMSprop，每步 128 张。")),
            el("div.controls", {},
               slider(T("my guess: of the native speed", "我猜：原生速度的"),
                      [2, 5, 10, 15, 20, 25, 30, 40, 50, 60, 70, 80, 90, 100, 120, 150],
                this.guess, v => { this.guess = v; this.guessed = true; }, v => v + " %")),
            el("div.buttons", {}, this.play),
            el("div.scroll", {},
               el("table", {},
                  el("tr", {},
                     [T("where", "哪里"), T("pictures a second", "每秒图片"), ""].map(h => el("th", {}, h))),
                this.here.row, this.there.row)),
            this.status, this.task,
            fold(T("Show me the C", "看 C 程序"), () => code(this.c()), true),
            fold(T("Explain", "讲解"), () => this.explain(), true));
        if (this.last) this.frame(this.last);
    },
    async toggle() {
        /* Without a worker a step is made in four parts, between which the page answers. */
        if (!this.training)
            await ask("speed", "start", digitsPanel.pixels.slice(0, 784 * 5000),
                      digitsPanel.labels.slice(0, 5000), engine.threaded ? 1 : 4);
        await train(this, !this.training);
        this.play.textContent = this.training ? T("Stop", "停止") : T("Measure", "测量");
    },
    frame(f) {
        this.last = f;
        if (!f.rate) return;
        const share = f.rate / NATIVE.rate;
        this.here.value.textContent = Math.round(f.rate).toLocaleString();
        this.here.bar.style.transform = `scaleX(${Math.min(1, share)})`;
        this.status.textContent = T(`${f.steps} steps; the first one’s loss ${f.first.toFixed(5)}; ${Math.round(100 * share)} % of the native speed`,
                                    `${f.steps} 步；第一步的损失 ${f.first.toFixed(5)}；原生速度的 ${Math.round(100 * share)} %`);
        if (this.guessed && f.steps > 30 &&
            Math.abs(this.guess / (100 * share) - 1) < 0.25) this.task.check(true);
    },
    c: () => `#define DL_IMPLEMENTATION
#include "dl.h"
#include <stdio.h>
#include <time.h>

int main(void)
{
    dl_ctx *dl = dl_new(42);
    dl_data *train = dl_data_take(dl_mnist_load(dl, "data/mnist", DL_TRAIN), 0, 5000);
    dl_model *net = dl_model_new(dl, dl_shape3(1, 28, 28));
    dl_model_add_flatten(net);
    dl_model_add_dense(net, 512, DL_RELU);
    dl_model_add_dense(net, 10, DL_SOFTMAX);
    dl_model_compile(net, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_rmsprop(0.001));
    dl_loader *batches = dl_loader_new(train, 128, true);
    dl_batch b;
    clock_t from = 0;
    int steps = 0, pictures = 0;
    while (dl_loader_next(batches, &b)) {           /* once through the 5,000 */
        const double loss = dl_model_train_batch(net, &b).loss;
        dl_tape_clear(dl);
        pictures += (int)b.size;
        if (steps++ == 0) {                         /* the first step also gets its memory */
            printf("loss of the first step: %.5f\\n", loss);
            from = clock();
            pictures = 0;
        }
    }
    const double seconds = (double)(clock() - from) / CLOCKS_PER_SEC;
    printf("%.0f pictures a second\\n", pictures / seconds);
    const bool failed = dl_error(dl) != DL_OK;
    dl_free(dl);
    return failed;
}
`,
    explain() {
        const f = this.last, flops = 4 * 784 * 512 + 6 * 512 * 10;
        return [
                el("p", {}, T("The same dl.h, unchanged, one thread each. Compiled for a PC it uses vectors of 256 or 512 bits where the processor has them; WebAssembly has 128, and no fused multiply-add. The number here is your machine’s, the other was measured on the machine named, so they compare only roughly.",
                              "同一个 dl.h，一字未改，各用一个线程。为 PC 编译时，它用处理器所有的 256 或 512 位向量；WebAssembly 只有 128 位，也没有融合乘加。这里的数字是你的机器的，另一个是在所写的机器上测的，只能粗略比较。")),
                el("p.formula", {}, "2 · (784·512 · 2 + 512·10 · 3) = " + flops.toLocaleString()),
                el("p", {}, T("So many multiplications and additions a picture takes: forward, as many backward for the weights, and in the second layer as many again for what comes before it.", "每张图片需要这么多次乘法和加法：前向一份，反向对权重一份；第二层还要对前一层再算一份。"),
                    f && f.rate ? T(` Here that is ${num(f.rate * flops / 1e9, 1)} thousand million a second.`, ` 这里是每秒 ${num(f.rate * flops / 1e8, 0)} 亿次。`) : ""),
                el("p", {}, chapter("07_mlp_rmsprop", T("Chapter 07: this net", "第 07 章：这个网络")))];
    }
};
