"""make bench: dl.h and the best known libraries take turns on the same machine.

    python3 tests/bench/run.py [quick | full] [cpu] [part ...]
    python3 tests/bench/run.py publish

Parts: the programs S0 S1 S3 S2 S4 RNN LSTM GRU, product, inference, sizes, growth; none: all.
quick: 3 rounds with few images, 5 minutes; otherwise 5 rounds, about 25 minutes; full: all 60,000
images an epoch, hours. cpu: one thread, and CPU time instead of the clock, for a machine that is
busy with other things. Writes build/bench.json, build/bench.md and build/bench.svg; publish copies
these to tests/bench/results.md, tests/bench/speed.svg and the table in README.md."""
import glob
import importlib.util
import json
import os
import platform
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import time
sys.dont_write_bytecode = True
import report  # noqa: E402

ROWS = ("S0", "S1", "S3", "S2", "S4", "RNN", "LSTM", "GRU")
PARTS = ("product", "inference", "sizes", "growth")
IMAGES = {"full": dict.fromkeys(ROWS, 60000),
          "default": dict(S0=60000, S1=60000, S3=60000, S2=30000, S4=12000, RNN=60000, LSTM=30000,
                          GRU=30000),
          "quick": dict(S0=6000, S1=6000, S3=6000, S2=3200, S4=640, RNN=6400, LSTM=3200, GRU=3200)}
PRODUCTS = [("S0 hidden, forward", "nt", 128, 512, 784), ("S0 hidden, dW", "tn", 512, 784, 128),
            ("S0 output, forward", "nt", 128, 10, 512), ("S0 output, dx", "nn", 128, 512, 10),
            ("S0 output, dW", "tn", 10, 512, 128),
            ("S1 hidden, forward", "nt", 32, 128, 784), ("S1 hidden, dW", "tn", 128, 784, 32),
            ("S3 hidden, forward", "nt", 100, 500, 784), ("S3 hidden, dW", "tn", 500, 784, 100),
            ("S4 dense, forward", "nt", 128, 128, 9216), ("S4 dense, dx", "nn", 128, 9216, 128),
            ("S4 dense, dW", "tn", 128, 9216, 128), ("LSTM gates, a step", "nt", 128, 512, 156),
            ("large", "nn", 1024, 1024, 1024)]
GROWTH = [("batch", "batch, 784-512-10", (16, 64, 256, 1024), 1),
          ("width", "width of 3 dense layers", (256, 512, 1024, 2048), 2),
          ("depth", "depth, layers of 256", (2, 4, 8, 16), 1),
          ("side", "side of an image, 2 convolutions", (16, 32, 64, 128), 2),
          ("time", "time steps of an LSTM", (7, 14, 28, 56), 1)]


class Worker:
    """A program that answers commands; about is its first line, "" if it could not start."""
    started = []

    def __init__(self, *command, **environment):
        env = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS_")}
        try:
            self.p = subprocess.Popen(command, env={**env, **environment}, text=True,
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      start_new_session=True)         # Ctrl-C is for us alone
        except OSError:
            self.about = ""
            return
        Worker.started.append(self)
        self.command, self.about = command, self.p.stdout.readline().strip()

    def ask(self, *words):
        command = " ".join(map(str, words))
        try:
            self.p.stdin.write(command + "\n")
            self.p.stdin.flush()
            return float(self.p.stdout.readline())
        except (BrokenPipeError, ValueError):
            sys.exit(f"bench: {' '.join(self.command)} ended before it answered: {command}")


def openblas():
    """NumPy's OpenBLAS, which is the newest to be had, or the system's."""
    numpy = importlib.util.find_spec("numpy")
    beside = os.path.dirname(os.path.dirname(numpy.origin)) if numpy else ""
    found = glob.glob(f"{beside}/numpy.libs/libscipy_openblas*.so") if numpy else []
    for library in (*found, "libopenblas.so.0", "libopenblas.so"):
        worker = Worker("build/bench_blas", library)
        if worker.about:
            break
    return worker


def take_turns(ways, rounds):
    """{name: median answer} of ways, {name: (worker, command ...)}; the turns alternate."""
    answers = {name: [] for name in ways}
    for _ in range(rounds):
        for name, (worker, *command) in ways.items():
            answers[name].append(worker.ask(*command))
    return {name: statistics.median(v) for name, v in answers.items()}


def program(row, images, rounds, threads, dl, parts, torches):
    """One of the eight programs: seconds for 60,000 images, accuracies, the peak meanwhile."""
    ways = {f"dl.h {t}": (dl, row, t) for t in threads}
    for kind, torch in torches.items():
        ways.update({f"PyTorch {t}{kind}": (torch, row, t) for t in threads
                     if t > 1 or not kind})
    seconds, peaks = {name: [] for name in ways}, []
    left = dict(ways)
    for i in range(rounds + 1):
        peaks.append(parts.ask("peak", threads[-1]))
        for name, (worker, *which) in left.items():
            seconds[name].append(worker.ask("epoch", *which, images) * 60000 / images)
        if i == 0:            # the first round warms up; PyTorch's hopeless settings end here
            fastest = min((s[0] for n, s in seconds.items() if n[0] == "P"), default=0)
            left = {n: w for n, w in ways.items() if n[0] == "d" or seconds[n][0] <= 2 * fastest}
            seconds = {n: [] for n in left}
    result = {"images": images, "peak": max(peaks), "accuracy": {},
              "seconds": {n: statistics.median(s) for n, s in seconds.items()}}
    for library in ("dl.h", "PyTorch"):
        of = [n for n in left if n.startswith(library)]
        if of:                # after the same number of epochs; of the fastest setting
            best = min(of, key=result["seconds"].get)
            result["accuracy"][library] = left[best][0].ask("test", *left[best][1:])
    for worker, *which in ways.values():
        worker.ask("free", *which)
    return result


def products(rounds, threads, parts, blas):
    """Operations a second."""
    out = []
    for what, *size in PRODUCTS:
        ways = {f"dl.h {t}": (parts, "product", *size, t) for t in threads}
        if blas.about:
            ways.update({f"OpenBLAS {t}": (blas, "product", *size, t) for t in threads})
        operations = 2.0 * size[1] * size[2] * size[3]
        out.append([what, *size, {n: operations / s for n, s in take_turns(ways, rounds).items()}])
    return out


def inference(rounds, threads, dl, ort):
    out = []
    for row in ("S0", "S2", "S4"):
        for batch in (1, 256):
            ways = {f"dl.h {t}": (dl, "predict", row, t, batch) for t in threads}
            if ort.about:
                ways.update({f"ONNX Runtime {t}": (ort, "predict", row, t, batch)
                             for t in threads})
            out.append([row, batch, take_turns(ways, rounds)])
    return {"table": out, "call": ort.ask("predict", "empty", 1, 1) if ort.about else None}


def compile_seconds(rounds, *flags):
    """CPU time of one compilation."""
    used = []
    for _ in range(rounds + 1):
        r = resource.getrusage(resource.RUSAGE_CHILDREN)
        used.append(r.ru_utime + r.ru_stime)
        if len(used) <= rounds:
            subprocess.run([os.environ.get("CC", "cc"), *flags], check=True)
    times = [b - a for a, b in zip(used, used[1:])]
    return statistics.median(times)


def sizes(rounds, parts):
    out = {"op": take_turns({"op": (parts, "op")}, rounds)["op"]}
    source, program = "build/bench_dl.c", "build/bench_s0"
    with open(source, "w") as f:
        f.write('#define DL_IMPLEMENTATION\n#include "dl.h"\n')
    for flag in ("-O0", "-O2"):
        out[flag] = compile_seconds(rounds, flag, "-I.", "-c", source, "-o", "build/bench_dl.o")
    out["text"] = None
    if shutil.which("size"):
        size = subprocess.run(["size", "build/bench_dl.o"], capture_output=True, text=True).stdout
        out["text"] = int(size.split("\n")[1].split()[0])
    subprocess.run([os.environ.get("CC", "cc"), "-O2", "-s", "examples/07_mlp_rmsprop.c", "-o",
                    program, "-lm"], check=True)
    out["program"] = os.path.getsize(program)
    p = subprocess.Popen(["build/07_mlp_rmsprop"], stdout=subprocess.DEVNULL)
    unit = 1 if sys.platform == "darwin" else 1024
    out["memory"] = os.wait4(p.pid, 0)[2].ru_maxrss * unit
    return out


def growth(rounds, parts):
    """Seconds of a training step, one thread, and the exponent of the curve through them."""
    out = []
    for what, name, steps, expected in GROWTH:
        ways = {n: (parts, "step", what, n) for n in steps}
        out.append([name, expected, list(take_turns(ways, rounds).items())])
    return out


def about(mode, threads, workers):
    cpu = platform.processor() or platform.machine()
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo") as f:
            cpu = next((line.split(":")[1].strip() for line in f if "model name" in line), cpu)
    compiler = subprocess.run([os.environ.get("CC", "cc"), "--version"], capture_output=True,
                              text=True).stdout.split("\n")[0]
    return {"cpu": cpu, "cpus": os.cpu_count(), "mode": mode, "threads": threads,
            "compiler": compiler, "system": f"{platform.system()} {platform.machine()}",
            "load": [os.getloadavg()[0]], **{k: w.about for k, w in workers.items()}}


def chosen(words):
    """(mode, cpu time?, rows, parts) of the command line."""
    wrong = [w for w in words if w not in (*ROWS, *PARTS, "quick", "full", "cpu")]
    if "publish" in words:
        sys.exit("bench: publish stands alone: it copies the results of the last run")
    if wrong:
        sys.exit(f"bench: {wrong[0]}: no such mode or part; there are quick full cpu publish "
                 f"{' '.join(ROWS + PARTS)}")
    mode = next((w for w in words if w in IMAGES), "default")
    some = [w for w in words if w in ROWS + PARTS] or ROWS + PARTS
    return mode, "cpu" in words, [r for r in ROWS if r in some], [p for p in PARTS if p in some]


def measure(mode, cpu, rows, parts):
    threads = [1] if cpu else sorted({1, min(2, os.cpu_count() or 1)})
    rounds, start = 3 if mode == "quick" else 5, time.time()
    if cpu:
        os.environ["BENCH_CPU"] = "1"
    train, piece = Worker("build/bench_train"), Worker("build/bench_parts")
    torch, blas, ort = (Worker(sys.executable, "tests/bench/torch_bench.py"), openblas(),
                        Worker(sys.executable, "tests/bench/ort_bench.py"))
    torches = {"": torch} if torch.about else {}
    if torch.about and threads[-1] > 1:       # threads that sleep while they wait, instead of spin
        torches[" passive"] = Worker(sys.executable, "tests/bench/torch_bench.py",
                                     OMP_WAIT_POLICY="PASSIVE")
    if not train.about or not piece.about:
        sys.exit("bench: build/bench_train is missing; make bench builds and runs it")
    for name, worker, package in (("PyTorch", torch, "torch numpy"), ("OpenBLAS", blas, "numpy"),
                                  ("ONNX Runtime", ort, "onnxruntime onnx")):
        if not worker.about:
            print(f"{name} is missing and left out; to install it: pip install {package}")
    if os.getloadavg()[0] > 1 and not cpu:
        print(f"This machine is busy (load {os.getloadavg()[0]:.1f}): times of 2 threads mean "
              "little now; BENCH=cpu compares CPU times of one")
    result = {"about": about(mode + ", CPU time" * cpu, threads, {
        "dl.h": train, "PyTorch": torch, "OpenBLAS": blas, "ONNX Runtime": ort}), "rows": {}}
    for row in rows:
        result["rows"][row] = program(row, IMAGES[mode][row], rounds, threads, train, piece,
                                      torches)
        print(row, {k: round(v, 3) for k, v in result["rows"][row]["seconds"].items()}, flush=True)
    for part, call in (("product", lambda: products(rounds, threads, piece, blas)),
                       ("inference", lambda: inference(rounds, threads, train, ort)),
                       ("sizes", lambda: sizes(rounds, piece)),
                       ("growth", lambda: growth(rounds, piece))):
        if part in parts:
            print(f"{part} ...", flush=True)
            result[part] = call()
    result["about"]["load"].append(os.getloadavg()[0])
    result["about"]["minutes"] = (time.time() - start) / 60
    return result


def main():
    if sys.argv[1:] == ["publish"]:
        return report.publish()
    options = chosen(sys.argv[1:])
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        result = measure(*options)
    except KeyboardInterrupt:
        sys.exit("bench: interrupted")
    finally:
        for worker in Worker.started:
            worker.p.kill()
            worker.p.wait()
    with open("build/bench.json", "w") as f:
        json.dump(result, f, indent=1)
    report.write(result)


main()
