#!/usr/bin/env python3
"""Draw digits that are not from MNIST, and see how many build/apps/predict reads.

    python3 tests/digits.py [MODEL] [--out DIR] [--count 300] [--seed 1]

Two kinds, half of each: fonts that look like handwriting, and digits drawn here with strokes that
tremble. Pen widths are 1 to 20 % of the height, three sizes of picture, four colours of ink (one of
them light on dark paper), off centre, turned by up to 15 degrees, paper with a gradient and a grain,
saved as JPEG of some quality or as PNG. Writes the pictures, a contact sheet (sheet.png; a red frame
where the answer is wrong) and a last line "N of M". Exit code 1 below 97 %.

Needs Pillow. Fonts that are not installed are left out (Debian: fonts-dkg-handwriting fonts-breip
fonts-humor-sans fonts-rufscript fonts-comic-neue fonts-sjfonts fonts-klee
fonts-yusei-magic fonts-ecolier-court fonts-radisnoir fonts-tomsontalks).
"""
import argparse
import math
import os
import random
import subprocess
import sys

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont, ImageStat

FONTS = """truetype/fifthhorseman/dkg.ttf truetype/breip/Breip.ttf
truetype/humor-sans/Humor-Sans.ttf truetype/rufscript/Rufscript010.ttf
opentype/comic-neue/ComicNeue-Regular.otf truetype/sjfonts/SteveHand.ttf truetype/sjfonts/Delphine.ttf
truetype/klee/KleeOne-Regular.ttf truetype/yusei-magic/YuseiMagic-Regular.ttf
truetype/ecolier-court/Ecolier-court.ttf opentype/radisnoir/RadisSans-medium.otf
truetype/tomsontalks/TomsonTalks.ttf""".split()

PAPER_AND_INK = [((244, 242, 235), (25, 25, 30)),       # black on white
                 ((250, 248, 225), (30, 60, 170)),      # blue on yellowish
                 ((225, 235, 228), (170, 35, 45)),      # red on greenish
                 ((35, 55, 45), (235, 235, 225))]       # chalk on a board


def arc(x, y, rx, ry, start, end):
    """Points of an ellipse's arc; degrees, clockwise from the right, as y grows downwards."""
    n = max(6, int(abs(end - start) / 8))
    return [(x + rx * math.cos(math.radians(start + (end - start) * i / n)),
             y + ry * math.sin(math.radians(start + (end - start) * i / n))) for i in range(n + 1)]


# Ways to write each digit: strokes, lists of points in a box 0.6 wide and 1 high.
def ways():
    return {
        0: [[arc(.3, .5, .3, .5, -80, 285)], [arc(.3, .5, .22, .5, -100, 262)]],
        1: [[[(.3, 0), (.3, 1)]], [[(.1, .25), (.32, 0), (.32, 1)]],
            [[(.1, .22), (.32, 0), (.32, 1)], [(.08, 1), (.55, 1)]]],
        2: [[arc(.3, .28, .28, .28, -170, 40) + [(.02, 1), (.6, 1)]],
            [arc(.3, .25, .27, .25, -160, 50) + [(.05, .98), (.3, .94), (.6, 1)]]],
        3: [[arc(.27, .25, .27, .25, -150, 80) + arc(.27, .74, .31, .26, -80, 155)],
            [[(.03, .02), (.55, .02), (.25, .4)] + arc(.26, .7, .3, .3, -85, 155)]],
        4: [[[(.42, 0), (.02, .66), (.6, .66)], [(.44, .35), (.44, 1)]],
            [[(.05, 0), (.03, .5), (.56, .5)], [(.5, .02), (.5, 1)]],
            [[(.45, 1), (.45, 0), (0, .68), (.6, .68)]]],
        5: [[[(.55, 0), (.1, 0), (.06, .44)] + arc(.27, .69, .31, .31, -125, 150)],
            [[(.08, .02), (.06, .44)] + arc(.26, .7, .3, .3, -120, 150), [(.08, .02), (.55, 0)]]],
        6: [[[(.45, 0), (.15, .35)] + arc(.29, .7, .27, .3, -160, 195)],
            [arc(.6, .62, .58, .62, -105, -180) + arc(.28, .7, .26, .29, 180, 535)]],
        7: [[[(0, 0), (.58, 0), (.2, 1)]], [[(0, 0), (.58, 0), (.22, 1)], [(.15, .52), (.55, .5)]],
            [[(.02, .12), (.03, 0), (.57, .02), (.3, .5), (.24, 1)]]],
        8: [[arc(.3, .25, .23, .25, 90, 450), arc(.3, .75, .29, .26, -90, 270)],
            [[(.52, .12)] + arc(.3, .24, .24, .24, -40, -270) + arc(.3, .73, .29, .27, -90, 200)
             + [(.3, .48), (.52, .12)]]],
        9: [[arc(.29, .28, .26, .28, 0, -360) + [(.55, .28), (.5, 1)]],
            [arc(.28, .27, .26, .27, -20, -350) + arc(.2, .6, .36, .4, -20, 110)]],
    }


def stroked(rng, digit, height, pen):
    """A mask of the digit drawn with round strokes that tremble a little."""
    strokes = rng.choice(ways()[digit])
    slant, wide = rng.uniform(-.2, .25), rng.uniform(.85, 1.2)
    phase = [rng.uniform(0, 6.3) for _ in range(4)]
    big = 3                                                # drawn larger, then shrunk: smooth edges
    size = int(height * 1.8)
    mask = Image.new("L", (size * big, size * big), 0)
    draw = ImageDraw.Draw(mask)
    r = pen * height * big / 2

    def place(x, y):
        x += .018 * math.sin(7 * y + phase[0]) + .01 * math.sin(17 * y + phase[1])
        y += .018 * math.sin(6 * x + phase[2]) + .01 * math.sin(15 * x + phase[3])
        x = (x - .3) * wide + slant * (.5 - y)
        return (size / 2 + height * x) * big, (size / 2 + height * (y - .5)) * big

    for stroke in strokes:
        points = []
        for (x0, y0), (x1, y1) in zip(stroke, stroke[1:]):
            n = max(2, int(20 * math.hypot(x1 - x0, y1 - y0)))
            points += [place(x0 + (x1 - x0) * i / n, y0 + (y1 - y0) * i / n) for i in range(n + 1)]
        draw.line(points, fill=255, width=max(1, round(2 * r)))
        for x, y in points:
            draw.ellipse((x - r, y - r, x + r, y + r), fill=255)
    return mask.resize((size, size), Image.LANCZOS)


def sum_of(mask):
    """The sum of a mask's pixels."""
    return ImageStat.Stat(mask).sum[0]


def lettered(rng, digit, height, pen, path):
    """A mask of the digit in a font, with a round outline added up to the pen's width."""
    size, text = int(height * 1.8), str(digit)
    font = ImageFont.truetype(path, size)
    box = font.getbbox(text)
    font = ImageFont.truetype(path, max(8, int(size * height / max(1, box[3] - box[1]))))
    box = font.getbbox(text)
    at = size / 2 - (box[0] + box[2]) / 2, size / 2 - (box[1] + box[3]) / 2
    mask = Image.new("L", (size, size), 0)
    draw = ImageDraw.Draw(mask)
    draw.text(at, text, fill=255, font=font)
    rim = ImageChops.difference(mask, mask.filter(ImageFilter.MinFilter(3)))
    now = 2 * sum_of(mask) / max(1, sum_of(rim))             # what a stroke of the font is wide
    more = int((pen * height - now) / 2)
    if more > 0:
        draw.text(at, text, fill=255, font=font, stroke_width=more)
    return mask


def picture(rng, number, fonts):
    """One picture, what it shows, and how it was made."""
    digit = number % 10
    side = (120, 300, 800)[number // 10 % 3]
    paper, ink = PAPER_AND_INK[number // 30 % 4]
    pen = math.exp(rng.uniform(math.log(.01), math.log(.2)))
    height = int(side * rng.uniform(.35, .7))
    pen = max(pen, 1.2 / height)
    if fonts and rng.random() < .5:
        mask = lettered(rng, digit, height, pen, rng.choice(fonts))
    else:
        mask = stroked(rng, digit, height, pen)
    mask = mask.rotate(rng.uniform(-15, 15), Image.BICUBIC)
    left, top, right, bottom = mask.point(lambda v: 255 if v > 60 else 0).getbbox()
    pad = int(side * .04)
    x = rng.randint(pad - left, max(pad - left, side - pad - right))
    y = rng.randint(pad - top, max(pad - top, side - pad - bottom))
    wide = max(side, right + x + pad)
    page = Image.new("RGB", (wide, max(side, bottom + y + pad)), paper)
    gradient = Image.linear_gradient("L").rotate(rng.choice((0, 90, 180, 270))).resize(page.size)
    shade = rng.uniform(.6, 1)
    light = gradient.point(lambda v: int(255 * (shade + (1 - shade) * v / 255)))
    colour = Image.new("RGB", page.size, ink)
    full = Image.new("L", page.size, 0)
    full.paste(mask, (x, y))
    page.paste(colour, (0, 0), full)
    page = ImageChops.multiply(page, Image.merge("RGB", (light, light, light)))
    grain = Image.effect_noise(page.size, rng.uniform(2, 14))
    grain = Image.merge("RGB", (grain, grain, grain))
    page = ImageChops.add(page, grain, 1, -128)
    if rng.random() < .3:
        page = page.filter(ImageFilter.GaussianBlur(side / 400))
    return page, digit


def contact_sheet(pictures, answers, path):
    cell, columns = 84, 20
    rows = (len(pictures) + columns - 1) // columns
    sheet = Image.new("RGB", (columns * cell, rows * cell), (255, 255, 255))
    draw = ImageDraw.Draw(sheet)
    for i, (page, digit) in enumerate(pictures):
        small = page.copy()
        small.thumbnail((cell - 8, cell - 8))
        x, y = i % columns * cell, i // columns * cell
        sheet.paste(small, (x + 4, y + 4))
        if answers and answers[i] != digit:
            draw.rectangle((x + 1, y + 1, x + cell - 2, y + cell - 2), outline=(220, 0, 0), width=3)
            draw.text((x + 8, y + 6), "not %s" % answers[i], fill=(220, 0, 0))
    sheet.save(path)


def main():
    args = argparse.ArgumentParser()
    args.add_argument("model", nargs="?")
    args.add_argument("--out", default="build/digits")
    args.add_argument("--count", type=int, default=300)
    args.add_argument("--seed", type=int, default=1)
    args.add_argument("--predict", default="build/apps/predict")
    o = args.parse_args()
    os.makedirs(o.out, exist_ok=True)
    places = ["/usr/share/fonts/" + f for f in FONTS]
    fonts = [f for f in places if os.path.exists(f)]
    rng = random.Random(o.seed)
    pictures, paths = [], []
    for i in range(o.count):
        page, digit = picture(rng, i, fonts)
        path = os.path.join(o.out, "%03d-%d.%s" % (i, digit, "png" if i % 4 == 3 else "jpg"))
        page.save(path, **({} if path.endswith("png") else {"quality": rng.randint(25, 90)}))
        pictures.append((page, digit))
        paths.append(path)
    answers = []
    if o.model:
        run = subprocess.run([o.predict, o.model] + paths, stdout=subprocess.PIPE, text=True)
        said = {line.split("\t")[0]: int(line.split("\t")[1]) for line in run.stdout.splitlines()}
        answers = [said.get(path) for path in paths]
    contact_sheet(pictures, answers, os.path.join(o.out, "sheet.png"))
    print("%d pictures with %d fonts in %s, all of them on sheet.png" % (len(paths), len(fonts), o.out))
    if not o.model:
        return 0
    right = sum(a == d for a, (_, d) in zip(answers, pictures))
    for path, a, (_, d) in zip(paths, answers, pictures):
        if a != d:
            print("    %s: called %s" % (path, a))
    print("%d of %d" % (right, len(paths)))
    return 0 if right >= .97 * len(paths) else 1


sys.exit(main())
