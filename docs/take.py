#!/usr/bin/env python3
"""What the pages take in: code, runs of the programs, and breaks, never pasted by hand.

    python3 docs/take.py           renew every page (make docs)
    python3 docs/take.py --check   say which pages differ from a fresh run (make test)

A page in docs/zh or docs/en holds, between a marker and <!-- end -->, a code block which this
program writes:

    <!-- take code FILE NAME -->              the definition of a function, table or type in FILE
    <!-- take decl dl.h NAME -->              its comment and declaration in dl.h
    <!-- take line FILE WORDS -->             the one line that holds these words
    <!-- take run PROGRAM ARGS | /A/ /B/ -->  what build/PROGRAM prints, from the first line that
                                              holds A to the next one that holds B; /A/ /A/ is one
                                              line, nothing is all of it
    <!-- take kept NAME | /A/ /B/ -->         likewise from docs/kept/NAME.LANG.txt, a long run kept
                                              by docs/keep.py, whose first line is its command
    <!-- take broken ARGS | /A/ /B/ -->       likewise from the program changed as the block
                                              ```diff before it says, whose marker names the file:
                                              <!-- break examples/01_forward.c -->

Numbers of a fresh run may differ from the page by the last digit shown (another CPU, another libm);
a run under <!-- loose --> is renewed, but its numbers are not compared."""
import functools, os, re, shlex, subprocess, sys, tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MARK = re.compile(r'<!-- (take|break|loose)\b ?(.*?) ?-->')


class Fault(Exception):
    pass


def rows(name):
    """The rows of a table in docs/, without its comments."""
    with open(os.path.join(ROOT, 'docs', name), encoding='utf-8') as f:
        return [line.rstrip('\n').split('\t') for line in f if line.strip() and line[0] != '#']


@functools.lru_cache(None)
def lines_of(path):
    with open(os.path.join(ROOT, path), encoding='utf-8') as f:
        return f.read().split('\n')


def code(path, name):
    """The definition of name: from the line that begins it to the brace or semicolon that ends it."""
    lines = lines_of(path)
    word = re.compile(r'\b%s\b' % re.escape(name))
    for i, line in enumerate(lines):
        if not word.search(line) or line[:1] in ' /#*}' or not line:
            continue
        start = i
        while start > 0 and lines[start - 1] and lines[start - 1][0] not in ' /#*};' \
                and not re.search(r'[;{}*/]$', lines[start - 1]):
            start -= 1
        end = i
        while not re.search(r'[;{]', lines[end].split('/*')[0]):
            end += 1
        if '{' in lines[end] and '}' not in lines[end].split('{', 1)[1]:
            while lines[end][:1] != '}':
                end += 1
        elif '{' not in ''.join(lines[i:end + 1]) and path.endswith(('.c', 'dl.h')):
            if '(' in ''.join(lines[i:end + 1]):
                continue                                     # a declaration: the definition follows
        return lines[start:end + 1]
    raise Fault('%s: no definition of %s' % (path, name))


def declaration(path, name):
    """The comment above the declaration of name, and its own lines."""
    lines = lines_of(path)
    word = re.compile(r'^(DL_DEF|DL_KERNEL|typedef|#define)\b.*\b%s\b' % re.escape(name))
    for i, line in enumerate(lines):
        if word.search(line):
            end = i
            while ';' not in lines[end] and lines[end]:
                end += 1
            top = i
            while top > 0 and lines[top - 1] and '*/' not in lines[top - 1]:
                top -= 1
            start = top - 1
            while start > 0 and '/*' not in lines[start]:
                start -= 1
            return lines[start:top] + lines[i:end + 1]
    raise Fault('%s: no declaration of %s' % (path, name))


def parts(text):
    """'ARGS | /A/ /B/' as ARGS, A, B."""
    args, _, window = (' ' + text).partition(' | ')
    found = re.fullmatch(r'\s*(?:/(.*?)/ +/(.*?)/)?\s*', window)
    if not found:
        raise Fault('"%s": after | stands /A/ /B/' % text)
    return args.strip(), found.group(1), found.group(2)


def window(lines, a, b):
    """From the first line that holds a to the next that holds b (the same one if a is b)."""
    if a is None:
        return lines
    start = next((i for i, line in enumerate(lines) if re.search(a, line)), None)
    if start is None:
        raise Fault('no line with /%s/' % a)
    end = next((i for i in range(start if a == b else start + 1, len(lines))
                if re.search(b, lines[i])), None)
    if end is None:
        raise Fault('no line with /%s/ after /%s/' % (b, a))
    return lines[start:end + 1]


def output(command):
    """The lines that a command prints, and how it ended."""
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          stdin=subprocess.DEVNULL, timeout=600)
    text = done.stdout.decode('utf-8').rstrip('\n')
    return [line.rstrip() for line in text.split('\n')], done.returncode


@functools.lru_cache(None)
def run(program, args, lang):
    path = 'build/' + program
    if not os.path.exists(os.path.join(ROOT, path)):
        raise Fault('%s is missing: make %s' % (path, path))
    lines, failed = output([path] + shlex.split(args) + ['--lang', lang])
    if failed:
        raise Fault('%s %s fails: %s' % (path, args, lines[-1]))
    return lines


def changed(path, diff):
    """The text of path with the - lines of a diff replaced by its + lines, which it holds once.
    Lines are compared without the spaces around them; those that belong together stand together."""
    text = '\n'.join(lines_of(path))
    groups, old, new = [], [], []
    for line in diff + [' ']:
        if line.startswith('-') and not new:
            old.append(line[1:].strip())
        elif line.startswith('+'):
            new.append(line[1:].strip())
        elif old or new:
            groups.append((old, new))
            old, new = ([line[1:].strip()], []) if line.startswith('-') else ([], [])
    for old, new in groups:
        pattern = r'\n *'.join(re.escape(part) for part in old)
        if len(re.findall(pattern, text)) != 1:
            raise Fault('%s: "%s" stands there %d times, not once'
                        % (path, old[0], len(re.findall(pattern, text))))
        text = re.sub(pattern, lambda _: '\n'.join(new), text)
    return text


@functools.lru_cache(None)
def broken(path, diff, args, lang):
    """What the changed program prints; it may fail, that is what breaking means."""
    folder = os.path.join(ROOT, 'build', 'docs-break')
    os.makedirs(folder, exist_ok=True)
    text = changed(path, list(diff))
    with tempfile.TemporaryDirectory(dir=folder) as work:
        source = os.path.join(work, 'broken.c')
        text = text.replace('"../dl.h"', '"%s/dl.h"' % ROOT).replace('"example.h"',
                                                                    '"%s/examples/example.h"' % ROOT)
        with open(source, 'w', encoding='utf-8') as f:
            f.write(text)
        alone = re.search(r'^ *# *define DL_REAL', text, re.M)
        library = [] if alone else ['-DDL_IMPLEMENTED', os.path.join(ROOT, 'build', 'dl.o')]
        built, failed = output([os.environ.get('CC', 'cc'), '-O2'] +
                                  ['-fopenmp'] +
                                  library + [source, '-o', os.path.join(work, 'broken'), '-lm'])
        if failed:
            return [line.replace(work + '/', '').replace(ROOT + '/', '') for line in built]
        return output([os.path.join(work, 'broken')] + shlex.split(args) + ['--lang', lang])[0]


def taken(kind, rest, lang, state):
    """The lines of a code block, with its fences."""
    if kind in ('code', 'decl'):
        path, name = rest.split()
        body = (code if kind == 'code' else declaration)(path, name)
        return ['```c'] + body + ['```']
    if kind == 'line':
        path, words = rest.split(' ', 1)
        found = [line.strip() for line in lines_of(path) if words in line]
        if len(found) != 1:
            raise Fault('%s: "%s" stands in %d lines' % (path, words, len(found)))
        return ['```c'] + found + ['```']
    args, a, b = parts(rest)
    if kind == 'run':
        program, _, args = args.partition(' ')
        body = run(program, args, lang)
    elif kind == 'kept':
        body = lines_of('docs/kept/%s.%s.txt' % (args, lang))
        return ['```text'] + body[:1] + window(body[1:], a, b) + ['```']
    elif kind == 'broken':
        if not state:
            raise Fault('broken without a break before it')
        body = broken(state[0], tuple(state[1]), args, lang)
    else:
        raise Fault('take %s: there is code, decl, line, run, kept, broken' % kind)
    return ['```text'] + window(body, a, b) + ['```']


NUMBER = re.compile(r'-?\d+(?:\.\d+)?(?:e[-+]?\d+)?')


def alike(old, new):
    """The same text, and numbers that differ by at most one in the last digit of the old."""
    if NUMBER.sub('#', old) != NUMBER.sub('#', new):
        return False
    for p, q in zip(NUMBER.findall(old), NUMBER.findall(new)):
        digits = len(p.split('e')[0].partition('.')[2])
        scale = 10.0 ** (float(p.split('e')[1]) if 'e' in p else 0)
        if abs(float(p) - float(q)) > 1.01 * scale * 10.0 ** -digits * (digits > 0 or 'e' in p):
            return False
    return True


def renew(path, lang, check):
    """The page with everything taken in again, and what differs."""
    with open(path, encoding='utf-8') as f:
        lines = f.read().split('\n')
    out, faults, state, loose, i = [], [], None, False, 0
    while i < len(lines):
        out.append(lines[i])
        mark = MARK.fullmatch(lines[i].strip())
        i += 1
        if not mark:
            continue
        kind, rest = mark.groups()
        if kind == 'loose':
            loose = True
            continue
        if kind == 'break':
            diff = lines[i + 1:i + 1 + lines[i + 1:].index('```')]
            state = (rest, diff)
            continue
        where = '%s:%d' % (os.path.relpath(path, ROOT), i)
        end = i
        while end < len(lines) and lines[end].strip() != '<!-- end -->':
            if MARK.fullmatch(lines[end].strip()):
                end = len(lines)
            end += 1
        if end >= len(lines):
            faults.append('%s: no <!-- end -->' % where)
            continue
        try:
            new = taken(*rest.split(' ', 1), lang, state)
        except (Fault, subprocess.TimeoutExpired) as fault:
            faults.append('%s: %s' % (where, fault))
            new = lines[i:end]
        old = lines[i:end]
        if len(old) != len(new) or not all(
                NUMBER.sub('#', p) == NUMBER.sub('#', q) if loose else alike(p, q)
                for p, q in zip(old, new)):
            faults.append('%s: take %s differs from a fresh run (make docs)' % (where, rest))
            out += new
        else:
            out += old
        loose = False
        i = end
    return '\n'.join(out), faults


def main():
    check = '--check' in sys.argv
    only = [a for a in sys.argv[1:] if not a.startswith('-')]
    pages, bad = 0, []
    for lang in ('zh', 'en'):
        folder = os.path.join(ROOT, 'docs', lang)
        for name in sorted(os.listdir(folder)):
            path = os.path.join(folder, name)
            if not name.endswith('.md') or only and not any(o in path for o in only):
                continue
            text, faults = renew(path, lang, check)
            pages += 1
            if check:
                bad += faults
            else:
                bad += [f for f in faults if not f.endswith('(make docs)')]
                with open(path, 'w', encoding='utf-8') as f:
                    f.write(text)
    for fault in bad:
        print('FAILED: ' + fault)
    print('%d passed, %d failed' % (pages, len(bad)))
    sys.exit(bool(bad))


if __name__ == '__main__':
    main()
