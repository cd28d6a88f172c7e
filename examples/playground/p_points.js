/* p_points.js - a net that tells points in the plane apart: every weight, gradient and answer. */
"use strict";

const pointSets = [
    { name: () => T("circle", "圆"), classes: 2, at(i, r) {
        const inner = i % 2 === 0, a = r() * 2 * Math.PI,
              d = inner ? 2.2 * Math.sqrt(r()) : 3.4 + 1.4 * r();
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
        const x = 10 * r() - 5, y = 10 * r() - 5,
              h = (a, b) => Math.exp(-((x - a) ** 2 + (y - b) ** 2) / 4);
        return [x, y, h(2, 2) + h(-2, -2) - h(-2, 2) - h(2, -2)]; } }
];
const activations = ["linear", "relu", "sigmoid", "tanh", "leaky_relu", "elu", "gelu", "silu",
                     "softplus"];
const activationNumber = [0, 1, 2, 3, 5, 6, 7, 8, 9];          /* dl_activation */
const optimizers = ["SGD", "momentum", "Nesterov", "Adagrad", "Adadelta", "RMSprop", "Adam",
                    "AdamW"];
const optimizerC = r => [`dl_sgd(${r})`, `dl_momentum(${r}, 0.9)`, `dl_nesterov(${r}, 0.9)`,
                         `dl_adagrad(${r})`, `dl_adadelta(${r})`, `dl_rmsprop(${r})`,
                         `dl_adam(${r})`, `dl_adamw(${r})`];
const featureNames = ["x₁", "x₂", "x₁²", "x₂²", "x₁x₂", "sin x₁", "sin x₂"];
const REACH = 6, MOST = 8;                                 /* the plane; units drawn of a layer */

/* Updates a frame; 0: as many as the machine can. */
const paces = [[() => T("slow", "慢"), 1], [() => T("to watch", "适中"), 8],
               [() => T("full", "全速"), 0]];

/* What goes wrong in nets, to look at: settings that show it, and what to look for. */
const troubles = [
    [() => T("dying ReLUs", "ReLU 死亡"),
     { set: 0, units: [8, 8], activation: 1, optimizer: 0, rate: 3, batch: 8 },
     () => T("The rate is too large for ReLU: a step throws a unit so far that it answers 0 to every point. Its gradient is 0 too, so it never comes back: red frames.",
             "学习率对 ReLU 太大：一步就把单元甩得太远，对所有点都输出 0。它的梯度也是 0，再也回不来：红框。")],
    [() => T("exploding rate", "学习率爆炸"),
     { set: 6, units: [], activation: 0, optimizer: 0, rate: 0.3, batch: 16, slow: 16 },
     () => T("One unit and no bend: the loss is a bowl. Each of these slow steps jumps over its bottom and lands higher on the other side, where it is steeper: the weights swing, the loss grows without end. A rate of 0.1 would arrive.",
             "一个单元，没有弯曲：损失是一只碗。这里慢慢走的每一步都跨过碗底，落到对面更高、更陡处：权重来回摆，损失无限增大。学习率 0.1 就能走到底。")],
    [() => T("vanishing gradients", "梯度消失"),
     { set: 0, units: [4, 4, 4, 4, 4, 4], activation: 2, optimizer: 0, rate: 0.1, batch: 16,
       lines: 1 },
     () => T("Sigmoid’s slope is at most 1/4, and each layer multiplies by it on the way back. The lines show gradients now: point at some on the left, then on the right.",
             "sigmoid 的斜率至多 1/4，反向时每一层都要乘一次。现在连线表示梯度：指向左边的几条，再看右边的。")]
];

/* How many classes these rows have; 0: numbers, not classes. */
const classesOf = rows => rows.every(r => Number.isInteger(r[2]) && r[2] >= 0 &&
                                     r[2] < classColors.length)
    ? Math.max(2, 1 + Math.max(...rows.map(r => r[2]))) : 0;

const pointsPanel = {
    id: "points",
    name: () => T("A net on points", "平面上的网络"),
    o: { set: 0, noise: 0.1, count: 300, part: 0.3, seed: 1, features: 3, units: [4, 3],
         activation: 3, optimizer: 6, rate: 0.03, batch: 16, l1: 0, l2: 0, dropout: 0, lines: 0,
         sharp: 0, pace: 8 },
    own: null, brush: 0, losses: growing(), tests: growing(), training: false, walk: null,
    chosen: null,

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
        if (this.training) await this.run(false);
        if (n - this.test < 2) { this.status.textContent = T("At least two points.", "至少要两个点。"); return; }
        const xy = new Float32Array(2 * n), target = new Float32Array(n);
        this.rows.forEach(([x, y, t], i) => { xy[2 * i] = x; xy[2 * i + 1] = y; target[i] = t; });
        this.losses = growing();
        this.tests = growing();
        this.walk = null;
        this.failed = false;
        this.numbers.replaceChildren();
        this.drawBrushes();
        try {
            this.frame(await ask("points", "start", {
                seed: o.seed, features: o.features, xy, target, test: this.test,
                classes: this.classes, units: o.units,
                activation: activationNumber[o.activation], dropout: o.dropout, l1: o.l1, l2: o.l2,
                optimizer: o.optimizer, rate: o.rate, batch: Math.min(o.batch, n - this.test),
                pace: o.pace, most: MOST, reach: REACH }));
        } catch (e) { this.status.textContent = e.message; }
    },
    set(change) {
        Object.assign(this.o, change);
        this.why.textContent = "";
        if ("rate" in change && Object.keys(change).length === 1 && !this.failed)
            return void ask("points", "rate", this.o.rate);      /* without starting anew */
        if (["set", "noise", "count", "part"].some(k => k in change)) {
            if ("set" in change) this.own = null;
            this.makeData();
        }
        this.start();
        if ("units" in change || "features" in change) this.drawShape();
    },
    async toggle() {
        if (!this.training && this.rows.length - this.test < 2) return;
        await this.run(!this.training);
        if (!this.training) this.frame(await ask("points", "frame"));      /* where it stopped */
    },
    async run(on) {
        this.leave();
        await train(this, on);
        this.hint.setAttribute("aria-live", on ? "off" : "polite");
    },

    build(root) {
        const o = this.o, powers = [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10];
        this.play = button(this.training ? T("Pause", "暂停") : T("Train", "训练"), () => this.toggle(),
                           "main");
        this.map = canvas(360, 360,
                          T("the plane: points and what the net answers everywhere",
                            "平面：点，以及网络在各处的回答"), true);
        this.map.smooth = true;
        this.map.again = () => this.drawMap();
        this.map.addEventListener("pointerdown", e => this.click(e));
        this.graph = canvas(640, 360,
                            T("the net: a line for each weight, a picture for each unit; arrow keys choose one", "网络：每条线是一个权重，每个小图是一个单元；方向键选择单元"), true);
        this.graph.tabIndex = 0;
        this.graph.again = () => this.last && this.drawGraph();
        for (const kind of ["pointermove", "pointerdown"]) this.graph.addEventListener(kind, e => this.point(e));
        this.graph.addEventListener("keydown", e => {
            const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1],
                           ArrowDown: [0, 1] }[e.key];
            if (!move || !this.last) return;
            const at = this.chosen && "u" in this.chosen ? this.chosen : { k: 1, u: -move[1] };
            const k = Math.max(1, Math.min(this.last.drawn.length, at.k + move[0]));
            this.choose({ k, u:
                          Math.max(0, Math.min(this.last.drawn[k - 1] - 1, at.u + move[1])) });
            e.preventDefault();
        });
        this.curve = chart(130, T("loss while training", "训练中的损失"));
        this.status = el("p.status", { role: "status" });
        this.hint = el("p.said", { "aria-live": "polite" },
                       T("Point at a line or a unit to read its numbers (or use the arrow keys).",
                         "指向一条线或一个单元（或用方向键），看它的数值。"));
        this.why = el("p.said.why", { role: "status" });
        this.numbers = el("div.numbers");
        this.shape = el("div.controls");
        this.brushes = el("div.buttons");
        this.task = challenge(this,
                              T("choose the spirals as data, and with only x₁ and x₂ as inputs reach a test accuracy of 95 %.",
                                "数据选“双螺旋”，只用 x₁ 和 x₂ 作输入，让测试准确率达到 95 %。"));
        root.append(
            el("div.controls", {},
                this.sets = choose(T("data", "数据"),
                                   pointSets.map(s => s.name()).concat([T("your own", "你自己的")]),
                       this.own ? pointSets.length : o.set,
                       i => i < pointSets.length && this.set({ set: i })),
                choose(T("activation", "激活函数"), activations, o.activation,
                       i => this.set({ activation: i })),
                choose(T("optimizer", "优化器"), optimizers, o.optimizer,
                       i => this.set({ optimizer: i })),
                slider(T("learning rate", "学习率"), powers, o.rate, v => this.set({ rate: v })),
                choose(T("pace", "快慢"), paces.map(p => p[0]()),
                       paces.findIndex(p => p[1] === o.pace),
                       i => { o.pace = paces[i][1]; ask("points", "pace", o.pace); }),
                choose(T("lines show", "连线表示"), [T("weights", "权重"), T("gradients", "梯度")], o.lines,
                       i => { o.lines = i; this.drawGraph(); })),
            this.shape,
            el("details.more", {}, el("summary", {}, T("More settings", "更多设置")),
               el("div.controls", {},
                slider(T("noise", "噪声"), [0, 0.1, 0.2, 0.3, 0.4, 0.5], o.noise,
                       v => this.set({ noise: v })),
                slider(T("points", "点数"), [50, 100, 200, 300, 500, 1000], o.count,
                       v => this.set({ count: v })),
                slider(T("for testing", "测试集"), [0.1, 0.2, 0.3, 0.5, 0.7], o.part,
                       v => this.set({ part: v }), v => 100 * v + " %"),
                slider(T("batch", "批大小"), [1, 2, 4, 8, 16, 32, 64, 128], o.batch,
                       v => this.set({ batch: v })),
                slider("L1", [0, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03], o.l1,
                       v => this.set({ l1: v })),
                slider("L2", [0, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03], o.l2,
                       v => this.set({ l2: v })),
                slider(T("dropout", "丢弃率"), [0, 0.1, 0.2, 0.3, 0.5], o.dropout,
                       v => this.set({ dropout: v })),
                choose(T("the plane shows", "平面表示"),
                       [T("how sure", "把握多大"), T("the decision", "判定结果")], o.sharp,
                       i => { o.sharp = i; if (this.last) this.drawMap(); }))),
            el("div.buttons", {}, this.play,
                button(T("One step", "一步"), () => this.step()),
                button(T("Start anew", "重新开始"), () => { o.seed++; this.start(); }),
                button(T("One sample, step by step", "一个样本，逐步看"), () => this.probe())),
            el("div.buttons", {}, el("span", {}, T("Watch what goes wrong: ", "看看会出什么问题：")),
                troubles.map(([name, settings, why]) => button(name(), async () => {
                    const { slow, ...change } = settings;
                    this.own = null;
                    Object.assign(o, { features: 3, dropout: 0, l1: 0, l2: 0, lines: 0 }, change);
                    this.makeData();
                    await rebuild();
                    await this.start();
                    this.why.textContent = why();
                    if (!slow) await this.toggle();
                    let last = this.last;
                    for (let k = 0; k < slow && this.last === last && current === this; k++) {
                        await this.step();
                        last = this.last;
                        await new Promise(done => setTimeout(done, 300));
                    }
                }, "small"))), this.why,
            el("div.row", {},
               el("div.grow2", {}, this.graph, this.hint, this.numbers, this.curve, this.status),
                el("div.grow", {}, this.map, this.brushes)),
            this.task,
            fold(T("Your own points: paste CSV", "自己的点：粘贴 CSV"), () => this.csv()),
            fold(T("Share this net", "分享这个网络"), () => this.share()),
            fold(T("Show me the C", "看 C 程序"), () => code(this.c()), true),
            fold(T("Explain", "讲解"), () => this.explain(), true));
        this.drawShape();
        this.drawBrushes();
        if (!this.last) this.start();
        else {
            this.frame(this.last);
            if (this.walk) this.show();
        }
    },
    /* What a click into the plane adds. */
    drawBrushes() {
        if (this.classes === 0) {
            this.brushes.replaceChildren(T("Click into the plane: that place step by step, as if its target were 0.",
                                           "点击平面：逐步看那个位置，目标当作 0。"));
            return;
        }
        this.brush = Math.min(this.brush, this.classes - 1);
        this.brushes.replaceChildren(el("span", {},
                                        T("Click into the plane to add a point: ", "点击平面添加一个点：")),
            ...[...Array(this.classes).keys()].map(k => el("button.brush" + (k === this.brush ? ".on" : ""), {
                type: "button", style: "border-color:" + classColor(k),
                "aria-pressed": String(k === this.brush),
                onclick: () => { this.brush = k; this.drawBrushes(); } }, T("class ", "类 ") + k)),
            ...(this.classes < classColors.length ? [button(T("another class", "再加一类"), () => {
                this.brush = this.classes++;
                this.start();
            }, "small")] : []),
            button(T("No points", "清空点"), async () => {
                if (this.training) await this.toggle();
                this.own = this.rows = [];
                this.test = 0;
                this.drawMap();
            }, "small"));
    },
    drawShape() {
        const o = this.o, on = k => o.features >> k & 1;
        this.shape.replaceChildren(
            el("fieldset", {}, el("legend", {}, T("inputs", "输入")),
               featureNames.map((name, k) => el("label.check", {},
                el("input", { type: "checkbox", checked: !!on(k), onchange: e => {
                    const next = o.features ^ 1 << k;
                    if (next) this.set({ features: next });
                    else e.target.checked = true;
                } }), name))),
            el("fieldset", {}, el("legend", {}, T("hidden layers", "隐藏层")),
                o.units.map((u, i) => el("label.units", {},
                                         T("layer ", "第 ") + (i + 1) + T("", " 层"), el("input", {
                    type: "number", min: 1, value: u, onchange: e => {
                        const units = o.units.slice();
                        units[i] = Math.max(1, Math.round(+e.target.value) || 1);
                        this.set({ units });
                    } }))),
                button("+", () => o.units.length < 32 && this.set({ units: o.units.concat([3]) }),
                       "small"),
                button("−", () => o.units.length && this.set({ units: o.units.slice(0, -1) }),
                       "small")));
    },

    /* ---- pictures ---- */
    frame(f) {
        this.last = f;
        if (f.updates > 0) {
            this.losses.add(f.loss);
            this.tests.add(f.test);
        }
        const dead = f.dead.reduce((a, b) => a + b, 0), lost = !isFinite(f.loss) || f.loss > 1e6;
        this.status.textContent = T("updates ", "更新 ") + f.updates + T(", loss ", "，损失 ") +
            num(f.loss) +
            T(" (test ", "（测试 ") + num(f.test) + T(")", "）") +
            (this.classes ? T(", right ", "，准确率 ") + percent(f.accuracy) + T(" (test ", "（测试 ") +
                            percent(f.testAccuracy) + T(")", "）") : "") +
            (dead ? T(`. ${dead} dead: no point wakes it`, `。${dead} 个死单元：没有点能激活它`) : "") +
            (lost ? T(". The loss explodes: a smaller learning rate.", "。损失爆炸了：把学习率调小。") : "");
        if (this.o.set === 3 && !this.own && this.o.features === 3 &&
            f.testAccuracy >= 0.95) this.task.check(true);
        /* While it trains, one picture a frame, in turn. */
        this.turn = !this.turn;
        if (!this.training || this.turn) {
            this.drawGraph();
            this.tell();
        }
        if (this.training && this.turn) return;
        this.drawMap();
        plot(this.curve,
             [{ y: this.losses.y, color: css("--plus") },
              { y: this.tests.y, color: css("--minus"), dash: [5, 3] }],
             { x: T("loss in training; dashed: in testing", "损失：实线训练，虚线测试"), log: lost,
               low: lost ? undefined : 0 });
    },
    /* The net's answer at a place as a number from -1 to 1, or a color for several classes. */
    answerColor() {
        const f = this.last, n = f.side ** 2, out = f.drawn[f.drawn.length - 1];
        const base = f.map.length - out * n, signed = signedColor();
        const show = v => signed(this.o.sharp ? 0.85 * Math.sign(v) : v);
        if (this.classes === 0) return i => show(f.map[base + i]);
        if (this.classes === 2) return i => show(0.85 * (2 * f.map[base + n + i] - 1));
        const colors = classColors.map(rgb), paper = rgb("--paper");
        return i => {
            const c = [0, 0, 0];
            let best = 0;
            for (let k = 0; k < out; k++) {
                if (f.map[base + k * n + i] > f.map[base + best * n + i]) best = k;
                for (let j = 0; j < 3; j++) c[j] += f.map[base + k * n + i] * colors[k][j];
            }
            if (this.o.sharp) return pixel(mix(paper, colors[best], 0.7));
            return pixel(mix(paper, c, 0.7));
        };
    },
    drawMap() {
        const c = this.map, W = 360, f = this.last;
        if (f) {
            const color = this.answerColor();
            picture(c, f.map, f.side, f.side, (v, i) => color(i));
        }
        const g = c.getContext("2d"),
              at = ([x, y]) => [(x / REACH + 1) * W / 2, (1 - y / REACH) * W / 2];
        g.setTransform(c.scale, 0, 0, c.scale, 0, 0);
        const low = rgb("--minus"), paper = rgb("--paper"), high = rgb("--plus");
        this.rows.forEach((row, i) => {
            const test = i >= this.rows.length - this.test, t = row[2];
            g.beginPath();
            g.arc(...at(row), test ? 2.6 : 3.4, 0, 7);
            g.fillStyle = this.classes ? classColor(t)
                : `rgb(${mix(paper, t < 0 ? low : high, Math.min(1, Math.abs(t)))})`;
            g.fill();
            g.strokeStyle = test ? css("--text") : "#fff";
            g.stroke();
        });
        if (this.walk) {
            g.beginPath();
            g.arc(...at(this.walk.sample), 8, 0, 7);
            g.strokeStyle = css("--text");
            g.lineWidth = 2;
            g.stroke();
            g.lineWidth = 1;
        }
    },
    /* Where everything lies in the drawing of the net. */
    layout() {
        const f = this.last, layers = [f.inputs, ...f.sizes], drawn = [f.inputs, ...f.drawn],
              W = 640, H = 360;
        const box = Math.min(52, H / Math.max(...drawn) - 6, 0.6 * W / layers.length);
        return layers.map((n, k) => ({ n, box, drawn: drawn[k],
                                       x: 34 + (W - 68) * k / (layers.length - 1),
            y: u => H / 2 + (u - (drawn[k] - 1) / 2) * Math.min(box + 28, (H - 10) / drawn[k]) }));
    },
    /* Weight and gradient of layer k's unit to, for what comes from unit from of the layer before (-1: the bias). */
    weight(k, from, to) {
        const f = this.last;
        let at = 0, before = f.inputs;
        for (let i = 0; i < k; i++) {
            at += 2 * f.drawn[i] * (before + 1);
            before = f.drawn[i];
        }
        const n = f.drawn[k] * before, i = from < 0 ? at + 2 * n + to : at + to * before + from;
        return { w: f.weights[i], g: f.weights[i + (from < 0 ? f.drawn[k] : n)] };
    },
    drawGraph() {
        const c = this.graph, f = this.last, g = pen(c), L = this.layout();
        this.edges = [];
        let most = 1e-12;
        for (let k = 0; k < f.sizes.length; k++)
            for (let j = 0; j < L[k + 1].drawn; j++)
                for (let i = 0; i < L[k].drawn; i++) {
                    const { w, g: slope } = this.weight(k, i, j), v = this.o.lines ? slope : w;
                    if (isFinite(v)) most = Math.max(most, Math.abs(v));
                    this.edges.push({ k, i, j, w, g: slope, v, e: [L[k].x + L[k].box / 2, L[k].y(i),
                                      L[k + 1].x - L[k + 1].box / 2, L[k + 1].y(j)] });
                }
        const chosen = this.chosen || {}, into = [];
        for (const edge of this.edges) {
            const { k, i, j, v, e } = edge, a = Math.min(1, Math.abs(v) / most) || 0;
            const hot = "u" in chosen ? chosen.k === k + 1 && chosen.u === j
                                      : chosen.k === k && chosen.i === i && chosen.j === j;
            g.beginPath();
            g.moveTo(e[0], e[1]);
            g.bezierCurveTo((e[0] + e[2]) / 2, e[1], (e[0] + e[2]) / 2, e[3], e[2], e[3]);
            g.lineWidth = 0.5 + 4 * a + 1.5 * hot;
            g.strokeStyle = css(v < 0 ? "--minus" : "--plus");
            g.globalAlpha = hot ? 1 : 0.25 + 0.7 * a;
            g.stroke();
            if (hot) into.push(edge);
        }
        g.globalAlpha = 1;
        this.drawUnits(g, L);
        /* The numbers on the lines into the unit that is looked at, staggered. */
        into.forEach(({ e, v }, n) => {
            const t = into.length > 1 ? 0.25 + 0.35 * (n % 2) : 0.5, s = t * t * (3 - 2 * t);
            this.write(g, num(v, 2), e[0] + (e[2] - e[0]) * t, e[1] + (e[3] - e[1]) * s);
        });
    },
    drawUnits(g, L) {
        const f = this.last, side = f.side, n = side * side, signed = signedColor();
        const names = featureNames.filter((v, k) => this.o.features >> k & 1);
        /* All maps one below the other: each in the colors of its own largest number. */
        const count = f.map.length / n, most = new Float32Array(count).fill(1e-6);
        f.map.forEach((v, i) => { most[i / n | 0] = Math.max(most[i / n | 0], Math.abs(v)); });
        const maps = small(f.map, side, side * count, (v, i) => signed(v / most[i / n | 0]));
        this.units = [];
        let map = 0, dead = 0;
        L.forEach((l, k) => {
            const last = k === L.length - 1;
            for (let u = 0; u < l.drawn; u++) {
                const x = l.x - l.box / 2, y = l.y(u) - l.box / 2,
                      isDead = k > 0 && !last && f.dead[dead + u];
                if (k > 0) g.drawImage(maps, 0, side * (map + u), side, side, x, y, l.box, l.box);
                else g.drawImage(this.inputImage(names[u], signed), x, y, l.box, l.box);
                const on = this.chosen && this.chosen.k === k && this.chosen.u === u;
                g.strokeStyle = css(isDead ? "--bad" : on ? "--text" : "--soft");
                g.lineWidth = isDead || on ? 3 : 1;
                g.strokeRect(x, y, l.box, l.box);
                g.lineWidth = 1;
                if (k === 0) this.write(g, names[u], l.x, y - 2);
                else if (last && this.classes) this.write(g, T("class ", "类 ") + u, l.x, y - 2);
                if (this.walk) this.drawNumbers(g, l, k, u);
                this.units.push({ x, y, box: l.box, k, u, dead: isDead });
            }
            if (l.n > l.drawn) this.write(g, "+" + (l.n - l.drawn), l.x, 352);
            if (k > 0) {
                map += l.drawn;
                if (!last) dead += l.n;
            }
        });
    },
    /* Text on a strip of paper. */
    write(g, text, x, y, color) {
        const w = g.measureText(text).width + 4;
        g.globalAlpha = 0.85;
        g.fillStyle = css("--paper");
        g.fillRect(x - w / 2, y - 7, w, 14);
        g.globalAlpha = 1;
        g.fillStyle = color || css("--text");
        g.textAlign = "center";
        g.textBaseline = "middle";
        g.fillText(text, x, y + 1);
    },
    inputImage(name, signed) {
        const at = featureNames.indexOf(name), side = 40;
        return small({}, side, side, (v, i) => {
            const x = REACH * (2 * (i % side) + 1 - side) / side,
                  y = REACH * (side - 1 - 2 * Math.floor(i / side)) / side;
            return signed([x / REACH, y / REACH, x * x / 36, y * y / 36, x * y / 36, Math.sin(x),
                           Math.sin(y)][at]);
        });
    },
    point(e) {
        if (!this.edges) return;
        const r = this.graph.getBoundingClientRect(), x = (e.clientX - r.left) * 640 / r.width,
              y = (e.clientY - r.top) * 360 / r.height;
        const unit = this.units.find(u => x >= u.x && x <= u.x + u.box &&
                                          y >= u.y && y <= u.y + u.box);
        let best = null, near = 12;
        for (const d of this.edges) {
            const t = (x - d.e[0]) / (d.e[2] - d.e[0]), s = t * t * (3 - 2 * t);
            const off = t < 0 || t > 1 ? near : Math.abs(d.e[1] + (d.e[3] - d.e[1]) * s - y);
            if (off < near) [best, near] = [d, off];
        }
        this.choose(unit ? unit.k > 0 ? { k: unit.k, u: unit.u } : null
                         : best && { k: best.k, i: best.i, j: best.j });
    },
    layerName(k) {
        return k === 0 ? T("input", "输入") : k === this.last.sizes.length ? T("output", "输出")
            : T("layer ", "层 ") + k;
    },
    /* Shows a unit's or a line's numbers, and keeps looking at it. */
    choose(what) {
        if (JSON.stringify(what) === JSON.stringify(this.chosen)) return;
        this.chosen = what;
        if (!this.training) this.drawGraph();
        this.tell();
    },
    tell() {
        const c = this.chosen;
        if (!c || this.walk) return;
        if ("u" in c) {
            const unit = this.units.find(u => u.k === c.k && u.u === c.u);
            if (!unit) return;
            const { w, g } = this.weight(c.k - 1, -1, c.u), layer = this.layerName(c.k);
            this.hint.textContent = T(`Unit ${c.u + 1} of ${layer}: bias ${num(w)}, its gradient ${num(g, 4)}. The picture: what it answers over the plane.`,
                                      `${layer}的单元 ${c.u + 1}：偏置 ${num(w)}，梯度 ${num(g, 4)}。小图：它在平面上的输出。`) +
                (unit.dead ? T(" It is dead: 0 for every point.", " 它已死：对所有点都输出 0。") : "");
        } else {
            const { w, g } = this.weight(c.k, c.i, c.j);
            this.hint.textContent = T(`Weight from ${c.i + 1} to ${c.j + 1}: ${num(w)}, its gradient ${num(g, 4)}; a step of SGD changes it by ${num(-this.o.rate * g, 5)}.`,
                                      `从 ${c.i + 1} 到 ${c.j + 1} 的权重：${num(w)}，梯度 ${num(g, 4)}；一步 SGD 使它改变 ${num(-this.o.rate * g, 5)}。`);
        }
    },
    async click(e) {
        const r = this.map.getBoundingClientRect();
        const x = REACH * (2 * (e.clientX - r.left) / r.width - 1),
              y = REACH * (1 - 2 * (e.clientY - r.top) / r.height);
        if (this.classes === 0) { this.probe([x, y, 0]); return; }
        this.sets.querySelector("select").selectedIndex = pointSets.length;
        this.own = (this.own || this.rows).concat([[x, y, this.brush]]);
        this.rows = this.own.slice();
        this.test = 0;
        this.drawMap();
        clearTimeout(this.later);
        this.later = setTimeout(async () => {
            const on = this.training;
            if (this.rows.length < 2) return;
            await this.start();
            if (on) this.toggle();
        }, 400);
    },

    /* ---- one sample, as numbers ---- */
    async step() {
        if (this.training) await this.toggle();
        const sample = this.walk && this.walk.sample;
        try {
            this.frame(await ask("points", "step"));
        } catch (e) { return void frame(this, null, e.message); }
        if (sample) this.probe(sample);
    },
    /* All numbers of one sample: for each layer z, a, dz = dL/dz, dW [out][in], db. */
    async probe(sample) {
        if (this.training) await this.toggle();
        if (!sample && !this.rows.length) return;
        const s = sample || this.rows[Math.floor(Math.random() * (this.rows.length - this.test))],
              f = this.last;
        const v = await ask("points", "probe", s[0], s[1], s[2]);
        const all = [s[0], s[1], s[0] ** 2, s[1] ** 2, s[0] * s[1], Math.sin(s[0]), Math.sin(s[1])];
        const layers = [{ a: all.filter((x, k) => this.o.features >> k & 1) }];
        let at = 1;
        for (const U of f.sizes) {
            const part = n => v.subarray(at, at += n), B = layers[layers.length - 1].a.length;
            layers.push({ z: part(U), a: part(U), dz: part(U), dw: part(U * B), db: part(U) });
        }
        this.walk = { sample: s, loss: v[0], layers, at: 1 };
        this.show();
    },
    leave() {
        if (!this.walk) return;
        this.walk = null;
        this.numbers.replaceChildren();
        this.drawMap();
        this.drawGraph();
    },
    /* How far the walk is: at 1 .. n the layers forward, n + 1 .. 2n backward from the last. */
    go(step) {
        const n = this.last.sizes.length;
        this.walk.at = Math.max(1, Math.min(2 * n, this.walk.at + step));
        this.show();
    },
    drawNumbers(g, l, k, u) {
        const w = this.walk, n = this.last.sizes.length, layer = w.layers[k];
        if (k <= w.at) this.write(g, num(layer.a[u], 2), l.x, l.y(u) + l.box / 4);
        if (k > 0 && 2 * n + 1 - k <= w.at) this.write(g, "δ " + num(layer.dz[u], 3), l.x,
                                                       l.y(u) + l.box / 2 + 5, css("--fourth"));
    },
    show() {
        const w = this.walk, n = this.last.sizes.length, forward = w.at <= n,
              k = forward ? w.at : 2 * n + 1 - w.at;
        const L = w.layers[k], before = w.layers[k - 1].a, after = w.layers[k + 1], most = 4;
        const u = [...L.dz.subarray(0, MOST)].reduce((best, d, i, all) => Math.abs(d) > Math.abs(all[best]) ? i : best, 0);
        const brace = v => v < 0 ? `(${num(v, 2)})` : num(v, 2);
        const sum = terms => terms.slice(0, most).map(([a, b]) => `${brace(a)}·${brace(b)}`).join(" + ") + (terms.length > most ? " + …" : "");
        const input = [...before].slice(0, MOST).map((a, i) => [this.weight(k - 1, i, u).w, a]);
        const bias = this.weight(k - 1, -1, u).w, last = k === n,
              name = T(`Unit ${u + 1} of ${this.layerName(k)}`, `${this.layerName(k)}的单元 ${u + 1}`);
        let text, formula;
        if (forward) {
            formula = `z = Wx + b = ${sum(input)} + ${brace(bias)} = ${num(L.z[u])}`;
            text = last ? this.classes
                ? T(`${name}: softmax makes of all z the probabilities a = ${[...L.a].slice(0, most).map(a => num(a)).join(", ")}${L.a.length > most ? " …" : ""}. The loss: −ln a of the right class ${w.sample[2]} = ${num(w.loss, 4)}.`,
                    `${name}：softmax 把所有 z 变成概率 a = ${[...L.a].slice(0, most).map(a => num(a)).join("，")}${L.a.length > most ? " …" : ""}。损失：正确类 ${w.sample[2]} 的 −ln a = ${num(w.loss, 4)}。`)
                                         : T(`The loss: (a − target)² = (${num(L.a[0])} − ${num(w.sample[2])})² = ${num(w.loss, 4)}.`,
                                             `损失：(a − 目标)² = (${num(L.a[0])} − ${num(w.sample[2])})² = ${num(w.loss, 4)}。`)
                        : T(`${name}: a = ${activations[this.o.activation]}(z) = ${num(L.a[u])}.`,
                            `${name}：a = ${activations[this.o.activation]}(z) = ${num(L.a[u])}。`);
        } else {
            const back = last ? null
                : [...after.dz].slice(0, MOST).map((d, j) => [this.weight(k, u, j).w, d]);
            const whole = last ? 0 : after.dz.length > MOST ? NaN
                : back.reduce((t, [a, b]) => t + a * b, 0);
            formula = last ? this.classes
                ? `δ = a − y = ${num(L.a[u])} − ${u === w.sample[2] ? 1 : 0} = ${num(L.dz[u])}`
                : `δ = 2(a − t) = ${num(L.dz[u])}`
                : `δ = Wᵀδ · f′(z) = (${sum(back)}) · ${num(L.dz[u] / whole, 2)} = ${num(L.dz[u], 4)}`;
            text = T(`${name}: δ is how the loss changes with z. Each weight’s gradient is δ times what came in: ∂L/∂w = `, `${name}：δ 是损失随 z 的变化。每个权重的梯度是 δ 乘以输入：∂L/∂w = `) +
                   input.slice(0, most).map(([x, a]) => `${brace(L.dz[u])}·${brace(a)} = ${num(L.dz[u] * a, 4)}`).slice(0, 2).join(T(", ", "，")) + (input.length > 2 ? " …" : "");
        }
        this.chosen = { k, u };
        const where = forward ? T(`Forward, ${k} of ${n}`, `前向，第 ${k}/${n} 步`)
            : T(`Backward, ${w.at - n} of ${n}`, `反向，第 ${w.at - n}/${n} 步`);
        const [x, y, t] = w.sample;
        this.hint.textContent = T(`The point (${num(x, 2)}, ${num(y, 2)}), ${this.classes ? "class" : "target"} ${num(t, this.classes ? 0 : 2)}.`,
                                  `点 (${num(x, 2)}, ${num(y, 2)})，${this.classes ? "类别" : "目标"} ${num(t, this.classes ? 0 : 2)}。`);
        const step = (label, d, off) => {
            const b = button(label, () => {
                this.go(d);
                this.numbers.querySelectorAll("button")[d < 0 ? 0 : 1].focus();
            }, "small");
            b.disabled = off;
            return b;
        };
        this.numbers.replaceChildren(el("div.walk", {},
                                        el("div.buttons", {},
                                           step(T("◀ back", "◀ 上一步"), -1, w.at === 1),
                step(T("next ▶", "下一步 ▶"), 1, w.at === 2 * n), el("b", {}, where),
                button(T("close", "关闭"), () => this.leave(), "small")),
            el("div", { "aria-live": "polite" }, el("p.formula", {}, formula), el("p", {}, text))),
            fold(T("All numbers of this sample", "这个样本的全部数值"),
                 () => el("div.samples", {},
                          w.layers.slice(1).map((l, i) => this.layerTable(l, i + 1)))));
        this.drawMap();
        this.drawGraph();
    },
    layerTable(l, k) {
        const last = k === this.last.sizes.length, B = l.dw.length / l.z.length;
        const heads = [T("unit", "单元"), "z = Wx + b", last && !this.classes ? "a = z" : last
                       ? "a = softmax(z)" : "a = f(z)", "δ = ∂L/∂z", "∂L/∂b", "∂L/∂W"];
        return el("div", {}, el("h4", {}, this.layerName(k)),
                  el("div.scroll", {},
                     el("table", {}, el("tr", {}, heads.map(h => el("th", {}, h))),
            [...l.z].slice(0, 32).map((z, u) => el("tr", {}, el("th", {}, u + 1),
                                                   [l.z, l.a, l.dz, l.db].map(t => el("td", {}, num(t[u]))),
                el("td", {},
                   [...l.dw.subarray(u * B, u * B + Math.min(B, 8))].map(x => num(x)).join("  ")))))));
    },

    /* ---- own data, sharing ---- */
    csv() {
        const area = el("textarea",
                        { rows: 6, "aria-label": "CSV",
                          placeholder: "x1,x2,class\n0.5,1.2,0\n-1,2,1" });
        const said = el("p.status", { role: "status" });
        return [el("p", {},
                   T("A line a point: x1, x2, and its class (0 … 7, or up to eight names); or a number to predict, not all of them whole. A first line of names is skipped.",
                     "每行一个点：x1，x2，以及类别（0 … 7，或至多八个名称）；或要预测的数（不全是整数）。第一行若是列名则跳过。")),
            area, el("div.buttons", {}, button(T("Use it", "使用"), () => {
                try {
                    said.textContent = this.take(area.value);
                    this.brush = 0;
                    this.makeData();
                    this.sets.querySelector("select").selectedIndex = pointSets.length;
                    this.start();
                } catch (e) { said.textContent = e.message; }
            })), said];
    },
    /* Points from text; says what was done to them. */
    take(text) {
        const rows = [], names = [], lines = text.split(/\r?\n/);
        let named = false;
        lines.forEach((line, i) => {
            if (!line.trim()) return;
            const f = line.trim().split(/[,;\t]/.test(line) ? /\s*[,;\t]\s*/ : /\s+/), x = f.map(Number);
            if (f.length === 3 && f.every(v => v) && isFinite(x[0]) && isFinite(x[1])) {
                named = named || !isFinite(x[2]);
                rows.push([x[0], x[1], f[2]]);
            } else if (i > 0 || (f[0] && isFinite(x[0])))        /* else names */
                throw new Error(T(`Line ${i + 1}: “${line}” is not two numbers and a class.`,
                                  `第 ${i + 1} 行：“${line}”不是两个数加一个类别。`));
        });
        if (rows.length < 2) throw new Error(T("At least two points.", "至少要两个点。"));
        for (const r of rows) {
            if (named && !names.includes(r[2])) names.push(r[2]);
            r[2] = named ? names.indexOf(r[2]) : +r[2];
        }
        if (names.length > classColors.length) throw new Error(T("More than eight classes.", "类别超过八个。"));
        this.classes = classesOf(rows);
        const said = names.map((n, k) => n + " = " + k);
        for (const k of [0, 1]) {                /* what does not fit the plane is moved and scaled */
            const low = Math.min(...rows.map(r => r[k])), high = Math.max(...rows.map(r => r[k])),
                  wide = high - low || 1;
            if (low >= -REACH && high <= REACH && wide > 1) continue;
            for (const r of rows) r[k] = 5 * (2 * (r[k] - low) / wide - 1);
            said.push(T(`x${k + 1}: ${num(low, 2)} … ${num(high, 2)} is shown as −5 … 5`,
                        `x${k + 1}：${num(low, 2)} … ${num(high, 2)} 显示为 −5 … 5`));
        }
        this.own = rows;
        return said.join(T("; ", "；"));
    },
    share() {
        const o = { ...this.o };
        if (this.own) o.own = this.own.map(r => r.map(v => +v.toFixed(2)));
        const text = btoa(JSON.stringify(o)),
              link = location.protocol.startsWith("http") ? location.href.split("#")[0] + "#" +
                  text : null;
        const area = el("textarea", { rows: 3, "aria-label": T("text to share", "分享用的文字") },
                        link || text), said = el("p.status", { role: "status" });
        return [el("p", {},
                   T("Copy this text; whoever pastes it here and presses “Use it” sees your net.",
                     "复制这段文字；别人粘贴到这里并按“使用”，就能看到你的网络。")),
            area, el("div.buttons", {}, button(T("Use it", "使用"), () => {
                try { this.adopt(area.value); said.textContent = ""; }
                catch (e) { said.textContent = T("This text is not from here.", "这段文字不是这里生成的。"); }
            })), said];
    },
    adopt(text) {
        const o = JSON.parse(atob(text.trim().split("#").pop())),
              whole = (v, high) => Math.max(0, Math.min(high, Math.round(+v) || 0));
        if (!Array.isArray(o.units) || !(o.rate > 0)) throw new Error(T("This text is not from here.", "这段文字不是这里生成的。"));
        this.own = Array.isArray(o.own) && o.own.length > 1
            ? o.own.filter(r => r.length === 3 && r.every(Number.isFinite)) : null;
        if (this.own) this.classes = classesOf(this.own);
        for (const k of Object.keys(this.o)) if (Number.isFinite(o[k])) this.o[k] = o[k];
        const { o: to } = this;
        to.units = o.units.slice(0, 32).map(u => Math.max(1, whole(u, 1e4)));
        to.set = whole(to.set, pointSets.length - 1);
        to.activation = whole(to.activation, activations.length - 1);
        to.optimizer = whole(to.optimizer, optimizers.length - 1);
        to.features = whole(to.features, 127) || 3;
        to.pace = paces.some(p => p[1] === to.pace) ? to.pace : 8;
        to.count = Math.max(10, whole(to.count, 10000));
        to.seed = whole(to.seed, 1e9);
        to.part = Math.max(0, Math.min(0.9, to.part));
        to.batch = Math.max(1, whole(to.batch, 1e4));
        this.makeData();
        this.last = null;
        rebuild();
    },

    c() {
        const o = this.o, r = optimizerC(o.rate)[o.optimizer], n = this.rows.length,
              F = this.last ? this.last.inputs : 2;
        const feature = ["p[0]", "p[1]", "p[0] * p[0]", "p[1] * p[1]", "p[0] * p[1]", "sinf(p[0])",
                         "sinf(p[1])"].filter((v, k) => o.features >> k & 1);
        const A = "DL_" + activations[o.activation].toUpperCase(), l12 = o.l1 || o.l2;
        const special = f => l12 || f === "DL_RELU";
        const dense = (u, f) => !special(f) ? `    dl_model_add_dense(net, ${u}, ${f});\n`
            : `    dense = dl_dense_default(${u}, ${f});\n` +
              (f === "DL_RELU" ? "    dense.weight_init = dl_init_he_uniform();\n" : "") +
              (l12 ? `    dense.l1 = ${o.l1};\n    dense.l2 = ${o.l2};\n` : "") +
              "    dl_model_add_dense_with(net, &dense);\n";
        const rows = this.rows.slice(0, n - this.test).map(([x, y, t]) => `{${x.toFixed(3)}f, ${y.toFixed(3)}f, ${this.classes ? t : t.toFixed(3) + "f"}}`);
        const lines = [];
        for (let i = 0; i < rows.length; i += 4) lines.push("    " + rows.slice(i, i + 4).join(", "));
        return `#define DL_IMPLEMENTATION
#include "dl.h"
#include <math.h>
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
${l12 || (o.units.length && special(A)) ? "    dl_dense dense;\n" : ""}${o.units.map(u => dense(u, A) + (o.dropout ? `    dl_model_add_dropout(net, ${o.dropout});\n` : "")).join("")}${dense(this.classes || 1, this.classes ? "DL_SOFTMAX" : "DL_LINEAR")}    dl_model_compile(net, ${this.classes ? "DL_SPARSE_CATEGORICAL_CROSSENTROPY" : "DL_MSE"}, ${r});
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
    /* What the loss of this moment says. */
    meaning(loss) {
        const sure = percent(Math.exp(-loss)), off = num(Math.sqrt(loss));
        return this.classes
            ? T(`The loss is the mean of −ln p of the right class: ${num(loss)} now, as if the net were ${sure} sure of each point.`,
                `损失是正确类的 −ln p 的平均：此刻 ${num(loss)}，好比对每个点都有 ${sure} 的把握。`)
            : T(`The loss is the mean of (answer − target)²: ${num(loss)} now, as if each answer were off by ${off}.`,
                `损失是 (回答 − 目标)² 的平均：此刻 ${num(loss)}，好比每个回答都差 ${off}。`);
    },
    explain() {
        const f = this.last, e = f && this.edges && this.edges[0];
        return [
            el("p", {}, T("Each unit adds up what comes in, each times a weight, and a bias; then it bends the sum:", "每个单元把输入各乘一个权重相加，再加偏置，然后弯曲这个和：")),
            el("p.formula", {}, "y = f(W x + b)"),
            e ? el("p", {},
                   T(`The first weight now is ${num(e.w, 4)}; the last batch's gradient of it ${num(e.g, 4)}.`, `第一个权重此刻是 ${num(e.w, 4)}；上一个小批量给它的梯度是 ${num(e.g, 4)}。`)) : null,
            f ? el("p", {}, this.meaning(f.loss)) : null,
            el("p", {}, T("Lines: blue for positive weights, orange for negative, as thick as large. ", "线：蓝色为正权重，橙色为负，越粗越大。"),
                this.classes
                    ? T("The plane: the color of the class that the net finds most likely there.",
                        "平面：网络认为该处最可能的类的颜色。")
                             : T("The plane: blue where the answer is above 0, orange where it is below.", "平面：回答大于 0 处为蓝色，小于 0 处为橙色。")),
            el("p", {}, T("Try: ReLU with rate 3 and SGD, and look for red frames (dead units). A rate of 10 makes the loss explode. Without a hidden layer it cannot learn the circle, unless you give it x₁² and x₂².",
                          "试试：ReLU、SGD、学习率 3，看红框（死单元）。学习率 10 会让损失爆炸。没有隐藏层学不会圆，除非给它 x₁² 和 x₂²。")),
            el("p", {}, [["01_forward", T("01: forward", "01：前向传播")],
                         ["02_loss", T("02: loss", "02：损失")],
                         ["03_gradient_descent", T("03: descent", "03：梯度下降")],
                ["04_backprop", T("04: backpropagation", "04：反向传播")],
                ["05_optimizers", T("05: optimizers", "05：优化器")]].flatMap(([a, b], i) => [i ? " · " : "", chapter(a, b)]))];
    }
};
