#!/usr/bin/env python3
"""Write MNIST or Fashion-MNIST as PNG files, one folder for each class, for examples/apps/folder.c.

    data/fetch.sh fashion-mnist
    python3 data/pictures.py data/fashion-mnist build/clothes [how many of each class, 1000]
    build/apps/folder build/clothes --size 28 --grey --mirror --html build/clothes.html
"""
import os
import struct
import sys
import zlib

CLOTHES = "t-shirt trousers pullover dress coat sandal shirt sneaker bag boot".split()


def png(pixels, width):
    """A grey picture as the bytes of a PNG file."""
    def chunk(name, data):
        return (struct.pack(">I", len(data)) + name + data +
                struct.pack(">I", zlib.crc32(name + data)))

    height = len(pixels) // width
    rows = b"".join(b"\0" + pixels[i * width:(i + 1) * width] for i in range(height))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def main(source, out, most=1000):
    images = open(os.path.join(source, "train-images-idx3-ubyte"), "rb").read()
    labels = open(os.path.join(source, "train-labels-idx1-ubyte"), "rb").read()[8:]
    names = CLOTHES if "fashion" in source else [str(k) for k in range(10)]
    written = [0] * 10
    for i, k in enumerate(labels):
        if written[k] == int(most):
            continue
        written[k] += 1
        os.makedirs(os.path.join(out, names[k]), exist_ok=True)
        with open(os.path.join(out, names[k], "%05d.png" % i), "wb") as f:
            f.write(png(images[16 + 784 * i:16 + 784 * (i + 1)], 28))
    print("%d pictures of %d classes in %s" % (sum(written), len(names), out))


if len(sys.argv) < 3:
    sys.exit(__doc__)
main(*sys.argv[1:4])
