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
    if (a !== 0 && (a < 0.001 || a >= 1e5)) return x.toExponential(1).replace("-", "−");
    return x.toFixed(a >= 100 ? 0 : d).replace("-", "−");
}
const percent = x => isFinite(x) ? (100 * x).toFixed(1) + " %" : "–";

/* ---- the engine ---- */
const engine = { waiting: new Map(), id: 0, frames: {}, post: null };
engine.got = m => {
    if (m.id !== undefined) {
        const [ok, fail] = engine.waiting.get(m.id);
        engine.waiting.delete(m.id);
        if (m.error) fail(new Error(m.error));
        else ok(m.value);
    } else if (m.error) {
        if (engine.frames[m.panel]) engine.frames[m.panel](null, m.error);
    } else {
        requestAnimationFrame(() => {
            if (engine.frames[m.panel]) engine.frames[m.panel](m.frame);
            engine.post({ taken: true });
        });
    }
};
function ask(panel, call, ...args) {
    return new Promise((ok, fail) => {
        engine.waiting.set(++engine.id, [ok, fail]);
        engine.post({ id: engine.id, panel, call, args });
    });
}

/* What the page carries: text elements of base64. */
function asset(name) {
    const e = document.getElementById("asset-" + name);
    const bytes = Uint8Array.from(atob(e.textContent.trim()), c => c.charCodeAt(0));
    return bytes;
}
async function unpacked(name) {
    const stream = new Blob([asset(name)]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
}

/* Vector instructions? The module: a function that makes a v128 of an int. */
const hasVectors = () => WebAssembly.validate(new Uint8Array(
    [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253,
     15, 253, 98, 11]));

async function startEngine() {
    const source = document.getElementById("engine").textContent;
    try {
        const code = source + "\nconst handle = Engine(m => postMessage(m)); onmessage = e => handle(e.data);";
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
const css = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
function rgb(name) {
    const h = css(name);
    return [1, 3, 5].map(i => parseInt(h.slice(i, i + 2), 16));
}
/* A canvas of css size w x h that is sharp on the screen at hand, and its context. */
function canvas(w, h, label, grow) {
    const c = el("canvas", { role: "img", "aria-label": label });
    const scale = Math.min(3, window.devicePixelRatio || 1);
    c.width = Math.round(w * scale);
    c.height = Math.round(h * scale);
    c.style.width = grow ? "100%" : w + "px";
    c.style.maxWidth = w + "px";
    c.style.aspectRatio = w + " / " + h;
    c.scale = scale;
    return c;
}
/* A canvas for a plot: as wide as there is room, h high. */
function chart(h, label) {
    const c = canvas(300, h, label);
    c.style.cssText = "width:100%;height:" + h + "px";
    c.fits = true;
    return c;
}
function pen(c) {
    const g = c.getContext("2d");
    if (c.fits && c.clientWidth) c.width = Math.round(c.clientWidth * c.scale);
    g.setTransform(c.scale, 0, 0, c.scale, 0, 0);
    g.clearRect(0, 0, c.width, c.height);
    g.font = "12px system-ui, sans-serif";
    return g;
}
/* side x side (or w x h) numbers as a picture; color(v) gives [r,g,b]. */
function picture(c, data, w, h, color) {
    const image = new ImageData(w, h), g = c.getContext("2d");
    for (let i = 0; i < w * h; i++) {
        const [r, gr, b] = color(data[i], i);
        image.data.set([r, gr, b, 255], 4 * i);
    }
    const small = picture.small || (picture.small = document.createElement("canvas"));
    small.width = w;
    small.height = h;
    small.getContext("2d").putImageData(image, 0, 0);
    g.setTransform(1, 0, 0, 1, 0, 0);
    g.imageSmoothingEnabled = !!c.smooth;
    g.drawImage(small, 0, 0, c.width, c.height);
}
const mix = (a, b, t) => a.map((v, i) => Math.round(v + (b[i] - v) * t));
/* From orange over the page's background to blue: -1 .. 1. */
function signedColor() {
    const low = rgb("--minus"), mid = rgb("--paper"), high = rgb("--plus");
    return v => v < 0 ? mix(mid, low, Math.min(1, -v)) : mix(mid, high, Math.min(1, v || 0));
}
const ink = () => {
    const paper = [255, 255, 255], black = [20, 20, 24];
    return v => mix(paper, black, Math.max(0, Math.min(1, v)));
};

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
    const o = options || {}, g = pen(c), W = c.width / c.scale, H = c.height / c.scale;
    const left = 46, right = 8, top = 10, bottom = 24;
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
        g.fillText(o.log ? power(v) : num(v, high - low < 2 ? 2 : high - low < 20 ? 1 : 0), left - 5, y);
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
    el("span", {}, el("i" + (s.dash ? ".dash" : ""), { style: "border-color:" + s.color }), s.name)));

/* Ten bars for ten digits. */
function bars(names) {
    const rows = names.map(name => {
        const fill = el("i"), value = el("span.value", {}, "");
        return { row: el("div.bar", {}, el("b", {}, name), el("span.track", {}, fill), value), fill, value };
    });
    const root = el("div.bars", { role: "img" }, rows.map(r => r.row));
    root.show = p => {
        const best = p ? p.indexOf(Math.max(...p)) : -1;
        rows.forEach((r, i) => {
            r.fill.style.width = p ? 100 * p[i] + "%" : "0";
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
/* make() gives the content each time the fold is opened. */
function fold(title, make) {
    const body = el("div.fold");
    const d = el("details", { ontoggle: () => {
        if (d.open) body.replaceChildren(...[make()].flat());
    } }, el("summary", {}, title), body);
    d.renew = () => { if (d.open) body.replaceChildren(...[make()].flat()); };
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
    input.onchange = () => input.files[0] && input.files[0].arrayBuffer().then(b => use(new Uint8Array(b)));
    input.click();
}
