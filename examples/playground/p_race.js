/* p_race.js - optimizers race downhill. */
"use strict";

const surfaces = [
    [() => T("a long valley", "狭长的谷"), [-5, 2], [0.09, 0.02, 0.02, 0.5, 5, 0.05, 0.2, 0.2]],
    [() => T("Rosenbrock's banana", "Rosenbrock 香蕉谷"), [-1.5, 2],
     [0.002, 0.0005, 0.0005, 0.3, 5, 0.02, 0.1, 0.1]],
    [() => T("a saddle", "鞍点"), [-3, 0], [0.1, 0.03, 0.03, 0.3, 5, 0.05, 0.1, 0.1]],
    [() => T("four valleys (Himmelblau)", "四个谷（Himmelblau）"), [0, -0.5],
     [0.1, 0.02, 0.02, 0.5, 5, 0.05, 0.2, 0.2]],
    [() => T("hills in a bowl", "碗里的小山"), [-4, 3], [0.1, 0.05, 0.05, 0.5, 5, 0.05, 0.2, 0.2]]
];
const racerColor = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8a6d00", "#56b4e9", "#e69f00",
                    "#777777"];
const racePanel = {
    id: "race",
    name: () => T("Race", "优化器赛跑"),
    surface: 0, from: surfaces[0][1], rates: surfaces[0][2].slice(), on: Array(8).fill(true),
    paths: null, steps: 200,

    async load() {},
    async build(root) {
        this.map = canvas(480, 480,
                          T("height: click to start there, or move the start by arrow keys",
                            "高度图：点击选择起点，或用方向键移动起点"), true);
        this.map.smooth = true;
        this.map.again = () => this.draw(this.steps);
        this.map.addEventListener("pointerdown", e => {
            const r = this.map.getBoundingClientRect();
            this.from = [12 * (e.clientX - r.left) / r.width - 6,
                         6 - 12 * (e.clientY - r.top) / r.height];
            this.go();
        });
        this.map.tabIndex = 0;
        this.map.addEventListener("keydown", e => {
            const s = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1],
                        ArrowDown: [0, -1] }[e.key];
            if (!s) return;
            this.from = this.from.map((v, i) => Math.max(-6, Math.min(6, v + 0.25 * s[i])));
            this.go();
            e.preventDefault();
        });
        this.curve = chart(220, T("height over steps", "高度随步数变化"));
        this.table = el("div.scroll");
        this.task = challenge(this,
                              T("choose the saddle: all stop at height 0. Find a start from which plain SGD gets below −0.9 in 200 steps.",
                                "选“鞍点”曲面：大家都停在高度 0。找一个起点，让普通 SGD 在 200 步内降到 −0.9 以下。"));
        root.append(
            el("div.controls", {},
               choose(T("surface", "曲面"), surfaces.map(s => s[0]()), this.surface, i => {
                this.surface = i;
                this.from = surfaces[i][1];
                this.rates = surfaces[i][2].slice();
                rebuild();
            }), button(T("Again", "再跑一次"), () => this.go(), "main")),
            el("div.row", {}, this.map, el("div.grow", {}, this.curve, this.table)), this.task,
            fold(T("Show me the C", "看 C 程序"), () => code(this.c()), true),
            fold(T("Explain", "讲解"), () => this.explain(), true));
        const heights = await ask("race", "map", this.surface, 96, 6);
        const low = Math.min(...heights), high = Math.max(...heights), paper = rgb("--paper"),
              deep = rgb("--plus");
        const level = v => Math.log(1 + 30 * (v - low) / (high - low)) / Math.log(31);
        this.ground = Uint32Array.from(heights,
                                       v => pixel(mix(deep, paper, Math.floor(12 * level(v)) / 12)));
        this.makeTable();
        this.go();
    },
    makeTable() {
        const rates = [0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.09,
                       0.1, 0.2, 0.3, 0.5, 1, 2, 5];
        this.cells = optimizers.map(() => el("td"));
        const heads = ["", T("optimizer", "优化器"), T("learning rate", "学习率"),
                       T("after ", "走 ") + this.steps + T(" steps", " 步后")];
        const row = (name, k) => {
            const rate = el("output", {}, this.rates[k]);
            const on = el("input", { type: "checkbox", checked: this.on[k], "aria-label": name,
                onchange: e => {
                    this.on[k] = e.target.checked;
                    this.draw(this.steps);
                } });
            const slide = el("input", { type: "range", min: 0, max: rates.length - 1,
                value: Math.max(0, rates.indexOf(this.rates[k])),
                "aria-label": name + T(" rate", " 学习率"),
                oninput: e => {
                    this.rates[k] = rates[+e.target.value];
                    rate.textContent = this.rates[k];
                    this.go();
                } });
            const dot = el("span.dot", { style: "background:" + racerColor[k] });
            return el("tr", {}, el("td", {}, on), el("th", {}, dot, name), el("td", {}, slide, rate),
                      this.cells[k]);
        };
        this.table.replaceChildren(el("table", {}, el("tr", {}, heads.map(h => el("th", {}, h))),
                                      optimizers.map(row)));
    },
    async go() {
        /* Asked for at once, so that the start of the next race does not come between. */
        const [, paths] = await Promise.all([
            ask("race", "start", this.surface, this.from[0], this.from[1], this.rates),
            ask("race", "steps", this.steps)]);
        this.paths = paths;
        this.heights = optimizers.map((n, k) => Float32Array.from({ length: this.steps },
            (v, i) => this.paths[24 * i + 3 * k + 2] +
                (this.surface === 2 ? 1.1 : 0)));      /* above 0, for a logarithm */
        const run = this.run = {}, from = performance.now();
        const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
        const tick = () => {
            if (this.run !== run || current !== this) return;
            const now = performance.now(),
                  t = still ? this.steps : Math.min(this.steps, Math.round((now - from) / 12));
            this.draw(t);
            if (t < this.steps) setTimeout(requestAnimationFrame, 2 * (performance.now() - now), tick);
        };
        requestAnimationFrame(tick);
        const last = this.paths[24 * (this.steps - 1) + 2];
        if (this.surface === 2 && last < -0.9) this.task.check(true);
    },
    draw(t) {
        if (!this.ground || !this.paths) return;
        /* While it runs, one picture a frame, in turn. */
        this.turn = !this.turn;
        if (t === this.steps || this.turn) this.drawHeights(t);
        if (t < this.steps && this.turn) return;
        picture(this.map, this.ground, 96, 96, v => v);
        const g = this.map.getContext("2d"),
              at = (k, i) => [(this.paths[24 * i + 3 * k] + 6) * 40,
                              (6 - this.paths[24 * i + 3 * k + 1]) * 40];
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
    },
    drawHeights(t) {
        plot(this.curve,
             this.heights.map((y, k) => ({ y: this.on[k] ? y.subarray(0, t) : [],
                                           color: racerColor[k] })),
             { log: true, n: this.steps, x: this.surface === 2
                   ? T("height + 1.1 over steps (log)", "高度 + 1.1 随步数（对数）")
                   : T("height over steps (log)", "高度随步数（对数）"), low: 1e-4,
               high: 100 });
    },
    c() {
        const h = ["dl_div_scalar(dl_add(dl_square(x), dl_mul_scalar(dl_square(y), 20)), 10)",
            "dl_add(dl_square(dl_scalar_sub(1, x)), dl_mul_scalar(dl_square(dl_sub(y, dl_square(x))), 10))",
            "dl_add(dl_div_scalar(dl_sub(dl_square(x), dl_square(y)), 2), dl_div_scalar(dl_pow(y, 4), 16))",
            "dl_div_scalar(dl_add(dl_square(dl_sub_scalar(dl_add(dl_square(x), y), 11)),\n                         dl_square(dl_sub_scalar(dl_add(x, dl_square(y)), 7))), 20)",
            "dl_add(dl_div_scalar(dl_add(dl_square(x), dl_square(y)), 4),\n        dl_scalar_sub(1, dl_tanh(dl_mul_scalar(dl_sub_scalar(dl_square(dl_sub_scalar(dl_abs(x), 1.5)), 0.5), 2))))"][this.surface];
        const racers = [...Array(8).keys()].filter(k => this.on[k] || !this.on.includes(true));
        return `#define DL_IMPLEMENTATION
#include "dl.h"
#include <math.h>
#include <stdio.h>

int main(void)
{
    const dl_optim racer[] = {
        ${racers.map(k => optimizerC(this.rates[k])[k]).join(",\n        ")}
    };
    const char *const name[] = {${racers.map(k => `"${optimizers[k]}"`).join(", ")}};
    const dl_real start[2] = {${this.from.map(v => v.toFixed(3) + "f").join(", ")}};
    dl_ctx *dl = dl_new(1);
    for (int k = 0; k < ${racers.length}; k++) {
        dl_tensor *at = dl_param_from(dl, dl_shape1(2), start);
        dl_optimizer *opt = dl_optimizer_new(dl, racer[k], &at, 1);
        double reached = NAN;
        for (int step = 0; step < ${this.steps} && at; step++) {
            dl_tensor *x = dl_slice(at, 0, 0, 1), *y = dl_slice(at, 0, 1, 2);
            dl_tensor *height = ${h};
            reached = dl_item(height);
            if (fabs((double)at->data[0]) < 100 && fabs((double)at->data[1]) < 100) {
                dl_optimizer_zero_grad(opt);
                dl_backward(dl_sum(height));
                dl_optimizer_step(opt);
            }
            dl_tape_clear(dl);
        }
        printf("%-9s %g\\n", name[k], reached);
    }
    const bool failed = dl_error(dl) != DL_OK;
    dl_free(dl);
    return failed;
}
`;
    },
    explain() {
        const first = this.paths ? [...this.paths.subarray(0, 3)] : null,
              next = this.paths ? this.paths.subarray(24, 26) : null;
        return [
            el("p", {}, T("All stand at one place and see only the slope under their feet. SGD goes straight down it:", "大家站在同一处，只看得见脚下的坡。SGD 直接往下走：")),
            el("p.formula", {}, "w ← w − η ∇L(w)"),
            first ? el("p", {},
                       T(`Now: from (${num(first[0], 2)}, ${num(first[1], 2)}), ${num(first[2], 2)} high, SGD’s first step with η = ${this.rates[0]} leads to (${num(next[0], 2)}, ${num(next[1], 2)}).`,
                         `此刻：从 (${num(first[0], 2)}, ${num(first[1], 2)})、高度 ${num(first[2], 2)} 出发，SGD 以 η = ${this.rates[0]} 走第一步，到达 (${num(next[0], 2)}, ${num(next[1], 2)})。`)) : null,
            el("p", {}, T("In a long valley it swings from wall to wall, or creeps: one rate is too large for one direction and too small for the other. Momentum averages the swings away; Adagrad, RMSprop and Adam give each direction a rate of its own.",
                          "在狭长的谷里，它要么在两壁间来回摆，要么慢慢爬：同一个学习率对一个方向太大，对另一个太小。动量把摆动平均掉；Adagrad、RMSprop、Adam 给每个方向自己的学习率。")),
            el("p", {}, chapter("03_gradient_descent",
                                T("Chapter 03: gradient descent", "第 03 章：梯度下降")), " · ", chapter("05_optimizers", T("Chapter 05: optimizers", "第 05 章：优化器")))];
    }
};
