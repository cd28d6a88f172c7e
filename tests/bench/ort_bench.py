"""What ONNX Runtime takes to predict: the twin of train.c's command predict. The networks have
random weights: speed does not depend on them. Input and output stay where they are (I/O binding),
so Python adds the few microseconds of one call; "empty" measures these."""
import os
import statistics
import sys
import time
try:
    import numpy as np
    import onnx
    import onnxruntime
    from onnx import helper, numpy_helper
except ImportError:
    sys.exit(1)

NOW = time.process_time if os.environ.get("BENCH_CPU") else time.perf_counter
random = np.random.default_rng(1)


def dense(out, into):
    return "Gemm", [out, into], {"transB": 1}


def conv(out, into):
    return "Conv", [out, into, 3, 3], {}


POOL = ("MaxPool", None, {"kernel_shape": [2, 2], "strides": [2, 2]})
RELU, FLAT, SOFTMAX = ("Relu", None, {}), ("Flatten", None, {}), ("Softmax", None, {"axis": 1})
NETWORKS = {
    "S0": ([784], [dense(512, 784), RELU, dense(10, 512), SOFTMAX]),
    "S2": ([1, 28, 28], [conv(32, 1), RELU, POOL, FLAT, dense(128, 5408), RELU,
                         dense(10, 128), SOFTMAX]),
    "S4": ([1, 28, 28], [conv(32, 1), RELU, conv(64, 32), RELU, POOL, FLAT, dense(128, 9216), RELU,
                         dense(10, 128), SOFTMAX]),
    "empty": ([1], [("Identity", None, {})]),
}


def model(name, batch):
    shape, layers = NETWORKS[name]
    nodes, weights = [], []
    for i, (op, size, options) in enumerate(layers):
        inputs = [f"x{i}"]
        if size:
            for part, dims in ("w", size), ("b", size[:1]):
                values = random.normal(0, 0.05, dims).astype(np.float32)
                weights.append(numpy_helper.from_array(values, part + str(i)))
                inputs.append(part + str(i))
        nodes.append(helper.make_node(op, inputs, [f"x{i + 1}"], **options))
    kind = onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        nodes, name, [helper.make_tensor_value_info("x0", kind, [batch, *shape])],
        [helper.make_tensor_value_info(f"x{len(layers)}", kind, None)], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def session(name, threads, batch):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    s = onnxruntime.InferenceSession(model(name, batch).SerializeToString(), options,
                                     providers=["CPUExecutionProvider"])
    x = random.random([batch, *NETWORKS[name][0]], np.float32)
    bound = s.io_binding()
    bound.bind_ortvalue_input("x0", onnxruntime.OrtValue.ortvalue_from_numpy(x))
    y = s.run(None, {"x0": x})[0]
    bound.bind_ortvalue_output(s.get_outputs()[0].name,
                               onnxruntime.OrtValue.ortvalue_from_numpy(y))
    return s, bound


def seconds_of_calls(s, bound, least, seconds):
    times, start = [], NOW()
    before = start
    while len(times) < least or before - start < seconds:
        s.run_with_iobinding(bound)
        after = NOW()
        times.append(after - before)
        before = after
    return times


onnxruntime.set_default_logger_severity(3)
sessions = {}
print(onnxruntime.__version__, flush=True)
for line in sys.stdin:
    key = line.split()[1:]
    if line not in sessions:
        sessions[line] = session(key[0], int(key[1]), int(key[2]))
    seconds_of_calls(*sessions[line], 1, 0.05)                            # as in worker.h
    print(f"{statistics.median(seconds_of_calls(*sessions[line], 5, 0.2)):.9g}", flush=True)
