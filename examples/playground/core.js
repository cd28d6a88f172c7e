/* core.js - what all panels use: two languages, elements, the engine, drawing. */
"use strict";

/* ---- two languages: every text stands in the program in both ---- */
let lang = (navigator.language || "en").toLowerCase().startsWith("zh") ? "zh" : "en";
const T = (en, zh) => lang === "zh" ? zh : en;

/* ---- elements: el("button.small", {onclick}, "text", child ...) ---- */
function el(what, options, ...children) {
    const [tag, ...classes] = what.split(".");
    const e = document.createElement(tag || "div");
    if (classes.length) e.className = classes.join(" ");
    for (const [k, v] of Object.entries(options || {})) {
        if (k.startsWith("on")) e.addEventListener(k.slice(2), v);
        else if (k === "html") e.innerHTML = v;
        else if (v === true) e.setAttribute(k, "");
        else if (v !== false && v !== null && v !== undefined) e.setAttribute(k, v);
    }
    for (const c of children.flat(Infinity)) if (c !== null && c !== undefined) e.append(c);
    return e;
}

let labelled = 0;
function labelledControl(label, control) {
    control.id = control.id || "c" + ++labelled;
    return el("div.control", {}, el("label", { for: control.id }, label), control);
}
function choose(label, options, value, change) {
    const s = el("select", { onchange: () => change(s.selectedIndex) },
                 options.map((o, i) => el("option", { selected: i === value }, o)));
    return labelledControl(label, s);
}
/* A slider over a list of values. */
function slider(label, values, value, change, show) {
    const output = el("output", {}, (show || String)(value));
    let at = values.indexOf(value);
    if (at < 0) at = 0;
    const input = el("input", { type: "range", min: 0, max: values.length - 1, value: at,
                                "aria-valuetext": (show || String)(value) });
    input.addEventListener("input", () => {
        const v = values[+input.value];
        output.textContent = (show || String)(v);
        input.setAttribute("aria-valuetext", output.textContent);
        change(v);
    });
    const c = labelledControl(label, input);
    c.append(output);
    return c;
}
const button = (text, click, kind) => el("button" + (kind ? "." + kind : ""),
                                         { type: "button", onclick: click }, text);

/* A number short enough to read. */
function num(x, digits) {
    if (!isFinite(x)) return isNaN(x) ? "–" : x > 0 ? "∞" : "−∞";
    const d = digits === undefined ? 3 : digits;
    const a = Math.abs(x);
    if (a !== 0 && (a < 0.001 || a >= 1e5)) return x.toExponential(1).replace(/-/g, "−");
    return x.toFixed(a >= 100 ? 0 : d).replace("-", "−");
}
const percent = x => isFinite(x) ? (100 * x).toFixed(1) + "\u00A0%" : "–";

/* ---- the engine ---- */
const engine = { waiting: new Map(), id: 0, frames: {}, post: null };
/* The engine's messages are English; those that are met here, in words for this page. */
function inWords(error) {
    if (/infinit|NaN/.test(error))
        return T("The loss has become infinite. A smaller learning rate helps.", "损失变成了无穷大。把学习率调小。");
    if (/too large for/.test(error))
        return T("The gradients have become too large. A smaller learning rate helps.", "梯度变得太大。把学习率调小。");
    if (/page's three/.test(error))
        return T("The net in this file is none of the page’s three.", "这个文件里的网络不是本页的三种之一。");
    if (/^dl_model_load/.test(error))
        return T("This file holds no net that dl.h can read: ", "这个文件里没有 dl.h 能读的网络：") + error;
    if (/memory/.test(error))
        return T("There is not enough memory in this page.", "本页的内存不够。");
    return error;
}
engine.got = m => {
    if (m.id !== undefined) {
        const [ok, fail] = engine.waiting.get(m.id);
        engine.waiting.delete(m.id);
        if (m.error) fail(new Error(inWords(m.error)));
        else ok(m.value);
    } else if (m.error) {
        if (engine.frames[m.panel]) engine.frames[m.panel](null, inWords(m.error));
    } else {
        requestAnimationFrame(() => {
            const from = performance.now();
            if (engine.frames[m.panel]) engine.frames[m.panel](m.frame);
            /* Behind the painting: the slower it was, the longer until the next one. */
            setTimeout(() => setTimeout(engine.post, Math.max(20, 2 * (performance.now() - from)),
                                        { taken: true }));
        });
    }
};
function ask(panel, call, ...args) {
    return new Promise((ok, fail) => {
        engine.waiting.set(++engine.id, [ok, fail]);
        engine.post({ id: engine.id, panel, call, args });
    });
}

/* Training on or off. While it is on, its status is not read out at every change. */
async function train(panel, on) {
    panel.training = on;
    panel.failed = false;
    panel.play.textContent = on ? T("Pause", "暂停") : T("Train", "训练");
    panel.status.setAttribute("aria-live", on ? "off" : "polite");
    await ask(panel.id, "run", on);
}
/* A curve that grows: when it gets long, every second number is dropped, now and from then on. */
function growing() {
    let every = 1, n = 0;
    return { y: [], add(...values) {
        for (const v of values) if (n++ % every === 0 && isFinite(v)) this.y.push(v);
        if (this.y.length < 400) return;
        this.y = this.y.filter((v, i) => i % 2 === 0);
        every *= 2;
    } };
}

/* What the page carries: text elements of base64. */
async function asset(name) {
    const text = document.getElementById("asset-" + name).textContent, pieces = [], STEP = 1 << 17;
    for (let i = 0; i < text.length; i += STEP) {            /* a piece at a time, for slow phones */
        const bytes = atob(text.slice(i, i + STEP)), piece = new Uint8Array(bytes.length);
        for (let k = 0; k < piece.length; k++) piece[k] = bytes.charCodeAt(k);
        pieces.push(piece);
        await new Promise(done => setTimeout(done));
    }
    return new Blob(pieces);
}
async function unpacked(name) {
    const packed = await asset(name);
    if (!window.DecompressionStream) return inflate(new Uint8Array(await packed.arrayBuffer()));
    const stream = packed.stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
}
/* A gzip file with a header of 10 bytes, unpacked by hand (RFC 1951), for browsers that cannot:
   Safari before 16.4, Firefox before 113. */
function inflate(from) {
    const out = new Uint8Array(new DataView(from.buffer).getUint32(from.length - 4, true));
    let at = 10, hold = 0, held = 0, n = 0, last = 0;
    const bits = k => {
        for (; held < k; held += 8) hold |= from[at++] << held;
        const v = hold & (1 << k) - 1;
        hold >>>= k;
        held -= k;
        return v;
    };
    /* A code: how many signs have each length, and the signs in order of their codes. */
    const code = lengths => {
        const count = new Uint16Array(16), list = [...lengths.keys()].filter(s => lengths[s]);
        for (const s of list) count[lengths[s]]++;
        return { count, signs: list.sort((a, b) => lengths[a] - lengths[b] || a - b) };
    };
    const sign = ({ count, signs }) => {
        for (let l = 1, value = 0, first = 0, index = 0; l < 16; l++) {
            value = value << 1 | bits(1);
            if (value - first < count[l]) return signs[index + value - first];
            index += count[l];
            first = first + count[l] << 1;
        }
        throw new Error("gzip");
    };
    /* The lengths of both codes, themselves in a code. */
    const read = () => {
        const literals = 257 + bits(5), all = literals + 1 + bits(5), own = Array(19).fill(0);
        for (let i = 0, k = 4 + bits(4); i < k; i++)
            own[[16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15][i]] = bits(3);
        const by = code(own), lengths = [];
        while (lengths.length < all) {
            const s = sign(by), again = s < 16 ? 1 : s === 16 ? 3 + bits(2) : s === 17 ? 3 + bits(3)
                                                                           : 11 + bits(7);
            const v = s < 16 ? s : s === 16 ? lengths[lengths.length - 1] : 0;
            for (let i = 0; i < again; i++) lengths.push(v);
        }
        return [code(lengths.slice(0, literals)), code(lengths.slice(literals))];
    };
    const fixed = () => [code(Array.from({ length: 288 }, (v, s) => s < 144 ? 8 : s < 256 ? 9
                                         : s < 280 ? 7 : 8)), code(Array(30).fill(5))];
    while (!last) {
        last = bits(1);
        const kind = bits(2);
        if (kind === 0) {                        /* as it is, from the next byte on */
            at -= held >> 3;
            hold = held = 0;
            const size = from[at] | from[at + 1] << 8;
            out.set(from.subarray(at + 4, at + 4 + size), n);
            at += 4 + size;
            n += size;
            continue;
        }
        const [literal, distance] = kind === 1 ? fixed() : read();
        for (let s = sign(literal); s !== 256; s = sign(literal)) {
            if (s < 256) {
                out[n++] = s;
                continue;
            }
            const a = s - 257, x = a < 8 || a === 28 ? 0 : (a >> 2) - 1;
            const many = a === 28 ? 258 : a < 8 ? 3 + a : 3 + (4 + (a & 3) << x) + bits(x);
            const d = sign(distance), y = d < 4 ? 0 : (d >> 1) - 1;
            const back = d < 4 ? 1 + d : 1 + (2 + (d & 1) << y) + bits(y);
            for (let i = 0; i < many; i++, n++) out[n] = out[n - back];
        }
    }
    return out;
}

/* Vector instructions? The module: a function that makes a v128 of an int. */
const hasVectors = () => WebAssembly.validate(new Uint8Array(
    [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253,
     15, 253, 98, 11]));

async function startEngine() {
    const source = document.getElementById("engine").textContent;
    try {
        const code = source +
            "\nconst handle = Engine(m => postMessage(m)); onmessage = e => handle(e.data);";
        const worker = new Worker(URL.createObjectURL(new Blob([code], { type: "text/javascript" })));
        worker.onmessage = e => engine.got(e.data);
        engine.post = m => worker.postMessage(m);
        engine.threaded = true;
    } catch (e) {
        const handle = new Function(source + "\nreturn Engine;")()(m => setTimeout(engine.got, 0, m));
        engine.post = m => handle(m);
    }
    engine.vectors = hasVectors();
    await ask("", "boot", await unpacked(engine.vectors ? "simd" : "plain"));
}

/* ---- drawing ---- */
/* The page's colors, asked for once: asking makes the browser lay out the page. */
const css = name => css.known[name] ||
    (css.known[name] = getComputedStyle(document.documentElement).getPropertyValue(name).trim());
css.known = {};
const rgb = name => [1, 3, 5].map(i => parseInt(css(name).slice(i, i + 2), 16));
const classColors = ["--minus", "--plus", "--third", "--fourth", "--fifth", "--sixth", "--seventh",
                     "--eighth"];
const classColor = k => css(classColors[k]);
const mix = (a, b, t) => a.map((v, i) => v + (b[i] - v) * t);
/* A pixel as one number (every browser's machine is little-endian). */
const pixel = ([r, g, b]) => (0xFF000000 | b << 16 | g << 8 | r) >>> 0;
/* Colors for numbers from low to high: 256 pixels, made once. */
function palette(low, high, color) {
    const table = Uint32Array.from({ length: 256 },
                                   (v, i) => pixel(color(low + (high - low) * i / 255)));
    return v => table[Math.max(0,
                               Math.min(255, Math.round(255 * ((v || 0) - low) / (high - low))))];
}
/* From orange over the page's background to blue: -1 .. 1. */
function signedColor() {
    const low = rgb("--minus"), middle = rgb("--paper"), high = rgb("--plus");
    return palette(-1, 1, v => mix(middle, v < 0 ? low : high, Math.abs(v)));
}
const ink = () => palette(0, 1, v => mix([255, 255, 255], [20, 20, 24], v));

/* A canvas of css size w x h that is sharp on the screen at hand, and its context. */
function canvas(w, h, label, grow) {
    const c = el("canvas", { role: "img", "aria-label": label });
    const scale = Math.min(2, window.devicePixelRatio || 1);
    c.width = Math.round(w * scale);
    c.height = Math.round(h * scale);
    c.style.width = grow ? "100%" : w + "px";
    c.style.maxWidth = w + "px";
    c.style.aspectRatio = w + " / " + h;
    c.scale = scale;
    if (grow) {
        c.full = w;
        rooms.observe(c);
    }
    return c;
}
/* When the room for a canvas changes it is drawn again; one shrunk to a phone has fewer pixels, too. */
const rooms = new ResizeObserver(seen => {
    for (const { target: c, contentRect: room } of seen) {
        if (!room.width) continue;
        if (c.full && c.again) {
            const scale = Math.min(2, window.devicePixelRatio || 1) * room.width / c.full;
            c.height = Math.round(c.height * scale / c.scale);
            c.width = Math.round(c.full * scale);
            c.scale = scale;
        } else if (!c.full) c.room = room.width;
        if (c.again) c.again();
    }
});
/* A canvas for a plot: as wide as there is room, h high. */
function chart(h, label) {
    const c = canvas(300, h, label);
    c.style.cssText = "width:100%;height:" + h + "px";
    c.room = 300;
    rooms.observe(c);
    return c;
}
function pen(c) {
    const g = c.getContext("2d"), width = Math.round(c.room * c.scale);
    if (width && c.width !== width) c.width = width;
    g.setTransform(1, 0, 0, 1, 0, 0);
    g.clearRect(0, 0, c.width, c.height);
    g.setTransform(c.scale, 0, 0, c.scale, 0, 0);
    g.font = "12px system-ui, sans-serif";
    return g;
}
/* w x h numbers as pixels of a small canvas, which the next call takes back; color(v, i) gives a pixel. */
function small(data, w, h, color) {
    const key = w + "x" + h,
          kept = small.kept[key] || (small.kept[key] = { image: new ImageData(w, h),
        c: Object.assign(document.createElement("canvas"), { width: w, height: h }) });
    const pixels = new Uint32Array(kept.image.data.buffer);
    for (let i = 0; i < w * h; i++) pixels[i] = color(data[i], i);
    kept.c.getContext("2d", { willReadFrequently: true }).putImageData(kept.image, 0, 0);
    return kept.c;
}
small.kept = {};
function picture(c, data, w, h, color) {
    const g = c.getContext("2d");
    g.setTransform(1, 0, 0, 1, 0, 0);
    g.imageSmoothingEnabled = !!c.smooth;
    g.drawImage(small(data, w, h, color), 0, 0, c.width, c.height);
}

/* Where lines of a plot lie: thirds, or of a logarithm whole powers of ten where there are some. */
function ticks(low, high, log) {
    const out = [], step = Math.max(1, Math.ceil((high - low) / 4));
    if (log) for (let v = Math.ceil(low / step) * step; v <= high + 1e-9; v += step) out.push(v);
    return out.length > 1 ? out : [0, 1, 2, 3].map(k => low + (high - low) * k / 3);
}
function power(v) {
    if (Math.abs(v - Math.round(v)) > 1e-9) return num(10 ** v, 10 ** v < 1 ? 3 : 1);
    if (v > -4 && v < 4) return String(+(10 ** Math.round(v)).toFixed(3));
    return "10" + String(Math.round(v)).replace(/./g, c => "⁰¹²³⁴⁵⁶⁷⁸⁹"[+c] || "⁻");
}

/* Curves over one axis: series of {y, color, name, dash}; options {log, low, high, label, marks}. */
function plot(c, series, options) {
    c.hidden = series.every(s => s.y.length < 2);
    if (c.hidden) return;
    const o = options || {}, g = pen(c), W = c.width / c.scale, H = c.height / c.scale;
    c.again = () => plot(c, series, o);
    const left = 54, right = 8, top = 10, bottom = 24;
    const f = o.log ? v => Math.log10(Math.max(v, 1e-30)) : v => v;
    let low = Infinity, high = -Infinity, n = 2;
    for (const s of series) {
        n = Math.max(n, o.n || s.y.length);
        for (const v of s.y) {
            if (!isFinite(v) || (o.log && v <= 0)) continue;
            low = Math.min(low, f(v));
            high = Math.max(high, f(v));
        }
    }
    if (o.low !== undefined) low = f(o.low);
    if (o.high !== undefined) high = f(o.high);
    if (!isFinite(low)) [low, high] = [0, 1];
    if (high - low < 1e-9) high = low + 1;
    const X = i => left + (W - left - right) * i / (n - 1);
    const Y = v => H - bottom - (H - top - bottom) * (f(v) - low) / (high - low);
    g.strokeStyle = css("--line");
    g.fillStyle = css("--soft");
    g.textAlign = "right";
    g.textBaseline = "middle";
    for (const v of ticks(low, high, o.log)) {
        const y = H - bottom - (H - top - bottom) * (v - low) / (high - low);
        g.beginPath();
        g.moveTo(left, y);
        g.lineTo(W - right, y);
        g.stroke();
        g.fillText(o.log ? power(v) : num(v, high - low < 2 ? 2 : high - low < 20 ? 1 : 0),
                   left - 5, y);
    }
    g.textAlign = "center";
    g.textBaseline = "top";
    if (o.x) g.fillText(o.x, (left + W - right) / 2, H - 15);
    for (const s of series) {
        g.strokeStyle = s.color;
        g.lineWidth = s.width || 2;
        g.setLineDash(s.dash || []);
        g.beginPath();
        let down = false;
        s.y.forEach((v, i) => {
            if (!isFinite(v)) { down = false; return; }
            const y = Math.max(top - 4, Math.min(H - bottom + 4, Y(v)));
            if (down) g.lineTo(X(i), y);
            else g.moveTo(X(i), y);
            down = true;
        });
        g.stroke();
        g.setLineDash([]);
    }
    g.lineWidth = 1;
}
/* The names of curves, as text beside a plot. */
const legend = series => el("div.legend", {}, series.map(s =>
    el("span", {}, el("i" + (s.dash ? ".dash" : ""), { style: "border-color:" + s.color }),
       s.name)));

/* Ten bars for ten digits. */
function bars(names) {
    const rows = names.map(name => {
        const fill = el("i"), value = el("span.value", {}, "");
        return { row: el("div.bar", {}, el("b", {}, name), el("span.track", {}, fill),
                         value), fill, value };
    });
    const root = el("div.bars", { role: "img" }, rows.map(r => r.row));
    root.show = p => {
        const best = p ? p.indexOf(Math.max(...p)) : -1;
        rows.forEach((r, i) => {
            r.fill.style.transform = `scaleX(${p ? p[i] : 0})`;
            r.value.textContent = p ? (100 * p[i]).toFixed(p[i] > 0.0995 ? 0 : 1) + " %" : "";
            r.row.classList.toggle("best", i === best);
        });
        root.setAttribute("aria-label", p ? T("most likely ", "最可能是 ") + names[best] + ", " +
                                            percent(p[best]) : T("nothing yet", "还没有"));
    };
    root.show(null);
    return root;
}

/* ---- what every panel has below: a challenge, the C, the explanation ---- */
function code(text) {
    const pre = el("pre", { tabindex: 0 }, text);
    const copy = button(T("copy", "复制"), () => {
        const done = () => { copy.textContent = T("copied", "已复制"); };
        const select = () => {
            const range = document.createRange();
            range.selectNodeContents(pre);
            getSelection().removeAllRanges();
            getSelection().addRange(range);
            document.execCommand("copy");
            done();
        };
        if (navigator.clipboard) navigator.clipboard.writeText(pre.textContent).then(done, select);
        else select();
    }, "small");
    return el("div.code", {}, copy, pre);
}
/* make() gives the content when the fold is opened; of a live one, also every second from then on. */
function fold(title, make, live) {
    const body = el("div.fold"), fill = first => {
        const next = el("div", {}, make());
        if (first || next.textContent !== body.textContent) body.replaceChildren(...next.childNodes);
    };
    const d = el("details", { ontoggle: () => {
        if (!d.open) return;
        fill(true);
        const again = live && setInterval(() => {
            if (!d.open || !d.isConnected) clearInterval(again);
            else if (!body.contains(document.activeElement) &&
                     !getSelection().containsNode(body, true)) fill();
        }, 1000);
    } }, el("summary", {}, title), body);
    return d;
}
function challenge(state, text) {
    const mark = el("span.mark", { role: "status" });
    const box = el("p.challenge", {}, el("b", {}, T("Challenge: ", "挑战：")), text, " ", mark);
    box.check = won => {
        if (won) state.won = true;
        box.classList.toggle("won", !!state.won);
        mark.textContent = state.won ? T("✓ done", "✓ 完成") : "";
    };
    box.check(false);
    return box;
}
/* The chapter of the course, beside this page. */
const chapter = (file, name) => el("a", { href: lang + "/" + file + CHAPTER_EXT }, name);

function save(name, bytes, type) {
    const a = el("a", { download: name, href: URL.createObjectURL(new Blob([bytes], { type })) });
    document.body.append(a);
    a.click();
    a.remove();
    setTimeout(() => URL.revokeObjectURL(a.href), 10000);
}
function pickFile(accept, use) {
    const input = el("input", { type: "file", accept });
    input.onchange = () => input.files[0] &&
        input.files[0].arrayBuffer().then(b => use(new Uint8Array(b)));
    input.click();
}
