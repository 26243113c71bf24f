// Causal attention over packed sequences, forward and backward (Dao et al., 2205.14135, appendix B.2). Scores are
// recomputed in the backward; nothing of size n² is kept in global memory.
#pragma once
#include "common.cuh"

// Query rows [start, start+n), keys and values [past+n, kv*dim]. Go's seqArgs has the same layout. It lies in host
// memory, so kernels copy it once.
struct Seq { View k, v; int start, n, past, unused; };

// Go's attnArgs has the same layout.
struct Attn {
  View o, q, dq, dk, dv, dout;
  const Seq *seqs;
  const int *tiles;  // pairs (sequence, first row of its block)
  float *lse, *stats; // stats [rows, heads, 3]: largest score, 1/sum of exponentials, dO·O
  float scale;
  int heads, kv, dim, window, rows, stride; // rows: of a tile, at most 8; stride: of a row of scores
};

enum { TILE = 8 };

DEVICE int first_key(const Attn &a, int last) { return a.window > 0 ? most(0, last + 1 - a.window) : 0; }

// Columns [at, at+dim) of n rows from src into dst [TILE, dim+1], the rest zero. The odd stride keeps banks apart.
#define TILE_ROWS(dst, src, first, n, at) \
  for (int i = t; i < TILE * a.dim; i += NT) { \
    int r = i / a.dim, d = i % a.dim; \
    dst[r * (a.dim + 1) + d] = r < (n) ? row(src, (first) + r)[(at) + d] : 0.0f; \
  }

// s[r][k] = q_r·k_k for the tile's rows and keys [from, to).
DEVICE void dots(float *s, int stride, const float *tile, const View &keys, int at, int dim, int n, int from, int to, int t) {
  for (int k = from + t; k < to; k += NT) {
    float acc[TILE] = {0, 0, 0, 0, 0, 0, 0, 0};
    const float *x = row(keys, k) + at;
    for (int d = 0; d < dim; d++) {
      UNROLL
      for (int r = 0; r < TILE; r++) acc[r] = fmaf(tile[r * (dim + 1) + d], x[d], acc[r]);
    }
    UNROLL
    for (int r = 0; r < TILE; r++)
      if (r < n) s[r * stride + k] = acc[r];
  }
}

// What soften leaves for each row of a tile.
struct Soft { float part[NT], top[TILE], sum[TILE]; };

// Turns the tile's scores s [n, stride] of keys [from, to) into exponentials of scale·score minus the row's largest,
// zero where a row does not see the key, and sums them up in eight lanes by key.
#define SOFTEN(s, w, last0, n, from, to) \
  THREADS \
    const int r = t / 32, last = (last0) + r; \
    float m = -infinity(); \
    if (r < (n)) { \
      for (int k = first_key(a, last) + t % 32; k <= last; k += 32) { \
        float v = s[r * a.stride + k] * a.scale; \
        s[r * a.stride + k] = v; \
        if (v > m) m = v; \
      } \
    } \
    w.part[t] = m; \
  END \
  THREADS \
    if (t < (n)) { \
      float m = w.part[32 * t]; \
      for (int i = 1; i < 32; i++) \
        if (w.part[32 * t + i] > m) m = w.part[32 * t + i]; \
      w.top[t] = m; \
    } \
  END \
  THREADS \
    const int r = t / 32, last = (last0) + r; \
    if (r < (n)) { \
      for (int k = (from) + t % 32; k < (to); k += 32) { \
        float *e = &s[r * a.stride + k]; \
        *e = k < first_key(a, last) || k > last ? 0.0f : exp32(*e - w.top[r]); \
      } \
    } \
  END \
  THREADS \
    const int r = t / 8; \
    if (r < (n)) { \
      float l = 0; \
      for (int k = (from) / 8 * 8 + t % 8; k < (to); k += 8) \
        if (k >= (from)) l = l + s[r * a.stride + k]; \
      w.part[t] = l; \
    } \
  END \
  THREADS \
    if (t < (n)) w.sum[t] = fold(&w.part[8 * t]); \
  END

// x[r][d] = Σ_k s[r][k]·keys[k][d], keys ascending, for rows r and r+1.
DEVICE void combine(float *x, const float *s, int stride, const View &keys, int at, int r, int n, int from, int to) {
  const float *lo = s + r * stride, *hi = s + (r + 1 < n ? r + 1 : r) * stride;
  x[0] = x[1] = 0;
  for (int k = from; k < to; k++) {
    float v = row(keys, k)[at];
    x[0] = fmaf(lo[k], v, x[0]);
    x[1] = fmaf(hi[k], v, x[1]);
  }
}

// A block: a tile of query rows (x), a query head (y).
KERNEL(attention, Attn) {
  DYNAMIC;
  SHARED Soft w;
  float *q = dynamic, *s = dynamic + TILE * (a.dim + 1);
  const Seq seq = a.seqs[a.tiles[2 * blockIdx.x]];
  const int i0 = a.tiles[2 * blockIdx.x + 1], n = least(a.rows, seq.n - i0), head = blockIdx.y;
  const int at = head / (a.heads / a.kv) * a.dim, to = seq.past + i0 + n, from = first_key(a, seq.past + i0);
  THREADS
    TILE_ROWS(q, a.q, seq.start + i0, n, head * a.dim)
  END
  THREADS
    dots(s, a.stride, q, seq.k, at, a.dim, n, from, to, t);
  END
  SOFTEN(s, w, seq.past + i0, n, from, to)
  THREADS
    if (a.lse && t < n) a.lse[(long long)(seq.start + i0 + t) * a.heads + head] = w.top[t] + (float)log64((double)w.sum[t]);
    for (int i = t; i < TILE / 2 * a.dim; i += NT) {
      const int r = i / a.dim * 2, d = i % a.dim;
      if (r < n) {
        float x[2];
        combine(x, s, a.stride, seq.v, at + d, r, n, from, to);
        row(a.o, seq.start + i0 + r)[head * a.dim + d] = x[0] * (1.0f / w.sum[r]);
        if (r + 1 < n) row(a.o, seq.start + i0 + r + 1)[head * a.dim + d] = x[1] * (1.0f / w.sum[r + 1]);
      }
    }
  END
}

// dq, and the statistics that attention_back_keys needs. A block: a tile of query rows (x), a query head (y).
KERNEL(attention_back_queries, Attn) {
  DYNAMIC;
  SHARED Soft w;
  SHARED float lanes[TILE][8], dot[TILE];
  float *q = dynamic, *dout = q + TILE * (a.dim + 1), *s = dout + TILE * (a.dim + 1), *ds = s + a.rows * a.stride;
  const Seq seq = a.seqs[a.tiles[2 * blockIdx.x]];
  const int i0 = a.tiles[2 * blockIdx.x + 1], n = least(a.rows, seq.n - i0), head = blockIdx.y;
  const int at = head / (a.heads / a.kv) * a.dim, to = i0 + n, from = first_key(a, i0), first = seq.start + i0;
  THREADS
    TILE_ROWS(q, a.q, first, n, head * a.dim)
    TILE_ROWS(dout, a.dout, first, n, head * a.dim)
  END
  THREADS
    dots(s, a.stride, q, seq.k, at, a.dim, n, from, to, t);
    dots(ds, a.stride, dout, seq.v, at, a.dim, n, from, to, t);
    if (t < 8 * n) {
      const float *o = row(a.o, first + t / 8) + head * a.dim;
      float l = 0;
      for (int d = t % 8; d < a.dim; d += 8) l = l + dout[t / 8 * (a.dim + 1) + d] * o[d];
      lanes[t / 8][t % 8] = l;
    }
  END
  SOFTEN(s, w, i0, n, from, to)
  THREADS
    if (t < n) {
      dot[t] = fold(lanes[t]);
      float *st = a.stats + ((long long)(first + t) * a.heads + head) * 3;
      st[0] = w.top[t];
      st[1] = 1.0f / w.sum[t];
      st[2] = dot[t];
    }
  END
  THREADS
    const int r = t / 32;
    if (r < n) {
      const float inv = 1.0f / w.sum[r];
      for (int k = from + t % 32; k < to; k += 32) ds[r * a.stride + k] = s[r * a.stride + k] * inv * (ds[r * a.stride + k] - dot[r]) * a.scale;
    }
  END
  THREADS
    for (int i = t; i < TILE / 2 * a.dim; i += NT) {
      const int r = i / a.dim * 2, d = i % a.dim;
      if (r < n) {
        float x[2];
        combine(x, ds, a.stride, seq.k, at + d, r, n, from, to);
        row(a.dq, first + r)[head * a.dim + d] = x[0];
        if (r + 1 < n) row(a.dq, first + r + 1)[head * a.dim + d] = x[1];
      }
    }
  END
}

// dk and dv. A block: a tile of keys (x), a key/value head (y). Each element is one chain over the head's query heads
// and, within one, over queries ascending.
KERNEL(attention_back_keys, Attn) {
  enum { QUERIES = NT / TILE, MOST = 4 }; // MOST: of dim/64, elements a thread owns
  DYNAMIC;
  SHARED float p[TILE][QUERIES], ds[TILE][QUERIES];
  OWN(float, acc, MOST * 4);
  float *key = dynamic, *value = dynamic + TILE * (a.dim + 1);
  const Seq seq = a.seqs[a.tiles[2 * blockIdx.x]];
  const int k0 = a.tiles[2 * blockIdx.x + 1], n = least(TILE, seq.n - k0), group = a.heads / a.kv, at = blockIdx.y * a.dim;
  THREADS
    TILE_ROWS(key, seq.k, k0, n, at)
    TILE_ROWS(value, seq.v, k0, n, at)
    UNROLL
    for (int i = 0; i < MOST * 4; i++) MY(acc)[i] = 0;
  END
  for (int g = 0; g < group; g++) {
    const int head = blockIdx.y * group + g;
    for (int q0 = k0; q0 < seq.n; q0 += QUERIES) {
      THREADS
        const int r = t % TILE, i = q0 + t / TILE, k = k0 + r;
        float pr = 0, d = 0;
        if (r < n && i < seq.n && k <= i && k >= first_key(a, i)) {
          const float *q = row(a.q, seq.start + i) + head * a.dim, *dout = row(a.dout, seq.start + i) + head * a.dim;
          float s = 0, dp = 0;
          for (int c = 0; c < a.dim; c++) {
            s = fmaf(q[c], key[r * (a.dim + 1) + c], s);
            dp = fmaf(dout[c], value[r * (a.dim + 1) + c], dp);
          }
          const float *st = a.stats + ((long long)(seq.start + i) * a.heads + head) * 3;
          pr = exp32(s * a.scale - st[0]) * st[1];
          d = pr * (dp - st[2]) * a.scale;
        }
        p[r][t / TILE] = pr;
        ds[r][t / TILE] = d;
      END
      THREADS
        const int end = least(QUERIES, seq.n - q0);
        UNROLL
        for (int m = 0; m < MOST; m++) {
          const int e = t + m * NT, r = e / a.dim * 2, c = e % a.dim;
          if (r < TILE) {
            for (int i = 0; i < end; i++) {
              float q = row(a.q, seq.start + q0 + i)[head * a.dim + c], o = row(a.dout, seq.start + q0 + i)[head * a.dim + c];
              MY(acc)[4 * m] = fmaf(ds[r][i], q, MY(acc)[4 * m]);
              MY(acc)[4 * m + 1] = fmaf(ds[r + 1][i], q, MY(acc)[4 * m + 1]);
              MY(acc)[4 * m + 2] = fmaf(p[r][i], o, MY(acc)[4 * m + 2]);
              MY(acc)[4 * m + 3] = fmaf(p[r + 1][i], o, MY(acc)[4 * m + 3]);
            }
          }
        }
      END
    }
  }
  THREADS
    UNROLL
    for (int m = 0; m < MOST; m++) {
      const int e = t + m * NT, r = e / a.dim * 2, c = at + e % a.dim;
      for (int j = 0; j < 2; j++) {
        if (r + j < n) {
          row(a.dk, seq.start + k0 + r + j)[c] = MY(acc)[4 * m + j];
          row(a.dv, seq.start + k0 + r + j)[c] = MY(acc)[4 * m + 2 + j];
        }
      }
    }
  END
}
