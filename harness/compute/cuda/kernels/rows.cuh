// Operators that work row by row, and flat ones: compute/cpu's rows.go is the definition.
#pragma once
#include "common.cuh"

// Go's rowArgs in args.go has the same layout. Which fields an operator reads stands at its kernel.
struct Rows {
  View y, x, z, w, u;
  float *a, *b, *c, *d;
  const int *ids, *next;
  int *argmax;
  double *sums;
  unsigned long long key, base;
  long long n;
  float f;
  int flag, width;
};

enum { NORM_ROWS = 32 }; // rows of a block where a row's sum has only eight lanes to work on

// y = x * rstd * g(a), rstd(b, may be null) = 1/sqrt(mean(x²)+f).
KERNEL(rms_norm, Rows) {
  SHARED float lanes[NORM_ROWS][8], rstd[NORM_ROWS];
  const int first = blockIdx.x * NORM_ROWS, n = least(NORM_ROWS, a.x.rows - first);
  THREADS
    if (t < 8 * n) {
      const float *x = row(a.x, first + t / 8);
      float l = 0;
      for (int i = t % 8; i < a.x.cols; i += 8) l = l + x[i] * x[i];
      lanes[t / 8][t % 8] = l;
    }
  END
  THREADS
    if (t < n) {
      float s = 1.0f / sqrtf(fold(lanes[t]) / (float)a.x.cols + a.f);
      rstd[t] = s;
      if (a.b) a.b[first + t] = s;
    }
  END
  for (int r = 0; r < n; r++) {
    const float *x = row(a.x, first + r);
    float *y = row(a.y, first + r);
    THREADS
      for (int i = t; i < a.x.cols; i += NT) y[i] = x[i] * rstd[r] * a.a[i];
    END
  }
}

// y = w(if flag) + gradient through rms_norm: dy in z, x, g in a, rstd in b.
KERNEL(rms_norm_back, Rows) {
  SHARED float lanes[NORM_ROWS][8], scale[NORM_ROWS];
  const int first = blockIdx.x * NORM_ROWS, n = least(NORM_ROWS, a.x.rows - first);
  THREADS
    if (t < 8 * n) {
      const float *x = row(a.x, first + t / 8), *dy = row(a.z, first + t / 8);
      float l = 0;
      for (int i = t % 8; i < a.x.cols; i += 8) l = l + dy[i] * a.a[i] * x[i];
      lanes[t / 8][t % 8] = l;
    }
  END
  THREADS
    if (t < n) {
      float s = a.b[first + t];
      scale[t] = s * s * s * fold(lanes[t]) / (float)a.x.cols;
    }
  END
  for (int r = 0; r < n; r++) {
    const float *x = row(a.x, first + r), *dy = row(a.z, first + r), *from = a.flag ? row(a.w, first + r) : 0;
    float *dx = row(a.y, first + r), s = a.b[first + r], c = scale[r];
    THREADS
      for (int i = t; i < a.x.cols; i += NT) {
        float d = dy[i] * a.a[i] * s - x[i] * c;
        dx[i] = (from ? from[i] : 0.0f) + d;
      }
    END
  }
}

// c[j] += Σ_rows z*x*rstd(b), rows ascending: a thread a column.
KERNEL(rms_norm_gain, Rows) {
  THREADS
    int j = blockIdx.x * NT + t;
    if (j < a.x.cols) {
      float s = a.c[j];
      for (int i = 0; i < a.x.rows; i++) s = s + row(a.z, i)[j] * row(a.x, i)[j] * a.b[i];
      a.c[j] = s;
    }
  END
}

// Rotates heads of width n in place; cos a, sin b [positions, n/2], positions ids; flag: the transpose.
KERNEL(rope, Rows) {
  const int h = (int)a.n / 2, pairs = a.x.cols / 2;
  float *x = row(a.x, blockIdx.x);
  const long long at = (long long)a.ids[blockIdx.x] * h;
  THREADS
    for (int i = t; i < pairs; i += NT) {
      int lo = i / h * 2 * h + i % h, hi = lo + h;
      float c = a.a[at + i % h], s = a.b[at + i % h], p = x[lo], q = x[hi];
      if (a.flag) {
        x[lo] = p * c + q * s;
        x[hi] = q * c - p * s;
      } else {
        x[lo] = p * c - q * s;
        x[hi] = q * c + p * s;
      }
    }
  END
}

// y = silu(x) * z.
KERNEL(silu_mul, Rows) {
  const float *g = row(a.x, blockIdx.x), *u = row(a.z, blockIdx.x);
  float *h = row(a.y, blockIdx.x);
  THREADS
    for (int i = t; i < a.y.cols; i += NT) h[i] = g[i] * sigmoid(g[i]) * u[i];
  END
}

// dgate y, dup u (which may be gate and up) from dh w, gate x, up z.
KERNEL(silu_mul_back, Rows) {
  const float *g = row(a.x, blockIdx.x), *up = row(a.z, blockIdx.x), *dh = row(a.w, blockIdx.x);
  float *dg = row(a.y, blockIdx.x), *du = row(a.u, blockIdx.x);
  THREADS
    for (int i = t; i < a.w.cols; i += NT) {
      float x = g[i], s = sigmoid(x), d = dh[i], v = up[i], xs = x * s;
      float slope = s + xs * (1.0f - s);
      du[i] = d * xs;
      dg[i] = d * v * slope;
    }
  END
}

DEVICE unsigned long long mix(unsigned long long z) {
  z += 0x9e3779b97f4a7c15ull;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ z >> 27) * 0x94d049bb133111ebull;
  return z ^ z >> 31;
}

// y = x * mask/(1-f), the mask drawn from key and the element's index, offset by base.
KERNEL(dropout, Rows) {
  const float *x = row(a.x, blockIdx.x);
  float *y = row(a.y, blockIdx.x);
  const float keep = 1.0f / (1.0f - a.f);
  const unsigned long long limit = (unsigned long long)((double)a.f * 16777216.0);
  const unsigned long long at = a.base + (unsigned long long)blockIdx.x * (unsigned long long)a.x.cols;
  THREADS
    for (int i = t; i < a.x.cols; i += NT) y[i] = mix(a.key + mix(at + (unsigned long long)i)) >> 40 < limit ? 0.0f : x[i] * keep;
  END
}

// y = x + (z, or the row a where flag).
KERNEL(add_rows, Rows) {
  const float *x = row(a.x, blockIdx.x), *b = a.flag ? a.a : row(a.z, blockIdx.x);
  float *y = row(a.y, blockIdx.x);
  THREADS
    for (int i = t; i < a.x.cols; i += NT) y[i] = x[i] + b[i];
  END
}

KERNEL(copy_rows, Rows) {
  const float *x = row(a.x, blockIdx.x);
  float *y = row(a.y, blockIdx.x);
  THREADS
    for (int i = t; i < a.x.cols; i += NT) y[i] = x[i];
  END
}

// a[j] += Σ_rows x, rows ascending: a thread a column.
KERNEL(bias_grad, Rows) {
  THREADS
    int j = blockIdx.x * NT + t;
    if (j < a.x.cols) {
      float s = a.a[j];
      for (int i = 0; i < a.x.rows; i++) s = s + row(a.x, i)[j];
      a.a[j] = s;
    }
  END
}

// y[t] = table a[ids[t]].
KERNEL(gather, Rows) {
  const float *x = a.a + (long long)a.ids[blockIdx.x] * a.y.cols;
  float *y = row(a.y, blockIdx.x);
  THREADS
    for (int i = t; i < a.y.cols; i += NT) y[i] = x[i];
  END
}

// Table a[ids[t]] += x[t], t ascending. The block of an id's first row (flagged in argmax) goes through the id's
// other rows by next.
KERNEL(scatter_add, Rows) {
  if (a.argmax[blockIdx.x]) {
    float *y = a.a + (long long)a.ids[blockIdx.x] * a.x.cols;
    THREADS
      for (int i = t; i < a.x.cols; i += NT) {
        float s = y[i];
        for (int r = blockIdx.x; r >= 0; r = a.next[r]) s = s + row(a.x, r)[i];
        y[i] = s;
      }
    END
  }
}

// Flat: a[i] *= f.
KERNEL(scale, Rows) {
  const long long from = (long long)blockIdx.x * FLAT;
  THREADS
    for (long long i = from + t; i < from + FLAT && i < a.n; i += NT) a.a[i] = a.a[i] * a.f;
  END
}

// Flat: a[i] = 0.
KERNEL(zero, Rows) {
  const long long from = (long long)blockIdx.x * FLAT;
  THREADS
    for (long long i = from + t; i < from + FLAT && i < a.n; i += NT) a.a[i] = 0;
  END
}

// sums[block] = Σ a² of 4,096 elements, in float64.
KERNEL(sum_squares, Rows) {
  SHARED double lanes[8];
  const long long from = (long long)blockIdx.x * 4096, left = a.n - from;
  const int n = left < 4096 ? (int)left : 4096;
  THREADS
    if (t < 8) {
      double l = 0;
      for (int i = t; i < n; i += 8) {
        double v = a.a[from + i];
        l = l + v * v;
      }
      lanes[t] = l;
    }
  END
  THREADS
    if (t == 0) a.sums[blockIdx.x] = fold(lanes);
  END
}
