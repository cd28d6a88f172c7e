#!/usr/bin/env python3
"""Runs the programs for the pages: their figures, and the output of those that take long.

    python3 docs/keep.py            all of docs/runs.tsv (an hour)
    python3 docs/keep.py 01 10      those whose names begin so

A line of docs/runs.tsv is NAME, PROGRAM, OPTIONS. The program runs once a language; each figure of
its page that has a name goes to docs/LANG/fig/, and what it printed, if a page takes it in, to
docs/kept/NAME.LANG.txt, with the command in front."""
import glob, os, re, shlex, subprocess, sys, tempfile

from take import ROOT, rows


def figures(page, folder):
    """Cut the named figures out of a page, each a file of its own."""
    for svg in re.findall(r'<svg [^>]*\bid="[^"]+".*?</svg>', page, re.S):
        name = re.search(r'\bid="([^"]+)"', svg).group(1)
        with open(os.path.join(folder, name + '.svg'), 'w', encoding='utf-8') as f:
            f.write(svg + '\n')


def is_taken(name, lang):
    for page in glob.glob(os.path.join(ROOT, 'docs', lang, '*.md')):
        with open(page, encoding='utf-8') as f:
            if '<!-- take kept %s ' % name in f.read():
                return True
    return False


def keep(name, program, options, lang):
    folder = os.path.join(ROOT, 'docs', lang, 'fig')
    os.makedirs(folder, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        html = os.path.join(work, 'page.html')
        command = ['build/' + program] + shlex.split(options)
        done = subprocess.run(command + ['--lang', lang, '--html', html], cwd=ROOT, check=True,
                              stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
        with open(html, encoding='utf-8') as f:
            figures(f.read(), folder)
    if not is_taken(name, lang):
        return
    lines = done.stdout.decode('utf-8').replace(html, 'page.html').rstrip('\n').split('\n')
    with open(os.path.join(ROOT, 'docs', 'kept', '%s.%s.txt' % (name, lang)), 'w',
              encoding='utf-8') as f:
        f.write('\n'.join(['$ ' + ' '.join(command)] + [line.rstrip() for line in lines]) + '\n')


def main():
    for name, program, options in rows('runs.tsv'):
        if len(sys.argv) > 1 and not any(name.startswith(a) for a in sys.argv[1:]):
            continue
        for lang in ('zh', 'en'):
            print('%s (%s): build/%s %s' % (name, lang, program, options), flush=True)
            keep(name, program, options, lang)


if __name__ == '__main__':
    main()
