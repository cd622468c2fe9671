#include "tests/fuzz/names.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
  workprint::fuzz::try_object_name({reinterpret_cast<const char*>(bytes), size});
  return 0;
}
