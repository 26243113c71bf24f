// A CUDA driver without a GPU, for tests: the functions of libcuda that compute/cuda calls, with the driver's own binary
// interface. Kernels are the same source compiled as C++ (kernels/common.cuh). It is stricter than a driver:
//   - work waits until its stream is synchronised, so a host that reads too early reads what was there before;
//   - device memory is not the host's, and starts as NaN;
//   - a call without a current context on its thread fails; so does a launch beyond the limits.
// fake_fail makes a function fail; fake_memory and fake_version set what the device has.
#include <sys/mman.h>

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "kernels.cu"

typedef int Result;
typedef unsigned long long Ptr;
enum { OK = 0, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, INVALID_CONTEXT = 201, INVALID_HANDLE = 400, NOT_FOUND = 500, LAUNCH_FAILED = 719 };

namespace {
struct Launch { Kernel *kernel; std::vector<char> args; Dim3 grid; };
struct Stream { std::vector<Launch> queue; };

std::recursive_mutex lock;
int version = 12040, devices = 1, context_dummy;
size_t total = 1ull << 30, used;
int refusals;
Result broken; // a failed launch spoils the context
std::map<std::string, std::pair<Result, int>> faults;
std::map<Ptr, size_t> blocks;
std::set<Stream *> streams;
std::map<Kernel *, int> shared_limit;
thread_local void *current;

Result enter(const char *name, bool needs_context = true) {
  auto f = faults.find(name);
  if (f != faults.end() && --f->second.second < 0) {
    Result r = f->second.first;
    if (r == LAUNCH_FAILED) broken = r;
    return r;
  }
  if (needs_context && !current) return INVALID_CONTEXT;
  return needs_context ? broken : OK;
}

void drain(Stream *s) {
  for (auto &l : s->queue) {
    for (int z = 0; z < l.grid.z; z++)
      for (int y = 0; y < l.grid.y; y++)
        for (int x = 0; x < l.grid.x; x++) {
          blockIdx = {x, y, z};
          l.kernel->block(l.args.data());
        }
  }
  s->queue.clear();
}
}  // namespace

#define GUARD(needs_context) \
  std::lock_guard<std::recursive_mutex> guard(lock); \
  if (Result r = enter(__func__, needs_context)) return r;
#define ENTER() GUARD(true)

extern "C" {

void fake_fail(const char *name, int code, int after) {
  std::lock_guard<std::recursive_mutex> guard(lock);
  if (code) faults[name] = {code, after};
  else faults.erase(name);
  broken = OK;
}
void fake_memory(unsigned long long bytes) { total = bytes; }
void fake_version(int v) { version = v; }
void fake_devices(int n) { devices = n; }
unsigned long long fake_used() { return used; }
int fake_refusals() { return refusals; }

Result cuInit(unsigned) { GUARD(false) return OK; }
Result cuDriverGetVersion(int *v) { GUARD(false) *v = version; return OK; }
Result cuDeviceGetCount(int *n) { GUARD(false) *n = devices; return OK; }
Result cuDeviceGet(int *d, int i) { GUARD(false) *d = i; return OK; }
Result cuDeviceGetName(char *s, int n, int) { GUARD(false) strncpy(s, "Fake GPU (kernels as C++)", n); return OK; }
Result cuDeviceGetAttribute(int *v, int attribute, int) {
  GUARD(false)
  switch (attribute) {
    case 13: *v = 1000000; return OK;       // clock, kHz
    case 16: *v = 4; return OK;             // multiprocessors
    case 75: *v = 8; return OK;             // compute capability, major
    case 76: *v = 0; return OK;             // minor
    case 97: *v = 160 << 10; return OK;     // shared memory a block may opt in to
  }
  return INVALID_VALUE;
}
Result cuDeviceTotalMem_v2(size_t *n, int) { GUARD(false) *n = total; return OK; }
Result cuDevicePrimaryCtxRetain(void **c, int) { GUARD(false) *c = &context_dummy; return OK; }
Result cuCtxSetCurrent(void *c) { GUARD(false) current = c; return OK; }
Result cuMemGetInfo_v2(size_t *f, size_t *t) { ENTER() *t = total; *f = used < total ? total - used : 0; return OK; }

Result cuMemAlloc_v2(Ptr *p, size_t n) {
  ENTER()
  if (!n) return INVALID_VALUE;
  if (used + n > total) return refusals++, OUT_OF_MEMORY;
  size_t pages = (n + 4095) / 4096 * 4096;
  char *m = (char *)mmap(0, pages + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (m == MAP_FAILED) return OUT_OF_MEMORY;
  mprotect(m + pages, 4096, PROT_NONE); // a kernel that runs over the end is caught
  memset(m, 0xff, n);
  blocks[(Ptr)m] = n;
  used += n;
  *p = (Ptr)m;
  return OK;
}
Result cuMemFree_v2(Ptr p) {
  ENTER()
  auto b = blocks.find(p);
  if (b == blocks.end()) return INVALID_VALUE;
  for (auto s : streams) drain(s); // as a driver: freeing waits for the device
  munmap((void *)p, (b->second + 4095) / 4096 * 4096 + 4096);
  used -= b->second;
  blocks.erase(b);
  return OK;
}
Result cuMemAllocHost_v2(void **p, size_t n) { ENTER() *p = aligned_alloc(64, (n + 63) / 64 * 64); return *p ? OK : OUT_OF_MEMORY; }
Result cuMemFreeHost(void *p) { ENTER() free(p); return OK; }
Result cuMemsetD8Async(Ptr p, unsigned char v, size_t n, Stream *s) { ENTER() drain(s); memset((void *)p, v, n); return OK; }
Result cuMemcpyHtoDAsync_v2(Ptr d, const void *h, size_t n, Stream *s) { ENTER() drain(s); memcpy((void *)d, h, n); return OK; }
Result cuMemcpyDtoHAsync_v2(void *h, Ptr d, size_t n, Stream *s) { ENTER() drain(s); memcpy(h, (void *)d, n); return OK; }

Result cuStreamCreate(Stream **s, unsigned) { ENTER() *s = new Stream; streams.insert(*s); return OK; }
Result cuStreamSynchronize(Stream *s) { ENTER() drain(s); return OK; }

Result cuModuleLoadData(void **m, const void *image) {
  ENTER()
  if (!strstr((const char *)image, ".target sm_80")) return INVALID_VALUE;
  *m = &all_kernels;
  return OK;
}
Result cuModuleGetFunction(Kernel **f, void *, const char *name) {
  ENTER()
  for (Kernel *k = all_kernels; k; k = k->next)
    if (!strcmp(k->name, name)) return *f = k, OK;
  return NOT_FOUND;
}
Result cuFuncSetAttribute(Kernel *f, int attribute, int v) {
  ENTER()
  if (attribute != 8 || v > 160 << 10) return INVALID_VALUE;
  shared_limit[f] = v;
  return OK;
}
Result cuLaunchKernel(Kernel *f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared, Stream *s, void **params, void **) {
  ENTER()
  if (!streams.count(s)) return INVALID_HANDLE;
  auto l = shared_limit.find(f);
  if (!gx || !gy || !gz || gy > 65535 || gz > 65535 || bx != NT || by != 1 || bz != 1 || (int)shared > (l == shared_limit.end() ? 48 << 10 : l->second)) return INVALID_VALUE;
  char *a = (char *)params[0];
  s->queue.push_back({f, std::vector<char>(a, a + f->args), {(int)gx, (int)gy, (int)gz}});
  return OK;
}
Result cuGetErrorName(Result r, const char **s) {
  *s = r == OUT_OF_MEMORY ? "CUDA_ERROR_OUT_OF_MEMORY" : r == LAUNCH_FAILED ? "CUDA_ERROR_LAUNCH_FAILED" : r == 100 ? "CUDA_ERROR_NO_DEVICE" : "CUDA_ERROR_OTHER";
  return OK;
}
}  // extern "C"
