#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

// fontconfig and pango keep caches for the life of the process; LeakSanitizer sees some of them as lost. Our own leaks
// never have these libraries at the top of their stack.
extern "C" const char* __lsan_default_suppressions();  // NOLINT: the sanitizer's name
extern "C" const char* __lsan_default_suppressions() { return "leak:libfontconfig\nleak:libpango\nleak:libcairo\nleak:libglib\n"; }
