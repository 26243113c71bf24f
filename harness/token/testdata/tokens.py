"""Writes tokens.json.gz: texts of many kinds and the ids that Transformers gives for SmolLM2's GGUF file.

    python tokens.py DIRECTORY FILE.gguf

The texts are generated here; none comes from a data set.
"""
import gzip
import json
import random
import sys

from transformers import AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained(sys.argv[1], gguf_file=sys.argv[2])
r = random.Random(20260101)

SCRIPTS = [
    (0x41, 0x5A), (0x61, 0x7A), (0xC0, 0x17F), (0x370, 0x3FF), (0x400, 0x4FF), (0x530, 0x58F), (0x5D0, 0x5EA),
    (0x620, 0x64A), (0x660, 0x669), (0x900, 0x97F), (0xE01, 0xE5B), (0x10A0, 0x10FF), (0x1100, 0x11FF), (0x3041, 0x30FF),
    (0x4E00, 0x9FFF), (0xAC00, 0xD7A3), (0x2150, 0x218F), (0x2190, 0x21FF), (0x2200, 0x22FF), (0x2600, 0x27BF),
    (0x1F300, 0x1F64F), (0x1F900, 0x1F9FF), (0x1D400, 0x1D7FF), (0xFF01, 0xFF5E), (0x2000, 0x206F), (0x00, 0x1F), (0x7F, 0xA0), (0xE000, 0xE010),
]
WORDS = """the a of and to in is it you that he was for on are with as I his they be at one have this from or had by not word but
what some we can out other were all there when up use your how said an each she which do their time if will way about many then them
write would like so these her long make thing see him two has look more day could go come did number sound no most people my over
know water than call first who may down side been now find don't can't we'll they've it's I'm you'd DON'T We'Re""".split()
SPACES = [" ", "  ", "   ", "\t", "\n", "\n\n", "\r\n", " \n ", "\u00a0", "\u2003", "\u200b", "\u3000", "\v", "\f", "\x85", "\u2028"]
PUNCT = list(".,;:!?'\"()[]{}<>/\\|@#$%^&*-_=+`~") + ["...", "--", "->", "=>", "!=", "&&", "'s", "'ll", "''", '"""', "```", "://"]
EMOJI = ["😀", "👩‍💻", "👍🏽", "🇺🇳", "❤️", "✨", "🏴‍☠️", "e\u0301", "n\u0303", "ﬁ", "Ⅷ", "½", "²"]
CODE = ["def f(x):\n    return x + 1\n", "for i := 0; i < n; i++ {\n\tsum += a[i]\n}\n", "#include <stdio.h>\nint main(void) { return 0; }\n",
        "SELECT * FROM t WHERE id = 42;", "<div class=\"a b\">x &amp; y</div>", "{\"k\": [1, 2.5, -3e10, null, true]}", "a[i] = b[j] << 3 | 0xFF;",
        "\\begin{equation} x^2 + y_1 = \\frac{1}{2} \\end{equation}", "git commit -m \"fix: it's done\"", "- [ ] item\n- [x] done\n\n| a | b |\n|---|---|\n"]


def script():
    lo, hi = r.choice(SCRIPTS)
    return "".join(chr(r.randint(lo, hi)) for _ in range(r.randint(1, 12)))


def piece():
    k = r.randrange(12)
    if k < 4:
        return r.choice(WORDS)
    if k == 4:
        return script()
    if k == 5:
        return r.choice(PUNCT)
    if k == 6:
        return str(r.randrange(10 ** r.randint(1, 9)))
    if k == 7:
        return r.choice(SPACES) * r.randint(1, 3)
    if k == 8:
        return r.choice(EMOJI)
    if k == 9:
        return r.choice(WORDS).upper() + r.choice(PUNCT)
    if k == 10:
        return r.choice(CODE)[: r.randint(1, 60)]
    return r.choice(["<|im_start|>", "<|im_end|>", "<|endoftext|>", "<repo_name>", "<|im_start", "im_end|>"]) if r.random() < 0.3 else r.choice(WORDS)


texts = ["", " ", "\n", "a", *CODE, *EMOJI]
while len(texts) < 2400:
    sep = r.choice(["", " ", " ", " "])
    texts.append(sep.join(piece() for _ in range(r.randint(1, 24))))

rows = [{"text": t, "ids": tokenizer(t, add_special_tokens=False)["input_ids"]} for t in texts]
with gzip.GzipFile("tokens.json.gz", "wb", mtime=0) as f:
    f.write(json.dumps(rows, separators=(",", ":")).encode())
print(len(rows), "texts", sum(len(x["ids"]) for x in rows), "ids")
