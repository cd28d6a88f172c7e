#!/usr/bin/env python3
"""Small pictures of every sort for the tests of >>images, and what Pillow and torchvision see in them.

    python3 tests/golden_pictures.py    (needs pillow, numpy; torchvision for the folder's order)

writes tests/golden/pictures/* and tests/golden/data_pictures.txt: of each picture its colours
[3,H,W] as 0..255, and the same made 5 x 4 by torchvision's Resize (Pillow's antialiased bilinear).
"""
import os

import numpy as np
from PIL import Image

from golden import File

PLACE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "golden", "pictures")
os.makedirs(PLACE, exist_ok=True)
W, H = 13, 9
y, x = np.mgrid[0:H, 0:W]
colours = np.stack([20 * x, 28 * y, 255 - 10 * (x + y)], -1).astype(np.uint8)
rgb = Image.fromarray(colours)
grey = rgb.convert("L")
alpha = Image.fromarray((255 - 18 * x).astype(np.uint8))
rgba = rgb.copy()
rgba.putalpha(alpha)
ga = Image.merge("LA", (grey, alpha))
deep = Image.fromarray((np.asarray(grey).astype(np.uint16) * 257))
clear = rgb.convert("P", palette=Image.ADAPTIVE, colors=7)

PICTURES = [("rgb.png", rgb, {}), ("grey.png", grey, {}), ("bit.png", grey.convert("1"), {}),
            ("palette.png", rgb.convert("P", palette=Image.ADAPTIVE, colors=16), {}),
            ("clear.png", clear, {"transparency": 2}), ("grey_alpha.png", ga, {}),
            ("rgba.png", rgba, {}), ("grey16.png", deep, {}), ("rgb.bmp", rgb, {}),
            ("palette.bmp", rgb.convert("P", palette=Image.ADAPTIVE, colors=16), {}),
            ("grey.jpg", grey, {"quality": 95}), ("rgb.jpg", rgb, {"quality": 95, "subsampling": 0}),
            ("sampled.jpg", rgb, {"quality": 95, "subsampling": 2}),
            ("progressive.jpg", rgb, {"quality": 95, "subsampling": 0, "progressive": True}),
            ("cmyk.jpg", rgb.convert("CMYK"), {"quality": 95})]


def on_white(image):
    """The colours, laid on white paper where the picture is not opaque."""
    if image.mode == "I;16":
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode in ("LA", "RGBA") or "transparency" in image.info:
        image = image.convert("RGBA")
        paper = Image.new("RGBA", image.size, (255, 255, 255, 255))
        return Image.alpha_composite(paper, image).convert("RGB")
    return image.convert("RGB")


f = File("data_pictures", "The pictures in golden/pictures as Pillow decodes them, and 5 x 4")
for name, image, options in PICTURES:
    path = os.path.join(PLACE, name)
    image.save(path, **options)
    seen = on_white(Image.open(path))
    small = seen.resize((4, 5), Image.BILINEAR)
    f.put(name, np.asarray(seen).transpose(2, 0, 1))
    f.put("5x4:" + name, np.asarray(small).transpose(2, 0, 1))
f.close()
