#!/usr/bin/env python3
"""Packs build/dl-VERSION.zip for people without python3 and pandoc: the repository as it is, the
built site with its PDFs as site/, and SHA256SUMS. Needs what make docs has built.

    python3 docs/dist.py"""
import hashlib, os, re, sys, zipfile

from take import ROOT

PARTS = ['dl.h', 'Makefile', 'learn.bat', 'LICENSE', 'README.md', 'README.zh.md', 'examples', 'data',
         'docs', 'tests']


def files():
    """(name in the archive, path) of everything that goes in, sorted."""
    site = os.path.join(ROOT, 'build', 'docs')
    roots = [(part, os.path.join(ROOT, part)) for part in PARTS] + [('site', site)]
    for part, path in roots:
        if os.path.isfile(path):
            yield part, path
        for folder, inside, names in os.walk(path):
            inside[:] = sorted(d for d in inside if d not in ('__pycache__', 'fashion-mnist'))
            for name in sorted(names):
                if not name.endswith('.pyc'):
                    full = os.path.join(folder, name)
                    yield os.path.join(part, os.path.relpath(full, path)), full


def main():
    missing = [n for n in ('index.html', 'zh/index.html', 'en/index.html', 'dl.h-zh.pdf', 'dl.h-en.pdf')
               if not os.path.exists(os.path.join(ROOT, 'build', 'docs', n))]
    if missing:
        sys.exit('not built: build/docs/%s (make docs needs pandoc, and chromium for the PDFs)' %
                 ', '.join(missing))
    with open(os.path.join(ROOT, 'dl.h'), encoding='ascii') as f:
        version = '.'.join(re.findall(r'^#define DL_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)', f.read(), re.M))
    top = 'dl-' + version
    target = os.path.join(ROOT, 'build', top + '.zip')
    sums = []
    with zipfile.ZipFile(target, 'w', zipfile.ZIP_DEFLATED) as z:
        def add(name, data, mode):
            about = zipfile.ZipInfo(top + '/' + name, (2000, 1, 1, 0, 0, 0))
            about.compress_type, about.create_system = zipfile.ZIP_DEFLATED, 3
            about.external_attr = (0o100000 | mode) << 16
            z.writestr(about, data)
        for name, path in files():
            with open(path, 'rb') as f:
                data = f.read()
            sums.append('%s  %s\n' % (hashlib.sha256(data).hexdigest(), name))
            add(name, data, 0o755 if os.access(path, os.X_OK) else 0o644)
        add('SHA256SUMS', ''.join(sums), 0o644)
    with open(target, 'rb') as f:
        data = f.read()
    with open(target + '.sha256', 'w') as f:
        f.write('%s  %s\n' % (hashlib.sha256(data).hexdigest(), os.path.basename(target)))
    print('%s: %d files, %.1f MB' % (os.path.relpath(target, ROOT), len(sums) + 1, len(data) / 1e6))


if __name__ == '__main__':
    main()
