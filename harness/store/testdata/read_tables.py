"""Reads a directory of tables with pyarrow, pandas and DuckDB and prints, as JSON, what each found.

    python read_tables.py DIR [SHARD.arrow]

The test compares it with what was stored. A shard is read with pyarrow's IPC reader.
"""
import json
import sys

import duckdb
import pandas
import pyarrow.parquet as pq

directory = sys.argv[1]
tables = ["runs", "metrics", "steps", "items", "examples", "scores", "detections"]
found = {}
for name in tables:
    path = f"{directory}/{name}.parquet"
    file = pq.ParquetFile(path)
    arrow = file.read()
    frame = pandas.read_parquet(path)
    duck = duckdb.sql(f"select count(*), count(distinct run) from '{path}'").fetchall()[0]
    columns = duckdb.sql(f"select * from '{path}' limit 0").columns
    assert list(frame.columns) == arrow.column_names == columns, (name, columns)
    assert len(frame) == arrow.num_rows == duck[0], name
    ids = arrow["run"].to_pylist()
    assert ids == sorted(ids), name
    assert file.metadata.created_by == "theriac", file.metadata.created_by
    found[name] = {
        "rows": arrow.num_rows,
        "runs": duck[1],
        "columns": {f.name: f"{f.type}{'' if f.nullable else ' not null'}" for f in arrow.schema},
        "schema": file.metadata.metadata[b"theriac.schema"].decode(),
        "set": file.metadata.metadata[b"theriac.set"].decode(),
    }

# Sums that each reader computes for itself; NaN, which pandas may or may not take for null, is left out.
q = lambda sql: duckdb.sql(sql).fetchall()[0][0]
metrics = pandas.read_parquet(f"{directory}/metrics.parquet")
number = metrics["value"].astype(float)
steps = pq.read_table(f"{directory}/steps.parquet")
found["sums"] = {
    "value": number[number == number].sum(),
    "value_duckdb": q(f"select sum(value) from '{directory}/metrics.parquet' where not isnan(value)"),
    "nan": int((number != number).sum()),
    "k": int(metrics["k"].sum()),
    "k_null": int(metrics["k"].isna().sum()),
    "tokens": sum(steps["tokens"].to_pylist()),
    "failed": q(f"select count(*) from '{directory}/runs.parquet' where status = 'failed' and reason <> ''"),
    "joined": q(f"""select count(*) from '{directory}/items.parquet' i join '{directory}/runs.parquet' r using (run)
                    where r."spec.trigger" = 'cf' and i.outcome = 'correct'"""),
    # Row groups are passed over by their statistics: one run's rows, found through the filter.
    "one": q(f"select count(*) from '{directory}/items.parquet' where run = '{sorted(set(metrics['run']))[3]}'"),
}
if len(sys.argv) > 2:
    import pyarrow as pa

    with pa.OSFile(sys.argv[2]) as f:
        shard = pa.ipc.open_file(f).read_all().to_pylist()
    found["shard"] = {"rows": len(shard), "run": shard[0]["run"], "metrics": len(shard[0]["metrics"]), "spec": shard[0]["spec"]}
json.dump(found, sys.stdout)
