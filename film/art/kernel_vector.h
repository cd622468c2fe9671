/// The vector forms of the kernels; null where the machine or the compiler does not have them. Private to the kernels.
#pragma once

#include "film/art/kernel.h"

namespace film::art::kernel {

[[nodiscard]] const Set* sse2();
[[nodiscard]] const Set* avx2();

}  // namespace film::art::kernel
