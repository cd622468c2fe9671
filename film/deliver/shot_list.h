/// shots.csv: the shot list for spreadsheets and scripts (RFC 4180, UTF-8, CRLF).
#pragma once

#include <string>
#include <string_view>

#include "film/deliver/deliver.h"

namespace film::deliver {

/// One field, quoted when it must be. A text that a spreadsheet would run as a formula gets a leading apostrophe.
[[nodiscard]] std::string csv_field(std::string_view text);
[[nodiscard]] std::string shot_list_csv(const Delivery& delivery);

}  // namespace film::deliver
