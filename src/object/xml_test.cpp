#include "object/xml.h"

#include <doctest/doctest.h>

namespace workprint {

TEST_CASE("xml: elements and their texts") {
  const std::string xml =
      "<?xml version=\"1.0\"?><R xmlns=\"x\"><C><Key>a&amp;b &lt;&#228;&#x4E2D;&gt;</Key></C><C><Key/></C><C><Key>2</Key></C></R>";
  const auto contents = xml_elements(xml, "C");
  REQUIRE(contents.size() == 3);
  CHECK(xml_text(contents[0], "Key") == "a&b <\xc3\xa4\xe4\xb8\xad>");
  CHECK(xml_text(contents[1], "Key") == "");
  CHECK(xml_text(contents[2], "Key") == "2");
  CHECK(xml_text(xml, "None") == "");
  CHECK(xml_elements("<A>cut", "A").empty());
  CHECK(xml_encode("\"a\" & <b>") == "&quot;a&quot; &amp; &lt;b&gt;");
  CHECK(xml_text("<E>" + xml_encode("\"a\" & <b>'") + "</E>", "E") == "\"a\" & <b>'");
}

}  // namespace workprint
