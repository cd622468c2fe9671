/// poster.jpg: the film's most striking still, cropped to where the most is to see, with the title set in its colours.
#pragma once

#include <string>

#include "film/deliver/deliver.h"
#include "film/deliver/still.h"

namespace film::deliver {

/// JPEG bytes, 1200 x 1800. Errors: invalid (the drawing library refused something).
workprint::Result<std::string> poster_jpg(const Delivery& delivery, const StillSet& stills);

}  // namespace film::deliver
