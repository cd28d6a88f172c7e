"""The results of run.py as tables and a plot; publish puts them where readers find them."""
import json
import math
import os
import sys
import textwrap

# program: what it is, multiplications of one image, forward and backward
ROWS = {
    "S0": ("784-512-10, batch 128", 2 * (784 * 512 + 5120) + 5120),
    "S1": ("784-128-10, batch 32", 2 * (784 * 128 + 1280) + 1280),
    "S3": ("784-500-10, batch 100", 2 * (784 * 500 + 5000) + 5000),
    "S2": ("small CNN, batch 32", 2 * (194688 + 692224 + 1280) + 692224 + 1280),
    "S4": ("CNN, batch 128", 2 * (194688 + 10616832 + 1179648 + 1280) + 10616832 + 1180928),
    "RNN": ("28 steps, 128 units", 28 * 128 * (2 * 28 + 3 * 128)),
    "LSTM": ("28 steps, 128 units", 4 * 28 * 128 * (2 * 28 + 3 * 128)),
    "GRU": ("28 steps, 128 units", 3 * 28 * 128 * (2 * 28 + 3 * 128)),
}
BEGIN, END = "<!-- make bench BENCH=publish writes this -->", "<!-- up to here -->"


def digits(x, unit=""):
    """Three of them; - for what was not measured."""
    if x is None or x != x or x <= 0:
        return "-"
    return f"{x:.{max(0, 2 - math.floor(math.log10(x)))}f}{unit}"


def best(values, library, pick=min):
    """The best value of a library and its setting: (2.31, "2 threads")."""
    of = {k[len(library) + 1:]: v for k, v in values.items() if k.startswith(library + " ")}
    if not of:
        return float("nan"), ""
    setting = pick(of, key=of.get)
    n, _, how = setting.partition(" ")
    return of[setting], f"{n} thread{'s' * (n > '1')}{', ' * bool(how)}{how}"


def markdown(head, lines):
    return "\n".join(["| " + " | ".join(head) + " |", "|---" + "|--:" * (len(head) - 1) + "|",
                      *("| " + " | ".join(line) + " |" for line in lines)]) + "\n"


def threads_of(result):
    return [(f"dl.h {t}", f"{t} thread{'s' * (t > 1)}") for t in result["about"]["threads"]]


def programs(result):
    lines = []
    for row, r in result["rows"].items():
        limit = ROWS[row][1] * 2 * 60000 / r["peak"]
        ours, (theirs, setting) = best(r["seconds"], "dl.h")[0], best(r["seconds"], "PyTorch")
        accuracy = [digits(100 * r["accuracy"].get(x, math.nan)) for x in ("dl.h", "PyTorch")]
        lines.append([f"{row}: {ROWS[row][0]}",
                      *(digits(r["seconds"][k]) for k, _ in threads_of(result)),
                      digits(theirs) + f" ({setting})" * bool(setting),
                      f"**{digits(theirs / ours)}**", digits(limit), digits(ours / limit),
                      f"{r['images']:,}", " / ".join(accuracy)])
    return markdown(["program", *("dl.h, " + name for _, name in threads_of(result)),
                     "PyTorch, its best", "times faster", "limit", "dl.h / limit",
                     "images an epoch", "accuracy, %: dl.h / PyTorch"], lines)


def products(result):
    lines = []
    for what, kind, m, n, k, speed in result["product"]:
        how = {"nn": "A B", "nt": "A B^T", "tn": "A^T B"}[kind]
        cells = [what, how, f"{m} x {n}, {k}"]
        for key, _ in threads_of(result):
            theirs = speed.get(key.replace("dl.h", "OpenBLAS"), math.nan)
            cells += [digits(speed[key] / 1e9), digits(theirs / 1e9), digits(speed[key] / theirs)]
        lines.append(cells)
    head = ["product", "", "m x n, k"]
    for _, name in threads_of(result):
        head += [f"dl.h, {name}", f"OpenBLAS, {name}", "ratio"]
    return markdown(head, lines)


def inference(result):
    lines = []
    for row, batch, seconds in result["inference"]["table"]:
        cells = [f"{row}, batch {batch}"]
        for key, _ in threads_of(result):
            theirs = seconds.get(key.replace("dl.h", "ONNX Runtime"), math.nan)
            cells += [digits(seconds[key] * 1e6), digits(theirs * 1e6),
                      digits(theirs / seconds[key])]
        lines.append(cells)
    head = ["network"]
    for _, name in threads_of(result):
        head += [f"dl.h, {name}", f"ONNX Runtime, {name}", "times faster"]
    return markdown(head, lines)


def exponent(points):
    """Of the power of n nearest to the points (n, seconds): least squares on logarithms."""
    x, y = [math.log(n) for n, _ in points], [math.log(s) for _, s in points]
    mx, my = sum(x) / len(x), sum(y) / len(y)
    return (sum((a - mx) * (b - my) for a, b in zip(x, y)) / sum((a - mx) ** 2 for a in x))


def growth(result):
    lines = [[name, *(f"{n}: {digits(s * 1e3)}" for n, s in points),
              f"{exponent(points):.2f}", str(expected)]
             for name, expected, points in result["growth"]]
    return markdown(["one training step, ms, at each size", "", "", "", "", "exponent", "expected"],
                    lines)


def machine(result):
    a = result["about"]
    names = [f"{k} {v.split()[1] if k == 'OpenBLAS' else v}" for k, v in a.items()
             if k in ("PyTorch", "OpenBLAS", "ONNX Runtime") and v]
    return textwrap.fill(
        f"{a['cpu']}, {a['cpus']} CPUs, {a['system']}; {a['compiler']}; "
        f"{', '.join([a['dl.h'].rsplit(', ', 1)[0], *names])}. Mode {a['mode']}, "
        f"{a['minutes']:.0f} minutes, load average {a['load'][0]:.1f} before and "
        f"{a['load'][-1]:.1f} after.", 100) + "\n"


INTRO = """\
Seconds for one epoch of 60,000 MNIST images, shuffling and gathering included; where fewer were
used, scaled. PyTorch's best is the fastest of 1 thread, 2 threads, and 2 that sleep while they wait
(passive). The limit counts the multiplications alone, at the peak measured in the same run. The
accuracy is that after six such epochs (four in mode quick); each library draws its first weights
in its own way.
"""


def whole(result):
    """build/bench.md."""
    out = ["# How fast dl.h is\n", machine(result), "Medians; all take turns.\n"]
    if result["rows"]:
        out += ["## Training\n", INTRO, programs(result)]
    if "product" in result:
        out += ["## The matrix product\n", "Billions of operations a second.\n", products(result)]
    if "inference" in result:
        call = result["inference"]["call"]
        out += ["## Inference\n", "Microseconds for one batch" + (
            f"; {digits(call * 1e6)} of ONNX Runtime's are its call from Python" if call else "") +
            ".\n", inference(result)]
    if "sizes" in result:
        s = result["sizes"]
        out += ["## Sizes\n", markdown(["what", ""], [
            ["peak memory of program S0, whole", digits(s["memory"] / 1e6, " MB")],
            ["compiling dl.h at -O0, CPU time", digits(s["-O0"], " s")],
            ["compiling dl.h at -O2, CPU time", digits(s["-O2"], " s")],
            ["code of all dl.h at -O2", digits((s["text"] or math.nan) / 1e3, " kB")],
            ["program S0 alone, stripped", digits(s["program"] / 1e3, " kB")],
            ["an operation on the tape, forward and backward", digits(s["op"] * 1e9, " ns")]])]
    if "growth" in result:
        out += ["## Growth\n", "One thread; the exponent of the power of the size that fits "
                "best.\n", growth(result)]
    return "\n".join(out)


def bar(x, y, width, color, text):
    return (f'<rect x="{x}" y="{y}" width="{width:.1f}" height="17" rx="2" fill="{color}"/>'
            f'<text x="{x + width + 6:.1f}" y="{y + 13}" font-size="12">{text}</text>')


def plot(result):
    """How many times faster than PyTorch at its best: a bar for each number of threads."""
    threads, left, wide, colors = threads_of(result), 210, 460, ("#9ecae1", "#2171b5")
    step = 19 * len(threads) + 11
    ratio = {row: [best(r["seconds"], "PyTorch")[0] / r["seconds"][k] for k, _ in threads]
             for row, r in result["rows"].items()}
    most = max([1.0, *(x for v in ratio.values() for x in v if x == x)])
    bottom, a = 66 + step * len(ratio), result["about"]
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="760" height="{bottom + 36}" '
           'font-family="sans-serif" font-size="13" fill="#222">',
           '<rect width="100%" height="100%" fill="#fff"/>',
           '<text x="20" y="26" font-size="16" font-weight="bold">Training: how many times faster '
           'than PyTorch at its best</text>']
    for j, (_, name) in enumerate(threads):
        out.append(f'<rect x="{left + 110 * j}" y="38" width="12" height="12" rx="2" '
                   f'fill="{colors[j]}"/><text x="{left + 18 + 110 * j}" y="49" font-size="12">'
                   f'dl.h, {name}</text>')
    for i, row in enumerate(ratio):
        y = 62 + i * step
        out.append(f'<text x="20" y="{y + step / 2 - 1:.0f}"><tspan font-weight="bold">{row}'
                   f'</tspan> {ROWS[row][0].replace(">", "&gt;")}</text>')
        for j, r in enumerate(ratio[row]):
            if r == r:
                out.append(bar(left, y + 19 * j, wide * r / most, colors[j], f"{r:.1f}x"))
    x = left + wide / most
    out.append(f'<path d="M{x:.1f} 56V{bottom}" stroke="#d62728" stroke-dasharray="4 3"/>'
               f'<text x="{x:.1f}" y="{bottom + 14}" font-size="12" fill="#d62728" '
               f'text-anchor="middle">PyTorch {a["PyTorch"].partition("+")[0]} = 1</text>'
               f'<text x="740" y="{bottom + 28}" font-size="11" fill="#666" text-anchor="end">'
               f'{a["cpu"]}, {a["cpus"]} CPUs, {a["dl.h"].split(", ")[2]}; '
               f'mode {a["mode"]}</text></svg>')
    return "\n".join(out) + "\n"


def write(result):
    with open("build/bench.md", "w") as f:
        f.write(whole(result))
    print("\n" + whole(result) + "\nbuild/bench.md")
    if result["rows"] and result["about"]["PyTorch"]:
        with open("build/bench.svg", "w") as f:
            f.write(plot(result))
        print("build/bench.svg")


def publish():
    """The last run's results into the repository."""
    if not os.path.exists("build/bench.json"):
        sys.exit("bench: nothing to publish; run make bench first")
    with open("build/bench.json") as f:
        result = json.load(f)
    if list(result["rows"]) != list(ROWS) or "growth" not in result:
        sys.exit("bench: the last run measured only some parts; run make bench first")
    if not result["about"]["PyTorch"]:
        sys.exit("bench: the last run had no PyTorch to compare with")
    with open("README.md", encoding="utf-8") as f:
        before, _, rest = f.read().partition(BEGIN)
    after = rest.partition(END)[2]
    if not after:
        sys.exit(f"bench: README.md has no lines {BEGIN} and {END}")
    text = (f"\n![Bars: dl.h against PyTorch](tests/bench/speed.svg)\n\n{INTRO}\n"
            f"{programs(result)}\n{machine(result)}")
    with open("README.md", "w", encoding="utf-8") as f:
        f.write(before + BEGIN + text + END + after)
    with open("tests/bench/results.md", "w") as f:
        f.write(whole(result))
    with open("tests/bench/speed.svg", "w") as f:
        f.write(plot(result))
    print("tests/bench/results.md, tests/bench/speed.svg, README.md")
