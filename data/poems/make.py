#!/usr/bin/env python3
"""Makes tang.txt: Tang quatrains in simplified characters, a poem a line, "author<tab>poem".

    npm pack chinese-poetry@2.0.1 && tar xzf chinese-poetry-2.0.1.tgz
    pip install opencc==1.4.2
    python3 data/poems/make.py package/dist/quantangshi >data/poems/tang.txt

Of the 57,607 poems it keeps those with four verses of five signs, or of seven; that have no verse
equal to a verse before, or different from one in a single sign, so that no test poem is known from
training; and that are written with the 2,000 most frequent signs, all of them in GB 2312, the
Chinese standard of simplified characters. (VARIANTS: old forms that OpenCC leaves as they are.)
"""
import collections
import glob
import json
import re
import sys

import opencc

SIGNS = 2000
VARIANTS = str.maketrans(
    "疎徧飜顦顇劒嬾鬬鴈猨秖蘂妬髪秪壻褭堦櫂慙呌簷祇廻桮棃暎煖斾牋毬竝巵僊媿鏁珮鼇𬬻",
    "疏遍翻憔悴剑懒斗雁猿只蕊妒发只婿袅阶棹惭叫檐只回杯梨映暖旆笺球并卮仙愧锁佩鳌炉")
FORM = re.compile(r"((\w{5})，(\w{5})。(\w{5})，(\w{5})。|(\w{7})，(\w{7})。(\w{7})，(\w{7})。)")


def quatrains(folder):
    convert = opencc.OpenCC("t2s").convert
    files = glob.glob(folder + "/poet.tang.*.json")
    for name in sorted(files, key=lambda name: int(name.split(".")[-2])):
        for poem in json.load(open(name, encoding="utf-8")):
            text = convert("".join(poem["paragraphs"])).translate(VARIANTS)
            if FORM.fullmatch(text):
                yield convert(poem["author"]), text


def unlike(poems):
    seen = set()
    for author, text in poems:
        verses = re.findall(r"\w+", text)
        masked = {v[:i] + "*" + v[i + 1:] for v in verses for i in range(len(v))}
        if not masked & seen:
            seen |= masked
            yield author, text


poems = list(unlike(quatrains(sys.argv[1])))
count = collections.Counter(sign for _, text in poems for sign in text)
known = {s for s, _ in count.most_common(SIGNS) if s.encode("gb2312", "ignore") or s in "，。"}
for author, text in poems:
    if set(text) <= known:
        print(f"{author}\t{text}")
