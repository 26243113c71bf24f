// Causal attention over packed sequences, forward and backward (Dao et al., 2205.14135, appendix B.2). Scores are
// recomputed in the backward; nothing of size n² is kept in global memory.
#pragma once
#include "common.cuh"

// Query rows [start, start+n), keys and values [past+n, kv*dim]. Go's seqArgs has the same layout.
struct Seq { View k, v; int start, n, past, unused; };

// Go's attnArgs has the same layout.
struct Attn {
  View o, q, dq, dk, dv, dout;
  const Seq *seqs;
  const int *tiles;  // pairs (sequence, first row of its block)
  float *lse, *stats; // stats [rows, heads, 3]: largest score, 1/sum of exponentials, dO·O
  float scale;
  int heads, kv, dim, window, rows, stride; // rows: of a tile of queries, at most TILE; stride: of a row of scores
};

// TILE rows of dim values in shared memory, each dim+4 apart so that banks differ; a tile of scores is as wide.
enum { TILE = 32, GAP = 4 };

DEVICE int first_key(const Attn &a, int last) { return a.window > 0 ? most(0, last + 1 - a.window) : 0; }

// Columns [at, at+dim) of rows first..first+n of src into a tile, the other rows zero.
DEVICE void load_tile(float *tile, const View &src, long long first, int n, int at, int dim, int t) {
  const int quads = (dim + 3) / 4, stride = quads * 4 + GAP;
  const bool aligned = aligned4(src.p + at, src.stride);
  for (int i = t; i < TILE * quads; i += NT) {
    const int r = i / quads, d = i % quads * 4;
    float v[4] = {0, 0, 0, 0};
    if (r < n) quad(v, row(src, first + r) + at + d, dim - d, aligned);
    store4(&tile[r * stride + d], v);
  }
}

// acc[j] = x[j]·y for four rows x of one tile and one row y of another, d ascending.
DEVICE void dot4(float *acc, const float *x, const float *y, int dim) {
  const int stride = (dim + 3) / 4 * 4 + GAP;
  UNROLL
  for (int j = 0; j < 4; j++) acc[j] = 0;
  for (int d = 0; d + 4 <= dim; d += 4) {
    float v[4], u[4];
    load4(v, y + d);
    UNROLL
    for (int j = 0; j < 4; j++) {
      load4(u, x + j * stride + d);
      UNROLL
      for (int e = 0; e < 4; e++) acc[j] = fmaf(u[e], v[e], acc[j]);
    }
  }
  for (int d = dim / 4 * 4; d < dim; d++) {
    UNROLL
    for (int j = 0; j < 4; j++) acc[j] = fmaf(x[j * stride + d], y[d], acc[j]);
  }
}

// s[r][k] = x_r·y_k for the rows of a tile x and rows k in [from, to) of keys, which go through the tile `keys`.
#define SCORES(s, x, keys, src, at, from, to) \
  for (int k0 = (from); k0 < (to); k0 += TILE) { \
    THREADS \
      load_tile(keys, src, k0, least(TILE, (to) - k0), at, a.dim, t); \
    END \
    THREADS \
      const int r = t / TILE * 4, k = k0 + t % TILE; \
      if (r < n && k < (to)) { \
        float acc[4]; \
        dot4(acc, x + r * stride, keys + t % TILE * stride, a.dim); \
        UNROLL \
        for (int j = 0; j < 4; j++) \
          if (r + j < n) s[(r + j) * a.stride + k] = acc[j]; \
      } \
    END \
  }

// What soften leaves for each row of a tile.
struct Soft { float part[NT], top[TILE], sum[TILE]; };

// Turns the tile's scores s [n, stride] of keys [from, to) into exponentials of scale·score minus the row's largest,
// zero where a row does not see the key, and sums them up in eight lanes by key. Row 0 sees keys up to last0.
#define SOFTEN(s, w, last0, from, to) \
  THREADS \
    const int r = t / 8, last = (last0) + r; \
    float m = -infinity(); \
    if (r < n) { \
      for (int k = first_key(a, last) / 8 * 8 + t % 8; k <= last; k += 8) { \
        if (k < first_key(a, last)) continue; \
        const float v = s[r * a.stride + k] * a.scale; \
        s[r * a.stride + k] = v; \
        if (v > m) m = v; \
      } \
    } \
    w.part[t] = m; \
  END \
  THREADS \
    if (t < n) { \
      float m = w.part[8 * t]; \
      for (int i = 1; i < 8; i++) \
        if (w.part[8 * t + i] > m) m = w.part[8 * t + i]; \
      w.top[t] = m; \
    } \
  END \
  THREADS \
    const int r = t / 8, last = (last0) + r; \
    float l = 0; \
    if (r < n) { \
      for (int k = (from) / 8 * 8 + t % 8; k < (to); k += 8) { \
        if (k < (from)) continue; \
        float *e = &s[r * a.stride + k]; \
        *e = k < first_key(a, last) || k > last ? 0.0f : exp32(*e - w.top[r]); \
        l = l + *e; \
      } \
    } \
    w.part[t] = l; \
  END \
  THREADS \
    if (t < n) w.sum[t] = fold(&w.part[8 * t]); \
  END

// x[j][e] = Σ_k s[r+j][k]·keys[k][at+e], keys ascending, for rows r, r+1 and four columns, of which `have` exist.
DEVICE void combine(float *x, const float *s, int stride, const View &keys, int at, int have, int from, int to) {
  const bool aligned = aligned4(keys.p + at, keys.stride);
  UNROLL
  for (int j = 0; j < 8; j++) x[j] = 0;
  for (int k = from; k < to; k++) {
    float v[4] = {0, 0, 0, 0};
    quad(v, row(keys, k) + at, have, aligned);
    UNROLL
    for (int j = 0; j < 2; j++) {
      UNROLL
      for (int e = 0; e < 4; e++) x[4 * j + e] = fmaf(s[j * stride + k], v[e], x[4 * j + e]);
    }
  }
}

// A block: a tile of query rows (x), a query head (y).
KERNEL_SHARED(attention, Attn, 3) {
  DYNAMIC;
  SHARED Soft w;
  const int quads = (a.dim + 3) / 4, stride = quads * 4 + GAP;
  float *q = dynamic, *keys = q + TILE * stride, *s = keys + TILE * stride;
  const Seq seq = a.seqs[a.tiles[2 * blockIdx.x]];
  const int i0 = a.tiles[2 * blockIdx.x + 1], n = least(a.rows, seq.n - i0), head = blockIdx.y;
  const int at = head / (a.heads / a.kv) * a.dim, to = seq.past + i0 + n, from = first_key(a, seq.past + i0);
  THREADS
    load_tile(q, a.q, seq.start + i0, n, head * a.dim, a.dim, t);
  END
  SCORES(s, q, keys, seq.k, at, from, to)
  SOFTEN(s, w, seq.past + i0, from, to)
  THREADS
    if (a.lse && t < n) a.lse[(long long)(seq.start + i0 + t) * a.heads + head] = w.top[t] + (float)log64((double)w.sum[t]);
    for (int i = t; i < TILE / 2 * quads; i += NT) {
      const int r = i / quads * 2, d = i % quads * 4;
      if (r < n) {
        float x[8];
        combine(x, s + r * a.stride, a.stride, seq.v, at + d, a.dim - d, from, least(to, seq.past + i0 + r + 2));
        for (int j = 0; j < 2 && r + j < n; j++) {
          const float inv = 1.0f / w.sum[r + j];
          float *o = row(a.o, seq.start + i0 + r + j) + head * a.dim + d;
          UNROLL
          for (int e = 0; e < 4; e++)
            if (d + e < a.dim) o[e] = x[4 * j + e] * inv;
        }
      }
    }
  END
}

// dq, and the statistics that attention_back_keys needs. A block: a tile of query rows (x), a query head (y).
KERNEL_SHARED(attention_back_queries, Attn, 2) {
  DYNAMIC;
  SHARED Soft w;
  SHARED float dot[TILE];
  const int quads = (a.dim + 3) / 4, stride = quads * 4 + GAP;
  float *q = dynamic, *dout = q + TILE * stride, *keys = dout + TILE * stride, *s = keys + TILE * stride, *ds = s + a.rows * a.stride;
  const Seq seq = a.seqs[a.tiles[2 * blockIdx.x]];
  const int i0 = a.tiles[2 * blockIdx.x + 1], n = least(a.rows, seq.n - i0), head = blockIdx.y;
  const int at = head / (a.heads / a.kv) * a.dim, to = i0 + n, from = first_key(a, i0), first = seq.start + i0;
  THREADS
    load_tile(q, a.q, first, n, head * a.dim, a.dim, t);
    load_tile(dout, a.dout, first, n, head * a.dim, a.dim, t);
  END
  SCORES(s, q, keys, seq.k, at, from, to)
  SCORES(ds, dout, keys, seq.v, at, from, to)
  THREADS
    const int r = t / 8;
    float l = 0;
    if (r < n) {
      const float *o = row(a.o, first + r) + head * a.dim;
      for (int d = t % 8; d < a.dim; d += 8) l = l + dout[r * stride + d] * o[d];
    }
    w.part[t] = l;
  END
  THREADS
    if (t < n) dot[t] = fold(&w.part[8 * t]);
  END
  SOFTEN(s, w, i0, from, to)
  THREADS
    if (t < n) {
      float *st = a.stats + ((long long)(first + t) * a.heads + head) * 3;
      st[0] = w.top[t];
      st[1] = 1.0f / w.sum[t];
      st[2] = dot[t];
    }
    const int r = t / 8;
    if (r < n) {
      const float inv = 1.0f / w.sum[r];
      for (int k = from + t % 8; k < to; k += 8) ds[r * a.stride + k] = s[r * a.stride + k] * inv * (ds[r * a.stride + k] - dot[r]) * a.scale;
    }
  END
  THREADS
    for (int i = t; i < TILE / 2 * quads; i += NT) {
      const int r = i / quads * 2, d = i % quads * 4;
      if (r < n) {
        float x[8];
        combine(x, ds + r * a.stride, a.stride, seq.k, at + d, a.dim - d, from, least(to, i0 + r + 2));
        for (int j = 0; j < 2 && r + j < n; j++) {
          float *dq = row(a.dq, first + r + j) + head * a.dim + d;
          UNROLL
          for (int e = 0; e < 4; e++)
            if (d + e < a.dim) dq[e] = x[4 * j + e];
        }
      }
    }
  END
}

// dk and dv. A block: a tile of keys (x), a key/value head (y). Each element is one chain over the head's query heads
// and, within one, over queries ascending. A thread owns PARTS times two keys by four columns.
template <int PARTS> DEVICE void back_keys(const Attn &a) {
  DYNAMIC;
  SHARED float p[TILE][TILE + 2], ds[TILE][TILE + 2]; // [query][key]
  OWN(float, dk, PARTS * 8);
  OWN(float, dv, PARTS * 8);
  const int quads = (a.dim + 3) / 4, stride = quads * 4 + GAP;
  float *key = dynamic, *value = key + TILE * stride, *q = value + TILE * stride, *dout = q + TILE * stride;
  const Seq seq = a.seqs[a.tiles[2 * blockIdx.x]];
  const int k0 = a.tiles[2 * blockIdx.x + 1], n = least(TILE, seq.n - k0), group = a.heads / a.kv, at = blockIdx.y * a.dim;
  THREADS
    load_tile(key, seq.k, k0, n, at, a.dim, t);
    load_tile(value, seq.v, k0, n, at, a.dim, t);
    UNROLL
    for (int i = 0; i < PARTS * 8; i++) MY(dk)[i] = MY(dv)[i] = 0;
  END
  for (int g = 0; g < group; g++) {
    const int head = blockIdx.y * group + g;
    for (int q0 = k0; q0 < seq.n; q0 += TILE) {
      const int queries = least(TILE, seq.n - q0);
      THREADS
        load_tile(q, a.q, seq.start + q0, queries, head * a.dim, a.dim, t);
        load_tile(dout, a.dout, seq.start + q0, queries, head * a.dim, a.dim, t);
      END
      THREADS
        const int r = t % TILE, i0 = t / TILE * 4, k = k0 + r;
        float s[4], dp[4];
        dot4(s, q + i0 * stride, key + r * stride, a.dim);
        dot4(dp, dout + i0 * stride, value + r * stride, a.dim);
        UNROLL
        for (int j = 0; j < 4; j++) {
          const int i = q0 + i0 + j;
          float pr = 0, d = 0;
          if (r < n && i < seq.n && k <= i && k >= first_key(a, i)) {
            const float *st = a.stats + ((long long)(seq.start + i) * a.heads + head) * 3;
            pr = exp32(s[j] * a.scale - st[0]) * st[1];
            d = pr * (dp[j] - st[2]) * a.scale;
          }
          p[i0 + j][r] = pr;
          ds[i0 + j][r] = d;
        }
      END
      THREADS
        UNROLL
        for (int m = 0; m < PARTS; m++) {
          const int slot = t + m * NT, r = slot / quads * 2, c = slot % quads * 4;
          if (r < TILE) {
            for (int i = 0; i < queries; i++) {
              float x[4], y[4];
              load4(x, &q[i * stride + c]);
              load4(y, &dout[i * stride + c]);
              UNROLL
              for (int j = 0; j < 2; j++) {
                UNROLL
                for (int e = 0; e < 4; e++) {
                  float *k = &MY(dk)[8 * m + 4 * j + e], *v = &MY(dv)[8 * m + 4 * j + e];
                  *k = fmaf(ds[i][r + j], x[e], *k);
                  *v = fmaf(p[i][r + j], y[e], *v);
                }
              }
            }
          }
        }
      END
    }
  }
  THREADS
    UNROLL
    for (int m = 0; m < PARTS; m++) {
      const int slot = t + m * NT, r = slot / quads * 2, c = slot % quads * 4;
      UNROLL
      for (int j = 0; j < 2; j++) {
        if (r + j < n) {
          UNROLL
          for (int e = 0; e < 4; e++) {
            if (c + e < a.dim) {
              row(a.dk, seq.start + k0 + r + j)[at + c + e] = MY(dk)[8 * m + 4 * j + e];
              row(a.dv, seq.start + k0 + r + j)[at + c + e] = MY(dv)[8 * m + 4 * j + e];
            }
          }
        }
      }
    }
  END
}

// Heads of at most 64, and of at most 256.
KERNEL_SHARED(attention_back_keys, Attn, 2) { back_keys<1>(a); }
KERNEL_SHARED(attention_back_keys_wide, Attn, 1) { back_keys<4>(a); }
