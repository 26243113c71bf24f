// Products of matrices: dst = base + Σ_terms A·B, one chain of fused multiply-adds an element, k ascending, terms in
// order. A block computes a square tile of 16·T rows, T² elements a thread; which T is taken changes no bit.
#pragma once
#include "common.cuh"

// Element (i,k) of A is a[i*ai + k*ak], (k,j) of B is b[k*bk + j*bj].
struct Term { const float *a, *b; long long ai, ak, bk, bj; int k; float scale; };

// Go's gemmArgs has the same layout.
struct Gemm { View dst, base; Term terms[8]; int n; };

template <int T> DEVICE void step(float *acc, const float *x, const float *y) {
  UNROLL
  for (int r = 0; r < T; r++) {
    UNROLL
    for (int c = 0; c < T; c++) acc[r * T + c] = fmaf(x[r], y[c], acc[r * T + c]);
  }
}

template <int T> DEVICE void gemm(const Gemm &a) {
  enum { N = 16 * T, K = 16 };
  SHARED float as[K][N + 4], bs[K][N + 4];
  OWN(float, acc, T * T);
  const long long row0 = (long long)blockIdx.x * N, col0 = (long long)blockIdx.y * N;
  THREADS
    UNROLL
    for (int i = 0; i < T * T; i++) MY(acc)[i] = 0;
  END
  for (int s = 0; s < a.n; s++) {
    const Term &e = a.terms[s];
    for (int k0 = 0; k0 < e.k; k0 += K) {
      const int kn = least(K, e.k - k0);
      THREADS
        for (int i = t; i < N * K; i += NT) {
          // Neighbouring threads read neighbouring addresses.
          int ar = e.ak == 1 ? i / K : i % N, ak = e.ak == 1 ? i % K : i / N;
          int bc = e.bk == 1 ? i / K : i % N, bk = e.bk == 1 ? i % K : i / N;
          if (ak < kn && row0 + ar < a.dst.rows) {
            float v = e.a[(row0 + ar) * e.ai + (long long)(k0 + ak) * e.ak];
            as[ak][ar] = e.scale == 1.0f ? v : v * e.scale;
          }
          if (bk < kn && col0 + bc < a.dst.cols) bs[bk][bc] = e.b[(long long)(k0 + bk) * e.bk + (col0 + bc) * e.bj];
        }
      END
      THREADS
        const int ty = t / 16 * T, tx = t % 16 * T;
        if (kn == K) {
          UNROLL4
          for (int k = 0; k < K; k++) step<T>(MY(acc), &as[k][ty], &bs[k][tx]);
        } else {
          for (int k = 0; k < kn; k++) step<T>(MY(acc), &as[k][ty], &bs[k][tx]);
        }
      END
    }
  }
  THREADS
    UNROLL
    for (int r = 0; r < T; r++) {
      const long long i = row0 + t / 16 * T + r;
      UNROLL
      for (int c = 0; c < T; c++) {
        const long long j = col0 + t % 16 * T + c;
        if (i < a.dst.rows && j < a.dst.cols) {
          float v = MY(acc)[r * T + c];
          row(a.dst, i)[j] = a.base.p ? v + row(a.base, i)[j] : v;
        }
      }
    }
  END
}

KERNEL(gemm1, Gemm) { gemm<1>(a); }
KERNEL(gemm2, Gemm) { gemm<2>(a); }
KERNEL(gemm4, Gemm) { gemm<4>(a); }
KERNEL(gemm8, Gemm) { gemm<8>(a); }
