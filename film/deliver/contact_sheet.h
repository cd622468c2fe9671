/// contact_sheet.png: every shot on one dark sheet, and the whole film as one strip in its own colours.
#pragma once

#include <string>

#include "film/deliver/deliver.h"
#include "film/deliver/still.h"

namespace film::deliver {

/// PNG bytes. Errors: invalid (the drawing library refused something).
workprint::Result<std::string> contact_sheet_png(const Delivery& delivery, const StillSet& stills);

}  // namespace film::deliver
