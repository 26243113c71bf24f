// Products of matrices: dst = base + Σ_terms A·B, one chain of fused multiply-adds an element, k ascending, terms in
// order. A block computes a tile of dst, each thread some elements of it; which tile is taken changes no bit. The values of
// the next step of k are fetched while this one is computed.
#pragma once
#include "common.cuh"

// Element (i,k) of A is a[i*ai + k*ak], (k,j) of B is b[k*bk + j*bj]; in each, one of the two strides is 1.
struct Term { const float *a, *b; long long ai, ak, bk, bj; int k; float scale; };

// Go's gemmArgs has the same layout.
struct Gemm { View dst, base; Term terms[8]; int n; };

// PAD keeps banks apart.
// One side of a step of k: WIDTH rows of A (or columns of B) by K, four neighbours a slot, C slots a thread. Element (i,k)
// is p[i*si + k*sk]; those that do not exist are zero.
template <int WIDTH, int K, int C, int PAD> struct Side {
  // Two slots of a row are neighbours, 32 bytes; then comes the next row, so that banks differ.
  MEMBER int deep_k(int slot) { return (slot % 2 + slot / (2 * WIDTH) * 2) * 4; }
  MEMBER void fetch(float *v, const float *p, long long si, long long sk, long long i0, int k0, int width, int k, int t) {
    const bool deep = sk == 1, aligned = aligned4(p, deep ? si : sk);
    if (aligned && i0 + WIDTH <= width && k0 + K <= k) {
      p += i0 * si + k0 * sk;
      UNROLL
      for (int c = 0; c < C; c++) {
        const int slot = t + c * NT;
        const int i = deep ? slot / 2 % WIDTH : slot % (WIDTH / 4) * 4, kk = deep ? deep_k(slot) : slot / (WIDTH / 4);
        if (slot < WIDTH * K / 4) load4(&v[4 * c], p + i * si + kk * sk);
      }
      return;
    }
    UNROLL
    for (int c = 0; c < C; c++) {
      const int slot = t + c * NT;
      UNROLL
      for (int j = 0; j < 4; j++) v[4 * c + j] = 0;
      if (slot < WIDTH * K / 4) {
        const long long i = i0 + (deep ? slot / 2 % WIDTH : slot % (WIDTH / 4) * 4);
        const int kk = k0 + (deep ? deep_k(slot) : slot / (WIDTH / 4));
        if (i < width && kk < k) quad(&v[4 * c], p + i * si + kk * sk, deep ? k - kk : (int)(width - i), aligned);
      }
    }
  }
  MEMBER void put(float *to, const float *v, bool deep, float scale, int t) {
    UNROLL
    for (int c = 0; c < C; c++) {
      const int slot = t + c * NT;
      if (slot < WIDTH * K / 4) {
        const int i = deep ? slot / 2 % WIDTH : slot % (WIDTH / 4) * 4, kk = deep ? deep_k(slot) : slot / (WIDTH / 4);
        float x[4];
        UNROLL
        for (int j = 0; j < 4; j++) x[j] = scale == 1.0f ? v[4 * c + j] : v[4 * c + j] * scale;
        if (deep) {
          UNROLL
          for (int j = 0; j < 4; j++) to[(kk + j) * (WIDTH + PAD) + i] = x[j];
        } else {
          store4(&to[kk * (WIDTH + PAD) + i], x);
        }
      }
    }
  }
};

// The place of a thread's r-th of R elements in a row of G threads: strips of up to four neighbours.
template <int R, int G> DEVICE int place(int g, int r) {
  const int w = R < 4 ? R : 4;
  return r / w * G * w + g * w + r % w;
}

template <int R, int G> DEVICE void mine(float *v, const float *x, int g) {
  UNROLL
  for (int r = 0; r < R; r += 4) {
    if (R < 4) {
      UNROLL
      for (int j = 0; j < R; j++) v[j] = x[place<R, G>(g, j)];
    } else {
      load4(&v[r], &x[place<R, G>(g, r)]);
    }
  }
}

template <int RM, int RN, int GX> DEVICE void step(float *acc, const float *x, const float *y, int ty, int tx) {
  float u[RM], v[RN];
  mine<RM, NT / GX>(u, x, ty);
  mine<RN, GX>(v, y, tx);
  UNROLL
  for (int r = 0; r < RM; r++) {
    UNROLL
    for (int c = 0; c < RN; c++) acc[r * RN + c] = fmaf(u[r], v[c], acc[r * RN + c]);
  }
}

// Threads stand in GX columns; each has RM·RN elements.
template <int RM, int RN, int GX, int K> DEVICE void gemm(const Gemm &a) {
  enum { GY = NT / GX, PAD = 4, M = GY * RM, N = GX * RN, CA = (M * K / 4 + NT - 1) / NT, CB = (N * K / 4 + NT - 1) / NT };
  SHARED ALIGNED float as[2][K * (M + PAD)], bs[2][K * (N + PAD)];
  OWN(float, acc, RM * RN);
  OWN(float, next_a, 4 * CA);
  OWN(float, next_b, 4 * CB);
  typedef Side<M, K, CA, PAD> A;
  typedef Side<N, K, CB, PAD> B;
  const long long row0 = (long long)blockIdx.x * M, col0 = (long long)blockIdx.y * N;
  THREADS
    UNROLL
    for (int i = 0; i < RM * RN; i++) MY(acc)[i] = 0;
    const Term &e = a.terms[0];
    A::fetch(MY(next_a), e.a, e.ai, e.ak, row0, 0, a.dst.rows, e.k, t);
    B::fetch(MY(next_b), e.b, e.bj, e.bk, col0, 0, a.dst.cols, e.k, t);
    A::put(as[0], MY(next_a), e.ak == 1, e.scale, t);
    B::put(bs[0], MY(next_b), e.bk == 1, 1, t);
  END
  for (int s = 0, k0 = 0, at = 0; s < a.n; at ^= 1) {
    const int kn = least(K, a.terms[s].k - k0);
    k0 += K;
    if (k0 >= a.terms[s].k) s++, k0 = 0;
    const Term &e = a.terms[s < a.n ? s : 0];
    THREADS
      if (s < a.n) {
        A::fetch(MY(next_a), e.a, e.ai, e.ak, row0, k0, a.dst.rows, e.k, t);
        B::fetch(MY(next_b), e.b, e.bj, e.bk, col0, k0, a.dst.cols, e.k, t);
      }
      // A warp is 4 threads by 8, so that few addresses are read at a time.
      const int ty = t / 32 / (GX / 8) * 4 + t % 32 / 8, tx = t / 32 % (GX / 8) * 8 + t % 8;
      const float *x = &as[at][0], *y = &bs[at][0];
      if (kn == K) {
        UNROLL8
        for (int k = 0; k < K; k++) step<RM, RN, GX>(MY(acc), x + k * (M + PAD), y + k * (N + PAD), ty, tx);
      } else {
        for (int k = 0; k < kn; k++) step<RM, RN, GX>(MY(acc), x + k * (M + PAD), y + k * (N + PAD), ty, tx);
      }
      if (s < a.n) {
        A::put(as[at ^ 1], MY(next_a), e.ak == 1, e.scale, t);
        B::put(bs[at ^ 1], MY(next_b), e.bk == 1, 1, t);
      }
    END
  }
  THREADS
    const int ty = t / 32 / (GX / 8) * 4 + t % 32 / 8, tx = t / 32 % (GX / 8) * 8 + t % 8;
    UNROLL
    for (int r = 0; r < RM; r++) {
      const long long i = row0 + place<RM, GY>(ty, r);
      UNROLL
      for (int c = 0; c < RN; c++) {
        const long long j = col0 + place<RN, GX>(tx, c);
        if (i < a.dst.rows && j < a.dst.cols) {
          float v = MY(acc)[r * RN + c];
          row(a.dst, i)[j] = a.base.p ? v + row(a.base, i)[j] : v;
        }
      }
    }
  END
}

// The same with values rounded to TF32 on the tensor cores: eight products of an element are added up at a time, so these are
// other numerics. A warp has WM·WN blocks of [16,8]; warps stand 4 by 2.
template <int WM, int WN> DEVICE void gemm_tf32(const Gemm &a) {
  enum { K = 16, PAD = 8, M = 64 * WM, N = 16 * WN, CA = M * K / 4 / NT, CB = N * K / 4 / NT };
  SHARED ALIGNED float as[2][K * (M + PAD)], bs[2][K * (N + PAD)];
  OWN(float, acc, WM * WN * 4);
  OWN(float, next_a, 4 * CA);
  OWN(float, next_b, 4 * CB);
  typedef Side<M, K, CA, PAD> A;
  typedef Side<N, K, CB, PAD> B;
  const long long row0 = (long long)blockIdx.x * M, col0 = (long long)blockIdx.y * N;
  THREADS
    UNROLL
    for (int i = 0; i < WM * WN * 4; i++) MY(acc)[i] = 0;
  END
  // Step -1 only fetches.
  for (int s = 0, k0 = 0, at = 1, first = 1; s < a.n; at ^= 1, first = 0) {
    if (!first) {
      k0 += K;
      if (k0 >= a.terms[s].k) s++, k0 = 0;
    }
    const Term &e = a.terms[s < a.n ? s : 0];
    WARPS
      LANES
        if (s < a.n) {
          A::fetch(MY(next_a), e.a, e.ai, e.ak, row0, k0, a.dst.rows, e.k, t);
          B::fetch(MY(next_b), e.b, e.bj, e.bk, col0, k0, a.dst.cols, e.k, t);
        }
      DONE
      if (!first) {
        UNROLL
        for (int k = 0; k < K; k += 8) {
          FRAGMENT(fa, WM * 4);
          FRAGMENT(fb, WN * 2);
          LANES
            const float *x = &as[at][(k + lane % 4) * (M + PAD) + warp / 2 * 16 * WM + lane / 4];
            const float *y = &bs[at][(k + lane % 4) * (N + PAD) + warp % 2 * 8 * WN + lane / 4];
            UNROLL
            for (int i = 0; i < WM * 4; i++) OF(fa)[i] = x[i / 4 * 16 + i % 2 * 8 + i % 4 / 2 * 4 * (M + PAD)];
            UNROLL
            for (int i = 0; i < WN * 2; i++) OF(fb)[i] = y[i / 2 * 8 + i % 2 * 4 * (N + PAD)];
          DONE
          UNROLL
          for (int i = 0; i < WM; i++) {
            UNROLL
            for (int j = 0; j < WN; j++) MMA(acc, 4 * (i * WN + j), fa, 4 * i, fb, 2 * j);
          }
        }
      }
      LANES
        UNROLL
        for (int i = 0; i < 4 * CA; i++) MY(next_a)[i] = tf32(e.scale == 1.0f ? MY(next_a)[i] : MY(next_a)[i] * e.scale);
        UNROLL
        for (int i = 0; i < 4 * CB; i++) MY(next_b)[i] = tf32(MY(next_b)[i]);
        A::put(as[at ^ 1], MY(next_a), e.ak == 1, 1, t);
        B::put(bs[at ^ 1], MY(next_b), e.bk == 1, 1, t);
      DONE
    END
  }
  THREADS
    const int warp = t / 32, lane = t % 32;
    UNROLL
    for (int n = 0; n < WM * WN * 4; n++) {
      const long long i = row0 + warp / 2 * 16 * WM + n / 4 / WN * 16 + n % 4 / 2 * 8 + lane / 4;
      const long long j = col0 + warp % 2 * 8 * WN + n / 4 % WN * 8 + lane % 4 * 2 + n % 2;
      if (i < a.dst.rows && j < a.dst.cols) {
        float v = MY(acc)[n];
        row(a.dst, i)[j] = a.base.p ? v + row(a.base, i)[j] : v;
      }
    }
  END
}

// Go's tiles in products.go say the same.
KERNEL_SHARED(gemm_128x128, Gemm, 2) { gemm<8, 8, 16, 8>(a); }
KERNEL_SHARED(gemm_64x64, Gemm, 4) { gemm<4, 4, 16, 16>(a); }
KERNEL_SHARED(gemm_32x32, Gemm, 6) { gemm<2, 2, 16, 32>(a); }
KERNEL_SHARED(gemm_64x8, Gemm, 4) { gemm<2, 1, 8, 32>(a); }
KERNEL_SHARED(gemm_8x64, Gemm, 4) { gemm<1, 2, 32, 32>(a); }
KERNEL_SHARED(gemm_tf32_128x128, Gemm, 2) { gemm_tf32<2, 8>(a); }
KERNEL_SHARED(gemm_tf32_64x64, Gemm, 4) { gemm_tf32<1, 4>(a); }
