"""make bench: dl.h and PyTorch take turns on the eight programs; medians, as a table and a plot.

    python3 bench/run.py [quick | full] [cpu] [row ...]

quick: 3 rounds of few images (2 minutes); full: 5 rounds of all 60,000 images (hours); cpu: one
thread, and CPU time instead of the clock, for a machine that is busy with other things.
Writes build/bench.md and build/bench.svg. An epoch of few images is scaled to 60,000."""
import os
import platform
import resource
import statistics
import subprocess
import sys

# row: what it is, millions of multiplications of one image forward and backward
ROWS = {
    "S0": ("784-512-10, batch 128", 2 * (784 * 512 + 5120) + 5120),
    "S1": ("784-128-10, batch 32", 2 * (784 * 128 + 1280) + 1280),
    "S3": ("784-500-10, batch 100", 2 * (784 * 500 + 5000) + 5000),
    "S2": ("small CNN, batch 32", 2 * (194688 + 692224 + 1280) + 692224 + 1280),
    "S4": ("CNN, batch 128", 2 * (194688 + 10616832 + 1179648 + 1280) + 10616832 + 1180928),
    "RNN": ("simple RNN 28 -> 128", 28 * 128 * (2 * 28 + 3 * 128)),
    "LSTM": ("LSTM 28 -> 128", 4 * 28 * 128 * (2 * 28 + 3 * 128)),
    "GRU": ("GRU 28 -> 128", 3 * 28 * 128 * (2 * 28 + 3 * 128)),
}


class Worker:
    def __init__(self, *command):
        self.p = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, *words):
        self.p.stdin.write(" ".join(map(str, words)) + "\n")
        self.p.stdin.flush()
        return float(self.p.stdout.readline())


def compile_seconds(*flags):
    """CPU time of compiling dl.h."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    subprocess.run(["cc", *flags, "-I.", "-c", "build/dl.c", "-o", "build/bench_dl.o"], check=True)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


def cpu_name():
    try:
        with open("/proc/cpuinfo") as f:
            return next(line.split(":")[1].strip() for line in f if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or "unknown CPU"


def torch_worker():
    code = "import torch; print(torch.__version__)"
    version = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    if version.returncode:
        return None, "not installed"
    return Worker(sys.executable, "bench/torch_bench.py"), version.stdout.strip()


def measure(mode, rows, threads):
    """For each row: median seconds of (library, threads), accuracies, median peak."""
    dl, (torch, version) = Worker("build/bench"), torch_worker()
    rounds = 3 if mode == "quick" else 5
    results = {}
    for row in rows:
        images = 60000 if mode == "full" else 1280 if row == "S4" else 6000
        ways = [(dl, "dl.h", t) for t in threads]
        ways += [(torch, "PyTorch", t) for t in threads if torch]
        times, peaks = {(name, t): [] for _, name, t in ways}, []
        for _ in range(rounds + 1):                      # the first round warms up
            peaks.append(dl.ask("peak", threads[-1]))
            for worker, name, t in ways:
                times[name, t].append(worker.ask("epoch", row, t, images) * 60000 / images)
        seconds = {k: statistics.median(v[1:]) for k, v in times.items()}
        right = {(name, t): worker.ask("test", row, t) for worker, name, t in ways}
        for worker, _, t in ways:
            worker.ask("free", row, t)
        results[row] = seconds, right, statistics.median(peaks)
        print(row, {f"{k[0]} {k[1]}": round(v, 2) for k, v in seconds.items()}, flush=True)
    return results, version, dl.ask("op")


def best(seconds, name):
    return min((v for k, v in seconds.items() if k[0] == name), default=float("nan"))


def table(results, threads):
    ours = " | ".join(f"dl.h, {t} thread{'s'[:t > 1]}" for t in threads)
    lines = [f"| program | limit | {ours}"
             " | PyTorch (its best) | dl.h is faster by | dl.h / limit | accuracy dl.h, PyTorch |",
             "|---" * (6 + len(threads)) + "|"]
    for row, (seconds, right, peak) in results.items():
        limit, ours, theirs = (ROWS[row][1] * 2 * 60000 / peak / 1e9, best(seconds, "dl.h"),
                               best(seconds, "PyTorch"))
        accuracy = [max((v for k, v in right.items() if k[0] == name), default=float("nan"))
                    for name in ("dl.h", "PyTorch")]
        lines.append(f"| {row} {ROWS[row][0]} | {limit:.2f} | " +
                     " | ".join(f"{seconds['dl.h', t]:.2f}" for t in threads) +
                     f" | {theirs:.2f} | {theirs / ours:.1f}x | {ours / limit:.2f} | " +
                     f"{100 * accuracy[0]:.1f} %, {100 * accuracy[1]:.1f} % |")
    return "\n".join(lines)


def plot(results, threads, version):
    """Bars: how many times faster than PyTorch at its best."""
    height, wide = 26 * len(threads) + 18, 470
    ratio = {row: [best(s, "PyTorch") / s["dl.h", t] for t in threads]
             for row, (s, _, _) in results.items()}
    most = max(1.0, max((r for v in ratio.values() for r in v if r == r), default=1.0))
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="760" '
           f'height="{60 + height * len(results)}" font-family="sans-serif" font-size="13">',
           '<rect width="100%" height="100%" fill="#fff"/>',
           f'<text x="20" y="26" font-size="16" font-weight="bold">Training speed of dl.h, '
           f'PyTorch {version} = 1</text>']
    for i, row in enumerate(results):
        y = 48 + i * height
        out.append(f'<text x="20" y="{y + 18}">{row} {ROWS[row][0].replace(">", "&gt;")}</text>')
        for j, t in enumerate(threads):
            r = ratio[row][j]
            if r == r:
                out.append(f'<rect x="220" y="{y + 26 * j}" width="{wide * r / most:.1f}" '
                           f'height="22" fill="{"#9ecae1" if t == 1 else "#3182bd"}"/>'
                           f'<text x="226" y="{y + 26 * j + 16}">{r:.1f}x, {t} '
                           f'thread{"s"[:t > 1]}</text>')
    x = 220 + wide / most
    out.append(f'<path d="M{x:.1f} 40V{48 + height * len(results)}" stroke="#d62728" '
               'stroke-dasharray="4 3"/></svg>')
    return "\n".join(out) + "\n"


def main():
    words = sys.argv[1:]
    mode = next((w for w in words if w in ("quick", "full")), "default")
    rows = [w for w in words if w in ROWS] or list(ROWS)
    threads = sorted({1, min(2, os.cpu_count() or 1)})
    if "cpu" in words:
        threads = [1]
        os.environ["BENCH_CPU"] = "1"
    results, version, op = measure(mode, rows, threads)
    text = (f"Seconds for one epoch of 60,000 images; {cpu_name()}, {os.cpu_count()} CPUs, "
            f"PyTorch {version}, mode {mode}{', CPU time' * ('cpu' in words)}, "
            f"load {os.getloadavg()[0]:.1f}.\n"
            f"The limit counts the multiplications alone, at the peak measured in the same run.\n\n"
            f"{table(results, threads)}\n\n"
            f"One operation on the tape, forward and backward: {op:.0f} ns. Compiling dl.h (CPU "
            f"time): {compile_seconds('-O0'):.1f} s at -O0, {compile_seconds('-O2'):.1f} s at "
            f"-O2.\n")
    with open("build/bench.md", "w") as f:
        f.write(text)
    with open("build/bench.svg", "w") as f:
        f.write(plot(results, threads, version))
    print(text + "\nbuild/bench.md, build/bench.svg")


main()
