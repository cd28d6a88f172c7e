"""docs/playground.html, tried in headless Chromium as a visitor would: make check-playground.

    python3 tests/playground.py            a minute or two
    python3 tests/playground.py --long     and ten minutes of training: does memory stay flat?

Needs: pip install playwright, and Debian's chromium. What is missing is said, and nothing fails for
it. Screenshots go to build/playground/."""
import math, os, re, subprocess, sys, time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
PAGE = 'file://' + os.path.join(ROOT, 'docs', 'playground.html')
SHOTS = os.path.join(ROOT, 'build', 'playground')
CHROMIUM = next((p for p in ('/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome')
                 if os.path.exists(p)), None)
failed = passed = 0


def check(ok, what):
    global failed, passed
    passed += bool(ok)
    failed += not ok
    print('%s %s' % ('ok  ' if ok else 'FAIL', what), flush=True)
    return ok


def arc(cx, cy, rx, ry, a, b, n=24):
    return [(cx + rx * math.cos(math.radians(a + (b - a) * i / n)),
             cy + ry * math.sin(math.radians(a + (b - a) * i / n))) for i in range(n + 1)]


# Each digit as strokes in a square of side 1.
STROKES = {
    0: [arc(.5, .5, .28, .4, -90, 270)],
    1: [[(.35, .25), (.52, .1), (.52, .9)]],
    2: [arc(.5, .32, .26, .22, -170, 30) + [(.28, .88), (.78, .88)]],
    3: [arc(.48, .3, .24, .2, -150, 90) + arc(.48, .7, .27, .2, -90, 150)],
    4: [[(.58, .1), (.22, .62), (.8, .62)], [(.62, .35), (.62, .92)]],
    5: [[(.74, .1), (.34, .1), (.32, .45)] + arc(.48, .65, .26, .24, -130, 150)],
    6: [[(.64, .1), (.4, .4)] + arc(.5, .68, .22, .22, -170, 190)],
    7: [[(.25, .12), (.76, .12), (.44, .92)]],
    8: [arc(.5, .3, .2, .19, 90, -270) + arc(.5, .7, .24, .21, -90, 270)],
    9: [arc(.5, .32, .22, .22, 0, -360) + [(.72, .32), (.66, .9)]],
}


def draw(page, digit, size=220, dx=0, dy=0):
    box = page.locator('canvas.draw').bounding_box()
    page.get_by_role('button', name=re.compile('^(Clear|清空)$')).click()
    x0 = box['x'] + box['width'] / 2 - size / 2 + dx
    y0 = box['y'] + box['height'] / 2 - size / 2 + dy
    for stroke in STROKES[digit]:
        page.mouse.move(x0 + size * stroke[0][0], y0 + size * stroke[0][1])
        page.mouse.down()
        for x, y in stroke[1:]:
            page.mouse.move(x0 + size * x, y0 + size * y, steps=2)
        page.mouse.up()
    page.wait_for_function('() => !digitsPanel.asking && digitsPanel.drawn')
    return page.evaluate('() => { const p = digitsPanel.drawn.answer; return p.indexOf(Math.max(...p)); }')


def tab(page, name):
    page.evaluate('n => open(n)', name)
    page.wait_for_selector('#tab-%s[aria-selected=true]' % name)
    page.wait_for_timeout(500)


def until(page, condition, seconds):
    """Waits for a JavaScript condition; how long it took, or None."""
    start = time.time()
    while time.time() - start < seconds:
        if page.evaluate('() => !!(%s)' % condition):
            return time.time() - start
        page.wait_for_timeout(250)
    return None


def run_c(page, name):
    """Show me the C: it compiles with dl.h beside it, without a warning, and runs."""
    text = page.evaluate('() => current.c()')
    if '#define DL_IMPLEMENTATION' not in text:
        return
    source = os.path.join(SHOTS, name + '.c')
    with open(source, 'w') as f:
        f.write(text)
    cc = subprocess.run(['cc', '-O1', '-Wall', '-Wextra', '-I' + ROOT, source, '-o', source[:-2], '-lm'],
                        capture_output=True, text=True)
    check(cc.returncode == 0 and not cc.stderr, '%s: its C compiles %s' % (name, cc.stderr[:300]))
    if cc.returncode == 0:
        out = subprocess.run([source[:-2]], cwd=SHOTS, capture_output=True, text=True, timeout=600)
        check(out.returncode == 0 and out.stdout and not out.stderr,
              '%s: its C runs: %s' % (name, (out.stdout.strip().splitlines() or [out.stderr])[-1]))


def untranslated(page):
    """Texts on the page that are in the wrong language."""
    texts = page.evaluate('''() => {
        const out = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        while (walk.nextNode()) {
            const e = walk.currentNode.parentElement;
            if (e && !e.closest("pre, script, style, .poem, [lang=zh], .switches")) out.push(walk.currentNode.data);
        }
        for (const e of document.querySelectorAll("[aria-label], [placeholder]"))
            if (!e.closest("[lang=zh]")) out.push(e.getAttribute("aria-label") || "");
        return [document.documentElement.lang, out];
    }''')
    lang, found = texts
    if lang == 'en':
        return [t for t in found if re.search('[\u4e00-\u9fff]', t)]
    return [t for t in found if not re.search('[\u4e00-\u9fff]', t) and
            re.search(r'\b(the|of|and|is|a|your|train|test|loss|digit|net)\b', t, re.I)]


def native_first_loss():
    source = os.path.join(SHOTS, 'first.c')
    with open(source, 'w') as f:
        f.write('''#include <stdio.h>
#include "%s/examples/playground/play.c"
int main(void)
{
    static unsigned char x[16 + 5000 * 784], y[8 + 5000];
    FILE *a = fopen("data/mnist/train-images-idx3-ubyte", "rb");
    FILE *b = fopen("data/mnist/train-labels-idx1-ubyte", "rb");
    if (!a || !b || fread(x, 1, sizeof x, a) != sizeof x || fread(y, 1, sizeof y, b) != sizeof y) return 1;
    speed_begin(x + 16, y + 8, 5000);
    printf("%%.9g\\n", speed_step());
    return 0;
}
''' % ROOT)
    subprocess.run(['cc', '-O2', source, '-o', source[:-2], '-lm'], check=True)
    return float(subprocess.run([source[:-2]], cwd=ROOT, capture_output=True, text=True).stdout)


def main():
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        print('skipped: playwright is not installed (pip install playwright)')
        return 0
    if not CHROMIUM:
        print('skipped: chromium is not installed (apt-get install chromium)')
        return 0
    os.makedirs(SHOTS, exist_ok=True)
    if not os.path.exists(SHOTS + '/data'):
        os.symlink(os.path.join(ROOT, 'data'), SHOTS + '/data')
    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=CHROMIUM, args=['--no-sandbox'])
        trouble, asked = [], []

        def visit(width, height, lang='en-US', dark=False, touch=False):
            context = browser.new_context(viewport={'width': width, 'height': height}, locale=lang,
                                          color_scheme='dark' if dark else 'light', has_touch=touch,
                                          device_scale_factor=2 if touch else 1)
            page = context.new_page()
            page.on('console', lambda m: m.type in ('error', 'warning') and trouble.append(m.text))
            page.on('pageerror', lambda e: trouble.append(str(e)))
            page.on('request', lambda r: asked.append(r.url))
            page.set_default_timeout(120000)
            page.goto(PAGE)
            page.wait_for_function('() => window.ready', timeout=120000)
            return page

        page = visit(1280, 900)
        check(page.evaluate('() => engine.vectors && engine.threaded'), 'vectors and a worker are used')
        right = sum(draw(page, d) == d for d in range(10))
        check(right == 10, 'drawn digits recognized: %d of 10' % right)
        moved = [d for d in range(10) if draw(page, d, 130, 50 - 11 * d, 4 * d - 20) != d]
        check(len(moved) == 0, 'small and off centre, too (wrong: %s)' % moved)
        draw(page, 3)
        page.screenshot(path=SHOTS + '/digits.png', full_page=True)
        page.get_by_role('button', name='Forget everything').click()
        page.wait_for_timeout(500)
        most = page.evaluate('() => Math.max(...digitsPanel.drawn.answer)')
        check(most < .35, 'after forgetting, the surest bar is %.2f' % most)
        page.get_by_role('button', name='Train').click()
        took = until(page, 'digitsPanel.last && digitsPanel.last.accuracy >= 0.95', 120)
        check(took is not None, 'digits: 95 %% in %s s, %s pictures a second' %
              (took and round(took, 1), page.evaluate('() => Math.round(digitsPanel.last.rate)')))
        check(page.evaluate('() => digitsPanel.won'), 'the challenge is seen')
        before = page.evaluate('() => ask("", "bytes")')
        # the page answers while it trains, also with the processor throttled fourfold
        client = page.context.new_cdp_session(page)
        for rate in (1, 4):
            client.send('Emulation.setCPUThrottlingRate', {'rate': rate})
            gap = page.evaluate('''() => new Promise(done => { let last = performance.now(), most = [], n = 0;
                const tick = t => { most.push(t - last); last = t;
                    if (++n < 120) requestAnimationFrame(tick);
                    else done(most.slice(5).sort((a, b) => a - b)[Math.floor(most.length * 0.95) - 5]); };
                requestAnimationFrame(tick); })''')
            print('     frames while training, processor / %d: 95 %% of them within %.0f ms' % (rate, gap))
        client.send('Emulation.setCPUThrottlingRate', {'rate': 1})
        page.get_by_role('button', name='Pause').click()
        for fold in page.locator('details').all():
            fold.locator('summary').click()
        page.wait_for_timeout(1500)
        check(page.locator('.confusion').count() == 1, 'the confusion matrix is shown')
        page.get_by_role('button', name='Attack').click()
        page.wait_for_timeout(500)
        page.screenshot(path=SHOTS + '/digits-open.png', full_page=True)
        with page.expect_download() as d:
            page.get_by_role('button', name='Save digits.safetensors').click()
        saved = os.path.join(SHOTS, 'digits.safetensors')
        d.value.save_as(saved)
        check(os.path.getsize(saved) > 50000, 'the weights are saved: %d bytes' % os.path.getsize(saved))
        for name in ('As C: digits.h', 'As C with int8 weights'):
            with page.expect_download() as d:
                page.get_by_role('button', name=name).click()
            d.value.save_as(os.path.join(SHOTS, 'digits.h'))
            test = os.path.join(SHOTS, 'export')
            with open(test + '.c', 'w') as f:
                f.write('#define DIGITS_IMPLEMENTATION\n#define DIGITS_SELFTEST\n#include "digits.h"\n'
                        'static float in[DIGITS_IN], out[DIGITS_OUT], work[DIGITS_WORK];\n'
                        'int main(void) { return digits_selftest(in, out, work); }\n')
            ok = subprocess.run(['cc', '-std=c99', '-Wall', '-I' + SHOTS, test + '.c', '-o', test, '-lm']).returncode == 0
            status = subprocess.run([test]).returncode if ok else -1
            check(ok and status == 0, '%s compiles and passes its own test (%d)' % (name, status))
        run_c(page, 'digits')

        tab(page, 'points')
        until(page, 'pointsPanel.last', 20)
        page.get_by_role('button', name='Train').click()
        took = until(page, 'pointsPanel.last.testAccuracy >= 0.95', 60)
        check(took is not None, 'points: circle, test accuracy 95 %% in %s s' % (took and round(took, 1)))
        page.get_by_role('button', name='One sample, forward and backward').click()
        page.wait_for_selector('.numbers table')
        page.screenshot(path=SHOTS + '/points.png', full_page=True)
        run_c(page, 'points')
        page.evaluate('() => pointsPanel.set({ set: 3, units: [8, 8], count: 500, noise: 0, rate: 0.03 })')
        page.wait_for_timeout(500)
        page.evaluate('() => pointsPanel.toggle()')
        took = until(page, 'pointsPanel.won', 120)
        check(took is not None, 'points: spirals in %s s' % (took and round(took, 1)))
        page.evaluate('() => pointsPanel.set({ set: 7, units: [8, 8] })')
        page.wait_for_timeout(300)
        check(page.evaluate('() => isFinite(pointsPanel.last.loss)'), 'points: numbers as targets')
        page.evaluate('() => pointsPanel.set({ set: 0, activation: 1, optimizer: 0, rate: 10 })')
        page.evaluate('() => pointsPanel.toggle()')
        page.wait_for_timeout(1500)
        check('dead' in page.inner_text('.status') or 'explodes' in page.inner_text('.status') or
              'NaN' in page.inner_text('.status'), 'points: too large a rate is explained: ' +
              page.inner_text('.status')[:90])
        run_c(page, 'points-relu')

        for name, seconds, condition in (('convolve', 5, 'convolvePanel.r'), ('race', 8, 'racePanel.paths')):
            tab(page, name)
            check(until(page, condition, seconds) is not None, name + ' shows its result')
            page.wait_for_timeout(3000)
            page.screenshot(path='%s/%s.png' % (SHOTS, name), full_page=True)
            run_c(page, name)
        tab(page, 'memory')
        until(page, 'memoryPanel.last', 20)
        page.get_by_role('button', name='Train').click()
        took = until(page, 'memoryPanel.won', 90)
        check(took is not None, 'memory: the challenge in %s s, error %.2f %%' %
              (took and round(took, 1), page.evaluate('() => memoryPanel.last.net')))
        page.screenshot(path=SHOTS + '/memory.png', full_page=True)
        tab(page, 'language')
        check(until(page, 'languagePanel.poem.length === 33', 60) is not None, 'language: a poem: ' +
              page.evaluate('() => languagePanel.poem.slice(1).map(k => languagePanel.signs[k]).join("")'))
        shipped = page.evaluate('() => languagePanel.perplexity')
        check(shipped < 200, 'language: the shipped net hesitates between %.0f signs' % shipped)
        page.screenshot(path=SHOTS + '/language.png', full_page=True)
        page.get_by_role('button', name='Forget everything').click()
        page.wait_for_timeout(500)
        page.get_by_role('button', name='Train').click()
        took = until(page, 'languagePanel.perplexity < 400', 90)
        check(took is not None, 'language: learns from nothing, below 400 in %s s' % (took and round(took, 1)))
        tab(page, 'speed')
        page.get_by_role('button', name='Measure').click()
        page.wait_for_timeout(4000)
        rate, first = page.evaluate('() => [speedPanel.last.rate, speedPanel.last.first]')
        wanted = native_first_loss()
        check(abs(first - wanted) < 1e-5, 'speed: first loss %.7f, natively %.7f' % (first, wanted))
        print('     speed: %.0f pictures a second' % rate)
        page.screenshot(path=SHOTS + '/speed.png', full_page=True)
        page.evaluate('() => speedPanel.toggle()')

        # both languages, everything open, phone and desktop, light and dark
        for name in ('digits', 'points', 'convolve', 'race', 'memory', 'language', 'speed'):
            tab(page, name)
            for fold in page.locator('details').all():
                fold.locator('summary').click()
            page.wait_for_timeout(300)
            bad = untranslated(page)
            page.get_by_role('button', name='中文').click()
            page.wait_for_timeout(300)
            for fold in page.locator('details').all():
                fold.locator('summary').click()
            page.wait_for_timeout(300)
            bad += untranslated(page)
            page.get_by_role('button', name='English').click()
            check(not bad, '%s: one language at a time %s' % (name, bad[:3]))
        phone = visit(390, 844, 'zh-CN', dark=True, touch=True)
        for name in ('digits', 'points', 'convolve', 'race', 'memory', 'language', 'speed'):
            tab(phone, name)
            phone.wait_for_timeout(1500)
            wide = phone.evaluate('() => document.documentElement.scrollWidth - innerWidth')
            check(wide <= 0, '%s on a phone: %d pixels too wide' % (name, wide))
            phone.screenshot(path='%s/phone-%s.png' % (SHOTS, name), full_page=True)
        if '--long' in sys.argv:
            tab(page, 'digits')
            page.evaluate('() => digitsPanel.toggle()')
            page.wait_for_timeout(20000)
            start = page.evaluate('() => ask("", "bytes")')
            page.wait_for_timeout(500000)
            end = page.evaluate('() => ask("", "bytes")')
            check(end == start, 'memory after ten minutes of training: %d, then %d bytes' % (start, end))
        else:
            print('     memory of the module: %.1f MB' % (page.evaluate('() => ask("", "bytes")') / 1e6), 'was %.1f' % (before / 1e6))
        outside = [u for u in asked if not u.startswith(('file:', 'blob:', 'data:'))]
        check(not outside, 'no request leaves the page %s' % outside[:3])
        check(not trouble, 'nothing on the console %s' % trouble[:3])
        browser.close()
    print('playground: %d passed, %d failed' % (passed, failed))
    return failed > 0


if __name__ == '__main__':
    sys.exit(main())
