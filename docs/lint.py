#!/usr/bin/env python3
"""Reads the pages as a strict editor would: docs/zh against docs/en, both against their own sums.

    python3 docs/lint.py           faults, and how many pages have none (make test)
    python3 docs/lint.py --read    also what only a reader can judge: long Chinese sentences, runs
                                   of words that translations are full of, lengths
    python3 docs/lint.py --torch   also runs the PyTorch programs on the pages

Checked: both languages have the same anchors, figures, takings and numbers; sums ("0.5×1 + 0.1 =
0.6") come out; links lead somewhere; terms are those of terms.tsv; Chinese has its own punctuation
and its spaces; nothing that code hosts render badly; every tag "@F S1-3.3" and every mention of a
section in documents.md is one of sections.tsv; README.md and README.zh.md show the same."""
import glob, os, re, subprocess, sys, urllib.parse

from take import ROOT, rows

HAN = '[\u4e00-\u9fff]'
MARKS = re.compile('[，。、；：？！（）“”《》,.;:?!()"\']')
CHAPTER = 'question formula paper program break exercises questions words'.split()
faults = {}


def fault(path, line, text):
    faults.setdefault(os.path.relpath(path, ROOT), []).append('%s:%d: %s' %
                                                              (os.path.relpath(path, ROOT), line, text))


def prose(text):
    """The page's own lines, numbered: without code blocks and comments, which become empty lines."""
    out, fence = [], False
    for line in text.split('\n'):
        if line.startswith('```'):
            fence = not fence
            line = ''
        out.append('' if fence or line.startswith('<!--') else line)
    return out


def bare(line):
    """A line without code, formulas, links' targets and HTML."""
    line = re.sub(r'`[^`]*`', '`', line)
    line = re.sub(r'\$\$?[^$]*\$\$?', '$', line)
    line = re.sub(r'\]\([^)]*\)', ']', line)
    return re.sub(r'<[^>]*>', '', line)


# ---- sums ----

SUM = re.compile(r'(?<![\w.])((?:[-(]*\d[\d.]*[)]*\s*[-+×/]\s*)+[-(]*\d[\d.]*[)]*)\s*=\s*(-?\d[\d.]*\d|-?\d)')


def check_sums(path, lines):
    for i, line in enumerate(lines):
        for sum_, value in SUM.findall(line.replace('−', '-').replace('·', '×')):
            if '..' in sum_ or sum_.count('(') != sum_.count(')'):
                continue
            try:
                exact = eval(sum_.replace('×', '*'), {'__builtins__': {}})
            except (SyntaxError, ZeroDivisionError, TypeError):
                continue
            digits = len(value.partition('.')[2])
            if abs(exact - float(value)) > 0.5000001 * 10.0 ** -digits:
                fault(path, i + 1, '%s = %s, but it is %.6g' % (sum_, value, exact))


# ---- Chinese ----

def check_chinese(path, lines, terms):
    for i, line in enumerate(lines):
        text = bare(line)
        for wrong, right in terms:
            if re.search(wrong, text):
                fault(path, i + 1, '"%s": the term is %s' % (re.search(wrong, text).group(0), right))
        for bad in re.findall(HAN + r'[A-Za-z0-9]|[A-Za-z0-9%]' + HAN, text):
            fault(path, i + 1, '"%s": a space between Han and Latin or digits' % bad)
        for bad in re.findall(HAN + r'[,;:!?]|[,;!?]' + HAN + r'|' + HAN + r'\(|\)' + HAN, text):
            fault(path, i + 1, '"%s": full-width punctuation' % bad)
        for bad in re.findall(r'["\']' + HAN + '|' + HAN + r'["\']', text):
            fault(path, i + 1, '"%s": quotation marks are “ ”' % bad)
        for bold in re.finditer(r'(.?)\*\*(.)(?:.*?)(.)\*\*(.?)|(.?)\*\*(.)\*\*(.?)', text):
            before, first, last, after = bold.group(1, 2, 3, 4) if bold.group(2) else \
                bold.group(5, 6, 6, 7)
            # CommonMark: ** inside of punctuation must have a space or punctuation outside of it
            if MARKS.match(first) and before and not re.match(r'\s', before) and not MARKS.match(before) \
                    or MARKS.match(last) and after and not re.match(r'\s', after) and not MARKS.match(after):
                fault(path, i + 1, '"%s": ** stays a pair of stars' % bold.group(0))
        for bad in re.findall(HAN + r'\$|\$' + HAN + r'|[，。；：、（）]\$|\$[（）]', re.sub(r'`[^`]*`', '`', line)):
            fault(path, i + 1, '"%s": a space between $ and Chinese' % bad)
        for char in text:
            if '\u4e00' <= char <= '\u9fff':
                try:
                    char.encode('gb2312')
                except UnicodeEncodeError:
                    fault(path, i + 1, '"%s": a traditional or rare character' % char)
        if re.search('您', text):
            fault(path, i + 1, '您: the reader is 你')


def read_chinese(path, lines):
    for i, line in enumerate(lines):
        for sentence in re.split('[。？！]', bare(line)):
            if len(re.findall(HAN, sentence)) > 60:
                print('%s:%d: long: %s' % (os.path.relpath(path, ROOT), i + 1, sentence.strip()))
        if len(re.findall('进行|一个|被|它们', line)) > 2:
            print('%s:%d: 进行/一个/被/它们: %s' % (os.path.relpath(path, ROOT), i + 1, line.strip()))
    text = '\n'.join(lines)                       # counted as a word processor counts Chinese
    print('%s: %d characters' % (os.path.relpath(path, ROOT),
                                 len(re.findall('[\u3000-\u9fff\uff00-\uffef“”]|[A-Za-z0-9.]+', text))))


# ---- both languages ----

def skeleton(text):
    """What both languages share, in order, by kind."""
    takes = [re.sub(r'\|.*', '', t).strip() for t in re.findall(r'<!-- ((?:take|break) .*?) ?-->', text)]
    lines = [re.sub(r'<!--.*?-->|`|\]\([^)]*\)', '', line) for line in prose(text)]
    numbers = []
    for line in lines:
        line = re.sub(r'(?<=\d)[, ](?=\d{3}\b)', '', line)
        numbers += re.findall(r'(?<![A-Za-z\d.])\d+(?:\.\d+)?', line)
    return {
        'anchors': re.findall(r'<a id="([^"]+)"', text),
        'figures': re.findall(r'!\[[^]]*\]\(([^)]+)\)', text),
        'takings': takes,
        'headings': [len(h) for h in re.findall(r'^(#+) ', '\n'.join(lines), re.M)],
        'numbers': sorted(n for n in numbers if len(n) > 1),
    }


def check_pair(zh, en, texts):
    a, b = skeleton(texts[zh]), skeleton(texts[en])
    for kind in a:
        if a[kind] != b[kind]:
            only_zh, only_en = list(a[kind]), list(b[kind])
            for x in list(only_zh):
                if x in only_en:
                    only_zh.remove(x)
                    only_en.remove(x)
            fault(en, 1, '%s differ: zh has %s, en has %s' %
                  (kind, only_zh or 'another order', only_en or 'another order'))


def check_links(path, lines, text):
    for i, line in enumerate(lines):
        for target in re.findall(r'\]\(([^)\s]+)\)', line):
            if re.match(r'[a-z]+:', target):
                continue
            file, _, anchor = urllib.parse.unquote(target).partition('#')
            full = os.path.normpath(os.path.join(os.path.dirname(path), file)) if file else path
            if not os.path.exists(full):
                fault(path, i + 1, 'link to %s, which is not there' % target)
            elif anchor:
                with open(full, encoding='utf-8') as f:
                    there = f.read() if file else text
                if full.endswith('README.md') and re.search('(?im)^#+ %s$' % re.escape(anchor), there):
                    continue
                if '<a id="%s"' % anchor not in there and 'id="%s"' % anchor not in there:
                    fault(path, i + 1, 'link to %s, which has no such anchor' % target)


def check_python(path, text, run):
    for block in re.finditer(r'^```python\n(.*?)^```', text, re.S | re.M):
        line = text[:block.start()].count('\n') + 1
        try:
            compile(block.group(1), path, 'exec')
        except SyntaxError as error:
            fault(path, line, 'python: %s' % error)
            continue
        said = re.findall(r'^print\(.*\) +# (.*)$', block.group(1), re.M)
        if run and 'import torch' in block.group(1):
            done = subprocess.run([sys.executable, '-c', block.group(1)], stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, cwd=ROOT, timeout=600)
            printed = done.stdout.decode()
            if done.returncode or any(s not in printed for s in said):
                fault(path, line, 'python prints %s' % printed.strip()[-300:])


def check_names(path, text, header):
    """Every dl_, dlk_ or DL_ name on a page stands in dl.h."""
    for i, line in enumerate(text.split('\n')):
        for name in re.findall(r'(?<![\w/])(?:dlk?|DL)_\w+', line):
            if name not in header and not name.endswith('_'):
                fault(path, i + 1, '%s is not in dl.h' % name)


def blocks(text):
    """The code blocks of a page without the comments in them."""
    return [re.sub(r' *(/\*.*?\*/|(//|# ).*)', '', block)
            for block in re.findall(r'^```\w*\n(.*?)^```', text, re.S | re.M)]


def check_readmes(terms, header, read):
    """README.md and README.zh.md: the same code, headings, functions in tables."""
    paths = [os.path.join(ROOT, name) for name in ('README.md', 'README.zh.md')]
    texts = []
    for path in paths:
        with open(path, encoding='utf-8') as f:
            texts.append(f.read())
    for path, text in zip(paths, texts):
        check_links(path, prose(text), text)
        check_names(path, text, header)
    check_chinese(paths[1], prose(texts[1]), terms)
    if read:
        read_chinese(paths[1], prose(texts[1]))
    for kind, parts in (('code blocks', blocks),
                        ('headings', lambda t: [len(h) for h in re.findall('^(#+) ', t, re.M)]),
                        ('names', lambda t: sorted(set(re.findall(r'\b(?:dlk?|DL)_\w+', t)))),
                        ('programs', lambda t: re.findall(r'^\| `(\S+\.c)`', t, re.M))):
        en, zh = parts(texts[0]), parts(texts[1])
        if en != zh:
            fault(paths[1], 1, '%s differ from those of README.md: %s' %
                  (kind, [x for x in en + zh if (x in en) != (x in zh)][:3] or 'another order'))


def check_tags(sections):
    """@F S1-3.3 in the header and the programs."""
    for path in [ROOT + '/dl.h'] + sorted(glob.glob(ROOT + '/examples/**/*.[ch]', recursive=True)):
        with open(path, encoding='utf-8') as f:
            for i, line in enumerate(f):
                for tag in re.findall(r'\bS[0-4]-\d+(?:\.\d+)*', line):
                    if tag not in sections:
                        fault(path, i + 1, '%s is not in docs/sections.tsv' % tag)


def main():
    terms = [(r[5], r[0]) for r in rows('terms.tsv') if len(r) > 5 and r[5]]
    sections = {r[0] for r in rows('sections.tsv')}
    pages = sorted(glob.glob(ROOT + '/docs/zh/*.md') + glob.glob(ROOT + '/docs/en/*.md'))
    texts = {}
    with open(ROOT + '/dl.h', encoding='utf-8') as f:
        header = f.read()
    made = re.findall(r'\bX\(A, (\w+),', header)     # elementwise kernels: made from a row of a list
    header = set(re.findall(r'\w+', header))
    header |= {'dlk_%s_%s' % (name, way) for name in made for way in ('forward', 'backward')}
    for path in pages:
        with open(path, encoding='utf-8') as f:
            texts[path] = f.read()
    for path in pages:
        lines = prose(texts[path])
        check_sums(path, lines)
        check_links(path, lines, texts[path])
        check_names(path, texts[path], header)
        check_python(path, texts[path], '--torch' in sys.argv)
        if '/zh/' in path:
            check_chinese(path, lines, terms)
            if '--read' in sys.argv:
                read_chinese(path, lines)
            en = path.replace('/zh/', '/en/')
            if en in texts:
                check_pair(path, en, texts)
            else:
                fault(path, 1, 'has no twin in docs/en')
        elif path.replace('/en/', '/zh/') not in texts:
            fault(path, 1, 'has no twin in docs/zh')
        if re.match(r'\d\d_', os.path.basename(path)):
            there = re.findall(r'<a id="([^"]+)"', texts[path])
            missing = [a for a in CHAPTER if a not in there]
            if missing:
                fault(path, 1, 'a chapter without %s' % ', '.join(missing))
        for tag in re.findall(r'\bS[0-4]-\d+(?:\.\d+)*', texts[path]):
            if tag not in sections:
                fault(path, 1, '%s is not in docs/sections.tsv' % tag)
        if os.path.basename(path) == 'documents.md':
            for tag in sorted(sections - set(re.findall(r'\bS[0-4]-\d+(?:\.\d+)*', texts[path]))):
                fault(path, 1, '%s is missing' % tag)
    check_tags(sections)
    check_readmes(terms, header, '--read' in sys.argv)
    for path in faults:
        for text in faults[path]:
            print('FAILED: ' + text)
    print('%d passed, %d failed' % (len(pages) + 3 - len(faults), sum(len(f) for f in faults.values())))
    sys.exit(bool(faults))


if __name__ == '__main__':
    main()
