/* p_points.js - a net that tells points in the plane apart: every weight, gradient and answer. */
"use strict";

const pointSets = [
    { name: () => T("circle", "圆"), classes: 2, at(i, r) {
        const inner = i % 2 === 0, a = r() * 2 * Math.PI, d = inner ? 2.2 * Math.sqrt(r()) : 3.4 + 1.4 * r();
        return [d * Math.cos(a), d * Math.sin(a), inner ? 1 : 0]; } },
    { name: () => T("xor", "异或"), classes: 2, at(i, r) {
        const pad = v => v + Math.sign(v) * 0.3, x = pad(9 * r() - 4.5), y = pad(9 * r() - 4.5);
        return [x, y, x * y > 0 ? 1 : 0]; } },
    { name: () => T("two clusters", "两团"), classes: 2, at(i, r, g) {
        const s = i % 2 ? 1 : -1;
        return [2 * s + g(), 2 * s + g(), i % 2]; } },
    { name: () => T("spirals", "双螺旋"), classes: 2, at(i, r) {
        const t = 0.2 + 1.55 * Math.PI * r() * 1.0, a = 1.1 * t + (i % 2 ? Math.PI : 0);
        return [t * Math.cos(a), t * Math.sin(a), i % 2]; } },
    { name: () => T("moons", "双月"), classes: 2, at(i, r, g) {
        const a = Math.PI * r(), up = i % 2 === 0;
        return [up ? 2.4 * Math.cos(a) - 1 : 1 + 2.4 * Math.cos(a) + 0.4,
                up ? 2.4 * Math.sin(a) - 0.6 : 0.8 - 2.4 * Math.sin(a), i % 2]; } },
    { name: () => T("three clusters", "三团"), classes: 3, at(i, r, g) {
        const a = 2 * Math.PI * (i % 3) / 3 + 0.5;
        return [2.8 * Math.cos(a) + 0.8 * g(), 2.8 * Math.sin(a) + 0.8 * g(), i % 3]; } },
    { name: () => T("plane (numbers)", "平面（数值）"), classes: 0, at(i, r) {
        const x = 10 * r() - 5, y = 10 * r() - 5;
        return [x, y, (x + y) / 5]; } },
    { name: () => T("hills (numbers)", "山丘（数值）"), classes: 0, at(i, r) {
        const x = 10 * r() - 5, y = 10 * r() - 5, h = (a, b) => Math.exp(-((x - a) ** 2 + (y - b) ** 2) / 4);
        return [x, y, h(2, 2) + h(-2, -2) - h(-2, 2) - h(2, -2)]; } }
];
const activations = ["linear", "relu", "sigmoid", "tanh", "leaky_relu", "elu", "gelu", "silu", "softplus"];
const activationNumber = [0, 1, 2, 3, 5, 6, 7, 8, 9];          /* dl_activation */
const optimizers = ["SGD", "momentum", "Nesterov", "Adagrad", "Adadelta", "RMSprop", "Adam", "AdamW"];
const optimizerC = r => [`dl_sgd(${r})`, `dl_momentum(${r}, 0.9)`, `dl_nesterov(${r}, 0.9)`, `dl_adagrad(${r})`,
                         `dl_adadelta(${r})`, `dl_rmsprop(${r})`, `dl_adam(${r})`, `dl_adamw(${r})`];
const featureNames = ["x₁", "x₂", "x₁²", "x₂²", "x₁x₂", "sin x₁", "sin x₂"];
const REACH = 6, SIDE = 40;

const pointsPanel = {
    id: "points",
    name: () => T("A net on points", "平面上的网络"),
    o: { set: 0, noise: 0.1, count: 300, part: 0.3, seed: 1, features: 3, units: [4, 3], activation: 3,
         optimizer: 6, rate: 0.03, batch: 16, l1: 0, l2: 0, dropout: 0 },
    own: null, brush: 0, losses: [], tests: [], training: false, sample: null, chosen: null,

    async load() { this.makeData(); },

    makeData() {
        let state = this.o.seed * 7919 + 17, spare = null;
        const r = () => {                        /* a small generator: the same points for a seed */
            state = state + 0x6D2B79F5 | 0;
            let t = Math.imul(state ^ state >>> 15, 1 | state);
            t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t;
            return ((t ^ t >>> 14) >>> 0) / 4294967296;
        };
        const g = () => {
            if (spare !== null) { const s = spare; spare = null; return s; }
            const m = Math.sqrt(-2 * Math.log(1 - r())), a = 2 * Math.PI * r();
            spare = m * Math.sin(a);
            return m * Math.cos(a);
        };
        if (this.own) this.rows = this.own.slice();
        else {
            const s = pointSets[this.o.set];
            this.classes = s.classes;
            this.rows = Array.from({ length: this.o.count }, (v, i) => {
                const [x, y, t] = s.at(i, r, g);
                return [x + 1.5 * this.o.noise * g(), y + 1.5 * this.o.noise * g(),
                        s.classes ? t : t + 0.3 * this.o.noise * g()];
            });
        }
        for (let i = this.rows.length - 1; i > 0; i--) {
            const j = Math.floor(r() * (i + 1));
            [this.rows[i], this.rows[j]] = [this.rows[j], this.rows[i]];
        }
        this.test = Math.min(this.rows.length - 1, Math.floor(this.rows.length * this.o.part));
    },
    async start() {
        const o = this.o, n = this.rows.length;
        if (this.training) await this.toggle();
        const xy = new Float32Array(2 * n), target = new Float32Array(n);
        this.rows.forEach(([x, y, t], i) => { xy[2 * i] = x; xy[2 * i + 1] = y; target[i] = t; });
        this.losses = [];
        this.tests = [];
        this.sample = null;
        try {
            this.frame(await ask("points", "start", {
                seed: o.seed, features: o.features, xy, target, test: this.test, classes: this.classes,
                units: o.units, activation: activationNumber[o.activation], dropout: o.dropout, l1: o.l1,
                l2: o.l2, optimizer: o.optimizer, rate: o.rate, batch: Math.min(o.batch, n - this.test),
                side: SIDE, reach: REACH }));
        } catch (e) { this.frame(null, e.message); }
    },
    set(change) {
        Object.assign(this.o, change);
        if ("rate" in change && Object.keys(change).length === 1) return void ask("points", "rate", this.o.rate);
        if (["set", "noise", "count", "part"].some(k => k in change)) {
            if ("set" in change) this.own = null;
            this.makeData();
        }
        this.start();
        if ("units" in change || "features" in change) this.drawShape();
    },
    async toggle() {
        this.training = !this.training;
        this.sample = null;
        await ask("points", "run", this.training);
        this.playButton.textContent = this.training ? T("Pause", "暂停") : T("Train", "训练");
    },

    build(root) {
        const o = this.o, powers = [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10];
        this.playButton = button(this.training ? T("Pause", "暂停") : T("Train", "训练"), () => this.toggle(), "main");
        this.map = canvas(360, 360, T("the plane: points and what the net answers everywhere", "平面：点，以及网络在各处的回答"), true);
        this.map.smooth = true;
        this.map.addEventListener("pointerdown", e => this.click(e));
        this.graph = canvas(640, 360, T("the net: a line for each weight, a picture for each unit", "网络：每条线是一个权重，每个小图是一个单元"), true);
        this.graph.addEventListener("pointermove", e => this.hover(e));
        this.graph.addEventListener("pointerdown", e => this.hover(e));
        this.curve = chart(130, T("loss while training", "训练中的损失"));
        this.status = el("p.status", { role: "status" });
        this.hint = el("p.said", {}, T("Point at a line or a unit to read its numbers.", "指向一条线或一个单元，看它的数值。"));
        this.numbers = el("div.numbers");
        this.shape = el("div.controls");
        this.task = challenge(this, T("spirals, only x₁ and x₂ as inputs, test accuracy 95 % or better.",
                                      "双螺旋，只用 x₁ 和 x₂ 作输入，测试准确率达到 95 %。"));
        root.append(
            el("div.controls", {},
                choose(T("points", "数据"), pointSets.map(s => s.name()).concat(this.own ? [T("your own", "你自己的")] : []),
                       this.own ? pointSets.length : o.set, i => i < pointSets.length && this.set({ set: i })),
                slider(T("noise", "噪声"), [0, 0.1, 0.2, 0.3, 0.4, 0.5], o.noise, v => this.set({ noise: v })),
                slider(T("points", "点数"), [50, 100, 200, 300, 500, 1000], o.count, v => this.set({ count: v })),
                slider(T("for testing", "测试集"), [0.1, 0.2, 0.3, 0.5, 0.7], o.part, v => this.set({ part: v }), v => 100 * v + " %"),
                choose(T("activation", "激活函数"), activations, o.activation, i => this.set({ activation: i })),
                choose(T("optimizer", "优化器"), optimizers, o.optimizer, i => this.set({ optimizer: i })),
                slider(T("learning rate", "学习率"), powers, o.rate, v => this.set({ rate: v })),
                slider(T("batch", "批大小"), [1, 2, 4, 8, 16, 32, 64, 128], o.batch, v => this.set({ batch: v })),
                slider("L1", [0, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03], o.l1, v => this.set({ l1: v })),
                slider("L2", [0, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03], o.l2, v => this.set({ l2: v })),
                slider(T("dropout", "丢弃率"), [0, 0.1, 0.2, 0.3, 0.5], o.dropout, v => this.set({ dropout: v }))),
            this.shape,
            el("div.buttons", {}, this.playButton,
                button(T("One step", "一步"), () => this.step(1)),
                button(T("Start anew", "重新开始"), () => { this.o.seed++; this.start(); }),
                button(T("One sample, forward and backward", "一个样本：前向与反向"), () => this.probe())),
            el("div.row", {}, el("div.grow2", {}, this.graph, this.hint),
                el("div.grow", {}, this.map, el("div.buttons", {}, this.brushes()), this.curve, this.status)),
            this.numbers,
            this.task,
            fold(T("Your own points: paste CSV", "自己的点：粘贴 CSV"), () => this.csv()),
            fold(T("Share this net", "分享这个网络"), () => this.share()),
            fold(T("Show me the C", "看 C 程序"), () => code(this.c())),
            fold(T("Explain", "讲解"), () => this.explain()));
        this.drawShape();
        if (this.last) this.frame(this.last);
        else this.start();
    },
    brushes() {
        const n = Math.max(2, this.classes);
        return [el("span", {}, T("Click into the plane to add a point: ", "点击平面添加一个点：")),
                this.classes === 0 ? T("(not for numbers)", "（数值任务不可用）") : [...Array(n).keys()].map(k =>
            el("button.brush" + (k === this.brush ? ".on" : ""), { type: "button", style: "border-color:" + this.color(k),
                "aria-pressed": String(k === this.brush), onclick: e => {
                    this.brush = k;
                    for (const b of e.target.parentNode.querySelectorAll(".brush")) b.classList.toggle("on", b === e.target);
                } }, T("class ", "类 ") + k)),
            button(T("No points", "清空点"), () => { this.own = []; this.rows = []; this.test = 0; this.classes = Math.max(2, this.classes); this.drawMap(); }, "small")];
    },
    color(k) { return css(["--minus", "--plus", "--third", "--fourth"][k % 4]); },
    drawShape() {
        const o = this.o, on = k => o.features >> k & 1;
        this.shape.replaceChildren(
            el("fieldset", {}, el("legend", {}, T("inputs", "输入")), featureNames.map((name, k) => el("label.check", {},
                el("input", { type: "checkbox", checked: !!on(k), onchange: e => {
                    const next = o.features ^ 1 << k;
                    if (next) this.set({ features: next });
                    else e.target.checked = true;
                } }), name))),
            el("fieldset", {}, el("legend", {}, T("hidden layers", "隐藏层")),
                o.units.map((u, i) => el("label.units", {}, T("layer ", "第 ") + (i + 1) + T("", " 层"), el("input", {
                    type: "number", min: 1, max: 256, value: u, onchange: e => {
                        const units = o.units.slice();
                        units[i] = Math.max(1, Math.min(256, Math.round(+e.target.value) || 1));
                        this.set({ units });
                    } }))),
                button("+", () => o.units.length < 8 && this.set({ units: o.units.concat([3]) }), "small"),
                button("−", () => o.units.length && this.set({ units: o.units.slice(0, -1) }), "small")));
    },

    /* ---- pictures ---- */
    frame(f, error) {
        if (error) {
            this.status.textContent = error;
            this.training = false;
            this.playButton.textContent = T("Train", "训练");
            return;
        }
        this.last = f;
        if (f.updates > 0) { this.losses.push(f.loss); this.tests.push(f.test); }
        if (this.losses.length > 400) {
            this.losses = this.losses.filter((v, i) => i % 2);
            this.tests = this.tests.filter((v, i) => i % 2);
        }
        const dead = f.dead.reduce((a, b) => a + b, 0), lost = !isFinite(f.loss) || f.loss > 1e6;
        this.status.textContent = T("updates ", "更新 ") + f.updates + T(", loss ", "，损失 ") + num(f.loss) +
            T(" (test ", "（测试 ") + num(f.test) + T(")", "）") +
            (this.classes ? T(", right ", "，准确率 ") + percent(f.accuracy) + T(" (test ", "（测试 ") +
                            percent(f.testAccuracy) + T(")", "）") : "") +
            (dead ? T(`. ${dead} dead: no point wakes it`, `。${dead} 个死单元：没有点能激活它`) : "") +
            (lost ? T(". The loss explodes: a smaller learning rate.", "。损失爆炸了：把学习率调小。") : "");
        if (this.o.set === 3 && !this.own && this.o.features === 3 && f.testAccuracy >= 0.95) this.task.check(true);
        this.drawMap();
        this.drawGraph();
        plot(this.curve, [{ y: this.losses, color: css("--plus") }, { y: this.tests, color: css("--minus"), dash: [5, 3] }],
             { x: T("training, and dashed: test", "实线训练，虚线测试"), low: 0 });
    },
    /* The net's answer at a place as a number from -1 to 1, or a color for several classes. */
    answerColor() {
        const f = this.last, n = SIDE * SIDE, total = f.sizes.reduce((a, b) => a + b, 0), out = f.sizes[f.sizes.length - 1];
        const base = (total - out) * n, signed = signedColor();
        if (this.classes === 0) return i => signed(f.map[base + i]);
        if (this.classes === 2) return i => signed(0.85 * (2 * f.map[base + n + i] - 1));
        const colors = [...Array(out).keys()].map(k => rgb(["--minus", "--plus", "--third", "--fourth"][k % 4])), paper = rgb("--paper");
        return i => {
            let c = [0, 0, 0];
            for (let k = 0; k < out; k++) c = c.map((v, j) => v + f.map[base + k * n + i] * colors[k][j]);
            return mix(paper, c, 0.7);
        };
    },
    drawMap() {
        const c = this.map, W = 360;
        if (this.last) {
            const color = this.answerColor();
            picture(c, this.last.map, SIDE, SIDE, (v, i) => color(i));
        }
        const g = c.getContext("2d");
        g.setTransform(c.scale, 0, 0, c.scale, 0, 0);
        this.rows.forEach(([x, y, t], i) => {
            const test = i >= this.rows.length - this.test;
            g.beginPath();
            const px = (x / REACH + 1) * W / 2, py = (1 - y / REACH) * W / 2;
            g.arc(px, py, test ? 2.6 : 3.4, 0, 7);
            g.fillStyle = this.classes ? this.color(t) : `rgb(${signedColor()(t)})`;
            g.fill();
            g.strokeStyle = test ? css("--text") : "#fff";
            g.stroke();
        });
        if (this.sample) {
            g.beginPath();
            g.arc((this.sample[0] / REACH + 1) * W / 2, (1 - this.sample[1] / REACH) * W / 2, 8, 0, 7);
            g.strokeStyle = css("--text");
            g.lineWidth = 2;
            g.stroke();
            g.lineWidth = 1;
        }
    },
    /* Where everything lies in the drawing of the net. */
    layout() {
        const f = this.last, layers = [f.inputs, ...f.sizes], W = 640, H = 360, shown = layers.map(n => Math.min(n, 8));
        const box = Math.min(52, H / Math.max(...shown) - 6);
        return layers.map((n, k) => ({ n, box, x: 30 + (W - 70) * k / (layers.length - 1),
            y: u => H / 2 + (u - (shown[k] - 1) / 2) * Math.min(box + 12, (H - 10) / shown[k]), shown: shown[k] }));
    },
    weight(k, from, to) {
        const f = this.last;
        let at = 0, before = f.inputs;
        for (let i = 0; i < k; i++) {
            at += 2 * f.sizes[i] * (before + 1);
            before = f.sizes[i];
        }
        const n = f.sizes[k] * before, i = from < 0 ? at + 2 * n + to : at + to * before + from;
        return { w: f.weights[i], g: f.weights[i + (from < 0 ? f.sizes[k] : n)] };
    },
    drawGraph() {
        const c = this.graph, f = this.last, g = pen(c), L = this.layout(), n = SIDE * SIDE, signed = signedColor();
        let most = 1e-6;
        for (let k = 0; k < f.sizes.length; k++)
            for (let j = 0; j < L[k + 1].shown; j++)
                for (let i = 0; i < L[k].shown; i++) most = Math.max(most, Math.abs(this.weight(k, i, j).w));
        this.edges = [];
        for (let k = 0; k < f.sizes.length; k++)
            for (let j = 0; j < L[k + 1].shown; j++)
                for (let i = 0; i < L[k].shown; i++) {
                    const { w, g: slope } = this.weight(k, i, j), a = Math.abs(w) / most;
                    const e = [L[k].x + L[k].box / 2, L[k].y(i), L[k + 1].x - L[k + 1].box / 2, L[k + 1].y(j)];
                    const hot = this.chosen && this.chosen.k === k && this.chosen.i === i && this.chosen.j === j;
                    g.beginPath();
                    g.moveTo(e[0], e[1]);
                    g.bezierCurveTo((e[0] + e[2]) / 2, e[1], (e[0] + e[2]) / 2, e[3], e[2], e[3]);
                    g.lineWidth = hot ? 5 : 0.5 + 4 * a;
                    g.strokeStyle = css(w < 0 ? "--minus" : "--plus");
                    g.globalAlpha = hot ? 1 : 0.25 + 0.7 * a;
                    g.stroke();
                    this.edges.push({ e, k, i, j, w, g: slope });
                }
        g.globalAlpha = 1;
        g.lineWidth = 1;
        const names = featureNames.filter((v, k) => this.o.features >> k & 1);
        this.units = [];
        let map = 0, dead = 0;
        L.forEach((l, k) => {
            for (let u = 0; u < l.shown; u++) {
                const x = l.x - l.box / 2, y = l.y(u) - l.box / 2;
                const image = this.unitImage(k, k === 0 ? null : f.map.subarray((map + u) * n, (map + u + 1) * n), names[u], signed);
                g.drawImage(image, x, y, l.box, l.box);
                const isDead = k > 0 && k < L.length - 1 && f.dead[dead + u];
                g.strokeStyle = isDead ? "#d00" : css("--soft");
                g.lineWidth = isDead ? 3 : 1;
                g.strokeRect(x, y, l.box, l.box);
                g.lineWidth = 1;
                if (k === 0) {
                    g.fillStyle = css("--text");
                    g.textAlign = "right";
                    g.textBaseline = "middle";
                    g.fillText(names[u], x + l.box - 2, y + l.box + 7);
                }
                this.units.push({ x, y, box: l.box, k, u, dead: isDead });
            }
            if (l.n > l.shown) {
                g.fillStyle = css("--soft");
                g.textAlign = "center";
                g.fillText("+" + (l.n - l.shown), l.x, 354);
            }
            if (k > 0) { map += l.n; if (k < L.length - 1) dead += l.n; }
        });
    },
    unitImage(k, data, name, signed) {
        const c = document.createElement("canvas");
        c.width = c.height = SIDE;
        const image = new ImageData(SIDE, SIDE), at = featureNames.indexOf(name);
        let low = 0, high = 1e-6;
        if (data) for (const v of data) { low = Math.min(low, v); high = Math.max(high, v); }
        const most = Math.max(-low, high);
        for (let i = 0; i < SIDE * SIDE; i++) {
            let v;
            if (data) v = data[i] / most;
            else {
                const x = REACH * (2 * (i % SIDE) + 1 - SIDE) / SIDE, y = REACH * (SIDE - 1 - 2 * Math.floor(i / SIDE)) / SIDE;
                v = [x / REACH, y / REACH, x * x / 36, y * y / 36, x * y / 36, Math.sin(x), Math.sin(y)][at];
            }
            const [r, g, b] = signed(v);
            image.data.set([r, g, b, 255], 4 * i);
        }
        c.getContext("2d").putImageData(image, 0, 0);
        return c;
    },
    hover(e) {
        if (!this.edges) return;
        const r = this.graph.getBoundingClientRect(), x = (e.clientX - r.left) * 640 / r.width, y = (e.clientY - r.top) * 360 / r.height;
        const unit = this.units.find(u => x >= u.x && x <= u.x + u.box && y >= u.y && y <= u.y + u.box);
        const layer = k => k === 0 ? T("input", "输入") : k === this.last.sizes.length ? T("output", "输出") : T("layer ", "层 ") + k;
        this.chosen = null;
        if (unit && unit.k > 0) {
            const { w, g } = this.weight(unit.k - 1, -1, unit.u);
            this.hint.textContent = T(`Unit ${unit.u + 1} of ${layer(unit.k)}: bias ${num(w)}, its gradient ${num(g, 4)}. The picture: what it answers over the plane.`,
                                      `${layer(unit.k)}的单元 ${unit.u + 1}：偏置 ${num(w)}，梯度 ${num(g, 4)}。小图：它在平面上的输出。`) +
                (unit.dead ? T(" It is dead: 0 for every point.", " 它已死：对所有点都输出 0。") : "");
        } else if (!unit) {
            let best = null, near = 12;
            for (const d of this.edges) {
                if (x < d.e[0] || x > d.e[2]) continue;
                const t = (x - d.e[0]) / (d.e[2] - d.e[0]), s = t * t * (3 - 2 * t), off = Math.abs(d.e[1] + (d.e[3] - d.e[1]) * s - y);
                if (off < near) [best, near] = [d, off];
            }
            if (best) {
                this.chosen = best;
                this.hint.textContent = T(`Weight from ${best.i + 1} to ${best.j + 1}: ${num(best.w)}, its gradient ${num(best.g, 4)}; a step of SGD changes it by ${num(-this.o.rate * best.g, 5)}.`,
                                          `从 ${best.i + 1} 到 ${best.j + 1} 的权重：${num(best.w)}，梯度 ${num(best.g, 4)}；一步 SGD 使它改变 ${num(-this.o.rate * best.g, 5)}。`);
            }
        }
        if (!this.training) this.drawGraph();
    },
    async click(e) {
        const r = this.map.getBoundingClientRect();
        const x = REACH * (2 * (e.clientX - r.left) / r.width - 1), y = REACH * (1 - 2 * (e.clientY - r.top) / r.height);
        if (this.classes === 0) { this.probe([x, y, 0]); return; }
        this.own = (this.own || this.rows).concat([[x, y, this.brush]]);
        this.rows = this.own.slice();
        this.test = 0;
        this.drawMap();
        clearTimeout(this.later);
        this.later = setTimeout(() => { if (this.rows.length > 1) { const on = this.training; this.start().then(() => on && this.toggle()); } }, 400);
    },

    /* ---- one sample, as numbers ---- */
    async step(n) {
        if (this.training) await this.toggle();
        this.frame(await ask("points", "step", n));
        if (this.sample) this.probe(this.sample);
    },
    async probe(sample) {
        if (this.training) await this.toggle();
        const s = sample || this.rows[Math.floor(Math.random() * (this.rows.length - this.test))], f = this.last;
        this.sample = s;
        const v = await ask("points", "probe", s[0], s[1], s[2]);
        let at = 1, before = f.inputs;
        const tables = f.sizes.map((U, k) => {
            const part = n => v.subarray(at, at += n);
            const z = part(U), a = part(U), dz = part(U), dw = part(U * before), db = part(U), B = before;
            before = U;
            const last = k === f.sizes.length - 1;
            return el("div", {}, el("h4", {}, last ? T("output", "输出层") : T("layer ", "第 ") + (k + 1) + T("", " 层")),
                el("div.scroll", {}, el("table", {}, el("tr", {}, [T("unit", "单元"), "z = Wx + b", last && !this.classes ? "a = z" : last ? "a = softmax(z)" : "a = f(z)",
                    "δ = ∂L/∂z", "∂L/∂b", "∂L/∂W"].map(h => el("th", {}, h))),
                    [...Array(Math.min(U, 8)).keys()].map(u => el("tr", {}, el("th", {}, u + 1), [z, a, dz, db].map(t => el("td", {}, num(t[u], 3))),
                        el("td", {}, [...dw.subarray(u * B, u * B + Math.min(B, 8))].map(x => num(x, 3)).join("  ")))))));
        });
        this.numbers.replaceChildren(
            el("p", {}, T(`The point (${num(s[0], 2)}, ${num(s[1], 2)}), ${this.classes ? "class" : "target"} ${num(s[2], this.classes ? 0 : 2)}: loss ${num(v[0], 4)}. Values go forward from the left, δ backward from the right: δ of a layer = Wᵀδ of the next one, times f′(z).`,
                          `点 (${num(s[0], 2)}, ${num(s[1], 2)})，${this.classes ? "类别" : "目标"} ${num(s[2], this.classes ? 0 : 2)}：损失 ${num(v[0], 4)}。数值从左向右传，δ 从右向左传：本层的 δ = 后一层的 Wᵀδ 乘以 f′(z)。`)),
            el("div.samples", {}, tables));
        this.drawMap();
    },

    /* ---- own data, sharing ---- */
    csv() {
        const area = el("textarea", { rows: 6, "aria-label": "CSV", placeholder: "x1,x2,class\n0.5,1.2,0\n-1,2,1" });
        const said = el("p.status", { role: "status" });
        return [el("p", {}, T("A line a point: x1, x2, and a class 0 … 3, or any number with a point in it.", "每行一个点：x1，x2，以及类别 0 … 3，或任意带小数点的数。")),
            area, el("div.buttons", {}, button(T("Use it", "使用"), () => {
                const rows = [], lines = area.value.split(/\r?\n/);
                for (let i = 0; i < lines.length; i++) {
                    if (!lines[i].trim()) continue;
                    const f = lines[i].split(/[,;\t]|\s+/).filter(x => x !== "").map(Number);
                    if (f.length === 3 && f.every(isFinite)) rows.push(f);
                    else if (rows.length || i > 0) {
                        said.textContent = T(`Line ${i + 1}: “${lines[i]}” is not three numbers.`, `第 ${i + 1} 行：“${lines[i]}”不是三个数。`);
                        return;
                    }
                }
                if (rows.length < 2) { said.textContent = T("At least two points.", "至少要两个点。"); return; }
                const classes = rows.every(r => Number.isInteger(r[2]) && r[2] >= 0 && r[2] < 4);
                const most = Math.max(...rows.map(r => Math.max(Math.abs(r[0]), Math.abs(r[1]))));
                if (most > REACH) {
                    rows.forEach(r => { r[0] *= REACH / most; r[1] *= REACH / most; });
                    said.textContent = T(`Scaled by ${num(REACH / most, 4)} to fit the plane.`, `乘以 ${num(REACH / most, 4)} 以放进平面。`);
                }
                this.own = rows;
                this.classes = classes ? Math.max(2, 1 + Math.max(...rows.map(r => r[2]))) : 0;
                this.makeData();
                this.start();
            })), said];
    },
    share() {
        const o = { ...this.o };
        if (this.own) o.own = this.own.map(r => r.map(v => +v.toFixed(2)));
        const text = btoa(JSON.stringify(o)), link = location.protocol.startsWith("http") ? location.href.split("#")[0] + "#" + text : null;
        const area = el("textarea", { rows: 3, "aria-label": T("text to share", "分享用的文字") }, link || text), said = el("p.status", { role: "status" });
        return [el("p", {}, T("Copy this text; whoever pastes it here and presses “Use it” sees your net.", "复制这段文字；别人粘贴到这里并按“使用”，就能看到你的网络。")),
            area, el("div.buttons", {}, button(T("Use it", "使用"), () => {
                try { this.adopt(area.value); said.textContent = ""; }
                catch (e) { said.textContent = T("This text is not from here.", "这段文字不是这里生成的。"); }
            })), said];
    },
    adopt(text) {
        const o = JSON.parse(atob(text.trim().split("#").pop()));
        const units = Array.isArray(o.units) && o.units.slice(0, 8).map(u => Math.max(1, Math.min(256, u | 0)));
        if (!units || !(o.rate > 0)) throw new Error("not ours");
        this.own = Array.isArray(o.own) ? o.own.filter(r => r.length === 3 && r.every(isFinite)) : null;
        if (this.own) this.classes = this.own.every(r => Number.isInteger(r[2])) ? Math.max(2, 1 + Math.max(...this.own.map(r => r[2]))) : 0;
        for (const k of Object.keys(this.o)) if (typeof o[k] === "number") this.o[k] = o[k];
        this.o.units = units;
        this.makeData();
        this.last = null;
        rebuild();
    },

    c() {
        const o = this.o, r = optimizerC(o.rate)[o.optimizer], n = this.rows.length, F = this.last ? this.last.inputs : 2;
        const feature = ["p[0]", "p[1]", "p[0] * p[0]", "p[1] * p[1]", "p[0] * p[1]", "sinf(p[0])", "sinf(p[1])"].filter((v, k) => o.features >> k & 1);
        const A = "DL_" + activations[o.activation].toUpperCase(), plain = !o.l1 && !o.l2;
        const dense = (u, f) => plain ? `    dl_model_add_dense(net, ${u}, ${f});\n`
            : `    dense = dl_dense_default(${u}, ${f});\n    dense.l1 = ${o.l1};\n    dense.l2 = ${o.l2};\n    dl_model_add_dense_with(net, &dense);\n`;
        const rows = this.rows.slice(0, n - this.test).map(([x, y, t]) => `{${x.toFixed(3)}f, ${y.toFixed(3)}f, ${this.classes ? t : t.toFixed(3) + "f"}}`);
        const lines = [];
        for (let i = 0; i < rows.length; i += 4) lines.push("    " + rows.slice(i, i + 4).join(", "));
        return `#define DL_IMPLEMENTATION
#include "dl.h"
#include <stdio.h>

enum { N = ${n - this.test}, F = ${F} };
static const float point[N][3] = {              /* x1, x2, ${this.classes ? "class" : "target"} */
${lines.join(",\n")}
};

int main(void)
{
    dl_real x[N][F]${this.classes ? "" : ", y[N]"};
${this.classes ? "    int32_t label[N];\n" : ""}    for (int i = 0; i < N; i++) {
        const float *p = point[i];
        const dl_real feature[F] = {${feature.join(", ")}};
        for (int k = 0; k < F; k++) x[i][k] = feature[k];
        ${this.classes ? "label[i] = (int32_t)p[2];" : "y[i] = p[2];"}
    }
    dl_ctx *dl = dl_new(${o.seed});
    dl_data *data = ${this.classes ? `dl_data_from_arrays(dl, x[0], N, dl_shape1(F), label, ${this.classes})` : "dl_data_from_targets(dl, x[0], N, dl_shape1(F), y, dl_shape1(1))"};
    dl_model *net = dl_model_new(dl, dl_shape1(F));
${plain ? "" : "    dl_dense dense;\n"}${o.units.map(u => dense(u, A) + (o.dropout ? `    dl_model_add_dropout(net, ${o.dropout});\n` : "")).join("")}${dense(this.classes || 1, this.classes ? "DL_SOFTMAX" : "DL_LINEAR")}    dl_model_compile(net, ${this.classes ? "DL_SPARSE_CATEGORICAL_CROSSENTROPY" : "DL_MSE"}, ${r});
    dl_fit fit = dl_fit_default();
    fit.epochs = 100;
    fit.batch_size = ${Math.min(o.batch, n - this.test)};
    fit.verbose = 0;
    dl_model_fit(net, data, &fit);
    printf("loss %.4f\\n", dl_model_evaluate(net, data).loss);
    const bool failed = dl_error(dl) != DL_OK;
    dl_free(dl);
    return failed;
}
`;
    },
    explain() {
        const f = this.last, e = f && this.edges && this.edges[0];
        return [
            el("p", {}, T("Each unit adds up what comes in, each times a weight, and a bias; then it bends the sum:", "每个单元把输入各乘一个权重相加，再加偏置，然后弯曲这个和：")),
            el("p.formula", {}, "y = f(W x + b)"),
            e ? el("p", {}, T(`The first weight now is ${num(e.w, 4)}; the last batch's gradient of it ${num(e.g, 4)}.`, `第一个权重此刻是 ${num(e.w, 4)}；上一个小批量给它的梯度是 ${num(e.g, 4)}。`)) : null,
            el("p", {}, T("Lines: blue for positive weights, orange for negative, as thick as large. The plane: blue where the net says class 1.", "线：蓝色为正权重，橙色为负，越粗越大。平面：蓝色处网络认为是类 1。")),
            el("p", {}, T("Try: ReLU with rate 3 and SGD, and look for red frames (dead units). A rate of 10 makes the loss explode. No hidden layer cannot learn the circle, unless you give it x₁² and x₂².",
                          "试试：ReLU、SGD、学习率 3，看红框（死单元）。学习率 10 会让损失爆炸。没有隐藏层学不会圆，除非给它 x₁² 和 x₂²。")),
            el("p", {}, [["01_forward", T("01: forward", "01：前向传播")], ["02_loss", T("02: loss", "02：损失")], ["03_gradient_descent", T("03: descent", "03：梯度下降")],
                ["04_backprop", T("04: backpropagation", "04：反向传播")], ["05_optimizers", T("05: optimizers", "05：优化器")]].flatMap(([a, b], i) => [i ? " · " : "", chapter(a, b)]))];
    }
};
