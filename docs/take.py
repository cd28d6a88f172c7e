#!/usr/bin/env python3
"""What the pages take in: code, runs of the programs, and breaks, never pasted by hand.

    python3 docs/take.py           renew every page (make docs)
    python3 docs/take.py --check   say which pages differ from a fresh run (make check-docs)
    python3 docs/take.py --check --quick    the same, but programs run for one language only: even
                                   chapters in Chinese, odd ones in English (make test)

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

Numbers of a fresh run may differ from the page by the last digit shown (another CPU, another libm).
Before a run whose last digits grow into more, as every training's do, stands <!-- loose 3 % -->: its
numbers may differ by so much of themselves (10 % where none is given). Seconds are not compared."""
import functools, glob, hashlib, os, re, shlex, subprocess, sys, tempfile, threading
from concurrent.futures import ThreadPoolExecutor

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
    """The lines that a command prints, and how it ended. One thread: results are the same for any
    number of them, and several commands run at a time."""
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          stdin=subprocess.DEVNULL, timeout=600,
                          env=dict(os.environ, OMP_NUM_THREADS='1'))
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


def compiler():
    return os.environ.get('CC', 'cc').split()


FOLDER = os.path.join(ROOT, 'build', 'docs-break')
locks, kept_programs = {}, set()


@functools.lru_cache(None)
def openmp():
    """The option for several cores, if dl.o was built with it."""
    with open(os.path.join(ROOT, 'build', 'dl.o'), 'rb') as f:
        return ['-fopenmp'] if re.search(b'GOMP_|__kmpc_', f.read()) else []


def library(double):
    """The compiled dl.h: what make has built, or, for double, one of our own."""
    if not double:
        return os.path.join(ROOT, 'build', 'dl.o')
    header = os.path.join(ROOT, 'dl.h')
    for path in (os.path.join(ROOT, 'build', 'tests', 'dl-double.o'),
                 os.path.join(FOLDER, 'dl-double.o')):
        if os.path.exists(path) and os.path.getmtime(path) > os.path.getmtime(header):
            return path
    source = path[:-1] + 'c'
    with open(source, 'w') as f:
        f.write('#define DL_IMPLEMENTATION\n#include "%s"\n' % header)
    built, failed = output(compiler() + ['-O1', '-DDL_REAL=double'] + openmp() +
                           ['-c', source, '-o', path])
    if failed:
        raise Fault('dl.h does not compile: ' + built[-1])
    return path


def built(text):
    """The program of this text, compiled once: its path, or None and what the compiler said."""
    double = re.search(r'^ *# *define DL_REAL +double', text, re.M) is not None
    with locks.setdefault(('library', double), threading.Lock()):
        object_ = library(double)
    about = [text, '\n'.join(lines_of('examples/example.h')), object_,
             str(os.path.getmtime(object_)), ' '.join(compiler())]
    path = os.path.join(FOLDER, hashlib.sha1('\0'.join(about).encode()).hexdigest()[:16])
    with locks.setdefault(path, threading.Lock()):
        kept_programs.add(path)
        if os.path.exists(path):
            return path, []
        for name in ('dl.h', 'example.h'):
            full = os.path.join(ROOT, '' if name == 'dl.h' else 'examples', name)
            text = re.sub(r'#include "(\.\./)*%s"' % re.escape(name), '#include "%s"' % full, text)
        with tempfile.TemporaryDirectory(dir=FOLDER) as work:
            source = os.path.join(work, 'broken.c')
            with open(source, 'w', encoding='utf-8') as f:
                f.write(text)
            said, failed = output(compiler() + ['-O0', '-DDL_IMPLEMENTED'] + openmp() +
                                  [source, object_, '-o', path, '-lm'])
            return (None if failed else path,
                    [line.replace(work + '/', '').replace(ROOT + '/', '') for line in said])


@functools.lru_cache(None)
def broken(path, diff, args, lang):
    """What the changed program prints; it may fail, that is what breaking means."""
    os.makedirs(FOLDER, exist_ok=True)
    program, said = built(changed(path, list(diff)))
    if program is None:
        return said
    return output([program] + shlex.split(args) + ['--lang', lang])[0]


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
SECONDS = re.compile(r'seconds=[\d.]+|\b\d+(?:\.\d+)? ?(?:s\b|秒|seconds\b(?!=))')


def alike(old, new, loose):
    """The same text, and numbers that differ by at most one in the last digit of the old, or by
    the part loose of it."""
    if loose:
        old, new = SECONDS.sub('s', old), SECONDS.sub('s', new)
        old, new = re.sub(r' +', ' ', old), re.sub(r' +', ' ', new)
    if NUMBER.sub('#', old) != NUMBER.sub('#', new):
        return False
    for p, q in zip(NUMBER.findall(old), NUMBER.findall(new)):
        digits = len(p.split('e')[0].partition('.')[2])
        scale = 10.0 ** (float(p.split('e')[1]) if 'e' in p else 0)
        last = 1.01 * scale * 10.0 ** -digits * (digits > 0 or 'e' in p)
        if abs(float(p) - float(q)) > max(last, loose * abs(float(p))):
            return False
    return True


def renew(path, lang, skip_runs=False):
    """The page with everything taken in again, and what differs."""
    with open(path, encoding='utf-8') as f:
        lines = f.read().split('\n')
    out, faults, state, loose, i = [], [], None, 0, 0
    while i < len(lines):
        out.append(lines[i])
        mark = MARK.fullmatch(lines[i].strip())
        i += 1
        if not mark:
            continue
        kind, rest = mark.groups()
        if kind == 'loose':
            part = re.fullmatch(r'(\d+) %', rest or '10 %')
            if not part:
                faults.append('%s:%d: loose %s' % (os.path.relpath(path, ROOT), i, rest))
            loose = float(part.group(1)) / 100 if part else 0
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
        if skip_runs and rest.split(' ', 1)[0] in ('run', 'broken'):
            out += lines[i:end]
            loose, i = 0, end
            continue
        try:
            new = taken(*rest.split(' ', 1), lang, state)
        except (Fault, subprocess.TimeoutExpired) as fault:
            faults.append('%s: %s' % (where, fault))
            new = lines[i:end]
        old = lines[i:end]
        differs = [(p, q) for p, q in zip(old, new) if not alike(p, q, loose)]
        if len(old) != len(new) or differs:
            faults.append('%s: take %s differs from a fresh run (make docs)' % (where, rest))
            faults += ['    ' + line for pair in differs[:3] for line in pair]
            out += new
        else:
            out += old
        loose = 0
        i = end
    return '\n'.join(out), faults


def is_other(path, lang):
    """Is this the page of a chapter whose programs run for the other language, where one does?"""
    number = re.match(r'(\d\d)_', os.path.basename(path))
    return number is not None and (int(number.group(1)) % 2 == 0) != (lang == 'zh')


def main():
    check = '--check' in sys.argv
    only = [a for a in sys.argv[1:] if not a.startswith('-')]
    pages = [(path, lang) for lang in ('zh', 'en')
             for path in sorted(glob.glob(os.path.join(ROOT, 'docs', lang, '*.md')))
             if not only or any(o in path for o in only)]
    bad, faulty = [], 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        done = list(pool.map(lambda page: renew(*page, '--quick' in sys.argv and is_other(*page)), pages))
    for (path, _), (text, faults) in zip(pages, done):
        if not check:
            faults = [f for f in faults if not re.search(r'\(make docs\)$|^    ', f)]
            with open(path, 'w', encoding='utf-8') as f:
                f.write(text)
        faulty += bool(faults)
        bad += faults
    if not only:
        for old in set(glob.glob(os.path.join(FOLDER, '?' * 16))) - kept_programs:
            os.remove(old)
    for fault in bad:
        print(fault if fault.startswith('    ') else 'FAILED: ' + fault)
    print('%d passed, %d failed' % (len(pages) - faulty, faulty))
    sys.exit(bool(bad))


if __name__ == '__main__':
    main()
