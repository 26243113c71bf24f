// What all kernels share. The same source is CUDA C and, for tests without a GPU, C++ in
// which blocks and threads are loops: a kernel is a sequence of THREADS ... END phases; what
// lives across phases is SHARED or OWN. Every block has 256 threads.
//
// The arithmetic is package compute's numerics contract (compile with --fmad=false or
// -ffp-contract=off): fused multiply-adds only where fmaf is written, sums of rows in eight lanes,
// compute/cpu's polynomials. So a result is the CPU's, bit for bit, whatever the shape of the grid.
#pragma once

#define NT 256

// A launch has layers of blocks (blockIdx.z), each with arguments and a grid [x,y] of its own. Go's record has the same layout.
template <class Args> struct Record { int x, y; Args args; };

#ifdef __CUDACC__
#define DEVICE static __device__ __forceinline__
#define KERNEL(name, Args) DEVICE void name##_block(const Args &a); \
  extern "C" __global__ void __launch_bounds__(NT) name(const Record<Args> *all) { \
    const Record<Args> &r = all[blockIdx.z]; \
    if (blockIdx.x >= r.x || blockIdx.y >= r.y) return; \
    const Args a = r.args; \
    name##_block(a); \
  } \
  DEVICE void name##_block(const Args &a)
// The same where arguments are many, or indexed at run time: a thread's own copy would not lie in registers. So many blocks
// must fit on a processor.
#define KERNEL_SHARED(name, Args, blocks) DEVICE void name##_block(const Args &a); \
  extern "C" __global__ void __launch_bounds__(NT, blocks) name(const Record<Args> *all) { \
    const Record<Args> &r = all[blockIdx.z]; \
    if (blockIdx.x >= r.x || blockIdx.y >= r.y) return; \
    __shared__ Args a; \
    for (int i = threadIdx.x; i < sizeof(Args) / 4; i += NT) ((int *)&a)[i] = ((const int *)&r.args)[i]; \
    __syncthreads(); \
    name##_block(a); \
  } \
  DEVICE void name##_block(const Args &a)
#define MEMBER static __device__ __forceinline__
#define ALIGNED __align__(16)
#define SHARED __shared__
#define DYNAMIC extern __shared__ __align__(16) float dynamic[]
#define THREADS { const int t = threadIdx.x; (void)t;
#define END } __syncthreads();
#define OWN(type, name, n) type name[n]
#define MY(name) name
#define UNROLL _Pragma("unroll")
#define UNROLL8 _Pragma("unroll 8")
// A phase in which warps work as one: WARPS, in it LANES ... DONE for what each thread does, and END.
#define WARPS { const int warp = threadIdx.x / 32; (void)warp;
#define LANES { const int t = threadIdx.x, lane = t % 32; (void)t, (void)lane;
#define DONE }
#define FRAGMENT(name, n) float name[n]
#define OF(name) name
#define MMA(c, i, a, j, b, k) mma(&c[i], &a[j], &b[k])
// c[16,8] += a[16,8]·b[8,8] on the tensor cores, in TF32 (PTX ISA, mma.m16n8k8).
DEVICE void mma(float *c, const float *a, const float *b) {
  asm("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(__float_as_uint(a[0])), "r"(__float_as_uint(a[1])), "r"(__float_as_uint(a[2])), "r"(__float_as_uint(a[3])),
        "r"(__float_as_uint(b[0])), "r"(__float_as_uint(b[1])));
}
// x rounded to TF32's ten bits, ties away from zero.
DEVICE float tf32(float x) {
  unsigned r;
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(r) : "f"(x));
  return __uint_as_float(r);
}
DEVICE float float_of(unsigned x) { return __uint_as_float(x); }
DEVICE void load4(float *v, const float *p) {
  const float4 x = *(const float4 *)p;
  v[0] = x.x, v[1] = x.y, v[2] = x.z, v[3] = x.w;
}
DEVICE void store4(float *p, const float *v) { *(float4 *)p = make_float4(v[0], v[1], v[2], v[3]); }
DEVICE unsigned long long bits_of(double x) { return __double_as_longlong(x); }
DEVICE double double_of(unsigned long long x) { return __longlong_as_double(x); }
#else
#include <math.h>
#include <string.h>
struct Dim3 { int x, y, z; };
static Dim3 blockIdx;
alignas(64) static float dynamic[1 << 16];
struct Kernel { const char *name; void (*block)(const void *); size_t args; Kernel *next; };
static Kernel *all_kernels;
struct Registration { Registration(Kernel *k) { k->next = all_kernels; all_kernels = k; } };
#define KERNEL_SHARED(name, Args, blocks) KERNEL(name, Args)
#define KERNEL(name, Args) static void name##_block(const Args &a); \
  static Kernel name##_kernel = {#name, [](const void *p) { \
    const Record<Args> &r = (*(const Record<Args> **)p)[blockIdx.z]; \
    if (blockIdx.x < r.x && blockIdx.y < r.y) name##_block(r.args); \
  }, sizeof(void *), 0}; \
  static Registration name##_registration(&name##_kernel); \
  static void name##_block(const Args &a)
#define DEVICE static inline
#define MEMBER static inline
#define ALIGNED __attribute__((aligned(16)))
#define SHARED static
#define DYNAMIC
#define THREADS for (int t = 0; t < NT; t++) {
#define END }
#define OWN(type, name, n) static type name[NT][n]
#define MY(name) name[t]
#define UNROLL
#define UNROLL8
#define WARPS for (int warp = 0; warp < NT / 32; warp++) {
#define LANES for (int lane = 0; lane < 32; lane++) { const int t = 32 * warp + lane; (void)t;
#define DONE }
#define FRAGMENT(name, n) float name[32][n]
#define OF(name) name[lane]
#define MMA(c, i, a, j, b, k) mma(&c[32 * warp][i], sizeof c[0] / 4, &a[0][j], sizeof a[0] / 4, &b[0][k], sizeof b[0] / 4)
// One warp's c[16,8] += a[16,8]·b[8,8]; lanes' values stand so far apart.
static inline void mma(float *c, int cn, const float *a, int an, const float *b, int bn) {
  for (int i = 0; i < 16; i++)
    for (int j = 0; j < 8; j++) {
      float *v = &c[(i % 8 * 4 + j / 2) * cn + i / 8 * 2 + j % 2];
      for (int k = 0; k < 8; k++) *v = fmaf(a[(i % 8 * 4 + k % 4) * an + k / 4 * 2 + i / 8], b[(j * 4 + k % 4) * bn + k / 4], *v);
    }
}
static inline float tf32(float x) {
  unsigned u;
  memcpy(&u, &x, 4);
  u = x - x == 0 ? (u + 0x1000u) & ~0x1fffu : u; // infinities and NaN stay
  memcpy(&x, &u, 4);
  return x;
}
static inline void load4(float *v, const float *p) { memcpy(v, p, 16); }
static inline void store4(float *p, const float *v) { memcpy(p, v, 16); }
static inline float float_of(unsigned x) { float f; memcpy(&f, &x, 4); return f; }
static inline unsigned long long bits_of(double x) { unsigned long long u; memcpy(&u, &x, 8); return u; }
static inline double double_of(unsigned long long x) { double f; memcpy(&f, &x, 8); return f; }
#endif

enum { FLAT = 1024 }; // elements of a block of a flat operator

// A row-major matrix: element (i,j) is p[i*stride+j]. Go's view in args.go has the same layout.
struct View { float *p; long long stride; int rows, cols; };

DEVICE float *row(const View &v, long long i) { return v.p + i * v.stride; }
DEVICE int least(int a, int b) { return a < b ? a : b; }
DEVICE int most(int a, int b) { return a > b ? a : b; }
// Whether four values at p + i*stride can be loaded at once for every i.
DEVICE bool aligned4(const float *p, long long stride) { return ((unsigned long long)p & 15) == 0 && (stride & 3) == 0; }
// The first `have` of four neighbours; the rest stay as they were.
DEVICE void quad(float *v, const float *p, int have, bool aligned) {
  if (aligned && have >= 4) {
    load4(v, p);
  } else {
    UNROLL
    for (int j = 0; j < 4; j++)
      if (j < have) v[j] = p[j];
  }
}
DEVICE float infinity() { return float_of(0x7f800000u); }

// Eight lanes folded in the contract's order.
template <class T> DEVICE T fold(const T *l) { return ((l[0] + l[4]) + (l[2] + l[6])) + ((l[1] + l[5]) + (l[3] + l[7])); }

// e to the x, as compute/cpu's exp32.
DEVICE float exp32(float x) {
  if (x != x) return x;
  if (x < -87.3f) return 0;
  if (x > 88.3f) x = 88.3f;
  float n = rintf(x * 1.44269504088896341f);
  float r = x - n * 0.693359375f;
  r = r - n * -2.12194440e-4f;
  float p = 1.9875691500e-4f * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  float y = p * r * r + r;
  y = y + 1.0f;
  return y * float_of((unsigned)((int)n + 127) << 23);
}

DEVICE float sigmoid(float x) { return 1.0f / (1.0f + exp32(-x)); }

// The natural logarithm of a positive normal number, as compute.Log64.
DEVICE double log64(double x) {
  unsigned long long u = bits_of(x);
  if (x != x || x <= 0 || u >> 52 == 0x7ff) return x > 0 ? x : x == 0 ? -(double)infinity() : double_of(0x7ff8000000000001ull);
  int e = (int)(u >> 52) - 1022;
  double f = double_of((u & 0xfffffffffffffull) | 1022ull << 52);
  if (f < 1.41421356237309504880168872420969807856967187537694 / 2) {
    f = 2 * f;
    e = e - 1;
  }
  double s = (f - 1) / (f + 1), z = s * s, p = 0;
  for (int i = 23; i >= 3; i -= 2) p = z * (1 / (double)i + p);
  double k = e;
  return k * 6.93147180369123816490e-01 + (2 * s + (2 * s * p + k * 1.90821492927058770002e-10));
}
