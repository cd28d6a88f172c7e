/* p_language.js - a small transformer that writes poems. */
"use strict";

const POEM = 32, POEMS_TEST = 64;
const languagePanel = {
    id: "language",
    name: () => T("Language", "语言模型"),
    training: false, losses: growing(), heat: 0.8, prompt: "", poem: [], chosen: -1, shipped: true,

    async load() {
        const text = new TextDecoder().decode(await unpacked("poems")),
              [signs, ...lines] = text.split("\n");
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
        this.last = await ask("language", "start",
                              { poems: this.poems, test: POEMS_TEST, length: POEM,
                                signs: this.signs.length, rate: shipped ? 0.0003 : 0.003, seed: 1,
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
        this.play = button(this.training ? T("Pause", "暂停") : T("Train", "训练"), () => this.toggle(),
                           "main");
        const input = el("input",
                         { type: "text", maxlength: 10, value: this.prompt, lang: "zh",
                           placeholder: "春", oninput: e => { this.prompt = e.target.value; } });
        this.task = challenge(this,
                              T("forget everything and train until the net hesitates between fewer than 150 signs.", "忘掉一切，训练到困惑度低于 150。"));
        root.append(
            el("p", {}, T("A transformer that has read Tang poems sign by sign, and writes its own. It knows what goes together, not what it means.",
                          "一个逐字读过唐诗的 transformer，现在自己写。它知道什么字常在一起，不知道意思。")),
            el("div.controls", {}, labelledControl(T("begin with", "开头"), input),
                slider(T("temperature", "温度"), [0.2, 0.5, 0.8, 1, 1.3, 2], this.heat,
                       v => { this.heat = v; this.next(); })),
            el("div.buttons", {}, button(T("Write a poem", "写一首诗"), () => this.write(), "main"),
               this.play,
                button(T("Forget everything", "忘掉一切"), () => this.start(false)),
                button(T("As shipped", "恢复训练好的"), () => this.start(true))),
            el("div.row", {},
               el("div", {}, this.paper,
                  el("p", {}, T("Choose a sign to see where the net looks when it guesses it.", "点一个字，看网络猜它的时候在看哪里。"))), el("div.grow", {}, this.guess), el("div.grow", {}, this.curve, this.status)),
            this.look, el("p.legend", {},
                          T("two blocks of four heads, a row each: the darker, the more the guess of the chosen sign takes from there",
                            "两个块，各四个头，每头一行：颜色越深，猜所选的字时从那里取得越多")), this.task,
            fold(T("Show me the C", "看 C 程序"), () => code(this.c()), true),
            fold(T("Explain", "讲解"), () => this.explain(), true));
        if (!this.ready) await this.start(true);
        if (this.poem.length > POEM) this.show();
        else await this.write();
        this.frame(this.last);
    },
    async measure() {
        let sum = 0;
        const { losses } = this;
        this.measured = this.last ? this.last.updates : 0;
        for (let i = 0; i < POEMS_TEST; i += 4) sum += await ask("language", "test", i, 4);
        if (this.losses !== losses) return;      /* of a net that is gone */
        this.perplexity = Math.exp(sum / (POEMS_TEST / 4));
        if (!this.shipped && this.perplexity < 150 && this.task) this.task.check(true);
        this.frame(this.last);
        if (this.poem.length > POEM) this.attend();
    },
    async toggle() {
        await train(this, !this.training);
        if (!this.training) this.measure();
    },
    frame(f) {
        if (f) {
            this.last = f;
            this.losses.add(...f.losses.splice(0));
            if (this.training && f.updates > this.measured + 200) this.measure();
        }
        if (!this.curve) return;
        plot(this.curve, [{ y: this.losses.y, color: css("--plus") }],
             { x: T("loss of each sign while training", "训练中每字的损失") });
        this.status.textContent = (f ? T("updates ", "更新 ") + f.updates + T("; ", "；") : "") +
            T("on poems it has not read it hesitates between ", "在没读过的诗上，困惑度 ") +
                num(this.perplexity, 0) + T(" signs.", "。");
    },
    async write() {
        const start = [...this.prompt].map(s => this.number.get(s)).filter(k => k !== undefined);
        const poem = this.poem = [0, ...start];
        while (poem.length <= POEM) {
            this.paper.textContent = poem.slice(1).map(k => this.signs[k]).join("");
            const p = await ask("language", "next", poem, this.heat);
            if (this.poem !== poem) return;      /* another one has been begun */
            let u = Math.random(), k = 0;
            while (k < p.length - 1 && (u -= p[k]) > 0) k++;
            poem.push(k);
        }
        this.chosen = 12;
        this.show();
    },
    show() {
        this.paper.replaceChildren(...this.poem.slice(1).flatMap((k, i) => {
            const s = this.signs[k],
                  b = el("button.sign" + (this.chosen === i + 1 ? ".on" : ""),
                         { type: "button", "aria-pressed": String(this.chosen === i + 1),
                           onclick: () => {
                               this.chosen = i + 1;
                               this.show();
                               this.paper.querySelectorAll("button")[i].focus();
                           } }, s);
            return s === "，" || s === "。" ? [b, el("br")] : [b];
        }));
        this.attend();
    },
    /* What it finds likely at the chosen sign, and where it looks to guess it. */
    async attend() {
        this.next();
        const a = await ask("language", "attention", this.poem.slice(0, POEM)), g = pen(this.look),
              row = this.chosen - 1;
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
                    const v = j <= row ? a[from + j] / Math.max(...a.subarray(from, from + row + 1))
                        : 0;
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
        const upto = this.poem.slice(0, Math.max(1, this.chosen)),
              p = await ask("language", "next", upto, this.heat);
        const best = [...p.keys()].sort((a, b) => p[b] - p[a]).slice(0, 8);
        this.guess.replaceChildren(el("p", {}, T("What it finds likely there:", "它认为这里可能是：")),
                                   ...best.map(k => el("div.bar", {},
                                                       el("b", { lang: "zh" }, this.signs[k]),
            el("span.track", {}, el("i", { style: `transform:scaleX(${p[k]})` })),
            el("span.value", {}, (100 * p[k]).toFixed(1) + " %"))));
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
        for (const char *c = s; c && *c; c++)
            n += (*c & 0xC0) == 0xC0;               /* a sign's first byte */
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
    for (int k = 0; k < BLOCKS; k++)
        y = dl_transformer_encoder(y, p + 3 + k * DL_ENCODER_PARAMS, &o);
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
