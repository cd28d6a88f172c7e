/* p_convolve.js - convolution and pooling by hand. */
"use strict";

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
        this.cells = this.w.map((v, i) => el("input", {
            type: "number", step: 0.1, value: +v.toFixed(3), "aria-label": T("kernel ", "核 ") + (i + 1),
            oninput: e => {
                this.w[i] = +e.target.value || 0;
                this.names.selectedIndex = this.known();
                this.run();
            } }));
        this.task = challenge(this,
                              T("build a kernel whose result is 0 wherever the image is even, and largest at the left edge of a stroke.",
                                "做一个卷积核：图像均匀处结果为 0，在笔画的左边缘结果最大。"));
        const move = e => {
            const r = this.left.getBoundingClientRect();
            this.go(Math.floor((e.clientX - r.left) * 20 / r.width) - 1,
                    Math.floor((e.clientY - r.top) * 20 / r.height) - 1);
        };
        this.left.addEventListener("pointermove", move);
        this.left.addEventListener("pointerdown", move);
        this.left.addEventListener("keydown", e => {
            const s = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1],
                        ArrowDown: [0, 1] }[e.key];
            if (!s) return;
            this.go(this.at[0] + s[0], this.at[1] + s[1]);
            e.preventDefault();
        });
        root.append(
            el("div.controls", {},
               choose(T("kernel", "卷积核"), kernels.map(k => k[0]()).concat([T("your own", "你自己的")]),
                this.known(), i => {
                    if (kernels[i]) this.w = kernels[i][1].slice();
                    this.cells.forEach((c, j) => { c.value = +this.w[j].toFixed(3); });
                    this.run();
                }), button(T("Another image", "换一张图"),
                           () => { this.take(Math.floor(Math.random() * 1000)); this.run(); })),
            el("div.row", {},
               el("figure", {}, this.left,
                  el("figcaption", {}, T("image x: drag the window", "图像 x：拖动窗口"))),
                el("div", {}, el("div.kernel", {}, this.cells),
                   el("p.center", {}, T("kernel w: change the numbers", "卷积核 w：可以改数字"))),
                el("figure", {}, this.right,
                   el("figcaption", {}, T("y: blue above 0, orange below", "y：蓝色大于 0，橙色小于 0"))),
                el("figure", {}, this.pooled,
                   el("figcaption", {}, T("the largest of each 2 × 2", "每个 2 × 2 的最大值")))),
            this.sum, this.task,
            fold(T("Show me the C", "看 C 程序"), () => code(this.c()), true),
            fold(T("Explain", "讲解"), () => this.explain(), true));
        this.names = root.querySelector("select");
        this.run();
    },
    /* The number of the kernel that is set: one of those with a name, or one's own. */
    known() {
        const i = kernels.findIndex(k => k[1].every((v, j) => Math.abs(v - this.w[j]) < 1e-6));
        return i < 0 ? kernels.length : i;
    },
    go(j, i) {
        this.at = [Math.max(0, Math.min(17, j)), Math.max(0, Math.min(17, i))];
        this.draw();
    },
    async run() {
        this.r = await ask("convolve", "apply", this.x, 20, Float32Array.from(this.w));
        const flat = Math.abs(this.w.reduce((a, b) => a + b, 0)) < 1e-6,
              side = k => this.w[k] + this.w[k + 3] + this.w[k + 6];
        this.task.check(flat && side(2) > side(0) + 0.5);
        this.draw();
    },
    draw() {
        if (!this.r) return;
        const [j, i] = this.at, most = Math.max(...this.r.y.map(Math.abs), 1e-6),
              signed = signedColor();
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
        this.sum.textContent = `y[${i},${j}] = ` + products.join(" + ") +
            ` = ${num(this.r.y[18 * i + j], 3)}`;
    },
    c() {
        const rows = [];
        for (let i = 0; i < 20; i++) rows.push("    " +
                                               [...this.x.subarray(20 * i, 20 * i + 20)].map(v => v.toFixed(4) + "f").join(", "));
        return `#define DL_IMPLEMENTATION
#include "dl.h"
#include <stdio.h>

static const dl_real x[20 * 20] = {
${rows.join(",\n")}
};

int main(void)
{
    const dl_real w[3 * 3] = {${this.w.map(v => +v.toFixed(6)).join(", ")}};
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
            this.r ? el("p", {},
                        T(`Here: i = ${i}, j = ${j}, y = ${num(this.r.y[18 * i + j])}. The largest of its 2 × 2 is ${num(this.r.pool[9 * (i >> 1) + (j >> 1)])}.`,
                          `此处：i = ${i}，j = ${j}，y = ${num(this.r.y[18 * i + j])}。所在 2 × 2 的最大值是 ${num(this.r.pool[9 * (i >> 1) + (j >> 1)])}。`)) : null,
            el("p", {}, T("The weights are the same everywhere: a pattern is found wherever it is. Nobody chooses them in a trained net; they are learned like all others.",
                          "各处用同一组权重：图案在哪里都能找到。训练时没有人去挑它们，它们和别的权重一样是学出来的。")),
            el("p", {}, chapter("09_conv_pool",
                                T("Chapter 09: convolution and pooling", "第 09 章：卷积与池化")))];
    }
};
