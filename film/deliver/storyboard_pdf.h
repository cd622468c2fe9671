/// storyboard.pdf: a title page with cast and places, then six panels a page. A4 landscape.
#pragma once

#include <string>

#include "film/deliver/deliver.h"
#include "film/deliver/still.h"

namespace film::deliver {

/// The PDF's bytes; equal input, equal bytes (the document's dates are the render's, else a fixed one).
/// Errors: invalid (the drawing library refused something); cancelled.
workprint::Result<std::string> storyboard_pdf(const Delivery& delivery, const StillSet& stills, std::stop_token stop);

}  // namespace film::deliver
