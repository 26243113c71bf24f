"""Writes rows-*.parquet, files as others write them, and rows.json, what is in them.

    python rows.py      (pyarrow)
"""
import datetime
import decimal
import json

import pyarrow as pa
import pyarrow.parquet as pq

message = pa.struct([("role", pa.string()), ("content", pa.string())])
schema = pa.schema([
    pa.field("id", pa.int64(), nullable=False),
    ("messages", pa.list_(message)),
    ("tags", pa.list_(pa.string())),
    ("deep", pa.list_(pa.list_(pa.int32()))),
    ("turns", pa.list_(pa.struct([("n", pa.uint8()), ("parts", pa.list_(pa.string()))]))),
    ("meta", pa.struct([("source", pa.string()), ("score", pa.float32()), ("inner", pa.struct([("x", pa.float64())]))])),
    ("attributes", pa.map_(pa.string(), pa.int32())),
    ("ok", pa.bool_()),
    ("raw", pa.binary()),
    ("big", pa.uint64()),
    ("day", pa.date32()),
    ("at", pa.timestamp("us", tz="UTC")),
    ("price", pa.decimal128(7, 2)),
    ("label", pa.dictionary(pa.int8(), pa.string())),
    ("nothing", pa.null()),
])


def row(i):
    say = lambda role, text: {"role": role, "content": text}
    return {
        "id": i,
        "messages": [None, [], [say("user", f"Q{i}"), say("assistant", "é\n" * (i % 3))], [say("system", None), None]][i % 4],
        "tags": [["a", None, "b"], None, []][i % 3],
        "deep": [[[1, 2], [], [3]], [None, [i]], [], None][i % 4],
        "turns": [{"n": j, "parts": [str(k) for k in range(j)] or None} for j in range(i % 4)],
        "meta": [{"source": "s", "score": 0.5, "inner": {"x": i / 8}}, {"source": None, "score": None, "inner": None}, None][i % 3],
        "attributes": [{"k": 1, "l": None}, {}, None][i % 3],
        "ok": [True, False, None][i % 3],
        "raw": [b"bytes", None][i % 2],
        "big": 2**64 - 1 - i,
        "day": datetime.date(1969, 12, 31) + datetime.timedelta(days=i),
        "at": datetime.datetime(2020, 1, 2, 3, 4, 5, 600000 * (i % 2), tzinfo=datetime.timezone.utc),
        "price": [decimal.Decimal("-12.05"), decimal.Decimal("0.30"), None][i % 3],
        "label": ["x", "y", None][i % 3],
        "nothing": None,
    }


def plain(v):
    """As the reader gives it: maps are objects; bytes, dates and decimals are text."""
    if isinstance(v, dict):
        return {k: plain(x) for k, x in v.items()}
    if isinstance(v, list):
        return [plain(x) for x in v]
    if isinstance(v, bytes):
        return v.decode()
    if isinstance(v, datetime.datetime):
        return v.strftime("%Y-%m-%dT%H:%M:%S") + (".6" if v.microsecond else "") + "Z"
    if isinstance(v, (datetime.date, decimal.Decimal)):
        return str(v)
    return v


rows = [row(i) for i in range(60)]
table = pa.Table.from_pylist(rows, schema)
files = {
    "snappy": dict(compression="snappy", row_group_size=7),
    "gzip-v2": dict(compression="gzip", data_page_version="2.0", data_page_size=64),
    "zstd": dict(compression="zstd", use_dictionary=False),
    "brotli": dict(compression="brotli", version="1.0", row_group_size=25),
    "bare": dict(compression="none", use_compliant_nested_type=False),
}
for name, options in files.items():
    options.setdefault("version", "2.6")
    pq.write_table(table, f"rows-{name}.parquet", **options)
with open("rows.json", "w") as f:
    json.dump(plain(rows), f, ensure_ascii=False, indent=None, separators=(",", ":"))
    f.write("\n")

encodings = {
    "int": ("DELTA_BINARY_PACKED", pa.int32(), lambda i: (i * 7919) % 1000 - 500 if i % 100 else -2**31 + i),
    "long": ("DELTA_BINARY_PACKED", pa.int64(), lambda i: i * i * 10**12 * (-1) ** i),
    "steps": ("DELTA_BINARY_PACKED", pa.int64(), lambda i: 5 + i // 3),
    "text": ("DELTA_LENGTH_BYTE_ARRAY", pa.string(), lambda i: "x" * (i % 40)),
    "prefix": ("DELTA_BYTE_ARRAY", pa.string(), lambda i: None if i % 9 == 4 else f"common beginning {i // 10:03}-{i}"),
    "float": ("BYTE_STREAM_SPLIT", pa.float32(), lambda i: i / 8),
    "double": ("BYTE_STREAM_SPLIT", pa.float64(), lambda i: None if i % 5 == 2 else i / 3),
    "flag": ("RLE", pa.bool_(), lambda i: i % 7 < 3),
    "plain": ("PLAIN", pa.bool_(), lambda i: None if i % 3 == 1 else i % 7 < 3),
}
many = [{name: value(i) for name, (_, _, value) in encodings.items()} for i in range(700)]
pq.write_table(pa.Table.from_pylist(many, pa.schema([(n, t) for n, (_, t, _) in encodings.items()])), "encodings.parquet", use_dictionary=False,
               column_encoding={n: e for n, (e, _, _) in encodings.items()}, data_page_version="2.0", row_group_size=600, data_page_size=1000, compression="zstd")
with open("encodings.json", "w") as f:
    json.dump(many, f, separators=(",", ":"))
    f.write("\n")

chat = pa.Table.from_pylist([{"messages": [{"role": "user", "content": f"{i}?"}, {"role": "assistant", "content": f"{i}!"}], "n": i} for i in range(3)])
pq.write_table(chat, "chat.parquet")
