/* p_memory.js - recurrent nets: gradients over time, a forecast. */
"use strict";

const memoryPanel = {
    id: "memory",
    name: () => T("Memory", "记忆"),
    kind: 1, scale: 1, forget: 2, training: false, losses: growing(), seed: 1,

    async load() {
        const text = await (await asset("series")).text();
        this.months = Float32Array.from(text.match(/,\d+/g).map(s => +s.slice(1)));
    },
    async build(root) {
        this.norms = chart(240, T("gradient over time", "梯度随时间"));
        this.chart = chart(260, T("passengers a month", "每月乘客"));
        this.curve = chart(120, T("loss", "损失"));
        this.status = el("p.status", { role: "status" });
        this.play = button(this.training ? T("Pause", "暂停") : T("Train", "训练"), () => this.toggle(),
                           "main");
        this.task = challenge(this,
                              T("train until the net’s mean error is less than a third of that of “as last year”.", "训练到网络的平均误差小于“同去年”的三分之一。"));
        const names = ["RNN", "LSTM", "GRU"];
        root.append(
            el("h3", {}, T("How far back does it remember?", "它能记多远？")),
            el("p", {}, T("How much the last state changes with the input so many steps back, in a net that has not learned yet. What falls to 0 is forgotten; what grows explodes.",
                          "最后状态对若干步之前输入的梯度（未训练的网络）。降到 0 就是忘掉，增长就是爆炸。")),
            el("div.controls", {},
               slider(T("recurrent weights ×", "循环权重 ×"), [0.5, 1, 1.5, 2, 3, 4], this.scale,
                      v => { this.scale = v; this.gradients(); }),
                slider(T("bias of the gates that keep", "保持门的偏置"), [-2, 0, 1, 2, 4], this.forget,
                       v => { this.forget = v; this.gradients(); }),
                button(T("Another net", "换一个网络"), () => { this.seed++; this.gradients(); })),
            legend(names.map((name, k) => ({ name, color: racerColor[k],
                                             dash: [null, [6, 3], [2, 2]][k] }))), this.norms,
            el("h3", {}, T("A forecast: airline passengers, one month ahead", "预测：航空乘客，提前一个月")),
            el("div.controls", {},
               choose(T("net", "网络"), names, this.kind, k => { this.kind = k; this.start(); })),
            el("div.buttons", {}, this.play,
               button(T("Start anew", "重新开始"), () => { this.seed++; this.start(); })),
            legend([{ name: T("real", "实际"), color: css("--text") },
                    { name: T("net", "网络"), color: css("--plus") },
                    { name: T("as last year", "同去年"), color: css("--minus"), dash: [1] }]),
            this.chart, el("div.row", {}, el("div.grow", {}, this.curve),
                           el("div.grow", {}, this.status)), this.task,
            fold(T("Show me the C", "看 C 程序"), () => code(this.c()), true),
            fold(T("Explain", "讲解"), () => this.explain(), true));
        this.gradients();
        if (this.last) this.frame(this.last);
        else this.start();
    },
    async gradients() {
        const of = k => ask("memory", "gradient", k, this.scale, this.forget, this.seed);
        const all = this.all = await Promise.all([0, 1, 2].map(of));
        plot(this.norms,
             all.map((y, k) => ({ y: [...y], color: racerColor[k],
                                  dash: [null, [6, 3], [2, 2]][k] })), { log: true, x: T("steps back: 0 … 59", "往回的步数：0 … 59") });
    },
    async start() {
        if (this.training) await this.toggle();
        this.losses = growing();
        this.frame(await ask("memory", "start",
                             { months: this.months, kind: this.kind, units: 16, rate: 0.005,
                               seed: this.seed }));
    },
    async toggle() {
        await train(this, !this.training);
    },
    frame(f) {
        this.last = f;
        this.losses.add(...f.losses.splice(0));
        const from = 84, real = [...this.months.subarray(from)],
              net = [...f.said.subarray(from - 24)],
              year = [...this.months.subarray(from - 12, 132)];
        plot(this.chart,
             [{ y: real, color: css("--text") },
              { y: year, color: css("--minus"), dash: [3, 3], width: 1 },
              { y: net, color: css("--plus") }], { x: T("1956 … 1960, the last two years unseen",
                                                        "1956 … 1960，最后两年未参与训练") });
        plot(this.curve, [{ y: this.losses.y, color: css("--plus") }],
             { log: true, x: T("loss", "损失") });
        this.status.textContent = T("updates ", "更新 ") + f.updates +
            T("; mean error in the last 24 months: net ", "；最后 24 个月的平均误差：网络 ") + num(f.net, 2) +
                T(" %, as last year ", " %，同去年 ") + num(f.naive, 2) + " %";
        if (f.net < f.naive / 3 && f.updates > 0) this.task.check(true);
    },
    c() {
        const rows = [];
        for (let i = 0; i < 144; i += 12) rows.push("    " + [...this.months.subarray(i, i + 12)].join(", "));
        return `#define DL_IMPLEMENTATION
#include "dl.h"
#include <math.h>
#include <stdio.h>

enum { MONTHS = 144, WINDOW = 12, SAMPLES = MONTHS - 2 * WINDOW, TEST = 24 };
static const dl_real month[MONTHS] = {              /* thousands of passengers, 1949 to 1960 */
${rows.join(",\n")}
};
static dl_real in[SAMPLES][WINDOW], out[SAMPLES];

int main(void)
{
    /* The growth since the year before, of 12 months; wanted is that of the next one. */
    for (int s = 0; s < SAMPLES; s++)
        for (int t = 0; t <= WINDOW; t++) {
            const double y = 10 * log((double)month[s + 12 + t] / (double)month[s + t]);
            *(t < WINDOW ? &in[s][t] : &out[s]) = (dl_real)y;
        }
    dl_ctx *dl = dl_new(${this.seed});
    dl_model *net = dl_model_new(dl, dl_shape2(WINDOW, 1));
    dl_model_add_${["rnn", "lstm", "gru"][this.kind]}(net, 16, false);
    dl_model_add_dense(net, 1, DL_LINEAR);
    dl_model_compile(net, DL_MSE, dl_adam(0.005));
    dl_fit fit = dl_fit_default();
    fit.epochs = 200;
    fit.batch_size = 16;
    fit.verbose = 0;
    dl_model_fit(net, dl_data_from_targets(dl, in[0], SAMPLES - TEST, dl_shape2(WINDOW, 1), out,
                                           dl_shape1(1)), &fit);
    dl_tensor *x = dl_from(dl, dl_shape3(SAMPLES, WINDOW, 1), in[0]);
    dl_tensor *y = dl_model_predict(net, x);
    double error = 0, naive = 0;
    for (int s = SAMPLES - TEST; y && s < SAMPLES; s++) {
        const double year_before = (double)month[s + 12], real = (double)month[s + 24];
        const double said = year_before * exp((double)y->data[s] / 10);
        printf("month %3d: %3.0f, forecast %3.0f\\n", s + 24, real, said);
        error += 100 * fabs(said / real - 1) / TEST;
        naive += 100 * fabs(year_before / real - 1) / TEST;
    }
    printf("mean error: net %.2f %%, as last year %.2f %%\\n", error, naive);
    const bool failed = dl_error(dl) != DL_OK;
    dl_free(dl);
    return failed;
}
`;
    },
    explain() {
        const left = (this.all || []).map((y, k) => ["RNN", "LSTM", "GRU"][k] + " " +
                                          num(y[59] / y[0], 4)).join(T(", ", "，"));
        return [
            el("p.formula", {}, "h_t = tanh(W_x x_t + W_h h_{t−1} + b)"),
            el("p", {}, T(`Now, of the slope at the last input, so much is left 59 steps back: ${left}.`, `此刻，往回 59 步，梯度是最后一步的这么多倍：${left}。`)),
            el("p", {}, T("Going back one step multiplies the gradient by W_h and by tanh′, which is at most 1. Sixty such factors make almost nothing, or too much. An LSTM carries its memory on by adding, behind a gate; with the gate open the factor is about 1.",
                          "往回走一步，梯度就乘上 W_h 和 tanh′（至多为 1）。六十个这样的因子乘起来，要么几乎为零，要么太大。LSTM 用门控的加法传递记忆；门开着时因子约为 1。")),
            el("p", {}, chapter("13_rnn", T("Chapter 13: recurrent nets", "第 13 章：循环网络")))];
    }
};
