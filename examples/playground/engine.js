/* engine.js - between the page and play.c.

   Runs in a worker, so that the page answers at once whatever is computed; where a page may not
   make one, it runs in the page itself, a slice at a time. It gets {id, panel, call, args} and sends
   {id, value} or {id, error}; while a panel trains it sends {panel, frame} as often as the page has
   taken the last one. */
"use strict";

function Engine(send) {
    const SLICE = 12;                            /* milliseconds of training at a time */
    let C = null, running = null, taken = true, scheduled = false;

    /* ---- arrays to and from the module's memory ---- */
    const view = (type, at, n) => new type(C.memory.buffer, at, n);
    const floats = (at, n) => view(Float32Array, at, n).slice();
    const put = (k, array) => {
        const at = C.play_room(k, array.byteLength);
        view(Uint8Array, at, array.byteLength)
            .set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
        return at;
    };
    const text = at => {
        const bytes = new Uint8Array(C.memory.buffer);
        let end = at;
        while (bytes[end]) end++;
        return new TextDecoder().decode(bytes.slice(at, end));
    };
    const check = value => {
        const error = text(C.play_error());
        if (error) throw new Error(error);
        return value;
    };

    /* Losses for the next frame; a page in the background takes none for long. */
    const note = (losses, value) => { if (losses.push(value) > 4000) losses.splice(0, 2000); };

    /* ---- panels ---- */
    const panel = {};

    panel.points = {
        start(o) {
            const n = o.target.length - o.test;
            C.points_begin(o.seed, o.features);
            C.points_data(put(0, o.xy), put(1, o.target), n, o.test, o.classes);
            C.points_net(o.units.length, put(2, Int32Array.from(o.units)), o.activation, o.dropout,
                         o.l1, o.l2);
            C.points_compile(o.optimizer, o.rate, o.batch);
            this.o = o;
            this.updates = 0;
            this.sizes = o.units.concat([o.classes || 1]);
            this.drawn = o.units.map(u => Math.min(u, o.most)).concat([o.classes || 1]);
            this.inputs = [0, 1, 2, 3, 4, 5, 6].filter(k => o.features >> k & 1).length;
            check();
            return this.frame();
        },
        rate(r) { C.points_rate(r); },
        pace(n) { this.o.pace = n; },
        slice() {
            const n = Math.min(4, this.o.pace || 4);
            C.points_train(n);
            this.updates += n;
        },
        /* So that one can watch: only so many updates a frame. */
        enough() { return this.o.pace && this.updates >= this.shown + this.o.pace; },
        step() {
            C.points_train(1);
            check();
            this.updates++;
            return this.frame();
        },
        frame() {
            const { most, reach } = this.o, sum = list => list.reduce((a, b) => a + b, 0);
            const side = sum(this.sizes) > 200 ? 20 : 40;
            let before = this.inputs, weights = 0;
            for (const u of this.drawn) {
                weights += 2 * u * (before + 1);
                before = u;
            }
            this.shown = this.updates;
            const [loss, accuracy] = floats(C.points_score(0), 2);
            const [test, testAccuracy] = floats(C.points_score(1), 2);
            return {
                updates: this.updates, sizes: this.sizes, drawn: this.drawn, inputs: this.inputs,
                loss, accuracy, test, testAccuracy, side,
                map: floats(C.points_map(side, reach, most), sum(this.drawn) * side * side),
                weights: floats(C.points_weights(most), weights),
                dead: floats(C.points_dead(), sum(this.o.units))
            };
        },
        probe(x1, x2, target) {
            let n = 1, before = this.inputs;
            for (const u of this.sizes) {
                n += 4 * u + u * before;
                before = u;
            }
            return floats(C.points_probe(x1, x2, target), n);
        }
    };

    panel.digits = {
        data(o) {
            this.pixels = o.pixels;
            this.labels = o.labels;
            this.test = o.test;
            this.train = o.labels.length - o.test;
            C.digits_data(put(0, o.pixels), put(1, o.labels), this.train, o.test, o.seed);
            check();
        },
        reset() {
            this.images = 0;
            this.losses = [];
            this.busy = 0;
            this.tested = 0;
            this.right = 0;
            this.accuracy = NaN;
            this.looked = this.looked || false;
            return this.frame();
        },
        load(bytes) {
            C.digits_load(put(0, bytes), bytes.byteLength, 0.0001);   /* it knows much already */
            check();
            return this.reset();
        },
        forget(kind) {
            C.digits_forget(kind, 0.001);
            check();
            return this.reset();
        },
        slice() {
            const from = performance.now();
            this.loss = C.digits_train(1);
            this.images += 32;
            this.busy += performance.now() - from;
            note(this.losses, this.loss);
            if (this.images % 128 === 0) this.measure(20);
        },
        /* The accuracy on the test pictures, n at a time: 1000 are a whole number of these. */
        measure(n) {
            const p = floats(C.digits_test(this.tested, n), 10 * n);
            for (let i = 0; i < n; i++) {
                const row = p.subarray(10 * i, 10 * i + 10);
                this.right += row.indexOf(Math.max(...row)) === this.labels[this.train + this.tested + i];
            }
            this.tested += n;
            if (this.tested === this.test) {
                this.accuracy = this.right / this.test;
                this.tested = this.right = 0;
            }
        },
        frame() {
            return {
                images: this.images, loss: this.loss, losses: this.losses.splice(0),
                accuracy: this.accuracy,
                rate: this.busy ? this.images / this.busy * 1000 : 0,
                answer: this.looked ? floats(C.digits_answer(), 10) : null,
                kind: C.digits_kind(), parameters: C.digits_parameters()
            };
        },
        draw(rgba, width, height) {
            const at = C.digits_draw(put(0, rgba), width, height);
            text(C.play_error());                /* nothing to see is no error here */
            this.looked = at !== 0;
            return at ? this.look() : null;
        },
        look() {
            return { input: this.input(), steps: floats(C.digits_steps(), 3 * 784),
                     answer: floats(C.digits_answer(), 10) };
        },
        pick(i) {
            C.digits_pick(i);
            this.looked = true;
            return { input: this.input(), answer: floats(C.digits_answer(), 10),
                     label: this.labels[this.train + i] };
        },
        input() { return floats(C.digits_input(), 784); },
        /* Looks at what the page shows, whatever an attack has made of it. */
        see(input) {
            view(Float32Array, C.digits_input(), 784).set(input);
            return floats(C.digits_answer(), 10);
        },
        saliency(c) { return floats(C.digits_saliency(c), 784); },
        attack(right, wanted, size, steps) {
            return { input: floats(C.digits_attack(right, wanted, size, steps), 784),
                     answer: floats(C.digits_answer(), 10) };
        },
        maps() {
            const kind = C.digits_kind();
            const n = kind === 1 ? 72 + 8 * 676 + 16 * 121 : (kind === 0 ? 16 : 10) * 784;
            return { kind, maps: floats(C.digits_maps(), n) };
        },
        /* All test pictures: the confusion matrix, and those it was most sure and wrong about. */
        report() {
            const confusion = new Int32Array(100), worst = [];
            for (let first = 0; first < this.test; first += 100) {
                const p = floats(C.digits_test(first, 100), 1000);
                for (let i = 0; i < 100; i++) {
                    const row = p.subarray(10 * i, 10 * i + 10),
                          said = row.indexOf(Math.max(...row));
                    const label = this.labels[this.train + first + i];
                    confusion[10 * label + said]++;
                    if (said !== label) worst.push({ i: first + i, label, said, p: row[said] });
                }
            }
            worst.sort((a, b) => b.p - a.p);
            for (const w of worst.slice(0, 12)) {
                const from = (this.train + w.i) * 784;
                w.pixels = this.pixels.slice(from, from + 784);
            }
            return { confusion, worst: worst.slice(0, 12), wrong: worst.length, test: this.test };
        },
        exportC(int8) {
            const n = C.digits_export(int8 ? 1 : 0);
            check();
            return view(Uint8Array, C.digits_file(), n).slice();
        },
        save() {
            const n = C.digits_save();
            check();
            return view(Uint8Array, C.digits_file(), n).slice();
        }
    };

    panel.convolve = {
        apply(x, side, w) {
            const n = side - 2, h = n >> 1;
            const y = floats(C.convolve(put(0, x), side, put(1, w)), n * n);
            const pool = floats(C.convolve_pool(side), h * h);
            return { y, pool, at: view(Int32Array, C.convolve_pool_at(), h * h).slice() };
        }
    };

    panel.race = {
        map(surface, side, reach) {
            return floats(C.race_map(surface, side, reach), side * side);
        },
        start(surface, x, y, rates) {
            C.race_start(surface, x, y, put(0, Float32Array.from(rates)));
            check();
        },
        steps(n) {
            const out = new Float32Array(n * 24);
            for (let i = 0; i < n; i++) out.set(floats(C.race_step(), 24), 24 * i);
            text(C.play_error());                /* who diverges is no error, but the point */
            return out;
        }
    };

    panel.memory = {
        gradient(kind, scale, forget, seed) {
            return floats(C.memory_gradient(kind, scale, forget, seed), 60);
        },
        start(o) {
            this.updates = 0;
            this.losses = [];
            this.o = o;
            C.memory_begin(put(0, o.months), o.kind, o.units, o.rate, o.seed);
            check();
            return this.frame();
        },
        slice() {
            note(this.losses, C.memory_train(1));
            this.updates++;
        },
        frame() {
            const said = floats(C.memory_forecast(), 120), real = this.o.months;
            let net = 0, naive = 0;
            for (let s = 96; s < 120; s++) {
                net += 100 / 24 * Math.abs(said[s] / real[s + 24] - 1);
                naive += 100 / 24 * Math.abs(real[s + 12] / real[s + 24] - 1);
            }
            return { updates: this.updates, losses: this.losses.splice(0), said, net, naive };
        }
    };

    panel.language = {
        start(o) {
            this.o = o;
            this.updates = 0;
            this.losses = [];
            this.part = 0;
            C.language_begin(put(0, o.poems), o.poems.length / o.length, o.test, o.signs, o.rate,
                             o.seed);
            check();
            if (o.weights) this.weights(o.weights);
            return this.frame();
        },
        slice() {
            note(this.losses, C.language_train(2, this.part, 2));    /* two poems, then two more */
            this.part = 1 - this.part;
            if (this.part === 0) this.updates++;
        },
        frame() { return { updates: this.updates, losses: this.losses.splice(0) }; },
        test(first, n) { return C.language_test(first, n); },
        next(signs, temperature) {
            return floats(C.language_next(put(0, Int32Array.from(signs)), signs.length, temperature),
                          this.o.signs);
        },
        attention(signs) {
            return floats(C.language_attention(put(0, Int32Array.from(signs)), signs.length),
                          2 * 4 * this.o.length ** 2);
        },
        /* Shipped weights: numbers of 16 bits, one parameter after the other. */
        weights(half) {
            let from = 0;
            for (let i = 0; C.language_param_size(i) >= 0; i++) {
                const n = C.language_param_size(i), to = view(Float32Array, C.language_param(i), n);
                for (let k = 0; k < n; k++) to[k] = bfloat(half[from + k]);
                from += n;
            }
        }
    };
    const pair = new Uint32Array(1), single = new Float32Array(pair.buffer);
    const bfloat = u => {
        pair[0] = u << 16;
        return single[0];
    };

    panel.speed = {
        start(pixels, labels, parts) {
            C.speed_begin(put(0, pixels), put(1, labels), labels.length, parts);
            check();
            this.parts = parts;
            this.part = this.steps = this.seen = this.busy = this.first = 0;
            return text(C.speed_info());
        },
        slice() {
            const from = performance.now(), loss = C.speed_step(this.part);
            if (this.steps === 0) {              /* the first step also gets its memory */
                this.first += loss / this.parts;
            } else {
                this.busy += performance.now() - from;
                this.seen += C.speed_size();
            }
            this.part = (this.part + 1) % this.parts;
            if (this.part === 0) this.steps++;
        },
        frame() {
            return { steps: this.steps, first: this.first,
                     rate: this.busy ? this.seen / this.busy * 1000 : 0 };
        }
    };

    /* ---- training, a slice at a time ---- */
    const channel = new MessageChannel();
    const next = () => {
        if (scheduled) return;
        scheduled = true;
        channel.port2.postMessage(0);
    };
    channel.port1.onmessage = () => {
        scheduled = false;
        if (!running) return;
        const p = panel[running], end = performance.now() + SLICE;
        try {
            if (taken) {                         /* what is shown has a turn of its own */
                taken = false;
                send({ panel: running, frame: p.frame() });
            } else {
                let now = performance.now(), last;
                do {
                    p.slice();
                    last = performance.now() - now;
                    now += last;
                } while (now + last < end && !(p.enough && p.enough()));
            }
            check();
            if (!taken && p.enough && p.enough()) return;            /* until that frame is shown */
        } catch (e) {
            send({ panel: running, error: e.message });
            running = null;
            return;
        }
        next();
    };

    async function boot(binary) {
        const wasi = new Proxy({}, { get: () => () => 0 });
        const { instance } = await WebAssembly.instantiate(binary, { wasi_snapshot_preview1: wasi });
        C = instance.exports;
        if (C._initialize) C._initialize();
        return C.memory.buffer.byteLength;
    }

    return async function (m) {
        if (m.taken) {
            taken = true;
            if (running) next();
            return;
        }
        try {
            let value;
            if (m.call === "boot") value = await boot(m.args[0]);
            else if (m.call === "run") {
                running = m.args[0] ? m.panel : running === m.panel ? null : running;
                taken = true;
                if (running) next();
            } else if (m.call === "bytes") value = C.memory.buffer.byteLength;
            else value = panel[m.panel][m.call](...m.args);
            send({ id: m.id, value });
        } catch (e) {
            send({ id: m.id, error: e.message });
        }
    };
}
