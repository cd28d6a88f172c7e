/* p_others.js - convolution by hand, the race of optimizers, memory, a language model, speed. */
"use strict";

/* ---- panel 3 ---- */
const kernels = [
    [() => T("vertical edges", "竖直边缘"), [1, 0, -1, 2, 0, -2, 1, 0, -1]],
    [() => T("horizontal edges", "水平边缘"), [1, 2, 1, 0, 0, 0, -1, -2, -1]],
    [() => T("blur", "模糊"), [1 / 9, 1 / 9, 1 / 9, 1 / 9, 1 / 9, 1 / 9, 1 / 9, 1 / 9, 1 / 9]],
    [() => T("sharpen", "锐化"), [0, -1, 0, -1, 5, -1, 0, -1, 0]],
    [() => T("all edges", "所有边缘"), [-1, -1, -1, -1, 8, -1, -1, -1, -1]],
    [() => T("identity", "恒等"), [0, 0, 0, 0, 1, 0, 0, 0, 0]]
];
const convolvePanel = {
    id: "convolve",
    name: () => T("Convolution", "卷积"),
    w: kernels[0][1].slice(), at: [9, 9], side: 20,

    async load() { this.take(7); },
    take(i) {
        const p = digitsPanel.pixels.subarray(784 * i, 784 * i + 784);
        this.x = new Float32Array(400);
        for (let k = 0; k < 400; k++) this.x[k] = p[28 * (4 + Math.floor(k / 20)) + 4 + k % 20] / 255;
    },
    async build(root) {
        this.left = canvas(340, 340, T("the image; arrows move the window", "图像；方向键移动窗口"), true);
        this.right = canvas(306, 306, T("the result", "结果"), true);
        this.pooled = canvas(153, 153, T("after pooling", "池化之后"), true);
        this.left.tabIndex = 0;
        this.sum = el("p.products", { "aria-live": "polite" });
        this.cells = this.w.map((v, i) => el("input", { type: "number", step: 0.1, value: +v.toFixed(3), "aria-label": T("kernel ", "核 ") + (i + 1),
            oninput: e => { this.w[i] = +e.target.value || 0; this.run(); } }));
        this.task = challenge(this, T("build a kernel whose result is 0 wherever the image is even, and largest at the left edge of a stroke.",
                                      "做一个卷积核：图像均匀处结果为 0，在笔画的左边缘结果最大。"));
        const move = e => {
            const r = this.left.getBoundingClientRect();
            this.go(Math.floor((e.clientX - r.left) * 20 / r.width) - 1, Math.floor((e.clientY - r.top) * 20 / r.height) - 1);
        };
        this.left.addEventListener("pointermove", move);
        this.left.addEventListener("pointerdown", move);
        this.left.addEventListener("keydown", e => {
            const s = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[e.key];
            if (!s) return;
            this.go(this.at[0] + s[0], this.at[1] + s[1]);
            e.preventDefault();
        });
        root.append(
            el("div.controls", {}, choose(T("kernel", "卷积核"), kernels.map(k => k[0]()).concat([T("your own", "你自己的")]),
                Math.max(0, kernels.findIndex(k => k[1].every((v, i) => Math.abs(v - this.w[i]) < 1e-6))), i => {
                    if (kernels[i]) this.w = kernels[i][1].slice();
                    this.cells.forEach((c, j) => { c.value = +this.w[j].toFixed(3); });
                    this.run();
                }), button(T("Another image", "换一张图"), () => { this.take(Math.floor(Math.random() * 1000)); this.run(); })),
            el("div.row", {}, el("figure", {}, this.left, el("figcaption", {}, T("image x: drag the window", "图像 x：拖动窗口"))),
                el("div", {}, el("div.kernel", {}, this.cells), el("p.center", {}, T("kernel w: change the numbers", "卷积核 w：可以改数字"))),
                el("figure", {}, this.right, el("figcaption", {}, T("y: blue above 0, orange below", "y：蓝色大于 0，橙色小于 0"))),
                el("figure", {}, this.pooled, el("figcaption", {}, T("the largest of each 2 × 2", "每个 2 × 2 的最大值")))),
            this.sum, this.task,
            fold(T("Show me the C", "看 C 程序"), () => code(this.c())),
            fold(T("Explain", "讲解"), () => this.explain(), true));
        this.run();
    },
    go(j, i) {
        this.at = [Math.max(0, Math.min(17, j)), Math.max(0, Math.min(17, i))];
        this.draw();
    },
    async run() {
        this.r = await ask("convolve", "apply", this.x, 20, Float32Array.from(this.w));
        const flat = Math.abs(this.w.reduce((a, b) => a + b, 0)) < 1e-6, side = k => this.w[k] + this.w[k + 3] + this.w[k + 6];
        this.task.check(flat && side(2) > side(0) + 0.5);
        this.draw();
    },
    draw() {
        if (!this.r) return;
        const [j, i] = this.at, most = Math.max(...this.r.y.map(Math.abs), 1e-6), signed = signedColor();
        picture(this.left, this.x, 20, 20, ink());
        picture(this.right, this.r.y.map(v => v / most), 18, 18, signed);
        picture(this.pooled, this.r.pool.map(v => v / most), 9, 9, signed);
        const frame = (c, x, y, w, n) => {
            const g = c.getContext("2d"), s = c.width / n;
            g.setTransform(1, 0, 0, 1, 0, 0);
            g.strokeStyle = css("--third");
            g.lineWidth = 3;
            g.strokeRect(x * s, y * s, w * s, w * s);
        };
        frame(this.left, j, i, 3, 20);
        frame(this.right, j, i, 1, 18);
        frame(this.pooled, j >> 1, i >> 1, 1, 9);
        const products = [];
        for (let u = 0; u < 3; u++)
            for (let v = 0; v < 3; v++) products.push(`${num(this.x[20 * (i + u) + j + v], 2)}×${num(this.w[3 * u + v], 2)}`);
        this.sum.textContent = `y[${i},${j}] = ` + products.join(" + ") + ` = ${num(this.r.y[18 * i + j], 3)}`;
    },
    c() {
        const rows = [];
        for (let i = 0; i < 20; i++) rows.push("    " + [...this.x.subarray(20 * i, 20 * i + 20)].map(v => v.toFixed(2) + "f").join(", "));
        return `#define DL_IMPLEMENTATION
#include "dl.h"
#include <stdio.h>

static const dl_real x[20 * 20] = {
${rows.join(",\n")}
};

int main(void)
{
    const dl_real w[3 * 3] = {${this.w.map(v => num(v, 3).replace("−", "-")).join(", ")}};
    dl_real y[18 * 18];
    dlk_conv2d_size s = {1, 1, 20, 20, 1, 18, 18, 3, 3, 1, 1, 0, 0, 1, 1, 1};
    dlk_conv2d_forward(y, x, w, NULL, &s);      /* floor 1: a plain loop on arrays */
    printf("y[${this.at[1]},${this.at[0]}] = %g\\n", (double)y[${18 * this.at[1] + this.at[0]}]);
    return 0;
}
`;
    },
    explain() {
        const [j, i] = this.at;
        return [
            el("p", {}, T("A window slides over the image. At each place nine products are added up:", "一个窗口在图像上滑动，每处把九个乘积相加：")),
            el("p.formula", {}, "y[i,j] = Σ_u Σ_v x[i+u, j+v] · w[u,v]"),
            this.r ? el("p", {}, T(`Here: i = ${i}, j = ${j}, y = ${num(this.r.y[18 * i + j])}. The largest of its 2 × 2 is ${num(this.r.pool[9 * (i >> 1) + (j >> 1)])}.`,
                                   `此处：i = ${i}，j = ${j}，y = ${num(this.r.y[18 * i + j])}。所在 2 × 2 的最大值是 ${num(this.r.pool[9 * (i >> 1) + (j >> 1)])}。`)) : null,
            el("p", {}, T("The weights are the same everywhere: a pattern is found wherever it is. Nobody chooses them in a trained net; they are learned like all others.",
                          "各处用同一组权重：图案在哪里都能找到。训练时没有人去挑它们，它们和别的权重一样是学出来的。")),
            el("p", {}, chapter("09_conv_pool", T("Chapter 09: convolution and pooling", "第 09 章：卷积与池化")))];
    }
};

/* ---- panel 4 ---- */
const surfaces = [
    [() => T("a long valley", "狭长的谷"), [-5, 2], [0.09, 0.02, 0.02, 0.5, 5, 0.05, 0.2, 0.2]],
    [() => T("Rosenbrock's banana", "Rosenbrock 香蕉谷"), [-1.5, 2], [0.002, 0.0005, 0.0005, 0.3, 5, 0.02, 0.1, 0.1]],
    [() => T("a saddle", "鞍点"), [-3, 0], [0.1, 0.03, 0.03, 0.3, 5, 0.05, 0.1, 0.1]],
    [() => T("four valleys (Himmelblau)", "四个谷（Himmelblau）"), [0, -0.5], [0.1, 0.02, 0.02, 0.5, 5, 0.05, 0.2, 0.2]],
    [() => T("hills in a bowl", "碗里的小山"), [-4, 3], [0.1, 0.05, 0.05, 0.5, 5, 0.05, 0.2, 0.2]]
];
const racerColor = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8a6d00", "#56b4e9", "#e69f00", "#777777"];
const racePanel = {
    id: "race",
    name: () => T("Race", "优化器赛跑"),
    surface: 0, from: surfaces[0][1], rates: surfaces[0][2].slice(), on: Array(8).fill(true), paths: null, steps: 200,

    async load() {},
    async build(root) {
        this.map = canvas(480, 480, T("height: click to start there", "高度图：点击选择起点"), true);
        this.map.smooth = true;
        this.map.addEventListener("pointerdown", e => {
            const r = this.map.getBoundingClientRect();
            this.from = [12 * (e.clientX - r.left) / r.width - 6, 6 - 12 * (e.clientY - r.top) / r.height];
            this.go();
        });
        this.curve = chart(220, T("height over steps", "高度随步数变化"));
        this.table = el("div.scroll");
        this.task = challenge(this, T("on the saddle all stop at height 0. Find a start from which plain SGD gets below −0.9 in 200 steps.",
                                      "在鞍点曲面上大家都停在高度 0。找一个起点，让普通 SGD 在 200 步内降到 −0.9 以下。"));
        root.append(
            el("div.controls", {}, choose(T("surface", "曲面"), surfaces.map(s => s[0]()), this.surface, i => {
                this.surface = i;
                this.from = surfaces[i][1];
                this.rates = surfaces[i][2].slice();
                rebuild();
            }), button(T("Again", "再跑一次"), () => this.go(), "main")),
            el("div.row", {}, this.map, el("div.grow", {}, this.curve, this.table)), this.task,
            fold(T("Show me the C", "看 C 程序"), () => code(this.c())),
            fold(T("Explain", "讲解"), () => this.explain(), true));
        const heights = await ask("race", "map", this.surface, 96, 6);
        const low = Math.min(...heights), high = Math.max(...heights), paper = rgb("--paper"), deep = rgb("--plus");
        const level = v => Math.log(1 + 30 * (v - low) / (high - low)) / Math.log(31);
        this.ground = Uint32Array.from(heights, v => pixel(mix(deep, paper, Math.floor(12 * level(v)) / 12)));
        this.makeTable();
        this.go();
    },
    makeTable() {
        const rates = [0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.09, 0.1, 0.2, 0.3, 0.5, 1, 2, 5];
        this.cells = optimizers.map(() => el("td"));
        this.table.replaceChildren(el("table", {}, el("tr", {}, ["", T("optimizer", "优化器"), T("learning rate", "学习率"), T("after ", "走 ") + this.steps + T(" steps", " 步后")].map(h => el("th", {}, h))),
            optimizers.map((name, k) => el("tr", {}, el("td", {}, el("input", { type: "checkbox", checked: this.on[k], "aria-label": name,
                onchange: e => { this.on[k] = e.target.checked; this.draw(this.steps); } })),
                el("th", {}, el("span.dot", { style: "background:" + racerColor[k] }), name),
                el("td", {}, el("input", { type: "range", min: 0, max: rates.length - 1, value: Math.max(0, rates.indexOf(this.rates[k])), "aria-label": name + T(" rate", " 学习率"),
                    oninput: e => { this.rates[k] = rates[+e.target.value]; e.target.nextSibling.textContent = this.rates[k]; this.go(); } }), el("output", {}, this.rates[k])),
                this.cells[k]))));
    },
    async go() {
        await ask("race", "start", this.surface, this.from[0], this.from[1], this.rates);
        this.paths = await ask("race", "steps", this.steps);
        this.heights = optimizers.map((n, k) => Float32Array.from({ length: this.steps },
            (v, i) => this.paths[24 * i + 3 * k + 2] + (this.surface === 2 ? 1.1 : 0)));      /* above 0, for a logarithm */
        const run = this.run = {}, from = performance.now();
        const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
        const tick = () => {
            if (this.run !== run || current !== this) return;
            const now = performance.now(), t = still ? this.steps : Math.min(this.steps, Math.round((now - from) / 12));
            this.draw(t);
            if (t < this.steps) setTimeout(requestAnimationFrame, 2 * (performance.now() - now), tick);
        };
        requestAnimationFrame(tick);
        const last = this.paths[24 * (this.steps - 1) + 2];
        if (this.surface === 2 && last < -0.9) this.task.check(true);
    },
    draw(t) {
        if (!this.ground || !this.paths) return;
        picture(this.map, this.ground, 96, 96, v => v);
        const g = this.map.getContext("2d"), at = (k, i) => [(this.paths[24 * i + 3 * k] + 6) * 40, (6 - this.paths[24 * i + 3 * k + 1]) * 40];
        g.setTransform(this.map.scale, 0, 0, this.map.scale, 0, 0);
        g.lineWidth = 2;
        for (let k = 0; k < 8; k++) {
            if (!this.on[k]) continue;
            g.strokeStyle = g.fillStyle = racerColor[k];
            g.beginPath();
            g.moveTo(...at(k, 0));
            for (let i = 1; i < t; i++) g.lineTo(...at(k, i));
            g.stroke();
            const [x, y] = at(k, Math.max(0, t - 1));
            g.beginPath();
            g.arc(x, y, 5, 0, 7);
            g.fill();
            this.cells[k].textContent = num(this.paths[24 * Math.max(0, t - 1) + 3 * k + 2], 3);
        }
        g.lineWidth = 1;
        plot(this.curve, this.heights.map((y, k) => ({ y: this.on[k] ? y.subarray(0, t) : [], color: racerColor[k] })),
             { log: true, n: this.steps, x: T("height over steps (log)", "高度随步数（对数）"), low: 1e-4, high: 100 });
    },
    c() {
        const h = ["dl_div_scalar(dl_add(dl_square(x), dl_mul_scalar(dl_square(y), 20)), 10)",
            "dl_add(dl_square(dl_scalar_sub(1, x)), dl_mul_scalar(dl_square(dl_sub(y, dl_square(x))), 10))",
            "dl_add(dl_div_scalar(dl_sub(dl_square(x), dl_square(y)), 2), dl_div_scalar(dl_pow(y, 4), 16))",
            "dl_div_scalar(dl_add(dl_square(dl_sub_scalar(dl_add(dl_square(x), y), 11)),\n                         dl_square(dl_sub_scalar(dl_add(x, dl_square(y)), 7))), 20)",
            "dl_add(dl_div_scalar(dl_add(dl_square(x), dl_square(y)), 4),\n        dl_scalar_sub(1, dl_tanh(dl_mul_scalar(dl_sub_scalar(dl_square(dl_sub_scalar(dl_abs(x), 1.5)), 0.5), 2))))"][this.surface];
        return `#define DL_IMPLEMENTATION
#include "dl.h"
#include <stdio.h>

int main(void)
{
    dl_ctx *dl = dl_new(1);
    const dl_real start[2] = {${this.from.map(v => v.toFixed(3) + "f").join(", ")}};
    dl_tensor *at = dl_param_from(dl, dl_shape1(2), start);
    dl_optimizer *opt = dl_optimizer_new(dl, ${optimizerC(this.rates[6])[6]}, &at, 1);
    for (int step = 0; step < ${this.steps}; step++) {
        dl_tensor *x = dl_slice(at, 0, 0, 1), *y = dl_slice(at, 0, 1, 2);
        dl_tensor *height = ${h};
        if (step % 20 == 0) printf("%3d %g\\n", step, dl_item(height));
        dl_optimizer_zero_grad(opt);
        dl_backward(dl_sum(height));
        dl_optimizer_step(opt);
        dl_tape_clear(dl);
    }
    const bool failed = dl_error(dl) != DL_OK;
    dl_free(dl);
    return failed;
}
`;
    },
    explain() {
        const first = this.paths ? [...this.paths.subarray(0, 3)] : null, next = this.paths ? this.paths.subarray(24, 26) : null;
        return [
            el("p", {}, T("All stand at one place and see only the slope under their feet. SGD goes straight down it:", "大家站在同一处，只看得见脚下的坡。SGD 直接往下走：")),
            el("p.formula", {}, "w ← w − η ∇L(w)"),
            first ? el("p", {}, T(`Now: from (${num(first[0], 2)}, ${num(first[1], 2)}), ${num(first[2], 2)} high, SGD’s first step with η = ${this.rates[0]} leads to (${num(next[0], 2)}, ${num(next[1], 2)}).`,
                                  `此刻：从 (${num(first[0], 2)}, ${num(first[1], 2)})、高度 ${num(first[2], 2)} 出发，SGD 以 η = ${this.rates[0]} 走第一步，到达 (${num(next[0], 2)}, ${num(next[1], 2)})。`)) : null,
            el("p", {}, T("In a long valley it swings from wall to wall, or creeps: one rate is too large for one direction and too small for the other. Momentum averages the swings away; Adagrad, RMSprop and Adam give each direction a rate of its own.",
                          "在狭长的谷里，它要么在两壁间来回摆，要么慢慢爬：同一个学习率对一个方向太大，对另一个太小。动量把摆动平均掉；Adagrad、RMSprop、Adam 给每个方向自己的学习率。")),
            el("p", {}, chapter("03_gradient_descent", T("Chapter 03: gradient descent", "第 03 章：梯度下降")), " · ", chapter("05_optimizers", T("Chapter 05: optimizers", "第 05 章：优化器")))];
    }
};

/* ---- panel 5 ---- */
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
        this.play = button(this.training ? T("Pause", "暂停") : T("Train", "训练"), () => this.toggle(), "main");
        this.task = challenge(this, T("beat “the same as last year” by a factor of three.", "误差降到“同去年”的三分之一。"));
        const names = ["RNN", "LSTM", "GRU"];
        root.append(
            el("h3", {}, T("How far back does it remember?", "它能记多远？")),
            el("p", {}, T("The slope of the last state in the input so many steps back, for a net that has not learned yet. What falls to 0 is forgotten; what grows explodes.",
                          "最后状态对若干步之前输入的梯度（未训练的网络）。降到 0 就是忘掉，增长就是爆炸。")),
            el("div.controls", {}, slider(T("recurrent weights ×", "循环权重 ×"), [0.5, 1, 1.5, 2, 3, 4], this.scale, v => { this.scale = v; this.gradients(); }),
                slider(T("bias of the gates that keep", "保持门的偏置"), [-2, 0, 1, 2, 4], this.forget, v => { this.forget = v; this.gradients(); }),
                button(T("Another net", "换一个网络"), () => { this.seed++; this.gradients(); })),
            legend(names.map((name, k) => ({ name, color: racerColor[k], dash: [null, [6, 3], [2, 2]][k] }))), this.norms,
            el("h3", {}, T("A forecast: airline passengers, one month ahead", "预测：航空乘客，提前一个月")),
            el("div.controls", {}, choose(T("net", "网络"), names, this.kind, k => { this.kind = k; this.start(); })),
            el("div.buttons", {}, this.play, button(T("Start anew", "重新开始"), () => { this.seed++; this.start(); })),
            legend([{ name: T("real", "实际"), color: css("--text") }, { name: T("net", "网络"), color: css("--plus") }, { name: T("as last year", "同去年"), color: css("--minus"), dash: [1] }]),
            this.chart, el("div.row", {}, el("div.grow", {}, this.curve), el("div.grow", {}, this.status)), this.task,
            fold(T("Show me the C", "看 C 程序"), () => code(this.c())), fold(T("Explain", "讲解"), () => this.explain(), true));
        this.gradients();
        if (this.last) this.frame(this.last);
        else this.start();
    },
    async gradients() {
        const all = this.all = await Promise.all([0, 1, 2].map(k => ask("memory", "gradient", k, this.scale, this.forget, this.seed)));
        plot(this.norms, all.map((y, k) => ({ y: [...y], color: racerColor[k], dash: [null, [6, 3], [2, 2]][k] })), { log: true, x: T("steps back: 0 … 59", "往回的步数：0 … 59") });
    },
    async start() {
        if (this.training) await this.toggle();
        this.losses = growing();
        this.frame(await ask("memory", "start", { months: this.months, kind: this.kind, units: 16, rate: 0.005, seed: this.seed }));
    },
    async toggle() {
        await train(this, !this.training);
    },
    frame(f) {
        this.last = f;
        this.losses.add(...f.losses.splice(0));
        const from = 84, real = [...this.months.subarray(from)], net = [...f.said.subarray(from - 24)], year = [...this.months.subarray(from - 12, 132)];
        plot(this.chart, [{ y: real, color: css("--text") }, { y: year, color: css("--minus"), dash: [3, 3], width: 1 }, { y: net, color: css("--plus") }], { x: T("1956 … 1960, the last two years unseen", "1956 … 1960，最后两年未参与训练") });
        plot(this.curve, [{ y: this.losses.y, color: css("--plus") }], { log: true, x: T("loss", "损失") });
        this.status.textContent = T("updates ", "更新 ") + f.updates + T("; mean error in the last 24 months: net ", "；最后 24 个月的平均误差：网络 ") + num(f.net, 2) + T(" %, as last year ", " %，同去年 ") + num(f.naive, 2) + " %";
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
        const left = (this.all || []).map((y, k) => ["RNN", "LSTM", "GRU"][k] + " " + num(y[59] / y[0], 4)).join(T(", ", "，"));
        return [
            el("p.formula", {}, "h_t = tanh(W_x x_t + W_h h_{t−1} + b)"),
            el("p", {}, T(`Now, of the slope at the last input, so much is left 59 steps back: ${left}.`, `此刻，往回 59 步，梯度是最后一步的这么多倍：${left}。`)),
            el("p", {}, T("Going back one step multiplies the gradient by W_h and by tanh′, which is at most 1. Sixty such factors make almost nothing, or too much. An LSTM carries its memory on by adding, behind a gate; with the gate open the factor is about 1.",
                          "往回走一步，梯度就乘上 W_h 和 tanh′（至多为 1）。六十个这样的因子乘起来，要么几乎为零，要么太大。LSTM 用门控的加法传递记忆；门开着时因子约为 1。")),
            el("p", {}, chapter("13_rnn", T("Chapter 13: recurrent nets", "第 13 章：循环网络")))];
    }
};

/* ---- panel 6 ---- */
const POEM = 32, POEMS_TEST = 64;
const languagePanel = {
    id: "language",
    name: () => T("Language", "语言模型"),
    training: false, losses: growing(), heat: 0.8, prompt: "", poem: [], chosen: -1, shipped: true,

    async load() {
        const text = new TextDecoder().decode(await unpacked("poems")), [signs, ...lines] = text.split("\n");
        this.signs = [...signs];
        const number = new Map(this.signs.map((s, i) => [s, i]));
        this.poems = Int32Array.from(lines.filter(l => l).flatMap(l => [...l].map(s => number.get(s))));
        this.number = number;
    },
    async start(shipped) {
        if (this.training) await this.toggle();
        this.shipped = shipped;
        this.losses = growing();
        const packed = await unpacked("poet");
        this.last = await ask("language", "start", { poems: this.poems, test: POEMS_TEST, length: POEM, signs: this.signs.length, rate: 0.003, seed: 1,
            weights: shipped ? new Uint16Array(packed.buffer) : null });
        this.ready = true;
        await this.measure();
    },
    async build(root) {
        this.paper = el("p.poem", { lang: "zh" });
        this.guess = el("div.bars");
        this.look = canvas(760, 150, T("attention", "注意力"), true);
        this.curve = chart(140, T("loss", "损失"));
        this.status = el("p.status", { role: "status" });
        this.play = button(this.training ? T("Pause", "暂停") : T("Train", "训练"), () => this.toggle(), "main");
        const input = el("input", { type: "text", maxlength: 10, value: this.prompt, lang: "zh", placeholder: "春", oninput: e => { this.prompt = e.target.value; } });
        this.task = challenge(this, T("forget everything and train until the net hesitates between fewer than 150 signs.", "忘掉一切，训练到困惑度低于 150。"));
        root.append(
            el("p", {}, T("A transformer that has read Tang poems sign by sign, and writes its own. It knows what goes together, not what it means.",
                          "一个逐字读过唐诗的 transformer，现在自己写。它知道什么字常在一起，不知道意思。")),
            el("div.controls", {}, labelledControl(T("begin with", "开头"), input),
                slider(T("temperature", "温度"), [0.2, 0.5, 0.8, 1, 1.3, 2], this.heat, v => { this.heat = v; this.next(); })),
            el("div.buttons", {}, button(T("Write a poem", "写一首诗"), () => this.write(), "main"), this.play,
                button(T("Forget everything", "忘掉一切"), () => this.start(false)), button(T("As shipped", "恢复训练好的"), () => this.start(true))),
            el("div.row", {}, el("div", {}, this.paper, el("p", {}, T("Choose a sign to see where it looks.", "点一个字，看它在看哪里。"))), el("div.grow", {}, this.guess), el("div.grow", {}, this.curve, this.status)),
            this.look, el("p.legend", {}, T("two blocks of four heads, a row each: the darker, the more the chosen sign takes from there",
                                               "两个块，各四个头，每头一行：颜色越深，所选的字从那里取得越多")), this.task,
            fold(T("Show me the C", "看 C 程序"), () => code(this.c())), fold(T("Explain", "讲解"), () => this.explain(), true));
        if (!this.ready) await this.start(true);
        if (this.poem.length) this.show();
        else await this.write();
        this.frame(this.last);
    },
    async measure() {
        let sum = 0;
        this.measured = this.last ? this.last.updates : 0;
        for (let i = 0; i < POEMS_TEST; i += 4) sum += await ask("language", "test", i, 4);
        this.perplexity = Math.exp(sum / (POEMS_TEST / 4));
        if (!this.shipped && this.perplexity < 150 && this.task) this.task.check(true);
        this.frame(this.last);
    },
    async toggle() {
        await train(this, !this.training);
        if (!this.training) await this.measure();
    },
    frame(f) {
        if (f) {
            this.last = f;
            this.losses.add(...f.losses.splice(0));
            if (this.training && f.updates > this.measured + 200) this.measure();
        }
        if (!this.curve) return;
        plot(this.curve, [{ y: this.losses.y, color: css("--plus") }], { x: T("loss of each sign while training", "训练中每字的损失") });
        this.status.textContent = (f ? T("updates ", "更新 ") + f.updates + T("; ", "；") : "") + T("on poems it has not read it hesitates between ", "在没读过的诗上，困惑度 ") + num(this.perplexity, 0) + T(" signs.", "。");
    },
    async write() {
        const start = [...this.prompt].map(s => this.number.get(s)).filter(k => k !== undefined);
        this.poem = [0, ...start];
        while (this.poem.length <= POEM) {
            this.paper.textContent = this.poem.slice(1).map(k => this.signs[k]).join("");
            const p = await ask("language", "next", this.poem, this.heat);
            let u = Math.random(), k = 0;
            while (k < p.length - 1 && (u -= p[k]) > 0) k++;
            this.poem.push(k);
        }
        this.chosen = 12;
        this.show();
    },
    async show() {
        this.paper.replaceChildren(...this.poem.slice(1).flatMap((k, i) => {
            const s = this.signs[k], b = el("button.sign" + (this.chosen === i + 1 ? ".on" : ""), { type: "button", onclick: () => { this.chosen = i + 1; this.show(); } }, s);
            return s === "，" || s === "。" ? [b, el("br")] : [b];
        }));
        this.next();
        const a = await ask("language", "attention", this.poem.slice(0, POEM)), g = pen(this.look), row = this.chosen - 1;
        g.textAlign = "center";
        g.textBaseline = "middle";
        const step = this.look.width / this.look.scale / (POEM + 1), n = POEM * POEM;
        for (let j = 0; j < POEM; j++) {
            g.globalAlpha = 1;
            g.fillStyle = css(j <= row ? "--text" : "--soft");
            g.font = "16px serif";
            g.fillText(j ? this.signs[this.poem[j]] : "▸", step * (j + 1), 12);
            for (let b = 0; b < 2; b++)
                for (let h = 0; h < 4; h++) {
                    const from = (4 * b + h) * n + row * POEM, y = 28 + 14 * (4 * b + h) + 6 * b;
                    const v = j <= row ? a[from + j] / Math.max(...a.subarray(from, from + row + 1)) : 0;
                    g.fillStyle = css("--plus");
                    g.globalAlpha = v;
                    g.fillRect(step * (j + 0.56), y, 0.88 * step, 12);
                    g.globalAlpha = 0.15;
                    g.strokeStyle = css("--soft");
                    g.strokeRect(step * (j + 0.56), y, 0.88 * step, 12);
                }
        }
        g.globalAlpha = 1;
    },
    async next() {
        const upto = this.poem.slice(0, Math.max(1, this.chosen)), p = await ask("language", "next", upto, this.heat);
        const best = [...p.keys()].sort((a, b) => p[b] - p[a]).slice(0, 8);
        this.guess.replaceChildren(el("p", {}, T("What it finds likely there:", "它认为这里可能是：")), ...best.map(k => el("div.bar", {}, el("b", { lang: "zh" }, this.signs[k]),
            el("span.track", {}, el("i", { style: `transform:scaleX(${p[k]})` })), el("span.value", {}, (100 * p[k]).toFixed(1) + " %"))));
    },
    c() {
        const start = [...this.prompt].filter(c => this.number.has(c)).join("");
        return `#define DL_IMPLEMENTATION
#include "dl.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { T = 32, E = 64, F = 160, BLOCKS = 2, POEMS = 6000, SIGNS = 6000, TEST = 64, BATCH = 4,
       UPDATES = 600 };
static char       sign[SIGNS][5];                   /* UTF-8; number 0 stands before each poem */
static int        signs = 1, poems;
static int32_t    poem[POEMS][T];
static dl_tensor *p[3 + BLOCKS * DL_ENCODER_PARAMS];      /* signs, biases, places, blocks */

/* The number of the sign at *s; moves *s behind it. */
static int32_t next_sign(const char **s)
{
    static int16_t number[0x110000];                /* of a sign, by its Unicode number */
    const char *from = *s;
    int32_t c = (unsigned char)*(*s)++, bytes = c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
    if (bytes > 1) c &= 0x7F >> bytes;
    for (int i = 1; i < bytes && **s; i++) c = c << 6 | (*(*s)++ & 0x3F);
    if (c >= 0x110000 || (number[c] == 0 && signs == SIGNS)) return 0;
    if (number[c] == 0) {
        memcpy(sign[signs], from, (size_t)(*s - from));
        number[c] = (int16_t)signs++;
    }
    return number[c];
}

/* Poems of four verses of seven, one a line behind the author and a tab. */
static bool read_poems(const char *path)
{
    char line[512];
    FILE *f = fopen(path, "rb");
    while (f && poems < POEMS && fgets(line, sizeof line, f)) {
        const char *s = strchr(line, '\\t');
        int n = 0;
        for (const char *c = s; c && *c; c++) n += (*c & 0xC0) == 0xC0;      /* a sign's first byte */
        if (n != T) continue;
        s++;
        for (int t = 0; t < T; t++) poem[poems][t] = next_sign(&s);
        poems++;
    }
    if (f) fclose(f);
    return poems > TEST;
}

/* Scores of the sign behind each of x [N,n]: [N,n,signs]. */
static dl_tensor *scores(const int32_t *x, int N, int n)
{
    dl_transformer o = dl_transformer_default();
    o.heads = 4;
    o.norm_first = true;
    o.causal = true;                                /* a sign sees only those before it */
    o.dropout = 0.15;
    dl_tensor *y = dl_mul_scalar(dl_embedding(p[0], x, dl_shape2(N, n), -1), sqrt((double)E));
    y = dl_dropout(dl_add(y, dl_slice(p[2], 0, 0, n)), o.dropout);
    for (int k = 0; k < BLOCKS; k++) y = dl_transformer_encoder(y, p + 3 + k * DL_ENCODER_PARAMS, &o);
    return dl_linear(dl_layer_norm(y, 1, DL_NONE, DL_NONE, 1e-5), p[0], p[1]);
}

/* The loss of BATCH poems: from the first on, or with first < 0 drawn by chance. */
static dl_tensor *loss_of(dl_ctx *dl, int first)
{
    int32_t in[BATCH][T] = {{0}}, out[BATCH][T];
    for (int i = 0; i < BATCH; i++) {
        const int which = first < 0 ? (int)dl_rng_int(dl_ctx_rng(dl), poems - TEST) : first + i;
        memcpy(in[i] + 1, poem[which], sizeof in[i] - sizeof in[i][0]);
        memcpy(out[i], poem[which], sizeof out[i]);
    }
    return dl_cross_entropy(scores(in[0], BATCH, T), out[0]);
}

/* Evaluation: no dropout, nothing recorded; and back. */
static void quiet(dl_ctx *dl, bool on)
{
    dl_set_training(dl, !on);
    dl_set_no_grad(dl, on);
}

static void write_poem(dl_ctx *dl, const char *start, double temperature)
{
    int32_t text[T + 1] = {0};
    quiet(dl, true);
    for (int n = 1; n <= T; n++) {
        if (*start) {
            text[n] = next_sign(&start);
        } else {
            dl_tensor *z = scores(text, 1, n);
            dl_tensor *q = dl_softmax(dl_div_scalar(dl_slice(z, 1, n - 1, n), temperature));
            double u = dl_rng_uniform(dl_ctx_rng(dl));
            for (int k = 0; q && k < signs && (u -= (double)q->data[k]) > 0; k++) text[n] = k + 1;
            text[n] = text[n] < signs ? text[n] : signs - 1;
        }
        printf("%s", sign[text[n]]);
        dl_tape_clear(dl);
    }
    printf("\\n");
    quiet(dl, false);
}

int main(void)
{
    if (!read_poems("data/poems/tang.txt")) return 1;
    dl_ctx *dl = dl_new(1);
    p[0] = dl_param(dl, dl_shape2(signs, E), dl_init_normal(0, 0.1));
    p[1] = dl_param(dl, dl_shape1(signs), dl_init_zeros());
    p[2] = dl_param(dl, dl_shape2(T, E), dl_init_normal(0, 0.5));
    for (int k = 0; k < BLOCKS; k++)
        dl_transformer_encoder_init(dl, p + 3 + k * DL_ENCODER_PARAMS, E, F);
    dl_optim adamw = dl_torch_adamw(0.003);
    adamw.clip_norm = 1;
    dl_optimizer *opt = dl_optimizer_new(dl, adamw, p, 3 + BLOCKS * DL_ENCODER_PARAMS);
    for (int u = 1; u <= UPDATES; u++) {
        dl_optimizer_zero_grad(opt);
        dl_backward(loss_of(dl, -1));
        dl_optimizer_step(opt);
        dl_tape_clear(dl);
        if (u % 200) continue;
        double sum = 0;
        quiet(dl, true);
        for (int i = 0; i < TEST; i += BATCH) {
            sum += dl_item(loss_of(dl, poems - TEST + i));
            dl_tape_clear(dl);
        }
        quiet(dl, false);
        printf("%d updates: hesitates between %.0f signs\\n", u, exp(sum * BATCH / TEST));
    }
    write_poem(dl, "${start}", ${this.heat});
    const bool failed = dl_error(dl) != DL_OK;
    dl_free(dl);
    return failed;
}
`;
    },
    explain() {
        return [
            el("p.formula", {}, "L = −mean log p(x_t | x_1 … x_{t−1})"),
            el("p", {}, T(`Now: L = ${num(Math.log(this.perplexity))}, e^L = ${num(this.perplexity, 1)}; by chance it would be all ${this.signs.length} signs.`,
                          `此刻：L = ${num(Math.log(this.perplexity))}，e^L = ${num(this.perplexity, 1)}；瞎猜则是全部 ${this.signs.length} 个字。`)),
            el("p", {}, T("e^L is how many signs the net hesitates between. Each sign asks (q) and all before it answer (k): softmax(qkᵀ/√d) says how much of each one’s v it takes. The picture has a row for each of 2 blocks × 4 heads.",
                          "e^L 就是困惑度：网络在多少个字之间犹豫。每个字提问（q），之前的字应答（k）：softmax(qkᵀ/√d) 决定从各字取多少 v。图中每行是 2 个块 × 4 个头之一。")),
            el("p", {}, T("Temperature divides the scores before the softmax: below 1 it plays safe, above 1 it dares.", "温度在 softmax 之前除分数：小于 1 更稳，大于 1 更大胆。")),
            el("p", {}, chapter("14_language", T("Chapter 14: language", "第 14 章：语言")))];
    }
};

/* ---- panel 7 ---- */
const speedPanel = {
    id: "speed",
    name: () => T("Speed", "速度"),
    training: false, guess: 30, guessed: false,
    async load() {},
    build(root) {
        const row = (name, share) => {
            const value = el("td", {}, "–"), bar = el("i", { style: `transform:scaleX(${share})` });
            return { value, bar, row: el("tr", {}, el("th", { scope: "row" }, name), value, el("td", {}, el("span.track", {}, bar))) };
        };
        this.here = row(T("here: ", "这里：") + (engine.vectors ? T("WebAssembly, 128-bit vectors", "WebAssembly，128 位向量")
                                                              : T("WebAssembly, no vectors", "WebAssembly，无向量指令")), 0);
        this.there = row(T("the same C, compiled for a PC: ", "同样的 C，为 PC 编译：") + NATIVE.where, 1);
        this.there.value.textContent = Math.round(NATIVE.rate).toLocaleString();
        this.status = el("p.status", { role: "status" });
        this.play = button(T("Measure", "测量"), () => this.toggle(), "main");
        this.task = challenge(this, T("guess before you measure, and be right within a quarter of it.", "先猜再测，猜得与实测相差不超过四分之一。"));
        root.append(
            el("p", {}, T("How many pictures a second does dl.h learn from here, in this browser, on one core? The net of the first document: 784-512-10, RMSprop, 128 pictures a step.",
                          "dl.h 在这里、在这个浏览器里、用一个核，每秒能学多少张图片？第一份文档的网络：784-512-10，RMSprop，每步 128 张。")),
            el("div.controls", {}, slider(T("my guess: of the native speed", "我猜：原生速度的"), [2, 5, 10, 15, 20, 25, 30, 40, 50, 60, 70, 80, 90, 100, 120, 150],
                this.guess, v => { this.guess = v; this.guessed = true; }, v => v + " %")),
            el("div.buttons", {}, this.play),
            el("div.scroll", {}, el("table", {}, el("tr", {}, [T("where", "哪里"), T("pictures a second", "每秒图片"), ""].map(h => el("th", {}, h))),
                this.here.row, this.there.row)),
            this.status, this.task,
            fold(T("Show me the C", "看 C 程序"), () => code(this.c())), fold(T("Explain", "讲解"), () => this.explain(), true));
        if (this.last) this.frame(this.last);
    },
    async toggle() {
        if (!this.training) await ask("speed", "start", digitsPanel.pixels.slice(0, 784 * 5000), digitsPanel.labels.slice(0, 5000));
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
        if (this.guessed && f.steps > 30 && Math.abs(this.guess / (100 * share) - 1) < 0.25) this.task.check(true);
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
    int steps = 0;
    while (dl_loader_next(batches, &b)) {           /* once through the 5,000 */
        const double loss = dl_model_train_batch(net, &b).loss;
        dl_tape_clear(dl);
        if (steps++ == 0) {                         /* the first step also gets its memory */
            printf("loss of the first step: %.5f\\n", loss);
            from = clock();
        }
    }
    const double seconds = (double)(clock() - from) / CLOCKS_PER_SEC;
    printf("%.0f pictures a second\\n", 128 * (steps - 1) / seconds);
    const bool failed = dl_error(dl) != DL_OK;
    dl_free(dl);
    return failed;
}
`,
    explain() {
        const f = this.last, flops = 6 * (784 * 512 + 512 * 10);
        return [
                el("p", {}, T("The same dl.h, unchanged, one thread each. Compiled for a PC it uses vectors of 256 or 512 bits where the processor has them; WebAssembly has 128, and no fused multiply-add. The number here is your machine’s, the other was measured on the machine named, so they compare only roughly.",
                    "同一个 dl.h，一字未改，各用一个线程。为 PC 编译时，它用处理器所有的 256 或 512 位向量；WebAssembly 只有 128 位，也没有融合乘加。这里的数字是你的机器的，另一个是在所写的机器上测的，只能粗略比较。")),
                el("p.formula", {}, "2 · (784·512 + 512·10) · 3 = " + flops.toLocaleString()),
                el("p", {}, T("So many multiplications and additions a picture takes: forward, and twice as many backward (for the weights and for what comes before).", "每张图片需要这么多次乘法和加法：前向一份，反向两份（对权重和对前一层）。"),
                    f && f.rate ? T(` Here that is ${num(f.rate * flops / 1e9, 1)} thousand million a second.`, ` 这里是每秒 ${num(f.rate * flops / 1e8, 0)} 亿次。`) : ""),
                el("p", {}, chapter("07_mlp_rmsprop", T("Chapter 07: this net", "第 07 章：这个网络")))];
    }
};
