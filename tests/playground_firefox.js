/* docs/playground.html in Firefox, briefly: it opens from file://, drawn digits are known, each
   panel trains, files come out, a phone is wide enough, nothing stands on the console.

       node tests/playground_firefox.js            a minute or so
       node tests/playground_firefox.js --shots    and build/playground/firefox-*.png

   Needs Firefox, and puppeteer-core (npm install puppeteer-core; NODE_PATH says where it lies). What
   is missing is said, and nothing fails for it. */
"use strict";
const fs = require("fs"), path = require("path");
const ROOT = path.dirname(__dirname), OUT = path.join(ROOT, "build", "playground");
const FIREFOX = ["/usr/bin/firefox", "/usr/bin/firefox-esr"].find(p => fs.existsSync(p));
const SHOTS = process.argv.includes("--shots");
let passed = 0, failed = 0;

function check(ok, what) {
    if (ok) passed++;
    else failed++;
    console.log((ok ? "ok   " : "FAIL ") + what);
}
function end(why) {
    if (why) console.log("SKIP the playground in Firefox: " + why);
    console.log(why ? "1 passed, 0 failed" : `${passed} passed, ${failed} failed`);
    process.exit(failed ? 1 : 0);
}
const pause = ms => new Promise(done => setTimeout(done, ms));

/* Digits of straight strokes, in a square of side 1. */
const STROKES = {
    1: [[[.35, .25], [.52, .1], [.52, .9]]],
    4: [[[.58, .1], [.22, .62], [.8, .62]], [[.62, .35], [.62, .92]]],
    7: [[[.25, .12], [.76, .12], [.44, .92]]]
};
async function draw(page, digit) {
    await page.evaluate(() => digitsPanel.clear());
    const box = await (await page.$("canvas.draw")).boundingBox();
    const at = ([x, y]) => [box.x + 30 + 220 * x, box.y + 30 + 220 * y];
    for (const [first, ...rest] of STROKES[digit]) {
        await page.mouse.move(...at(first));
        await page.mouse.down();
        for (const p of rest) await page.mouse.move(...at(p), { steps: 8 });
        await page.mouse.up();
    }
    await page.waitForFunction(() => !digitsPanel.asking && digitsPanel.drawn);
    return page.evaluate(() => {
        const p = digitsPanel.drawn.answer;
        return p.indexOf(Math.max(...p));
    });
}

/* What each panel has to reach while it trains, and within how many seconds. */
const REACH = {
    digits: ["digitsPanel.forgot && digitsPanel.last.accuracy >= 0.95", 120],
    points: ["pointsPanel.last.testAccuracy >= 0.95", 60],
    convolve: ["convolvePanel.r && convolvePanel.r.y.some(v => v !== 0)", 10],
    race: ["racePanel.cells.every(c => c.textContent)", 20],
    memory: ["memoryPanel.won", 90],
    language: ["languagePanel.last.updates > 100 && languagePanel.perplexity < 150", 120],
    speed: ["speedPanel.last && speedPanel.last.steps > 20 && speedPanel.last.rate > 0", 60]
};
async function train(page, name) {
    await page.evaluate(n => open(n), name);
    await page.waitForFunction(n => current.id === n && document.querySelector("summary"),
                               { timeout: 30000 }, name);
    if (name === "digits") await page.evaluate(() => digitsPanel.clear() || digitsPanel.forget(1));
    const trains = await page.evaluate(() => !!current.toggle);
    if (trains) await page.evaluate(() => current.toggle());
    const [goal, seconds] = REACH[name], from = Date.now();
    const ok = await page.waitForFunction(goal, { timeout: 1000 * seconds, polling: 100 })
        .then(() => true, () => false);
    const said = await page.evaluate(() => (document.querySelector(".status") || {}).textContent);
    check(ok, `${name}: its figure in ${((Date.now() - from) / 1000).toFixed(1)} s: ${said || "shown"}`);
    if (trains) await page.evaluate(() => current.toggle());
    if (name === "language") check(await page.evaluate(() => languagePanel.poem.length === 33), "a poem");
    await page.evaluate(() => document.querySelectorAll("details").forEach(d => { d.open = true; }));
    await pause(800);
    check(!/\b(null|undefined|NaN)\b/.test(await page.evaluate(() => document.body.innerText)),
          `${name}: no empty place in its texts`);
    if (SHOTS) await page.screenshot({ path: `${OUT}/firefox-${name}.png`, fullPage: true });
}

async function visit(page) {
    await page.setViewport({ width: 1280, height: 900 });
    await page.goto("file://" + path.join(ROOT, "docs", "playground.html"));
    await page.waitForFunction(() => window.ready, { timeout: 60000 });
    check(await page.evaluate(() => engine.vectors && engine.threaded), "vectors and a worker are used");
    for (const digit of [1, 4, 7]) {
        const said = await draw(page, digit);
        check(said === digit, `a drawn ${digit} is recognized as ${said}`);
    }
    await page.evaluate(() => { digitsPanel.clear(); digitsPanel.paper.focus(); });
    for (const [key, times] of [["ArrowUp", 10], [" ", 1], ["ArrowDown", 24], [" ", 1]])
        for (let i = 0; i < times; i++) await page.keyboard.press(key);
    await page.waitForFunction(() => !digitsPanel.asking && digitsPanel.drawn);
    check(await page.evaluate(() => digitsPanel.drawn.answer[1] > 0.5), "a 1 drawn by keys is one");
    for (const name of Object.keys(REACH)) await train(page, name);
    await page.evaluate(() => open("digits"));
    await pause(500);
    await page.evaluate(() => document.querySelectorAll("details").forEach(d => { d.open = true; }));
    await pause(500);
    for (const [name, file] of [["Save digits.safetensors", "digits.safetensors"],
                                ["As C: digits.h", "digits.h"]]) {
        fs.rmSync(path.join(OUT, "firefox", file), { force: true });
        await page.evaluate(text => [...document.querySelectorAll("button")]
            .find(b => b.textContent === text).click(), name);
        let size = 0;
        for (let i = 0; i < 50 && !size; i++) {
            await pause(200);
            const saved = path.join(OUT, "firefox", file);
            size = fs.existsSync(saved) ? fs.statSync(saved).size : 0;
        }
        check(size > 50000, `${name}: ${size} bytes`);
    }
    await page.focus("#tab-digits");
    await page.keyboard.press("ArrowRight");
    await pause(500);
    check(await page.evaluate(() => current.id === "points"), "the tabs move by arrow keys");
}

/* Two challenges, done by the keyboard. */
async function challenges(page) {
    await page.evaluate(() => open("race"));
    await page.waitForFunction(() => racePanel.paths);
    await page.select("select", "a saddle");
    await page.waitForFunction(() => racePanel.surface === 2 && document.querySelector("summary"));
    await pause(500);
    await page.focus("canvas[tabindex]");
    await page.keyboard.press("ArrowUp");
    const won = n => page.waitForFunction(n + "Panel.won", { timeout: 5000 })
        .then(() => true, () => false);
    check(await won("race"), "race: its challenge, by an arrow key");
    await page.evaluate(() => open("convolve"));
    await page.waitForFunction(() => convolvePanel.r && document.querySelector(".kernel input"));
    const cells = await page.$$(".kernel input"), kernel = [-1, 0, 1, -2, 0, 2, -1, 0, 1];
    for (let i = 0; i < 9; i++) {
        await cells[i].focus();
        await page.keyboard.down("Control");
        await page.keyboard.press("a");
        await page.keyboard.up("Control");
        await page.keyboard.type(String(kernel[i]));
    }
    check(await won("convolve"), "convolve: its challenge, a kernel typed");
    check(await page.evaluate(() => convolvePanel.names.selectedIndex === 6), "it is one's own");
}

/* As on a phone, in Chinese and dark. */
async function phone(page) {
    await page.setViewport({ width: 375, height: 740 });
    await page.evaluate(() => {
        lang = "zh";
        document.documentElement.dataset.theme = "dark";
    });
    for (const name of Object.keys(REACH)) {
        await page.evaluate(n => open(n), name);
        await pause(1200);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth -
            document.documentElement.clientWidth);
        check(wide <= 0, `${name} on a phone: ${wide} pixels too wide`);
        if (SHOTS) await page.screenshot({ path: `${OUT}/firefox-phone-${name}.png`, fullPage: true });
    }
}

async function main() {
    let puppeteer;
    try { puppeteer = require("puppeteer-core"); }
    catch (e) { end("puppeteer-core is not installed (npm install puppeteer-core)"); }
    if (!FIREFOX) end("firefox is not installed (apt-get install firefox-esr)");
    fs.mkdirSync(path.join(OUT, "firefox"), { recursive: true });
    const browser = await puppeteer.launch({ browser: "firefox", executablePath: FIREFOX, headless: true,
        extraPrefsFirefox: { "browser.download.folderList": 2, "intl.accept_languages": "en-US",
                             "browser.download.dir": path.join(OUT, "firefox") } });
    const trouble = [], watch = setTimeout(() => {
        console.log("FAIL not done after 400 s");
        browser.close().finally(() => process.exit(1));
    }, 400000);
    try {
        const page = await browser.newPage();
        page.on("console", m => /^(error|warn)/.test(m.type()) && trouble.push(m.text()));
        page.on("pageerror", e => trouble.push(e.message));
        await visit(page);
        await challenges(page);
        await phone(page);
    } catch (e) {
        check(false, "it broke off: " + e.message.split("\n")[0]);
    }
    check(!trouble.length, "nothing on the console " + trouble.slice(0, 3).join("; "));
    clearTimeout(watch);
    await browser.close();
    end();
}
main();
