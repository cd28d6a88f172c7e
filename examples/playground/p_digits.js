/* p_digits.js - write a digit; forget; train; look inside. */
"use strict";

const digitsPanel = {
    id: "digits",
    name: () => T("Digits", "手写数字"),
    kind: 1, training: false, losses: growing(), drawn: null, strokes: null, label: -1, size: 0.1,
    shipped: true, forgot: false,

    async load() {
        const all = await unpacked("mnist"), n = all.length / 785;
        this.labels = all.slice(0, n);
        this.pixels = all.slice(n);
        await ask("digits", "data",
                  { pixels: this.pixels, labels: this.labels, test: 1000, seed: 42 });
        this.last = await ask("digits", "load",
                              new Uint8Array(await (await asset("net")).arrayBuffer()));
    },

    build(root) {
        this.paper = el("canvas.draw", { width: 280, height: 280, tabindex: 0, role: "img",
            "aria-label": T("Write a digit here. Keys: arrows move the pen, space puts it down or lifts it, Delete clears.",
                            "在这里写一个数字。键盘：方向键移动笔，空格落笔或抬笔，Delete 清空。") });
        const g = this.paper.getContext("2d", { willReadFrequently: true });
        if (this.strokes) g.putImageData(this.strokes, 0, 0);
        else this.clear(true);
        this.attach(g);
        this.invite = el("p.invite", { "aria-hidden": "true" },
                         T("Write a digit here", "在这里写一个数字"));
        this.bars = bars([..."0123456789"]);
        this.status = el("p.status", { role: "status" });
        this.play = button(this.training ? T("Pause", "暂停") : T("Train", "训练"), () => this.toggle(),
                           "main");
        this.lossPlot = chart(150, T("loss of each batch", "每个小批量的损失"));
        this.said = el("p.said", {});
        const names = [T("ink", "找到墨迹"), T("cut out", "剪出数字"), "20 × 20",
                       T("what the net sees", "网络看到的")];
        this.seen = names.map(name => canvas(84, 84, name));
        this.inside = el("div.maps");
        this.attackBox = el("div.maps");
        this.mistakes = el("div.maps");
        this.task = challenge(this,
                              T("make the net forget everything, then train it until it gets 95 of 100 test pictures right.",
                                "让网络忘掉一切，再训练它，直到 100 张测试图片答对 95 张。"));
        root.append(
            el("div.row", {},
                el("div", {}, el("div.paper", {}, this.paper, this.invite), el("div.buttons", {},
                    button(T("Clear", "清空"), () => this.clear()),
                    button(T("A test picture", "一张测试图片"),
                           () => this.pick(Math.floor(Math.random() * 1000))))),
                el("div.grow", {}, this.bars, this.said),
                el("div.grow", {},
                    el("div.buttons", {}, this.play,
                        button(T("Forget everything", "忘掉一切"), () => this.forget(this.kind))),
                    el("div.controls", {},
                        choose(T("net", "网络"), [T("784-128-10, dense", "784-128-10，全连接"),
                            T("two convolutions", "两层卷积"), T("no hidden layer", "无隐藏层")], this.kind,
                            k => this.forget(k))),
                    this.status, this.lossPlot)),
            this.task,
            el("h3", {}, T("From your paper to what the net is shown", "从你的字到网络看到的图")),
            el("div.maps.steps", {},
               this.seen.map((c, k) => el("figure", {}, c, el("figcaption", {}, names[k])))),
            fold(T("Inside: what the first layers make of it", "内部：前几层看到了什么"),
                 () => (this.maps(), this.inside)),
            fold(T("Saliency, and a change that fools it", "显著图，以及骗过它的改动"),
                 () => (this.saliency(), this.attackBox)),
            fold(T("All test pictures: confusion matrix, worst mistakes", "全部测试图片：混淆矩阵，最离谱的错误"),
                 () => (this.report(), this.mistakes)),
            fold(T("Keep it: as a file, or as C", "保存：权重文件，或一个 C 文件"), () => [el("div.buttons", {},
                button(T("Save digits.safetensors", "保存 digits.safetensors"), () =>
                    ask("digits", "save").then(b => save("digits.safetensors", b, "application/octet-stream"))),
                button(T("Load a file", "读入文件"), () => pickFile(".safetensors", b =>
                    ask("digits", "load", b).then(f => this.loadedFile(f),
                                                  e => { this.status.textContent = e.message; }))),
                button(T("As C: digits.h", "存成 C：digits.h"), () => this.exportC(false)),
                button(T("As C with int8 weights", "存成 C，int8 权重"), () => this.exportC(true))),
                el("p", {}, T("The C file needs neither dl.h nor malloc: digits_predict gives ten scores, the largest wins. It runs on a microcontroller.",
                              "这个 C 文件不需要 dl.h，也不需要 malloc：digits_predict 给出十个分数，最大的就是答案。它能在单片机上运行。"))]),
            fold(T("Show me the C", "看 C 程序"), () => code(this.c()), true),
            fold(T("Explain", "讲解"), () => this.explain(), true));
        this.frame(this.last);
        this.label = this.drawn ? this.label : -1;
        this.look(this.drawn);
    },

    /* Another net, from a file: nothing of the one before it stays on the screen. */
    loadedFile(f) {
        this.kind = f.kind;
        this.last = f;
        this.losses = growing();
        this.shipped = this.forgot = false;
        return rebuild();
    },

    /* ---- the paper ---- */
    attach(g) {
        const c = this.paper;
        let down = false, x = 140, y = 140, penDown = false;
        const at = e => {
            const r = c.getBoundingClientRect();
            return [(e.clientX - r.left) * 280 / r.width, (e.clientY - r.top) * 280 / r.height];
        };
        const line = (a, b) => {
            g.lineWidth = 20;
            g.lineCap = g.lineJoin = "round";
            g.strokeStyle = "#111";
            g.beginPath();
            g.moveTo(x, y);
            g.lineTo(a + 0.01, b);
            g.stroke();
            [x, y] = [a, b];
            this.changed(g);
        };
        c.addEventListener("pointerdown", e => {
            down = true;
            c.setPointerCapture(e.pointerId);
            [x, y] = at(e);
            if (this.label >= 0) this.clear();
            line(x, y);
            e.preventDefault();
        });
        c.addEventListener("pointermove", e => {
            if (down) for (const p of e.getCoalescedEvents && e.getCoalescedEvents().length
                                      ? e.getCoalescedEvents() : [e]) line(...at(p));
        });
        c.addEventListener("pointerup", () => { down = false; });
        c.addEventListener("pointercancel", () => { down = false; });
        c.addEventListener("keydown", e => {
            const step = { ArrowLeft: [-8, 0], ArrowRight: [8, 0], ArrowUp: [0, -8],
                           ArrowDown: [0, 8] }[e.key];
            if (e.key === " ") {
                penDown = !penDown;
                if (penDown) line(x, y);
            } else if (e.key === "Delete" || e.key === "Backspace") this.clear();
            else if (step) {
                const a = Math.max(10, Math.min(270, x + step[0])),
                      b = Math.max(10, Math.min(270, y + step[1]));
                if (penDown) line(a, b);
                else [x, y] = [a, b];
            } else return;
            e.preventDefault();
        });
    },
    clear(quiet) {
        const g = this.paper.getContext("2d", { willReadFrequently: true });
        g.fillStyle = "#fff";
        g.fillRect(0, 0, 280, 280);
        this.strokes = null;
        this.drawn = null;
        this.label = -1;
        if (!quiet) this.look(null);
    },
    changed(g) {
        const strokes = this.strokes = g.getImageData(0, 0, 280, 280);
        if (this.asking) { this.again = true; return; }
        this.asking = true;
        this.invite.hidden = true;
        this.label = -1;
        ask("digits", "draw", strokes.data, 280, 280).then(r => {
            const { again } = this;
            this.asking = this.again = false;
            if (again && this.strokes && this.label < 0) {
                this.look(r);
                this.changed(g);
            } else if (this.strokes === strokes) this.look(r);    /* not cleared since */
        });
    },
    async pick(i) {
        const r = await ask("digits", "pick", i);
        const g = this.paper.getContext("2d", { willReadFrequently: true });
        const big = new ImageData(280, 280);
        for (let k = 0; k < 280 * 280; k++) {
            const v = 255 - 255 * r.input[28 * Math.floor(k / 2800) + Math.floor(k % 280 / 10)];
            big.data.set([v, v, v, 255], 4 * k);
        }
        g.putImageData(big, 0, 0);
        this.strokes = big;
        this.label = r.label;
        this.look(r);
    },
    look(r) {
        this.drawn = r;
        this.invite.hidden = !!r;
        const white = ink();
        this.seen.forEach((c, k) => {
            const data = !r ? new Float32Array(784) : k === 3 ? r.input
                       : r.steps ? r.steps.subarray(784 * k, 784 * k + 784) : new Float32Array(784);
            picture(c, data, 28, 28, white);
        });
        this.bars.show(r ? r.answer : null);
        this.say(r ? r.answer : null);
        this.renew(false);
    },
    say(p) {
        if (!p) {
            this.said.textContent = this.shipped
                ? T("Write a digit: this net, trained on 60,000, answers while you draw; then make it forget, and train it anew, right here.",
                    "写一个数字：这个读过六万个手写数字的网络边看边猜；然后让它忘掉，就在这里重新训练。")
                : T("Write a digit: the net answers while you draw.",
                    "写一个数字：网络边看边猜。");
            return;
        }
        const best = p.indexOf(Math.max(...p));
        this.said.textContent = (this.label >= 0 ? T("It is a ", "这是 ") + this.label + T(". ", "。")
                                 : "") +
            T("The net says ", "网络说是 ") + best + T(", ", "，") + percent(p[best]) +
                T(" sure.", " 的把握。");
        if (this.drawn) this.drawn.answer = p;
    },

    /* ---- training ---- */
    async toggle() {
        await train(this, !this.training);
        if (!this.training) this.renew(true);
    },
    async forget(kind) {
        if (this.training) await this.toggle();
        this.kind = kind;
        this.losses = growing();
        this.shipped = false;
        this.forgot = true;
        this.frame(await ask("digits", "forget", kind));
        if (this.drawn) {
            const again = await ask("digits", "frame");
            if (again.answer) { this.bars.show(again.answer); this.say(again.answer); }
        }
        this.renew(true);
    },
    frame(f) {
        this.last = f;
        this.losses.add(...f.losses.splice(0));
        if (f.answer && this.drawn) { this.bars.show(f.answer); this.say(f.answer); }
        this.status.textContent = f.images
            ? T(`${f.images} pictures seen, ${Math.round(f.rate)} a second; right on test pictures: ${percent(f.accuracy)}`,
                `已看 ${f.images} 张，每秒 ${Math.round(f.rate)} 张；测试准确率：${percent(f.accuracy)}`)
            : this.forgot
                ? T("It knows nothing now: every digit is about as likely.",
                    "它现在什么都不会：每个数字的可能性差不多。")
                          : T("This net has been trained before.", "这个网络已经训练过。");
        if (this.forgot && f.accuracy >= 0.95) this.task.check(true);
        plot(this.lossPlot, [{ y: this.losses.y, color: css("--plus") }], { log: true,
             x: T("loss of a batch, over time", "每批的损失") });
    },

    /* ---- inside ---- */
    /* What is open below is made again, of the picture that is new, or of a net that is. */
    renew(net) {
        this.stale = this.stale || net;
        clearTimeout(this.later);
        this.later = setTimeout(() => {
            const isOpen = box => box.isConnected && box.closest("details").open;
            if (isOpen(this.inside)) this.maps();
            if (isOpen(this.attackBox)) this.saliency();
            if (this.stale && isOpen(this.mistakes)) this.report();
            this.stale = false;
        }, 300);
    },
    tile(data, w, h, color, title, size) {
        const c = canvas(size || 72, size || 72, title);
        picture(c, data, w, h, color);
        return el("figure", {}, c, el("figcaption", {}, title));
    },
    async maps() {
        if (!this.drawn) { this.inside.replaceChildren(T("Write a digit first.", "先写一个数字。")); return; }
        const { kind, maps } = await ask("digits", "maps"), signed = signedColor(), tiles = [];
        const scaled = d => { const m = Math.max(...d.map(Math.abs), 1e-9); return d.map(v => v / m); };
        const add = (count, from, side, color, name) => {
            for (let k = 0; k < count; k++) {
                const at = from + side * side * k, map = maps.subarray(at, at + side * side);
                tiles.push(this.tile(scaled(map), side, side, color, name(k)));
            }
        };
        if (kind === 1) {
            add(8, 0, 3, signed, k => T("kernel ", "核 ") + (k + 1));
            add(8, 72, 26, ink(), k => T("map ", "图 ") + (k + 1));
            add(16, 5480, 11, ink(), k => "2." + (k + 1));
        } else {
            add(maps.length / 784, 0, 28, signed,
                k => kind === 2 ? String(k) : T("unit ", "单元 ") + (k + 1));
        }
        const text = kind === 1
            ? T("8 kernels of 3 × 3, and below each the map it makes; then 16 maps of the second layer.",
                "8 个 3 × 3 的卷积核，下面是各自得到的特征图；再下面是第二层的 16 张。")
            : T("The weights of single units as pictures: ink on blue pixels speaks for the unit, on orange ones against it.",
                "各个单元的权重画成图：墨迹落在蓝色处使它变大，落在橙色处使它变小。");
        this.inside.replaceChildren(el("p", {}, text), el("div.eight", {}, tiles));
    },
    async saliency() {
        if (!this.drawn) { this.attackBox.replaceChildren(T("Write a digit first.", "先写一个数字。")); return; }
        const before = this.drawn.input, p = await ask("digits", "see", before),
              best = p.indexOf(Math.max(...p));
        const s = await ask("digits", "saliency", best), m = Math.max(...s, 1e-9);
        const show = (input, answer) => {
            const now = answer.indexOf(Math.max(...answer));
            return [this.tile(before, 28, 28, ink(), T("yours: ", "你写的：") + best, 112),
                    this.tile(s.map(v => v / m), 28, 28, ink(),
                              T("where a pixel counts", "哪些像素起作用"), 112),
                    this.tile(input, 28, 28, ink(), T("changed: ", "改动后：") + now + ", " +
                              percent(answer[now]), 112)];
        };
        const tiles = el("div.maps", {}, ...show(before, p));
        const sizes = [0.02, 0.05, 0.1, 0.15, 0.2, 0.3];
        this.attackBox.replaceChildren(
            el("p", {}, T("An adversary changes each pixel by no more than the slider says, uphill on the loss. You would still read the same digit.",
                          "攻击者让每个像素的改动不超过滑块的值，方向是让损失增大。你仍会读出同一个数字。")),
            slider(T("largest change of a pixel", "像素的最大改动"), sizes, this.size,
                   v => { this.size = v; }),
            el("div.buttons", {}, button(T("Attack", "攻击"), async () => {
                await ask("digits", "see", before);
                const r = await ask("digits", "attack", best, -1, this.size, 10);
                tiles.replaceChildren(...show(r.input, r.answer));
                this.bars.show(r.answer);
                const now = r.answer.indexOf(Math.max(...r.answer));
                this.said.textContent = T(`Of the changed picture the net says ${now}, ${percent(r.answer[now])} sure.`, `对改动后的图，网络说是 ${now}，${percent(r.answer[now])} 的把握。`);
            }), button(T("Put it back", "恢复"), async () => {
                const answer = await ask("digits", "see", before);
                tiles.replaceChildren(...show(before, answer));
                this.bars.show(answer);
                this.say(answer);
            })),
            tiles);
    },
    async report() {
        const r = await ask("digits", "report"),
              most = Math.max(...r.confusion.filter((v, i) => i % 11));
        const cell = (v, i, j) => el("td" + (i === j ? ".hit" : ""), i === j || !v ? {} :
            { style: `background:color-mix(in srgb, var(--minus) ${Math.round(80 * v / most)}%, transparent)` }, v || "");
        const table = el("table.confusion", {},
                         el("caption", {},
                            T("rows: what it is; columns: what the net says", "行：真实数字；列：网络的回答")),
            el("tr", {}, el("th"), [..."0123456789"].map(d => el("th", { scope: "col" }, d))),
            [..."0123456789"].map((d, i) => el("tr", {}, el("th", { scope: "row" }, d),
                [...Array(10).keys()].map(j => cell(r.confusion[10 * i + j], i, j)))));
        this.mistakes.replaceChildren(
            el("p", {}, T(`${r.wrong} of ${r.test} wrong. The most confident mistakes:`,
                          `${r.test} 张中错了 ${r.wrong} 张。最有把握的错误：`)),
            ...r.worst.map(w => this.tile([...w.pixels].map(v => v / 255), 28, 28, ink(),
                w.label + T(", called ", " 说成 ") + w.said + " (" + (100 * w.p).toFixed(0) + " %)",
                84)),
            el("div.scroll", {}, table));
    },

    exportC(int8) {
        ask("digits", "exportC", int8).then(b => save("digits.h", b, "text/x-c"),
                                            e => { this.status.textContent = e.message; });
    },
    c() {
        const layers = [
`    dl_model_add_flatten(net);
    dl_model_add_dense(net, 128, DL_RELU);`,
`    dl_model_add_conv2d(net, 8, 3, DL_RELU);
    dl_model_add_max_pooling2d(net, 2);
    dl_model_add_conv2d(net, 16, 3, DL_RELU);
    dl_model_add_max_pooling2d(net, 2);
    dl_model_add_flatten(net);
    dl_model_add_dense(net, 64, DL_RELU);`,
`    dl_model_add_flatten(net);`][this.kind];
        return `#define DL_IMPLEMENTATION
#include "dl.h"
#include <stdio.h>

int main(void)
{
    dl_ctx *dl = dl_new(42);
    dl_data *train = dl_data_take(dl_mnist_load(dl, "data/mnist", DL_TRAIN), 0, 5000);
    dl_data *test = dl_data_take(dl_mnist_load(dl, "data/mnist", DL_TEST), 0, 1000);
    dl_model *net = dl_model_new(dl, dl_shape3(1, 28, 28));
${layers}
    dl_model_add_dense(net, 10, DL_SOFTMAX);
    dl_model_compile(net, DL_SPARSE_CATEGORICAL_CROSSENTROPY, dl_adam(0.001));
    dl_fit fit = dl_fit_default();
    fit.epochs = 5;
    fit.batch_size = 32;
    dl_model_fit(net, train, &fit);
    printf("test accuracy: %.3f\\n", dl_model_evaluate(net, test).accuracy);
    dl_model_save(net, "digits.safetensors");
    const bool failed = dl_error(dl) != DL_OK;
    dl_free(dl);
    return failed;
}
`;
    },
    explain() {
        const p = this.drawn ? this.drawn.answer : null, best = p ? p.indexOf(Math.max(...p)) : 0;
        return [
            el("p", {}, T("The net turns 28 × 28 pixels into ten scores z and these into probabilities:", "网络把 28 × 28 个像素变成 10 个分数 z，再变成概率：")),
            el("p.formula", {}, "p_c = e^(z_c) / Σ_k e^(z_k)"),
            p ? el("p", {},
                   T(`Now: p_${best} = ${num(p[best], 4)}. If ${best} is right, its loss is −ln ${num(p[best], 4)} = ${num(-Math.log(p[best]), 4)}.`,
                     `此刻：p_${best} = ${num(p[best], 4)}。如果 ${best} 是对的，损失是 −ln ${num(p[best], 4)} = ${num(-Math.log(p[best]), 4)}。`)) : null,
            el("p", {}, T("Forgetting draws all weights anew by chance. Training repeats one step: 32 pictures forward, the loss, its gradient backward, every weight a little downhill.",
                          "“忘掉一切”就是重新随机抽取所有权重。训练重复同一步：32 张图片前向，算损失，反向求梯度，每个权重往下走一点。")),
            el("p", {}, T("Your drawing is first made into what MNIST is (dl_image_to_mnist): without that the net would see something it has never seen.",
                          "你写的字先被处理成 MNIST 的样子（dl_image_to_mnist）：否则网络看到的是它从未见过的东西。")),
            el("p", {}, chapter("07_mlp_rmsprop",
                                T("Chapter 07: the first program", "第 07 章：第一个程序")), " · ",
                        chapter("09_conv_pool", T("Chapter 09: convolution", "第 09 章：卷积")), " · ",
                        chapter("10_cnn", T("Chapter 10: a convolutional net", "第 10 章：卷积网络")))];
    }
};
