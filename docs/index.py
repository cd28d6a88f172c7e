#!/usr/bin/env python3
"""Makes docs/formulas.md from formulas.tsv, and docs/api.md from the declarations of dl.h.

    python3 docs/index.py            writes both (make docs)
    python3 docs/index.py --check    fails when they differ from what it would write (make test)

A formula whose function, kernel, program or test does not exist is a fault."""
import os, re, sys

from take import ROOT, rows


def text_of(path):
    with open(os.path.join(ROOT, path), encoding='utf-8') as f:
        return f.read()


def declarations(header):
    """The first half of dl.h as (room, comment, lines, names), in order."""
    half = header[:header.index('#if defined(DL_IMPLEMENTATION)')]
    out, room = [], ''
    for block in re.split(r'\n\s*\n', half):
        found = re.search(r'>>([a-z]+) -', block)
        if found:
            room = found.group(1)
        pieces = re.split(r'(?m)^(?=/\*)', block)
        for piece in pieces:
            comment = re.match(r'/\*(.*?)\*/\n?', piece, re.S)
            code = piece[comment.end():] if comment else piece
            names = re.findall(r'^(?:DL_DEF[^(;]*?\b(?=\w+\()|DL_KERNEL\()(dlk?_\w+)', code, re.M)
            if names:
                out.append((room, ' '.join(comment.group(1).split()) if comment else '',
                            code.rstrip(), names))
    return out


def formulas(header, faults):
    out = ['# Formulas · 公式', '', 'Made by docs/index.py from docs/formulas.tsv. '
           '由 docs/index.py 从 docs/formulas.tsv 生成。', '',
           '| | formula · 公式 | | in the documents · 文档 | function · 函数 | kernel · 内核 | program · 程序 | test · 测试 |',
           '|:--|:--|:--|:--|:--|:--|:--|:--|']
    declared = {n for _, _, _, names in declarations(header) for n in names}
    declared |= {'dlk_%s_forward' % n for n in re.findall(r'^    X\(A, (\w+),', header, re.M)}
    chapters = {n[:2]: n[:-3] for n in os.listdir(ROOT + '/docs/en') if n[0].isdigit()}
    for id_, en, zh, tex, where, function, kernel, program, test in rows('formulas.tsv'):
        for name in (function, kernel):
            if name not in declared:
                faults.append('%s: dl.h declares no %s' % (id_, name))
        if not os.path.exists('%s/examples/%s.c' % (ROOT, program)):
            faults.append('%s: there is no examples/%s.c' % (id_, program))
        if not os.path.exists('%s/tests/%s.c' % (ROOT, test)):
            faults.append('%s: there is no tests/%s.c' % (id_, test))
        elif not re.search('%s|%s|%s' % (function, kernel, kernel[4:].rsplit('_', 1)[0]),
                           text_of('tests/%s.c' % test)):
            faults.append('%s: tests/%s.c tests neither %s nor %s' % (id_, test, function, kernel))
        page = chapters.get(program[:2])
        shown = '[zh](zh/%s.md) [en](en/%s.md) %s' % (page, page, program) if page else program
        out.append('| %s | $%s$ | %s · %s | %s | `%s` | `%s` | %s | `tests/%s.c` |' %
                   (id_, tex.replace('|', r'\|'), en, zh, where, function, kernel, shown, test))
    return '\n'.join(out) + '\n'


def api(header):
    out = ['# dl.h, function by function · dl.h 的函数', '', 'Made by docs/index.py from the declarations of dl.h, '
           'whose text it is. 由 docs/index.py 从 dl.h 的声明生成。', '']
    last = ''
    for room, comment, code, names in declarations(header):
        if room != last:
            out += ['## %s' % room, '']
            last = room
        out += ['### ' + ' '.join('<a id="%s"></a>`%s`' % (n, n) for n in names), '', '```c', code, '```', '']
        if comment:
            out += [re.sub(r'([*_<$|])', r'\\\1', comment), '']
    return '\n'.join(out)


def main():
    header, faults = text_of('dl.h'), []
    for path, text in (('docs/formulas.md', formulas(header, faults)), ('docs/api.md', api(header))):
        full = os.path.join(ROOT, path)
        if '--check' in sys.argv:
            if not os.path.exists(full) or text_of(path) != text:
                faults.append('%s is not what docs/index.py makes (make docs)' % path)
        else:
            with open(full, 'w', encoding='utf-8') as f:
                f.write(text)
    for fault in faults:
        print('FAILED: ' + fault)
    print('%d passed, %d failed' % (2, len(faults)))
    sys.exit(bool(faults))


if __name__ == '__main__':
    main()
