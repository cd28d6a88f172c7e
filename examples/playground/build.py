"""Builds docs/playground.html: dl.h compiled to WebAssembly, the page around it, and its data, all in
one file that opens by a double click.

    python3 examples/playground/build.py             writes docs/playground.html
    python3 examples/playground/build.py --poems F   only writes the poems as numbers, for train.c
    python3 examples/playground/build.py --check     does the page fit these files and this dl.h?

Needs a clang that knows wasm32-wasi: pip install ziglang (or set WASM_CC to another one). The page
carries a hash of this directory and the version of dl.h; the test compares them."""
import base64, collections, gzip, hashlib, os, re, subprocess, sys, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PAGE = os.path.join(ROOT, 'docs', 'playground.html')
SCRIPTS = ['core.js', 'p_digits.js', 'p_points.js', 'p_convolve.js', 'p_race.js',
           'p_memory.js', 'p_language.js', 'p_speed.js', 'main.js']
NATIVE = '{ rate: %s, where: "%s" }'
TRAIN, TEST = 5000, 1000
POEMS_TEST = 64


def read(*path):
    with open(os.path.join(ROOT, *path), 'rb') as f:
        return f.read()


def version():
    text = read('dl.h').decode()
    return '.'.join(re.search(r'#define DL_VERSION_%s (\d+)' % p, text).group(1)
                    for p in ('MAJOR', 'MINOR', 'PATCH'))


def sources_hash():
    h = hashlib.sha256()
    for name in sorted(os.listdir(HERE)):
        if name.endswith(('.c', '.h', '.js', '.css', '.py', '.safetensors', '.bf16', '.txt')):
            h.update(name.encode() + b'\0' + read('examples', 'playground', name))
    return h.hexdigest()[:16]


def poems():
    """All quatrains of seven signs a verse: the signs, the most frequent first, and the poems as
    text, those to test with last."""
    lines = [l.split('\t')[1] for l in read('data', 'poems', 'tang.txt').decode().splitlines()]
    lines = [l for l in lines if len(l) == 32]
    signs = [s for s, n in collections.Counter(''.join(lines)).most_common()]
    step = len(lines) // POEMS_TEST
    last = lines[::step][:POEMS_TEST]
    return ['▸'] + signs, [l for i, l in enumerate(lines) if i % step or i // step >= POEMS_TEST] + last


def compiled(flags):
    cc = os.environ.get('WASM_CC', sys.executable + ' -m ziglang cc').split()
    with tempfile.TemporaryDirectory() as d:
        out = os.path.join(d, 'play.wasm')
        subprocess.run(cc + ['-target', 'wasm32-wasi', '-mexec-model=reactor', '-Wl,--gc-sections',
                             '-Wl,--strip-all', '-Wl,-z,stack-size=1048576', '-o', out,
                             os.path.join(HERE, 'play.c')] + flags, check=True)
        with open(out, 'rb') as f:
            return f.read()


def mnist():
    x = read('data', 'mnist', 'train-images-idx3-ubyte')[16:16 + TRAIN * 784]
    x += read('data', 'mnist', 't10k-images-idx3-ubyte')[16:16 + TEST * 784]
    y = read('data', 'mnist', 'train-labels-idx1-ubyte')[8:8 + TRAIN]
    y += read('data', 'mnist', 't10k-labels-idx1-ubyte')[8:8 + TEST]
    return y + x


def native():
    """Pictures a second of the same C on this machine, one thread; kept beside the sources, since a
    page should not change with each build."""
    return read('examples', 'playground', 'native.txt').decode().strip().split('\t')


def build():
    signs, lines = poems()
    pack = lambda b: base64.b64encode(gzip.compress(b, 9, mtime=0)).decode()
    assets = {
        'simd': pack(compiled(['-O3', '-msimd128'])),
        'plain': pack(compiled(['-Oz'])),
        'mnist': pack(mnist()),
        'net': base64.b64encode(read('examples', 'playground', 'digits.safetensors')).decode(),
        'poet': pack(read('examples', 'playground', 'poet.bf16')),
        'poems': pack((''.join(signs) + '\n' + '\n'.join(lines)).encode()),
        'series': base64.b64encode(read('data', 'series', 'airline.csv')).decode(),
    }
    rate, where = native()
    head = ('const VERSION = "%s", SOURCES = "%s", NATIVE = ' % (version(), sources_hash()) +
            NATIVE % (rate, where) + ', CHAPTER_EXT = ".md";\n')
    js = head + '\n'.join(read('examples', 'playground', s).decode() for s in SCRIPTS)
    page = ['<!doctype html>', '<html lang="en">', '<head>', '<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="generator" content="dl.h %s %s">' % (version(), sources_hash()),
            '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; script-src '
            '\'unsafe-inline\' \'unsafe-eval\' blob:; worker-src blob:; style-src \'unsafe-inline\'; '
            'img-src data: blob:">',
            '<title>dl.h playground</title>', '<link rel="icon" href="data:,">',
            '<style>', read('examples', 'playground', 'page.css').decode(), '</style>']
    for name, data in assets.items():
        page.append('<script type="text/plain" id="asset-%s">%s</script>' % (name, data))
    page.append('<script type="text/plain" id="engine">%s</script>'
                % read('examples', 'playground', 'engine.js').decode())
    page += ['</head>', '<body>', '<script>%s</script>' % js, '</body>', '</html>']
    with open(PAGE, 'w', encoding='utf-8') as f:
        f.write('\n'.join(page) + '\n')
    print('%s: %.2f MB (%s)' % (os.path.relpath(PAGE, ROOT), os.path.getsize(PAGE) / 1e6,
          ', '.join('%s %d kB' % (k, len(v) // 1000) for k, v in assets.items())))


def check():
    with open(PAGE, encoding='utf-8') as f:
        found = re.search(r'content="dl\.h (\S+) (\w+)"', f.read(4000))
    want = (version(), sources_hash())
    if not found or found.groups() != want:
        print('FAIL docs/playground.html is of dl.h %s, sources %s; here are %s, %s: make playground'
              % ((found.groups() if found else ('?', '?')) + want))
        print('0 passed, 1 failed')
        return 1
    print('1 passed, 0 failed')
    return 0


if __name__ == '__main__':
    if '--check' in sys.argv:
        sys.exit(check())
    elif '--poems' in sys.argv:
        signs, lines = poems()
        number = {s: i for i, s in enumerate(signs)}
        with open(sys.argv[sys.argv.index('--poems') + 1], 'w') as f:
            f.write('%d %d %d\n' % (len(signs), len(lines), POEMS_TEST))
            for l in lines:
                f.write(' '.join(str(number[s]) for s in l) + '\n')
    else:
        build()
