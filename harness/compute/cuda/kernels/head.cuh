// Cross-entropy, and the optimiser.
#pragma once
#include "common.cuh"
#include "rows.cuh"

// A block of logits x in place: targets ids, weights a (null: logits stay), losses b and argmax (may be null).
KERNEL(cross_entropy, Rows) {
  enum { CHUNK = 2048 };
  SHARED float top[NT], part[CHUNK], lanes[8], sum;
  SHARED int at[NT];
  float *x = row(a.x, blockIdx.x);
  const int n = a.x.cols, id = a.ids[blockIdx.x];
  const float weight = a.a ? a.a[blockIdx.x] : 0.0f;
  THREADS
    float m = -infinity();
    for (int i = t; i < n; i += NT)
      if (x[i] > m) m = x[i];
    top[t] = m;
  END
  for (int s = NT / 2; s > 0; s /= 2) {
    THREADS
      if (t < s && top[t + s] > top[t]) top[t] = top[t + s];
    END
  }
  if (a.argmax) {
    THREADS
      int j = n - 1; // where nothing equals the largest: all are NaN
      for (int i = n - 1 - t; i >= 0; i -= NT)
        if (x[i] == top[0]) j = i;
      at[t] = j;
    END
    for (int s = NT / 2; s > 0; s /= 2) {
      THREADS
        if (t < s) at[t] = least(at[t], at[t + s]);
      END
    }
  }
  const float target = x[id], m = top[0];
  THREADS
    if (t < 8) lanes[t] = 0;
  END
  for (int from = 0; from < n; from += CHUNK) {
    const int k = least(CHUNK, n - from);
    THREADS
      for (int i = t; i < k; i += NT) {
        float e = exp32(x[from + i] - m);
        part[i] = e;
        if (a.a) x[from + i] = e;
      }
    END
    THREADS
      if (t < 8) {
        float l = lanes[t];
        for (int i = t; i < k; i += 8) l = l + part[i];
        lanes[t] = l;
      }
    END
  }
  THREADS
    if (t == 0) {
      sum = fold(lanes);
      if (a.b) a.b[blockIdx.x] = (float)(log64((double)sum) + (double)(m - target));
      if (a.argmax) a.argmax[blockIdx.x] = at[0];
    }
  END
  if (a.a) {
    const float s = weight / sum;
    THREADS
      for (int i = t; i < n; i += NT) {
        float v = x[i] * s;
        x[i] = i == id ? v - weight : v;
      }
    END
  }
}

// Go's adamArgs has the same layout; the constants are compute.AdamW's Constants.
struct Adam {
  float *p, *g, *m, *v;
  long long n;
  float b1c, b2, b2c, rc2, eps, keep, step;
};

KERNEL(adamw, Adam) {
  THREADS
    const long long from = (long long)blockIdx.x * FLAT;
    for (long long i = from + t; i < from + FLAT && i < a.n; i += NT) {
      float g = a.g[i];
      float m = a.m[i] + a.b1c * (g - a.m[i]);
      float v = a.b2 * a.v[i] + a.b2c * g * g;
      a.m[i] = m;
      a.v[i] = v;
      float d = sqrtf(v) * a.rc2 + a.eps;
      a.p[i] = a.p[i] * a.keep - a.step * (m / d);
    }
  END
}
