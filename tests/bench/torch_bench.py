"""What PyTorch takes for an epoch: the twin of train.c, with the same commands and answers.

Both shuffle, gather the images of each batch and train in the time that is measured; PyTorch has
the images as floats in memory, dl.h makes floats of bytes as it gathers. Numbers too small
for float's normal range are taken as 0, as in dl.h: some CPUs are slow with them."""
import os
import sys
import time
try:
    import numpy as np
    import torch
    from torch import nn
except ImportError:
    sys.exit(1)

NOW = time.process_time if os.environ.get("BENCH_CPU") else time.perf_counter
BATCH = dict(S0=128, S1=32, S3=100, S2=32, S4=128, RNN=128, LSTM=128, GRU=128)


def mnist(part):
    x = np.fromfile(f"data/mnist/{part}-images-idx3-ubyte", np.uint8)[16:].reshape(-1, 784)
    y = np.fromfile(f"data/mnist/{part}-labels-idx1-ubyte", np.uint8)[8:]
    return torch.from_numpy(x.astype(np.float32) / 255), torch.from_numpy(y.astype(np.int64))


class Recurrent(nn.Module):
    """The images row by row; the last state goes to the output layer."""
    def __init__(self, kind):
        super().__init__()
        self.rnn = getattr(nn, kind)(28, 128, batch_first=True)
        self.out = nn.Linear(128, 10)

    def forward(self, x):
        return self.out(self.rnn(x)[0][:, -1])


def network(row):
    r = nn.ReLU()
    if row in ("S0", "S1", "S3"):
        wide = dict(S0=512, S1=128, S3=500)[row]
        return nn.Sequential(nn.Linear(784, wide), r, nn.Linear(wide, 10)), (784,)
    if row == "S2":
        return nn.Sequential(nn.Conv2d(1, 32, 3), r, nn.MaxPool2d(2), nn.Flatten(),
                             nn.Linear(5408, 128), r, nn.Linear(128, 10)), (1, 28, 28)
    if row == "S4":
        return nn.Sequential(nn.Conv2d(1, 32, 3), r, nn.Conv2d(32, 64, 3), r, nn.MaxPool2d(2),
                             nn.Dropout(0.25), nn.Flatten(), nn.Linear(9216, 128), r,
                             nn.Dropout(0.5), nn.Linear(128, 10)), (1, 28, 28)
    return Recurrent(row), (28, 28)


class Run:
    def __init__(self, row, images):
        torch.manual_seed(1)
        self.net, shape = network(row)
        self.x, self.y = (t[:images] for t in TRAIN)
        self.x = self.x.reshape(-1, *shape)
        self.test_x = TEST[0].reshape(-1, *shape)
        self.batch = BATCH[row]
        p = self.net.parameters()
        self.opt = (torch.optim.RMSprop(p, lr=0.001, alpha=0.9, eps=1e-7) if row == "S0" else
                    torch.optim.Adadelta(p, lr=1.0) if row == "S4" else
                    torch.optim.Adam(p, lr=0.001))

    def epoch(self):
        self.net.train()
        start = NOW()
        order = torch.randperm(len(self.x))
        for i in range(0, len(order), self.batch):
            k = order[i:i + self.batch]
            loss = nn.functional.cross_entropy(self.net(self.x[k]), self.y[k])
            self.opt.zero_grad()
            loss.backward()
            self.opt.step()
        return NOW() - start

    def test(self):
        self.net.eval()
        with torch.no_grad():
            right = sum((self.net(x).argmax(1) == y).sum().item() for x, y in
                        zip(self.test_x.split(1000), TEST[1].split(1000)))
        return right / len(TEST[1])


torch.set_flush_denormal(True)
TRAIN, TEST, runs = mnist("train"), mnist("t10k"), {}
print(torch.__version__, flush=True)
for line in sys.stdin:
    what, row, threads, *images = line.split()
    torch.set_num_threads(int(threads))
    if what == "epoch":
        if (row, threads) not in runs:
            runs[row, threads] = Run(row, int(images[0]))
        answer = runs[row, threads].epoch()
    elif what == "test":
        answer = runs[row, threads].test()
    else:
        answer = 0 * bool(runs.pop((row, threads)))
    print(f"{answer:.9g}", flush=True)
