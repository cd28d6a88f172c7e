#!/usr/bin/env python3
"""Builds the pages into an offline site, build/docs/: one HTML file a page, formulas as MathML, a
switch of language, a search, light and dark; and, where chromium is, a PDF a language.

    python3 docs/build.py [--pdf]          needs pandoc (Debian: apt-get install pandoc)"""
import glob, html, json, os, re, shutil, subprocess, sys

from take import ROOT

OUT = os.path.join(ROOT, 'build', 'docs')
SAY = {
    'zh': {'lang': 'zh-CN', 'other': 'English', 'next': '下一页', 'previous': '上一页', 'search': '搜索',
           'title': '用 dl.h 学深度学习', 'none': '没有找到', 'light': '明暗', 'menu': '目录',
           'show': '放映'},
    'en': {'lang': 'en', 'other': '中文', 'next': 'Next', 'previous': 'Previous', 'search': 'Search',
           'title': 'Deep learning with dl.h', 'none': 'nothing found', 'light': 'Light or dark',
           'menu': 'Contents', 'show': 'Show'},
}


def pages_of(lang):
    """The pages in reading order: the way in, the chapters, the appendices, the rest, the teacher's."""
    names = [os.path.basename(p)[:-3] for p in glob.glob(os.path.join(ROOT, 'docs', lang, '*.md'))]
    last = ['teaching', 'questions', 'slides']
    rank = lambda n: (0 if n == 'README' else 1 if n[0].isdigit() else 2 if n[1:2] == '_' else
                      4 + last.index(n) if n in last else 3, n)
    return sorted(names, key=rank)


def source(lang, name):
    """The Markdown of a page; formulas.md and api.md stand beside the languages and become a page of
    each, where a function names the first chapters that speak of it."""
    alone = name in ('formulas', 'api')
    with open(os.path.join(ROOT, 'docs', '' if alone else lang, name + '.md'), encoding='utf-8') as f:
        text = f.read()
    if alone:
        text = re.sub(r'\]\((zh|en)/', r'](../\1/', text)
    else:
        text = re.sub(r'\]\(\.\./(formulas|api)\.md', r'](\1.md', text)
    if name == 'api':
        chapters = [(n, source(lang, n)) for n in pages_of(lang) if n[0].isdigit()]

        def heading(found):
            speaks = re.compile(r'\b%s\b' % found.group(1))
            links = ['[%s](%s.md)' % (n[:2], n) for n, page in chapters if speaks.search(page)]
            return found.group(0) + (' → ' + ' '.join(links[:3]) if links else '')
        text = re.sub(r'^### .*`(\w+)`$', heading, text, flags=re.M)
    return text


def fragment(text):
    """Markdown to HTML by pandoc."""
    text = re.sub(r'^<!--.*?-->\n?', '', text, flags=re.M)
    text = re.sub(r'(\]\((?![a-z]+:)[^)#\s]*)\.md(#[^)]*)?\)', r'\1.html\2)', text)
    text = text.replace('](README.html', '](index.html')
    return subprocess.run(['pandoc', '-f', 'gfm+tex_math_dollars', '-t', 'html5', '--mathml'],
                          input=text.encode(), stdout=subprocess.PIPE, check=True).stdout.decode()


def words(text):
    """What the search reads: the page without its marks, of formulas the names: eta, z_i."""
    text = re.sub(r'\$\$.*?\$\$', ' ', text, flags=re.S)
    text = re.sub(r'\$[^$\n]+\$', lambda m: re.sub(r'\\(frac|text|mathrm|left|right|[^a-zA-Z])|[\\{}]',
                                                 '', m.group()), text)
    text = re.sub(r'\\(?=[_*<>\[\]])', '', text)                       # api.md's dl\_error
    text = re.sub(r'<!--.*?-->|```[a-z]*|\$+|[*`#|>]|<[^>]*>|\]\([^)]*\)|!?\[', ' ', text)
    return re.sub(r'\s+', ' ', text)


def whole(lang, name, body, title, names):
    say = SAY[lang]
    file = lambda n: ('index' if n == 'README' else n) + '.html'
    at = names.index(name)
    link = lambda n, word: '<a href="%s">%s</a>' % (file(n), word)
    menu = ''.join('<li%s>%s</li>' % (' class="here"' if n == name else '', link(n, html.escape(t)))
                   for n, t in title.items())
    turn = [link(names[at - 1], '← ' + say['previous']) if at > 0 else '<span></span>',
            link(names[at + 1], say['next'] + ' →') if at + 1 < len(names) else '<span></span>']
    return f'''<!DOCTYPE html>
<html lang="{say['lang']}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html.escape(title[name])} · dl.h</title>
<link rel="stylesheet" href="../site.css"><script src="search.js" defer></script>
<script src="../site.js" defer></script></head>
<body>
<header><details id="menu"><summary>{say['menu']}</summary><nav><ol>{menu}</ol></nav></details>
<input id="search" type="search" placeholder="{say['search']}" aria-label="{say['search']}" data-none="{say['none']}">
<button id="light" aria-label="{say['light']}">◐</button>
<a id="other" href="../{'en' if lang == 'zh' else 'zh'}/{file(name)}" lang="{'en' if lang == 'zh' else 'zh-CN'}">{say['other']}</a></header>
<ul id="found" hidden></ul>
<main>
{body}
<nav class="turn">{turn[0]}{turn[1]}</nav>
</main>
</body>
</html>
'''


SHOW = '''<!DOCTYPE html>
<html lang="%s"><head><meta charset="utf-8"><title>%s</title>
<link rel="stylesheet" href="../slides.css"></head><body>
%s
<script>
var slide = document.querySelectorAll("section"), at = 0;
function go(n) {
  slide[at].className = "";
  at = Math.max(0, Math.min(slide.length - 1, n));
  slide[at].className = "here";
  history.replaceState(null, "", "#" + (at + 1));
}
onkeydown = function (e) {
  if (/^(ArrowRight|ArrowDown|PageDown| |Enter)$/.test(e.key)) go(at + 1);
  else if (/^(ArrowLeft|ArrowUp|PageUp|Backspace)$/.test(e.key)) go(at - 1);
  else if (e.key == "Home") go(0);
  else if (e.key == "End") go(slide.length);
  else return;
  e.preventDefault();
};
onclick = function (e) { go(at + (e.clientX < innerWidth / 4 ? -1 : 1)); };
onhashchange = function () { go(location.hash.slice(1) - 1 || 0); };
onhashchange();
</script></body></html>
'''


def show(lang, text):
    """slides.md as show.html: from its second heading of the first level on, a section a heading."""
    begin = [m.start() for m in re.finditer('^# ', text, re.M)][1]
    parts = re.split('(?=<h[12])', fragment(text[begin:]))[1:]
    with open(os.path.join(OUT, lang, 'show.html'), 'w', encoding='utf-8') as f:
        f.write(SHOW % (SAY[lang]['lang'], SAY[lang]['title'],
                        ''.join('<section>%s</section>' % part for part in parts)))


def build(lang):
    names = pages_of(lang) + ['formulas', 'api']
    folder = os.path.join(OUT, lang)
    os.makedirs(folder, exist_ok=True)
    texts, title = {}, {}
    for name in names:
        texts[name] = source(lang, name)
        title[name] = re.search(r'^# (.*)', texts[name], re.M).group(1).replace('`', '')
    index = []
    for name in names:
        target = os.path.join(folder, ('index' if name == 'README' else name) + '.html')
        with open(target, 'w', encoding='utf-8') as f:
            body = fragment(texts[name])
            if name == 'slides':
                show(lang, texts[name])
                body = body.replace('</h1>', '</h1><p><a href="show.html">%s</a></p>' % SAY[lang]['show'], 1)
            f.write(whole(lang, name, body, title, names))
        index.append([os.path.basename(target), title[name], words(texts[name])])
    with open(os.path.join(folder, 'search.js'), 'w', encoding='utf-8') as f:
        f.write('var PAGES = %s;\n' % json.dumps(index, ensure_ascii=False))
    if os.path.isdir(os.path.join(ROOT, 'docs', lang, 'fig')):
        shutil.copytree(os.path.join(ROOT, 'docs', lang, 'fig'), os.path.join(folder, 'fig'),
                        dirs_exist_ok=True)
    return names, texts


def pdf(lang, names, texts):
    """All pages as one, folds open, printed by chromium."""
    chromium = shutil.which('chromium') or shutil.which('google-chrome')
    if not chromium:
        print('no PDF: chromium is not installed (Debian: apt-get install chromium fonts-noto-cjk)')
        return
    body = '\n'.join('<section>%s</section>' % fragment(texts[n]).replace('<details>', '<details open>')
                     for n in names if n not in ('api', 'slides'))
    page = os.path.join(OUT, lang, 'all.html')
    with open(page, 'w', encoding='utf-8') as f:
        f.write('<!DOCTYPE html><html lang="%s"><head><meta charset="utf-8"><title>%s</title>'
                '<link rel="stylesheet" href="../site.css"></head><body class="print"><main>%s</main>'
                '</body></html>' % (SAY[lang]['lang'], SAY[lang]['title'], body))
    target = os.path.join(OUT, 'dl.h-%s.pdf' % lang)
    subprocess.run([chromium, '--headless=new', '--no-sandbox', '--disable-gpu',
                    '--no-pdf-header-footer', '--print-to-pdf=' + target, 'file://' + page],
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    os.remove(page)
    print(os.path.relpath(target, ROOT))


def main():
    if not shutil.which('pandoc'):
        sys.exit('the site needs pandoc (Debian: apt-get install pandoc); the pages themselves are '
                 'docs/zh and docs/en')
    os.makedirs(OUT, exist_ok=True)
    for name in ('site.css', 'site.js', 'slides.css', 'terms.tsv', 'sections.tsv'):
        shutil.copy(os.path.join(ROOT, 'docs', name), OUT)
    with open(os.path.join(ROOT, 'docs', 'playground.html'), encoding='utf-8') as f:
        page = f.read().replace('CHAPTER_EXT = ".md"', 'CHAPTER_EXT = ".html"')
    with open(os.path.join(OUT, 'playground.html'), 'w', encoding='utf-8') as f:
        f.write(page.replace('lang + "/README"', 'lang + "/index"'))
    for lang in ('zh', 'en'):
        names, texts = build(lang)
        print('build/docs/%s/index.html: %d pages' % (lang, len(names)))
        if '--pdf' in sys.argv:
            pdf(lang, names, texts)
    with open(os.path.join(OUT, 'index.html'), 'w', encoding='utf-8') as f:
        f.write('<!DOCTYPE html><html><head><meta charset="utf-8"><title>dl.h</title><script>'
                'location.replace((/^zh/.test(navigator.language)?"zh":"en")+"/index.html")</script>'
                '</head><body><p><a href="zh/index.html">中文</a> <a href="en/index.html">English</a>'
                '</p></body></html>\n')


if __name__ == '__main__':
    main()
