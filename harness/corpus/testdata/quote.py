"""Writes quote.json: texts and how Python's json.dumps writes them.

    python3 quote.py > quote.json
"""
import json

texts = [chr(c) for c in range(0, 0x180)]
texts += [chr(c) for c in (0x7ff, 0x800, 0x2028, 0x2029, 0xd7ff, 0xe000, 0xfeff, 0xfffd, 0xffff, 0x10000, 0x1f600, 0x10ffff)]
texts += ["", "a\"b\\c/d", "line\r\nline\ttab", "</script>&amp;", "κόσμε 你好 👩‍👩‍👧", "\u0000\u001f\u007f\u0080"]
print("[")
print(",\n".join(json.dumps([t, json.dumps(t), json.dumps(t, ensure_ascii=False)]) for t in texts))
print("]")
