/* main.js - tabs, language, theme. */
"use strict";

const panels = [digitsPanel, pointsPanel, convolvePanel, racePanel, memoryPanel, languagePanel,
                speedPanel];
let current = digitsPanel;

const named = (name, e) => Object.assign(e, { id: "switch-" + name });

async function rebuild() {
    css.known = {};
    document.documentElement.lang = lang === "zh" ? "zh-CN" : "en";
    document.title = T("dl.h playground", "dl.h 游乐场");
    const tabs = el("nav", { role: "tablist", "aria-label": T("panels", "面板") },
                    panels.map(p => el("button", {
        type: "button", role: "tab", id: "tab-" + p.id, "aria-selected": String(p === current),
        "aria-controls": "panel",
        tabindex: p === current ? 0 : -1, onclick: () => open(p.id),
        onkeydown: e => {
            const d = { ArrowRight: 1, ArrowLeft: -1 }[e.key];
            if (!d) return;
            const i = (panels.indexOf(p) + d + panels.length) % panels.length;
            open(panels[i].id);
            document.getElementById("tab-" + panels[i].id).focus();
        } }, p.name())));
    const root = el("section.panel",
                    { role: "tabpanel", id: "panel", "aria-labelledby": "tab-" + current.id });
    const focused = document.activeElement && document.activeElement.id;
    document.body.replaceChildren(
        el("header", {}, el("h1", {}, "dl.h ", el("small", {}, T("playground", "游乐场"))),
            el("p", {}, T("A deep-learning library in one C header, compiled as it is, training in this page.",
                          "一个头文件的 C 语言深度学习库，原样编译，就在这个网页里训练。")),
            el("div.switches", {},
               named("language", button(lang === "zh" ? "English" : "中文",
                      () => { lang = lang === "zh" ? "en" : "zh"; rebuild(); }, "small")),
                named("theme", button(T("light / dark", "亮 / 暗"), () => {
                    const dark = getComputedStyle(document.documentElement).colorScheme.includes("dark");
                    document.documentElement.dataset.theme = dark ? "light" : "dark";
                    rebuild();
                }, "small")))),
        tabs, el("main", {}, root),
        el("footer", {}, T("Nothing leaves this page. dl.h ", "没有任何数据离开本页。dl.h ") + VERSION + " · ",
           el("a", { href: lang + "/README" + CHAPTER_EXT }, T("the course", "教程")),
           " · MNIST: Y. LeCun, C. Cortes (CC BY-SA 3.0)"));
    /* Tabs and switches keep the focus; the others are new, numbered as they come. */
    if (/^(tab|switch)-/.test(focused)) document.getElementById(focused).focus();
    document.getElementById("tab-" + current.id).scrollIntoView({ block: "nearest", inline: "center" });
    try {
        await (current.loaded || (current.loaded = current.load()));
        if (root.isConnected) await current.build(root);         /* another may have been chosen */
    } catch (e) {
        root.append(el("p.status", {}, e.message));
        throw e;
    }
}
async function open(id) {
    if (current.training) await current.toggle();
    current = panels.find(p => p.id === id) || digitsPanel;
    await rebuild();
}
/* What the engine sends while a panel trains. A frame that was on its way when that ended may be of
   another net or other data than are set now. */
function frame(p, f, error) {
    if (error) {
        train(p, false);
        p.failed = true;
        p.status.textContent = error;
    } else if (p === current && p.training) p.frame(f);
}

async function begin() {
    for (const p of panels) engine.frames[p.id] = (f, error) => frame(p, f, error);
    document.body.replaceChildren(el("p.loading", {}, T("Starting…", "正在启动……")));
    try {
        await startEngine();
        await (digitsPanel.loaded = digitsPanel.load());
        const shared = location.hash.slice(1);
        try {
            if (shared) pointsPanel.adopt(shared);
            current = shared ? pointsPanel : digitsPanel;
        } catch (e) { console.info(e.message); }
        await rebuild();
        matchMedia("(prefers-color-scheme: dark)").addEventListener("change", rebuild);
        window.ready = true;
    } catch (e) {
        document.body.replaceChildren(el("p.loading", {},
                                         T("This browser cannot run the page: ", "这个浏览器无法运行本页：") +
                                             e.message));
        throw e;
    }
}
begin();
