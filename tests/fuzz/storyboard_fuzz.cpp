#include "tests/fuzz/storyboard.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
  workprint::fuzz::try_storyboard({reinterpret_cast<const char*>(bytes), size});
  return 0;
}
