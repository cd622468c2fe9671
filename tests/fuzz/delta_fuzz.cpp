#include "tests/fuzz/delta.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
  workprint::fuzz::try_delta({reinterpret_cast<const char*>(bytes), size});
  return 0;
}
