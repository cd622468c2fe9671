// The files this program serves from its own binary. WORKPRINT_DOCUMENTS is the folder they lie in.
#include "cli/api.h"

#define WORKPRINT_EMBED(name, file)                                        \
  __asm__(".section .rodata\n.global workprint_" name "\n.global workprint_" name "_end\n" \
          "workprint_" name ":\n.incbin \"" WORKPRINT_DOCUMENTS "/" file "\"\nworkprint_" name "_end:\n.byte 0\n.previous\n")

WORKPRINT_EMBED("openapi", "openapi.json");
WORKPRINT_EMBED("page", "page.html");

extern "C" {
extern const char workprint_openapi[], workprint_openapi_end[], workprint_page[], workprint_page_end[];
}

namespace workprint::cli {

std::string_view openapi_document() { return {workprint_openapi, static_cast<std::size_t>(workprint_openapi_end - workprint_openapi)}; }
std::string_view page_document() { return {workprint_page, static_cast<std::size_t>(workprint_page_end - workprint_page)}; }

}  // namespace workprint::cli
