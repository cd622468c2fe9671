/// As much XML as the answers of S3 need: elements by name, no attributes, no recursion.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace workprint {

/// What stands between each <name> and its </name>, in order, still encoded.
[[nodiscard]] std::vector<std::string_view> xml_elements(std::string_view xml, std::string_view name);
/// The text of the first such element, decoded; empty when there is none.
[[nodiscard]] std::string xml_text(std::string_view xml, std::string_view name);
[[nodiscard]] std::string xml_encode(std::string_view text);

}  // namespace workprint
