/// What a property of these tests does when it does not hold: the process ends, so that a fuzzer keeps the input.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace workprint::fuzz {

inline void require(bool holds, const char* property) {
  if (holds) return;
  std::fprintf(stderr, "property broken: %s\n", property);
  std::abort();
}

}  // namespace workprint::fuzz
